/**
 * One segment of a log: a file of batches and its three indexes. Files are opened and indexes read
 * when something needs them, and let go again when others need the room (`LogResources`), so an idle
 * segment is one small object.
 *
 * Index entries collect in memory and go to their files many at a time; a crash loses some, and the
 * recovery of the segment makes them anew. Invariant: an index is believed only as far as it agrees
 * with its log file.
 */
import type { Disk, DiskFile } from '../io/io.ts'
import { batchSizeBytes, lastOffset, maxTimestampMs as maxTimestampOf } from '../records/batch.ts'
import { BatchWalker } from './batch-walker.ts'
import type { DeferredDeletes } from './deferred-deletes.ts'
import {
  LOG_SUFFIX,
  OFFSET_INDEX_SUFFIX,
  offsetPrefix,
  SEGMENT_SUFFIXES,
  TIME_INDEX_SUFFIX,
  TRANSACTION_INDEX_SUFFIX,
} from './file-names.ts'
import type { LogConfig } from './log-config.ts'
import type { LogResources } from './log-resources.ts'
import { maxOffsetIndexEntries, OffsetIndex } from './offset-index.ts'
import { maxTimeIndexEntries, TimeIndex } from './time-index.ts'
import { TransactionIndex } from './transaction-index.ts'

/** Offsets of one segment lie within a Java int of its base. */
export const MAX_RELATIVE_OFFSET = 0x7fffffff

const INDEX_SUFFIXES = [OFFSET_INDEX_SUFFIX, TIME_INDEX_SUFFIX, TRANSACTION_INDEX_SUFFIX] as const

/** Index entries of the active segment that are written together. */
const SAVED_AT_ONCE = 256

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
  readonly #home: SegmentHome
  #file: DiskFile | null = null
  #offsetIndex: OffsetIndex | null = null
  #timeIndex: TimeIndex | null = null
  #transactions: TransactionIndex | null = null
  #bytesSinceIndexEntry = 0
  #maxTimestampMs = UNKNOWN
  #offsetOfMaxTimestamp = -1
  #firstTimestampMs = UNKNOWN
  #closing = false
  /** Batches were added since it was opened. */
  #isTouched = false

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
  }

  /** Makes the files of a new, empty segment. */
  static create(
    home: SegmentHome,
    baseOffset: number,
    createdMs: number,
    rollJitterMs: number,
    suffix = '',
  ): Segment {
    const segment = new Segment(home, baseOffset, 0, createdMs, rollJitterMs)
    segment.suffix = suffix
    for (const ending of SEGMENT_SUFFIXES) {
      if (suffix !== '' || home.disk.stat(segment.path(ending)) !== null) {
        home.disk.remove(segment.path(ending))
      }
    }
    segment.#file = home.disk.open(segment.path(LOG_SUFFIX), 'create')
    home.resources.files.use(segment, 1)
    // Kafka takes a segment without them for a broken one.
    for (const ending of [OFFSET_INDEX_SUFFIX, TIME_INDEX_SUFFIX]) {
      home.disk.open(segment.path(ending), 'create').close()
    }
    segment.#offsetIndex = OffsetIndex.empty()
    segment.#timeIndex = TimeIndex.empty()
    segment.#transactions = new TransactionIndex()
    segment.#maxTimestampMs = -1
    return segment
  }

  path(ending: string): string {
    return `${this.#home.directory}/${offsetPrefix(this.baseOffset)}${ending}${this.suffix}`
  }

  /** The open log file. */
  file(): DiskFile {
    this.#file ??= this.#home.disk.open(this.path(LOG_SUFFIX), 'write')
    this.#home.resources.files.use(this, 1)
    return this.#file
  }

  offsetIndex(): OffsetIndex {
    if (this.#offsetIndex === null) this.#loadIndexes()
    return this.#offsetIndex!
  }

  timeIndex(): TimeIndex {
    if (this.#timeIndex === null) this.#loadIndexes()
    return this.#timeIndex!
  }

  get indexesLoaded(): boolean {
    return this.#offsetIndex !== null
  }

  transactions(): TransactionIndex {
    this.#transactions ??= this.#loadTransactions()
    return this.#transactions
  }

  /** The latest timestamp and the last offset of the batch that has it; -1 where there is none. */
  maxTimestamp(): TimestampAndOffset {
    if (this.#maxTimestampMs === UNKNOWN) {
      const index = this.timeIndex()
      this.#maxTimestampMs = index.lastTimestampMs
      this.#offsetOfMaxTimestamp = index.count === 0 ? -1 : this.baseOffset + index.lastOffset
    }
    return { timestampMs: this.#maxTimestampMs, offset: this.#offsetOfMaxTimestamp }
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
    const offsets = this.offsetIndex()
    const times = this.timeIndex()
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
    if (!this.#isTouched) return
    const { timestampMs, offset } = this.maxTimestamp()
    if (timestampMs >= 0) this.timeIndex().append(timestampMs, offset - this.baseOffset)
    this.saveIndexes()
  }

  /** Now and then, so that recovery needs not begin at the start of the segment. */
  saveManyIndexEntries(): void {
    const index = this.#offsetIndex
    if (index !== null && index.count - index.savedCount >= SAVED_AT_ONCE) this.saveIndexes()
  }

  /** Brings the index files up to what is in memory. */
  saveIndexes(): void {
    if (this.#offsetIndex !== null) this.#save(OFFSET_INDEX_SUFFIX, this.#offsetIndex)
    if (this.#timeIndex !== null) this.#save(TIME_INDEX_SUFFIX, this.#timeIndex)
    const transactions = this.#transactions
    if (transactions === null) return
    if (transactions.savedCount < transactions.entries.length) {
      this.#save(TRANSACTION_INDEX_SUFFIX, transactions)
      transactions.savedCount = transactions.entries.length
    }
  }

  #save(
    ending: string,
    index: { unsaved(): Uint8Array; savedBytes: number; savedCount: number; count?: number },
  ): void {
    const bytes = index.unsaved()
    if (bytes.length === 0) return
    const file = this.#home.disk.open(this.path(ending), 'create')
    try {
      file.write([bytes], index.savedBytes)
    } finally {
      file.close()
    }
    if (index.count !== undefined) index.savedCount = index.count
  }

  /** Cuts the index files to what is in memory, after entries were dropped or room was reserved. */
  trimIndexes(): void {
    this.saveIndexes()
    const indexes: [string, { fileBytes: number } | null][] = [
      [OFFSET_INDEX_SUFFIX, this.#offsetIndex],
      [TIME_INDEX_SUFFIX, this.#timeIndex],
      [TRANSACTION_INDEX_SUFFIX, this.#transactions],
    ]
    for (const [ending, index] of indexes) {
      const stat = this.#home.disk.stat(this.path(ending))
      if (index === null || stat === null || stat.size === index.fileBytes) continue
      const file = this.#home.disk.open(this.path(ending), 'write')
      try {
        file.truncate(index.fileBytes)
      } finally {
        file.close()
      }
    }
  }

  /** Makes the log file durable, and the indexes where asked to, on this thread. */
  syncNow(withIndexes: boolean): void {
    this.file().syncNow()
    if (!withIndexes) return
    this.saveIndexes()
    for (const ending of INDEX_SUFFIXES) {
      if (!this.#exists(ending)) continue
      const file = this.#home.disk.open(this.path(ending), 'write')
      try {
        file.syncNow()
      } finally {
        file.close()
      }
    }
  }

  /** The same off the event loop. */
  async sync(withIndexes: boolean): Promise<void> {
    this.pin()
    try {
      await this.file().sync()
      if (withIndexes && !this.#closing) this.saveIndexes()
      for (const ending of withIndexes ? INDEX_SUFFIXES : []) {
        // Retention may have renamed the files while this was waiting.
        if (this.#closing || !this.#exists(ending)) continue
        const file = this.#home.disk.open(this.path(ending), 'write')
        try {
          await file.sync()
        } finally {
          file.close()
        }
      }
    } finally {
      this.unpin()
    }
  }

  #exists(ending: string): boolean {
    return this.#home.disk.stat(this.path(ending)) !== null
  }

  /** Cuts the segment before the batch that holds `offset`. Every byte is in the file. */
  cutAt(offset: number, nowMs: number): void {
    const relative = offset - this.baseOffset
    const start = this.offsetIndex().lookup(relative)
    const walker = new BatchWalker(this.file(), start, this.sizeBytes, false)
    while (walker.next() && lastOffset(walker.buffer, walker.at) < offset);
    const { position } = walker
    this.offsetIndex().truncateTo(relative)
    this.timeIndex().truncateTo(relative)
    this.transactions().truncateTo(offset)
    this.file().truncate(position)
    this.file().syncNow()
    this.sizeBytes = position
    this.#bytesSinceIndexEntry = 0
    if (position === 0) {
      this.createdMs = nowMs
      this.#firstTimestampMs = UNKNOWN
    }
    this.trimIndexes()
    this.#findMaxTimestamp()
  }

  /** The latest timestamp from the time index and from the batches after its last entry. */
  #findMaxTimestamp(): void {
    const times = this.timeIndex()
    this.#maxTimestampMs = times.lastTimestampMs
    this.#offsetOfMaxTimestamp = times.count === 0 ? -1 : this.baseOffset + times.lastOffset
    const start = this.offsetIndex().lookup(Math.max(0, times.lastOffset))
    const walker = new BatchWalker(this.file(), start, this.sizeBytes, false)
    while (walker.next()) {
      const timestampMs = maxTimestampOf(walker.buffer, walker.at)
      if (timestampMs <= this.#maxTimestampMs) continue
      this.#maxTimestampMs = timestampMs
      this.#offsetOfMaxTimestamp = lastOffset(walker.buffer, walker.at)
    }
  }

  /**
   * Begins to take note of batches anew at `position`, where `offset` is next; what the given
   * indexes know of the batches before is kept.
   */
  restartIndexes(
    offset: number,
    position: number,
    offsets: OffsetIndex | null,
    times: TimeIndex | null,
  ): void {
    const relative = offset - this.baseOffset
    this.#offsetIndex = offsets ?? OffsetIndex.empty()
    this.#timeIndex = times ?? TimeIndex.empty()
    this.#offsetIndex.truncateTo(relative)
    this.#timeIndex.truncateTo(relative)
    this.#transactions = position === 0 ? new TransactionIndex() : this.#loadTransactions()
    this.#transactions.truncateTo(offset)
    this.sizeBytes = position
    this.#bytesSinceIndexEntry = 0
    this.#firstTimestampMs = UNKNOWN
    this.#maxTimestampMs = this.#timeIndex.lastTimestampMs
    this.#offsetOfMaxTimestamp =
      this.#timeIndex.count === 0 ? -1 : this.baseOffset + this.#timeIndex.lastOffset
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
    this.close()
    for (const ending of SEGMENT_SUFFIXES) this.#home.disk.remove(this.path(ending))
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

  /** Lets go of everything; unsaved index entries are dropped (`seal` or `saveIndexes` come first). */
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
    this.maxTimestamp()
    this.saveIndexes()
    this.#dropIndexes()
    return true
  }

  #closeFile(): void {
    this.#file?.close()
    this.#file = null
    this.#home.resources.files.drop(this)
  }

  #dropIndexes(): void {
    this.#offsetIndex = null
    this.#timeIndex = null
    this.#transactions = null
    this.#home.resources.indexes.drop(this)
  }

  #noteIndexBytes(): void {
    const bytes = (this.#offsetIndex?.memoryBytes ?? 0) + (this.#timeIndex?.memoryBytes ?? 0)
    this.#home.resources.indexes.use(this, bytes)
  }

  #loadIndexes(): void {
    const { disk } = this.#home
    const offsetPath = this.path(OFFSET_INDEX_SUFFIX)
    const timePath = this.path(TIME_INDEX_SUFFIX)
    const offsets = disk.stat(offsetPath) === null ? null : disk.readFile(offsetPath)
    const times = disk.stat(timePath) === null ? null : disk.readFile(timePath)
    this.adoptIndexes(offsets, times)
  }

  /** Takes the content of the index files; where one is missing or wrong, both are made anew. */
  adoptIndexes(offsets: Uint8Array | null, times: Uint8Array | null): void {
    const offsetIndex = offsets === null ? null : OffsetIndex.parse(offsets, this.sizeBytes)
    const timeIndex = times === null ? null : TimeIndex.parse(times)
    if (offsetIndex !== null && timeIndex !== null) {
      this.#offsetIndex = offsetIndex
      this.#timeIndex = timeIndex
    } else {
      this.rebuildIndexes(offsets === null || times === null ? 'missing' : 'corrupt')
    }
    this.#noteIndexBytes()
  }

  /** Reads all batch headers of the file and makes offset and time index from them. */
  rebuildIndexes(why: string): void {
    const bytes = this.sizeBytes
    const walker = new BatchWalker(this.file(), 0, bytes, false)
    this.#offsetIndex = OffsetIndex.empty()
    this.#timeIndex = TimeIndex.empty()
    this.#maxTimestampMs = -1
    this.#offsetOfMaxTimestamp = -1
    this.#bytesSinceIndexEntry = 0
    while (walker.next()) {
      const { buffer, at, position } = walker
      this.#trackBatch(buffer, at, position, this.#offsetIndex, this.#timeIndex)
      this.#bytesSinceIndexEntry += walker.sizeBytes
    }
    this.#isTouched = true
    this.seal()
    this.trimIndexes()
    if (bytes > 0) this.#home.warn(`${this.path(LOG_SUFFIX)}: index ${why}, made anew`)
    if (walker.problem !== '') {
      this.#home.warn(`${this.path(LOG_SUFFIX)}: byte ${walker.position}: ${walker.problem}`)
    }
  }

  #loadTransactions(): TransactionIndex {
    const { disk } = this.#home
    const path = this.path(TRANSACTION_INDEX_SUFFIX)
    if (disk.stat(path) === null) return new TransactionIndex()
    const index = TransactionIndex.parse(disk.readFile(path), this.baseOffset)
    if (index !== null) return index
    throw new CorruptTransactionIndexError(path)
  }
}

/** Recovery makes the index anew from the producer state and the batches; nothing else can. */
export class CorruptTransactionIndexError extends Error {
  override readonly name = 'CorruptTransactionIndexError'

  constructor(path: string) {
    super(`${path}: corrupt transaction index`)
  }
}
