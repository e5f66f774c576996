/**
 * DeleteRecords (API key 21). Moves log start offsets forward, so that what is before them goes.
 *
 * An offset of -1 stands for the high watermark (KIP-107).
 */
import { array, type Infer, type Input, int16, int32, int64, message, string } from '../schema.ts'

export const deleteRecordsRequest = message(
  'DeleteRecordsRequest',
  { apiKey: 21, versions: '0-2', flexible: '2+', listeners: ['broker'] },
  {
    topics: array({
      name: string(),
      partitions: array({
        partitionIndex: int32(),
        offset: int64(),
      }),
    }),
    timeoutMs: int32(),
  },
)
export type DeleteRecordsRequest = Infer<typeof deleteRecordsRequest>

export const deleteRecordsResponse = message(
  'DeleteRecordsResponse',
  { apiKey: 21, versions: '0-2', flexible: '2+' },
  {
    throttleTimeMs: int32({ default: 0 }),
    topics: array({
      name: string(),
      partitions: array({
        partitionIndex: int32(),
        lowWatermark: int64(),
        errorCode: int16(),
      }),
    }),
  },
)
export type DeleteRecordsResponse = Input<typeof deleteRecordsResponse>
