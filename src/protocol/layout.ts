/**
 * A message at one version: what its schema says with all version ranges resolved. Both codecs
 * (compile-*.ts and closure-codec.ts), the default values and the generators of the tests work from
 * this, so that no other place compares a version with a range.
 *
 * KIP-482 (flexible versions, tagged fields).
 */
import { assert } from '../base/assert.ts'
import { ZERO_UUID } from '../base/uuid.ts'
import { ProtocolError } from './protocol-error.ts'
import {
  type Field,
  type FieldOptions,
  type Fields,
  type Message,
  parseVersions,
  type Versions,
} from './schema.ts'

/** How a field appears in this version. */
export type Presence = 'absent' | 'plain' | 'tagged'

/**
 * A default value; null also stands for "no records". Arrays and structs that are empty have EMPTY.
 */
export type DefaultValue = number | bigint | boolean | string | null | typeof EMPTY

/** The default of an array, of bytes, or of a struct whose members all have their own defaults. */
export const EMPTY = Symbol('empty')

/** One field at one version. */
export interface FieldLayout {
  readonly name: string
  /** The message and the names down to here, for error texts: `FetchRequest.topics.partitions`. */
  readonly path: string
  readonly kind: Field['kind']
  readonly presence: Presence
  /** -1 where the field has none. */
  readonly tag: number
  /** Whether null may be sent in this version. */
  readonly nullable: boolean
  /** Lengths are unsigned varints of n + 1 instead of int16 or int32. */
  readonly compact: boolean
  /** A value that this version can't carry is dropped instead of refused. */
  readonly ignorable: boolean
  /** The value may be left out when encoding. */
  readonly optional: boolean
  readonly defaultValue: DefaultValue
  /** Of an array: its elements, whose name and path are those of the array. */
  readonly element: FieldLayout | null
  /** Of a struct: its members. */
  readonly struct: StructLayout | null
}

/** A message or a struct in it, at one version. */
export interface StructLayout {
  readonly path: string
  readonly version: number
  /** Ends with tagged fields. */
  readonly flexible: boolean
  /** All fields, also those that this version lacks, in the order of the schema. */
  readonly fields: readonly FieldLayout[]
  /** The tagged ones of this version, by tag. */
  readonly tagged: readonly FieldLayout[]
  /** Tags that other versions define: they are refused where unknown ones are skipped. */
  readonly foreignTags: readonly number[]
  /** The fewest bytes that a value takes. */
  readonly minBytes: number
}

const FIELD_NAME = /^[A-Za-z][A-Za-z0-9]*$/

/** Whether the range, or `'none'`, contains the version. */
export function includesVersion(versions: Versions | 'none', version: number): boolean {
  const { min, max } = parseVersions(versions)
  return version >= min && version <= max
}

/** The layout of a message at a version; ProtocolError where that version does not exist. */
export function layoutOf(message: Message, version: number): StructLayout {
  if (!Number.isInteger(version) || !includesVersion(message.versions, version)) {
    throw new ProtocolError(`${message.name} has no version ${version}: it has ${message.versions}`)
  }
  const flexible = includesVersion(message.flexible, version)
  return structLayout(message.fields, message.name, version, flexible)
}

function structLayout(
  fields: Fields,
  path: string,
  version: number,
  flexible: boolean,
): StructLayout {
  const layouts: FieldLayout[] = []
  for (const [name, field] of Object.entries(fields)) {
    // Names become part of compiled code.
    assert(FIELD_NAME.test(name), `${path}: "${name}" is not a field name`)
    layouts.push(fieldLayout(name, field, `${path}.${name}`, version, flexible))
  }
  const tagged = layouts.filter(({ presence }) => presence === 'tagged')
  assert(flexible || tagged.length === 0, `${path}: tagged fields in an inflexible version`)
  let minBytes = flexible ? 1 : 0
  for (const field of layouts) {
    if (field.presence === 'plain') minBytes += minBytesOf(field)
  }
  return {
    path,
    version,
    flexible,
    fields: layouts,
    tagged: tagged.sort((a, b) => a.tag - b.tag),
    foreignTags: layouts
      .filter(({ presence, tag }) => presence !== 'tagged' && tag >= 0)
      .map(({ tag }) => tag),
    minBytes,
  }
}

function fieldLayout(
  name: string,
  field: Field,
  path: string,
  version: number,
  flexible: boolean,
): FieldLayout {
  const { options, kind, element, fields } = field
  return {
    name,
    path,
    kind,
    presence: presenceOf(options, version),
    tag: options.tag ?? -1,
    nullable: options.nullable !== undefined && includesVersion(options.nullable, version),
    compact: options.flexible === undefined ? flexible : includesVersion(options.flexible, version),
    ignorable: options.ignorable ?? false,
    optional: 'default' in options || 'tag' in options || 'versions' in options,
    defaultValue: defaultOf(kind, options),
    element: element === undefined ? null : fieldLayout(name, element, path, version, flexible),
    struct: fields === undefined ? null : structLayout(fields, path, version, flexible),
  }
}

function presenceOf(options: FieldOptions, version: number): Presence {
  const versions = options.versions ?? options.taggedVersions
  if (versions !== undefined && !includesVersion(versions, version)) return 'absent'
  const tagged =
    options.taggedVersions !== undefined && includesVersion(options.taggedVersions, version)
  return tagged ? 'tagged' : 'plain'
}

function defaultOf(kind: Field['kind'], options: FieldOptions): DefaultValue {
  if (options.default !== undefined) return options.default
  switch (kind) {
    case 'bool':
      return false
    case 'string':
      return ''
    case 'uuid':
      return ZERO_UUID
    case 'opaque64':
      return 0n
    case 'records':
      return null
    case 'bytes':
    case 'array':
    case 'struct':
      return EMPTY
    default:
      return 0
  }
}

/** Bytes of a kind that always takes as many; 0 for the others. */
export function fixedBytes(kind: Field['kind']): number {
  switch (kind) {
    case 'bool':
    case 'int8':
      return 1
    case 'int16':
    case 'uint16':
      return 2
    case 'int32':
    case 'uint32':
      return 4
    case 'int64':
    case 'opaque64':
    case 'float64':
      return 8
    case 'uuid':
      return 16
    default:
      return 0
  }
}

/** The fewest bytes that a plain field, or an element of an array, takes. */
export function minBytesOf(field: FieldLayout): number {
  const fixed = fixedBytes(field.kind)
  if (fixed > 0) return fixed
  if (field.struct !== null) return field.nullable ? 1 : field.struct.minBytes
  if (field.compact) return 1
  return field.kind === 'string' ? 2 : 4
}

/** A new value of a field that is absent from the bytes. */
export function makeDefault(field: FieldLayout): unknown {
  if (field.defaultValue !== EMPTY) return field.defaultValue
  if (field.kind === 'array') return []
  if (field.struct === null) return new Uint8Array(0)
  const made: Record<string, unknown> = {}
  for (const member of field.struct.fields) made[member.name] = makeDefault(member)
  return made
}

/** Whether the value is what a reader assumes where the field is left out. */
export function isDefault(field: FieldLayout, value: unknown): boolean {
  if (value === undefined) return true
  if (field.defaultValue !== EMPTY) return value === field.defaultValue
  if (value === null) return false
  if (field.struct === null) return (value as ArrayLike<unknown>).length === 0
  const members = value as Record<string, unknown>
  return field.struct.fields.every((member) => isDefault(member, members[member.name]))
}
