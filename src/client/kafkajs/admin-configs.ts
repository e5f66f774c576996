/** kafkajs's admin: configs, by its numbers. */
import {
  alterConfigsRequest,
  alterConfigsResponse,
} from '../../protocol/messages/33-alter-configs.ts'
import type { ConfigEntry } from '../admin/configs.ts'
import { configResourceTypes, configSources } from '../admin/names.ts'
import { KafkaError } from '../kafka-error.ts'
import { retrying } from '../retry.ts'
import { type AdminCall, deadlineOf, valuesOf } from './admin-call.ts'
import type {
  ConfigEntries,
  DescribeConfigResponse,
  IResourceConfig,
  ResourceConfigQuery,
} from './admin-types.ts'
import { ConfigResourceTypes, type ConfigSource } from './constants.ts'
import { KafkaJSNonRetriableError } from './errors.ts'

const ALTER = { request: alterConfigsRequest, response: alterConfigsResponse }

interface Resource {
  readonly type: ConfigResourceTypes
  readonly name: string
}

function checkResources(resources: readonly Resource[]): void {
  if (!Array.isArray(resources)) {
    throw new KafkaJSNonRetriableError(`Invalid resources array ${resources}`)
  }
  if (resources.length === 0) throw new KafkaJSNonRetriableError('Resources array cannot be empty')
  for (const resource of resources as readonly Resource[]) {
    const { type, name } = resource
    const text = JSON.stringify(resource)
    if (!Object.values(ConfigResourceTypes).includes(type)) {
      throw new KafkaJSNonRetriableError(`Invalid resource type ${type}: ${text}`)
    }
    if (typeof name !== 'string' || name === '') {
      throw new KafkaJSNonRetriableError(`Invalid resource name ${name}: ${text}`)
    }
  }
}

export async function describeConfigs(
  { native, timeoutMs }: AdminCall,
  resources: readonly ResourceConfigQuery[],
  includeSynonyms: boolean,
): Promise<DescribeConfigResponse> {
  checkResources(resources)
  const described = resources.map(async ({ type, name, configNames }) => {
    const nativeType = configResourceTypes.name(type)
    if (nativeType === 'UNKNOWN')
      throw new KafkaJSNonRetriableError(`Invalid resource type ${type}`)
    const options = { names: configNames, includeSynonyms, timeoutMs }
    const [configs] = valuesOf(await native.describeConfigs([{ type: nativeType, name }], options))
    return {
      configEntries: [...configs!.values()].map(entryOf),
      errorCode: 0,
      errorMessage: '',
      resourceName: name,
      resourceType: type,
    }
  })
  return { resources: await Promise.all(described), throttleTime: 0 }
}

function entryOf(entry: ConfigEntry): ConfigEntries {
  return {
    configName: entry.name,
    configValue: entry.value as string,
    readOnly: entry.isReadOnly,
    isDefault: entry.isDefault,
    configSource: sourceOf(entry.source),
    isSensitive: entry.isSensitive,
    configSynonyms: entry.synonyms.map(({ name, value, source }) => {
      return { configName: name, configValue: value as string, configSource: sourceOf(source) }
    }),
  }
}

function sourceOf(source: ConfigEntry['source']): ConfigSource {
  return source === 'UNKNOWN' ? 0 : (configSources.code(source) as ConfigSource)
}

/** Replaces what a resource has of its own: what is not named goes back to its default. */
export async function alterConfigs(
  call: AdminCall,
  resources: readonly IResourceConfig[],
  validateOnly: boolean,
): Promise<{ resources: object[] }> {
  checkResources(resources)
  for (const resource of resources) {
    const entries = resource.configEntries
    const isValid =
      Array.isArray(entries) &&
      entries.every(({ name, value }) => typeof name === 'string' && typeof value === 'string')
    if (isValid) continue
    const text = `Invalid resource config value: ${JSON.stringify(resource)}`
    throw new KafkaJSNonRetriableError(text)
  }
  const altered = resources.map((resource) => alterOne(call, resource, validateOnly))
  return { resources: await Promise.all(altered) }
}

function alterOne(call: AdminCall, resource: IResourceConfig, validateOnly: boolean) {
  const { type, name, configEntries } = resource
  const isOfBroker =
    type === ConfigResourceTypes.BROKER || type === ConfigResourceTypes.BROKER_LOGGER
  const deadline = deadlineOf(call, 'alterConfigs')
  const body = {
    resources: [
      { resourceType: type, resourceName: name, configs: configEntries.map((one) => ({ ...one })) },
    ],
    validateOnly,
  }
  return retrying(call.cluster, deadline, async () => {
    const target = isOfBroker ? Number(name) : 'any'
    const { body: answer } = await call.cluster.request(target, ALTER, body, { deadline })
    const [result] = answer.responses
    if (result === undefined) throw new KafkaError('CORRUPT_DATA', 'the answer has no resource')
    const { errorCode, errorMessage, resourceType, resourceName } = result
    if (errorCode === 0) return { errorCode, errorMessage, resourceType, resourceName }
    throw KafkaError.ofCode(errorCode, errorMessage, { api: 'AlterConfigs' })
  })
}
