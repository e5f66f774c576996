/** OffsetDelete (47), version 0: offsets of topics that nobody in the group reads (KIP-496). */
import {
  offsetDeleteRequest,
  offsetDeleteResponse,
} from '../../protocol/messages/47-offset-delete.ts'
import { serve } from '../served-api.ts'

export const offsetDelete = serve(
  offsetDeleteRequest,
  offsetDeleteResponse,
  (broker, request, context) => {
    broker.groups.offsetDelete(context, request, broker.nowMs, (response) =>
      context.reply(response),
    )
  },
)
