/**
 * The variable-length forms of the protocol: strings, bytes, records, array counts, tagged fields,
 * each with a length of fixed width or, in flexible versions, as an unsigned varint of n + 1 with 0
 * for null (KIP-482). What has a fixed length is read and written by base/bytes.ts itself.
 *
 * Invariant: no memory is allocated for a count that the remaining bytes can't hold.
 */
import { type ByteReader, ByteWriter, utf8Length } from '../base/bytes.ts'
import { ProtocolError } from './protocol-error.ts'
import type { RecordsBytes } from './schema.ts'

/** Most bytes of a string, also where its length could say more. */
export const STRING_BYTES_MAX = 0x7fff

/** Throws for null where the version at hand does not allow it. */
export function throwNull(path: string): never {
  throw new ProtocolError(`${path} is null or missing`)
}

/** Throws for a tag that the struct has in other versions only. */
export function throwForeignTag(path: string, tag: number, version: number): never {
  throw new ProtocolError(`${path}: tag ${tag} does not exist in version ${version}`)
}

/** Throws for a value that would be lost. */
export function throwNotCarried(path: string, version: number): never {
  throw new ProtocolError(`${path} has a value that version ${version} can't carry`)
}

export function readString(reader: ByteReader, nullable: boolean, path: string): string | null {
  const length = reader.int16()
  if (length >= 0) return reader.utf8(length)
  return nullable ? null : throwNull(path)
}

export function readCompactString(
  reader: ByteReader,
  nullable: boolean,
  path: string,
): string | null {
  const length = reader.uvarint() - 1
  if (length > STRING_BYTES_MAX) throw new ProtocolError(`${path} has ${length} bytes`)
  if (length >= 0) return reader.utf8(length)
  return nullable ? null : throwNull(path)
}

export function readBytes(reader: ByteReader, nullable: boolean, path: string): Uint8Array | null {
  const length = reader.int32()
  if (length >= 0) return reader.view(length)
  return nullable ? null : throwNull(path)
}

export function readCompactBytes(
  reader: ByteReader,
  nullable: boolean,
  path: string,
): Uint8Array | null {
  const length = reader.uvarint() - 1
  if (length >= 0) return reader.view(length)
  return nullable ? null : throwNull(path)
}

/** The number of elements that follow, each of `elementBytes` at least; -1 for null. */
export function readCount(
  reader: ByteReader,
  elementBytes: number,
  nullable: boolean,
  path: string,
): number {
  const count = reader.int32()
  if (count < 0) return nullable ? -1 : throwNull(path)
  if (count * elementBytes > reader.end - reader.position) throwCount(reader, count, path)
  return count
}

export function readCompactCount(
  reader: ByteReader,
  elementBytes: number,
  nullable: boolean,
  path: string,
): number {
  const count = reader.uvarint() - 1
  if (count < 0) return nullable ? -1 : throwNull(path)
  if (count * elementBytes > reader.end - reader.position) throwCount(reader, count, path)
  return count
}

function throwCount(reader: ByteReader, count: number, path: string): never {
  throw new ProtocolError(`${path} claims ${count} elements in ${reader.remaining()} bytes`)
}

/** Skips the tagged fields of a struct none of which we know. */
export function skipTaggedFields(reader: ByteReader): void {
  for (let left = reader.uvarint(); left > 0; left--) {
    reader.uvarint()
    reader.skip(reader.uvarint())
  }
}

/** An int64 that is not a number but 64 opaque bits, such as a hash. */
export function readOpaque64(reader: ByteReader): bigint {
  const high = reader.int32()
  return (BigInt(high) << 32n) | BigInt(reader.uint32())
}

export function writeOpaque64(writer: ByteWriter, value: bigint): void {
  const bits = BigInt.asIntN(64, value)
  if (bits !== value) throw new ProtocolError(`${value} does not fit int64`)
  writer.int32(Number(bits >> 32n))
  writer.uint32(Number(bits & 0xffffffffn))
}

export function writeString(
  writer: ByteWriter,
  value: string | null | undefined,
  nullable: boolean,
  path: string,
): void {
  if (value === null || value === undefined) {
    if (value === undefined || !nullable) throwNull(path)
    writer.int16(-1)
    return
  }
  const length = stringBytes(value, path)
  writer.int16(length)
  writer.utf8Raw(value, length)
}

export function writeCompactString(
  writer: ByteWriter,
  value: string | null | undefined,
  nullable: boolean,
  path: string,
): void {
  if (value === null || value === undefined) {
    if (value === undefined || !nullable) throwNull(path)
    writer.int8(0)
    return
  }
  const length = stringBytes(value, path)
  writer.uvarint(length + 1)
  writer.utf8Raw(value, length)
}

function stringBytes(value: string, path: string): number {
  const length = utf8Length(value)
  if (length > STRING_BYTES_MAX) throw new ProtocolError(`${path} has ${length} bytes`)
  return length
}

/** Bytes are copied into the message: they are short, and the sender may go on changing them. */
export function writeBytes(
  writer: ByteWriter,
  value: Uint8Array | null | undefined,
  nullable: boolean,
  compact: boolean,
  path: string,
): void {
  writeLength(writer, value?.length, value, nullable, compact, path)
  if (value) writer.raw(value)
}

/** Records are never copied: the message refers to them. */
export function writeRecords(
  writer: ByteWriter,
  value: RecordsBytes | null | undefined,
  nullable: boolean,
  compact: boolean,
  path: string,
): void {
  if (value === null || value === undefined || value instanceof Uint8Array) {
    writeLength(writer, value?.length, value, nullable, compact, path)
    if (value) writer.attach(value)
    return
  }
  let length = 0
  for (const piece of value) length += piece.length
  writeLength(writer, length, value, nullable, compact, path)
  for (const piece of value) writer.attach(piece)
}

/** The number of elements of an array. */
export function writeCount(
  writer: ByteWriter,
  value: readonly unknown[] | null | undefined,
  nullable: boolean,
  compact: boolean,
  path: string,
): void {
  writeLength(writer, value?.length, value, nullable, compact, path)
}

function writeLength(
  writer: ByteWriter,
  length: number | undefined,
  value: unknown,
  nullable: boolean,
  compact: boolean,
  path: string,
): void {
  if (length === undefined) {
    if (value === undefined || !nullable) throwNull(path)
    if (compact) writer.int8(0)
    else writer.int32(-1)
  } else if (compact) writer.uvarint(length + 1)
  else writer.int32(length)
}

/** A tagged field whose size is known only when it has been written, to `body`. */
export function writeTagged(writer: ByteWriter, tag: number, body: ByteWriter): void {
  writer.uvarint(tag)
  writer.uvarint(body.length)
  writer.raw(body.toBytes())
}

/** Where the content of a tagged field goes first. */
export function taggedBody(): ByteWriter {
  return new ByteWriter(128)
}
