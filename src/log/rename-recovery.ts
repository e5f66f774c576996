/**
 * Settles what a crash left in the middle of a rename, before the segments of a log are looked at.
 *
 * Compaction writes `.cleaned` files, renames them to `.swap`, the segments they replace to
 * `.deleted`, and at last the `.swap` files to plain names. So `.deleted` can go; `.cleaned` means
 * that cleaning had not finished, and it and any later `.swap` can go; a `.swap` without an earlier
 * `.cleaned` is whole and takes the place of all segments within its offsets.
 */
import type { Disk } from '../io/io.ts'
import { lastOffset } from '../records/batch.ts'
import { BatchWalker } from './batch-walker.ts'
import {
  CLEANED_SUFFIX,
  DELETED_SUFFIX,
  LOG_SUFFIX,
  offsetOfName,
  SEGMENT_SUFFIXES,
  SWAP_SUFFIX,
} from './file-names.ts'

const RAFT_SNAPSHOT_DELETED = '.checkpoint.deleted'

/** Returns the names in the directory afterwards. */
export function settleRenames(disk: Disk, directory: string, names: string[]): string[] {
  const unsettled = names.some(
    (name) =>
      name.endsWith(DELETED_SUFFIX) || name.endsWith(CLEANED_SUFFIX) || name.endsWith(SWAP_SUFFIX),
  )
  if (!unsettled) return names
  let firstCleaned = Infinity
  for (const name of names) {
    if (name.endsWith(CLEANED_SUFFIX)) firstCleaned = Math.min(firstCleaned, offsetOfName(name))
  }
  const swaps: string[] = []
  for (const name of names) {
    const path = `${directory}/${name}`
    if (name.endsWith(SWAP_SUFFIX) && offsetOfName(name) < firstCleaned) swaps.push(name)
    else if (name.endsWith(SWAP_SUFFIX) || name.endsWith(CLEANED_SUFFIX)) disk.remove(path)
    else if (name.endsWith(DELETED_SUFFIX) && !name.endsWith(RAFT_SNAPSHOT_DELETED)) {
      disk.remove(path)
    }
  }
  const replaced = replacedRange(disk, directory, swaps)
  for (const name of disk.list(directory)) {
    const offset = offsetOfName(name)
    const isSegmentFile = SEGMENT_SUFFIXES.some((ending) => name.endsWith(ending))
    if (isSegmentFile && offset >= replaced.from && offset < replaced.to) {
      disk.remove(`${directory}/${name}`)
    }
  }
  for (const name of swaps) {
    disk.rename(`${directory}/${name}`, `${directory}/${name.slice(0, -SWAP_SUFFIX.length)}`)
  }
  disk.syncDirectory(directory)
  return disk.list(directory)
}

/** The offsets that whole `.swap` logs cover. */
function replacedRange(disk: Disk, directory: string, swaps: readonly string[]) {
  const range = { from: Infinity, to: -Infinity }
  for (const name of swaps) {
    if (!name.endsWith(LOG_SUFFIX + SWAP_SUFFIX)) continue
    const base = offsetOfName(name)
    const file = disk.open(`${directory}/${name}`, 'read')
    let next = base
    try {
      const walker = new BatchWalker(file, 0, file.size(), false)
      while (walker.next()) next = lastOffset(walker.buffer, walker.at) + 1
    } finally {
      file.close()
    }
    range.from = Math.min(range.from, base)
    range.to = Math.max(range.to, next)
  }
  return range
}
