/**
 * A record as the program sees it: a view of the batch it came in. Key, value and headers are read
 * from the bytes when they are first asked for, so a program pays for what it looks at.
 *
 * Invariant: a record never changes, and its bytes are never written again; but they are a part of
 * what was received at once (a mebibyte, say), which stays in memory as long as the record does.
 */
import { utf8Text } from '../../base/bytes.ts'
import { varintAt, varintEnd } from '../../base/varint.ts'
import type { TimestampType } from '../../records/batch.ts'
import type { RecordCursor, RecordHeader } from '../../records/record-scan.ts'
import { RecordHeaders } from '../headers.ts'
import { deserializeWith, type SerdeContext } from '../serde.ts'
import type { AnyTopic } from '../topic.ts'

/** What turns the bytes of one topic's records into keys and values. */
export class TopicReader {
  readonly topic: AnyTopic
  readonly name: string
  readonly keyContext: SerdeContext
  readonly valueContext: SerdeContext

  constructor(topic: AnyTopic) {
    this.topic = topic
    this.name = topic.name
    this.keyContext = { topic: topic.name, part: 'key' }
    this.valueContext = { topic: topic.name, part: 'value' }
  }
}

/** What the records of one batch have in common. */
export class RecordSource {
  readonly reader: TopicReader
  readonly partition: number
  /** The batch, or its records decompressed. */
  readonly bytes: Uint8Array
  readonly baseOffset: number
  readonly baseTimestampMs: number
  readonly timestampType: TimestampType
  readonly leaderEpoch: number
  /** The same memory, made when the first text is read. */
  #buffer: Buffer | null

  constructor(
    reader: TopicReader,
    partition: number,
    bytes: Uint8Array,
    baseOffset: number,
    baseTimestampMs: number,
    timestampType: TimestampType,
    leaderEpoch: number,
  ) {
    this.reader = reader
    this.partition = partition
    this.bytes = bytes
    this.baseOffset = baseOffset
    this.baseTimestampMs = baseTimestampMs
    this.timestampType = timestampType
    this.leaderEpoch = leaderEpoch
    this.#buffer = null
  }

  /** Text straight from the batch: cutting its bytes out first would cost as much again. */
  text(start: number, length: number): string {
    const { bytes } = this
    this.#buffer ??= Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length)
    return this.#buffer.toString('utf8', start, start + length)
  }
}

/** Stands for a key or value that nobody has asked for yet. */
const UNREAD: unique symbol = Symbol('unread')
const INSPECT = Symbol.for('nodejs.util.inspect.custom')

export class FetchedRecord {
  // Small integers only: a double would cost an allocation of its own for each record.
  readonly #source: RecordSource
  readonly #offsetDelta: number
  readonly #timestampDelta: number
  readonly #keyStart: number
  readonly #keyLength: number
  readonly #valueStart: number
  readonly #valueLength: number
  #key: unknown
  #value: unknown
  #headers: RecordHeaders | null

  /** The record at which `cursor` is. */
  constructor(source: RecordSource, cursor: RecordCursor) {
    this.#source = source
    this.#offsetDelta = cursor.offsetDelta
    this.#timestampDelta = cursor.timestampMs - source.baseTimestampMs
    this.#keyStart = cursor.keyStart
    this.#keyLength = cursor.keyLength
    this.#valueStart = cursor.valueStart
    this.#valueLength = cursor.valueLength
    this.#key = UNREAD
    this.#value = UNREAD
    this.#headers = null
  }

  get topic(): string {
    return this.#source.reader.name
  }

  get partition(): number {
    return this.#source.partition
  }

  get offset(): number {
    return this.#source.baseOffset + this.#offsetDelta
  }

  get timestamp(): number {
    return this.#source.baseTimestampMs + this.#timestampDelta
  }

  get timestampType(): TimestampType {
    return this.#source.timestampType
  }

  get leaderEpoch(): number {
    return this.#source.leaderEpoch
  }

  /** Throws DESERIALIZATION_FAILED where the topic's serde can't read it. */
  get key(): unknown {
    if (this.#key === UNREAD) this.#key = this.#readKey()
    return this.#key
  }

  /** Throws DESERIALIZATION_FAILED where the topic's serde can't read it. */
  get value(): unknown {
    if (this.#value === UNREAD) this.#value = this.#readValue()
    return this.#value
  }

  get headers(): RecordHeaders {
    return (this.#headers ??= this.#readHeaders())
  }

  /** The key as it was received. */
  get keyBytes(): Uint8Array | null {
    return this.#view(this.#keyStart, this.#keyLength)
  }

  /** The value as it was received. */
  get valueBytes(): Uint8Array | null {
    return this.#view(this.#valueStart, this.#valueLength)
  }

  /** What it looks like in JSON and on a console: all of it, whatever was read before. */
  toJSON(): object {
    const { topic, partition, offset, timestamp, timestampType, leaderEpoch, key, value } = this
    const headers = [...this.headers].map(([name, bytes]) => [
      name,
      bytes === null ? null : utf8Text(bytes),
    ])
    return { topic, partition, offset, timestamp, timestampType, leaderEpoch, key, value, headers }
  }

  [INSPECT](): object {
    return this.toJSON()
  }

  #readKey(): unknown {
    // As in Java: no serde is asked about a key that is not there.
    if (this.#keyLength < 0) return null
    const { topic, keyContext } = this.#source.reader
    if (topic.key.isText === true) return this.#source.text(this.#keyStart, this.#keyLength)
    return deserializeWith(topic.key, this.keyBytes, keyContext, this)
  }

  #readValue(): unknown {
    const { topic, valueContext } = this.#source.reader
    if (topic.value.isText === true && this.#valueLength >= 0) {
      return this.#source.text(this.#valueStart, this.#valueLength)
    }
    return deserializeWith(topic.value, this.valueBytes, valueContext, this)
  }

  #readHeaders(): RecordHeaders {
    const { bytes } = this.#source
    const end = bytes.length
    let at = this.#valueStart + Math.max(0, this.#valueLength)
    const count = varintAt(bytes, at, end)
    if (count === 0) return RecordHeaders.none
    at = varintEnd(bytes, at, end)
    const headers: RecordHeader[] = []
    for (let i = 0; i < count; i++) {
      const nameStart = varintEnd(bytes, at, end)
      const nameEnd = nameStart + varintAt(bytes, at, end)
      const valueLength = varintAt(bytes, nameEnd, end)
      const valueStart = varintEnd(bytes, nameEnd, end)
      headers.push([utf8Text(bytes, nameStart, nameEnd), this.#view(valueStart, valueLength)])
      at = valueStart + Math.max(0, valueLength)
    }
    return new RecordHeaders(headers)
  }

  #view(start: number, length: number): Uint8Array | null {
    if (length < 0) return null
    const { bytes } = this.#source
    return new Uint8Array(bytes.buffer, bytes.byteOffset + start, length)
  }
}
