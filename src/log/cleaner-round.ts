/**
 * One round of compaction of one log, in slices: first the latest offset of every key in the dirty
 * part goes into a map, then the segments from the start of the log are copied, in groups, without
 * what the map says is outdated, and each copy takes the place of its group.
 *
 * The work is a generator that pauses when its bytes for the turn are used up, and for reads and
 * syncs, which happen off the event loop. Invariant: the log changes only in `replaceSegments`, in
 * one go, when the copy is durable; whatever ends a round before that leaves the log as it was.
 */
import * as batch from '../records/batch.ts'
import { BATCH_CORRUPT, nextBatch } from '../records/batches.ts'
import { RecordCursor } from '../records/record-scan.ts'
import { CleaningError } from './cleaner-error.ts'
import { CleanerFilter, type LastRecordOfProducer } from './cleaner-filter.ts'
import { CleanerOffsetMap } from './cleaner-offset-map.ts'
import { type CleaningPlan, groupSegments, type PlannableLog, segmentsIn } from './cleaner-plan.ts'
import { CleanerTransactions } from './cleaner-transactions.ts'
import { CLEANED_SUFFIX, LOG_SUFFIX } from './file-names.ts'
import { Segment } from './segment.ts'
import type { AbortedTransaction } from './transaction-index.ts'

/** What compaction needs of a log; `UnifiedLog` is one. */
export interface CleanableLog extends PlannableLog {
  readonly topic: string
  readonly partition: number
  readonly name: string
  readonly failure: Error | null
  /** Counts truncations: what was read before one may not be there any more. */
  readonly truncations: number
  flush(): Promise<void>
  abortedTransactions(from: number, to: number): AbortedTransaction[]
  lastRecordsOfProducers(): ReadonlyMap<number, LastRecordOfProducer>
  /** Puts `cleaned`, with the suffix `.cleaned` and durable, in the place of `replaced`. */
  replaceSegments(cleaned: Segment, replaced: readonly Segment[], nowMs: number): void
}

export interface RoundOptions {
  readonly dedupeBufferBytes: number
  readonly dedupeBufferLoadFactor: number
  readonly ioBufferBytes: number
  readonly nowMs: number
  /** For the hash of keys. */
  readonly seed: number
  /** Called when a read or sync that the round waits for has ended. */
  readonly onReady: () => void
}

/** What a round has done, for metrics. */
export interface RoundStats {
  readonly startMs: number
  mapBytesRead: number
  mapRecordsRead: number
  bytesRead: number
  bytesWritten: number
  recordsRead: number
  recordsWritten: number
  recordsWithoutKey: number
  /** How full the offset map was, 0 to 1. */
  mapUtilization: number
}

/** A slice is used up, or something off the event loop is to be waited for. */
type Pause = 'slice' | Promise<void>

/** What a visitor of batches returns where it wants no more. */
const STOP = -1

export type RoundState = 'working' | 'waiting' | 'done' | 'aborted'

export class CleaningRound {
  readonly plan: CleaningPlan<CleanableLog>
  readonly stats: RoundStats
  /** Where the next round begins; known when this one is done. */
  endOffset: number
  readonly #options: RoundOptions
  readonly #truncations: number
  readonly #work: Generator<Pause, void>
  #nowMs: number
  #budgetBytes = 0
  #isWaiting = false
  #isAborted = false
  #problem: { readonly error: unknown } | null = null
  /** Segments that the round reads or replaces next; they must stay in the log. */
  #needed: readonly Segment[] = []
  #cleaned: Segment | null = null
  #block: Uint8Array

  constructor(plan: CleaningPlan<CleanableLog>, options: RoundOptions) {
    this.plan = plan
    this.endOffset = plan.firstDirtyOffset
    this.#options = options
    this.#nowMs = options.nowMs
    this.#truncations = plan.log.truncations
    this.#block = new Uint8Array(options.ioBufferBytes)
    this.stats = {
      startMs: options.nowMs,
      mapBytesRead: 0,
      mapRecordsRead: 0,
      bytesRead: 0,
      bytesWritten: 0,
      recordsRead: 0,
      recordsWritten: 0,
      recordsWithoutKey: 0,
      mapUtilization: 0,
    }
    this.#work = this.#run()
  }

  /** Works on about `budgetBytes` of the log. Throws what the disk throws, or CleaningError. */
  step(nowMs: number, budgetBytes: number): RoundState {
    if (this.#isWaiting) return 'waiting'
    if (!this.#isAborted && !this.#isStillValid()) this.#isAborted = true
    if (this.#isAborted) {
      this.#discard()
      return 'aborted'
    }
    this.#nowMs = nowMs
    this.#budgetBytes = budgetBytes
    try {
      if (this.#problem !== null) throw this.#problem.error
      const paused = this.#work.next()
      if (paused.done === true) return 'done'
      if (paused.value === 'slice') return 'working'
      this.#waitFor(paused.value)
      return 'waiting'
    } catch (error) {
      this.#discard()
      throw error
    }
  }

  /** Ends the round; the log stays as it is. */
  abort(): void {
    this.#isAborted = true
    if (!this.#isWaiting) this.#discard()
  }

  #waitFor(promise: Promise<void>): void {
    this.#isWaiting = true
    const settle = (): void => {
      this.#isWaiting = false
      if (this.#isAborted) this.#discard()
      this.#options.onReady()
    }
    promise.then(settle, (error: unknown) => {
      this.#problem = { error }
      settle()
    })
  }

  /** Nothing was truncated, deleted or reconfigured that the round builds on. */
  #isStillValid(): boolean {
    const { log } = this.plan
    if (log.failure !== null || log.truncations !== this.#truncations) return false
    if (!log.home.config.cleanupPolicyCompact) return false
    return this.#needed.every((segment) => log.segments.floor(segment.baseOffset) === segment)
  }

  #discard(): void {
    const cleaned = this.#cleaned
    this.#cleaned = null
    // Of a log that was closed the directory may be gone; then nothing happens.
    cleaned?.remove()
  }

  *#run(): Generator<Pause, void> {
    const { log, firstDirtyOffset, firstUncleanableOffset } = this.plan
    const { dedupeBufferBytes, dedupeBufferLoadFactor, seed } = this.#options
    const map = new CleanerOffsetMap(
      dedupeBufferBytes,
      dedupeBufferLoadFactor,
      Math.max(1, firstUncleanableOffset - firstDirtyOffset),
      seed,
    )
    yield* this.#buildMap(map)
    this.stats.mapUtilization = map.size / map.capacity
    const endOffset = map.latestOffset + 1
    const transactions = new CleanerTransactions((transaction) =>
      this.#cleaned?.addAborted(transaction),
    )
    const segments = segmentsIn(log.segments, 0, endOffset)
    const groups = groupSegments(segments, log.home.config, firstUncleanableOffset)
    for (const [i, group] of groups.entries()) {
      this.#needed = groups.slice(i).flat()
      const cleaned = yield* this.#cleanGroup(group, map, transactions)
      log.replaceSegments(cleaned, group, this.#nowMs)
      this.#cleaned = null
      this.#needed = groups.slice(i + 1).flat()
      yield 'slice'
    }
    this.endOffset = Math.max(firstDirtyOffset, endOffset)
  }

  /** Takes in the keys of the dirty part, as far as the map has room. */
  *#buildMap(map: CleanerOffsetMap): Generator<Pause, void> {
    const { log, firstDirtyOffset: start, firstUncleanableOffset: end } = this.plan
    const transactions = new CleanerTransactions()
    transactions.addAborted(log.abortedTransactions(start, end))
    const segments = segmentsIn(log.segments, start, end)
    const cursor = new RecordCursor()
    let isFull = false
    for (const [i, segment] of segments.entries()) {
      this.#needed = segments.slice(i)
      const position = segment.startFor(Math.max(start, segment.baseOffset))
      yield* this.#eachBatch(segment, position, (b, at) => {
        this.stats.mapBytesRead += batch.batchSizeBytes(b, at)
        cursor.open(b, at)
        isFull = !mapBatch(b, at, cursor, map, transactions, start)
        this.stats.mapRecordsRead += batch.recordCount(b, at)
        return isFull ? STOP : cursor.recordBytes
      })
      if (isFull) return
      // Where offsets are missing at the end, all there are have been seen nevertheless.
      map.latestOffset = (segments[i + 1]?.baseOffset ?? end) - 1
    }
  }

  /** Copies what stays of a group of segments; the copy is durable. */
  *#cleanGroup(
    group: readonly Segment[],
    map: CleanerOffsetMap,
    transactions: CleanerTransactions,
  ): Generator<Pause, Segment> {
    const { log, firstUncleanableOffset } = this.plan
    const cleaned = Segment.create(
      log.home,
      group[0]!.baseOffset,
      group[0]!.createdMs,
      0,
      CLEANED_SUFFIX,
    )
    this.#cleaned = cleaned
    const filter = new CleanerFilter({
      map,
      transactions,
      producers: log.lastRecordsOfProducers(),
      nowMs: this.#options.nowMs,
      deleteRetentionMs: log.home.config.deleteRetentionMs,
      upperBound: firstUncleanableOffset,
    })
    for (const [i, segment] of group.entries()) {
      const to = group[i + 1]?.baseOffset ?? log.segments.after(segment.baseOffset)!.baseOffset
      transactions.addAborted(log.abortedTransactions(segment.baseOffset, to))
      yield* this.#copy(segment, cleaned, filter)
    }
    this.stats.recordsRead += filter.recordsRead
    this.stats.recordsWritten += filter.recordsKept
    this.stats.recordsWithoutKey += filter.recordsWithoutKey
    cleaned.seal()
    yield cleaned.sync(true)
    return cleaned
  }

  *#copy(from: Segment, to: Segment, filter: CleanerFilter): Generator<Pause, void> {
    yield* this.#eachBatch(from, 0, (b, at) => {
      this.stats.bytesRead += batch.batchSizeBytes(b, at)
      const kept = filter.filter(b, at)
      if (kept === null) return filter.workBytes
      this.stats.bytesWritten += kept.length
      to.file().write([kept], to.sizeBytes)
      to.track(kept)
      return filter.workBytes + kept.length
    })
  }

  /**
   * Shows all batches of a segment from `position` on. `visit` returns how many bytes it worked on,
   * which may be more than the batch has where it is compressed, or STOP.
   */
  *#eachBatch(
    segment: Segment,
    position: number,
    visit: (b: Uint8Array, at: number) => number,
  ): Generator<Pause, void> {
    const end = segment.sizeBytes
    let start = position
    while (start < end) {
      const block = this.#block.subarray(0, Math.min(this.#block.length, end - start))
      yield readInto(segment, block, start)
      let at = 0
      while (at < block.length) {
        const next = nextBatch(block, at)
        if (next < 0) {
          if (next === BATCH_CORRUPT) throw damaged(segment, start + at)
          break
        }
        if (batch.magic(block, at) !== batch.MAGIC_V2 || !batch.isCrcValid(block, at)) {
          throw damaged(segment, start + at)
        }
        const workBytes = visit(block, at)
        if (workBytes === STOP) return
        this.#budgetBytes -= Math.max(next - at, workBytes)
        at = next
        if (this.#budgetBytes <= 0) yield 'slice'
      }
      if (at === 0) this.#growBlock(segment, start, block, end)
      start += at
    }
  }

  /** Not even one batch fits the block. */
  #growBlock(segment: Segment, position: number, block: Uint8Array, end: number): void {
    const isCut = block.length < batch.BATCH_OVERHEAD && block.length === end - position
    const neededBytes = isCut
      ? Infinity
      : Math.max(batch.BATCH_OVERHEAD, batch.batchSizeBytes(block, 0))
    if (neededBytes > end - position) throw damaged(segment, position)
    this.#block = new Uint8Array(neededBytes)
  }
}

/** Puts the keys of a batch into the map; false where it has no room for one of them. */
function mapBatch(
  b: Uint8Array,
  at: number,
  cursor: RecordCursor,
  map: CleanerOffsetMap,
  transactions: CleanerTransactions,
  startOffset: number,
): boolean {
  if (batch.isControl(b, at)) {
    transactions.onControlBatch(b, at, cursor)
  } else if (!transactions.onBatch(b, at)) {
    while (cursor.next()) {
      const { keyLength, offset } = cursor
      if (keyLength < 0 || offset < startOffset) continue
      if (!map.put(cursor.bytes, cursor.keyStart, keyLength, offset)) return false
    }
  }
  if (cursor.problem !== '') throw new CleaningError(cursor.problem)
  const last = batch.lastOffset(b, at)
  if (last >= startOffset) map.latestOffset = last
  return true
}

/** Fills `block` from the segment's file, which stays open meanwhile. */
async function readInto(segment: Segment, block: Uint8Array, position: number): Promise<void> {
  segment.pin()
  try {
    const count = await segment.file().readAsync(block, position)
    if (count < block.length) throw damaged(segment, position + count)
  } finally {
    segment.unpin()
  }
}

function damaged(segment: Segment, position: number): CleaningError {
  return new CleaningError(`${segment.path(LOG_SUFFIX)}: no whole batch at byte ${position}`)
}
