/**
 * Builds one record batch (magic 2). Records are written as they come, the header when the batch is
 * built; compression happens once, over all records. A builder builds once.
 *
 * `appendBody` carries a record over from another batch as bytes, without taking it apart: that is
 * how recompression and the log cleaner rewrite batches.
 */
import { assert } from '../base/assert.ts'
import { ByteWriter, utf8Length } from '../base/bytes.ts'
import { sizeOfVarint, sizeOfVarlong } from '../base/varint.ts'
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

const NULL_SIZE_BYTES = 1
const NO_HEADERS: readonly RecordHeader[] = []

/** One batch in the making. */
export class BatchBuilder {
  readonly #options: BatchOptions
  readonly #baseOffset: number
  readonly #writer: ByteWriter
  #count = 0
  #lastDelta = -1
  #baseTimestampMs: number
  #maxTimestampMs = NO_TIMESTAMP
  #isBuilt = false

  constructor(options: BatchOptions = {}, initialCapacityBytes = 1024) {
    this.#options = options
    this.#baseOffset = options.baseOffset ?? 0
    this.#baseTimestampMs = options.deleteHorizonMs ?? NO_TIMESTAMP
    this.#writer = new ByteWriter(BATCH_OVERHEAD + initialCapacityBytes)
    this.#writer.raw(new Uint8Array(BATCH_OVERHEAD))
  }

  /** Records so far. */
  get count(): number {
    return this.#count
  }

  /** Bytes so far, header included, before compression. */
  get sizeBytes(): number {
    return this.#writer.length
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
    this.#startRecord(timestampMs, offsetDelta, bodySize(key, value, headers))
    this.#nullableBytes(key)
    this.#nullableBytes(value)
    const writer = this.#writer
    writer.varint(headers.length)
    for (const [name, headerValue] of headers) {
      const size = utf8Length(name)
      writer.varint(size)
      writer.utf8Raw(name, size)
      this.#nullableBytes(headerValue)
    }
  }

  /** Adds the cursor's record as it is, at its own offset or at `offsetDelta`. */
  appendBody(
    cursor: RecordCursor,
    offsetDelta: number = cursor.offset - this.#baseOffset,
    timestampMs: number = cursor.timestampMs,
  ): void {
    const { bytes, bodyStart, recordEnd } = cursor
    this.#startRecord(timestampMs, offsetDelta, recordEnd - bodyStart)
    this.#writer.raw(bytes.subarray(bodyStart, recordEnd))
  }

  /** Writes what comes before the key. */
  #startRecord(timestampMs: number, offsetDelta: number, bodyBytes: number): void {
    assert(!this.#isBuilt, 'record appended to a batch that is built')
    assert(offsetDelta > this.#lastDelta, 'offsets in a batch must increase')
    if (this.#count === 0 && this.#options.deleteHorizonMs === undefined) {
      this.#baseTimestampMs = timestampMs
    }
    const timestampDelta = timestampMs - this.#baseTimestampMs
    const size = 1 + sizeOfVarlong(timestampDelta) + sizeOfVarint(offsetDelta) + bodyBytes
    const writer = this.#writer
    writer.varint(size)
    writer.uint8(0) // attributes: no bit is in use
    writer.varlong(timestampDelta)
    writer.varint(offsetDelta)
    this.#count++
    this.#lastDelta = offsetDelta
    if (timestampMs > this.#maxTimestampMs) this.#maxTimestampMs = timestampMs
  }

  #nullableBytes(bytes: Uint8Array | null): void {
    if (bytes === null) {
      this.#writer.varint(-1)
    } else {
      this.#writer.varint(bytes.length)
      this.#writer.raw(bytes)
    }
  }

  /** The batch, in memory of its own. */
  build(): Uint8Array {
    assert(!this.#isBuilt, 'batch built twice')
    this.#isBuilt = true
    assert(this.#count > 0 || this.#options.lastOffset !== undefined, 'batch without records')
    const { compression = 'none', level } = this.#options
    let batch = this.#writer.toBytes()
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

/** Bytes of key, value and headers with their lengths. */
function bodySize(
  key: Uint8Array | null,
  value: Uint8Array | null,
  headers: readonly RecordHeader[],
): number {
  let size = nullableSize(key) + nullableSize(value) + sizeOfVarint(headers.length)
  for (const [name, value] of headers) {
    const nameBytes = utf8Length(name)
    size += sizeOfVarint(nameBytes) + nameBytes + nullableSize(value)
  }
  return size
}

function nullableSize(bytes: Uint8Array | null): number {
  return bytes === null ? NULL_SIZE_BYTES : sizeOfVarint(bytes.length) + bytes.length
}
