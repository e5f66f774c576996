/** LeaveGroup (13), versions 0-5: one member, or several by instance id from v3 (KIP-345). */
import { leaveGroupRequest, leaveGroupResponse } from '../../protocol/messages/13-leave-group.ts'
import { serve } from '../served-api.ts'

export const leaveGroup = serve(
  leaveGroupRequest,
  leaveGroupResponse,
  (broker, request, context) => {
    broker.groups.leaveGroup(context, request, broker.nowMs, (response) => context.reply(response))
  },
)
