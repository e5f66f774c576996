/**
 * Rules for config changes that hang on the cluster's state rather than on the key: which resources
 * there are, and which keys the finalised features have taken over (KIP-966, KIP-1066).
 */
import { ErrorCode } from '../../protocol/errors.ts'
import type { ConfigRecord } from '../../protocol/persisted/metadata-records.ts'
import { type ApiError, apiError } from '../api-error.ts'
import { type ConfigResource, ConfigResourceType } from '../config-validator.ts'
import { supports } from '../metadata-version.ts'
import { topicNameError } from '../topic-name.ts'
import type { ControllerContext } from './context.ts'

/** Characters that the value of a config may have. */
const MAX_CONFIG_VALUE_CHARS = 32767

const MIN_IN_SYNC_REPLICAS = 'min.insync.replicas'
const CORDONED_LOG_DIRS = 'cordoned.log.dirs'

export function unknownResource(type: number): ApiError {
  return apiError(ErrorCode.INVALID_REQUEST, `Unknown resource type ${type}`)
}

/** Why a change of one key is refused whatever its value; null where it is not. */
export function configChangeError(
  context: ControllerContext,
  record: ConfigRecord,
): ApiError | null {
  const message = configChangeMessage(context, record)
  return message === null ? null : apiError(ErrorCode.INVALID_CONFIG, message)
}

function configChangeMessage(context: ControllerContext, record: ConfigRecord): string | null {
  const { features } = context.image
  const { resourceType, resourceName, name, value } = record
  if (resourceType === ConfigResourceType.BROKER) {
    if (name === MIN_IN_SYNC_REPLICAS && features.elrEnabled) {
      if (resourceName !== '') {
        return `Broker-level ${MIN_IN_SYNC_REPLICAS} cannot be altered while ELR is enabled.`
      }
      if (value === null) {
        return `Cluster-level ${MIN_IN_SYNC_REPLICAS} cannot be removed while ELR is enabled.`
      }
    }
    if (name === CORDONED_LOG_DIRS && !supports.cordonedLogDirs(features.metadataVersion)) {
      return (
        `The ${CORDONED_LOG_DIRS} configuration value cannot be set because it requires ` +
        'metadata.version >= 4.3-IV0'
      )
    }
  }
  if (value !== null && value.length > MAX_CONFIG_VALUE_CHARS) {
    return (
      'The configuration value cannot be added because it exceeds the maximum value size of ' +
      `${MAX_CONFIG_VALUE_CHARS} bytes.`
    )
  }
  return null
}

/** Why nothing can be called that; null where something may be. */
export function resourceNameError(resource: ConfigResource): ApiError | null {
  const { type, name } = resource
  switch (type) {
    case ConfigResourceType.TOPIC:
      return topicError(name)
    case ConfigResourceType.BROKER:
      return brokerNameError(name)
    case ConfigResourceType.GROUP:
      if (name !== '') return null
      return apiError(ErrorCode.INVALID_REQUEST, 'Default group resources are not allowed.')
    case ConfigResourceType.CLIENT_METRICS:
      return null
    default:
      return unknownResource(type)
  }
}

function topicError(name: string): ApiError | null {
  if (name === '') {
    return apiError(ErrorCode.INVALID_REQUEST, 'Default topic resources are not allowed.')
  }
  const invalid = topicNameError(name)
  return invalid === null ? null : apiError(ErrorCode.INVALID_TOPIC_EXCEPTION, invalid)
}

function brokerNameError(name: string): ApiError | null {
  if (name === '') return null
  if (!/^[+-]?\d+$/.test(name)) {
    const message = 'Unable to parse broker name as a base 10 number.'
    return apiError(ErrorCode.INVALID_REQUEST, message)
  }
  if (Number(name) >= 0) return null
  return apiError(ErrorCode.INVALID_REQUEST, 'Invalid negative broker ID.')
}

/** Why a resource can't have configs: there is nothing of that name. */
export function existenceError(
  context: ControllerContext,
  resource: ConfigResource,
): ApiError | null {
  const { type, name } = resource
  const { cluster, topics } = context.image
  if (type === ConfigResourceType.TOPIC && !topics.byName.has(name)) {
    const message = `The topic '${name}' does not exist.`
    return apiError(ErrorCode.UNKNOWN_TOPIC_OR_PARTITION, message)
  }
  if (type !== ConfigResourceType.BROKER || name === '') return null
  const id = Number(name)
  const isKnown =
    cluster.brokers.has(id) || cluster.controllers.has(id) || context.quorum.voterIds.includes(id)
  if (isKnown) return null
  return apiError(ErrorCode.BROKER_ID_NOT_REGISTERED, `No node with id ${id} found.`)
}
