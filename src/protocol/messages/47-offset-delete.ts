/**
 * OffsetDelete (API key 47). Deletes committed offsets of topics that a group is not subscribed
 * to.
 *
 * KIP-496.
 */
import { array, type Infer, type Input, int16, int32, message, string } from '../schema.ts'

export const offsetDeleteRequest = message(
  'OffsetDeleteRequest',
  { apiKey: 47, versions: '0', flexible: 'none', listeners: ['broker'] },
  {
    groupId: string(),
    topics: array({
      name: string(),
      partitions: array({
        partitionIndex: int32(),
      }),
    }),
  },
)
export type OffsetDeleteRequest = Infer<typeof offsetDeleteRequest>

export const offsetDeleteResponse = message(
  'OffsetDeleteResponse',
  { apiKey: 47, versions: '0', flexible: 'none' },
  {
    errorCode: int16(),
    throttleTimeMs: int32({ default: 0, ignorable: true }),
    topics: array({
      name: string(),
      partitions: array({
        partitionIndex: int32(),
        errorCode: int16(),
      }),
    }),
  },
)
export type OffsetDeleteResponse = Input<typeof offsetDeleteResponse>
