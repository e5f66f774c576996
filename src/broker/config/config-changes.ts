/**
 * AlterConfigs and IncrementalAlterConfigs as a broker takes them: it refuses what is wrong with a
 * request by itself, and the values that are for a broker, and asks its controller for the rest
 * (src/metadata/controller/alter-configs.ts). What comes to a controller's listener goes there as
 * it is, as in Kafka.
 */
import { type ApiError, apiError } from '../../metadata/api-error.ts'
import { ConfigResourceType, type ConfigValues } from '../../metadata/config-validator.ts'
import { repeatedResources } from '../../metadata/controller/alter-configs.ts'
import {
  isOfLists,
  OP_NAMES,
  OpType,
  valueAfter,
} from '../../metadata/controller/config-operations.ts'
import type { Controller } from '../../metadata/controller/controller.ts'
import type { Decision } from '../../metadata/records.ts'
import { ErrorCode } from '../../protocol/errors.ts'
import type { AlterConfigsResponse } from '../../protocol/messages/33-alter-configs.ts'
import type { Broker } from '../broker.ts'
import type { RequestContext } from '../request-context.ts'
import { brokerKey } from './broker-keys.ts'
import { brokerDefault } from './config-rules.ts'

/** One resource of either request; where there is no operation, the value is set. */
export interface RequestedResource {
  readonly resourceType: number
  readonly resourceName: string
  readonly configs: readonly {
    readonly name: string
    readonly value: string | null
    readonly configOperation?: number
  }[]
}

interface ConfigRequest<R> {
  readonly resources: R[]
  readonly validateOnly: boolean
}

type Answer = AlterConfigsResponse['responses'][number]

/** Answers each resource: by `own` where that says something, as a broker, or as the controller. */
export function changeConfigs<R extends RequestedResource>(
  broker: Broker,
  context: RequestContext<AlterConfigsResponse>,
  { resources, validateOnly }: ConfigRequest<R>,
  own: (resource: R) => ApiError | null,
  decide: (controller: Controller, request: ConfigRequest<R>) => Decision<AlterConfigsResponse>,
): void {
  const isBroker = context.listener.kind === 'broker'
  const isRepeated = repeatedResources(resources)
  const answers = resources.map((resource): Answer | null => {
    const { resourceType, resourceName } = resource
    const answer = own(resource) ?? (isBroker ? refusal(broker, resource, isRepeated) : null)
    return answer === null ? null : { ...answer, resourceType, resourceName }
  })
  const others = resources.filter((_, at) => answers[at] === null)
  const reply = (responses: readonly Answer[]) => {
    const decided = responses.values()
    context.reply({ responses: answers.map((answer) => answer ?? decided.next().value!) })
  }
  if (others.length === 0) {
    reply([])
    return
  }
  broker.metadata.submit(
    (controller) => decide(controller, { resources: others, validateOnly }),
    ({ responses }) => reply(responses),
  )
}

/** Why a broker does not pass a resource on, in the order in which Kafka looks. */
function refusal(
  broker: Broker,
  resource: RequestedResource,
  isRepeated: (resource: RequestedResource) => boolean,
): ApiError | null {
  const invalid = (message: string) => apiError(ErrorCode.INVALID_REQUEST, message)
  const { resourceType, resourceName, configs } = resource
  if (isRepeated(resource)) return invalid('Each resource must appear at most once.')
  if (new Set(configs.map(({ name }) => name)).size !== configs.length) {
    return invalid('Error due to duplicate config keys')
  }
  const empty = configs.filter(({ value, configOperation }) => {
    return value === null && configOperation !== OpType.DELETE
  })
  if (empty.length > 0) {
    return invalid(`Null value not supported for : ${empty.map(({ name }) => name).join(', ')}`)
  }
  switch (resourceType) {
    case ConfigResourceType.BROKER:
      return nameRefusal(broker, resourceName) ?? brokerRefusal(broker, resource)
    case ConfigResourceType.TOPIC:
    case ConfigResourceType.CLIENT_METRICS:
    case ConfigResourceType.GROUP:
      return null
    default:
      return invalid(`Unknown resource type ${resourceType}`)
  }
}

/** A broker changes its own config only, or the default of all. */
function nameRefusal({ nodeId }: Broker, name: string): ApiError | null {
  if (name === '') return null
  if (!/^[+-]?\d+$/.test(name)) {
    return apiError(ErrorCode.INVALID_REQUEST, `Node id must be an integer, but it is: ${name}`)
  }
  if (Number(name) === nodeId) return null
  const message = `Unexpected broker id, expected ${nodeId}, but received ${name}`
  return apiError(ErrorCode.INVALID_REQUEST, message)
}

/** What is wrong with the overrides that a broker would have. */
function brokerRefusal(broker: Broker, resource: RequestedResource): ApiError | null {
  const { resourceName, configs } = resource
  const existing = broker.cluster.image.configs.of(ConfigResourceType.BROKER, resourceName)
  const isIncremental = configs.some(({ configOperation }) => configOperation !== undefined)
  const after = new Map(isIncremental ? existing : [])
  for (const { name, value, configOperation: type = OpType.SET } of configs) {
    const operation = { type, value }
    if (OP_NAMES[type] === undefined) {
      return apiError(ErrorCode.INVALID_REQUEST, `Unknown operations type ${type}`)
    }
    if (isOfLists(operation) && brokerKey(name)?.type !== 'LIST') {
      const isKnown = brokerKey(name) !== null
      const verb = OP_NAMES[type]!.toLowerCase()
      const message = isKnown
        ? `Config value ${verb} is not allowed for config key: ${name}`
        : `Unknown config name: ${name}`
      return apiError(ErrorCode.INVALID_CONFIG, message)
    }
    const next = valueAfter(
      { defaultValue: (_type, key) => brokerDefault(key) },
      ConfigResourceType.BROKER,
      name,
      existing.get(name) ?? null,
      operation,
    )
    if (next === null) after.delete(name)
    else after.set(name, next)
  }
  const message = broker.config.check(changed(after, existing), resourceName !== '')
  return message === null ? null : apiError(ErrorCode.INVALID_REQUEST, message)
}

/** Without what was stored before and cannot be taken any more: it does not stand in the way. */
function changed(configs: ConfigValues, existing: ConfigValues): ConfigValues {
  return new Map(
    [...configs].filter(([name, value]) => {
      const readOnly = brokerKey(name)?.updateMode === 'read-only'
      return !(readOnly && existing.get(name) === value)
    }),
  )
}
