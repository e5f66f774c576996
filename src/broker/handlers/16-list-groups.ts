/** ListGroups (16), versions 0-5: groups by state (KIP-518) and type (KIP-848). */
import { listGroupsRequest, listGroupsResponse } from '../../protocol/messages/16-list-groups.ts'
import { serve } from '../served-api.ts'

export const listGroups = serve(
  listGroupsRequest,
  listGroupsResponse,
  (broker, request, context) => {
    broker.groups.listGroups(context, request, broker.nowMs, (response) => context.reply(response))
  },
)
