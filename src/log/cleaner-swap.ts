/**
 * Puts a cleaned segment in the place of those it was made of, so that a crash at any point leaves
 * either all of the old ones or the new one (rename-recovery.ts settles what it finds).
 *
 * The new files become `.swap`, which says that they are whole; the old ones become `.deleted`; the
 * new ones get their plain names. Reads under way go on in the old files until these are deleted.
 */

import { DELETED_SUFFIX, SWAP_SUFFIX } from './file-names.ts'
import type { ProducerSnapshots } from './producer-snapshots.ts'
import type { Segment, SegmentHome } from './segment.ts'
import { deleteLater } from './segment-disposal.ts'
import type { Segments } from './segments.ts'

/** The parts of a log that the swap changes. */
export interface SwapTarget {
  readonly home: SegmentHome
  readonly segments: Segments
  readonly snapshots: ProducerSnapshots
}

/** `cleaned` is durable under the suffix `.cleaned`; `replaced` are live and follow one another. */
export function swapSegments(
  { home, segments, snapshots }: SwapTarget,
  cleaned: Segment,
  replaced: readonly Segment[],
  nowMs: number,
): void {
  const { disk, directory, deferred, config } = home
  const deleteMs = nowMs + config.fileDeleteDelayMs
  cleaned.rename(SWAP_SUFFIX)
  // Nothing says that renames reach the platter in order: the new must be there before the old
  // goes.
  disk.syncDirectory(directory)
  for (const segment of replaced) {
    segment.close()
    segments.remove(segment)
    segment.rename(DELETED_SUFFIX)
    if (segment.baseOffset === cleaned.baseOffset) continue
    const snapshot = snapshots.retire(segment.baseOffset)
    if (snapshot !== null) deferred.add(deleteMs, () => [snapshot])
  }
  deleteLater(home, replaced, nowMs)
  cleaned.rename('')
  segments.add(cleaned)
  disk.syncDirectory(directory)
}
