/**
 * One partition's log: an append-only run of record batches in segments, with what must be known
 * about it (offsets, epochs, producers). The broker, the coordinators and the raft log use it.
 *
 * An append is readable at once, from the hot tail; `write` puts everything appended since into the
 * file with one gathered write, and only then may it be acknowledged. Invariants: logStartOffset <=
 * highWatermark <= logEndOffset; offsets never go down but by a truncation; after a failed write
 * the log refuses everything (`failure`), because what the file holds is no longer known.
 *
 * KIP-98 (producers, transactions), KIP-101 (leader epochs), KIP-107 (DeleteRecords).
 */
import { assert } from '../base/assert.ts'
import { BoundsError } from '../base/bounds-error.ts'
import { errorOf } from '../base/thrown.ts'
import { ErrorCode } from '../protocol/errors.ts'
import type { AppendInfo } from '../records/append.ts'
import { validateForAppend } from '../records/validate.ts'
import {
  type AppendContext,
  type AppendResult,
  accepted,
  acceptedBefore,
  refused,
  validationOptions,
} from './append-result.ts'
import type { LastRecordOfProducer } from './cleaner-filter.ts'
import { swapSegments } from './cleaner-swap.ts'
import { LOG_SUFFIX, partitionDirectoryName } from './file-names.ts'
import { HotTail } from './hot-tail.ts'
import type { LeaderEpochCache } from './leader-epoch-cache.ts'
import type { LogConfig } from './log-config.ts'
import { LogFlusher } from './log-flusher.ts'
import { type LoadedLog, loadLog } from './log-loader.ts'
import { homeOf, type LogOptions } from './log-options.ts'
import { LogProducers } from './log-producers.ts'
import { emptyRead, type ReadOptions, type ReadResult, readLog } from './log-reader.ts'
import { openTopicId } from './partition-metadata.ts'
import type { ActiveProducer, ProducerUpdate } from './producer-state.ts'
import { deletableSegments } from './retention.ts'
import { mustRoll, randomJitterMs } from './roll.ts'
import { Segment, type SegmentHome } from './segment.ts'
import { deleteLater, retireSegments } from './segment-disposal.ts'
import type { Segments } from './segments.ts'
import { type FoundOffset, findByTimestamp, findLatestTimestamp } from './timestamp-search.ts'
import type { AbortedTransaction } from './transaction-index.ts'

export type { AppendOrigin } from '../records/append.ts'
export type { AppendContext, AppendResult } from './append-result.ts'
export type { LogOptions } from './log-options.ts'
export type { ReadOptions, ReadResult } from './log-reader.ts'
export type { ActiveProducer } from './producer-state.ts'

const DAY_MS = 24 * 60 * 60 * 1000

export class UnifiedLog {
  readonly topic: string
  readonly partition: number
  /** `topic-partition`. */
  readonly name: string
  topicId: string | null
  logStartOffset: number
  logEndOffset: number
  highWatermark: number
  /** Everything below is on the platter. */
  recoveryPoint: number
  /** When the log was last flushed, for `flush.ms`. */
  lastFlushMs: number
  /** What the disk failed with; nothing works from then on. */
  failure: Error | null = null
  readonly flusher: LogFlusher
  /** For `readLog`. */
  readonly home: SegmentHome
  readonly segments: Segments
  readonly tail = new HotTail()
  truncations = 0
  readonly #options: LogOptions
  readonly #producers: LogProducers
  readonly #epochs: LeaderEpochCache
  #firstUnstableOffset = -1

  /** Opens the log in a directory, recovering it where it was not closed cleanly. */
  static open(options: LogOptions): UnifiedLog {
    const home = homeOf(options)
    const loaded = loadLog(home, {
      nowMs: options.nowMs,
      random: options.random,
      recoveryPoint: options.recoveryPoint ?? 0,
      logStartOffset: options.logStartOffset ?? 0,
      wasCleanShutdown: options.wasCleanShutdown ?? false,
      producerIdExpirationMs: options.producerIdExpirationMs ?? DAY_MS,
    })
    return new UnifiedLog(options, home, loaded)
  }

  private constructor(options: LogOptions, home: SegmentHome, loaded: LoadedLog) {
    this.topic = options.topic
    this.partition = options.partition
    this.name = partitionDirectoryName(options.topic, options.partition)
    this.home = home
    this.#options = options
    this.segments = loaded.segments
    const expirationMs = options.producerIdExpirationMs ?? DAY_MS
    this.#producers = new LogProducers(loaded.producers, loaded.snapshots, expirationMs)
    this.#epochs = loaded.epochs
    this.logStartOffset = loaded.logStartOffset
    this.logEndOffset = loaded.logEndOffset
    this.highWatermark = loaded.logStartOffset
    this.recoveryPoint = loaded.recoveryPoint
    this.lastFlushMs = options.nowMs
    this.tail.reset(this.segments.active.sizeBytes)
    this.flusher = new LogFlusher(this, this.#epochs, loaded.snapshots, {
      isUnsynced: options.wasCleanShutdown !== true || loaded.logEndOffset === 0,
      syncParent: options.syncParent ?? (() => {}),
      onFailure: (error) => this.fail(error),
    })
    this.topicId = openTopicId(home.disk, home.directory, options.topicId)
    deleteLater(home, loaded.retired, options.nowMs)
    this.#findFirstUnstable()
  }

  get config(): LogConfig {
    return this.home.config
  }

  get sizeBytes(): number {
    return this.segments.sizeBytes
  }

  /** The latest leader epoch that batches were written in, or -1. */
  get latestEpoch(): number {
    return this.#epochs.latestEpoch
  }

  /** Readers of committed data see what is below: no open transaction, and below the watermark. */
  get lastStableOffset(): number {
    const first = this.#firstUnstableOffset
    return first >= 0 && first < this.highWatermark ? first : this.highWatermark
  }

  /** Appends what a client, a coordinator or a raft leader made; refers to it until `write`. */
  appendAsLeader(records: Uint8Array, context: AppendContext): AppendResult {
    const { config, logEndOffset, logStartOffset } = this
    if (this.failure !== null) return refused(ErrorCode.KAFKA_STORAGE_ERROR, '', logStartOffset)
    const options = validationOptions(config, context, logEndOffset, this.name)
    const info = validateForAppend(records, options)
    if (info.error !== ErrorCode.NONE) {
      return refused(info.error, info.message, logStartOffset, info.recordErrors)
    }
    if (info.batches.length === 0) return accepted(info, logStartOffset)
    if (info.firstOffset < logEndOffset) {
      const message = `offset ${info.firstOffset} is below the log end offset ${logEndOffset}`
      return refused(ErrorCode.OFFSET_OUT_OF_RANGE, message, logStartOffset)
    }
    const { error, message, duplicate, update } = this.#producers.check(info, context)
    if (error !== ErrorCode.NONE) {
      return refused(error, `${message} in ${this.name}`, logStartOffset)
    }
    if (duplicate !== null) return acceptedBefore(duplicate, logStartOffset)
    try {
      this.#rollFor(info, context.nowMs)
      this.#take(info, update)
    } catch (error) {
      this.fail(error)
      return refused(ErrorCode.KAFKA_STORAGE_ERROR, '', logStartOffset)
    }
    return accepted(info, logStartOffset)
  }

  /** Appends batches that have their offsets from another leader. */
  appendAsFollower(
    records: Uint8Array,
    context: { readonly leaderEpoch: number; readonly nowMs: number },
  ): AppendResult {
    return this.appendAsLeader(records, { ...context, origin: 'replication' })
  }

  #rollFor(info: AppendInfo, nowMs: number): void {
    const roll = mustRoll(this.segments.active, this.config, {
      sizeBytes: info.bytes.length,
      lastOffset: info.lastOffset,
      maxTimestampMs: info.maxTimestampMs,
      nowMs,
    })
    if (roll) this.#roll(nowMs, info.firstOffset)
  }

  /** Everything is checked: the batches become part of the log. */
  #take(info: AppendInfo, update: ProducerUpdate): void {
    const segment = this.segments.active
    segment.track(info.bytes)
    this.tail.append(info.bytes)
    this.logEndOffset = info.lastOffset + 1
    for (const batch of info.batches) this.#epochs.assign(batch.leaderEpoch, batch.firstOffset)
    this.#producers.commit(update, segment, this.logEndOffset)
    this.#findFirstUnstable()
  }

  /** Writes what was appended since the last time. Throws what the disk throws; see `failure`. */
  write(): void {
    const { tail } = this
    if (tail.written === tail.end) return
    const { resources } = this.home
    this.#guard(() => {
      const { active } = this.segments
      active.file().write(tail.unwritten(), tail.written)
      tail.wrote(resources.limits.maxTailBytesPerLog)
      active.indexes.saveMany()
    })
    this.flusher.startNames()
    resources.noteTail(tail)
    if (this.logEndOffset - this.recoveryPoint >= this.config.flushMessages) this.flushNow()
  }

  /** Moves the high watermark up. */
  advanceHighWatermark(offset: number): void {
    const next = Math.min(offset, this.logEndOffset)
    if (next <= this.highWatermark || this.failure !== null) return
    this.highWatermark = next
    this.#producers.state.onHighWatermark(next)
    this.#findFirstUnstable()
  }

  /** Batches from `fetchOffset` on. A promise where they have to come from a disk. */
  read(
    fetchOffset: number,
    maxBytes: number,
    options: ReadOptions,
  ): ReadResult | Promise<ReadResult> {
    if (this.failure !== null) return emptyRead(ErrorCode.KAFKA_STORAGE_ERROR, fetchOffset)
    if (fetchOffset < this.logStartOffset || fetchOffset > this.logEndOffset) {
      return emptyRead(ErrorCode.OFFSET_OUT_OF_RANGE, fetchOffset)
    }
    const isEmpty = fetchOffset >= Math.min(options.upperBound, this.logEndOffset)
    if (isEmpty || (maxBytes === 0 && !options.minOneMessage)) {
      return emptyRead(ErrorCode.NONE, fetchOffset)
    }
    try {
      const result = readLog({ log: this, offset: fetchOffset, maxBytes, options })
      if (!(result instanceof Promise)) return result
      return result.catch((error: unknown) => this.#readFailed(error, fetchOffset))
    } catch (error) {
      return this.#readFailed(error, fetchOffset)
    }
  }

  #readFailed(error: unknown, fetchOffset: number): ReadResult {
    // Bytes that are no batch say something of this file, not of its disk.
    if (error instanceof BoundsError) {
      this.home.warn(`${this.fileOf(fetchOffset)}: offset ${fetchOffset}: ${error.message}`)
      return emptyRead(ErrorCode.CORRUPT_MESSAGE, fetchOffset)
    }
    this.fail(error)
    return emptyRead(ErrorCode.KAFKA_STORAGE_ERROR, fetchOffset)
  }

  /** The aborted transactions that a reader of [from, to) must skip. */
  abortedTransactions(from: number, to: number): AbortedTransaction[] {
    const found: AbortedTransaction[] = []
    if (this.failure !== null) return found
    this.#guard(() => {
      for (const segment of this.segments.overlapping(from, Infinity)) {
        if (segment.transactions().collect(from, to, found)) break
      }
    })
    return found
  }

  /** The first record whose timestamp is at least that, or null. */
  offsetForTimestamp(timestampMs: number): FoundOffset | null {
    this.write()
    return this.#guard(() => findByTimestamp(this.segments.all, timestampMs, this.logStartOffset))
  }

  /** The record with the latest timestamp, or null where the log has none. */
  offsetOfMaxTimestamp(): FoundOffset | null {
    this.write()
    return this.#guard(() => findLatestTimestamp(this.segments.all))
  }

  /** Where the batches of the largest epoch at or below `epoch` end; (-1, -1) where unknown. */
  endOffsetForEpoch(epoch: number): { epoch: number; endOffset: number } {
    return this.#epochs.endOffsetFor(epoch, this.logEndOffset)
  }

  /** The epoch in which `offset` was written, or -1. */
  epochOfOffset(offset: number): number {
    return this.#epochs.epochForOffset(offset)
  }

  /** Says that this node leads from here on in that epoch. */
  assignEpoch(epoch: number): void {
    this.#epochs.assign(epoch, this.logEndOffset)
  }

  /** Producers that are known here. */
  producerStates(): ActiveProducer[] {
    return this.#producers.state.describe()
  }

  /** Forgets producers that have been silent for `producer.id.expiration.ms`. */
  removeExpiredProducers(nowMs: number): void {
    this.#producers.removeExpired(nowMs)
  }

  updateConfig(config: LogConfig): void {
    this.home.config = config
    this.#options.onConfigChange?.(config)
  }

  /** The file that holds an offset. */
  fileOf(offset: number): string {
    return (this.segments.floor(offset) ?? this.segments.first).path(LOG_SUFFIX)
  }

  /** Records below `offset` are deleted (DeleteRecords, retention, a snapshot of the metadata). */
  incrementLogStartOffset(offset: number): ErrorCode {
    if (this.failure !== null) return ErrorCode.KAFKA_STORAGE_ERROR
    if (offset > this.highWatermark) return ErrorCode.OFFSET_OUT_OF_RANGE
    if (offset <= this.logStartOffset) return ErrorCode.NONE
    // The recovery point stays: the files below were not synced, and recovery begins there.
    this.logStartOffset = offset
    this.#epochs.truncateFromStart(offset)
    this.#producers.logStartMoved(offset)
    this.#findFirstUnstable()
    return ErrorCode.NONE
  }

  /** Deletes what retention allows. Returns how many segments went. */
  deleteOldSegments(nowMs: number): number {
    return this.#guard(() => {
      const old = deletableSegments(this, nowMs)
      if (old.length === 0) return 0
      if (old.length === this.segments.count) this.#roll(nowMs, this.logEndOffset)
      const next = this.segments.after(old.at(-1)!.baseOffset)!
      this.incrementLogStartOffset(next.baseOffset)
      this.#retire(old, nowMs)
      return old.length
    })
  }

  /** What each producer wrote last, for the cleaner. */
  lastRecordsOfProducers(): Map<number, LastRecordOfProducer> {
    return this.#producers.lastRecords()
  }

  /** Puts a durable `.cleaned` segment in the place of those it was made of. */
  replaceSegments(cleaned: Segment, replaced: readonly Segment[], nowMs: number): void {
    this.#guard(() => {
      const { home, segments } = this
      const { snapshots } = this.#producers
      swapSegments({ home, segments, snapshots }, cleaned, replaced, nowMs)
    })
  }

  /** Begins a new segment. */
  roll(nowMs: number): void {
    this.#guard(() => this.#roll(nowMs, this.logEndOffset))
  }

  #roll(nowMs: number, baseOffset: number): void {
    const { active } = this.segments
    if (active.sizeBytes === 0 && active.baseOffset === baseOffset) return
    assert(baseOffset >= this.logEndOffset, 'a segment begins where the log ends')
    this.write()
    active.seal()
    const jitterMs = randomJitterMs(this.config, this.#options.random)
    this.segments.add(Segment.create(this.home, baseOffset, nowMs, jitterMs))
    this.tail.reset(0)
    this.home.resources.tails.drop(this.tail)
    this.flusher.directoryDirty = true
    this.#producers.state.mapEndOffset = baseOffset
    this.#producers.takeSnapshot(this.logStartOffset)
    // A failure is remembered; there is nobody to tell it to here.
    this.flush().catch(() => {})
  }

  /** Makes everything appended so far durable, off the event loop. */
  flush(): Promise<void> {
    return this.failure === null ? this.flusher.flush() : Promise.reject(this.failure)
  }

  /** The same on this thread: at shutdown, and for `flush.messages`. */
  flushNow(): void {
    this.#guard(() => this.flusher.flushNow())
  }

  /** Cuts everything from `offset` on. Returns whether there was anything to cut. */
  truncateTo(offset: number, nowMs: number): boolean {
    if (offset >= this.logEndOffset) {
      this.#epochs.truncateFromEnd(this.logEndOffset)
      return false
    }
    if (offset < this.segments.first.baseOffset) {
      this.truncateFullyAndStartAt(offset, nowMs)
      return true
    }
    this.write()
    this.#lowerRecoveryPoint(offset)
    this.#guard(() => {
      const behind = this.segments.all.filter((segment) => segment.baseOffset > offset)
      this.#retire(behind.reverse(), nowMs)
      this.segments.active.cutAt(offset, nowMs)
      // Offsets from here on are given again: what lay behind must not come back in a power cut.
      this.home.disk.syncDirectory(this.home.directory)
      this.#ended(offset)
      this.#producers.rewind(this.segments, this.logStartOffset, offset, nowMs)
    })
    this.#findFirstUnstable()
    return true
  }

  /** Drops everything; the log is empty and goes on at `offset`. */
  truncateFullyAndStartAt(offset: number, nowMs: number, logStartOffset = offset): void {
    this.write()
    this.#lowerRecoveryPoint(Math.min(offset, this.recoveryPoint))
    this.#guard(() => {
      this.#producers.clear(offset)
      this.#retire([...this.segments.all].reverse(), nowMs)
      const jitterMs = randomJitterMs(this.config, this.#options.random)
      this.segments.add(Segment.create(this.home, offset, nowMs, jitterMs))
      this.home.disk.syncDirectory(this.home.directory)
    })
    this.#epochs.clear()
    this.#ended(offset)
    this.highWatermark = offset
    this.logStartOffset = logStartOffset
    this.recoveryPoint = offset
    this.#findFirstUnstable()
  }

  /** The log now ends at `offset`. */
  #ended(offset: number): void {
    this.truncations++
    this.tail.reset(this.segments.active.sizeBytes)
    this.home.resources.tails.drop(this.tail)
    this.logEndOffset = offset
    this.logStartOffset = Math.min(this.logStartOffset, offset)
    this.highWatermark = Math.min(this.highWatermark, offset)
    this.#epochs.truncateFromEnd(offset)
  }

  /** Offsets above will be written anew: no checkpoint may call them flushed when that happens. */
  #lowerRecoveryPoint(offset: number): void {
    if (offset >= this.recoveryPoint) return
    this.recoveryPoint = offset
    this.#options.onRecoveryPointLowered?.()
  }

  #retire(retired: readonly Segment[], nowMs: number): void {
    retireSegments(this.home, this.segments, this.#producers.snapshots, retired, nowMs)
  }

  /** Makes durable what `close` would, off the event loop, so that `close` takes no time. */
  prepareClose(): Promise<void> {
    this.#guard(() => this.#producers.takeSnapshot(this.logStartOffset))
    return this.flush()
  }

  /** Lets go of everything after making it durable; what is opened next finds a clean log. */
  close(): void {
    this.#guard(() => {
      this.#producers.takeSnapshot(this.logStartOffset)
      this.flusher.flushForClose()
      for (const segment of this.segments.all) {
        segment.seal()
        segment.close()
      }
    })
    this.home.resources.tails.drop(this.tail)
  }

  /** Lets go of everything as it is: before the directory is deleted, or after it failed. */
  abandon(reason: Error | null = null): void {
    this.failure ??= reason ?? new Error(`${this.name} is closed`)
    for (const segment of this.segments.all) segment.close()
    this.home.resources.tails.drop(this.tail)
  }

  #findFirstUnstable(): void {
    this.#firstUnstableOffset = this.#producers.firstUnstableOffset(this.logStartOffset)
  }

  /** Runs what touches the disk; if that throws, the log has failed. */
  #guard<T>(action: () => T): T {
    if (this.failure !== null) throw this.failure
    try {
      return action()
    } catch (error) {
      this.fail(error)
      throw error
    }
  }

  /** The disk has failed: nothing works from here on. */
  fail(error: unknown): void {
    if (this.failure !== null) return
    this.failure = errorOf(error)
    this.#options.onFailure?.(this.failure)
  }
}
