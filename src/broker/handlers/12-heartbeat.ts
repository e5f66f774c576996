/** Heartbeat (12), versions 0-4: a member of a classic group is alive. */
import { heartbeatRequest, heartbeatResponse } from '../../protocol/messages/12-heartbeat.ts'
import { serve } from '../served-api.ts'

export const heartbeat = serve(heartbeatRequest, heartbeatResponse, (broker, request, context) => {
  broker.groups.heartbeat(context, request, broker.nowMs, (response) => context.reply(response))
})
