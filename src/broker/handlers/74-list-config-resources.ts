/**
 * ListConfigResources (74), versions 0-1: names of the resources that have, or may have, configs.
 * Version 0 knows client metrics only (KIP-714); version 1 takes a filter of types (KIP-1142).
 */
import { ConfigResourceType } from '../../metadata/config-validator.ts'
import { ErrorCode } from '../../protocol/errors.ts'
import {
  listConfigResourcesRequest,
  listConfigResourcesResponse,
} from '../../protocol/messages/74-list-config-resources.ts'
import type { Broker } from '../broker.ts'
import { serve } from '../served-api.ts'

const { BROKER, BROKER_LOGGER, CLIENT_METRICS, GROUP, TOPIC } = ConfigResourceType
/** In the order in which Kafka lists them. */
const ALL_TYPES = [GROUP, CLIENT_METRICS, BROKER_LOGGER, BROKER, TOPIC]

export const listConfigResources = serve(
  listConfigResourcesRequest,
  listConfigResourcesResponse,
  (broker, request, context) => {
    const supported: readonly number[] = context.apiVersion === 0 ? [CLIENT_METRICS] : ALL_TYPES
    const asked = request.resourceTypes.length === 0 ? supported : request.resourceTypes
    if (asked.some((type) => !supported.includes(type))) {
      context.reply({ errorCode: ErrorCode.UNSUPPORTED_VERSION, configResources: [] })
      return
    }
    context.reply({
      errorCode: ErrorCode.NONE,
      configResources: supported
        .filter((type) => asked.includes(type))
        .flatMap((resourceType) =>
          [...namesOf(broker, resourceType)].map((resourceName) => ({
            resourceName,
            resourceType,
          })),
        ),
    })
  },
  { readsMetadata: true },
)

function namesOf(broker: Broker, type: number): Iterable<string> {
  const { image } = broker.cluster
  if (type === TOPIC) return broker.cluster.topicNames()
  if (type === BROKER || type === BROKER_LOGGER)
    return [...image.cluster.brokers.keys()].map(String)
  return image.configs.resources(type).keys()
}
