/**
 * Record batches one after another in bytes, as a produce request, a fetch response and a segment
 * hold them. The size of a batch is checked before anything behind it is read; what a batch holds
 * is not (`isCrcValid` and record-scan.ts do).
 */
import {
  BATCH_OVERHEAD,
  batchSizeBytes,
  HEADER_BYTES_UP_TO_MAGIC,
  LOG_OVERHEAD,
  MAGIC_V2,
  magic,
} from './batch.ts'

/** The bytes end before the batch does. */
export const BATCH_INCOMPLETE = -1
/** The size or the format says that this can't be a batch. */
export const BATCH_CORRUPT = -2

/** Smallest value of `length` in any format: what magic 0 needs for a record of no bytes. */
export const MIN_LENGTH = 14

/**
 * The position after the batch that starts at `at`, or BATCH_INCOMPLETE or BATCH_CORRUPT (both
 * negative). Batches of magic 0 and 1 are framed the same way and are stepped over.
 */
export function nextBatch(b: Uint8Array, at: number, end: number = b.length): number {
  if (end - at < LOG_OVERHEAD) return BATCH_INCOMPLETE
  const sizeBytes = batchSizeBytes(b, at)
  if (sizeBytes < LOG_OVERHEAD + MIN_LENGTH) return BATCH_CORRUPT
  if (end - at < HEADER_BYTES_UP_TO_MAGIC) return BATCH_INCOMPLETE
  const format = magic(b, at)
  if (format < 0 || format > MAGIC_V2) return BATCH_CORRUPT
  if (format === MAGIC_V2 && sizeBytes < BATCH_OVERHEAD) return BATCH_CORRUPT
  return sizeBytes > end - at ? BATCH_INCOMPLETE : at + sizeBytes
}

/**
 * Calls `visit` with the position of each whole batch and returns the position after the last one:
 * `end`, unless a batch there is cut short or corrupt (`nextBatch` says which).
 */
export function forEachBatch(
  b: Uint8Array,
  start: number,
  end: number,
  visit: (at: number) => void,
): number {
  let at = start
  while (at < end) {
    const next = nextBatch(b, at, end)
    if (next < 0) break
    visit(at)
    at = next
  }
  return at
}
