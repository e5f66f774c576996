/**
 * InitProducerId (API key 22). Gives out a producer id, or raises its epoch.
 *
 * 3: a producer names the id and epoch that it has (KIP-360). 4: PRODUCER_FENCED (KIP-588). 5:
 * TRANSACTION_ABORTABLE (KIP-890). 6: two-phase commit (KIP-939), not stable yet. KIP-98.
 */
import { bool, type Infer, type Input, int16, int32, int64, message, string } from '../schema.ts'

export const initProducerIdRequest = message(
  'InitProducerIdRequest',
  {
    apiKey: 22,
    versions: '0-6',
    flexible: '2+',
    listeners: ['broker'],
    latestVersionUnstable: true,
  },
  {
    transactionalId: string({ nullable: '0+' }),
    transactionTimeoutMs: int32(),
    producerId: int64({ versions: '3+', default: -1 }),
    producerEpoch: int16({ versions: '3+', default: -1 }),
    enable2Pc: bool({ versions: '6+', default: false }),
    keepPreparedTxn: bool({ versions: '6+', default: false }),
  },
)
export type InitProducerIdRequest = Infer<typeof initProducerIdRequest>

export const initProducerIdResponse = message(
  'InitProducerIdResponse',
  { apiKey: 22, versions: '0-6', flexible: '2+' },
  {
    throttleTimeMs: int32({ default: 0, ignorable: true }),
    errorCode: int16(),
    producerId: int64({ default: -1 }),
    producerEpoch: int16(),
    ongoingTxnProducerId: int64({ versions: '6+', default: -1 }),
    ongoingTxnProducerEpoch: int16({ versions: '6+', default: -1 }),
  },
)
export type InitProducerIdResponse = Input<typeof initProducerIdResponse>
