/**
 * AddOffsetsToTxn (API key 25). Adds the offsets of a group to a transaction.
 *
 * 2: PRODUCER_FENCED (KIP-588). 4: TRANSACTION_ABORTABLE (KIP-890). KIP-98.
 */
import { type Infer, type Input, int16, int32, int64, message, string } from '../schema.ts'

export const addOffsetsToTxnRequest = message(
  'AddOffsetsToTxnRequest',
  { apiKey: 25, versions: '0-4', flexible: '3+', listeners: ['broker'] },
  {
    transactionalId: string(),
    producerId: int64(),
    producerEpoch: int16(),
    groupId: string(),
  },
)
export type AddOffsetsToTxnRequest = Infer<typeof addOffsetsToTxnRequest>

export const addOffsetsToTxnResponse = message(
  'AddOffsetsToTxnResponse',
  { apiKey: 25, versions: '0-4', flexible: '3+' },
  {
    throttleTimeMs: int32({ default: 0 }),
    errorCode: int16(),
  },
)
export type AddOffsetsToTxnResponse = Input<typeof addOffsetsToTxnResponse>
