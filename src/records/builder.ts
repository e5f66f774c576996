/**
 * Builds one record batch (magic 2). Records are written as they come, the header when the batch is
 * built; compression happens once, over all records. A builder builds once.
 *
 * `appendBody` carries a record over from another batch as bytes, without taking it apart: that is
 * how recompression and the log cleaner rewrite batches.
 */
import { assert } from '../base/assert.ts'
import {
  BATCH_OVERHEAD,
  CONTROL_FLAG,
  DELETE_HORIZON_FLAG,
  type MAGIC_V2,
  NO_PARTITION_LEADER_EPOCH,
  NO_PRODUCER_EPOCH,
  NO_PRODUCER_ID,
  NO_SEQUENCE,
  NO_TIMESTAMP,
  TIMESTAMP_TYPE_FLAG,
  type TimestampType,
  TRANSACTIONAL_FLAG,
  writeBatchHeader,
} from './batch.ts'
import { type CompressionType, compress, compressionId } from './compression/compression.ts'
import type { RecordCursor, RecordHeader } from './record-scan.ts'
import { maxRecordBytes, RecordWriter } from './record-writer.ts'

/** What a batch is built with; everything left out is as for a plain producer at offset 0. */
export interface BatchOptions {
  readonly baseOffset?: number
  readonly compression?: CompressionType
  /** The codec's own level; its default where left out. */
  readonly level?: number | undefined
  readonly timestampType?: TimestampType
  /** The maximum timestamp under LogAppendTime. */
  readonly logAppendTimeMs?: number
  readonly producerId?: number
  readonly producerEpoch?: number
  readonly baseSequence?: number
  readonly isTransactional?: boolean
  readonly isControl?: boolean
  readonly partitionLeaderEpoch?: number
  /** When tombstones or markers of the batch may go (KIP-534). */
  readonly deleteHorizonMs?: number
  /** Kept from the original batch by compaction; the last record's offset where left out. */
  readonly lastOffset?: number
  readonly magic?: typeof MAGIC_V2
}

/** More than a record takes apart from key, value and headers. */
const RECORD_OVERHEAD = 32
const NO_HEADERS: readonly RecordHeader[] = []

/** One batch in the making. */
export class BatchBuilder {
  readonly #options: BatchOptions
  readonly #baseOffset: number
  readonly #writer: RecordWriter
  #count = 0
  #lastDelta = -1
  #baseTimestampMs: number
  #maxTimestampMs = NO_TIMESTAMP
  #isBuilt = false

  constructor(options: BatchOptions = {}, initialCapacityBytes = 1024) {
    this.#options = options
    this.#baseOffset = options.baseOffset ?? 0
    this.#baseTimestampMs = options.deleteHorizonMs ?? NO_TIMESTAMP
    const memory = Buffer.allocUnsafe(BATCH_OVERHEAD + initialCapacityBytes)
    this.#writer = new RecordWriter(memory, BATCH_OVERHEAD)
  }

  /** Records so far. */
  get count(): number {
    return this.#count
  }

  /** Bytes so far, header included, before compression. */
  get sizeBytes(): number {
    return this.#writer.position
  }

  /** The highest timestamp so far, -1 where there is none. */
  get maxTimestampMs(): number {
    return this.#maxTimestampMs
  }

  /**
   * Adds a record; `offsetDelta` counts from the base offset and follows the last where left out.
   */
  append(
    timestampMs: number,
    key: Uint8Array | null,
    value: Uint8Array | null,
    headers: readonly RecordHeader[] = NO_HEADERS,
    offsetDelta: number = this.#lastDelta + 1,
  ): void {
    const delta = this.#startRecord(timestampMs, offsetDelta)
    const writer = this.#writer
    if (!writer.append(delta, offsetDelta, key, value, headers)) {
      this.#grow(maxRecordBytes(key, value, headers))
      assert(writer.append(delta, offsetDelta, key, value, headers), 'record without room')
    }
    this.#endRecord(timestampMs, offsetDelta)
  }

  /** Adds the cursor's record as it is, at its own offset or at `offsetDelta`. */
  appendBody(
    cursor: RecordCursor,
    offsetDelta: number = cursor.offset - this.#baseOffset,
    timestampMs: number = cursor.timestampMs,
  ): void {
    const { bytes, bodyStart, recordEnd } = cursor
    const delta = this.#startRecord(timestampMs, offsetDelta)
    const writer = this.#writer
    if (!writer.appendBody(delta, offsetDelta, bytes, bodyStart, recordEnd)) {
      this.#grow(RECORD_OVERHEAD + recordEnd - bodyStart)
      const isWritten = writer.appendBody(delta, offsetDelta, bytes, bodyStart, recordEnd)
      assert(isWritten, 'record without room')
    }
    this.#endRecord(timestampMs, offsetDelta)
  }

  /** Returns the timestamp as the record carries it. */
  #startRecord(timestampMs: number, offsetDelta: number): number {
    assert(!this.#isBuilt, 'record appended to a batch that is built')
    assert(offsetDelta > this.#lastDelta, 'offsets in a batch must increase')
    if (this.#count === 0 && this.#options.deleteHorizonMs === undefined) {
      this.#baseTimestampMs = timestampMs
    }
    return timestampMs - this.#baseTimestampMs
  }

  #endRecord(timestampMs: number, offsetDelta: number): void {
    this.#count++
    this.#lastDelta = offsetDelta
    if (timestampMs > this.#maxTimestampMs) this.#maxTimestampMs = timestampMs
  }

  #grow(forBytes: number): void {
    this.#writer.moveTo(Buffer.allocUnsafe(2 * (this.#writer.position + forBytes)))
  }

  /** The batch, in memory of its own. */
  build(): Uint8Array {
    assert(!this.#isBuilt, 'batch built twice')
    this.#isBuilt = true
    assert(this.#count > 0 || this.#options.lastOffset !== undefined, 'batch without records')
    const { compression = 'none', level } = this.#options
    const { memory, position } = this.#writer
    let batch = new Uint8Array(memory.buffer, memory.byteOffset, position)
    if (compression !== 'none' && this.#count > 0) {
      const records = compress(compression, batch.subarray(BATCH_OVERHEAD), level)
      batch = new Uint8Array(BATCH_OVERHEAD + records.length)
      batch.set(records, BATCH_OVERHEAD)
    }
    this.#writeHeader(batch)
    return batch
  }

  #writeHeader(batch: Uint8Array): void {
    const options = this.#options
    const isAppendTime = options.timestampType === 'LogAppendTime'
    const lastDelta =
      options.lastOffset === undefined ? this.#lastDelta : options.lastOffset - this.#baseOffset
    writeBatchHeader(batch, 0, batch.length, {
      baseOffset: this.#baseOffset,
      partitionLeaderEpoch: options.partitionLeaderEpoch ?? NO_PARTITION_LEADER_EPOCH,
      attributes: attributesOf(options, this.#count),
      lastOffsetDelta: lastDelta,
      baseTimestampMs: this.#baseTimestampMs,
      maxTimestampMs: isAppendTime
        ? (options.logAppendTimeMs ?? NO_TIMESTAMP)
        : this.#maxTimestampMs,
      producerId: options.producerId ?? NO_PRODUCER_ID,
      producerEpoch: options.producerEpoch ?? NO_PRODUCER_EPOCH,
      baseSequence: options.baseSequence ?? NO_SEQUENCE,
      recordCount: this.#count,
    })
  }
}

function attributesOf(options: BatchOptions, recordCount: number): number {
  return (
    // An empty batch is a bare header, whatever its records would have been compressed with.
    (recordCount === 0 ? 0 : compressionId(options.compression ?? 'none')) |
    (options.timestampType === 'LogAppendTime' ? TIMESTAMP_TYPE_FLAG : 0) |
    (options.isTransactional === true ? TRANSACTIONAL_FLAG : 0) |
    (options.isControl === true ? CONTROL_FLAG : 0) |
    (options.deleteHorizonMs === undefined ? 0 : DELETE_HORIZON_FLAG)
  )
}
