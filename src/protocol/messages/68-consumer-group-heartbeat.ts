/**
 * ConsumerGroupHeartbeat (API key 68). A member of a consumer group of the new protocol reports
 * and learns its assignment.
 *
 * 1: subscriptions by regular expression; members make their own ids (KIP-1082). KIP-848.
 */
import {
  array,
  type Infer,
  type Input,
  int16,
  int32,
  message,
  string,
  struct,
  uuid,
} from '../schema.ts'

export const consumerGroupHeartbeatRequest = message(
  'ConsumerGroupHeartbeatRequest',
  { apiKey: 68, versions: '0-1', flexible: '0+', listeners: ['broker'] },
  {
    groupId: string(),
    memberId: string(),
    memberEpoch: int32(),
    instanceId: string({ nullable: '0+', default: null }),
    rackId: string({ nullable: '0+', default: null }),
    rebalanceTimeoutMs: int32({ default: -1 }),
    subscribedTopicNames: array(string(), { nullable: '0+', default: null }),
    subscribedTopicRegex: string({ versions: '1+', nullable: '1+', default: null }),
    serverAssignor: string({ nullable: '0+', default: null }),
    topicPartitions: array(
      {
        topicId: uuid(),
        partitions: array(int32()),
      },
      { nullable: '0+', default: null },
    ),
  },
)
export type ConsumerGroupHeartbeatRequest = Infer<typeof consumerGroupHeartbeatRequest>

const topicPartitions = {
  topicId: uuid(),
  partitions: array(int32()),
}

export const consumerGroupHeartbeatResponse = message(
  'ConsumerGroupHeartbeatResponse',
  { apiKey: 68, versions: '0-1', flexible: '0+' },
  {
    throttleTimeMs: int32({ default: 0 }),
    errorCode: int16(),
    errorMessage: string({ nullable: '0+', default: null }),
    memberId: string({ nullable: '0+', default: null }),
    memberEpoch: int32(),
    heartbeatIntervalMs: int32(),
    assignment: struct(
      {
        topicPartitions: array(topicPartitions),
      },
      { nullable: '0+', default: null },
    ),
  },
)
export type ConsumerGroupHeartbeatResponse = Input<typeof consumerGroupHeartbeatResponse>
