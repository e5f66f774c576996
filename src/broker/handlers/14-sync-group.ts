/** SyncGroup (14), versions 0-5: the answer waits for the assignment that the leader brings. */
import { syncGroupRequest, syncGroupResponse } from '../../protocol/messages/14-sync-group.ts'
import { serve } from '../served-api.ts'

export const syncGroup = serve(syncGroupRequest, syncGroupResponse, (broker, request, context) => {
  context.waiting = true
  broker.groups.syncGroup(context, request, broker.nowMs, (response) => context.reply(response))
})
