/**
 * How records of Kafka's own topics say what they are.
 *
 * - Coordinator topics (`__consumer_offsets`, `__transaction_state`, `__share_group_state`): the
 *   key starts with the record type as int16, the value with its version as int16. A value of null
 *   is a tombstone.
 * - The metadata log: the value starts with three unsigned varints, frame version (1), record type,
 *   version; there is no key.
 */
import { ByteReader, ByteWriter } from '../../base/bytes.ts'
import { assertConsumed, decode, encode, ProtocolError } from '../codec.ts'
import type { Infer, Input, Message } from '../schema.ts'
import * as metadataRecords from './metadata-records.ts'

const METADATA_FRAME_VERSION = 1
const INT16_MAX = 0x7fff
/** The only version of keys: their type tells them apart instead. */
const KEY_VERSION = 0

/** The key of a coordinator record; its type is the key's `apiKey`. */
export function encodeRecordKey<M extends Message>(message: M, value: Input<M>): Uint8Array {
  const writer = new ByteWriter(64)
  writer.int16(message.apiKey)
  encode(message, KEY_VERSION, value, writer)
  return writer.toBytes()
}

/** The value of a coordinator record. */
export function encodeRecordValue<M extends Message>(
  message: M,
  version: number,
  value: Input<M>,
): Uint8Array {
  const writer = new ByteWriter(256)
  writer.int16(version)
  encode(message, version, value, writer)
  return writer.toBytes()
}

/** The type of the coordinator record with this key. */
export function recordTypeOf(key: Uint8Array): number {
  return new ByteReader(key).int16()
}

/** Reads the key of a coordinator record of the type of `message`. */
export function decodeRecordKey<M extends Message>(message: M, key: Uint8Array): Infer<M> {
  const reader = new ByteReader(key)
  const type = reader.int16()
  if (type !== message.apiKey) throw new ProtocolError(`${message.name} has not the type ${type}`)
  return decode(message, KEY_VERSION, reader)
}

/**
 * Reads the value of a coordinator record, in whatever version it is: ProtocolError for one that is
 * unknown, such as of a newer Kafka.
 */
export function decodeRecordValue<M extends Message>(message: M, value: Uint8Array): Infer<M> {
  const reader = new ByteReader(value)
  return decode(message, reader.int16(), reader)
}

/** The messages of the metadata log by record type. */
const metadataMessages: ReadonlyMap<number, Message> = new Map(
  Object.values(metadataRecords).map((message) => [message.apiKey, message]),
)

/** A record of the metadata log: which it is, and what it says. */
export interface MetadataRecord<M extends Message = Message> {
  readonly message: M
  readonly version: number
  readonly value: Infer<M>
}

/** The value of a record of the metadata log. */
export function encodeMetadataRecord<M extends Message>(record: {
  readonly message: M
  readonly version: number
  readonly value: Input<M>
}): Uint8Array {
  const { message, version, value } = record
  const writer = new ByteWriter(128)
  writer.uvarint(METADATA_FRAME_VERSION)
  writer.uvarint(message.apiKey)
  writer.uvarint(version)
  encode(message, version, value, writer)
  return writer.toBytes()
}

/**
 * Reads a record of the metadata log. ProtocolError for a type or version that 4.3 does not have.
 */
export function decodeMetadataRecord(bytes: Uint8Array): MetadataRecord {
  const reader = new ByteReader(bytes)
  const frameVersion = readInt16Varint(reader, 'frame version')
  if (frameVersion !== METADATA_FRAME_VERSION) {
    throw new ProtocolError(`a metadata record has frame version ${frameVersion}`)
  }
  const type = readInt16Varint(reader, 'type')
  const version = readInt16Varint(reader, 'version')
  const message = metadataMessages.get(type)
  if (message === undefined) throw new ProtocolError(`no metadata record has type ${type}`)
  const value = decode(message, version, reader)
  assertConsumed(reader, message.name)
  return { message, version, value }
}

function readInt16Varint(reader: ByteReader, what: string): number {
  const value = reader.uvarint()
  if (value > INT16_MAX) throw new ProtocolError(`a metadata record has ${what} ${value}`)
  return value
}
