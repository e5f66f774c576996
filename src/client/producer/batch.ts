/**
 * A batch of records on its way to one partition: records are written into its memory as they come
 * (records/record-writer.ts), the header when it is sent, and all who wait for it share one
 * promise.
 *
 * Invariant: a batch is settled exactly once, with one outcome for each of its records. Its memory
 * is used again only after a broker has answered the last request that carried it, for a socket may
 * hold it until then; once sent, bytes are never written to again (KAFKA-19012).
 *
 * KIP-98 (sequence numbers), KIP-467 (errors of single records).
 */
import { assert } from '../../base/assert.ts'
import {
  BATCH_OVERHEAD,
  incrementSequence,
  NO_PARTITION_LEADER_EPOCH,
  NO_PRODUCER_EPOCH,
  NO_PRODUCER_ID,
  NO_SEQUENCE,
  NO_TIMESTAMP,
  TRANSACTIONAL_FLAG,
  writeBatchHeader,
} from '../../records/batch.ts'
import {
  type CompressionType,
  compress,
  compressionId,
} from '../../records/compression/compression.ts'
import { RecordCursor, type RecordHeader } from '../../records/record-scan.ts'
import { type Content, RecordWriter } from '../../records/record-writer.ts'
import type { KafkaError } from '../kafka-error.ts'
import type { RecordMetadata } from '../record.ts'
import type { BatchMemory } from './batch-memory.ts'

/** Under which a partition's batches are numbered. */
export interface ProducerIdentity {
  readonly producerId: number
  readonly producerEpoch: number
}

/** Told once of each batch with records of its own: how many they were and what came of them. */
export interface DeliveryListener {
  onSettled(batch: ProducerBatch, count: number): void
}

export interface BatchFormat {
  readonly compression: CompressionType
  readonly compressionLevel: number | undefined
  readonly isTransactional: boolean
}

/** What a broker said of a batch that it took. */
export interface Written {
  /** -1 where it does not tell. */
  readonly baseOffset: number
  /** -1 where records keep their own timestamps. */
  readonly logAppendTimeMs: number
}

const NOT_WRITTEN: Written = { baseOffset: -1, logAppendTimeMs: -1 }

export class ProducerBatch {
  readonly topic: string
  readonly partition: number
  /** By the monotonic clock, as all times here but those of records. */
  readonly createdMs: number
  /** Orders the batches of a partition; parts of a batch share its. */
  readonly ordinal: number
  /** Which record of the batch that it is a part of is its first; 0 where it is a whole one. */
  readonly firstIndex: number
  /** NO_SEQUENCE until it is sent for the first time, and again when it must be numbered anew. */
  sequence = NO_SEQUENCE
  producerId = NO_PRODUCER_ID
  producerEpoch = NO_PRODUCER_EPOCH
  attempts = 0
  /** Not sent again before that. */
  notBeforeMs = 0
  /** True from when it is sent until an answer proves that the log does not have it. */
  mayBeWritten = false
  /** True while a request that carries it is not answered. */
  isOnWire = false
  /** No more records go in. */
  isClosed = false
  /** The broker that it was sent to last. */
  sentTo = -1
  /** What its latest attempt failed with. */
  lastError: KafkaError | undefined
  count = 0
  /** Of the record that was added last. */
  lastTimestampMs = NO_TIMESTAMP
  #writer: RecordWriter
  readonly #pool: BatchMemory
  /** Bytes that are counted for it outside of its writer's memory. */
  #reservedBytes = 0
  /** The writer's memory is still its own. */
  #hasMemory = true
  #baseTimestampMs = 0
  #maxTimestampMs = 0
  #wire: Uint8Array | null = null
  /** What `#wire` is numbered with. */
  #stampedId = NO_PRODUCER_ID
  #stampedEpoch = NO_PRODUCER_EPOCH
  #stampedSequence = NO_SEQUENCE
  #isDone = false
  #error: KafkaError | null = null
  #written: Written = NOT_WRITTEN
  #recordErrors: ReadonlyMap<number, KafkaError> | null = null
  #parts: readonly ProducerBatch[] | null = null
  #settled: Promise<ProducerBatch> | null = null
  #settle: ((batch: ProducerBatch) => void) | null = null
  #listeners: DeliveryListener[] = []
  #listenerCounts: number[] = []

  constructor(
    topic: string,
    partition: number,
    memory: Buffer,
    pool: BatchMemory,
    at: { readonly createdMs: number; readonly ordinal: number; readonly firstIndex?: number },
  ) {
    this.topic = topic
    this.partition = partition
    this.createdMs = at.createdMs
    this.ordinal = at.ordinal
    this.firstIndex = at.firstIndex ?? 0
    this.#pool = pool
    this.#writer = new RecordWriter(memory, BATCH_OVERHEAD)
  }

  /** Bytes so far, its header included, before compression. */
  get sizeBytes(): number {
    return this.#wire === null ? this.#writer.position : this.#wire.length
  }

  /** Memory that it takes of the producer's buffer. */
  get heldBytes(): number {
    return (this.#hasMemory ? this.#writer.memory.length : 0) + this.#reservedBytes
  }

  get capacityBytes(): number {
    return this.#writer.memory.length
  }

  get isDone(): boolean {
    return this.#isDone
  }

  get error(): KafkaError | null {
    return this.#error
  }

  get baseOffset(): number {
    return this.#written.baseOffset
  }

  get hasSequence(): boolean {
    return this.sequence !== NO_SEQUENCE
  }

  /** Adds a record; false where it does not fit into the memory there is. */
  append(
    timestampMs: number,
    key: Content,
    value: Content,
    headers: readonly RecordHeader[],
  ): boolean {
    if (this.count === 0) {
      this.#baseTimestampMs = timestampMs
      this.#maxTimestampMs = timestampMs
    }
    const delta = timestampMs - this.#baseTimestampMs
    if (!this.#writer.append(delta, this.count, key, value, headers)) return false
    this.count++
    this.lastTimestampMs = timestampMs
    if (timestampMs > this.#maxTimestampMs) this.#maxTimestampMs = timestampMs
    return true
  }

  /** Goes on in larger memory. */
  growInto(memory: Buffer): void {
    this.#pool.give(this.#writer.moveTo(memory))
  }

  /** Gives the batch a place in the order that the broker checks. */
  number(identity: ProducerIdentity, sequence: number): void {
    this.producerId = identity.producerId
    this.producerEpoch = identity.producerEpoch
    this.sequence = sequence
  }

  /** Takes its place away: no log has it, and those before it have changed. */
  unnumber(): void {
    this.sequence = NO_SEQUENCE
    this.mayBeWritten = false
  }

  /**
   * The batch as it goes over the wire; the same bytes each time until it is numbered anew.
   * Compressing is synchronous: gzip, the slowest, takes 0.8 ms for the 128 KiB of a batch, and a
   * hop to a thread pays from a millisecond on.
   */
  toWire(format: BatchFormat): Uint8Array {
    this.isClosed = true
    if (this.#wire !== null) {
      if (this.#isStamped()) return this.#wire
      // The bytes sent before may still be in a socket.
      this.#replaceMemory(this.#wire.slice())
    } else if (format.compression !== 'none') {
      this.#replaceMemory(this.#compressed(format), true)
    }
    this.#wire ??= this.#own()
    this.#stamp(this.#wire, format)
    return this.#wire
  }

  #isStamped(): boolean {
    return (
      this.#stampedSequence === this.sequence &&
      this.#stampedEpoch === this.producerEpoch &&
      this.#stampedId === this.producerId
    )
  }

  #stamp(wire: Uint8Array, format: BatchFormat): void {
    this.#stampedSequence = this.sequence
    this.#stampedEpoch = this.producerEpoch
    this.#stampedId = this.producerId
    writeBatchHeader(wire, 0, wire.length, {
      baseOffset: 0,
      partitionLeaderEpoch: NO_PARTITION_LEADER_EPOCH,
      attributes:
        compressionId(format.compression) | (format.isTransactional ? TRANSACTIONAL_FLAG : 0),
      lastOffsetDelta: this.count - 1,
      baseTimestampMs: this.#baseTimestampMs,
      maxTimestampMs: this.#maxTimestampMs,
      producerId: this.producerId,
      producerEpoch: this.producerEpoch,
      baseSequence: this.sequence,
      recordCount: this.count,
    })
  }

  #own(): Uint8Array {
    const { memory, position } = this.#writer
    return new Uint8Array(memory.buffer, memory.byteOffset, position)
  }

  #compressed({ compression, compressionLevel }: BatchFormat): Uint8Array {
    const records = compress(compression, this.#own().subarray(BATCH_OVERHEAD), compressionLevel)
    const wire = new Uint8Array(BATCH_OVERHEAD + records.length)
    wire.set(records, BATCH_OVERHEAD)
    return wire
  }

  #replaceMemory(wire: Uint8Array, isReusable = false): void {
    this.#release(isReusable)
    this.#wire = wire
    this.#reservedBytes = wire.length
    this.#pool.reserve(wire.length)
  }

  /** Leaves its memory, to be used again where nothing can refer to it any more. */
  #release(isReusable: boolean): void {
    if (this.#hasMemory) {
      const { memory } = this.#writer
      if (isReusable) this.#pool.give(memory)
      else this.#pool.drop(memory.length)
      this.#hasMemory = false
    }
    this.#pool.drop(this.#reservedBytes)
    this.#reservedBytes = 0
  }

  /** Says that the request which carried it is over; `isAnswered`: by an answer. */
  leftWire(isAnswered: boolean): void {
    this.isOnWire = false
    // Not after several attempts: sockets of earlier ones may not be done with it.
    if (this.#isDone) this.#release(isAnswered && this.attempts === 1)
  }

  /**
   * Two batches with its records, the first half and the rest, numbered as they were within it.
   * It is settled once both are. For a batch that has been sent and has several records.
   */
  split(): ProducerBatch[] {
    const cursor = new RecordCursor(this.#wire!, 0)
    const half = this.count >> 1
    const size = BATCH_OVERHEAD + cursor.recordBytes + SPLIT_SLACK_BYTES
    const { createdMs, ordinal } = this
    const parts = [0, half].map((index) => {
      this.#pool.reserve(size)
      const at = { createdMs, ordinal, firstIndex: this.firstIndex + index }
      const memory = Buffer.allocUnsafeSlow(size)
      return new ProducerBatch(this.topic, this.partition, memory, this.#pool, at)
    })
    for (let index = 0; cursor.next(); index++) {
      parts[index < half ? 0 : 1]!.#carryOver(cursor)
    }
    for (const [which, part] of parts.entries()) {
      part.isClosed = true
      part.attempts = this.attempts
      part.producerId = this.producerId
      part.producerEpoch = this.producerEpoch
      part.sequence =
        this.hasSequence && which === 1 ? incrementSequence(this.sequence, half) : this.sequence
      part.#listeners.push(new PartListener(() => this.#onPartSettled()))
      part.#listenerCounts.push(part.count)
    }
    this.#parts = parts
    return parts
  }

  #carryOver(cursor: RecordCursor): void {
    const { bytes, bodyStart, recordEnd, timestampMs } = cursor
    if (this.count === 0) {
      this.#baseTimestampMs = timestampMs
      this.#maxTimestampMs = timestampMs
    }
    const delta = timestampMs - this.#baseTimestampMs
    const isWritten = this.#writer.appendBody(delta, this.count, bytes, bodyStart, recordEnd)
    assert(isWritten, 'a part of a batch is larger than the batch')
    this.count++
    if (timestampMs > this.#maxTimestampMs) this.#maxTimestampMs = timestampMs
  }

  #onPartSettled(): void {
    if (this.#isDone || !this.#parts!.every((part) => part.isDone)) return
    const failed = this.#parts!.find((part) => part.error !== null)
    this.#finish(failed?.error ?? null)
  }

  succeed(written: Written): void {
    if (this.#isDone) return
    this.#written = written
    this.#finish(null)
  }

  /** `recordErrors` are those of single records by their index, where the broker told them. */
  fail(error: KafkaError, recordErrors: ReadonlyMap<number, KafkaError> | null = null): void {
    if (this.#isDone) return
    this.#recordErrors = recordErrors
    this.#finish(error)
  }

  #finish(error: KafkaError | null): void {
    this.#isDone = true
    this.#error = error
    // A request that carries it refers to its memory: `leftWire` comes then.
    if (!this.isOnWire) this.#release(false)
    this.#settle?.(this)
    for (let i = 0; i < this.#listeners.length; i++) {
      this.#listeners[i]!.onSettled(this, this.#listenerCounts[i]!)
    }
  }

  /** Has `listener` told of one more record of its own. */
  notify(listener: DeliveryListener): void {
    const last = this.#listeners.length - 1
    if (this.#listeners[last] === listener) {
      this.#listenerCounts[last]!++
      return
    }
    this.#listeners.push(listener)
    this.#listenerCounts.push(1)
  }

  /** Resolves with the batch once it is settled, however; made when first asked for. */
  get settled(): Promise<ProducerBatch> {
    this.#settled ??= this.#isDone
      ? Promise.resolve(this)
      : new Promise((resolve) => {
          this.#settle = resolve
        })
    return this.#settled
  }

  /** Where the record at `index` has gone; throws what it failed with. Once settled. */
  metadataOf(index: number, timestampMs: number): RecordMetadata {
    if (this.#parts !== null) {
      const [first, second] = this.#parts
      return index < first!.count
        ? first!.metadataOf(index, timestampMs)
        : second!.metadataOf(index - first!.count, timestampMs)
    }
    if (this.#error !== null) throw this.#recordErrors?.get(index) ?? this.#error
    const { baseOffset, logAppendTimeMs } = this.#written
    return {
      topic: this.topic,
      partition: this.partition,
      offset: baseOffset < 0 ? -1 : baseOffset + index,
      timestamp: logAppendTimeMs < 0 ? timestampMs : logAppendTimeMs,
    }
  }
}

/** Another record's offset and timestamp delta may take a few bytes more in a part. */
const SPLIT_SLACK_BYTES = 16

class PartListener implements DeliveryListener {
  readonly onSettled: () => void

  constructor(onSettled: () => void) {
    this.onSettled = onSettled
  }
}

/** True where `a` comes before `b` in their partition. */
export function isBefore(a: ProducerBatch, b: ProducerBatch): boolean {
  return a.ordinal < b.ordinal || (a.ordinal === b.ordinal && a.firstIndex < b.firstIndex)
}
