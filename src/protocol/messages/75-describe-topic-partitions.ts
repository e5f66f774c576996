/**
 * DescribeTopicPartitions (API key 75). Describes the partitions of topics, page by page.
 *
 * With eligible leader replicas (KIP-966).
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

export const describeTopicPartitionsRequest = message(
  'DescribeTopicPartitionsRequest',
  { apiKey: 75, versions: '0', flexible: '0+', listeners: ['broker'] },
  {
    topics: array({
      name: string(),
    }),
    responsePartitionLimit: int32({ default: 2000 }),
    cursor: struct(
      {
        topicName: string(),
        partitionIndex: int32(),
      },
      { nullable: '0+', default: null },
    ),
  },
)
export type DescribeTopicPartitionsRequest = Infer<typeof describeTopicPartitionsRequest>

export const describeTopicPartitionsResponse = message(
  'DescribeTopicPartitionsResponse',
  { apiKey: 75, versions: '0', flexible: '0+' },
  {
    throttleTimeMs: int32({ default: 0, ignorable: true }),
    topics: array({
      errorCode: int16(),
      name: string({ nullable: '0+' }),
      topicId: uuid({ ignorable: true }),
      isInternal: bool({ default: false, ignorable: true }),
      partitions: array({
        errorCode: int16(),
        partitionIndex: int32(),
        leaderId: int32(),
        leaderEpoch: int32({ default: -1, ignorable: true }),
        replicaNodes: array(int32()),
        isrNodes: array(int32()),
        eligibleLeaderReplicas: array(int32(), { nullable: '0+', default: null }),
        lastKnownElr: array(int32(), { nullable: '0+', default: null }),
        offlineReplicas: array(int32(), { ignorable: true }),
      }),
      topicAuthorizedOperations: int32({ default: -2147483648 }),
    }),
    nextCursor: struct(
      {
        topicName: string(),
        partitionIndex: int32(),
      },
      { nullable: '0+', default: null },
    ),
  },
)
export type DescribeTopicPartitionsResponse = Input<typeof describeTopicPartitionsResponse>
