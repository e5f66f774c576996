/**
 * AlterConfigs (33), versions 0-2: replaces all overrides of a resource; clients should use
 * IncrementalAlterConfigs.
 */
import {
  alterConfigsRequest,
  alterConfigsResponse,
} from '../../protocol/messages/33-alter-configs.ts'
import { changeConfigs } from '../config/config-changes.ts'
import { serve } from '../served-api.ts'

export const alterConfigs = serve(
  alterConfigsRequest,
  alterConfigsResponse,
  (broker, request, context) => {
    changeConfigs(
      broker,
      context,
      request,
      () => null,
      (controller, rest) => controller.alterConfigs(rest, context.apiVersion, broker.nowMs),
    )
  },
  { changesMetadata: true },
)
