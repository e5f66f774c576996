/**
 * InitializeShareGroupState (API key 83). Starts the state of share partitions; between brokers.
 *
 * KIP-932.
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

export const initializeShareGroupStateRequest = message(
  'InitializeShareGroupStateRequest',
  { apiKey: 83, versions: '0', flexible: '0+', listeners: ['broker'] },
  {
    groupId: string(),
    topics: array({
      topicId: uuid(),
      partitions: array({
        partition: int32(),
        stateEpoch: int32(),
        startOffset: int64(),
      }),
    }),
  },
)
export type InitializeShareGroupStateRequest = Infer<typeof initializeShareGroupStateRequest>

export const initializeShareGroupStateResponse = message(
  'InitializeShareGroupStateResponse',
  { apiKey: 83, versions: '0', flexible: '0+' },
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
export type InitializeShareGroupStateResponse = Input<typeof initializeShareGroupStateResponse>
