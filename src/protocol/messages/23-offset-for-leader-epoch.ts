/**
 * OffsetForLeaderEpoch (API key 23). Where a leader epoch ends in the leader's log.
 *
 * 2: the current leader epoch is checked (KIP-320). 3: the replica id; -2 stands for a debugging
 * consumer. KIP-101, KIP-279.
 */
import { array, type Infer, type Input, int16, int32, int64, message, string } from '../schema.ts'

export const offsetForLeaderEpochRequest = message(
  'OffsetForLeaderEpochRequest',
  { apiKey: 23, versions: '2-4', flexible: '4+', listeners: ['broker'] },
  {
    replicaId: int32({ versions: '3+', default: -2, ignorable: true }),
    topics: array({
      topic: string(),
      partitions: array({
        partition: int32(),
        currentLeaderEpoch: int32({ versions: '2+', default: -1, ignorable: true }),
        leaderEpoch: int32(),
      }),
    }),
  },
)
export type OffsetForLeaderEpochRequest = Infer<typeof offsetForLeaderEpochRequest>

export const offsetForLeaderEpochResponse = message(
  'OffsetForLeaderEpochResponse',
  { apiKey: 23, versions: '2-4', flexible: '4+' },
  {
    throttleTimeMs: int32({ versions: '2+', default: 0, ignorable: true }),
    topics: array({
      topic: string(),
      partitions: array({
        errorCode: int16(),
        partition: int32(),
        leaderEpoch: int32({ versions: '1+', default: -1, ignorable: true }),
        endOffset: int64({ default: -1 }),
      }),
    }),
  },
)
export type OffsetForLeaderEpochResponse = Input<typeof offsetForLeaderEpochResponse>
