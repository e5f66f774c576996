/** Records of `__consumer_offsets`: keys and values of groups and committed offsets. The key is framed by an int16 record type, the value by an int16 version. */
import {
  array,
  bytes,
  type Infer,
  int8,
  int16,
  int32,
  int64,
  message,
  string,
  struct,
  uint16,
  uuid,
} from '../schema.ts'

export const legacyOffsetCommitKey = message(
  'LegacyOffsetCommitKey',
  { apiKey: 0, versions: '0', flexible: 'none' },
  {
    group: string({ versions: '0' }),
    topic: string({ versions: '0' }),
    partition: int32({ versions: '0' }),
  },
)
export type LegacyOffsetCommitKey = Infer<typeof legacyOffsetCommitKey>

export const legacyOffsetCommitValue = message(
  'LegacyOffsetCommitValue',
  { apiKey: 0, versions: '0', flexible: 'none' },
  {
    offset: int64({ versions: '0' }),
    metadata: string({ versions: '0' }),
    commitTimestamp: int64({ versions: '0' }),
  },
)
export type LegacyOffsetCommitValue = Infer<typeof legacyOffsetCommitValue>

export const offsetCommitKey = message(
  'OffsetCommitKey',
  { apiKey: 1, versions: '0', flexible: 'none' },
  {
    group: string({ versions: '0' }),
    topic: string({ versions: '0' }),
    partition: int32({ versions: '0' }),
  },
)
export type OffsetCommitKey = Infer<typeof offsetCommitKey>

export const offsetCommitValue = message(
  'OffsetCommitValue',
  { apiKey: 1, versions: '0-4', flexible: '4+' },
  {
    offset: int64(),
    leaderEpoch: int32({ versions: '3+', default: -1, ignorable: true }),
    metadata: string(),
    commitTimestamp: int64(),
    expireTimestamp: int64({ versions: '1', default: -1, ignorable: true }),
    topicId: uuid({ versions: '4+', tag: 0, taggedVersions: '4+', ignorable: true }),
  },
)
export type OffsetCommitValue = Infer<typeof offsetCommitValue>

export const groupMetadataKey = message(
  'GroupMetadataKey',
  { apiKey: 2, versions: '0', flexible: 'none' },
  {
    group: string({ versions: '0' }),
  },
)
export type GroupMetadataKey = Infer<typeof groupMetadataKey>

const groupMetadataValueMemberMetadata = {
  memberId: string(),
  groupInstanceId: string({ versions: '3+', nullable: '3+', default: null, ignorable: true }),
  clientId: string(),
  clientHost: string(),
  rebalanceTimeout: int32({ versions: '1+', default: -1, ignorable: true }),
  sessionTimeout: int32(),
  subscription: bytes(),
  assignment: bytes(),
}

export const groupMetadataValue = message(
  'GroupMetadataValue',
  { apiKey: 2, versions: '0-4', flexible: '4+' },
  {
    protocolType: string(),
    generation: int32(),
    protocol: string({ nullable: '0+' }),
    leader: string({ nullable: '0+' }),
    currentStateTimestamp: int64({ versions: '2+', default: -1, ignorable: true }),
    members: array(groupMetadataValueMemberMetadata),
  },
)
export type GroupMetadataValue = Infer<typeof groupMetadataValue>

export const consumerGroupMetadataKey = message(
  'ConsumerGroupMetadataKey',
  { apiKey: 3, versions: '0', flexible: 'none' },
  {
    groupId: string({ versions: '0' }),
  },
)
export type ConsumerGroupMetadataKey = Infer<typeof consumerGroupMetadataKey>

export const consumerGroupMetadataValue = message(
  'ConsumerGroupMetadataValue',
  { apiKey: 3, versions: '0', flexible: '0+' },
  {
    epoch: int32(),
    metadataHash: int64({ default: 0, tag: 0, taggedVersions: '0+' }),
  },
)
export type ConsumerGroupMetadataValue = Infer<typeof consumerGroupMetadataValue>

export const consumerGroupPartitionMetadataKey = message(
  'ConsumerGroupPartitionMetadataKey',
  { apiKey: 4, versions: '0', flexible: 'none' },
  {
    groupId: string({ versions: '0' }),
  },
)
export type ConsumerGroupPartitionMetadataKey = Infer<typeof consumerGroupPartitionMetadataKey>

export const consumerGroupPartitionMetadataValue = message(
  'ConsumerGroupPartitionMetadataValue',
  { apiKey: 4, versions: '0', flexible: '0+' },
  {
    topics: array({
      topicId: uuid(),
      topicName: string(),
      numPartitions: int32(),
      partitionMetadata: array({
        partition: int32(),
        racks: array(string()),
      }),
    }),
  },
)
export type ConsumerGroupPartitionMetadataValue = Infer<typeof consumerGroupPartitionMetadataValue>

export const consumerGroupMemberMetadataKey = message(
  'ConsumerGroupMemberMetadataKey',
  { apiKey: 5, versions: '0', flexible: 'none' },
  {
    groupId: string({ versions: '0' }),
    memberId: string({ versions: '0' }),
  },
)
export type ConsumerGroupMemberMetadataKey = Infer<typeof consumerGroupMemberMetadataKey>

export const consumerGroupMemberMetadataValue = message(
  'ConsumerGroupMemberMetadataValue',
  { apiKey: 5, versions: '0', flexible: '0+' },
  {
    instanceId: string({ nullable: '0+' }),
    rackId: string({ nullable: '0+' }),
    clientId: string(),
    clientHost: string(),
    subscribedTopicNames: array(string()),
    subscribedTopicRegex: string({ nullable: '0+' }),
    rebalanceTimeoutMs: int32({ default: -1 }),
    serverAssignor: string({ nullable: '0+' }),
    classicMemberMetadata: struct(
      {
        sessionTimeoutMs: int32(),
        supportedProtocols: array({
          name: string(),
          metadata: bytes(),
        }),
      },
      { nullable: '0+', tag: 0, taggedVersions: '0+' },
    ),
  },
)
export type ConsumerGroupMemberMetadataValue = Infer<typeof consumerGroupMemberMetadataValue>

export const consumerGroupTargetAssignmentMetadataKey = message(
  'ConsumerGroupTargetAssignmentMetadataKey',
  { apiKey: 6, versions: '0', flexible: 'none' },
  {
    groupId: string({ versions: '0' }),
  },
)
export type ConsumerGroupTargetAssignmentMetadataKey = Infer<
  typeof consumerGroupTargetAssignmentMetadataKey
>

export const consumerGroupTargetAssignmentMetadataValue = message(
  'ConsumerGroupTargetAssignmentMetadataValue',
  { apiKey: 6, versions: '0', flexible: '0+' },
  {
    assignmentEpoch: int32(),
    assignmentTimestamp: int64({ default: 0, tag: 0, taggedVersions: '0+', ignorable: true }),
  },
)
export type ConsumerGroupTargetAssignmentMetadataValue = Infer<
  typeof consumerGroupTargetAssignmentMetadataValue
>

export const consumerGroupTargetAssignmentMemberKey = message(
  'ConsumerGroupTargetAssignmentMemberKey',
  { apiKey: 7, versions: '0', flexible: 'none' },
  {
    groupId: string({ versions: '0' }),
    memberId: string({ versions: '0' }),
  },
)
export type ConsumerGroupTargetAssignmentMemberKey = Infer<
  typeof consumerGroupTargetAssignmentMemberKey
>

export const consumerGroupTargetAssignmentMemberValue = message(
  'ConsumerGroupTargetAssignmentMemberValue',
  { apiKey: 7, versions: '0', flexible: '0+' },
  {
    topicPartitions: array({
      topicId: uuid(),
      partitions: array(int32()),
    }),
  },
)
export type ConsumerGroupTargetAssignmentMemberValue = Infer<
  typeof consumerGroupTargetAssignmentMemberValue
>

export const consumerGroupCurrentMemberAssignmentKey = message(
  'ConsumerGroupCurrentMemberAssignmentKey',
  { apiKey: 8, versions: '0', flexible: 'none' },
  {
    groupId: string({ versions: '0' }),
    memberId: string({ versions: '0' }),
  },
)
export type ConsumerGroupCurrentMemberAssignmentKey = Infer<
  typeof consumerGroupCurrentMemberAssignmentKey
>

const consumerGroupCurrentMemberAssignmentValueTopicPartitions = {
  topicId: uuid(),
  partitions: array(int32()),
  assignmentEpochs: array(int32(), { nullable: '0+', tag: 0, taggedVersions: '0+' }),
}

export const consumerGroupCurrentMemberAssignmentValue = message(
  'ConsumerGroupCurrentMemberAssignmentValue',
  { apiKey: 8, versions: '0', flexible: '0+' },
  {
    memberEpoch: int32(),
    previousMemberEpoch: int32(),
    state: int8(),
    assignedPartitions: array(consumerGroupCurrentMemberAssignmentValueTopicPartitions),
    partitionsPendingRevocation: array(consumerGroupCurrentMemberAssignmentValueTopicPartitions),
  },
)
export type ConsumerGroupCurrentMemberAssignmentValue = Infer<
  typeof consumerGroupCurrentMemberAssignmentValue
>

export const shareGroupMemberMetadataKey = message(
  'ShareGroupMemberMetadataKey',
  { apiKey: 10, versions: '0', flexible: 'none' },
  {
    groupId: string({ versions: '0' }),
    memberId: string({ versions: '0' }),
  },
)
export type ShareGroupMemberMetadataKey = Infer<typeof shareGroupMemberMetadataKey>

export const shareGroupMemberMetadataValue = message(
  'ShareGroupMemberMetadataValue',
  { apiKey: 10, versions: '0', flexible: '0+' },
  {
    rackId: string({ nullable: '0+' }),
    clientId: string(),
    clientHost: string(),
    subscribedTopicNames: array(string()),
  },
)
export type ShareGroupMemberMetadataValue = Infer<typeof shareGroupMemberMetadataValue>

export const shareGroupMetadataKey = message(
  'ShareGroupMetadataKey',
  { apiKey: 11, versions: '0', flexible: 'none' },
  {
    groupId: string({ versions: '0' }),
  },
)
export type ShareGroupMetadataKey = Infer<typeof shareGroupMetadataKey>

export const shareGroupMetadataValue = message(
  'ShareGroupMetadataValue',
  { apiKey: 11, versions: '0', flexible: '0+' },
  {
    epoch: int32(),
    metadataHash: int64(),
  },
)
export type ShareGroupMetadataValue = Infer<typeof shareGroupMetadataValue>

export const shareGroupTargetAssignmentMetadataKey = message(
  'ShareGroupTargetAssignmentMetadataKey',
  { apiKey: 12, versions: '0', flexible: 'none' },
  {
    groupId: string({ versions: '0' }),
  },
)
export type ShareGroupTargetAssignmentMetadataKey = Infer<
  typeof shareGroupTargetAssignmentMetadataKey
>

export const shareGroupTargetAssignmentMetadataValue = message(
  'ShareGroupTargetAssignmentMetadataValue',
  { apiKey: 12, versions: '0', flexible: '0+' },
  {
    assignmentEpoch: int32(),
    assignmentTimestamp: int64({ default: 0, tag: 0, taggedVersions: '0+', ignorable: true }),
  },
)
export type ShareGroupTargetAssignmentMetadataValue = Infer<
  typeof shareGroupTargetAssignmentMetadataValue
>

export const shareGroupTargetAssignmentMemberKey = message(
  'ShareGroupTargetAssignmentMemberKey',
  { apiKey: 13, versions: '0', flexible: 'none' },
  {
    groupId: string({ versions: '0' }),
    memberId: string({ versions: '0' }),
  },
)
export type ShareGroupTargetAssignmentMemberKey = Infer<typeof shareGroupTargetAssignmentMemberKey>

export const shareGroupTargetAssignmentMemberValue = message(
  'ShareGroupTargetAssignmentMemberValue',
  { apiKey: 13, versions: '0', flexible: '0+' },
  {
    topicPartitions: array({
      topicId: uuid(),
      partitions: array(int32()),
    }),
  },
)
export type ShareGroupTargetAssignmentMemberValue = Infer<
  typeof shareGroupTargetAssignmentMemberValue
>

export const shareGroupCurrentMemberAssignmentKey = message(
  'ShareGroupCurrentMemberAssignmentKey',
  { apiKey: 14, versions: '0', flexible: 'none' },
  {
    groupId: string({ versions: '0' }),
    memberId: string({ versions: '0' }),
  },
)
export type ShareGroupCurrentMemberAssignmentKey = Infer<
  typeof shareGroupCurrentMemberAssignmentKey
>

const shareGroupCurrentMemberAssignmentValueTopicPartitions = {
  topicId: uuid(),
  partitions: array(int32()),
}

export const shareGroupCurrentMemberAssignmentValue = message(
  'ShareGroupCurrentMemberAssignmentValue',
  { apiKey: 14, versions: '0', flexible: '0+' },
  {
    memberEpoch: int32(),
    previousMemberEpoch: int32(),
    state: int8(),
    assignedPartitions: array(shareGroupCurrentMemberAssignmentValueTopicPartitions),
  },
)
export type ShareGroupCurrentMemberAssignmentValue = Infer<
  typeof shareGroupCurrentMemberAssignmentValue
>

export const shareGroupStatePartitionMetadataKey = message(
  'ShareGroupStatePartitionMetadataKey',
  { apiKey: 15, versions: '0', flexible: 'none' },
  {
    groupId: string({ versions: '0' }),
  },
)
export type ShareGroupStatePartitionMetadataKey = Infer<typeof shareGroupStatePartitionMetadataKey>

const shareGroupStatePartitionMetadataValueTopicPartitionsInfo = {
  topicId: uuid(),
  topicName: string(),
  partitions: array(int32()),
}

const shareGroupStatePartitionMetadataValueTopicInfo = {
  topicId: uuid(),
  topicName: string(),
}

export const shareGroupStatePartitionMetadataValue = message(
  'ShareGroupStatePartitionMetadataValue',
  { apiKey: 15, versions: '0', flexible: '0+' },
  {
    initializingTopics: array(shareGroupStatePartitionMetadataValueTopicPartitionsInfo),
    initializedTopics: array(shareGroupStatePartitionMetadataValueTopicPartitionsInfo),
    deletingTopics: array(shareGroupStatePartitionMetadataValueTopicInfo),
  },
)
export type ShareGroupStatePartitionMetadataValue = Infer<
  typeof shareGroupStatePartitionMetadataValue
>

export const consumerGroupRegularExpressionKey = message(
  'ConsumerGroupRegularExpressionKey',
  { apiKey: 16, versions: '0', flexible: 'none' },
  {
    groupId: string({ versions: '0' }),
    regularExpression: string({ versions: '0' }),
  },
)
export type ConsumerGroupRegularExpressionKey = Infer<typeof consumerGroupRegularExpressionKey>

export const consumerGroupRegularExpressionValue = message(
  'ConsumerGroupRegularExpressionValue',
  { apiKey: 16, versions: '0', flexible: '0+' },
  {
    topics: array(string()),
    version: int64(),
    timestamp: int64(),
  },
)
export type ConsumerGroupRegularExpressionValue = Infer<typeof consumerGroupRegularExpressionValue>

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
    metadataHash: int64(),
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
