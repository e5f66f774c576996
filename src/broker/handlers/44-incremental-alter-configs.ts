/**
 * IncrementalAlterConfigs (44), versions 0-1: set, delete, append and subtract configs (KIP-339).
 */
import {
  incrementalAlterConfigsRequest,
  incrementalAlterConfigsResponse,
} from '../../protocol/messages/44-incremental-alter-configs.ts'
import { serve } from '../served-api.ts'

export const incrementalAlterConfigs = serve(
  incrementalAlterConfigsRequest,
  incrementalAlterConfigsResponse,
  (broker, request, context) => {
    broker.metadata.submit(
      (controller) => controller.incrementalAlterConfigs(request, context.apiVersion, broker.nowMs),
      (response) => context.reply(response),
    )
  },
  { changesMetadata: true },
)
