/**
 * What is wrong with a configuration, for the person who wrote it. Invariant: the line names the
 * key, the value and what is allowed; the value of a secret is never in it.
 */
import type { ConfigKey } from './config-key.ts'

export interface ConfigIssue {
  readonly key: string
  /** Null where the key is not set; hidden where it is a secret. */
  readonly value: string | null
  /** What is wrong; Kafka's words where Kafka has the same rule. */
  readonly message: string
}

const HIDDEN = '[hidden]'

const TYPE_WORDS = {
  BOOLEAN: 'true or false',
  SHORT: 'an integer from -32768 to 32767',
  INT: 'a 32-bit integer',
  LONG: 'a 64-bit integer',
  DOUBLE: 'a number',
  STRING: 'a text',
  CLASS: 'the name of a class',
  PASSWORD: 'a text',
  LIST: 'a comma-separated list',
} as const

/** How a value of `key` may be shown to people. */
export function shownValue(key: ConfigKey | null, value: string): string {
  return key?.type === 'PASSWORD' ? HIDDEN : value
}

/** What a config allows, in a few words. */
export function allowedValues(key: ConfigKey): string {
  const { type, rule } = key
  if (rule === null) return TYPE_WORDS[type]
  const isNumber = type === 'INT' || type === 'LONG' || type === 'SHORT' || type === 'DOUBLE'
  return isNumber ? `${TYPE_WORDS[type]}, ${rule.allowed}` : rule.allowed
}

/** A value that its config does not allow. */
export function valueIssue(name: string, key: ConfigKey, raw: string, reason: string): ConfigIssue {
  const value = shownValue(key, raw)
  const said = value === raw ? reason : 'the value is not valid'
  return { key: name, value, message: `${said} (allowed: ${allowedValues(key)})` }
}

/** A config that must be set and is not. */
export function missingIssue(name: string, key: ConfigKey): ConfigIssue {
  const message = `Missing required configuration "${name}" (allowed: ${allowedValues(key)})`
  return { key: name, value: null, message }
}

/** The line that is printed. */
export function issueLine({ key, value, message }: ConfigIssue): string {
  return value === null ? `${key} is not set: ${message}` : `${key}=${value}: ${message}`
}
