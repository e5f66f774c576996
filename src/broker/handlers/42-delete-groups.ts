/** DeleteGroups (42), versions 0-2: empty groups and their offsets (KIP-229). */
import {
  deleteGroupsRequest,
  deleteGroupsResponse,
} from '../../protocol/messages/42-delete-groups.ts'
import { serve } from '../served-api.ts'

export const deleteGroups = serve(
  deleteGroupsRequest,
  deleteGroupsResponse,
  (broker, request, context) => {
    broker.groups.deleteGroups(context, request, broker.nowMs, (response) =>
      context.reply(response),
    )
  },
)
