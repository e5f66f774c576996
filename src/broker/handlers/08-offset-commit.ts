/** OffsetCommit (8), versions 2-10: offsets of a group; topic ids from v10 (KIP-848, KIP-1043). */
import {
  offsetCommitRequest,
  offsetCommitResponse,
} from '../../protocol/messages/08-offset-commit.ts'
import { serve } from '../served-api.ts'

export const offsetCommit = serve(
  offsetCommitRequest,
  offsetCommitResponse,
  (broker, request, context) => {
    broker.groups.offsetCommit(context, request, broker.nowMs, (response) =>
      context.reply(response),
    )
  },
)
