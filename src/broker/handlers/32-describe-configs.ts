/**
 * DescribeConfigs (32), versions 1-4: topics, brokers, groups and client-metrics subscriptions,
 * with where each value comes from and what it would fall back to (KIP-226, KIP-569).
 *
 * Not done here: loggers (BROKER_LOGGER); Millrace has one log level, set at start.
 */
import { ConfigResourceType } from '../../metadata/config-validator.ts'
import { topicNameError } from '../../metadata/topic-name.ts'
import { ErrorCode, errorMessage } from '../../protocol/errors.ts'
import {
  type DescribeConfigsRequest,
  type DescribeConfigsResponse,
  describeConfigsRequest,
  describeConfigsResponse,
} from '../../protocol/messages/32-describe-configs.ts'
import type { Broker } from '../broker.ts'
import {
  describeBroker,
  describeClientMetrics,
  describeCluster,
  describeGroup,
  describeTopic,
} from '../config/describe.ts'
import type { DescribedConfig, DescribeOptions } from '../config/describe-entry.ts'
import { serve } from '../served-api.ts'

type Resource = DescribeConfigsRequest['resources'][number]
type Result = DescribeConfigsResponse['results'][number]
interface Failure {
  readonly error: ErrorCode
  readonly message: string | null
}

export const describeConfigs = serve(
  describeConfigsRequest,
  describeConfigsResponse,
  (broker, request, context) => {
    const { includeSynonyms, includeDocumentation } = request
    context.reply({
      results: request.resources.map((resource) => {
        const names = resource.configurationKeys
        const options = { includeSynonyms, includeDocumentation, names }
        return resultOf(resource, describe(broker, resource, options))
      }),
    })
  },
  { readsMetadata: true },
)

function resultOf(resource: Resource, found: readonly DescribedConfig[] | Failure): Result {
  const { resourceType, resourceName } = resource
  return 'error' in found
    ? {
        errorCode: found.error,
        errorMessage: found.message,
        resourceType,
        resourceName,
        configs: [],
      }
    : { errorCode: ErrorCode.NONE, errorMessage: null, resourceType, resourceName, configs: found }
}

function invalid(message: string): Failure {
  return { error: ErrorCode.INVALID_REQUEST, message }
}

function describe(
  broker: Broker,
  { resourceType, resourceName }: Resource,
  options: DescribeOptions,
): readonly DescribedConfig[] | Failure {
  const { configs } = broker.cluster.image
  switch (resourceType) {
    case ConfigResourceType.TOPIC: {
      const problem = topicNameError(resourceName)
      if (problem !== null) return { error: ErrorCode.INVALID_TOPIC_EXCEPTION, message: problem }
      if (broker.cluster.topic(resourceName) === null) {
        const error = ErrorCode.UNKNOWN_TOPIC_OR_PARTITION
        return { error, message: errorMessage(error) }
      }
      return describeTopic(broker.config, configs.topic(resourceName), options)
    }
    case ConfigResourceType.BROKER:
      if (resourceName === '') return describeCluster(broker.config, options)
      if (resourceName === String(broker.nodeId)) return describeBroker(broker.config, options)
      return invalid(
        `Unexpected broker id, expected ${broker.nodeId} or empty string, but received ${resourceName}`,
      )
    case ConfigResourceType.CLIENT_METRICS:
      if (resourceName === '') return invalid('Client metrics subscription name must not be empty')
      return describeClientMetrics(configs.of(resourceType, resourceName), options)
    case ConfigResourceType.GROUP:
      if (resourceName === '') return invalid('Group name must not be empty')
      return describeGroup(broker.config, configs.of(resourceType, resourceName), options)
    case ConfigResourceType.BROKER_LOGGER:
      return invalid('Millrace has no loggers to configure: its log level is set at start')
    default:
      return invalid(`Unsupported resource type: ${resourceType}`)
  }
}
