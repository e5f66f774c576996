/**
 * The notation in which every wire message and persisted record is written, once.
 *
 * A message is a plain value: a name, a version range, and an ordered object of fields. TypeScript
 * types (`Infer`, `Input`), encoders and decoders (codec.ts), ApiVersions, the compatibility page
 * and the fuzzers all derive from that value; nothing else knows the layout of a message.
 *
 * Version ranges are Kafka's: `'3+'`, `'1-4'`, `'2'`. A field without `versions` is in all versions
 * of its message. One object shape serves all versions: a field that is absent in a version decodes
 * to its default and is left out when encoded.
 *
 * KIP-482 (flexible versions, tagged fields), KIP-516 (uuid).
 */
import type { Piece } from '../base/bytes.ts'

/** A version range in Kafka's notation: `'0+'`, `'3+'`, `'1-4'`, `'2'`. */
export type Versions = string

/** 16 bytes as 22 characters of URL-safe base64, Kafka's own text form of a uuid. */
export type Uuid = string

/** Record batches by reference: never copied by the codec. A list is written piece after piece. */
export type RecordsBytes = Uint8Array | readonly Piece[]

export type ScalarKind =
  | 'bool'
  | 'int8'
  | 'int16'
  | 'uint16'
  | 'int32'
  | 'uint32'
  | 'int64'
  | 'opaque64'
  | 'float64'
  | 'string'
  | 'bytes'
  | 'uuid'
  | 'records'

/** What can be said of a field, whatever its kind. */
export interface FieldOptions {
  /** Versions that carry the field. Default: all versions of the message. */
  readonly versions?: Versions
  /** Versions in which null is allowed. Default: none. */
  readonly nullable?: Versions
  /** Value where the field is absent. Also what makes it optional in `Input`. */
  readonly default?: number | bigint | boolean | string | null
  /** Number of the tagged field (KIP-482); `taggedVersions` says where it is tagged. */
  readonly tag?: number
  readonly taggedVersions?: Versions
  /**
   * Versions in which this one field uses the compact form; only RequestHeader.clientId differs.
   */
  readonly flexible?: Versions | 'none'
  /** True where a sender may drop a non-default value that the version can't carry. */
  readonly ignorable?: boolean
}

/** One field of a message. The type parameters exist for `Infer` and `Input` only. */
export interface Field<Out = unknown, In = unknown, Optional extends boolean = boolean> {
  readonly kind: ScalarKind | 'array' | 'struct'
  readonly options: FieldOptions
  /** Element kind of an array. */
  readonly element?: Field
  /** Members of a struct, in wire order. */
  readonly fields?: Fields
  readonly $out?: Out
  readonly $in?: In
  readonly $optional?: Optional
}

export type Fields = { readonly [name: string]: Field<unknown, unknown, boolean> }

type Nullable<O, T> = O extends { readonly nullable: string } ? T | null : T
type IsOptional<O> = O extends { readonly default: unknown }
  ? true
  : O extends { readonly tag: number }
    ? true
    : O extends { readonly versions: string }
      ? true
      : false
type Made<O, Out, In = Out> = Field<Nullable<O, Out>, Nullable<O, In>, IsOptional<O>>

function scalar<Out, In = Out>(kind: ScalarKind) {
  return <const O extends FieldOptions = Record<never, never>>(options?: O): Made<O, Out, In> => ({
    kind,
    options: options ?? {},
  })
}

export const bool = scalar<boolean>('bool')
export const int8 = scalar<number>('int8')
export const int16 = scalar<number>('int16')
export const uint16 = scalar<number>('uint16')
export const int32 = scalar<number>('int32')
export const uint32 = scalar<number>('uint32')
/** A number checked to be a safe integer; the two ends of int64 pass as ±2^63 (rule 10). */
export const int64 = scalar<number>('int64')
/** An int64 that is 64 bits rather than a number, such as a hash; int64 on the wire. */
export const opaque64 = scalar<bigint>('opaque64')
export const float64 = scalar<number>('float64')
export const string = scalar<string>('string')
/** Decodes to a view of the frame: copy what outlives the turn. */
export const bytes = scalar<Uint8Array>('bytes')
export const uuid = scalar<Uuid>('uuid')
/** Record batches; decodes to a view of the frame. */
export const records = scalar<Uint8Array, RecordsBytes>('records')

type Simplify<T> = { [K in keyof T]: T[K] } & {}
type OutOf<F> = F extends Field<infer Out, unknown, boolean> ? Out : never
type InOf<F> = F extends Field<unknown, infer In, boolean> ? In : never
type OptionalKeys<F extends Fields> = {
  [K in keyof F]: F[K] extends Field<unknown, unknown, true> ? K : never
}[keyof F]

/** The decoded form of a set of fields: every field present. */
export type OutFields<F extends Fields> = Simplify<{ [K in keyof F]: OutOf<F[K]> }>
/** The form an encoder takes: fields with a default, a tag or a version range may be left out. */
export type InFields<F extends Fields> = Simplify<
  { readonly [K in Exclude<keyof F, OptionalKeys<F>>]: InOf<F[K]> } & {
    readonly [K in OptionalKeys<F>]?: InOf<F[K]> | undefined
  }
>

/** A nested structure, sent in place. */
export function struct<const F extends Fields, const O extends FieldOptions = Record<never, never>>(
  fields: F,
  options?: O,
): Made<O, OutFields<F>, InFields<F>> {
  return { kind: 'struct', fields, options: options ?? {} }
}

/** An array of scalars (`array(int32())`) or of structures (`array({ … })`). */
export function array<
  const E extends Field | Fields,
  const O extends FieldOptions = Record<never, never>,
>(
  element: E,
  options?: O,
): E extends Field
  ? Made<O, OutOf<E>[], readonly InOf<E>[]>
  : E extends Fields
    ? Made<O, OutFields<E>[], readonly InFields<E>[]>
    : never {
  const isField = typeof (element as Field).kind === 'string'
  const made: Field = {
    kind: 'array',
    element: isField
      ? (element as Field)
      : { kind: 'struct', fields: element as Fields, options: {} },
    options: options ?? {},
  }
  return made as never
}

/** A whole message or record. */
export interface Message<F extends Fields = Fields> {
  readonly name: string
  /** Versions that exist, e.g. `'3-13'`. */
  readonly versions: Versions
  /** Versions with compact lengths and tagged fields, or `'none'`. */
  readonly flexible: Versions | 'none'
  /** -1 where the message is not a request or response; for records: the record type. */
  readonly apiKey: number
  readonly listeners: readonly ('broker' | 'controller')[]
  /** True where the newest version is unstable and only served on request (KIP-896 names it so). */
  readonly latestVersionUnstable: boolean
  readonly fields: F
}

/** Declares a message. */
export function message<const F extends Fields>(
  name: string,
  head: {
    readonly apiKey?: number
    readonly versions: Versions
    readonly flexible: Versions | 'none'
    readonly listeners?: readonly ('broker' | 'controller')[]
    readonly latestVersionUnstable?: boolean
  },
  fields: F,
): Message<F> {
  return {
    name,
    versions: head.versions,
    flexible: head.flexible,
    apiKey: head.apiKey ?? -1,
    listeners: head.listeners ?? [],
    latestVersionUnstable: head.latestVersionUnstable ?? false,
    fields,
  }
}

/** `Fetch` of `FetchRequest`. */
export function apiName({ name }: Pick<Message, 'name'>): string {
  return name.endsWith('Request') ? name.slice(0, -'Request'.length) : name
}

/** Decoded form of a message. */
export type Infer<M extends Message> = OutFields<M['fields']>
/** What an encoder of a message takes. */
export type Input<M extends Message> = InFields<M['fields']>

/** A parsed version range; `max` is 32767 for an open one, and `min > max` holds for `'none'`. */
export interface VersionRange {
  readonly min: number
  readonly max: number
}

/** Parses Kafka's notation of a version range. Throws on anything else: schemas are constants. */
export function parseVersions(text: Versions | 'none'): VersionRange {
  if (text === 'none') return { min: 1, max: 0 }
  const match = /^(\d+)(?:(\+)|-(\d+))?$/.exec(text)
  if (match === null) throw new Error(`not a version range: "${text}"`)
  const min = Number(match[1])
  const max = match[2] === '+' ? 32767 : match[3] === undefined ? min : Number(match[3])
  return { min, max }
}
