/**
 * JoinGroup (11), versions 0-9: the answer waits until the group's members are known, so the
 * connection is held meanwhile. KIP-394 (member id first), KIP-345 (static members), KIP-814.
 */
import { joinGroupRequest, joinGroupResponse } from '../../protocol/messages/11-join-group.ts'
import { serve } from '../served-api.ts'

export const joinGroup = serve(joinGroupRequest, joinGroupResponse, (broker, request, context) => {
  context.waiting = true
  broker.groups.joinGroup(context, request, broker.nowMs, (response) => context.reply(response))
})
