/**
 * IncrementalAlterConfigs (44), versions 0-1: set, delete, append and subtract configs (KIP-339).
 * The log level is this node's own (KIP-412), everything else is the controller's to decide.
 */
import { ConfigResourceType } from '../../metadata/config-validator.ts'
import {
  type IncrementalAlterConfigsRequest,
  incrementalAlterConfigsRequest,
  incrementalAlterConfigsResponse,
} from '../../protocol/messages/44-incremental-alter-configs.ts'
import { changeConfigs } from '../config/config-changes.ts'
import { alterLoggers, nodeIdError } from '../config/loggers.ts'
import { serve } from '../served-api.ts'

type Resource = IncrementalAlterConfigsRequest['resources'][number]

export const incrementalAlterConfigs = serve(
  incrementalAlterConfigsRequest,
  incrementalAlterConfigsResponse,
  (broker, request, context) => {
    const { threshold } = broker.logger
    // The log level is no metadata.
    const own = ({ resourceType, resourceName, configs }: Resource) => {
      if (threshold === undefined || resourceType !== ConfigResourceType.BROKER_LOGGER) return null
      return (
        nodeIdError(resourceName, broker.nodeId) ??
        alterLoggers(threshold, configs, request.validateOnly)
      )
    }
    changeConfigs(broker, context, request, own, (controller, rest) =>
      controller.incrementalAlterConfigs(rest, context.apiVersion, broker.nowMs),
    )
  },
  { changesMetadata: true },
)
