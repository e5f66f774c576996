/**
 * A node's configuration over time: its properties, under the default that the metadata has for all
 * brokers, under what it has for this one (KIP-226).
 *
 * Invariant: `current` is always valid. What the metadata has and this node cannot take (written by
 * another version, say) is left out with a warning, never half applied.
 */
import { BrokerConfig, type Properties } from './broker-config.ts'
import { brokerKey, dynamicKey, synonymsOf, withoutListener } from './broker-keys.ts'
import { parseValue } from './value-text.ts'

/** Certificates and keys: changed at run time for one listener only. */
const CERTIFICATES = new RegExp(
  '^ssl\\.(key\\.password|(keystore|truststore)\\.' +
    '(type|location|password|key|certificate\\.chain|certificates))$',
)

/** Dynamic in Kafka, and fixed in Millrace until the feature behind it is built. */
const NOT_YET_DYNAMIC =
  /^(listeners|listener\.security\.protocol\.map|config\.providers|metric\.reporters)$/

/** Limits of connections hold for all brokers even behind a listener's prefix. */
const ALL_BROKERS = ['max.connections', 'max.connection.creation.rate', 'num.network.threads']

/** Kafka lets a pool of threads at most double or halve at a time. */
const THREADS = [
  'num.io.threads',
  'num.network.threads',
  'num.replica.fetchers',
  'num.recovery.threads.per.data.dir',
  'background.threads',
  'log.cleaner.threads',
] as const

/**
 * Bounded by configs of the same name with min and max in it; what is beyond counts as the bound.
 */
const CLAMPED = ['consumer', 'share', 'streams'] as const

export class DynamicBrokerConfig {
  /** The node's properties alone. */
  readonly static: BrokerConfig
  #current: BrokerConfig
  #cluster: Properties = new Map()
  #broker: Properties = new Map()

  constructor(properties: BrokerConfig) {
    this.static = properties
    this.#current = properties
  }

  /** What holds now. */
  get current(): BrokerConfig {
    return this.#current
  }

  /** What holds of the default of all brokers. */
  get cluster(): Properties {
    return this.#cluster
  }

  /** What holds of this broker's overrides. */
  get broker(): Properties {
    return this.#broker
  }

  /** Takes over what the metadata has; returns a warning for each thing that is left out. */
  update(broker: Properties, cluster: Properties): string[] {
    const warnings: string[] = []
    this.#cluster = applicable(cluster, false, warnings)
    this.#broker = applicable(broker, true, warnings)
    const merged = this.#merge(this.#cluster, this.#broker)
    const next = BrokerConfig.withProperties(merged)
    if (typeof next === 'string') warnings.push(`dynamic configs are not applied: ${next}`)
    else this.#current = next
    return warnings
  }

  /**
   * Kafka's message about a set of overrides that someone wants to store; null where it is fine.
   */
  check(overrides: Properties, perBroker: boolean): string | null {
    const problem = nameProblem(overrides, perBroker)
    if (problem !== null) return problem
    const merged = perBroker
      ? this.#merge(this.#cluster, overrides)
      : this.#merge(overrides, this.#broker)
    const next = BrokerConfig.withProperties(merged)
    return typeof next === 'string' ? next : threadProblem(this.#current, next)
  }

  /** What would hold, with `broker` winning over `cluster` and both over the file. */
  #merge(cluster: Properties, broker: Properties): Map<string, string> {
    const merged = new Map(this.static.properties)
    for (const layer of [cluster, broker]) {
      for (const [name, value] of layer) {
        for (const synonym of synonymsOf(name)) merged.delete(synonym)
        merged.set(name, value)
      }
    }
    clamp(merged)
    return merged
  }
}

/** Keeps the pause between assignments within its bounds, which only the file can change. */
function clamp(merged: Map<string, string>): void {
  for (const type of CLAMPED) {
    const name = `group.${type}.assignment.interval.ms` as const
    const value = merged.get(name)
    if (value === undefined) continue
    const bound = (which: 'min' | 'max') => {
      const bounded = `group.${type}.${which}.assignment.interval.ms` as const
      return Number(merged.get(bounded) ?? brokerKey(bounded)?.defaultValue)
    }
    const within = Math.min(Math.max(Number(value), bound('min')), bound('max'))
    if (!Number.isNaN(within)) merged.set(name, String(within))
  }
}

/** The overrides that this node can take, with a warning for each that it cannot. */
function applicable(overrides: Properties, perBroker: boolean, warnings: string[]): Properties {
  const kept = new Map<string, string>()
  for (const [name, value] of overrides) {
    const problem = nameProblem(new Map([[name, value]]), perBroker)
    if (problem === null) kept.set(name, value)
    else warnings.push(`dynamic config ${name} is ignored: ${problem}`)
  }
  return kept
}

/** What is wrong with the names and single values, in the order in which Kafka looks. */
function nameProblem(overrides: Properties, perBroker: boolean): string | null {
  const names = [...overrides.keys()].sort()
  const about = (message: string, found: string[]) =>
    found.length === 0 ? null : `${message}: [${found.join(', ')}]`
  return (
    about(
      'Cannot update these configs dynamically',
      names.filter((name) => brokerKey(name)?.updateMode === 'read-only'),
    ) ??
    about(
      'These security configs can be dynamically updated only per-listener using the listener ' +
        'prefix',
      names.filter((name) => CERTIFICATES.test(name)),
    ) ??
    valueProblem(overrides) ??
    (perBroker
      ? null
      : about(
          'Cannot update these configs at default cluster level, broker id must be specified',
          names.filter(isPerBroker),
        )) ??
    about(
      'Millrace cannot change these configs dynamically yet',
      names.filter((name) => NOT_YET_DYNAMIC.test(name)),
    )
  )
}

function valueProblem(overrides: Properties): string | null {
  for (const [name, value] of overrides) {
    const base = withoutListener(name) ?? name
    const key = dynamicKey(base)
    const parsed = key === null ? null : parseValue(base, key, value)
    if (parsed !== null && parsed.error !== null) return parsed.error
  }
  return null
}

function isPerBroker(name: string): boolean {
  const base = withoutListener(name)
  if (base !== null) return !ALL_BROKERS.includes(base)
  return brokerKey(name)?.updateMode === 'per-broker'
}

function threadProblem(now: BrokerConfig, next: BrokerConfig): string | null {
  for (const name of THREADS) {
    const [old, wanted] = [now.get(name), next.get(name)]
    if (wanted === old) continue
    const reason =
      name === 'log.cleaner.threads' ? cleanerReason(old, wanted) : poolReason(name, old, wanted)
    if (reason === null) continue
    return (
      `Invalid value org.apache.kafka.common.config.ConfigException: ${reason} ` +
      'for configuration Invalid dynamic configuration'
    )
  }
  return null
}

function poolReason(name: string, old: number, wanted: number): string | null {
  const start = `Dynamic thread count update validation failed for ${name}=${wanted}, value should`
  if (wanted < Math.trunc(old / 2)) return `${start} be at least half the current value ${old}`
  if (wanted > old * 2) return `${start} not be greater than double the current value ${old}`
  return null
}

function cleanerReason(old: number, wanted: number): string | null {
  if (wanted < 1) return 'Log cleaner threads should be at least 1'
  const start = 'Log cleaner threads cannot be'
  if (wanted < Math.trunc(old / 2)) {
    return `${start} reduced to less than half the current value ${old}`
  }
  if (wanted <= old * 2) return null
  return `${start} increased to more than double the current value ${old}`
}
