/**
 * Records of `__consumer_offsets`, `__transaction_state` and `__share_group_state`, read for
 * people: which record it is, and its key and value as messages.
 *
 * Invariant: a type of record that 4.3 does not have is an UnknownTypeError, what can't be read a
 * DamagedRecordError in Kafka's words; nothing else is thrown.
 * KIP-98, KIP-848, KIP-932, KIP-1071.
 */
import { BoundsError, ByteReader } from '../../base/bytes.ts'
import { decode, ProtocolError } from '../../protocol/codec.ts'
import { includesVersion } from '../../protocol/layout.ts'
import * as consumerGroupRecords from '../../protocol/persisted/consumer-group-records.ts'
import * as groupRecords from '../../protocol/persisted/group-records.ts'
import * as shareGroupRecords from '../../protocol/persisted/share-group-records.ts'
import * as shareRecords from '../../protocol/persisted/share-records.ts'
import * as streamsGroupRecords from '../../protocol/persisted/streams-group-records.ts'
import * as transactionRecords from '../../protocol/persisted/transaction-records.ts'
import type { Infer, Message } from '../../protocol/schema.ts'
import { type BytesJson, kafkaJson } from './kafka-json.ts'

/** Who wrote the record: its topic. */
export type Coordinator = 'group' | 'transaction' | 'share'

/** A message at a version. */
export interface VersionedMessage<M extends Message = Message> {
  readonly message: M
  readonly version: number
  readonly value: Infer<M>
}

/** A record, read. */
export interface CoordinatorRecord {
  readonly type: number
  readonly key: VersionedMessage
  /** Null for a tombstone. */
  readonly value: VersionedMessage | null
}

/** A type of record that 4.3 does not have. */
export class UnknownTypeError extends Error {
  override readonly name = 'UnknownTypeError'
  readonly type: number

  constructor(type: number) {
    super(`Found an unknown record type ${type}`)
    this.type = type
  }
}

/** Bytes that are no record of 4.3. */
export class DamagedRecordError extends Error {
  override readonly name = 'DamagedRecordError'
}

interface RecordType {
  readonly key: Message
  readonly value: Message
}

const TYPES: Readonly<Record<Coordinator, ReadonlyMap<number, RecordType>>> = {
  group: recordTypes(groupRecords, consumerGroupRecords, shareGroupRecords, streamsGroupRecords),
  transaction: recordTypes(transactionRecords),
  share: recordTypes(shareRecords),
}

/** The messages of these modules, keys and values by the type that they have in common. */
function recordTypes(...modules: readonly object[]): ReadonlyMap<number, RecordType> {
  const messages = modules.flatMap((module) => Object.values(module) as Message[])
  const values = new Map(
    messages.filter(({ name }) => name.endsWith('Value')).map((value) => [value.apiKey, value]),
  )
  const keys = messages.filter(({ name }) => name.endsWith('Key'))
  return new Map(keys.map((key) => [key.apiKey, { key, value: values.get(key.apiKey)! }]))
}

/** Reads a record of the topic of `coordinator`. */
export function decodeCoordinatorRecord(
  coordinator: Coordinator,
  key: Uint8Array,
  value: Uint8Array | null,
): CoordinatorRecord {
  const keyReader = new ByteReader(key)
  const type = readVersion(keyReader, 'key')
  const found = TYPES[coordinator].get(type)
  if (found === undefined) throw new UnknownTypeError(type)
  const decodedKey = readMessage(found.key, 0, type, keyReader, 'key')
  if (value === null) return { type, key: decodedKey, value: null }
  const reader = new ByteReader(value)
  const version = readVersion(reader, 'value')
  if (!includesVersion(found.value.versions, version)) {
    throw new DamagedRecordError(`Found an unknown record version ${version} for ${type} type`)
  }
  const decodedValue = readMessage(found.value, version, version, reader, 'value')
  return { type, key: decodedKey, value: decodedValue }
}

function readVersion(reader: ByteReader, part: string): number {
  try {
    return reader.int16()
  } catch (error) {
    throw damaged(error, `Could not read version from ${part}'s buffer.`)
  }
}

function readMessage(
  message: Message,
  version: number,
  toldVersion: number,
  reader: ByteReader,
  part: string,
): VersionedMessage {
  try {
    return { message, version, value: decode(message, version, reader) }
  } catch (error) {
    const { message: reason } = error as Error
    throw damaged(
      error,
      `Could not read record with version ${toldVersion} from ${part}'s buffer due to: ${reason}.`,
    )
  }
}

function damaged(error: unknown, text: string): unknown {
  const isDamage = error instanceof BoundsError || error instanceof ProtocolError
  return isDamage ? new DamagedRecordError(text, { cause: error }) : error
}

/** A message as Kafka's converters write it. */
export function messageJson(
  { message, version, value }: VersionedMessage,
  ofBytes?: BytesJson,
): string {
  return kafkaJson(message, version, value, ofBytes)
}
