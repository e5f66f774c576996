/**
 * ListTransactions (API key 66). Lists transactions.
 *
 * 1: those that last longer than a time (KIP-994). 2: those whose id matches a pattern (KIP-1152).
 * KIP-664.
 */
import { array, type Infer, type Input, int16, int32, int64, message, string } from '../schema.ts'

export const listTransactionsRequest = message(
  'ListTransactionsRequest',
  { apiKey: 66, versions: '0-2', flexible: '0+', listeners: ['broker'] },
  {
    stateFilters: array(string()),
    producerIdFilters: array(int64()),
    durationFilter: int64({ versions: '1+', default: -1 }),
    transactionalIdPattern: string({ versions: '2+', nullable: '2+', default: null }),
  },
)
export type ListTransactionsRequest = Infer<typeof listTransactionsRequest>

export const listTransactionsResponse = message(
  'ListTransactionsResponse',
  { apiKey: 66, versions: '0-2', flexible: '0+' },
  {
    throttleTimeMs: int32({ default: 0 }),
    errorCode: int16(),
    unknownStateFilters: array(string()),
    transactionStates: array({
      transactionalId: string(),
      producerId: int64(),
      transactionState: string(),
    }),
  },
)
export type ListTransactionsResponse = Input<typeof listTransactionsResponse>
