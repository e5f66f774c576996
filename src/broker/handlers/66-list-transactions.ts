/**
 * ListTransactions (66), versions 0-2: the transactions of this coordinator (KIP-664, KIP-994,
 * KIP-1152). There are none; what is asked for is checked all the same.
 *
 * Not done here: transactions (InitProducerId refuses their ids).
 */
import { ErrorCode } from '../../protocol/errors.ts'
import {
  listTransactionsRequest,
  listTransactionsResponse,
} from '../../protocol/messages/66-list-transactions.ts'
import { serve } from '../served-api.ts'

const STATES: ReadonlySet<string> = new Set([
  'Empty',
  'Ongoing',
  'PrepareCommit',
  'PrepareAbort',
  'CompleteCommit',
  'CompleteAbort',
  'Dead',
  'PrepareEpochFence',
])

export const listTransactions = serve(
  listTransactionsRequest,
  listTransactionsResponse,
  (_broker, request, context) => {
    context.reply({
      errorCode: ErrorCode.NONE,
      unknownStateFilters: [...new Set(request.stateFilters)].filter((name) => !STATES.has(name)),
      transactionStates: [],
    })
  },
)
