/**
 * Configs of a group: what it overrides over the broker's defaults, and the bounds that the broker
 * sets for them.
 */
import type { BrokerConfig, Properties } from './broker-config.ts'
import type { BrokerKeyName } from './broker-keys.ts'
import type { ConfigKey, ConfigValue } from './config-key.ts'
import { GROUP_KEYS } from './keys/group.ts'
import { defaultText, parseValue } from './value-text.ts'

export type GroupKeyName = keyof typeof GROUP_KEYS

const NAMES = Object.keys(GROUP_KEYS) as GroupKeyName[]

/** Configs that the broker has no default for. */
const OWN: readonly string[] = [
  'share.auto.offset.reset',
  'share.isolation.level',
  'share.renew.acknowledge.enable',
]

/** Bounds, in the order in which Kafka checks them; a pause between assignments only where set. */
const MIN_MAX: readonly GroupKeyName[] = [
  'consumer.heartbeat.interval.ms',
  'consumer.session.timeout.ms',
  'consumer.assignment.interval.ms',
  'share.heartbeat.interval.ms',
  'share.session.timeout.ms',
  'share.record.lock.duration.ms',
  'share.delivery.count.limit',
  'share.partition.max.record.locks',
  'share.assignment.interval.ms',
  'streams.heartbeat.interval.ms',
  'streams.session.timeout.ms',
  'streams.num.standby.replicas',
  'streams.assignment.interval.ms',
]

/** The config of exactly this name; null where groups have none such. */
export function groupKey(name: string): ConfigKey | null {
  return Object.hasOwn(GROUP_KEYS, name) ? (GROUP_KEYS[name as GroupKeyName] as ConfigKey) : null
}

/** The broker's config that a group's takes its default from. */
export function groupSynonym(name: string): BrokerKeyName | null {
  return OWN.includes(name) ? null : (`group.${name}` as BrokerKeyName)
}

/** The text of the value that a group without an override has. */
export function groupDefaultText(name: GroupKeyName, broker: BrokerConfig): string | null {
  const synonym = groupSynonym(name)
  return synonym === null ? defaultText(GROUP_KEYS[name] as ConfigKey) : broker.text(synonym)
}

/** Kafka's message about the overrides that a group would have; null where they are fine. */
export function checkGroupConfig(overrides: Properties, broker: BrokerConfig): string | null {
  for (const name of overrides.keys()) {
    if (groupKey(name) === null) return `Unknown group config name: ${name}`
  }
  const values = new Map<string, ConfigValue>()
  for (const name of NAMES) {
    const raw = overrides.get(name) ?? (groupDefaultText(name, broker) as string)
    const parsed = parseValue(name, GROUP_KEYS[name] as ConfigKey, raw)
    if (parsed.error !== null) return parsed.error
    values.set(name, parsed.value)
  }
  const number = (name: string) => values.get(name) as number
  for (const name of MIN_MAX) {
    const problem = boundProblem(name, number(name), broker)
    if (problem !== null) return problem
  }
  for (const type of ['consumer', 'share', 'streams']) {
    const [session, heartbeat] = [`${type}.session.timeout.ms`, `${type}.heartbeat.interval.ms`]
    if (number(session) <= number(heartbeat)) return `${session} must be greater than ${heartbeat}`
  }
  return null
}

function boundProblem(name: string, value: number, broker: BrokerConfig): string | null {
  const [type, ...rest] = name.split('.') as [string, ...string[]]
  const bound = (which: string) => `group.${type}.${which}.${rest.join('.')}` as BrokerKeyName
  if (name === 'streams.num.standby.replicas') {
    const max = 'group.streams.max.standby.replicas'
    return value > broker.get(max) ? `${name} must be less than or equal to ${max}` : null
  }
  const [min, max] = [bound('min'), bound('max')]
  if (value < (broker.get(min) as number)) return `${name} must be greater than or equal to ${min}`
  if (value > (broker.get(max) as number)) return `${name} must be less than or equal to ${max}`
  return null
}
