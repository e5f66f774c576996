/**
 * Records of `__transaction_state` (KIP-98). How they are framed: framing.ts.
 *
 * 1: the ids that the producer had before and has next, and the version of the protocol that its
 * client speaks (KIP-890).
 */
import { array, type Infer, int8, int16, int32, int64, message, string } from '../schema.ts'

export const transactionLogKey = message(
  'TransactionLogKey',
  { apiKey: 0, versions: '0', flexible: 'none' },
  {
    transactionalId: string({ versions: '0' }),
  },
)
export type TransactionLogKey = Infer<typeof transactionLogKey>

export const transactionLogValue = message(
  'TransactionLogValue',
  { apiKey: 0, versions: '0-1', flexible: '1+' },
  {
    producerId: int64(),
    previousProducerId: int64({ default: -1, tag: 0, taggedVersions: '1+' }),
    nextProducerId: int64({ default: -1, tag: 1, taggedVersions: '1+' }),
    producerEpoch: int16(),
    nextProducerEpoch: int16({ default: -1, tag: 3, taggedVersions: '1+' }),
    transactionTimeoutMs: int32(),
    transactionStatus: int8(),
    transactionPartitions: array(
      {
        topic: string(),
        partitionIds: array(int32()),
      },
      { nullable: '0+' },
    ),
    transactionLastUpdateTimestampMs: int64(),
    transactionStartTimestampMs: int64(),
    clientTransactionVersion: int16({ default: 0, tag: 2, taggedVersions: '1+' }),
  },
)
export type TransactionLogValue = Infer<typeof transactionLogValue>
