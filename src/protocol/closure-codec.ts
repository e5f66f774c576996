/**
 * The codec without code generation: one closure per field, put together from the layout. It serves
 * where `new Function` is forbidden, and it is what the compiled codec is tested against, so it is
 * kept as plain as can be: one field, one closure, no shortcut.
 */
import { type ByteReader, ByteWriter } from '../base/bytes.ts'
import {
  type FieldLayout,
  isDefault,
  makeDefault,
  minBytesOf,
  type StructLayout,
} from './layout.ts'
import type { RecordsBytes } from './schema.ts'
import {
  readBytes,
  readCompactBytes,
  readCompactCount,
  readCompactString,
  readCount,
  readOpaque64,
  readString,
  throwForeignTag,
  throwNotCarried,
  throwNull,
  writeBytes,
  writeCompactString,
  writeCount,
  writeOpaque64,
  writeRecords,
  writeString,
  writeTagged,
} from './wire.ts'

/** Reads one value. */
export type Decoder<T = unknown> = (reader: ByteReader) => T
/** Writes one value. */
export type Encoder<T = unknown> = (writer: ByteWriter, value: T) => void
type Members = Record<string, unknown>

/** A decoder of a message made of closures. */
export function closureDecoder(layout: StructLayout): Decoder<Members> {
  const fields = layout.fields.map((field) => ({
    name: field.name,
    read: field.presence === 'plain' ? fieldDecoder(field) : () => makeDefault(field),
  }))
  const tags = new Map<number, { name: string; read: Decoder }>()
  for (const field of layout.tagged) {
    tags.set(field.tag, { name: field.name, read: fieldDecoder(field) })
  }
  const foreign = new Set(layout.foreignTags)
  return (reader) => {
    const value: Members = {}
    for (const { name, read } of fields) value[name] = read(reader)
    if (!layout.flexible) return value
    for (let left = reader.uvarint(); left > 0; left--) {
      const tag = reader.uvarint()
      const size = reader.uvarint()
      const known = tags.get(tag)
      if (known !== undefined) value[known.name] = known.read(reader)
      else if (foreign.has(tag)) throwForeignTag(layout.path, tag, layout.version)
      else reader.skip(size)
    }
    return value
  }
}

function fieldDecoder(field: FieldLayout): Decoder {
  const { nullable, path } = field
  switch (field.kind) {
    case 'bool':
      return (reader) => reader.int8() !== 0
    case 'opaque64':
      return readOpaque64
    case 'string':
      return field.compact
        ? (reader) => readCompactString(reader, nullable, path)
        : (reader) => readString(reader, nullable, path)
    case 'bytes':
    case 'records':
      return field.compact
        ? (reader) => readCompactBytes(reader, nullable, path)
        : (reader) => readBytes(reader, nullable, path)
    case 'array':
      return arrayDecoder(field, field.element!)
    case 'struct':
      return structDecoder(field, field.struct!)
    default: {
      const kind = field.kind
      return (reader) => reader[kind]()
    }
  }
}

function arrayDecoder(field: FieldLayout, element: FieldLayout): Decoder {
  const read = fieldDecoder(element)
  const elementBytes = Math.max(1, minBytesOf(element))
  const countOf = field.compact ? readCompactCount : readCount
  return (reader) => {
    const count = countOf(reader, elementBytes, field.nullable, field.path)
    if (count < 0) return null
    const values: unknown[] = []
    for (let i = 0; i < count; i++) values.push(read(reader))
    return values
  }
}

/** A struct that may be null has a marker before it: a byte, or a varint where it is tagged. */
function structDecoder(field: FieldLayout, struct: StructLayout): Decoder {
  const read = closureDecoder(struct)
  if (!field.nullable) return read
  if (field.presence === 'tagged') {
    return (reader) => (reader.uvarint() === 0 ? null : read(reader))
  }
  return (reader) => (reader.int8() < 0 ? null : read(reader))
}

/** An encoder of a message made of closures. */
export function closureEncoder(layout: StructLayout): Encoder<Members> {
  const plain = layout.fields.map((field) => ({
    name: field.name,
    write: memberEncoder(field, layout),
  }))
  const tagged = layout.tagged.map((field) => ({ field, write: fieldEncoder(field) }))
  return (writer, value) => {
    for (const { name, write } of plain) write(writer, value[name])
    if (!layout.flexible) return
    const present = tagged.filter(({ field }) => !isDefault(field, value[field.name]))
    writer.uvarint(present.length)
    for (const { field, write } of present) {
      const body = new ByteWriter()
      write(body, value[field.name])
      writeTagged(writer, field.tag, body)
    }
  }
}

/** What to do about a field at its place among the plain ones. */
function memberEncoder(field: FieldLayout, layout: StructLayout): Encoder {
  if (field.presence === 'plain') {
    const write = fieldEncoder(field)
    if (!field.optional) return write
    return (writer, value) => write(writer, value === undefined ? makeDefault(field) : value)
  }
  if (field.presence === 'tagged' || field.ignorable) return () => {}
  return (_, value) => {
    if (!isDefault(field, value)) throwNotCarried(field.path, layout.version)
  }
}

function fieldEncoder(field: FieldLayout): Encoder {
  const { nullable, compact, path } = field
  switch (field.kind) {
    case 'bool':
      return (writer, value) => writer.int8(value ? 1 : 0)
    case 'opaque64':
      return (writer, value) => writeOpaque64(writer, value as bigint)
    case 'string':
      return compact
        ? (writer, value) => writeCompactString(writer, value as string | null, nullable, path)
        : (writer, value) => writeString(writer, value as string | null, nullable, path)
    case 'bytes':
      return (writer, value) => writeBytes(writer, value as Uint8Array, nullable, compact, path)
    case 'records':
      return (writer, value) => writeRecords(writer, value as RecordsBytes, nullable, compact, path)
    case 'array':
      return arrayEncoder(field, field.element!)
    case 'struct':
      return structEncoder(field, field.struct!)
    case 'uuid':
      return (writer, value) => writer.uuid(value as string)
    default: {
      const kind = field.kind
      return (writer, value) => writer[kind](value as number)
    }
  }
}

function arrayEncoder(field: FieldLayout, element: FieldLayout): Encoder {
  const write = fieldEncoder(element)
  return (writer, value) => {
    const values = value as readonly unknown[] | null
    writeCount(writer, values, field.nullable, field.compact, field.path)
    if (values === null) return
    for (const each of values) write(writer, each)
  }
}

function structEncoder(field: FieldLayout, struct: StructLayout): Encoder {
  const write = closureEncoder(struct)
  return (writer, value) => {
    if (value === null || value === undefined) {
      if (value === undefined || !field.nullable) throwNull(field.path)
      writer.int8(field.presence === 'tagged' ? 0 : -1)
      return
    }
    if (field.nullable) writer.int8(1)
    write(writer, value as Members)
  }
}
