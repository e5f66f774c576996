/**
 * Decides AlterConfigs (all overrides of a resource replaced) and IncrementalAlterConfigs (KIP-339)
 * for topics, brokers, the default of all brokers, groups (KIP-848) and client-metrics (KIP-714).
 * A resource fails or succeeds whole.
 *
 * Not here: log levels of a broker (BROKER_LOGGER), which are no metadata.
 */
import { javaHashMapOrder } from '../../base/java-hash.ts'
import { ErrorCode } from '../../protocol/errors.ts'
import type {
  AlterConfigsRequest,
  AlterConfigsResponse,
} from '../../protocol/messages/33-alter-configs.ts'
import type {
  IncrementalAlterConfigsRequest,
  IncrementalAlterConfigsResponse,
} from '../../protocol/messages/44-incremental-alter-configs.ts'
import {
  type ConfigRecord,
  clearElrRecord,
  configRecord,
} from '../../protocol/persisted/metadata-records.ts'
import { type ApiError, apiError } from '../api-error.ts'
import { type ConfigResource, ConfigResourceType, type ConfigValues } from '../config-validator.ts'
import { type Decision, type MetadataRecord, metadataRecord } from '../records.ts'
import {
  configChangeError,
  existenceError,
  resourceNameError,
  unknownResource,
} from './config-rules.ts'
import { type ControllerContext, MAX_RECORDS_PER_REQUEST } from './context.ts'

/** What IncrementalAlterConfigs can do to a key. */
export const OpType = { SET: 0, DELETE: 1, APPEND: 2, SUBTRACT: 3 } as const
const OP_NAMES = ['SET', 'DELETE', 'APPEND', 'SUBTRACT'] as const

export interface ConfigOperation {
  readonly type: number
  readonly value: string | null
}

type ResourceResult = AlterConfigsResponse['responses'][number]
/** One setting of a request, as far as both kinds of request agree. */
interface RequestedConfig {
  readonly name: string
  readonly value: string | null
}
interface RequestedResource<C extends RequestedConfig = RequestedConfig> {
  readonly resourceType: number
  readonly resourceName: string
  readonly configs: readonly C[]
}

/** Replaces all overrides of each resource. */
export function alterConfigs(
  context: ControllerContext,
  request: AlterConfigsRequest,
): Decision<AlterConfigsResponse> {
  const { resources, validateOnly } = request
  const mustHaveValue = () => true
  return decideEach(context, resources, validateOnly, mustHaveValue, (resource, { configs }) => {
    const operations = new Map<string, ConfigOperation>()
    for (const { name, value } of configs) operations.set(name, { type: OpType.SET, value })
    return decideConfigs(context, resource, operations, { replacesAll: true })
  })
}

/** Sets, removes, extends or shortens single overrides. */
export function incrementalAlterConfigs(
  context: ControllerContext,
  request: IncrementalAlterConfigsRequest,
): Decision<IncrementalAlterConfigsResponse> {
  type Config = IncrementalAlterConfigsRequest['resources'][number]['configs'][number]
  const { resources, validateOnly } = request
  const mustHaveValue = ({ configOperation }: Config) => configOperation !== OpType.DELETE
  return decideEach(context, resources, validateOnly, mustHaveValue, (resource, { configs }) => {
    const operations = new Map<string, ConfigOperation>()
    for (const { name, value, configOperation } of configs) {
      if (OP_NAMES[configOperation] === undefined) {
        const message = `Unknown operations type ${configOperation}`
        // A broker looks at what is for a broker; of the rest Kafka's controller expects no such.
        const isBroker = resource.type === ConfigResourceType.BROKER
        const code = isBroker ? ErrorCode.INVALID_REQUEST : ErrorCode.UNKNOWN_SERVER_ERROR
        return apiError(code, message)
      }
      operations.set(name, { type: configOperation, value })
    }
    return decideConfigs(context, resource, operations, {})
  })
}

type Decided = { readonly records: readonly MetadataRecord[] } | ApiError

function decideEach<C extends RequestedConfig, R extends RequestedResource<C>>(
  context: ControllerContext,
  resources: readonly R[],
  validateOnly: boolean,
  mustHaveValue: (config: C) => boolean,
  decide: (resource: ConfigResource, request: R) => Decided,
): Decision<{ responses: ResourceResult[] }> {
  const records: MetadataRecord[] = []
  const seen = new Map<string, number>()
  for (const { resourceType, resourceName } of resources) {
    const id = `${resourceType}:${resourceName}`
    seen.set(id, (seen.get(id) ?? 0) + 1)
  }
  const responses = resources.map((request): ResourceResult => {
    const { resourceType, resourceName } = request
    const answer = (error: ApiError): ResourceResult => ({ ...error, resourceType, resourceName })
    if (seen.get(`${resourceType}:${resourceName}`)! > 1) {
      const message = 'Each resource must appear at most once.'
      return answer(apiError(ErrorCode.INVALID_REQUEST, message))
    }
    const resource = { type: resourceType, name: resourceName }
    const error = shapeError(context, request, mustHaveValue)
    const decided = error ?? decide(resource, request)
    if ('errorCode' in decided) return answer(decided)
    if (records.length + decided.records.length > MAX_RECORDS_PER_REQUEST) {
      const message = 'Unable to perform excessively large batch operation.'
      return answer(apiError(ErrorCode.POLICY_VIOLATION, message))
    }
    records.push(...decided.records)
    return answer(apiError(ErrorCode.NONE))
  })
  return { records: validateOnly ? [] : records, response: { responses } }
}

function shapeError<C extends RequestedConfig>(
  context: ControllerContext,
  request: RequestedResource<C>,
  mustHaveValue: (config: C) => boolean,
): ApiError | null {
  const keys = new Set(request.configs.map(({ name }) => name))
  if (keys.size !== request.configs.length) {
    return apiError(ErrorCode.INVALID_REQUEST, 'Error due to duplicate config keys')
  }
  const empty = request.configs.filter((config) => config.value === null && mustHaveValue(config))
  if (empty.length > 0) {
    const message = `Null value not supported for : ${empty.map(({ name }) => name).join(', ')}`
    return apiError(ErrorCode.INVALID_REQUEST, message)
  }
  switch (request.resourceType) {
    case ConfigResourceType.BROKER:
      return brokerNameError(context, request.resourceName)
    case ConfigResourceType.TOPIC:
    case ConfigResourceType.CLIENT_METRICS:
    case ConfigResourceType.GROUP:
      return null
    default:
      return unknownResource(request.resourceType)
  }
}

/** A broker changes its own config only, or the default of all. */
function brokerNameError(context: ControllerContext, name: string): ApiError | null {
  if (name === '') return null
  if (!/^[+-]?\d+$/.test(name)) {
    const message = `Node id must be an integer, but it is: ${name}`
    return apiError(ErrorCode.INVALID_REQUEST, message)
  }
  const { nodeId } = context.settings
  if (Number(name) === nodeId) return null
  const message = `Unexpected broker id, expected ${nodeId}, but received ${name}`
  return apiError(ErrorCode.INVALID_REQUEST, message)
}

/** How the operations of a resource are meant. */
interface ConfigChangeOptions {
  /** The resource is made by the same decision, so it need not exist. */
  readonly isNew?: boolean
  /** Overrides that are not named go. */
  readonly replacesAll?: boolean
}

/** The records that carry out operations on one resource, or why they can't be. */
export function decideConfigs(
  context: ControllerContext,
  resource: ConfigResource,
  operations: ReadonlyMap<string, ConfigOperation>,
  options: ConfigChangeOptions,
): Decided {
  const existing = context.image.configs.of(resource.type, resource.name)
  const changes: ConfigRecord[] = []
  const isBroker = resource.type === ConfigResourceType.BROKER
  const keys = isBroker ? operations.keys() : javaHashMapOrder(operations.keys())
  for (const key of keys) {
    const operation = operations.get(key)!
    const value = newValue(context, resource, key, existing.get(key) ?? null, operation)
    if (typeof value === 'object' && value !== null) return value
    // A broker's key is written even if unchanged: the broker reads it again then (KAFKA-14136).
    if (value === (existing.get(key) ?? null) && !isBroker) continue
    changes.push(change(resource, key, value))
  }
  if (options.replacesAll === true) {
    for (const key of existing.keys()) {
      if (!operations.has(key)) changes.push(change(resource, key, null))
    }
  }
  const changeError = () => firstChangeError(context, changes)
  const valueError = () =>
    resourceNameError(resource) ??
    context.configValidator.validate(resource, applied(existing, changes), existing)
  // The values for a broker are checked by a broker, before its controller sees the change.
  const error = isBroker ? (valueError() ?? changeError()) : (changeError() ?? valueError())
  if (error !== null) return error
  const missing = options.isNew === true ? null : existenceError(context, resource)
  if (missing !== null) return missing
  const records: MetadataRecord[] = changes.map((record) => metadataRecord(configRecord, record))
  return { records: [...records, ...clearElrRecords(context, changes)] }
}

function firstChangeError(
  context: ControllerContext,
  changes: readonly ConfigRecord[],
): ApiError | null {
  for (const record of changes) {
    const error = configChangeError(context, record)
    if (error !== null) return error
  }
  return null
}

function change(resource: ConfigResource, name: string, value: string | null): ConfigRecord {
  return { resourceType: resource.type, resourceName: resource.name, name, value }
}

function applied(existing: ConfigValues, changes: readonly ConfigRecord[]): ConfigValues {
  const values = new Map(existing)
  for (const { name, value } of changes) {
    if (value === null) values.delete(name)
    else values.set(name, value)
  }
  return values
}

function newValue(
  context: ControllerContext,
  resource: ConfigResource,
  key: string,
  current: string | null,
  operation: ConfigOperation,
): string | null | ApiError {
  if (operation.type === OpType.SET) return operation.value
  if (operation.type === OpType.DELETE) return null
  const { configValidator } = context
  if (!configValidator.isList(resource.type, key)) {
    return apiError(ErrorCode.INVALID_CONFIG, notAList(context, resource, key, operation.type))
  }
  const start = current ?? configValidator.defaultValue(resource.type, key) ?? ''
  const items = start.split(',').filter((item) => item !== '')
  const named = operation.value!.split(',')
  if (operation.type === OpType.SUBTRACT) {
    return items.filter((item) => !named.includes(item)).join(',')
  }
  return [...new Set([...items, ...named])].join(',')
}

/** A broker and a controller have words of their own for it. */
function notAList(
  { configValidator }: ControllerContext,
  resource: ConfigResource,
  key: string,
  type: number,
): string {
  if (resource.type !== ConfigResourceType.BROKER) {
    return `Can't ${OP_NAMES[type]} to key ${key} because its type is not LIST.`
  }
  if (!configValidator.isKnown(resource.type, key)) return `Unknown config name: ${key}`
  return `Config value ${OP_NAMES[type]!.toLowerCase()} is not allowed for config key: ${key}`
}

/** Who is eligible to lead was worked out with the old min.insync.replicas: forget it (KIP-966). */
function clearElrRecords(
  context: ControllerContext,
  changes: readonly ConfigRecord[],
): MetadataRecord[] {
  if (!context.image.features.elrEnabled) return []
  return changes
    .filter(({ name }) => name === 'min.insync.replicas')
    .map(({ resourceType, resourceName }) =>
      metadataRecord(clearElrRecord, {
        topicName: resourceType === ConfigResourceType.TOPIC ? resourceName : '',
      }),
    )
}
