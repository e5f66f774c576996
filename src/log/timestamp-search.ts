/**
 * Finds offsets by timestamp (ListOffsets): the first record at or after a time, and the record
 * with the latest time of the log. The time index leads to a batch; the record is found in the
 * batch, which is decompressed where it must be.
 *
 * KIP-33 (time index), KIP-734 (max timestamp).
 */
import {
  lastOffset,
  maxTimestampMs as maxTimestampOf,
  partitionLeaderEpoch,
} from '../records/batch.ts'
import { RecordCursor } from '../records/record-scan.ts'
import { BatchWalker } from './batch-walker.ts'
import type { Segment } from './segment.ts'

export interface FoundOffset {
  readonly offset: number
  readonly timestampMs: number
  readonly leaderEpoch: number
}

/** The first record from `startOffset` on whose timestamp is at least `timestampMs`. */
export function findByTimestamp(
  segments: readonly Segment[],
  timestampMs: number,
  startOffset: number,
): FoundOffset | null {
  for (const segment of segments) {
    if (segment.maxTimestamp().timestampMs < timestampMs) continue
    const from = segment.baseOffset + segment.timeIndex().lookup(timestampMs)
    const found = findInSegment(segment, Math.max(from, startOffset), (walker) =>
      maxTimestampOf(walker.buffer, walker.at) < timestampMs
        ? null
        : findRecord(walker, (ms, offset) => ms >= timestampMs && offset >= startOffset),
    )
    if (found !== null) return found
  }
  return null
}

/** The first of the records that have the latest timestamp of the log. */
export function findLatestTimestamp(segments: readonly Segment[]): FoundOffset | null {
  let latest: Segment | null = null
  for (const segment of segments) {
    const { timestampMs } = segment.maxTimestamp()
    if (latest === null || timestampMs > latest.maxTimestamp().timestampMs) latest = segment
  }
  if (latest === null) return null
  const { timestampMs, offset } = latest.maxTimestamp()
  if (timestampMs < 0) return null
  return findInSegment(latest, offset, (walker) =>
    maxTimestampOf(walker.buffer, walker.at) === timestampMs
      ? findRecord(walker, (ms) => ms === timestampMs)
      : null,
  )
}

/** Looks at the batches that end at or above `offset`, until one has what is looked for. */
function findInSegment(
  segment: Segment,
  offset: number,
  look: (walker: BatchWalker) => FoundOffset | null,
): FoundOffset | null {
  const position = segment.startFor(offset)
  const walker = new BatchWalker(segment.file(), position, segment.sizeBytes, true)
  while (walker.next()) {
    if (lastOffset(walker.buffer, walker.at) < offset) continue
    const found = look(walker)
    if (found !== null) return found
  }
  return null
}

function findRecord(
  walker: BatchWalker,
  wanted: (timestampMs: number, offset: number) => boolean,
): FoundOffset | null {
  const cursor = new RecordCursor(walker.buffer, walker.at)
  while (cursor.next()) {
    const { timestampMs, offset } = cursor
    if (!wanted(timestampMs, offset)) continue
    return { offset, timestampMs, leaderEpoch: partitionLeaderEpoch(walker.buffer, walker.at) }
  }
  return null
}
