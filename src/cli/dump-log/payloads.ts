/**
 * Keys and values of records as text, by the decoder that was asked for.
 *
 * Invariant: what a decoder can't read is told of in the record's place, and the dump goes on; but
 * a record without a key in a topic of a coordinator ends it, as in Kafka.
 * KIP-98, KIP-405, KIP-848, KIP-932.
 */
import { BoundsError, ByteReader } from '../../base/bytes.ts'
import { decode, ProtocolError } from '../../protocol/codec.ts'
import {
  consumerProtocolAssignment,
  consumerProtocolSubscription,
} from '../../protocol/persisted/consumer-protocol.ts'
import * as metadataRecords from '../../protocol/persisted/metadata-records.ts'
import type { Message } from '../../protocol/schema.ts'
import { CliError } from '../cli-error.ts'
import type { Flags } from '../flags.ts'
import {
  type Coordinator,
  DamagedRecordError,
  decodeCoordinatorRecord,
  messageJson,
  UnknownTypeError,
} from '../internal-records/coordinator-records.ts'
import { kafkaJson } from '../internal-records/kafka-json.ts'
import type { RecordFacts } from './batch-facts.ts'
import { FrameError, readFramed } from './metadata-frame.ts'
import { remoteMetadataText } from './remote-metadata.ts'

/** Key and value in text; null for what is not shown. */
export interface Payload {
  readonly key: string | null
  readonly value: string | null
}

/** Turns a record into text. */
export type PayloadDecoder = (record: RecordFacts) => Payload

const NO_BYTES = new Uint8Array(0)
const METADATA: readonly Message[] = Object.values(metadataRecords)

type BytesDecoder = (bytes: Uint8Array) => string

const STRING_DECODER = 'org.apache.kafka.tools.api.StringDecoder'
const CLASSES: Readonly<Record<string, BytesDecoder>> = {
  [STRING_DECODER]: (bytes) => bufferOf(bytes).toString('utf8'),
  'org.apache.kafka.tools.api.IntegerDecoder': (bytes) => String(bufferOf(bytes).readInt32BE()),
  'org.apache.kafka.tools.api.LongDecoder': (bytes) => String(bufferOf(bytes).readBigInt64BE()),
  // Kafka's prints what Java prints of an array, which says nothing of the bytes.
  'org.apache.kafka.tools.api.DefaultDecoder': (bytes) => bufferOf(bytes).toString('hex'),
}

/** Flags of which each makes keys and values be printed. */
export const DECODER_FLAGS = [
  'offsets-decoder',
  'transaction-log-decoder',
  'cluster-metadata-decoder',
  'remote-log-metadata-decoder',
  'share-group-state-decoder',
  'value-decoder-class',
  'key-decoder-class',
] as const

/** The decoder that the flags ask for. */
export function payloadDecoder(flags: Flags): PayloadDecoder {
  if (flags.has('offsets-decoder')) return coordinatorDecoder('group')
  if (flags.has('transaction-log-decoder')) return coordinatorDecoder('transaction')
  if (flags.has('cluster-metadata-decoder')) return (record) => withoutKey(record, metadataText)
  if (flags.has('remote-log-metadata-decoder')) {
    return (record) => withoutKey(record, remoteText)
  }
  if (flags.has('share-group-state-decoder')) return coordinatorDecoder('share')
  const ofValue = classDecoder(flags.text('value-decoder-class'))
  const ofKey = classDecoder(flags.text('key-decoder-class'))
  return ({ key, value }) => ({
    key: key === null ? null : ofKey(key),
    value: value === null ? null : ofValue(value),
  })
}

function classDecoder(name: string | null): BytesDecoder {
  const decoder = CLASSES[name ?? STRING_DECODER]
  if (decoder === undefined) throw new CliError('Failed to load decoder class')
  return (bytes) => {
    try {
      return decoder(bytes)
    } catch (error) {
      if (!(error instanceof RangeError)) throw error
      throw new CliError(`${bytes.length} bytes are too few for ${name}`)
    }
  }
}

function withoutKey(record: RecordFacts, text: (record: RecordFacts) => string): Payload {
  return { key: null, value: text(record) }
}

function metadataText({ offset, value: bytes }: RecordFacts): string {
  try {
    const record = readFramed(bytes ?? NO_BYTES, METADATA)
    const { message, version } = record
    const data = messageJson(record)
    return `{"type":"${typeName(message)}","version":${version},"data":${data}}`
  } catch (error) {
    return `Error at ${offset}, skipping. ${damage(error)}`
  }
}

function remoteText({ offset, value }: RecordFacts): string {
  try {
    return remoteMetadataText(value ?? NO_BYTES)
  } catch (error) {
    return `Error at offset ${offset}, skipping. ${damage(error)}`
  }
}

/** As REGISTER_BROKER_RECORD. */
function typeName({ name }: Message): string {
  return name.replace(/(?<=[a-z])[A-Z]/g, '_$&').toUpperCase()
}

/** What is wrong with the bytes; what is no fault of theirs is thrown on. */
function damage(error: unknown): string {
  if (error instanceof FrameError || error instanceof DamagedRecordError) return error.message
  throw error
}

function coordinatorDecoder(coordinator: Coordinator): PayloadDecoder {
  return ({ offset, key, value }) => {
    if (key === null) {
      throw new CliError(
        `Failed to decode message at offset ${offset} using the specified decoder ` +
          '(message had a missing key)',
      )
    }
    try {
      const record = decodeCoordinatorRecord(coordinator, key, value)
      const shownKey = `{"type":"${record.type}","data":${messageJson(record.key)}}`
      if (record.value === null) return { key: shownKey, value: '<DELETE>' }
      const data = messageJson(record.value, memberJson(record.value.value))
      return { key: shownKey, value: `{"version":"${record.value.version}","data":${data}}` }
    } catch (error) {
      if (error instanceof UnknownTypeError) {
        const text = `Unknown record type ${error.type} at offset ${offset}, skipping.`
        return { key: text, value: null }
      }
      return { key: `Error at offset ${offset}, skipping. ${damage(error)}`, value: null }
    }
  }
}

const MEMBER_FIELDS: Readonly<Record<string, Message>> = {
  'GroupMetadataValue.members.subscription': consumerProtocolSubscription,
  'GroupMetadataValue.members.assignment': consumerProtocolAssignment,
}

/** What members of a group of consumers told each other is shown open. */
function memberJson(value: object): (path: string, bytes: Uint8Array) => string | null {
  const isConsumers = 'protocolType' in value && value.protocolType === 'consumer'
  return (path, bytes) => {
    const message = MEMBER_FIELDS[path]
    if (!isConsumers || message === undefined) return null
    try {
      const reader = new ByteReader(bytes)
      const version = reader.int16()
      return kafkaJson(message, version, decode(message, version, reader))
    } catch (error) {
      if (error instanceof BoundsError || error instanceof ProtocolError) return null
      throw error
    }
  }
}

function bufferOf(bytes: Uint8Array): Buffer {
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length)
}
