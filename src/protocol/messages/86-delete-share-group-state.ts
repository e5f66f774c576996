/**
 * DeleteShareGroupState (API key 86). Deletes the state of share partitions; between brokers.
 *
 * KIP-932.
 */
import { array, type Infer, type Input, int16, int32, message, string, uuid } from '../schema.ts'

export const deleteShareGroupStateRequest = message(
  'DeleteShareGroupStateRequest',
  { apiKey: 86, versions: '0', flexible: '0+', listeners: ['broker'] },
  {
    groupId: string(),
    topics: array({
      topicId: uuid(),
      partitions: array({
        partition: int32(),
      }),
    }),
  },
)
export type DeleteShareGroupStateRequest = Infer<typeof deleteShareGroupStateRequest>

export const deleteShareGroupStateResponse = message(
  'DeleteShareGroupStateResponse',
  { apiKey: 86, versions: '0', flexible: '0+' },
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
export type DeleteShareGroupStateResponse = Input<typeof deleteShareGroupStateResponse>
