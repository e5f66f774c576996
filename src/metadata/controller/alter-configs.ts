/**
 * Decides AlterConfigs (all overrides of a resource replaced) and IncrementalAlterConfigs (KIP-339)
 * for topics, brokers, the default of all brokers, groups (KIP-848) and client-metrics (KIP-714).
 * A resource fails or succeeds whole.
 *
 * What a broker refuses before it asks its controller is in src/broker/config/config-changes.ts,
 * the values for a broker among it. Not here: log levels of a broker (BROKER_LOGGER), which are no
 * metadata.
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
  type ConfigOperation,
  isOfLists,
  OP_NAMES,
  OpType,
  valueAfter,
} from './config-operations.ts'
import { configChangeError, existenceError, resourceNameError } from './config-rules.ts'
import { type ControllerContext, MAX_RECORDS_PER_REQUEST } from './context.ts'

const RESOURCE_TYPES: readonly number[] = Object.values(ConfigResourceType).filter(
  (type) => type !== ConfigResourceType.UNKNOWN,
)

type ResourceResult = AlterConfigsResponse['responses'][number]
/** One resource of a request, as far as both kinds of request agree. */
interface RequestedResource {
  readonly resourceType: number
  readonly resourceName: string
}

/** Replaces all overrides of each resource. */
export function alterConfigs(
  context: ControllerContext,
  request: AlterConfigsRequest,
): Decision<AlterConfigsResponse> {
  return decideEach(request.resources, request.validateOnly, (resource, { configs }) => {
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
  return decideEach(request.resources, request.validateOnly, (resource, { configs }) => {
    const operations = new Map<string, ConfigOperation>()
    for (const { name, value, configOperation } of configs) {
      if (OP_NAMES[configOperation] === undefined) {
        const message = `Unknown operations type ${configOperation}`
        return apiError(ErrorCode.UNKNOWN_SERVER_ERROR, message)
      }
      operations.set(name, { type: configOperation, value })
    }
    return decideConfigs(context, resource, operations, {})
  })
}

type Decided = { readonly records: readonly MetadataRecord[] } | ApiError

function decideEach<R extends RequestedResource>(
  resources: readonly R[],
  validateOnly: boolean,
  decide: (resource: ConfigResource, request: R) => Decided,
): Decision<{ responses: ResourceResult[] }> {
  const records: MetadataRecord[] = []
  const isRepeated = repeatedResources(resources)
  const responses = resources.map((request): ResourceResult => {
    const { resourceType, resourceName } = request
    const answer = (error: ApiError): ResourceResult => ({ ...error, resourceType, resourceName })
    if (!RESOURCE_TYPES.includes(resourceType)) {
      const message = `Unknown resource type ${resourceType}.`
      return answer(apiError(ErrorCode.UNSUPPORTED_VERSION, message))
    }
    if (isRepeated(request)) {
      return answer(apiError(ErrorCode.INVALID_REQUEST, 'Duplicate resource.'))
    }
    const decided = decide({ type: resourceType, name: resourceName }, request)
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

/** Tells of each resource whether it is in a request more than once. */
export function repeatedResources(
  resources: readonly RequestedResource[],
): (resource: RequestedResource) => boolean {
  const idOf = ({ resourceType, resourceName }: RequestedResource) =>
    `${resourceType}:${resourceName}`
  const seen = new Map<string, number>()
  for (const resource of resources) {
    const id = idOf(resource)
    seen.set(id, (seen.get(id) ?? 0) + 1)
  }
  return (resource) => seen.get(idOf(resource))! > 1
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
  const { configValidator } = context
  for (const key of javaHashMapOrder(operations.keys())) {
    const operation = operations.get(key)!
    if (isOfLists(operation) && !configValidator.isList(resource.type, key)) {
      const name = OP_NAMES[operation.type]
      const message = `Can't ${name} to key ${key} because its type is not LIST.`
      return apiError(ErrorCode.INVALID_CONFIG, message)
    }
    const current = existing.get(key) ?? null
    const value = valueAfter(configValidator, resource.type, key, current, operation)
    // A broker's key is written even if unchanged: the broker reads it again then (KAFKA-14136).
    if (value === current && !isBroker) continue
    changes.push(change(resource, key, value))
  }
  if (options.replacesAll === true) {
    for (const key of existing.keys()) {
      if (!operations.has(key)) changes.push(change(resource, key, null))
    }
  }
  const error =
    firstChangeError(context, changes) ??
    resourceNameError(resource) ??
    configValidator.validate(resource, applied(existing, changes), existing)
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
