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
import { alterLoggers, nodeIdError } from '../config/loggers.ts'
import { serve } from '../served-api.ts'

type Resource = IncrementalAlterConfigsRequest['resources'][number]

export const incrementalAlterConfigs = serve(
  incrementalAlterConfigsRequest,
  incrementalAlterConfigsResponse,
  (broker, request, context) => {
    const { resources, validateOnly } = request
    const { threshold } = broker.logger
    const isLogger = ({ resourceType }: Resource) =>
      threshold !== undefined && resourceType === ConfigResourceType.BROKER_LOGGER
    const own = resources.filter(isLogger).map((resource) => {
      const { resourceType, resourceName, configs } = resource
      const error =
        nodeIdError(resourceName, broker.nodeId) ?? alterLoggers(threshold!, configs, validateOnly)
      return { ...error, resourceType, resourceName }
    })
    const others = resources.filter((resource) => !isLogger(resource))
    if (own.length > 0 && others.length === 0) {
      context.reply({ responses: own })
      return
    }
    const forwarded = { resources: others, validateOnly }
    broker.metadata.submit(
      (controller) =>
        controller.incrementalAlterConfigs(forwarded, context.apiVersion, broker.nowMs),
      ({ responses }) => context.reply({ responses: [...own, ...responses] }),
    )
  },
  { changesMetadata: true },
)
