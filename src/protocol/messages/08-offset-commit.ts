/**
 * OffsetCommit (API key 8). Commits offsets of a group.
 *
 * 2 to 4: a retention of its own for each commit, ended by KIP-211. 6: leader epochs (KIP-320). 7:
 * static members (KIP-345). 9: members of the new consumer protocol, GROUP_ID_NOT_FOUND (KIP-848).
 * 10: topic ids in place of names (KIP-848).
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

export const offsetCommitRequest = message(
  'OffsetCommitRequest',
  { apiKey: 8, versions: '2-10', flexible: '8+', listeners: ['broker'] },
  {
    groupId: string(),
    generationIdOrMemberEpoch: int32({ versions: '1+', default: -1, ignorable: true }),
    memberId: string({ versions: '1+', ignorable: true }),
    groupInstanceId: string({ versions: '7+', nullable: '7+', default: null }),
    retentionTimeMs: int64({ versions: '2-4', default: -1, ignorable: true }),
    topics: array({
      name: string({ versions: '0-9', ignorable: true }),
      topicId: uuid({ versions: '10+', ignorable: true }),
      partitions: array({
        partitionIndex: int32(),
        committedOffset: int64(),
        committedLeaderEpoch: int32({ versions: '6+', default: -1, ignorable: true }),
        committedMetadata: string({ nullable: '0+' }),
      }),
    }),
  },
)
export type OffsetCommitRequest = Infer<typeof offsetCommitRequest>

export const offsetCommitResponse = message(
  'OffsetCommitResponse',
  { apiKey: 8, versions: '2-10', flexible: '8+' },
  {
    throttleTimeMs: int32({ versions: '3+', default: 0, ignorable: true }),
    topics: array({
      name: string({ versions: '0-9', ignorable: true }),
      topicId: uuid({ versions: '10+', ignorable: true }),
      partitions: array({
        partitionIndex: int32(),
        errorCode: int16(),
      }),
    }),
  },
)
export type OffsetCommitResponse = Input<typeof offsetCommitResponse>
