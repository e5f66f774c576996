/**
 * One segment of a log: a file of batches, its indexes (segment-indexes.ts), and what is known of
 * its timestamps. Files are opened and indexes read when something needs them, and let go again
 * when others need the room (`LogResources`), so an idle segment is one small object.
 */
import type { Disk, DiskFile } from '../io/io.ts'
import {
  BATCH_OVERHEAD,
  batchSizeBytes,
  lastOffset,
  maxTimestampMs as maxTimestampOf,
} from '../records/batch.ts'
import { BatchWalker } from './batch-walker.ts'
import type { DeferredDeletes } from './deferred-deletes.ts'
import {
  LOG_SUFFIX,
  OFFSET_INDEX_SUFFIX,
  offsetPrefix,
  SEGMENT_SUFFIXES,
  TIME_INDEX_SUFFIX,
} from './file-names.ts'
import type { LogConfig } from './log-config.ts'
import type { LogResources } from './log-resources.ts'
import { maxOffsetIndexEntries, OffsetIndex } from './offset-index.ts'
import { SegmentIndexes } from './segment-indexes.ts'
import { isBatchFor } from './segment-read.ts'
import { maxTimeIndexEntries, TimeIndex } from './time-index.ts'
import { type AbortedTransaction, TransactionIndex } from './transaction-index.ts'

/** Offsets of one segment lie within a Java int of its base. */
export const MAX_RELATIVE_OFFSET = 0x7fffffff

const UNKNOWN = -2

/** What a segment shares with the others of its log. */
export interface SegmentHome {
  readonly disk: Disk
  /** The partition's directory; it changes when the partition is to be deleted. */
  directory: string
  config: LogConfig
  readonly resources: LogResources
  readonly deferred: DeferredDeletes
  readonly warn: (message: string) => void
}

/** The latest record of a segment, as far as batches tell. */
export interface TimestampAndOffset {
  readonly timestampMs: number
  readonly offset: number
}

export class Segment {
  readonly baseOffset: number
  /** Bytes of whole batches, with those that still wait in the hot tail. */
  sizeBytes: number
  /** Bytes that were there when this process opened the segment, and may not be in memory. */
  readonly openedBytes: number
  createdMs: number
  readonly rollJitterMs: number
  /** `.deleted`, `.cleaned`, `.swap`, or '' for a live segment. */
  suffix = ''
  /** Reads in flight; the file stays open meanwhile. */
  pins = 0
  readonly indexes: SegmentIndexes
  readonly #home: SegmentHome
  #file: DiskFile | null = null
  /** `create` while there is no file yet. */
  #fileMode: 'create' | 'write' = 'write'
  #bytesSinceIndexEntry = 0
  #maxTimestampMs = UNKNOWN
  #offsetOfMaxTimestamp = -1
  #firstTimestampMs = UNKNOWN
  #closing = false
  #hasWarned = false
  /** The time index that was found on disk has been held against the end of the log file. */
  #timesChecked = false
  /** Batches were added since it was opened. */
  #isTouched = false
  /** How often the indexes were let go. */
  #indexDrops = 0

  constructor(
    home: SegmentHome,
    baseOffset: number,
    sizeBytes: number,
    createdMs: number,
    rollJitterMs: number,
  ) {
    this.#home = home
    this.baseOffset = baseOffset
    this.sizeBytes = sizeBytes
    this.openedBytes = sizeBytes
    this.createdMs = createdMs
    this.rollJitterMs = rollJitterMs
    this.indexes = new SegmentIndexes(home.disk, baseOffset, (suffix) => this.path(suffix))
  }

  /** Makes a new, empty segment. */
  static create(
    home: SegmentHome,
    baseOffset: number,
    createdMs: number,
    rollJitterMs: number,
    suffix = '',
  ): Segment {
    const segment = new Segment(home, baseOffset, 0, createdMs, rollJitterMs)
    segment.suffix = suffix
    segment.#fileMode = 'create'
    segment.indexes.create()
    segment.#timesChecked = true
    segment.#maxTimestampMs = -1
    // The name of the file says where the log goes on. At 0 it says nothing, and comes with the
    // data.
    if (baseOffset === 0 && suffix === '') return segment
    for (const ending of SEGMENT_SUFFIXES) home.disk.remove(segment.path(ending))
    segment.file()
    return segment
  }

  path(ending: string): string {
    return `${this.#home.directory}/${offsetPrefix(this.baseOffset)}${ending}${this.suffix}`
  }

  /** The open log file. */
  file(): DiskFile {
    this.#file ??= this.#home.disk.open(this.path(LOG_SUFFIX), this.#fileMode)
    this.#fileMode = 'write'
    this.#home.resources.files.use(this, 1)
    return this.#file
  }

  /** Whether the indexes are in memory. */
  get hasIndexes(): boolean {
    return this.indexes.offsets !== null
  }

  offsetIndex(): OffsetIndex {
    if (!this.hasIndexes) this.#loadIndexes()
    return this.indexes.offsets!
  }

  timeIndex(): TimeIndex {
    if (this.indexes.times === null) this.#loadIndexes()
    if (!this.#timesChecked) this.#checkTimes()
    return this.indexes.times!
  }

  /** Where to begin to look for `offset` in the file: no batch before that position holds it. */
  startFor(offset: number): number {
    const relative = Math.min(MAX_RELATIVE_OFFSET, offset - this.baseOffset)
    const position = this.offsetIndex().lookup(relative)
    if (position === 0 || position >= this.openedBytes) return position
    const header = new Uint8Array(BATCH_OVERHEAD)
    const length = this.file().read(header, position)
    if (isBatchFor(header.subarray(0, length), 0, this.baseOffset, offset)) return position
    this.rebuildIndexes('corrupt')
    return this.offsetIndex().lookup(relative)
  }

  transactions(): TransactionIndex {
    return this.indexes.transactions()
  }

  addAborted(transaction: AbortedTransaction): void {
    this.indexes.addAborted(transaction)
  }

  /** The latest timestamp and the last offset of the batch that has it; -1 where there is none. */
  maxTimestamp(): TimestampAndOffset {
    if (this.#maxTimestampMs === UNKNOWN) this.#takeMaxTimestamp(this.timeIndex())
    return { timestampMs: this.#maxTimestampMs, offset: this.#offsetOfMaxTimestamp }
  }

  #takeMaxTimestamp(times: TimeIndex): void {
    this.#maxTimestampMs = times.lastTimestampMs
    this.#offsetOfMaxTimestamp = times.count === 0 ? -1 : this.baseOffset + times.lastOffset
  }

  /** What retention by time goes by: the latest timestamp, or else when the file last changed. */
  largestTimestampMs(): number {
    const { timestampMs } = this.maxTimestamp()
    if (timestampMs >= 0) return timestampMs
    return this.#home.disk.stat(this.path(LOG_SUFFIX))?.modifiedMs ?? 0
  }

  /** The latest timestamp of the first batch, or -1. */
  firstTimestampMs(): number {
    if (this.#firstTimestampMs === UNKNOWN && this.sizeBytes > 0) {
      const walker = new BatchWalker(this.file(), 0, this.sizeBytes, false, 128)
      this.#firstTimestampMs = walker.next() ? maxTimestampOf(walker.buffer, walker.at) : -1
    }
    return this.#firstTimestampMs === UNKNOWN ? -1 : this.#firstTimestampMs
  }

  /** Takes note of whole batches that now stand at the end. */
  track(batches: Uint8Array): void {
    // First the times: their check may make both anew.
    const times = this.timeIndex()
    const offsets = this.offsetIndex()
    this.maxTimestamp()
    this.#isTouched = true
    if (this.sizeBytes === 0 && batches.length > 0) {
      this.#firstTimestampMs = maxTimestampOf(batches, 0)
    }
    for (let at = 0; at < batches.length; ) {
      const size = batchSizeBytes(batches, at)
      this.#trackBatch(batches, at, this.sizeBytes, offsets, times)
      this.#bytesSinceIndexEntry += size
      this.sizeBytes += size
      at += size
    }
  }

  #trackBatch(
    bytes: Uint8Array,
    at: number,
    position: number,
    offsets: OffsetIndex,
    times: TimeIndex,
  ): void {
    const last = lastOffset(bytes, at)
    const timestampMs = maxTimestampOf(bytes, at)
    if (timestampMs > this.#maxTimestampMs) {
      this.#maxTimestampMs = timestampMs
      this.#offsetOfMaxTimestamp = last
    }
    if (this.#bytesSinceIndexEntry <= this.#home.config.indexIntervalBytes) return
    offsets.append(last - this.baseOffset, position)
    times.append(this.#maxTimestampMs, this.#offsetOfMaxTimestamp - this.baseOffset)
    this.#bytesSinceIndexEntry = 0
    this.#noteIndexBytes()
  }

  /** Whether an index file has reached `segment.index.bytes`. */
  get indexesFull(): boolean {
    const limit = this.#home.config.segmentIndexBytes
    return (
      this.offsetIndex().count >= maxOffsetIndexEntries(limit) ||
      this.timeIndex().count >= maxTimeIndexEntries(limit)
    )
  }

  /** How long batches have been going into this segment, counted by their timestamps. */
  waitedForRollMs(nowMs: number, batchTimestampMs: number): number {
    const firstMs = this.firstTimestampMs()
    return firstMs >= 0 ? batchTimestampMs - firstMs : nowMs - this.createdMs
  }

  /** The last entry of the time index says what the latest record is, once no more will come. */
  seal(): void {
    if (this.#isTouched) {
      const { timestampMs, offset } = this.maxTimestamp()
      if (timestampMs >= 0) this.timeIndex().append(timestampMs, offset - this.baseOffset)
    }
    if (this.#fileMode === 'write') this.indexes.finish()
  }

  /** Makes the log file durable, on this thread; and the indexes, where no more will come. */
  syncNow(withIndexes: boolean): void {
    this.file().syncNow()
    this.indexes.syncNow(withIndexes)
  }

  /** The same off the event loop. */
  async sync(withIndexes: boolean): Promise<void> {
    this.pin()
    try {
      await this.file().sync()
      await this.indexes.sync(withIndexes, () => this.#closing)
    } finally {
      this.unpin()
    }
  }

  /** Cuts the segment before the batch that holds `offset`. Every byte is in the file. */
  cutAt(offset: number, nowMs: number): void {
    const start = this.startFor(offset)
    const walker = new BatchWalker(this.file(), start, this.sizeBytes, false)
    while (walker.next() && lastOffset(walker.buffer, walker.at) < offset);
    const { position } = walker
    this.timeIndex()
    this.indexes.truncateTo(offset)
    this.file().truncate(position)
    this.file().syncNow()
    this.sizeBytes = position
    this.#bytesSinceIndexEntry = 0
    if (position === 0) {
      this.createdMs = nowMs
      this.#firstTimestampMs = UNKNOWN
    }
    this.indexes.trim()
    this.#findMaxTimestamp()
  }

  /** The latest timestamp from the time index and from the batches after its last entry. */
  #findMaxTimestamp(): void {
    const times = this.timeIndex()
    this.#takeMaxTimestamp(times)
    const start = this.startFor(this.baseOffset + Math.max(0, times.lastOffset))
    const walker = new BatchWalker(this.file(), start, this.sizeBytes, false)
    while (walker.next()) {
      const timestampMs = maxTimestampOf(walker.buffer, walker.at)
      if (timestampMs <= this.#maxTimestampMs) continue
      this.#maxTimestampMs = timestampMs
      this.#offsetOfMaxTimestamp = lastOffset(walker.buffer, walker.at)
    }
  }

  /**
   * A time index that lacks its end would have retention delete the segment too early, and look-ups
   * pass it by. It says what the last batches say, or it is made anew. (What it says of others is
   * not looked at; a batch with a later time in the middle of the segment is the exception.)
   */
  #checkTimes(): void {
    this.#timesChecked = true
    const times = this.indexes.times!
    // The end of a segment that is being written is not in its index yet.
    if (this.#isTouched || this.sizeBytes === 0) return
    const start = this.startFor(this.baseOffset + MAX_RELATIVE_OFFSET)
    const walker = new BatchWalker(this.file(), start, this.sizeBytes, false)
    let last = -1
    while (walker.next()) {
      last = lastOffset(walker.buffer, walker.at) - this.baseOffset
      if (maxTimestampOf(walker.buffer, walker.at) > times.lastTimestampMs) {
        // An empty one is what a power cut after the stop leaves: nothing to be said about.
        this.rebuildIndexes(times.count === 0 ? '' : 'corrupt')
        return
      }
    }
    if (walker.problem === '' && times.lastOffset > last) this.rebuildIndexes('corrupt')
  }

  /** Begins to take note of batches anew, from the start of the segment. */
  restart(): void {
    this.resume(this.baseOffset, 0, OffsetIndex.empty(), TimeIndex.empty(), new TransactionIndex())
  }

  /**
   * Goes on at `position`, where `offset` is next, with what indexes know of the batches before.
   */
  resume(
    offset: number,
    position: number,
    offsets: OffsetIndex,
    times: TimeIndex,
    transactions: TransactionIndex,
  ): void {
    this.indexes.restart(offsets, times, transactions)
    this.#timesChecked = true
    this.indexes.truncateTo(offset)
    this.sizeBytes = position
    this.#bytesSinceIndexEntry = 0
    this.#firstTimestampMs = UNKNOWN
    this.#takeMaxTimestamp(times)
  }

  /** Says once that the end of the segment is missing. */
  warnOfGap(offset: number, nextOffset: number): void {
    if (this.#hasWarned) return
    this.#hasWarned = true
    const gap = `holds nothing from offset ${offset} on, and the next file begins at ${nextOffset}`
    this.#home.warn(`${this.path(LOG_SUFFIX)}: ${gap}`)
  }

  /** Gives the files another ending, all of those that are there. */
  rename(suffix: string): void {
    const { disk } = this.#home
    const before = SEGMENT_SUFFIXES.map((ending) => this.path(ending))
    this.suffix = suffix
    SEGMENT_SUFFIXES.forEach((ending, i) => {
      if (disk.stat(before[i]!) !== null) disk.rename(before[i]!, this.path(ending))
    })
  }

  /** Deletes the files. */
  remove(): void {
    for (const path of this.closeForDeletion()) this.#home.disk.remove(path)
  }

  /** Closes the files, and returns those that there may be. */
  closeForDeletion(): readonly string[] {
    this.close()
    return SEGMENT_SUFFIXES.map((ending) => this.path(ending))
  }

  /** A read in flight needs the file. */
  pin(): void {
    this.pins++
  }

  /** A read in flight has ended. */
  unpin(): void {
    this.pins--
    if (this.pins === 0 && this.#closing) this.#closeFile()
  }

  /** Lets go of everything; unsaved index entries are dropped (`seal` comes first). */
  close(): void {
    this.#closing = this.pins > 0
    if (this.pins === 0) this.#closeFile()
    this.#dropIndexes()
  }

  /** Closes the file if nothing is using it. For `LogResources`. */
  releaseFile(): boolean {
    if (this.pins > 0) return false
    this.#closeFile()
    return true
  }

  /** Saves and drops the indexes. For `LogResources`. */
  releaseIndexes(): boolean {
    // What was never looked at is read again; to look now would take room from whoever needs it.
    if (this.#timesChecked) this.maxTimestamp()
    this.indexes.save()
    this.#dropIndexes()
    return true
  }

  #closeFile(): void {
    this.#file?.close()
    this.#file = null
    this.#home.resources.files.drop(this)
  }

  #dropIndexes(): void {
    this.#indexDrops++
    this.indexes.drop()
    this.#home.resources.indexes.drop(this)
  }

  #noteIndexBytes(): void {
    this.#home.resources.indexes.use(this, this.indexes.memoryBytes)
  }

  #loadIndexes(): void {
    this.#timesChecked = false
    const offsets = this.indexes.read(OFFSET_INDEX_SUFFIX)
    this.#adoptIndexes(offsets, this.indexes.read(TIME_INDEX_SUFFIX))
  }

  /** Loads offset and time index off the event loop, where they aren't in memory. */
  async loadIndexes(): Promise<void> {
    while (!this.hasIndexes) {
      const drops = this.#indexDrops
      const offsets = await this.indexes.readAsync(OFFSET_INDEX_SUFFIX)
      const times = await this.indexes.readAsync(TIME_INDEX_SUFFIX)
      if (this.hasIndexes) return
      // Whoever had them meanwhile may have changed the files.
      if (this.#indexDrops !== drops) continue
      this.#timesChecked = false
      this.#adoptIndexes(offsets, times)
    }
  }

  /** Where an index is missing or wrong, both are made anew. */
  #adoptIndexes(offsets: Uint8Array | null, times: Uint8Array | null): void {
    if (!this.indexes.adopt(offsets, times, this.sizeBytes)) {
      this.rebuildIndexes(offsets === null || times === null ? 'missing' : 'corrupt')
    }
    this.#noteIndexBytes()
  }

  /** Makes offset and time index from the headers of all batches; `why` is for a warning. */
  rebuildIndexes(why: string): void {
    const { sizeBytes } = this
    const walker = new BatchWalker(this.file(), 0, sizeBytes, false)
    const offsets = OffsetIndex.empty()
    const times = TimeIndex.empty()
    this.indexes.restart(offsets, times)
    this.#timesChecked = true
    this.#takeMaxTimestamp(times)
    this.#bytesSinceIndexEntry = 0
    while (walker.next()) {
      this.#trackBatch(walker.buffer, walker.at, walker.position, offsets, times)
      this.#bytesSinceIndexEntry += walker.sizeBytes
    }
    this.#isTouched = true
    this.seal()
    this.indexes.trim()
    const path = this.path(LOG_SUFFIX)
    // Nothing is missing of a segment that is empty; an index that knows more says that it was not.
    const isTold = why === 'corrupt' || (why !== '' && sizeBytes > 0)
    if (isTold) this.#home.warn(`${path}: index ${why}, made anew`)
    if (walker.problem !== '')
      this.#home.warn(`${path}: byte ${walker.position}: ${walker.problem}`)
  }
}
