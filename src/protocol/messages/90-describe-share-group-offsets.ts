/**
 * DescribeShareGroupOffsets (API key 90). Describes the start offsets of share groups.
 *
 * 1: lag (KIP-1226). KIP-932.
 */
import {
  array,
  type Infer,
  type Input,
  int16,
  int32,
  int64,
  message,
  string,
  uuid,
} from '../schema.ts'

export const describeShareGroupOffsetsRequest = message(
  'DescribeShareGroupOffsetsRequest',
  { apiKey: 90, versions: '0-1', flexible: '0+', listeners: ['broker'] },
  {
    groups: array({
      groupId: string(),
      topics: array(
        {
          topicName: string(),
          partitions: array(int32()),
        },
        { nullable: '0+' },
      ),
    }),
  },
)
export type DescribeShareGroupOffsetsRequest = Infer<typeof describeShareGroupOffsetsRequest>

export const describeShareGroupOffsetsResponse = message(
  'DescribeShareGroupOffsetsResponse',
  { apiKey: 90, versions: '0-1', flexible: '0+' },
  {
    throttleTimeMs: int32({ default: 0 }),
    groups: array({
      groupId: string(),
      topics: array({
        topicName: string(),
        topicId: uuid(),
        partitions: array({
          partitionIndex: int32(),
          startOffset: int64(),
          leaderEpoch: int32(),
          lag: int64({ versions: '1+', default: -1, ignorable: true }),
          errorCode: int16(),
          errorMessage: string({ nullable: '0+', default: null }),
        }),
      }),
      errorCode: int16(),
      errorMessage: string({ nullable: '0+', default: null }),
    }),
  },
)
export type DescribeShareGroupOffsetsResponse = Input<typeof describeShareGroupOffsetsResponse>
