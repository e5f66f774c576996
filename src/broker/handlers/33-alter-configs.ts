/**
 * AlterConfigs (33), versions 0-2: replaces all overrides of a resource; clients should use
 * IncrementalAlterConfigs.
 */
import {
  alterConfigsRequest,
  alterConfigsResponse,
} from '../../protocol/messages/33-alter-configs.ts'
import { serve } from '../served-api.ts'

export const alterConfigs = serve(
  alterConfigsRequest,
  alterConfigsResponse,
  (broker, request, context) => {
    broker.metadata.submit(
      (controller) => controller.alterConfigs(request, context.apiVersion, broker.nowMs),
      (response) => context.reply(response),
    )
  },
  { changesMetadata: true },
)
