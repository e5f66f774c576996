/**
 * Records of `__consumer_offsets` for streams groups (types 17 to 23).
 *
 * KIP-1071.
 */
import {
  array,
  type Infer,
  int8,
  int16,
  int32,
  int64,
  message,
  opaque64,
  string,
  struct,
  uint16,
} from '../schema.ts'

export const streamsGroupMetadataKey = message(
  'StreamsGroupMetadataKey',
  { apiKey: 17, versions: '0', flexible: 'none' },
  {
    groupId: string({ versions: '0' }),
  },
)
export type StreamsGroupMetadataKey = Infer<typeof streamsGroupMetadataKey>

const streamsGroupMetadataValueLastAssignmentConfig = {
  key: string(),
  value: string(),
}

export const streamsGroupMetadataValue = message(
  'StreamsGroupMetadataValue',
  { apiKey: 17, versions: '0', flexible: '0+' },
  {
    epoch: int32(),
    metadataHash: opaque64(),
    validatedTopologyEpoch: int32({ default: -1, tag: 0, taggedVersions: '0+' }),
    lastAssignmentConfigs: array(streamsGroupMetadataValueLastAssignmentConfig, {
      nullable: '0+',
      tag: 1,
      taggedVersions: '0+',
    }),
  },
)
export type StreamsGroupMetadataValue = Infer<typeof streamsGroupMetadataValue>

export const streamsGroupMemberMetadataKey = message(
  'StreamsGroupMemberMetadataKey',
  { apiKey: 19, versions: '0', flexible: 'none' },
  {
    groupId: string({ versions: '0' }),
    memberId: string({ versions: '0' }),
  },
)
export type StreamsGroupMemberMetadataKey = Infer<typeof streamsGroupMemberMetadataKey>

const streamsGroupMemberMetadataValueEndpoint = {
  host: string(),
  port: uint16(),
}

const streamsGroupMemberMetadataValueKeyValue = {
  key: string(),
  value: string(),
}

export const streamsGroupMemberMetadataValue = message(
  'StreamsGroupMemberMetadataValue',
  { apiKey: 19, versions: '0', flexible: '0+' },
  {
    instanceId: string({ nullable: '0+' }),
    rackId: string({ nullable: '0+' }),
    clientId: string(),
    clientHost: string(),
    rebalanceTimeoutMs: int32({ default: -1 }),
    topologyEpoch: int32(),
    processId: string(),
    userEndpoint: struct(streamsGroupMemberMetadataValueEndpoint, {
      nullable: '0+',
      default: null,
    }),
    clientTags: array(streamsGroupMemberMetadataValueKeyValue),
  },
)
export type StreamsGroupMemberMetadataValue = Infer<typeof streamsGroupMemberMetadataValue>

export const streamsGroupTargetAssignmentMetadataKey = message(
  'StreamsGroupTargetAssignmentMetadataKey',
  { apiKey: 20, versions: '0', flexible: 'none' },
  {
    groupId: string({ versions: '0' }),
  },
)
export type StreamsGroupTargetAssignmentMetadataKey = Infer<
  typeof streamsGroupTargetAssignmentMetadataKey
>

export const streamsGroupTargetAssignmentMetadataValue = message(
  'StreamsGroupTargetAssignmentMetadataValue',
  { apiKey: 20, versions: '0', flexible: '0+' },
  {
    assignmentEpoch: int32(),
    assignmentTimestamp: int64({ default: 0, tag: 0, taggedVersions: '0+', ignorable: true }),
  },
)
export type StreamsGroupTargetAssignmentMetadataValue = Infer<
  typeof streamsGroupTargetAssignmentMetadataValue
>

export const streamsGroupTargetAssignmentMemberKey = message(
  'StreamsGroupTargetAssignmentMemberKey',
  { apiKey: 21, versions: '0', flexible: 'none' },
  {
    groupId: string({ versions: '0' }),
    memberId: string({ versions: '0' }),
  },
)
export type StreamsGroupTargetAssignmentMemberKey = Infer<
  typeof streamsGroupTargetAssignmentMemberKey
>

const streamsGroupTargetAssignmentMemberValueTaskIds = {
  subtopologyId: string(),
  partitions: array(int32()),
}

export const streamsGroupTargetAssignmentMemberValue = message(
  'StreamsGroupTargetAssignmentMemberValue',
  { apiKey: 21, versions: '0', flexible: '0+' },
  {
    activeTasks: array(streamsGroupTargetAssignmentMemberValueTaskIds),
    standbyTasks: array(streamsGroupTargetAssignmentMemberValueTaskIds),
    warmupTasks: array(streamsGroupTargetAssignmentMemberValueTaskIds),
  },
)
export type StreamsGroupTargetAssignmentMemberValue = Infer<
  typeof streamsGroupTargetAssignmentMemberValue
>

export const streamsGroupCurrentMemberAssignmentKey = message(
  'StreamsGroupCurrentMemberAssignmentKey',
  { apiKey: 22, versions: '0', flexible: 'none' },
  {
    groupId: string({ versions: '0' }),
    memberId: string({ versions: '0' }),
  },
)
export type StreamsGroupCurrentMemberAssignmentKey = Infer<
  typeof streamsGroupCurrentMemberAssignmentKey
>

const streamsGroupCurrentMemberAssignmentValueTaskIds = {
  subtopologyId: string(),
  partitions: array(int32()),
  assignmentEpochs: array(int32(), { nullable: '0+', tag: 0, taggedVersions: '0+' }),
}

export const streamsGroupCurrentMemberAssignmentValue = message(
  'StreamsGroupCurrentMemberAssignmentValue',
  { apiKey: 22, versions: '0', flexible: '0+' },
  {
    memberEpoch: int32(),
    previousMemberEpoch: int32(),
    state: int8(),
    activeTasks: array(streamsGroupCurrentMemberAssignmentValueTaskIds),
    standbyTasks: array(streamsGroupCurrentMemberAssignmentValueTaskIds),
    warmupTasks: array(streamsGroupCurrentMemberAssignmentValueTaskIds),
    activeTasksPendingRevocation: array(streamsGroupCurrentMemberAssignmentValueTaskIds),
    standbyTasksPendingRevocation: array(streamsGroupCurrentMemberAssignmentValueTaskIds),
    warmupTasksPendingRevocation: array(streamsGroupCurrentMemberAssignmentValueTaskIds),
  },
)
export type StreamsGroupCurrentMemberAssignmentValue = Infer<
  typeof streamsGroupCurrentMemberAssignmentValue
>

export const streamsGroupTopologyKey = message(
  'StreamsGroupTopologyKey',
  { apiKey: 23, versions: '0', flexible: 'none' },
  {
    groupId: string({ versions: '0' }),
  },
)
export type StreamsGroupTopologyKey = Infer<typeof streamsGroupTopologyKey>

const streamsGroupTopologyValueTopicConfig = {
  key: string(),
  value: string(),
}

const streamsGroupTopologyValueTopicInfo = {
  name: string(),
  partitions: int32(),
  replicationFactor: int16(),
  topicConfigs: array(streamsGroupTopologyValueTopicConfig),
}

export const streamsGroupTopologyValue = message(
  'StreamsGroupTopologyValue',
  { apiKey: 23, versions: '0', flexible: '0+' },
  {
    epoch: int32(),
    subtopologies: array({
      subtopologyId: string(),
      sourceTopics: array(string()),
      sourceTopicRegex: array(string()),
      stateChangelogTopics: array(streamsGroupTopologyValueTopicInfo),
      repartitionSinkTopics: array(string()),
      repartitionSourceTopics: array(streamsGroupTopologyValueTopicInfo),
      copartitionGroups: array({
        sourceTopics: array(int16()),
        sourceTopicRegex: array(int16()),
        repartitionSourceTopics: array(int16()),
      }),
    }),
  },
)
export type StreamsGroupTopologyValue = Infer<typeof streamsGroupTopologyValue>
