/**
 * What one fetch brought of one partition: batches as bytes, from which pieces are taken for the
 * program. Only headers are looked at here; records are read when the program iterates.
 *
 * Invariant: a piece has at least one record, none below the position it was taken for, none of a
 * control batch, and with read_committed none of an aborted transaction. Batches are checked
 * (CRC) before they are in a piece. What is wrong is thrown when nothing is before it, and the
 * position stays, so nothing is ever skipped in silence.
 *
 * KIP-98 (the list of aborted transactions), KIP-74 (a batch cut off at the end is to be fetched
 * again).
 */
import { BoundsError } from '../../base/bytes.ts'
import {
  baseOffset,
  baseTimestampMs,
  hasProducerId,
  isControl,
  isCrcValid,
  isTransactional,
  lastOffset,
  lastOffsetDelta,
  MAGIC_V2,
  magic,
  maxTimestampMs,
  partitionLeaderEpoch,
  producerId,
  recordCount,
  timestampTypeOf,
} from '../../records/batch.ts'
import { BATCH_CORRUPT, BATCH_INCOMPLETE, nextBatch } from '../../records/batches.ts'
import { ControlType, controlTypeOf } from '../../records/control.ts'
import { RecordCursor } from '../../records/record-scan.ts'
import { KafkaError, type KafkaErrorCode } from '../kafka-error.ts'
import { FetchedRecord, RecordSource, type TopicReader } from './fetched-record.ts'

/** What it is called that a batch can't be decompressed. */
const UNREADABLE = {
  corrupt: 'CORRUPT_DATA',
  tooLarge: 'LIMIT_EXCEEDED',
  unavailable: 'UNSUPPORTED_COMPRESSION_TYPE',
} as const

/** A transaction that was aborted, as a fetch response lists it. */
export interface AbortedTransaction {
  readonly producerId: number
  readonly firstOffset: number
}

export interface ReadingOptions {
  readonly isReadCommitted: boolean
  readonly checkCrcs: boolean
  readonly maxDecompressedBytes: number
}

/** A part of a piece: a batch from its first record at or above `from`, or records read before. */
export interface PieceSegment {
  readonly at: number
  readonly from: number
  /** Set where a batch was cut in two by a limit on the number of records. */
  readonly records: readonly FetchedRecord[] | null
}

/** Records for the program. */
export interface Piece {
  readonly data: FetchedData
  readonly segments: readonly PieceSegment[]
  readonly count: number
  readonly firstOffset: number
  /** Where to go on after it: gaps and what is hidden behind its last record are left out. */
  readonly nextOffset: number
  /** The leader epoch of its last batch, -1 where it is not known. */
  readonly leaderEpoch: number
}

export class FetchedData {
  readonly reader: TopicReader
  readonly partition: number
  readonly bytes: Uint8Array
  /** The offset after the last whole batch. */
  readonly nextOffset: number
  /** The leader epoch of the last whole batch; -1 where there is none. */
  readonly leaderEpoch: number
  /** Of all of its batches, by what their headers say. */
  readonly recordCount: number
  readonly #options: ReadingOptions
  readonly #aborted: readonly AbortedTransaction[]
  readonly #abortedProducers: Set<number>
  readonly #cursor = new RecordCursor()
  #abortedSeen = 0
  /** The next batch. */
  #at = 0
  /** The first batch whose offsets can't be right: checksums do not cover them. */
  #insaneAt = -1
  /** The batch up to which CRCs were checked. */
  #checkedTo = 0
  /** The records of the batch at `#at` where a limit cut it in two. */
  #split: readonly FetchedRecord[] | null = null
  #splitAt = 0

  constructor(
    reader: TopicReader,
    partition: number,
    bytes: Uint8Array,
    fetchOffset: number,
    aborted: readonly AbortedTransaction[] | null,
    options: ReadingOptions,
    highWatermark = Infinity,
  ) {
    this.reader = reader
    this.partition = partition
    this.bytes = bytes
    this.#options = options
    // Not every broker sorts them.
    this.#aborted = [...(aborted ?? [])].sort((a, b) => a.firstOffset - b.firstOffset)
    this.#abortedProducers = new Set()
    let [next, epoch, from, records] = [fetchOffset, -1, 0, 0]
    for (let at = 0; at < bytes.length; ) {
      const end = nextBatch(bytes, at)
      if (end < 0) break
      const last = saneLastOffset(bytes, at, from, highWatermark)
      if (last < 0) {
        this.#insaneAt = at
        break
      }
      from = last + 1
      next = Math.max(next, from)
      if (magic(bytes, at) === MAGIC_V2) {
        epoch = partitionLeaderEpoch(bytes, at)
        if (!isControl(bytes, at)) records += recordCount(bytes, at)
      }
      at = end
    }
    this.nextOffset = next
    this.leaderEpoch = epoch
    this.recordCount = records
  }

  get sizeBytes(): number {
    return this.bytes.length
  }

  /** Goes back to the first batch: what was taken was not seen. */
  rewind(): void {
    this.#at = 0
    this.#abortedSeen = 0
    this.#abortedProducers.clear()
    this.#split = null
    this.#splitAt = 0
  }

  /**
   * Up to `maxRecords` records from `position` on; null where nothing is left for the program, and
   * then `nextOffset` is where to go on. Throws where what comes next can't be read.
   */
  take(position: number, maxRecords: number): Piece | null {
    const segments: PieceSegment[] = []
    const piece = { count: 0, first: -1, next: position, epoch: -1 }
    while (piece.count < maxRecords) {
      const end = this.#examine(position, segments.length > 0)
      if (end < 0) break
      const at = this.#at
      if (this.#isHidden(at, position)) {
        this.#go(end)
        continue
      }
      const segment = this.#segment(at, position, maxRecords - piece.count)
      if (segment !== null) {
        const { count, first } = segment
        if (piece.count === 0) piece.first = first
        piece.count += count
        segments.push(segment.segment)
        piece.epoch = partitionLeaderEpoch(this.bytes, at)
        if (segment.next !== null) {
          piece.next = segment.next
          break
        }
      }
      piece.next = lastOffset(this.bytes, at) + 1
      this.#go(end)
    }
    if (segments.length === 0) return null
    const { count, first, next, epoch } = piece
    return { data: this, segments, count, firstOffset: first, nextOffset: next, leaderEpoch: epoch }
  }

  #go(end: number): void {
    this.#at = end
    this.#split = null
    this.#splitAt = 0
  }

  /** True once `take` has nothing more to give. */
  get isExhausted(): boolean {
    const { bytes } = this
    return this.#at >= bytes.length || nextBatch(bytes, this.#at) === BATCH_INCOMPLETE
  }

  /** The end of the batch at `#at`, or a negative number where there is none to go on with. */
  #examine(position: number, hasSome: boolean): number {
    const { bytes } = this
    const at = this.#at
    if (at >= bytes.length) return -1
    const end = nextBatch(bytes, at)
    if (end === BATCH_CORRUPT || at === this.#insaneAt) {
      if (!hasSome) throw this.problem('CORRUPT_DATA', position, 'what was fetched is no batch')
      return -1
    }
    if (end < 0) return -1
    if (magic(bytes, at) !== MAGIC_V2) {
      if (hasSome) return -1
      const format = `records are in format ${magic(bytes, at)}, which Kafka 4 has given up`
      throw this.problem('UNSUPPORTED_FOR_MESSAGE_FORMAT', position, format)
    }
    if (end > this.#checkedTo && this.#options.checkCrcs) {
      if (!isCrcValid(bytes, at)) {
        if (hasSome) return -1
        throw this.problem('CORRUPT_DATA', position, 'the checksum of a batch is wrong')
      }
      this.#checkedTo = end
    }
    return end
  }

  /** True for batches of which the program sees nothing; keeps book of aborted transactions. */
  #isHidden(at: number, position: number): boolean {
    const { bytes } = this
    const last = lastOffset(bytes, at)
    if (this.#options.isReadCommitted && hasProducerId(bytes, at)) {
      const aborted = this.#aborted
      while (this.#abortedSeen < aborted.length) {
        const transaction = aborted[this.#abortedSeen]!
        if (transaction.firstOffset > last) break
        this.#abortedProducers.add(transaction.producerId)
        this.#abortedSeen++
      }
      const producer = producerId(bytes, at)
      if (isControl(bytes, at)) {
        if (this.#isAbortMarker(at)) this.#abortedProducers.delete(producer)
      } else if (isTransactional(bytes, at) && this.#abortedProducers.has(producer)) {
        return true
      }
    }
    return isControl(bytes, at) || last < position || recordCount(bytes, at) === 0
  }

  #isAbortMarker(at: number): boolean {
    const cursor = this.#cursor.open(this.bytes, at)
    return cursor.next() && controlTypeOf(cursor.key()) === ControlType.ABORT
  }

  /** What a batch has for the program, or null where all its records are below `position`. */
  #segment(at: number, position: number, maxRecords: number) {
    const { bytes } = this
    const base = baseOffset(bytes, at)
    const total = recordCount(bytes, at)
    // The base offset survives compaction and the first record may not: only that one is looked at.
    if (this.#split === null && base >= position && total <= maxRecords) {
      return { segment: { at, from: base, records: null }, count: total, first: base, next: null }
    }
    if (total <= maxRecords && this.#split === null) {
      const first = this.#skip(at, position)
      if (first === null) return null
      const segment: PieceSegment = { at, from: position, records: null }
      return { segment, count: first.count, first: first.offset, next: null }
    }
    this.#split ??= [...this.records({ at, from: position, records: null })]
    const split = this.#split
    while (this.#splitAt < split.length && split[this.#splitAt]!.offset < position) this.#splitAt++
    const records = split.slice(this.#splitAt, this.#splitAt + maxRecords)
    if (records.length === 0) return null
    this.#splitAt += records.length
    const first = records[0]!.offset
    const segment: PieceSegment = { at, from: first, records }
    const next = this.#splitAt === split.length ? null : records.at(-1)!.offset + 1
    return { segment, count: records.length, first, next }
  }

  /** The first record at or above `position`, and how many there are from it on. */
  #skip(at: number, position: number): { offset: number; count: number } | null {
    const cursor = this.open(this.#cursor, at)
    let before = 0
    while (cursor.next()) {
      const { offset } = cursor
      if (offset >= position) return { offset, count: recordCount(this.bytes, at) - before }
      before++
    }
    if (cursor.problem !== '') throw this.unreadable(cursor, at)
    return null
  }

  /** Opens the batch at `at`, decompressed within the limit. Throws where that can't be done. */
  open(cursor: RecordCursor, at: number): RecordCursor {
    cursor.open(this.bytes, at, this.#options.maxDecompressedBytes)
    if (cursor.problem !== '') throw this.unreadable(cursor, at)
    return cursor
  }

  source(cursor: RecordCursor, at: number): RecordSource {
    const { bytes } = this
    const type = timestampTypeOf(bytes, at)
    const baseMs = type === 'LogAppendTime' ? maxTimestampMs(bytes, at) : baseTimestampMs(bytes, at)
    const epoch = partitionLeaderEpoch(bytes, at)
    const { reader, partition } = this
    return new RecordSource(
      reader,
      partition,
      cursor.bytes,
      baseOffset(bytes, at),
      baseMs,
      type,
      epoch,
    )
  }

  /** The records of a segment. */
  records(segment: PieceSegment): IterableIterator<FetchedRecord> {
    return new PieceIterator(this, [segment])
  }

  unreadable(cursor: RecordCursor, at: number): KafkaError {
    return this.problem(
      UNREADABLE[cursor.failure?.reason ?? 'corrupt'],
      baseOffset(this.bytes, at),
      `a batch can't be read: ${cursor.problem}`,
    )
  }

  problem(code: KafkaErrorCode, offset: number, text: string): KafkaError {
    const { reader, partition } = this
    const topic = reader.name
    return new KafkaError(code, `${topic}-${partition} at offset ${offset}: ${text}`, {
      topic,
      partition,
      offset,
    })
  }
}

/**
 * The last offset of a batch that lies between `from` and `end`; -1 where its header says what
 * can't be: a base offset is what a broker changes and no checksum covers.
 */
function saneLastOffset(bytes: Uint8Array, at: number, from: number, end: number): number {
  if (magic(bytes, at) !== MAGIC_V2) return baseOffsetOrNone(bytes, at)
  const base = baseOffsetOrNone(bytes, at)
  const last = base + lastOffsetDelta(bytes, at)
  return base >= from && last >= base && last < end ? last : -1
}

function baseOffsetOrNone(bytes: Uint8Array, at: number): number {
  try {
    return baseOffset(bytes, at)
  } catch (error) {
    if (error instanceof BoundsError) return -1
    throw error
  }
}

/** Walks the records of a piece, one batch open at a time. */
export class PieceIterator implements IterableIterator<FetchedRecord> {
  readonly #data: FetchedData
  readonly #segments: readonly PieceSegment[]
  readonly #cursor = new RecordCursor()
  #next = 0
  #source: RecordSource | null = null
  #at = 0
  #from = 0
  #records: readonly FetchedRecord[] | null = null
  #recordAt = 0

  constructor(data: FetchedData, segments: readonly PieceSegment[]) {
    this.#data = data
    this.#segments = segments
  }

  [Symbol.iterator](): this {
    return this
  }

  next(): IteratorResult<FetchedRecord> {
    const record = this.advance()
    return record === null ? { value: undefined, done: true } : { value: record, done: false }
  }

  /** The next record, or null at the end. */
  advance(): FetchedRecord | null {
    for (;;) {
      const source = this.#source
      if (source !== null) {
        const cursor = this.#cursor
        while (cursor.next()) {
          if (cursor.offset >= this.#from) return new FetchedRecord(source, cursor)
        }
        if (cursor.problem !== '') throw this.#data.unreadable(cursor, this.#at)
        this.#source = null
      } else if (this.#records !== null) {
        if (this.#recordAt < this.#records.length) return this.#records[this.#recordAt++]!
        this.#records = null
      }
      if (this.#next === this.#segments.length) return null
      this.#open(this.#segments[this.#next++]!)
    }
  }

  #open(segment: PieceSegment): void {
    this.#at = segment.at
    this.#from = segment.from
    this.#records = segment.records
    this.#recordAt = 0
    if (segment.records !== null) return
    this.#data.open(this.#cursor, segment.at)
    this.#source = this.#data.source(this.#cursor, segment.at)
  }
}
