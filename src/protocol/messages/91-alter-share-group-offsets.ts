/**
 * AlterShareGroupOffsets (API key 91). Sets the start offsets of a share group.
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

export const alterShareGroupOffsetsRequest = message(
  'AlterShareGroupOffsetsRequest',
  { apiKey: 91, versions: '0', flexible: '0+', listeners: ['broker'] },
  {
    groupId: string(),
    topics: array({
      topicName: string(),
      partitions: array({
        partitionIndex: int32(),
        startOffset: int64(),
      }),
    }),
  },
)
export type AlterShareGroupOffsetsRequest = Infer<typeof alterShareGroupOffsetsRequest>

export const alterShareGroupOffsetsResponse = message(
  'AlterShareGroupOffsetsResponse',
  { apiKey: 91, versions: '0', flexible: '0+' },
  {
    throttleTimeMs: int32({ default: 0 }),
    errorCode: int16(),
    errorMessage: string({ nullable: '0+', default: null }),
    responses: array({
      topicName: string(),
      topicId: uuid(),
      partitions: array({
        partitionIndex: int32(),
        errorCode: int16(),
        errorMessage: string({ nullable: '0+', default: null }),
      }),
    }),
  },
)
export type AlterShareGroupOffsetsResponse = Input<typeof alterShareGroupOffsetsResponse>
