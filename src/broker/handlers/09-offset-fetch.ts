/**
 * OffsetFetch (9), versions 1-10: several groups from v8 (KIP-709), stable offsets from v7
 * (KIP-447).
 */
import { offsetFetchRequest, offsetFetchResponse } from '../../protocol/messages/09-offset-fetch.ts'
import { serve } from '../served-api.ts'

export const offsetFetch = serve(
  offsetFetchRequest,
  offsetFetchResponse,
  (broker, request, context) => {
    broker.groups.offsetFetch(context, request, broker.nowMs, (response) => context.reply(response))
  },
)
