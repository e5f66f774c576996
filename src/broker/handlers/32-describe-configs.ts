/**
 * DescribeConfigs (32), versions 1-4: topics, brokers, groups and client-metrics subscriptions,
 * with where each value comes from and what it would fall back to (KIP-226, KIP-569), and the log
 * level (KIP-412).
 *
 * Not done here: loggers by the names of Kafka's classes; there is one, `root`.
 */
import { ConfigResourceType } from '../../metadata/config-validator.ts'
import { topicNameError } from '../../metadata/topic-name.ts'
import { ErrorCode } from '../../protocol/errors.ts'
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
import { describeLoggers } from '../config/loggers.ts'
import { serve } from '../served-api.ts'

type Resource = DescribeConfigsRequest['resources'][number]
type Result = DescribeConfigsResponse['results'][number]
const RESOURCE_TYPES: ReadonlySet<number> = new Set([
  ConfigResourceType.TOPIC,
  ConfigResourceType.BROKER,
  ConfigResourceType.BROKER_LOGGER,
  ConfigResourceType.CLIENT_METRICS,
  ConfigResourceType.GROUP,
])
const MALFORMED =
  'This most likely occurs because of a request being malformed by the client library or the ' +
  'message was sent to an incompatible broker. See the broker logs for more details.'

interface Failure {
  readonly error: ErrorCode
  readonly message: string | null
}

export const describeConfigs = serve(
  describeConfigsRequest,
  describeConfigsResponse,
  (broker, request, context) => {
    const { includeSynonyms, includeDocumentation, resources } = request
    // One of a type that does not exist makes the whole request one that is not understood.
    const isRefused = resources.some(({ resourceType }) => !RESOURCE_TYPES.has(resourceType))
    context.reply({
      results: resources.map((resource) => {
        if (isRefused) return resultOf(resource, invalid(MALFORMED))
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
    : { errorCode: ErrorCode.NONE, errorMessage: '', resourceType, resourceName, configs: found }
}

function invalid(message: string): Failure {
  return { error: ErrorCode.INVALID_REQUEST, message }
}

function notAnId(name: string): string | null {
  return /^[+-]?\d+$/.test(name) ? null : `Broker id must be an integer, but it is: ${name}`
}

/** Why there are no loggers to show: of another broker they are asked for there. */
function loggersProblem(broker: Broker, name: string): string {
  if (name === '') return 'Broker id must not be empty'
  const wrongId = notAnId(name)
  if (wrongId !== null) return wrongId
  return Number(name) === broker.nodeId
    ? 'what this node logs is decided by the program that it is part of'
    : `Unexpected broker id, expected ${broker.nodeId} but received ${name}`
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
        return { error: ErrorCode.UNKNOWN_TOPIC_OR_PARTITION, message: '' }
      }
      return describeTopic(broker.config, configs.topic(resourceName), options)
    }
    case ConfigResourceType.BROKER:
      if (resourceName === '') return describeCluster(broker.config, options)
      if (resourceName === String(broker.nodeId)) return describeBroker(broker.config, options)
      return invalid(
        notAnId(resourceName) ??
          `Unexpected broker id, expected ${broker.nodeId} or empty string, but received ${resourceName}`,
      )
    case ConfigResourceType.CLIENT_METRICS:
      if (resourceName === '') return invalid('Client metrics subscription name must not be empty')
      return describeClientMetrics(configs.of(resourceType, resourceName), options)
    case ConfigResourceType.GROUP:
      if (resourceName === '') return invalid('Group name must not be empty')
      return describeGroup(broker.config, configs.of(resourceType, resourceName), options)
    case ConfigResourceType.BROKER_LOGGER: {
      const { threshold } = broker.logger
      const isOwn = resourceName !== '' && Number(resourceName) === broker.nodeId
      if (isOwn && threshold !== undefined) return describeLoggers(threshold, options.names)
      return invalid(loggersProblem(broker, resourceName))
    }
    default:
      return invalid(MALFORMED)
  }
}
