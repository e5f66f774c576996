/**
 * ReadShareGroupStateSummary (API key 87). Reads the state of share partitions without its
 * batches; between brokers.
 *
 * 1: how many deliveries are complete (KIP-1226). KIP-932.
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

export const readShareGroupStateSummaryRequest = message(
  'ReadShareGroupStateSummaryRequest',
  { apiKey: 87, versions: '0-1', flexible: '0+', listeners: ['broker'] },
  {
    groupId: string(),
    topics: array({
      topicId: uuid(),
      partitions: array({
        partition: int32(),
        leaderEpoch: int32(),
      }),
    }),
  },
)
export type ReadShareGroupStateSummaryRequest = Infer<typeof readShareGroupStateSummaryRequest>

export const readShareGroupStateSummaryResponse = message(
  'ReadShareGroupStateSummaryResponse',
  { apiKey: 87, versions: '0-1', flexible: '0+' },
  {
    results: array({
      topicId: uuid(),
      partitions: array({
        partition: int32(),
        errorCode: int16(),
        errorMessage: string({ nullable: '0+', default: null }),
        stateEpoch: int32(),
        leaderEpoch: int32(),
        startOffset: int64(),
        deliveryCompleteCount: int32({ versions: '1+', default: -1, ignorable: true }),
      }),
    }),
  },
)
export type ReadShareGroupStateSummaryResponse = Input<typeof readShareGroupStateSummaryResponse>
