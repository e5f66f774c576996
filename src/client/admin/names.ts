/**
 * Names for the numbers that stand for kinds of things in the protocol: operations, resources,
 * sources of configs. They are those of Java's client, which Kafka's tools print.
 */
import { KafkaError } from '../kafka-error.ts'

/** Names with their numbers, both ways. */
export class NameTable<N extends string> {
  readonly #what: string
  readonly #codes: Readonly<Record<N, number>>
  readonly #names: ReadonlyMap<number, N>

  constructor(what: string, codes: Readonly<Record<N, number>>) {
    this.#what = what
    this.#codes = codes
    this.#names = new Map(
      Object.entries(codes).map(([name, code]) => [code as number, name as N] as const),
    )
  }

  /** The number of a name. Throws INVALID_ARGUMENT where there is none. */
  code(name: N): number {
    const code = Object.hasOwn(this.#codes, name) ? this.#codes[name] : undefined
    if (code !== undefined) return code
    const known = Object.keys(this.#codes).join(', ')
    throw new KafkaError('INVALID_ARGUMENT', `${this.#what}: ${name} is none of ${known}`)
  }

  /** The name of a number; `'UNKNOWN'` for what a newer broker may say. */
  name(code: number): N | 'UNKNOWN' {
    return this.#names.get(code) ?? 'UNKNOWN'
  }
}

/** What a principal does to a resource. */
export type AclOperation =
  | ('ANY' | 'ALL' | 'READ' | 'WRITE' | 'CREATE' | 'DELETE' | 'ALTER' | 'DESCRIBE')
  | ('CLUSTER_ACTION' | 'DESCRIBE_CONFIGS' | 'ALTER_CONFIGS' | 'IDEMPOTENT_WRITE')
  | ('CREATE_TOKENS' | 'DESCRIBE_TOKENS' | 'TWO_PHASE_COMMIT')

export const aclOperations = new NameTable<AclOperation>('operation', {
  ANY: 1,
  ALL: 2,
  READ: 3,
  WRITE: 4,
  CREATE: 5,
  DELETE: 6,
  ALTER: 7,
  DESCRIBE: 8,
  CLUSTER_ACTION: 9,
  DESCRIBE_CONFIGS: 10,
  ALTER_CONFIGS: 11,
  IDEMPOTENT_WRITE: 12,
  CREATE_TOKENS: 13,
  DESCRIBE_TOKENS: 14,
  TWO_PHASE_COMMIT: 15,
})

/** What an ACL does; `ANY` in filters. */
export type AclPermission = 'ANY' | 'DENY' | 'ALLOW'

export const aclPermissions = new NameTable<AclPermission>('permission', {
  ANY: 1,
  DENY: 2,
  ALLOW: 3,
})

/** What an ACL is about; `ANY` in filters. */
export type ResourceType =
  | ('ANY' | 'TOPIC' | 'GROUP' | 'CLUSTER' | 'TRANSACTIONAL_ID')
  | ('DELEGATION_TOKEN' | 'USER')

export const resourceTypes = new NameTable<ResourceType>('resourceType', {
  ANY: 1,
  TOPIC: 2,
  GROUP: 3,
  CLUSTER: 4,
  TRANSACTIONAL_ID: 5,
  DELEGATION_TOKEN: 6,
  USER: 7,
})

/** How an ACL names resources (KIP-290). */
export type PatternType = 'ANY' | 'MATCH' | 'LITERAL' | 'PREFIXED'

export const patternTypes = new NameTable<PatternType>('patternType', {
  ANY: 1,
  MATCH: 2,
  LITERAL: 3,
  PREFIXED: 4,
})

/** What has settings. */
export type ConfigResourceType = 'TOPIC' | 'BROKER' | 'BROKER_LOGGER' | 'CLIENT_METRICS' | 'GROUP'

export const configResourceTypes = new NameTable<ConfigResourceType>('type', {
  TOPIC: 2,
  BROKER: 4,
  BROKER_LOGGER: 8,
  CLIENT_METRICS: 16,
  GROUP: 32,
})

/** Where the value of a config comes from. */
export type ConfigSource =
  | ('DYNAMIC_TOPIC_CONFIG' | 'DYNAMIC_BROKER_CONFIG' | 'DYNAMIC_DEFAULT_BROKER_CONFIG')
  | ('STATIC_BROKER_CONFIG' | 'DEFAULT_CONFIG' | 'DYNAMIC_BROKER_LOGGER_CONFIG')
  | ('DYNAMIC_CLIENT_METRICS_CONFIG' | 'DYNAMIC_GROUP_CONFIG')

export const configSources = new NameTable<ConfigSource>('source', {
  DYNAMIC_TOPIC_CONFIG: 1,
  DYNAMIC_BROKER_CONFIG: 2,
  DYNAMIC_DEFAULT_BROKER_CONFIG: 3,
  STATIC_BROKER_CONFIG: 4,
  DEFAULT_CONFIG: 5,
  DYNAMIC_BROKER_LOGGER_CONFIG: 6,
  DYNAMIC_CLIENT_METRICS_CONFIG: 7,
  DYNAMIC_GROUP_CONFIG: 8,
})

/** The type of a setting's value. */
export type ConfigType =
  | ('BOOLEAN' | 'STRING' | 'INT' | 'SHORT' | 'LONG' | 'DOUBLE' | 'LIST')
  | ('CLASS' | 'PASSWORD')

export const configTypes = new NameTable<ConfigType>('type', {
  BOOLEAN: 1,
  STRING: 2,
  INT: 3,
  SHORT: 4,
  LONG: 5,
  DOUBLE: 6,
  LIST: 7,
  CLASS: 8,
  PASSWORD: 9,
})

/** What a broker answers where it was not asked for authorized operations. */
const NOT_ASKED = -2147483648

/** The operations that a bit field names, or null where they were not asked for. */
export function authorizedOperationsOf(bits: number): readonly AclOperation[] | null {
  if (bits === NOT_ASKED) return null
  const found: AclOperation[] = []
  for (let code = 2; code < 31; code++) {
    if ((bits & (1 << code)) === 0) continue
    const name = aclOperations.name(code)
    if (name !== 'UNKNOWN') found.push(name)
  }
  return found
}
