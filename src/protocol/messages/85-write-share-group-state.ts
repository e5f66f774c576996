/**
 * WriteShareGroupState (API key 85). Writes the state of share partitions; between brokers.
 *
 * 1: how many deliveries are complete (KIP-1226). KIP-932.
 */
import {
  array,
  type Infer,
  type Input,
  int8,
  int16,
  int32,
  int64,
  message,
  string,
  uuid,
} from '../schema.ts'

export const writeShareGroupStateRequest = message(
  'WriteShareGroupStateRequest',
  { apiKey: 85, versions: '0-1', flexible: '0+', listeners: ['broker'] },
  {
    groupId: string(),
    topics: array({
      topicId: uuid(),
      partitions: array({
        partition: int32(),
        stateEpoch: int32(),
        leaderEpoch: int32(),
        startOffset: int64(),
        deliveryCompleteCount: int32({ versions: '1+', default: -1, ignorable: true }),
        stateBatches: array({
          firstOffset: int64(),
          lastOffset: int64(),
          deliveryState: int8(),
          deliveryCount: int16(),
        }),
      }),
    }),
  },
)
export type WriteShareGroupStateRequest = Infer<typeof writeShareGroupStateRequest>

export const writeShareGroupStateResponse = message(
  'WriteShareGroupStateResponse',
  { apiKey: 85, versions: '0-1', flexible: '0+' },
  {
    results: array({
      topicId: uuid(),
      partitions: array({
        partition: int32(),
        errorCode: int16(),
        errorMessage: string({ nullable: '0+', default: null }),
      }),
    }),
  },
)
export type WriteShareGroupStateResponse = Input<typeof writeShareGroupStateResponse>
