/**
 * ReadShareGroupState (API key 84). Reads the state of share partitions; between brokers.
 *
 * KIP-932.
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

export const readShareGroupStateRequest = message(
  'ReadShareGroupStateRequest',
  { apiKey: 84, versions: '0', flexible: '0+', listeners: ['broker'] },
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
export type ReadShareGroupStateRequest = Infer<typeof readShareGroupStateRequest>

export const readShareGroupStateResponse = message(
  'ReadShareGroupStateResponse',
  { apiKey: 84, versions: '0', flexible: '0+' },
  {
    results: array({
      topicId: uuid(),
      partitions: array({
        partition: int32(),
        errorCode: int16(),
        errorMessage: string({ nullable: '0+', default: null }),
        stateEpoch: int32(),
        startOffset: int64(),
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
export type ReadShareGroupStateResponse = Input<typeof readShareGroupStateResponse>
