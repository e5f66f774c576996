/**
 * DeleteShareGroupOffsets (API key 92). Deletes the start offsets of a share group.
 *
 * KIP-932.
 */
import { array, type Infer, type Input, int16, int32, message, string, uuid } from '../schema.ts'

export const deleteShareGroupOffsetsRequest = message(
  'DeleteShareGroupOffsetsRequest',
  { apiKey: 92, versions: '0', flexible: '0+', listeners: ['broker'] },
  {
    groupId: string(),
    topics: array({
      topicName: string(),
    }),
  },
)
export type DeleteShareGroupOffsetsRequest = Infer<typeof deleteShareGroupOffsetsRequest>

export const deleteShareGroupOffsetsResponse = message(
  'DeleteShareGroupOffsetsResponse',
  { apiKey: 92, versions: '0', flexible: '0+' },
  {
    throttleTimeMs: int32({ default: 0 }),
    errorCode: int16(),
    errorMessage: string({ nullable: '0+', default: null }),
    responses: array({
      topicName: string(),
      topicId: uuid(),
      errorCode: int16(),
      errorMessage: string({ nullable: '0+', default: null }),
    }),
  },
)
export type DeleteShareGroupOffsetsResponse = Input<typeof deleteShareGroupOffsetsResponse>
