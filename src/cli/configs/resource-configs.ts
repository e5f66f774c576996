/**
 * Configs of topics, brokers, loggers, groups and telemetry subscriptions, described and altered as
 * kafka-configs does.
 *
 * KIP-226 (dynamic configs), KIP-412 (loggers), KIP-714 (telemetry), KIP-1142 (listing).
 */
import type { ConfigChange, ConfigEntry, ConfigResource } from '../../client/admin/configs.ts'
import { KafkaError } from '../../client/kafka-error.ts'
import { topicNameError } from '../../metadata/topic-name.ts'
import { javaInt } from '../flags.ts'
import { hashMapOrder, hashMapOrderBy, integerHash, scalaSetOrder } from '../java-order.ts'
import type { ConfigChanges } from './config-changes.ts'
import type { ConfigsAdmin } from './configs-admin.ts'
import { PlainError } from './plain-error.ts'

const DESCRIBE_TIMEOUT_MS = 30_000
const ALTER_TIMEOUT_MS = 30_000

/** How a type is called in the protocol, and which of its configs are its own. */
const TYPES = {
  topics: { type: 'TOPIC', own: 'DYNAMIC_TOPIC_CONFIG' },
  brokers: { type: 'BROKER', own: 'DYNAMIC_BROKER_CONFIG' },
  'broker-loggers': { type: 'BROKER_LOGGER', own: null },
  'client-metrics': { type: 'CLIENT_METRICS', own: 'DYNAMIC_CLIENT_METRICS_CONFIG' },
  groups: { type: 'GROUP', own: 'DYNAMIC_GROUP_CONFIG' },
} as const

/** Types of which each entity has its configs to itself. */
export type ResourceEntityType = keyof typeof TYPES

/** Where text and JSON go. */
export interface Output {
  readonly out: (line: string) => void
  readonly err: (line: string) => void
  readonly isJson: boolean
}

/** Prints the configs of one entity, or of all without a name; false where it is not there. */
export async function describeResources(
  admin: ConfigsAdmin,
  { out, err, isJson }: Output,
  type: ResourceEntityType,
  name: string | undefined,
  isAll: boolean,
): Promise<boolean> {
  const isThere = isAll || name === undefined || (await exists(admin, type, name))
  if (!isThere) {
    const text = `The ${type.slice(0, -1)} '${name}' doesn't exist and doesn't have dynamic config.`
    if (isJson) err(text)
    else out(text)
  }
  const wanted = name === undefined ? await allNames(admin, type) : isThere ? [name] : []
  const entities: object[] = []
  for (const entity of wanted) {
    if (!isJson) out(heading(type, entity, isAll))
    const entries = await configsOf(admin, type, entity, isAll, true)
    if (isJson)
      entities.push({ type, name: entity === '' ? null : entity, configs: entries.map(jsonOf) })
    else for (const entry of entries) out(lineOf(entry))
  }
  if (isJson) out(JSON.stringify({ entities }))
  return isThere
}

function heading(type: ResourceEntityType, name: string, isAll: boolean): string {
  if (name === '') return `Default configs for ${type} in the cluster are:`
  return `${isAll ? 'All' : 'Dynamic'} configs for ${type.slice(0, -1)} ${name} are:`
}

function lineOf({ name, value, isSensitive, synonyms }: ConfigEntry): string {
  const texts = synonyms.map((each) => `${each.source}:${each.name}=${each.value}`)
  return `  ${name}=${value} sensitive=${isSensitive} synonyms={${texts.join(', ')}}`
}

function jsonOf({ name, value, source, isReadOnly, isSensitive, synonyms }: ConfigEntry): object {
  return { name, value, source, isReadOnly, isSensitive, synonyms }
}

async function exists(
  admin: ConfigsAdmin,
  type: ResourceEntityType,
  name: string,
): Promise<boolean> {
  switch (type) {
    case 'topics':
      checkTopic(name)
      return (await topicNames(admin)).includes(name)
    case 'brokers':
    case 'broker-loggers':
      return name === '' || (await brokerNames(admin)).includes(name)
    case 'client-metrics':
      return (await subscriptionNames(admin)).includes(name)
    default: {
      if ((await groupNames(admin)).includes(name)) return true
      const own = await groupsWithConfigs(admin)
      return own === null || own.includes(name)
    }
  }
}

async function allNames(admin: ConfigsAdmin, type: ResourceEntityType): Promise<readonly string[]> {
  switch (type) {
    case 'topics':
      return topicNames(admin)
    case 'brokers':
    case 'broker-loggers':
      return [...(await brokerNames(admin)), '']
    case 'client-metrics':
      return subscriptionNames(admin)
    default: {
      const listed = await groupNames(admin)
      return scalaSetOrder([...listed, ...((await groupsWithConfigs(admin)) ?? [])])
    }
  }
}

async function topicNames(admin: ConfigsAdmin): Promise<string[]> {
  const topics = await admin.listTopics({ listInternal: true })
  return hashMapOrder(
    topics.map(({ name }) => name),
    null,
  )
}

async function brokerNames(admin: ConfigsAdmin): Promise<string[]> {
  const { brokers } = await admin.describeCluster()
  const ids = brokers.map(({ id }) => id)
  return hashMapOrderBy(ids, integerHash, null).map(String)
}

async function groupNames(admin: ConfigsAdmin): Promise<string[]> {
  const listed = (await admin.listGroups()).values().flat()
  return hashMapOrder(
    listed.map(({ groupId }) => groupId),
    null,
  )
}

async function subscriptionNames(admin: ConfigsAdmin): Promise<string[]> {
  return (await admin.listConfigResources(['CLIENT_METRICS'])).map(({ name }) => name)
}

/** Groups that have configs; null where the broker does not say. */
async function groupsWithConfigs(admin: ConfigsAdmin): Promise<string[] | null> {
  try {
    return (await admin.listConfigResources(['GROUP'])).map(({ name }) => name)
  } catch (error) {
    const silent = ['UNSUPPORTED_BY_BROKER', 'UNSUPPORTED_VERSION', 'CLUSTER_AUTHORIZATION_FAILED']
    if (error instanceof KafkaError && silent.includes(error.code)) return null
    throw error
  }
}

function checkTopic(name: string): void {
  const problem = topicNameError(name)
  if (problem !== null) throw new PlainError(problem)
}

function checkBroker(type: ResourceEntityType, name: string): void {
  if (javaInt(name) !== null) return
  throw new PlainError(
    `The entity name for ${type} must be a valid integer broker id, found: ${name}`,
  )
}

/** The configs of an entity by name: all, or those of its own. */
async function configsOf(
  admin: ConfigsAdmin,
  type: ResourceEntityType,
  name: string,
  isAll: boolean,
  includeSynonyms: boolean,
): Promise<ConfigEntry[]> {
  if (name !== '' && type === 'topics') checkTopic(name)
  if (name !== '' && (type === 'brokers' || type === 'broker-loggers')) checkBroker(type, name)
  const resource: ConfigResource = { type: TYPES[type].type, name }
  const isDefault = type === 'brokers' && name === ''
  const own = isDefault ? 'DYNAMIC_DEFAULT_BROKER_CONFIG' : TYPES[type].own
  const options = { includeSynonyms, timeoutMs: DESCRIBE_TIMEOUT_MS }
  const described = (await admin.describeConfigs([resource], options)).get(resource)
  return [...described.values()]
    .filter(({ source }) => isAll || own === null || source === own)
    .sort((a, b) => (a.name < b.name ? -1 : 1))
}

/** Sets and takes away configs of an entity. */
export async function alterResource(
  admin: ConfigsAdmin,
  type: ResourceEntityType,
  name: string,
  { added, deleted }: ConfigChanges,
): Promise<void> {
  if (type === 'brokers' && name !== '') checkBroker(type, name)
  if (type === 'broker-loggers') await checkLoggers(admin, name, { added, deleted })
  const changes: ConfigChange[] = [
    ...deleted.map((config) => ({ name: config, op: 'delete' }) as const),
    ...[...added].map(([config, value]) => ({ name: config, op: 'set', value }) as const),
  ]
  const resource = { type: TYPES[type].type, name }
  const options = { timeoutMs: ALTER_TIMEOUT_MS }
  try {
    const results = await admin.incrementalAlterConfigs([{ ...resource, changes }], options)
    results.get(resource)
  } catch (error) {
    const isOld = ['UNSUPPORTED_BY_BROKER', 'UNSUPPORTED_VERSION']
    if (type === 'broker-loggers' || !(error instanceof KafkaError)) throw error
    if (!isOld.includes(error.code)) throw error
    throw new PlainError(
      'The INCREMENTAL_ALTER_CONFIGS API is not supported by the cluster. The API is supported ' +
        'starting from version 2.3.0. You may want to use an older version of this tool to ' +
        'interact with your cluster, or upgrade your brokers to version 2.3.0 or newer to avoid ' +
        'this error.',
    )
  }
}

async function checkLoggers(
  admin: ConfigsAdmin,
  name: string,
  changes: ConfigChanges,
): Promise<void> {
  const loggers = await configsOf(admin, 'broker-loggers', name, false, false)
  const names = new Set(loggers.map((entry) => entry.name))
  const unknown = [...changes.deleted, ...changes.added.keys()].filter((each) => !names.has(each))
  if (unknown.length === 0) return
  throw new PlainError(`Invalid broker logger(s): ${unknown.join(',')}`)
}
