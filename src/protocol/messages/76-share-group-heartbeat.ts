/**
 * ShareGroupHeartbeat (API key 76). A member of a share group reports and learns its assignment.
 *
 * Version 0 was that of the early access in Kafka 4.0. KIP-932.
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

export const shareGroupHeartbeatRequest = message(
  'ShareGroupHeartbeatRequest',
  { apiKey: 76, versions: '1', flexible: '0+', listeners: ['broker'] },
  {
    groupId: string(),
    memberId: string(),
    memberEpoch: int32(),
    rackId: string({ nullable: '0+', default: null }),
    subscribedTopicNames: array(string(), { nullable: '0+', default: null }),
  },
)
export type ShareGroupHeartbeatRequest = Infer<typeof shareGroupHeartbeatRequest>

const topicPartitions = {
  topicId: uuid(),
  partitions: array(int32()),
}

export const shareGroupHeartbeatResponse = message(
  'ShareGroupHeartbeatResponse',
  { apiKey: 76, versions: '1', flexible: '0+' },
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
export type ShareGroupHeartbeatResponse = Input<typeof shareGroupHeartbeatResponse>
