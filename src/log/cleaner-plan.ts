/**
 * Which part of a log compaction may work on, how much of it is dirty, and which segments become
 * one.
 *
 * Dirty is what no round has covered yet. The active segment is never cleaned, nor anything from
 * the last stable offset on, nor a segment with a record younger than `min.compaction.lag.ms`, nor
 * what is not on the platter: an old value goes for a newer one that a power cut can't take.
 *
 * KIP-58 (minimum lag), KIP-354 (maximum lag).
 */

import { MAX_RELATIVE_OFFSET, type Segment, type SegmentHome } from './segment.ts'
import type { Segments } from './segments.ts'

/** What planning needs of a log. */
export interface PlannableLog {
  readonly home: SegmentHome
  readonly segments: Segments
  readonly logStartOffset: number
  readonly logEndOffset: number
  readonly lastStableOffset: number
  /** Everything below is on the platter. */
  readonly recoveryPoint: number
}

/** What is to be done for one log. */
export interface CleaningPlan<Log> {
  readonly log: Log
  readonly firstDirtyOffset: number
  /** The start of the first segment that is left alone. */
  readonly firstUncleanableOffset: number
  readonly cleanableBytes: number
  readonly totalBytes: number
  /** Dirty bytes of all bytes up to there, 0 to 1. */
  readonly dirtyRatio: number
  /** How long something has been waiting beyond `max.compaction.lag.ms`. */
  readonly overdueMs: number
  /** The checkpoint was outside of the log, and is now where it starts. */
  readonly isCheckpointReset: boolean
}

/** Looks at a log; `checkpoint` is where the last round ended, -1 where there was none. */
export function planCleaning<Log extends PlannableLog>(
  log: Log,
  checkpoint: number,
  nowMs: number,
): CleaningPlan<Log> {
  const { logStartOffset, logEndOffset, segments } = log
  const isReset = checkpoint >= 0 && (checkpoint < logStartOffset || checkpoint > logEndOffset)
  const firstDirtyOffset = isReset || checkpoint < 0 ? logStartOffset : checkpoint
  const limit = Math.max(firstDirtyOffset, uncleanableFrom(log, firstDirtyOffset, nowMs))
  const uncleanable = segments.floor(limit) ?? segments.active
  const firstUncleanableOffset = uncleanable.baseOffset
  const from = Math.min(firstDirtyOffset, firstUncleanableOffset)
  const cleanableBytes = bytesOf(segmentsIn(segments, from, firstUncleanableOffset))
  const totalBytes = cleanableBytes + bytesOf(segmentsIn(segments, -1, firstDirtyOffset))
  return {
    log,
    firstDirtyOffset,
    firstUncleanableOffset,
    cleanableBytes,
    totalBytes,
    dirtyRatio: totalBytes === 0 ? 0 : cleanableBytes / totalBytes,
    overdueMs: overdueMs(log, firstDirtyOffset, nowMs),
    isCheckpointReset: isReset,
  }
}

/** Whether there is enough to do. */
export function isWorthCleaning(plan: CleaningPlan<PlannableLog>): boolean {
  if (plan.totalBytes === 0) return false
  if (plan.overdueMs > 0 && plan.cleanableBytes > 0) return true
  return plan.dirtyRatio > plan.log.home.config.minCleanableDirtyRatio
}

function uncleanableFrom(log: PlannableLog, firstDirtyOffset: number, nowMs: number): number {
  const { segments } = log
  const limit = Math.min(log.lastStableOffset, segments.active.baseOffset, log.recoveryPoint)
  const lagMs = Math.max(0, log.home.config.minCompactionLagMs)
  if (lagMs === 0) return limit
  for (const segment of closedSegmentsFrom(segments, firstDirtyOffset)) {
    if (segment.baseOffset >= limit) break
    if (segment.largestTimestampMs() > nowMs - lagMs) return segment.baseOffset
  }
  return limit
}

/** How far the oldest dirty record is beyond the maximum lag; 0 where none is. */
function overdueMs(log: PlannableLog, firstDirtyOffset: number, nowMs: number): number {
  const dueMs = nowMs - Math.max(0, log.home.config.maxCompactionLagMs)
  if (dueMs <= 0) return 0
  let earliestMs = Infinity
  for (const segment of closedSegmentsFrom(log.segments, firstDirtyOffset)) {
    const timestampMs = segment.firstTimestampMs()
    if (timestampMs > 0) earliestMs = Math.min(earliestMs, timestampMs)
  }
  return Math.max(0, dueMs - earliestMs)
}

function closedSegmentsFrom(segments: Segments, offset: number): Segment[] {
  return segments.overlapping(offset, segments.active.baseOffset)
}

/** Segments that hold offsets of [from, to). */
export function segmentsIn(segments: Segments, from: number, to: number): Segment[] {
  return from >= to ? [] : segments.overlapping(from, to)
}

function bytesOf(segments: readonly Segment[]): number {
  let bytes = 0
  for (const segment of segments) bytes += segment.sizeBytes
  return bytes
}

/**
 * Segments in runs, each to become one: as many as fit a segment and its indexes by what they hold
 * now, so that the log does not end up in ever smaller segments.
 */
export function groupSegments(
  segments: readonly Segment[],
  limits: { readonly segmentBytes: number; readonly segmentIndexBytes: number },
  firstUncleanableOffset: number,
): Segment[][] {
  const groups: Segment[][] = []
  let group: Segment[] = []
  let sizes = { log: 0, offsets: 0, times: 0 }
  segments.forEach((segment, i) => {
    const own = sizesOf(segment)
    const log = sizes.log + own.log
    const offsets = sizes.offsets + own.offsets
    const times = sizes.times + own.times
    const end = segments[i + 1]?.baseOffset ?? firstUncleanableOffset
    const isInRange =
      own.log === 0 || group.length === 0 || end - 1 - group[0]!.baseOffset <= MAX_RELATIVE_OFFSET
    const isSmall =
      log <= limits.segmentBytes &&
      offsets <= limits.segmentIndexBytes &&
      times <= limits.segmentIndexBytes
    if (group.length === 0 || (isSmall && isInRange)) {
      group.push(segment)
      sizes = { log, offsets, times }
      return
    }
    groups.push(group)
    group = [segment]
    sizes = own
  })
  if (group.length > 0) groups.push(group)
  return groups
}

function sizesOf(segment: Segment): { log: number; offsets: number; times: number } {
  return {
    log: segment.sizeBytes,
    offsets: segment.offsetIndex().fileBytes,
    times: segment.timeIndex().fileBytes,
  }
}
