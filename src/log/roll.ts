/**
 * When a new segment is begun: the batches to come would not fit into `segment.bytes`, their
 * timestamps are `segment.ms` past the first one's, an index is full, or an offset is too far from
 * the segment's base.
 */
import type { Random } from '../io/io.ts'
import { type LogConfig, maxSegmentMs } from './log-config.ts'
import { MAX_RELATIVE_OFFSET, type Segment } from './segment.ts'

export interface RollQuestion {
  readonly sizeBytes: number
  readonly lastOffset: number
  readonly maxTimestampMs: number
  readonly nowMs: number
}

/** Whether batches of that kind need a new segment. */
export function mustRoll(segment: Segment, config: LogConfig, batches: RollQuestion): boolean {
  if (segment.sizeBytes > config.segmentBytes - batches.sizeBytes) return true
  if (batches.lastOffset - segment.baseOffset > MAX_RELATIVE_OFFSET) return true
  if (segment.indexesFull) return true
  if (segment.sizeBytes === 0) return false
  const waitedMs = segment.waitedForRollMs(batches.nowMs, batches.maxTimestampMs)
  return waitedMs > maxSegmentMs(config) - segment.rollJitterMs
}

/** A part of `segment.ms` to roll earlier by, so that partitions don't all roll at once. */
export function randomJitterMs(config: LogConfig, random: Random): number {
  const bound = Math.min(config.segmentJitterMs, config.segmentMs, 0x7fffffff)
  return bound > 0 ? random.int(bound) : 0
}
