/**
 * What a config is: its type, default, rule, importance and when it may change. The tables in
 * `keys/` are written with the functions here, one entry a config; everything else (parsing,
 * DescribeConfigs, typed access) derives from them.
 */
import type { ValueRule } from './value-rule.ts'

/** Types of values, by the names that Kafka's messages use. */
export type ConfigType =
  | 'BOOLEAN'
  | 'STRING'
  | 'INT'
  | 'SHORT'
  | 'LONG'
  | 'DOUBLE'
  | 'LIST'
  | 'CLASS'
  | 'PASSWORD'

/** A parsed value. A LONG is a number; one beyond 2^53 is rounded, Long.MAX_VALUE is 2^63. */
export type ConfigValue = boolean | number | string | readonly string[] | null

export type Importance = 'high' | 'medium' | 'low'

/** When a config of a broker may change while it runs. */
export type UpdateMode = 'read-only' | 'per-broker' | 'cluster-wide'

/** Importance and, after a space, what is special: how it may change, or that it is for tests. */
export type Traits = Importance | `${Importance} ${'per-broker' | 'cluster-wide' | 'internal'}`

/** One config; `T` is the type of its value, null included where it has no default. */
export interface ConfigKey<T extends ConfigValue = ConfigValue> {
  readonly type: ConfigType
  /** Null also where the config is required. */
  readonly defaultValue: T
  readonly required: boolean
  /** What values are allowed; null where every value of the type is. */
  readonly rule: ValueRule | null
  readonly importance: Importance
  readonly updateMode: UpdateMode
  /** Shown by DescribeConfigs only where it is set. */
  readonly internal: boolean
  readonly documentation: string
}

/** A table of configs by name. */
export type ConfigKeys = Readonly<Record<string, ConfigKey>>

/** The type of the value of `Keys[Name]`. */
export type ValueOf<Keys, Name extends keyof Keys> =
  Keys[Name] extends ConfigKey<infer T> ? T : never

/** Stands where a config has no default and must be given. */
export const REQUIRED = Symbol('required')

/** Stands where every value of the type is allowed. */
export const ANY = null

type Default<T> = T | null | typeof REQUIRED
type Value<D, T> = null extends D ? T | null : T
type Rule = ValueRule | null

function define<D, T extends ConfigValue>(
  type: ConfigType,
  defaultValue: D,
  rule: Rule,
  traits: Traits,
  documentation: string,
): ConfigKey<T> {
  const [importance, special] = traits.split(' ') as [Importance, string | undefined]
  const dynamic = special === 'per-broker' || special === 'cluster-wide'
  return {
    type,
    defaultValue: (defaultValue === REQUIRED ? null : defaultValue) as T,
    required: defaultValue === REQUIRED,
    rule,
    importance,
    updateMode: dynamic ? special : 'read-only',
    internal: special === 'internal',
    documentation,
  }
}

/** Whether true or false. */
export function bool(defaultValue: boolean, rule: Rule, traits: Traits, documentation: string) {
  return define<boolean, boolean>('BOOLEAN', defaultValue, rule, traits, documentation)
}

/** A 32-bit integer. */
export function int<const D extends Default<number>>(
  defaultValue: D,
  rule: Rule,
  traits: Traits,
  documentation: string,
) {
  return define<D, Value<D, number>>('INT', defaultValue, rule, traits, documentation)
}

/** A 16-bit integer. */
export function short(defaultValue: number, rule: Rule, traits: Traits, documentation: string) {
  return define<number, number>('SHORT', defaultValue, rule, traits, documentation)
}

/** A 64-bit integer. */
export function long<const D extends Default<number>>(
  defaultValue: D,
  rule: Rule,
  traits: Traits,
  documentation: string,
) {
  return define<D, Value<D, number>>('LONG', defaultValue, rule, traits, documentation)
}

/** A floating-point number. */
export function double(defaultValue: number, rule: Rule, traits: Traits, documentation: string) {
  return define<number, number>('DOUBLE', defaultValue, rule, traits, documentation)
}

/** A text, spaces around it removed. */
export function string<const D extends Default<string>>(
  defaultValue: D,
  rule: Rule,
  traits: Traits,
  documentation: string,
) {
  return define<D, Value<D, string>>('STRING', defaultValue, rule, traits, documentation)
}

/** The name of a Java class. Millrace loads none; it knows what the well-known ones stand for. */
export function className<const D extends Default<string>>(
  defaultValue: D,
  rule: Rule,
  traits: Traits,
  documentation: string,
) {
  return define<D, Value<D, string>>('CLASS', defaultValue, rule, traits, documentation)
}

/** A secret: never shown, never logged. */
export function password(defaultValue: null, rule: Rule, traits: Traits, documentation: string) {
  return define<null, string | null>('PASSWORD', defaultValue, rule, traits, documentation)
}

/** Texts with commas between them. */
export function list<const D extends Default<readonly string[]>>(
  defaultValue: D,
  rule: Rule,
  traits: Traits,
  documentation: string,
) {
  return define<D, Value<D, readonly string[]>>('LIST', defaultValue, rule, traits, documentation)
}
