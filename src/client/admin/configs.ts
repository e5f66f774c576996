/**
 * Configs of topics, brokers, groups, loggers and telemetry subscriptions.
 *
 * What concerns one broker (its own configs and loggers) is asked of that broker, everything else
 * of any. Telemetry subscriptions (KIP-714) are configs of the type CLIENT_METRICS.
 *
 * KIP-226 (dynamic configs), KIP-339 (incremental), KIP-412 (loggers), KIP-569 (documentation),
 * KIP-1142 (listing).
 */
import {
  describeConfigsRequest,
  describeConfigsResponse,
} from '../../protocol/messages/32-describe-configs.ts'
import {
  incrementalAlterConfigsRequest,
  incrementalAlterConfigsResponse,
} from '../../protocol/messages/44-incremental-alter-configs.ts'
import {
  listConfigResourcesRequest,
  listConfigResourcesResponse,
} from '../../protocol/messages/74-list-config-resources.ts'
import type { Infer } from '../../protocol/schema.ts'
import type { CallOptions } from '../call.ts'
import type { Target } from '../cluster/cluster.ts'
import { KafkaError } from '../kafka-error.ts'
import { asking, type Caller, send, throwIfFailed } from './caller.ts'
import { given } from './lookups.ts'
import {
  type ConfigResourceType,
  type ConfigSource,
  type ConfigType,
  configResourceTypes,
  configSources,
  configTypes,
  NameTable,
} from './names.ts'
import { checkDistinct, perKey, settleControllerError } from './per-key.ts'
import type { Results } from './results.ts'

const describeCall = { request: describeConfigsRequest, response: describeConfigsResponse }
const alterCall = {
  request: incrementalAlterConfigsRequest,
  response: incrementalAlterConfigsResponse,
}
const listCall = { request: listConfigResourcesRequest, response: listConfigResourcesResponse }

/** Since then resources of all types are listed; telemetry subscriptions alone before. */
const LIST_ALL_TYPES_VERSION = 1
/** Since then configs come with their documentation. */
const DOCUMENTATION_VERSION = 3

/** What has configs. The name '' of a broker is the default of all brokers. */
export interface ConfigResource {
  readonly type: ConfigResourceType
  readonly name: string
}

/** One setting of a resource, as the broker sees it. */
export interface ConfigEntry {
  readonly name: string
  /** Null where it has none, and where it is sensitive. */
  readonly value: string | null
  readonly source: ConfigSource | 'UNKNOWN'
  readonly isDefault: boolean
  readonly isReadOnly: boolean
  readonly isSensitive: boolean
  readonly type: ConfigType | 'UNKNOWN'
  /** Null where it was not asked for. */
  readonly documentation: string | null
  /** Every place that has a value for it, the one that holds first; empty if not asked for. */
  readonly synonyms: readonly ConfigSynonym[]
}

/** A place that a setting's value could come from, the first one wins. */
export interface ConfigSynonym {
  readonly name: string
  readonly value: string | null
  readonly source: ConfigSource | 'UNKNOWN'
}

/** What `describeConfigs` takes. */
export interface DescribeConfigsOptions extends CallOptions {
  /** Only these configs; all where left out. */
  readonly names?: readonly string[] | undefined
  readonly includeSynonyms?: boolean | undefined
  readonly includeDocumentation?: boolean | undefined
}

/** A resource as Kafka's tools write it. */
export function configResourceText({ type, name }: ConfigResource): string {
  return `${type}:${name}`
}

/** The broker that a resource is about, or any. */
function targetOf({ type, name }: ConfigResource): Target {
  const isOfOneBroker = type === 'BROKER_LOGGER' || (type === 'BROKER' && name !== '')
  if (!isOfOneBroker) return 'any'
  if (/^\d+$/.test(name)) return Number(name)
  throw new KafkaError('INVALID_ARGUMENT', `${type}: ${JSON.stringify(name)} is no id of a broker`)
}

/** The configs of each resource, by name. */
export async function describeConfigs(
  caller: Caller,
  resources: readonly ConfigResource[],
  options: DescribeConfigsOptions,
): Promise<Results<ConfigResource, ReadonlyMap<string, ConfigEntry>>> {
  for (const resource of resources) targetOf(resource)
  const deadline = caller.begin('describeConfigs', options)
  const { names, includeSynonyms = false, includeDocumentation = false } = options
  return perKey(caller, deadline, {
    keys: resources,
    textOf: configResourceText,
    lookup: given(targetOf),
    async ask(target, keys, answers) {
      const { body } = await send(
        caller,
        target,
        describeCall,
        {
          resources: keys.map(({ type, name }) => ({
            resourceType: configResourceTypes.code(type),
            resourceName: name,
            configurationKeys: names ?? null,
          })),
          includeSynonyms,
          includeDocumentation,
        },
        { deadline, ...(includeDocumentation && { minVersion: DOCUMENTATION_VERSION }) },
      )
      for (const result of body.results) {
        const key = toResource(result)
        if (key === null) continue
        if (result.errorCode === 0) {
          const entries = result.configs.map((config) => [config.name, toEntry(config)] as const)
          answers.succeed(key, new Map(entries))
        } else {
          const context = { api: 'DescribeConfigs' }
          answers.fail(key, KafkaError.ofCode(result.errorCode, result.errorMessage, context))
        }
      }
    },
  })
}

function toResource(of: { resourceType: number; resourceName: string }): ConfigResource | null {
  const type = configResourceTypes.name(of.resourceType)
  return type === 'UNKNOWN' ? null : { type, name: of.resourceName }
}

type DescribedConfig = Infer<typeof describeConfigsResponse>['results'][number]['configs'][number]

function toEntry(config: DescribedConfig): ConfigEntry {
  const source = configSources.name(config.configSource)
  return {
    name: config.name,
    value: config.value,
    source,
    isDefault: source === 'DEFAULT_CONFIG',
    isReadOnly: config.readOnly,
    isSensitive: config.isSensitive,
    type: configTypes.name(config.configType),
    documentation: config.documentation === '' ? null : config.documentation,
    synonyms: config.synonyms.map(({ name, value, source: from }) => {
      return { name, value, source: configSources.name(from) }
    }),
  }
}

const operations = new NameTable<'set' | 'delete' | 'append' | 'subtract'>('op', {
  set: 0,
  delete: 1,
  append: 2,
  subtract: 3,
})

/** A change of one config. `append` and `subtract` are for lists. */
export type ConfigChange =
  | { readonly name: string; readonly op: 'set' | 'append' | 'subtract'; readonly value: string }
  | { readonly name: string; readonly op: 'delete' }

/** The changes of one resource: all or none of them take effect. */
export interface ConfigAlteration extends ConfigResource {
  readonly changes: readonly ConfigChange[]
}

/** What `incrementalAlterConfigs` takes. */
export interface AlterConfigsOptions extends CallOptions {
  /** Have it checked only. */
  readonly validateOnly?: boolean | undefined
}

/** Changes configs; what is not named stays as it is. */
export async function incrementalAlterConfigs(
  caller: Caller,
  alterations: readonly ConfigAlteration[],
  options: AlterConfigsOptions,
): Promise<Results<ConfigResource, void>> {
  const resources = alterations.map(({ type, name }) => ({ type, name }))
  checkDistinct(resources, configResourceText)
  for (const resource of resources) targetOf(resource)
  const changes = new Map(alterations.map((one) => [configResourceText(one), one.changes]))
  const deadline = caller.begin('incrementalAlterConfigs', options)
  return perKey(caller, deadline, {
    keys: resources,
    textOf: configResourceText,
    lookup: given(targetOf),
    async ask(target, keys, answers) {
      const { body } = await send(
        caller,
        target,
        alterCall,
        {
          resources: keys.map((key) => ({
            resourceType: configResourceTypes.code(key.type),
            resourceName: key.name,
            configs: changes.get(configResourceText(key))!.map((change) => ({
              name: change.name,
              configOperation: operations.code(change.op),
              value: change.op === 'delete' ? null : change.value,
            })),
          })),
          validateOnly: options.validateOnly ?? false,
        },
        { deadline },
      )
      for (const response of body.responses) {
        const key = toResource(response)
        if (key === null) continue
        if (response.errorCode === 0) answers.succeed(key, undefined)
        else {
          const context = { api: 'IncrementalAlterConfigs' }
          const error = KafkaError.ofCode(response.errorCode, response.errorMessage, context)
          settleControllerError(answers, key, error, body)
        }
      }
    },
  })
}

/** Resources that have configs of their own; of all types where none is named. */
export function listConfigResources(
  caller: Caller,
  types: readonly ConfigResourceType[],
  options: CallOptions,
): Promise<readonly ConfigResource[]> {
  const deadline = caller.begin('listConfigResources', options)
  const codes = types.map((type) => configResourceTypes.code(type))
  const isOldEnough = types.length === 1 && types[0] === 'CLIENT_METRICS'
  return asking(caller, deadline, async () => {
    const { body } = await send(
      caller,
      'any',
      listCall,
      (version) => (version < LIST_ALL_TYPES_VERSION ? {} : { resourceTypes: codes }),
      { deadline, ...(!isOldEnough && { minVersion: LIST_ALL_TYPES_VERSION }) },
    )
    throwIfFailed(body.errorCode, null, 'ListConfigResources')
    return body.configResources.map(toResource).filter((resource) => resource !== null)
  })
}
