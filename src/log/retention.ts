/**
 * Which segments at the old end of a log may go: those wholly below the log start offset, those
 * that put the log over `retention.bytes`, and those whose latest record is older than
 * `retention.ms`.
 *
 * Only a run of whole segments from the start goes, and none with records at or above the high
 * watermark.
 */
import type { LogConfig } from './log-config.ts'
import type { Segment } from './segment.ts'
import type { Segments } from './segments.ts'

export interface RetainedLog {
  readonly segments: Segments
  readonly config: LogConfig
  readonly logStartOffset: number
  readonly highWatermark: number
  readonly logEndOffset: number
}

/** The segments to delete now, oldest first. It may be all of them; then the log rolls first. */
export function deletableSegments(log: RetainedLog, nowMs: number): readonly Segment[] {
  const { config } = log
  const byOffset = prefix(log, (_segment, next) => next !== null && next <= log.logStartOffset)
  if (!config.cleanupPolicyDelete) return log.segments.all.slice(0, byOffset)
  let count = Math.max(byOffset, countOverSize(log, byOffset))
  if (config.retentionMs >= 0) {
    const byAge = prefix(
      log,
      (segment) => nowMs - segment.largestTimestampMs() > config.retentionMs,
    )
    count = Math.max(count, byAge)
  }
  return log.segments.all.slice(0, count)
}

/** How many may go for `retention.bytes`, once the first `gone` segments have. */
function countOverSize(log: RetainedLog, gone: number): number {
  const { retentionBytes } = log.config
  if (retentionBytes < 0) return 0
  let excess = -retentionBytes
  for (const segment of log.segments.all) excess += segment.sizeBytes
  for (const segment of log.segments.all.slice(0, gone)) excess -= segment.sizeBytes
  if (excess < 0) return 0
  let index = 0
  return prefix(log, (segment) => {
    if (index++ < gone) return true
    excess -= segment.sizeBytes
    return excess >= 0
  })
}

/** The length of the longest run from the start for which `goes` holds and that may be deleted. */
function prefix(
  log: RetainedLog,
  goes: (segment: Segment, nextBaseOffset: number | null) => boolean,
): number {
  const segments = log.segments.all
  let count = 0
  for (; count < segments.length; count++) {
    const segment = segments[count]!
    const next = segments[count + 1]?.baseOffset ?? null
    if (log.highWatermark < (next ?? log.logEndOffset)) break
    if (next === null && segment.sizeBytes === 0) break
    if (!goes(segment, next)) break
  }
  return count
}
