/**
 * StreamsGroupHeartbeat (API key 88). A member of a streams group reports and learns its tasks.
 *
 * KIP-1071.
 */
import {
  array,
  bool,
  type Infer,
  type Input,
  int8,
  int16,
  int32,
  int64,
  message,
  string,
  struct,
  uint16,
} from '../schema.ts'

const keyValue = {
  key: string(),
  value: string(),
}

const topicInfo = {
  name: string(),
  partitions: int32(),
  replicationFactor: int16(),
  topicConfigs: array(keyValue),
}

const requestEndpoint = {
  host: string(),
  port: uint16(),
}

const taskOffset = {
  subtopologyId: string(),
  partition: int32(),
  offset: int64(),
}

const requestTaskIds = {
  subtopologyId: string(),
  partitions: array(int32()),
}

export const streamsGroupHeartbeatRequest = message(
  'StreamsGroupHeartbeatRequest',
  { apiKey: 88, versions: '0', flexible: '0+', listeners: ['broker'] },
  {
    groupId: string(),
    memberId: string(),
    memberEpoch: int32(),
    endpointInformationEpoch: int32(),
    instanceId: string({ nullable: '0+', default: null }),
    rackId: string({ nullable: '0+', default: null }),
    rebalanceTimeoutMs: int32({ default: -1 }),
    topology: struct(
      {
        epoch: int32(),
        subtopologies: array({
          subtopologyId: string(),
          sourceTopics: array(string()),
          sourceTopicRegex: array(string()),
          stateChangelogTopics: array(topicInfo),
          repartitionSinkTopics: array(string()),
          repartitionSourceTopics: array(topicInfo),
          copartitionGroups: array({
            sourceTopics: array(int16()),
            sourceTopicRegex: array(int16()),
            repartitionSourceTopics: array(int16()),
          }),
        }),
      },
      { nullable: '0+', default: null },
    ),
    activeTasks: array(requestTaskIds, { nullable: '0+', default: null }),
    standbyTasks: array(requestTaskIds, { nullable: '0+', default: null }),
    warmupTasks: array(requestTaskIds, { nullable: '0+', default: null }),
    processId: string({ nullable: '0+', default: null }),
    userEndpoint: struct(requestEndpoint, { nullable: '0+', default: null }),
    clientTags: array(keyValue, { nullable: '0+', default: null }),
    taskOffsets: array(taskOffset, { nullable: '0+', default: null }),
    taskEndOffsets: array(taskOffset, { nullable: '0+', default: null }),
    shutdownApplication: bool({ default: false }),
  },
)
export type StreamsGroupHeartbeatRequest = Infer<typeof streamsGroupHeartbeatRequest>

const status = {
  statusCode: int8(),
  statusDetail: string(),
}

const topicPartition = {
  topic: string(),
  partitions: array(int32()),
}

const responseTaskIds = {
  subtopologyId: string(),
  partitions: array(int32()),
}

const responseEndpoint = {
  host: string(),
  port: uint16(),
}

export const streamsGroupHeartbeatResponse = message(
  'StreamsGroupHeartbeatResponse',
  { apiKey: 88, versions: '0', flexible: '0+' },
  {
    throttleTimeMs: int32({ default: 0 }),
    errorCode: int16(),
    errorMessage: string({ nullable: '0+', default: null }),
    memberId: string(),
    memberEpoch: int32(),
    heartbeatIntervalMs: int32(),
    acceptableRecoveryLag: int32(),
    taskOffsetIntervalMs: int32(),
    status: array(status, { nullable: '0+' }),
    activeTasks: array(responseTaskIds, { nullable: '0+', default: null }),
    standbyTasks: array(responseTaskIds, { nullable: '0+', default: null }),
    warmupTasks: array(responseTaskIds, { nullable: '0+', default: null }),
    endpointInformationEpoch: int32(),
    partitionsByUserEndpoint: array(
      {
        userEndpoint: struct(responseEndpoint),
        activePartitions: array(topicPartition),
        standbyPartitions: array(topicPartition),
      },
      { nullable: '0+', default: null },
    ),
  },
)
export type StreamsGroupHeartbeatResponse = Input<typeof streamsGroupHeartbeatResponse>
