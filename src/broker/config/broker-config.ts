/**
 * The configuration of one node: its properties, read, checked and typed.
 *
 * Invariant: an instance that `parse` hands out has passed every rule, of single values and between
 * them, so that nothing later can fail on it.
 */
import { nearestName } from '../../base/nearest-name.ts'
import {
  BROKER_KEYS,
  type BrokerKeyName,
  type BrokerValue,
  brokerKey,
  withoutListener,
} from './broker-keys.ts'
import type { ConfigKey, ConfigValue } from './config-key.ts'
import { consistencyIssues } from './consistency.ts'
import { type ConfigIssue, missingIssue, valueIssue } from './issue.ts'
import { type Listener, resolveListeners, type SecurityProtocol } from './listeners.ts'
import { quorumIssues } from './quorum-rules.ts'
import { isPlugInName, knownNames, unbuiltIssues } from './unbuilt.ts'
import { defaultText, parseValue } from './value-text.ts'
import { parseVoter, type VoterAddress } from './voters.ts'

/** Properties by name, as they stand in a file. */
export type Properties = ReadonlyMap<string, string>

export interface ParseResult {
  /** Null where there are errors. */
  readonly config: BrokerConfig | null
  readonly errors: readonly ConfigIssue[]
  readonly warnings: readonly string[]
}

export interface ParseOptions {
  /** Makes a name that is not known an error. */
  readonly strict?: boolean
}

interface ReadValue {
  readonly value: ConfigValue
  readonly text: string | null
}

export class BrokerConfig {
  /** What was set, with `node.id` and `broker.id` standing for each other. */
  readonly properties: Properties
  readonly listeners: readonly Listener[]
  readonly listenerProtocols: ReadonlyMap<string, SecurityProtocol>
  /** Voters of a static quorum; empty for a dynamic one. */
  readonly voters: readonly VoterAddress[]
  readonly #values: ReadonlyMap<string, ReadValue>

  private constructor(
    properties: Properties,
    values: ReadonlyMap<string, ReadValue>,
    issues: ConfigIssue[],
  ) {
    this.properties = properties
    this.#values = values
    const resolved = resolveListeners({
      listeners: this.get('listeners'),
      advertised: this.get('advertised.listeners'),
      protocolMap: this.get('listener.security.protocol.map'),
      protocolMapIsSet: this.isSet('listener.security.protocol.map'),
      controllerNames: this.get('controller.listener.names'),
    })
    issues.push(...resolved.issues)
    this.listeners = resolved.listeners
    this.listenerProtocols = resolved.protocols
    this.voters = this.get('controller.quorum.voters')
      .map(parseVoter)
      .filter((voter) => typeof voter !== 'string')
  }

  /** Reads a node's properties. Warnings are whole sentences; errors are printed by `issueLine`. */
  static parse(given: Properties, { strict = false }: ParseOptions = {}): ParseResult {
    const properties = withSameId(given)
    const { errors, warnings } = unbuiltIssues(properties)
    for (const [name, value] of properties) {
      const message = unknownName(name)
      if (message === null) continue
      if (strict) errors.push({ key: name, value, message })
      else warnings.push(`${name}: ${message}`)
    }
    const values = readValues(properties, errors)
    if (errors.some(({ key }) => brokerKey(key) !== null)) return { config: null, errors, warnings }
    const config = new BrokerConfig(properties, values, errors)
    if (errors.length === 0) errors.push(...quorumIssues(config), ...consistencyIssues(config))
    return { config: errors.length === 0 ? config : null, errors, warnings }
  }

  /**
   * The same node with other properties, as dynamic configs make them; Kafka's message if wrong.
   */
  static withProperties(given: Properties): BrokerConfig | string {
    const errors: ConfigIssue[] = []
    const properties = withSameId(given)
    const values = readValues(properties, errors)
    const [unread] = errors
    if (unread !== undefined) return unread.message
    const config = new BrokerConfig(properties, values, errors)
    const [first] = [...errors, ...quorumIssues(config), ...consistencyIssues(config)]
    return first === undefined ? config : first.message
  }

  /** The value of a config, its default where it is not set. */
  get<Name extends BrokerKeyName>(name: Name): BrokerValue<Name> {
    const read = this.#values.get(name)
    const value = read === undefined ? BROKER_KEYS[name].defaultValue : read.value
    return value as BrokerValue<Name>
  }

  /** The same as text; null where there is no value. */
  text(name: BrokerKeyName): string | null {
    const read = this.#values.get(name)
    return read === undefined ? defaultText(BROKER_KEYS[name] as ConfigKey) : read.text
  }

  /** Whether the properties set it. */
  isSet(name: BrokerKeyName): boolean {
    return this.properties.has(name)
  }

  get logDirs(): readonly string[] {
    return this.get('log.dirs') ?? this.get('log.dir')
  }

  get metadataLogDir(): string {
    return this.get('metadata.log.dir') ?? (this.logDirs[0] as string)
  }

  get interBrokerListenerName(): string {
    const name = this.get('inter.broker.listener.name')
    return name === null ? this.get('security.inter.broker.protocol') : name.toUpperCase()
  }

  /**
   * Connections allowed for single addresses; null where the setting cannot be read. Of names only
   * that of this machine is known.
   */
  get connectionOverrides(): ReadonlyMap<string, number> | null {
    const overrides = new Map<string, number>()
    for (const entry of this.get('max.connections.per.ip.overrides').split(/\s*,\s*/)) {
      if (entry === '') continue
      const match = /^([0-9a-zA-Z\-%._:]+)\s*:\s*(\d+)$/.exec(entry)
      if (match === null) return null
      const host = match[1] as string
      overrides.set(host === 'localhost' ? '127.0.0.1' : host, Number(match[2]))
    }
    return overrides
  }
}

/** `broker.id` is the older name of `node.id`: whichever is set stands for both. */
function withSameId(given: Properties): Properties {
  const nodeId = given.get('node.id')
  const brokerId = given.get('broker.id')
  const properties = new Map(given)
  if (nodeId === undefined && brokerId !== undefined) properties.set('node.id', brokerId)
  if (brokerId === undefined && nodeId !== undefined) properties.set('broker.id', nodeId)
  return properties
}

function readValues(properties: Properties, errors: ConfigIssue[]): Map<string, ReadValue> {
  const values = new Map<string, ReadValue>()
  for (const [name, key] of Object.entries(BROKER_KEYS) as [string, ConfigKey][]) {
    const raw = properties.get(name)
    if (raw === undefined) {
      if (key.required) errors.push(missingIssue(name, key))
      continue
    }
    const parsed = parseValue(name, key, raw)
    if (parsed.error !== null) errors.push(valueIssue(name, key, raw, parsed.error))
    else values.set(name, parsed)
  }
  return values
}

/** Why a name means nothing, with the one that may have been meant; null for a known one. */
function unknownName(name: string): string | null {
  const base = withoutListener(name) ?? name
  if (brokerKey(base) !== null || isPlugInName(name)) return null
  if (base !== name && brokerKey(base.slice(base.indexOf('.') + 1)) !== null) return null
  const near = nearestName(name, knownNames())
  return `no such setting${near === null ? '' : `; did you mean ${near}?`}`
}
