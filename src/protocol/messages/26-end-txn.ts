/**
 * EndTxn (API key 26). Commits or aborts a transaction.
 *
 * 2: PRODUCER_FENCED (KIP-588). 5: each transaction raises the producer epoch, which the response
 * carries (KIP-890). KIP-98.
 */
import { bool, type Infer, type Input, int16, int32, int64, message, string } from '../schema.ts'

export const endTxnRequest = message(
  'EndTxnRequest',
  { apiKey: 26, versions: '0-5', flexible: '3+', listeners: ['broker'] },
  {
    transactionalId: string(),
    producerId: int64(),
    producerEpoch: int16(),
    committed: bool(),
  },
)
export type EndTxnRequest = Infer<typeof endTxnRequest>

export const endTxnResponse = message(
  'EndTxnResponse',
  { apiKey: 26, versions: '0-5', flexible: '3+' },
  {
    throttleTimeMs: int32({ default: 0 }),
    errorCode: int16(),
    producerId: int64({ versions: '5+', default: -1, ignorable: true }),
    producerEpoch: int16({ versions: '5+', default: -1, ignorable: true }),
  },
)
export type EndTxnResponse = Input<typeof endTxnResponse>
