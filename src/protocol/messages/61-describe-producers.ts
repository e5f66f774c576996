/**
 * DescribeProducers (API key 61). Describes the producers that are active on partitions.
 *
 * KIP-664.
 */
import { array, type Infer, type Input, int16, int32, int64, message, string } from '../schema.ts'

export const describeProducersRequest = message(
  'DescribeProducersRequest',
  { apiKey: 61, versions: '0', flexible: '0+', listeners: ['broker'] },
  {
    topics: array({
      name: string(),
      partitionIndexes: array(int32()),
    }),
  },
)
export type DescribeProducersRequest = Infer<typeof describeProducersRequest>

export const describeProducersResponse = message(
  'DescribeProducersResponse',
  { apiKey: 61, versions: '0', flexible: '0+' },
  {
    throttleTimeMs: int32({ default: 0 }),
    topics: array({
      name: string(),
      partitions: array({
        partitionIndex: int32(),
        errorCode: int16(),
        errorMessage: string({ nullable: '0+', default: null }),
        activeProducers: array({
          producerId: int64(),
          producerEpoch: int32(),
          lastSequence: int32({ default: -1 }),
          lastTimestamp: int64({ default: -1 }),
          coordinatorEpoch: int32(),
          currentTxnStartOffset: int64({ default: -1 }),
        }),
      }),
    }),
  },
)
export type DescribeProducersResponse = Input<typeof describeProducersResponse>
