/**
 * Opens a partition's directory: settles interrupted renames, finds the segments, and brings the
 * log to a state that can be appended to.
 *
 * After a clean shutdown nothing is scanned. Otherwise the batches from the recovery point on are
 * checked one by one, their indexes made anew, and the log is cut at the first that is not whole:
 * at most what was never flushed can go. Where a batch *below* the recovery point is bad, the log
 * is refused (`CorruptLogError`).
 */

import { BoundsError } from '../base/bytes.ts'
import type { DiskFile, Random } from '../io/io.ts'
import { baseOffset, isCrcValid, lastOffset, partitionLeaderEpoch } from '../records/batch.ts'
import { BatchWalker } from './batch-walker.ts'
import { CheckpointError, decodeEpochs } from './checkpoint-file.ts'
import { CorruptLogError } from './corrupt-log-error.ts'
import {
  DELETED_SUFFIX,
  LEADER_EPOCH_CHECKPOINT,
  LOG_SUFFIX,
  OFFSET_INDEX_SUFFIX,
  offsetOfName,
  SEGMENT_SUFFIXES,
  TIME_INDEX_SUFFIX,
  TRANSACTION_INDEX_SUFFIX,
} from './file-names.ts'
import { LeaderEpochCache } from './leader-epoch-cache.ts'
import { OffsetIndex } from './offset-index.ts'
import { findAborted, rebuildProducers, replayBatch, takeSnapshot } from './producer-recovery.ts'
import { ProducerSnapshots } from './producer-snapshots.ts'
import { ProducerState } from './producer-state.ts'
import { settleRenames } from './rename-recovery.ts'
import { randomJitterMs } from './roll.ts'
import { MAX_RELATIVE_OFFSET, Segment, type SegmentHome } from './segment.ts'
import { Segments } from './segments.ts'
import { TimeIndex } from './time-index.ts'
import type { TransactionIndex } from './transaction-index.ts'

const SCAN_BLOCK_BYTES = 1024 * 1024
/** A segment up to this size is walked from its start rather than by its index. */
const SMALL_SEGMENT_BYTES = 64 * 1024

export interface LoadOptions {
  readonly nowMs: number
  readonly random: Random
  readonly recoveryPoint: number
  /** From the checkpoint; 0 where there is none. */
  readonly logStartOffset: number
  readonly wasCleanShutdown: boolean
  readonly producerIdExpirationMs: number
}

export interface LoadedLog {
  readonly segments: Segments
  readonly snapshots: ProducerSnapshots
  readonly producers: ProducerState
  readonly epochs: LeaderEpochCache
  readonly logStartOffset: number
  readonly logEndOffset: number
  readonly recoveryPoint: number
  /** Segments cut off, renamed and yet to be deleted. */
  readonly retired: readonly Segment[]
}

/** Opens the log in `home.directory`, which may be empty. */
export function loadLog(home: SegmentHome, options: LoadOptions): LoadedLog {
  return new LogLoader(home, options).load()
}

class LogLoader {
  readonly #home: SegmentHome
  readonly #options: LoadOptions
  readonly #segments = new Segments()
  readonly #producers = new ProducerState()
  readonly #retired: Segment[] = []
  /** Segments that lack an index file. */
  readonly #incomplete: Segment[] = []
  /** Where the batches end that recovery has checked. The producers may start beyond: deleted. */
  #recoveredOffset = 0
  #snapshots: ProducerSnapshots
  #epochs = new LeaderEpochCache()

  constructor(home: SegmentHome, options: LoadOptions) {
    this.#home = home
    this.#options = options
    this.#snapshots = new ProducerSnapshots(home, [])
  }

  load(): LoadedLog {
    const { disk, directory } = this.#home
    const names = settleRenames(disk, directory, disk.list(directory))
    this.#findSegments(names)
    this.#snapshots = new ProducerSnapshots(this.#home, names)
    const epochs = readEpochs(this.#home, names)
    if (typeof epochs !== 'string') this.#epochs = epochs
    const { wasCleanShutdown, logStartOffset: checkpoint, recoveryPoint } = this.#options
    let recovered = false
    if (!wasCleanShutdown) recovered = this.#recover(recoveryPoint)
    let logEndOffset = this.#findEndOffset()
    if (logEndOffset < checkpoint) {
      this.#startAfresh(checkpoint, logEndOffset)
      logEndOffset = checkpoint
      recovered = false
    }
    if (typeof epochs === 'string') this.#findEpochs(epochs)
    // Reading them makes them.
    for (const segment of this.#incomplete) if (segment.suffix === '') segment.offsetIndex()
    this.#checkTransactionIndexes(names)
    this.#epochs.truncateFromEnd(logEndOffset)
    this.#epochs.truncateFromStart(checkpoint)
    const logStartOffset = Math.max(checkpoint, this.#segments.first.baseOffset)
    this.#snapshots.removeStray(this.#segments.all.map((segment) => segment.baseOffset))
    this.#rebuildProducers(logStartOffset, logEndOffset, recovered)
    return {
      segments: this.#segments,
      snapshots: this.#snapshots,
      producers: this.#producers,
      epochs: this.#epochs,
      logStartOffset,
      logEndOffset,
      recoveryPoint: wasCleanShutdown ? logEndOffset : Math.min(recoveryPoint, logEndOffset),
      retired: this.#retired,
    }
  }

  #findSegments(names: readonly string[]): void {
    const { disk, directory, config } = this.#home
    const all = new Set(names)
    for (const name of names) {
      const offset = offsetOfName(name)
      if (offset < 0) continue
      const ending = SEGMENT_SUFFIXES.find((suffix) => name.endsWith(suffix))
      if (ending === undefined) continue
      if (ending !== LOG_SUFFIX) {
        const hasLog = all.has(name.slice(0, -ending.length) + LOG_SUFFIX)
        if (!hasLog) disk.remove(`${directory}/${name}`)
        continue
      }
      const size = disk.stat(`${directory}/${name}`)?.size ?? 0
      const jitterMs = randomJitterMs(config, this.#options.random)
      const segment = new Segment(this.#home, offset, size, this.#options.nowMs, jitterMs)
      this.#segments.add(segment)
      const prefix = name.slice(0, -LOG_SUFFIX.length)
      if (!all.has(prefix + OFFSET_INDEX_SUFFIX) || !all.has(prefix + TIME_INDEX_SUFFIX)) {
        this.#incomplete.push(segment)
      }
    }
  }

  /** Checks everything from the recovery point on; returns whether the producers are up to date. */
  #recover(recoveryPoint: number): boolean {
    const unflushed = this.#segments.overlapping(recoveryPoint, Infinity)
    if (unflushed.length === 0) return false
    let from = this.#resume(unflushed[0]!, recoveryPoint)
    this.#recoveredOffset = from
    rebuildProducers(this.#producerRebuild(this.#options.logStartOffset), from)
    for (const [i, segment] of unflushed.entries()) {
      if (i > 0) {
        if (!this.#follows(segment, this.#recoveredOffset)) {
          this.#retire(unflushed.slice(i))
          break
        }
        segment.restart()
        from = segment.baseOffset
        this.#producers.mapEndOffset = Math.max(this.#producers.mapEndOffset, from)
        takeSnapshot(this.#producers, this.#snapshots, this.#options.logStartOffset)
      }
      if (this.#recoverSegment(segment, from)) continue
      this.#retire(unflushed.slice(i + 1))
      break
    }
    return true
  }

  /**
   * Prepares the first segment to be checked: from its start, or, where its indexes can be trusted
   * up to the recovery point, from the end of the last batch below that point which they know.
   * Returns the offset that is next there.
   */
  #resume(segment: Segment, recoveryPoint: number): number {
    const point = recoveryPoint > segment.baseOffset ? trustedPoint(segment, recoveryPoint) : null
    if (point === null) {
      segment.restart()
      return segment.baseOffset
    }
    const { offset, position, offsets, times, transactions } = point
    segment.resume(offset, position, offsets, times, transactions)
    return offset
  }

  /** Whether a segment may come after a log that ends at `endOffset`. */
  #follows(segment: Segment, endOffset: number): boolean {
    if (segment.baseOffset > endOffset && !this.#home.config.cleanupPolicyCompact) {
      const missing = `offsets ${endOffset} to ${segment.baseOffset - 1}`
      this.#home.warn(`${this.#home.directory}: ${missing} were never flushed and are gone`)
    }
    return segment.baseOffset >= endOffset
  }

  /** Checks the batches of one segment; false where it had to be cut. */
  #recoverSegment(segment: Segment, from: number): boolean {
    const file = segment.file()
    const fileBytes = file.size()
    const indexedOffset = lastIndexed(segment)
    const walker = new BatchWalker(file, segment.sizeBytes, fileBytes, true, SCAN_BLOCK_BYTES)
    let nextOffset = from
    let problem = ''
    while (walker.next()) {
      problem = this.#recoverBatch(segment, walker, nextOffset)
      if (problem !== '') break
      nextOffset = lastOffset(walker.buffer, walker.at) + 1
    }
    this.#recoveredOffset = nextOffset
    if (problem === '') problem = walker.problem
    const isWhole = segment.sizeBytes === fileBytes
    if (!isWhole) this.#cut(segment, nextOffset, problem, problem === walker.problem && walker.torn)
    else if (indexedOffset >= nextOffset) {
      const known = `its index knows of offset ${indexedOffset}; what was between is gone`
      this.#home.warn(`${segment.path(LOG_SUFFIX)}: ends before offset ${nextOffset}, and ${known}`)
    }
    segment.seal()
    segment.indexes.trim()
    return isWhole
  }

  /** Takes one batch into indexes, epochs and producer state; returns what is wrong with it. */
  #recoverBatch(segment: Segment, walker: BatchWalker, nextOffset: number): string {
    const { buffer, at, sizeBytes } = walker
    if (!isCrcValid(buffer, at)) return 'the checksum does not match'
    const base = baseOffset(buffer, at)
    const last = lastOffset(buffer, at)
    if (base < nextOffset || last < base || last - segment.baseOffset > MAX_RELATIVE_OFFSET) {
      return `offsets ${base} to ${last} where ${nextOffset} is next`
    }
    try {
      segment.track(buffer.subarray(at, at + sizeBytes))
      for (const completed of replayBatch(this.#producers, buffer, at)) {
        if (!completed.aborted) continue
        const lastStableOffset = this.#producers.lastStableOffset(completed)
        segment.addAborted({ ...completed, lastStableOffset })
      }
    } catch (error) {
      if (error instanceof BoundsError) return error.message
      throw error
    }
    const epoch = partitionLeaderEpoch(buffer, at)
    if (epoch > this.#epochs.latestEpoch) this.#epochs.assign(epoch, base)
    return ''
  }

  /** Cuts a segment where its batches stop being whole, unless that would lose flushed data. */
  #cut(segment: Segment, nextOffset: number, problem: string, isTorn: boolean): void {
    const { recoveryPoint, wasCleanShutdown } = this.#options
    const where = `${segment.path(LOG_SUFFIX)}: byte ${segment.sizeBytes} (offset ${nextOffset})`
    const file = segment.file()
    const lostBytes = file.size() - segment.sizeBytes
    // Room that was reserved and never used is no loss.
    const isReserved = isTorn && isZero(file, segment.sizeBytes)
    if ((wasCleanShutdown || nextOffset < recoveryPoint) && !isReserved) {
      const reason = wasCleanShutdown
        ? 'The log had been closed cleanly'
        : `Everything below offset ${recoveryPoint} had been flushed`
      throw new CorruptLogError(
        `${where}: ${problem}. ${reason}, so nothing is dropped: the partition stays offline. ` +
          'Restore the file from a copy, or remove the partition directory to give up its data.',
      )
    }
    const kept = isTorn ? '' : `, kept in ${this.#setAside(segment, lostBytes)}`
    this.#home.warn(
      `${where}: ${problem}; the ${lostBytes} bytes from there on were never flushed, cut${kept}`,
    )
    file.truncate(segment.sizeBytes)
    file.syncNow()
  }

  /** Copies what is cut off to a file of its own, where it is more than half a batch. */
  #setAside(segment: Segment, lostBytes: number): string {
    const path = `${segment.path(LOG_SUFFIX)}.cut-${segment.sizeBytes}`
    const file = this.#home.disk.open(path, 'create')
    try {
      for (let done = 0; done < lostBytes; ) {
        const block = new Uint8Array(Math.min(SCAN_BLOCK_BYTES, lostBytes - done))
        const length = segment.file().read(block, segment.sizeBytes + done)
        if (length === 0) break
        file.write([block.subarray(0, length)], done)
        done += length
      }
      file.syncNow()
    } finally {
      file.close()
    }
    return path
  }

  #retire(segments: readonly Segment[]): void {
    for (const segment of [...segments].reverse()) {
      this.#home.warn(`${segment.path(LOG_SUFFIX)}: lies behind a cut, removed`)
      this.#snapshots.remove(segment.baseOffset)
      this.#segments.remove(segment)
      segment.rename(DELETED_SUFFIX)
      this.#retired.push(segment)
    }
    // Offsets from here on are given again: what lay behind must not come back in a power cut.
    this.#home.disk.syncDirectory(this.#home.directory)
  }

  /** The offset after the last batch of the last segment. */
  #findEndOffset(): number {
    if (this.#segments.count === 0) this.#createFirst(this.#options.logStartOffset)
    const segment = this.#segments.active
    if (segment.sizeBytes === 0) return segment.baseOffset
    const start =
      segment.sizeBytes <= SMALL_SEGMENT_BYTES
        ? 0
        : segment.startFor(segment.baseOffset + MAX_RELATIVE_OFFSET)
    const walker = new BatchWalker(segment.file(), start, segment.sizeBytes, false)
    let nextOffset = segment.baseOffset
    while (walker.next()) nextOffset = lastOffset(walker.buffer, walker.at) + 1
    if (walker.problem === '') return nextOffset
    // The shutdown was clean and yet the end is damaged: look at it as after a crash.
    this.#recover(segment.baseOffset)
    return this.#findEndOffset()
  }

  /** A corrupt transaction index is made anew from the log. */
  #checkTransactionIndexes(names: readonly string[]): void {
    for (const name of names) {
      if (!name.endsWith(TRANSACTION_INDEX_SUFFIX)) continue
      const segment = this.#segments.floor(offsetOfName(name))
      if (segment === null || segment.indexes.readTransactions() !== null) continue
      segment.indexes.replaceTransactions(findAborted(this.#segments, segment))
      this.#home.warn(`${segment.path(TRANSACTION_INDEX_SUFFIX)}: corrupt, made anew`)
    }
  }

  /** The epochs that the checkpoint should have said, from the headers of all batches. */
  #findEpochs(why: string): void {
    const found = new LeaderEpochCache()
    for (const segment of this.#segments.all) {
      if (segment.sizeBytes === 0) continue
      const walker = new BatchWalker(segment.file(), 0, segment.sizeBytes, false)
      while (walker.next()) {
        const epoch = partitionLeaderEpoch(walker.buffer, walker.at)
        if (epoch > found.latestEpoch) found.assign(epoch, baseOffset(walker.buffer, walker.at))
      }
    }
    // A log that was never flushed has no checkpoint yet, and recovery has seen all of it.
    if (found.entries.length === this.#epochs.entries.length) return
    this.#epochs = found
    const path = `${this.#home.directory}/${LEADER_EPOCH_CHECKPOINT}`
    this.#home.warn(`${path}: ${why === 'missing' || why === 'empty' ? why : 'corrupt'}, made anew`)
  }

  #createFirst(offset: number): void {
    const { nowMs, random } = this.#options
    const jitterMs = randomJitterMs(this.#home.config, random)
    this.#segments.add(Segment.create(this.#home, offset, nowMs, jitterMs))
  }

  /** Segment files were removed from under us: begin at the log start offset. */
  #startAfresh(logStartOffset: number, logEndOffset: number): void {
    this.#home.warn(
      `${this.#home.directory}: ends at ${logEndOffset}, before its log start offset ` +
        `${logStartOffset}; segment files must have been removed. Starting at ${logStartOffset}`,
    )
    this.#retire([...this.#segments.all])
    this.#epochs.clear()
    this.#snapshots.removeWhere(() => true)
    this.#createFirst(logStartOffset)
  }

  #producerRebuild(logStartOffset: number) {
    return {
      state: this.#producers,
      snapshots: this.#snapshots,
      segments: this.#segments,
      logStartOffset,
      expiresBeforeMs: this.#options.nowMs - this.#options.producerIdExpirationMs,
    }
  }

  #rebuildProducers(logStartOffset: number, logEndOffset: number, upToDate: boolean): void {
    if (!upToDate) {
      const isMissing = this.#options.wasCleanShutdown && this.#snapshots.latest < 0
      rebuildProducers(this.#producerRebuild(logStartOffset), logEndOffset)
      if (isMissing && this.#producers.entries.size > 0) {
        this.#home.warn(`${this.#home.directory}: no producer snapshot, made anew`)
      }
    }
    this.#producers.mapEndOffset = logEndOffset
    takeSnapshot(this.#producers, this.#snapshots, logStartOffset)
  }
}

/** Whether a file has nothing but zeros from `start` on. */
function isZero(file: DiskFile, start: number): boolean {
  const block = new Uint8Array(SCAN_BLOCK_BYTES)
  for (let position = start; ; ) {
    const length = file.read(block, position)
    if (block.subarray(0, length).some((byte) => byte !== 0)) return false
    if (length < block.length) return true
    position += length
  }
}

/** The last offset that the index files of a segment speak of, or -1. */
function lastIndexed({ baseOffset: base, indexes }: Segment): number {
  const times = TimeIndex.parse(indexes.read(TIME_INDEX_SUFFIX) ?? new Uint8Array(0))
  const offsets = OffsetIndex.parse(
    indexes.read(OFFSET_INDEX_SUFFIX) ?? new Uint8Array(0),
    Number.MAX_SAFE_INTEGER,
  )
  const last = Math.max(times?.lastOffset ?? -1, offsets?.lastOffset ?? -1)
  return last < 0 ? -1 : base + last
}

interface TrustedPoint {
  readonly offset: number
  readonly position: number
  readonly offsets: OffsetIndex
  readonly times: TimeIndex
  readonly transactions: TransactionIndex
}

/** The last batch below `recoveryPoint` that all indexes of a segment agree on, or null. */
function trustedPoint(segment: Segment, recoveryPoint: number): TrustedPoint | null {
  const { baseOffset, indexes, sizeBytes } = segment
  const offsetBytes = indexes.read(OFFSET_INDEX_SUFFIX)
  const timeBytes = indexes.read(TIME_INDEX_SUFFIX)
  const offsets = offsetBytes && OffsetIndex.parse(offsetBytes, sizeBytes)
  const times = timeBytes && TimeIndex.parse(timeBytes)
  const transactions = indexes.readTransactions()
  if (offsets === null || times === null || transactions === null) return null
  offsets.truncateTo(recoveryPoint - baseOffset)
  if (offsets.count === 0) return null
  const position = offsets.lookup(MAX_RELATIVE_OFFSET)
  const walker = new BatchWalker(segment.file(), position, sizeBytes, true)
  if (!walker.next() || !isCrcValid(walker.buffer, walker.at)) return null
  const last = lastOffset(walker.buffer, walker.at)
  if (last - baseOffset !== offsets.lastOffset) return null
  return { offset: last + 1, position: position + walker.sizeBytes, offsets, times, transactions }
}

/** The epochs of the checkpoint, or what is wrong with it. */
function readEpochs(home: SegmentHome, names: readonly string[]): LeaderEpochCache | string {
  if (!names.includes(LEADER_EPOCH_CHECKPOINT)) return 'missing'
  const path = `${home.directory}/${LEADER_EPOCH_CHECKPOINT}`
  try {
    const entries = decodeEpochs(home.disk.readFile(path), path)
    return entries.length === 0 ? 'empty' : new LeaderEpochCache(entries)
  } catch (error) {
    if (error instanceof CheckpointError) return error.message
    throw error
  }
}
