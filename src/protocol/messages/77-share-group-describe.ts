/**
 * ShareGroupDescribe (API key 77). Describes share groups.
 *
 * Version 0 was that of the early access in Kafka 4.0. KIP-932.
 */
import {
  array,
  bool,
  type Infer,
  type Input,
  int16,
  int32,
  message,
  string,
  struct,
  uuid,
} from '../schema.ts'

export const shareGroupDescribeRequest = message(
  'ShareGroupDescribeRequest',
  { apiKey: 77, versions: '1', flexible: '0+', listeners: ['broker'] },
  {
    groupIds: array(string()),
    includeAuthorizedOperations: bool(),
  },
)
export type ShareGroupDescribeRequest = Infer<typeof shareGroupDescribeRequest>

const topicPartitions = {
  topicId: uuid(),
  topicName: string(),
  partitions: array(int32()),
}

const assignment = {
  topicPartitions: array(topicPartitions),
}

export const shareGroupDescribeResponse = message(
  'ShareGroupDescribeResponse',
  { apiKey: 77, versions: '1', flexible: '0+' },
  {
    throttleTimeMs: int32({ default: 0 }),
    groups: array({
      errorCode: int16(),
      errorMessage: string({ nullable: '0+', default: null }),
      groupId: string(),
      groupState: string(),
      groupEpoch: int32(),
      assignmentEpoch: int32(),
      assignorName: string(),
      members: array({
        memberId: string(),
        rackId: string({ nullable: '0+', default: null }),
        memberEpoch: int32(),
        clientId: string(),
        clientHost: string(),
        subscribedTopicNames: array(string()),
        assignment: struct(assignment),
      }),
      authorizedOperations: int32({ default: -2147483648 }),
    }),
  },
)
export type ShareGroupDescribeResponse = Input<typeof shareGroupDescribeResponse>
