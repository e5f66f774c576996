/**
 * Decides what compaction keeps of a batch and rewrites it where that is not all.
 *
 * A record stays where it is the latest of its key; a tombstone (null value) stays until its delete
 * horizon, which the first cleaning that sees it sets for the whole batch. Batches of aborted
 * transactions go; a transaction's marker stays until no batch of it is left, and then until its
 * horizon. A batch with nothing left stays as a bare header where it carries the last sequence
 * number of a live producer, or the last offset of the round. Offsets, timestamps, producer fields
 * and the last offset of a batch never change.
 *
 * KIP-98 (transactions, empty batches), KIP-534 (delete horizon).
 */
import * as batch from '../records/batch.ts'
import { BatchBuilder } from '../records/builder.ts'
import { RecordCursor } from '../records/record-scan.ts'
import { CleaningError } from './cleaner-error.ts'
import type { CleanerOffsetMap } from './cleaner-offset-map.ts'
import type { CleanerTransactions } from './cleaner-transactions.ts'

/** What a live producer wrote last: its last data, or, where that is gone, its epoch. */
export interface LastRecordOfProducer {
  /** -1 where no batch of its current epoch is known. */
  readonly lastDataOffset: number
  readonly producerEpoch: number
}

export interface FilterOptions {
  readonly map: CleanerOffsetMap
  readonly transactions: CleanerTransactions
  readonly producers: ReadonlyMap<number, LastRecordOfProducer>
  readonly nowMs: number
  readonly deleteRetentionMs: number
  /** The batch that ends right before is kept, so that the round's last offset is not lost. */
  readonly upperBound: number
}

/** Far enough to be never, near enough for every timestamp delta to be exact. */
const LATEST_HORIZON_MS = 2 ** 52

export class CleanerFilter {
  recordsRead = 0
  recordsKept = 0
  /** Records without a key, which a compacted topic must not have. */
  recordsWithoutKey = 0
  /** Bytes of records that the last batch made it look at, after decompression. */
  workBytes = 0
  readonly #options: FilterOptions
  readonly #cursor = new RecordCursor()

  constructor(options: FilterOptions) {
    this.#options = options
  }

  /**
   * What to write for the batch at `at`: its own bytes (a view), rewritten ones, or null for
   * nothing.
   */
  filter(b: Uint8Array, at: number): Uint8Array | null {
    const cursor = this.#cursor
    cursor.open(b, at)
    this.workBytes = cursor.recordBytes
    const isControl = batch.isControl(b, at)
    const { transactions, nowMs } = this.#options
    const isUnneeded = isControl
      ? transactions.onControlBatch(b, at, cursor)
      : transactions.onBatch(b, at)
    this.#checkCursor()
    const horizonMs = batch.deleteHorizonMs(b, at)
    const isDropped =
      isUnneeded && (!isControl || (horizonMs !== batch.NO_TIMESTAMP && horizonMs <= nowMs))
    const staysEmpty = this.#staysEmpty(b, at, isControl)
    if (isDropped) {
      this.recordsRead += batch.recordCount(b, at)
      return staysEmpty ? emptyBatch(b, at) : null
    }
    const { kept, hasTombstones, isExact } = this.#choose(b, at, isControl, horizonMs)
    this.recordsKept += kept
    if (kept === 0) return staysEmpty ? emptyBatch(b, at) : null
    const needsHorizon =
      (hasTombstones || (isUnneeded && isControl)) && horizonMs === batch.NO_TIMESTAMP
    const isWhole = kept === batch.recordCount(b, at)
    if ((isWhole && !needsHorizon) || !isExact) {
      return b.subarray(at, at + batch.batchSizeBytes(b, at))
    }
    return this.#rebuild(b, at, needsHorizon ? this.#newHorizonMs() : horizonMs)
  }

  /** Whether its producer's state, or the end of the round, hangs on the batch. */
  #staysEmpty(b: Uint8Array, at: number, isControl: boolean): boolean {
    const lastOffset = batch.lastOffset(b, at)
    if (lastOffset + 1 === this.#options.upperBound) return true
    if (!batch.hasProducerId(b, at)) return false
    const last = this.#options.producers.get(batch.producerId(b, at))
    if (last === undefined) return false
    if (last.lastDataOffset >= 0) return last.lastDataOffset === lastOffset
    return isControl && batch.producerEpoch(b, at) === last.producerEpoch
  }

  /** Goes over the records and counts those that stay. */
  #choose(
    b: Uint8Array,
    at: number,
    isControl: boolean,
    horizonMs: number,
  ): { kept: number; hasTombstones: boolean; isExact: boolean } {
    const cursor = this.#cursor
    cursor.rewind()
    let kept = 0
    let hasTombstones = false
    // What was rounded in reading must not be written: such a batch stays as it is.
    let isExact = batch.hasExactTimestamps(b, at)
    while (cursor.next()) {
      this.recordsRead++
      if (!Number.isSafeInteger(cursor.timestampMs)) isExact = false
      if (!isControl && !this.#isKept(horizonMs)) {
        if (cursor.keyLength < 0) this.recordsWithoutKey++
        continue
      }
      kept++
      if (cursor.valueLength < 0) hasTombstones = true
    }
    this.#checkCursor()
    return { kept, hasTombstones, isExact }
  }

  /** Whether the cursor's record stays. */
  #isKept(horizonMs: number): boolean {
    const { bytes, keyStart, keyLength, valueLength, offset } = this.#cursor
    const { map, nowMs } = this.#options
    if (offset > map.latestOffset) return true
    if (keyLength < 0) return false
    if (offset < map.get(bytes, keyStart, keyLength)) return false
    return valueLength >= 0 || horizonMs === batch.NO_TIMESTAMP || nowMs < horizonMs
  }

  #newHorizonMs(): number {
    return Math.min(this.#options.nowMs + this.#options.deleteRetentionMs, LATEST_HORIZON_MS)
  }

  #rebuild(b: Uint8Array, at: number, horizonMs: number): Uint8Array {
    const cursor = this.#cursor
    const isControl = batch.isControl(b, at)
    const oldHorizonMs = batch.deleteHorizonMs(b, at)
    const builder = new BatchBuilder(
      {
        baseOffset: batch.baseOffset(b, at),
        lastOffset: batch.lastOffset(b, at),
        compression: batch.compressionOf(b, at) ?? 'none',
        timestampType: batch.timestampTypeOf(b, at),
        logAppendTimeMs: batch.maxTimestampMs(b, at),
        producerId: batch.producerId(b, at),
        producerEpoch: batch.producerEpoch(b, at),
        baseSequence: batch.baseSequence(b, at),
        isTransactional: batch.isTransactional(b, at),
        isControl,
        partitionLeaderEpoch: batch.partitionLeaderEpoch(b, at),
        ...(horizonMs === batch.NO_TIMESTAMP ? {} : { deleteHorizonMs: horizonMs }),
      },
      cursor.recordBytes,
    )
    cursor.rewind()
    while (cursor.next()) {
      if (isControl || this.#isKept(oldHorizonMs)) builder.appendBody(cursor)
    }
    return builder.build()
  }

  #checkCursor(): void {
    if (this.#cursor.problem !== '') throw new CleaningError(this.#cursor.problem)
  }
}

/** The header of the batch at `at` without its records. */
function emptyBatch(b: Uint8Array, at: number): Uint8Array {
  const header = new Uint8Array(batch.BATCH_OVERHEAD)
  const flags = batch.TIMESTAMP_TYPE_FLAG | batch.TRANSACTIONAL_FLAG | batch.CONTROL_FLAG
  header.set(b.subarray(at, at + batch.BATCH_OVERHEAD))
  batch.writeBatchHeader(header, 0, batch.BATCH_OVERHEAD, {
    baseOffset: batch.baseOffset(b, at),
    partitionLeaderEpoch: batch.partitionLeaderEpoch(b, at),
    attributes: batch.attributes(b, at) & flags,
    lastOffsetDelta: batch.lastOffsetDelta(b, at),
    baseTimestampMs: batch.NO_TIMESTAMP,
    maxTimestampMs: batch.maxTimestampMs(b, at),
    producerId: batch.producerId(b, at),
    producerEpoch: batch.producerEpoch(b, at),
    baseSequence: batch.baseSequence(b, at),
    recordCount: 0,
  })
  return header
}
