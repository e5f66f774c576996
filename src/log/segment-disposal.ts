/**
 * Takes segments out of a log: at once by a rename to `.deleted`, their files after
 * `file.delete.delay.ms`, so that reads under way can end.
 */
import { DELETED_SUFFIX } from './file-names.ts'
import type { ProducerSnapshots } from './producer-snapshots.ts'
import type { Segment, SegmentHome } from './segment.ts'
import type { Segments } from './segments.ts'

/** Removes live segments from the log, with the producer snapshots at their starts. */
export function retireSegments(
  home: SegmentHome,
  segments: Segments,
  snapshots: ProducerSnapshots,
  retired: readonly Segment[],
  nowMs: number,
): void {
  const deleteMs = nowMs + home.config.fileDeleteDelayMs
  for (const segment of retired) {
    segment.close()
    segments.remove(segment)
    segment.rename(DELETED_SUFFIX)
    const snapshot = snapshots.retire(segment.baseOffset)
    if (snapshot !== null) home.deferred.add(deleteMs, () => [snapshot])
  }
  deleteLater(home, retired, nowMs)
}

/** Deletes the files of renamed segments when it is time. */
export function deleteLater(home: SegmentHome, retired: readonly Segment[], nowMs: number): void {
  const deleteMs = nowMs + home.config.fileDeleteDelayMs
  for (const segment of retired) {
    // A read may have opened the files again while they were going.
    const close = (): void => segment.close()
    home.deferred.add(deleteMs, () => segment.closeForDeletion(), close)
  }
}
