/** ElectLeaders (43), versions 0-2: preferred and unclean elections (KIP-460). */
import {
  electLeadersRequest,
  electLeadersResponse,
} from '../../protocol/messages/43-elect-leaders.ts'
import { serve } from '../served-api.ts'

export const electLeaders = serve(
  electLeadersRequest,
  electLeadersResponse,
  (broker, request, context) => {
    broker.metadata.submit(
      (controller) => controller.electLeaders(request, context.apiVersion, broker.nowMs),
      (response) => context.reply(response),
    )
  },
  { changesMetadata: true },
)
