/**
 * TxnOffsetCommit (API key 28). Commits offsets within a transaction.
 *
 * 2: leader epochs (KIP-320). 3: group membership is checked (KIP-447). 5: the group is added to
 * the transaction by the way (KIP-890). KIP-98.
 */
import { array, type Infer, type Input, int16, int32, int64, message, string } from '../schema.ts'

export const txnOffsetCommitRequest = message(
  'TxnOffsetCommitRequest',
  { apiKey: 28, versions: '0-5', flexible: '3+', listeners: ['broker'] },
  {
    transactionalId: string(),
    groupId: string(),
    producerId: int64(),
    producerEpoch: int16(),
    generationId: int32({ versions: '3+', default: -1 }),
    memberId: string({ versions: '3+', default: '' }),
    groupInstanceId: string({ versions: '3+', nullable: '3+', default: null }),
    topics: array({
      name: string(),
      partitions: array({
        partitionIndex: int32(),
        committedOffset: int64(),
        committedLeaderEpoch: int32({ versions: '2+', default: -1, ignorable: true }),
        committedMetadata: string({ nullable: '0+' }),
      }),
    }),
  },
)
export type TxnOffsetCommitRequest = Infer<typeof txnOffsetCommitRequest>

export const txnOffsetCommitResponse = message(
  'TxnOffsetCommitResponse',
  { apiKey: 28, versions: '0-5', flexible: '3+' },
  {
    throttleTimeMs: int32({ default: 0 }),
    topics: array({
      name: string(),
      partitions: array({
        partitionIndex: int32(),
        errorCode: int16(),
      }),
    }),
  },
)
export type TxnOffsetCommitResponse = Input<typeof txnOffsetCommitResponse>
