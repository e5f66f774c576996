/**
 * All configs of a node in one table, and how they are found by name: plain names, the rates that
 * are only set dynamically, and names behind a listener's prefix.
 */
import type { ConfigKey, ConfigKeys, ValueOf } from './config-key.ts'
import { GROUP_COORDINATOR_KEYS } from './keys/group-coordinator.ts'
import { KRAFT_KEYS } from './keys/kraft.ts'
import { LOG_KEYS } from './keys/log.ts'
import { QUOTA_RATE_KEYS } from './keys/quota-rates.ts'
import { QUOTA_KEYS } from './keys/quotas.ts'
import { REMOTE_STORAGE_KEYS } from './keys/remote-storage.ts'
import { REPLICATION_KEYS } from './keys/replication.ts'
import { SECURITY_KEYS } from './keys/security.ts'
import { SERVER_KEYS } from './keys/server.ts'
import { SHARE_KEYS } from './keys/share.ts'
import { SOCKET_KEYS } from './keys/sockets.ts'
import { TRANSACTION_KEYS } from './keys/transactions.ts'

/** Every config that may stand in a node's properties. */
export const BROKER_KEYS = {
  ...REMOTE_STORAGE_KEYS,
  ...SERVER_KEYS,
  ...KRAFT_KEYS,
  ...SOCKET_KEYS,
  ...REPLICATION_KEYS,
  ...GROUP_COORDINATOR_KEYS,
  ...LOG_KEYS,
  ...SHARE_KEYS,
  ...TRANSACTION_KEYS,
  ...QUOTA_KEYS,
  ...SECURITY_KEYS,
}

export type BrokerKeyName = keyof typeof BROKER_KEYS
export type BrokerValue<Name extends BrokerKeyName> = ValueOf<typeof BROKER_KEYS, Name>

const KEYS: ConfigKeys = BROKER_KEYS
const RATES: ConfigKeys = QUOTA_RATE_KEYS

/** A name behind a listener's prefix: `listener.name.external.max.connections`. */
const LISTENER_NAME = /^listener\.name\.[^.]*\.(.*)$/s

/** Configs that stand behind a listener's prefix and a SASL mechanism. */
const MECHANISM_NAMES = [
  'sasl.jaas.config',
  'sasl.login.callback.handler.class',
  'sasl.login.class',
  'sasl.server.callback.handler.class',
  'connections.max.reauth.ms',
]

/** The config of exactly this name; null where there is none. */
export function brokerKey(name: string): ConfigKey | null {
  return Object.hasOwn(KEYS, name) ? (KEYS[name] as ConfigKey) : null
}

/** The same for a dynamic config, where the rates of replication quotas count too. */
export function dynamicKey(name: string): ConfigKey | null {
  return brokerKey(name) ?? (Object.hasOwn(RATES, name) ? (RATES[name] as ConfigKey) : null)
}

/** What stands behind a listener's prefix; null where there is no prefix. */
export function withoutListener(name: string): string | null {
  return LISTENER_NAME.exec(name)?.[1] ?? null
}

/** The config that decides the type of `name`, behind a listener's prefix too. */
export function keyOfName(name: string): ConfigKey | null {
  const exact = dynamicKey(name)
  if (exact !== null) return exact
  const base = withoutListener(name)
  return base === null ? null : brokerKey(mechanismBase(base))
}

/** A config's name without the SASL mechanism before it. */
export function mechanismBase(base: string): string {
  return MECHANISM_NAMES.find((name) => base.endsWith(name)) ?? base
}

/** The same setting in another unit, the one that wins first. */
const UNITS = [
  ['log.roll.ms', 'log.roll.hours'],
  ['log.roll.jitter.ms', 'log.roll.jitter.hours'],
  ['log.retention.ms', 'log.retention.minutes', 'log.retention.hours'],
]
const FLUSH = ['log.flush.interval.ms', 'log.flush.scheduler.interval.ms']

/** The names under which a setting may stand, the one that wins first; `name` itself among them. */
export function synonymsOf(name: string): readonly string[] {
  if (name === FLUSH[0]) return FLUSH
  return UNITS.find((names) => names.includes(name)) ?? [name]
}

/** The same with, behind a listener's prefix, the setting for all listeners as the fallback. */
export function synonymsWithListener(name: string): readonly string[] {
  const base = withoutListener(name)
  return base === null ? synonymsOf(name) : [name, mechanismBase(base)]
}
