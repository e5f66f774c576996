/**
 * What a Produce request may carry for a partition: exactly one batch of the current format. What
 * is in the batch is checked when it is appended. KIP-98 (format), KIP-110 (zstd).
 */
import { ErrorCode } from '../protocol/errors.ts'
import {
  batchSizeBytes,
  compressionOf,
  isTransactional,
  LOG_OVERHEAD,
  MAGIC_V2,
  magic,
} from '../records/batch.ts'
import { BATCH_CORRUPT, BATCH_INCOMPLETE, MIN_LENGTH, nextBatch } from '../records/batches.ts'

/** Why records are refused before they are looked into. */
export interface Refusal {
  readonly error: ErrorCode
  readonly message: string | null
}

/**
 * What is wrong with the records as a whole: there has to be one batch, and one that we take. The
 * beginning of another, cut off, is ignored; `firstBatch` leaves it out.
 */
export function batchProblem(records: Uint8Array | null, version: number): Refusal | null {
  const refuse = (error: ErrorCode, rule: string): Refusal => ({
    error,
    message: `Produce requests with version ${version} ${rule}`,
  })
  const invalid = (rule: string): Refusal => refuse(ErrorCode.INVALID_RECORD, rule)
  const end = records === null ? BATCH_INCOMPLETE : nextBatch(records, 0)
  if (records === null || end === BATCH_INCOMPLETE) {
    return invalid('must have at least one record batch per partition')
  }
  if (end === BATCH_CORRUPT) return corrupt(records, 0)
  if (magic(records, 0) !== MAGIC_V2) {
    return invalid('are only allowed to contain record batches with magic version 2')
  }
  if (version < 7 && compressionOf(records, 0) === 'zstd') {
    return refuse(
      ErrorCode.UNSUPPORTED_COMPRESSION_TYPE,
      'are not allowed to use ZStandard compression',
    )
  }
  const next = end < records.length ? nextBatch(records, end) : BATCH_INCOMPLETE
  if (next === BATCH_CORRUPT) return corrupt(records, end)
  if (next !== BATCH_INCOMPLETE) {
    return invalid('are only allowed to contain exactly one record batch per partition')
  }
  if (isTransactional(records, 0)) {
    const message = 'this broker does not serve transactions yet: see docs/compatibility.md'
    return { error: ErrorCode.INVALID_TXN_STATE, message }
  }
  return null
}

/** Why the first batch can't even be told from what follows it; null where it can. */
export function unreadableBatch(records: Uint8Array | null): Refusal | null {
  if (records === null || nextBatch(records, 0) !== BATCH_CORRUPT) return null
  const problem = corrupt(records, 0)
  return problem.message === null ? null : problem
}

/** Whether the first batch says that it is part of a transaction. */
export function holdsTransaction(records: Uint8Array | null): boolean {
  if (records === null || nextBatch(records, 0) <= 0) return false
  return magic(records, 0) === MAGIC_V2 && isTransactional(records, 0)
}

/** The batch of records that have no `batchProblem`. */
export function firstBatch(records: Uint8Array): Uint8Array {
  const end = nextBatch(records, 0)
  return end === records.length ? records : records.subarray(0, end)
}

/** Kafka's words for bytes that can't be a batch. */
function corrupt(records: Uint8Array, at: number): Refusal {
  const sizeBytes = batchSizeBytes(records, at) - LOG_OVERHEAD
  const tooSmall = `Record size ${sizeBytes} is less than the minimum record overhead (${MIN_LENGTH})`
  if (sizeBytes < MIN_LENGTH) return { error: ErrorCode.CORRUPT_MESSAGE, message: tooSmall }
  const format = magic(records, at)
  const message =
    format < 0 || format > MAGIC_V2 ? `Invalid magic found in record: ${format}` : null
  return { error: ErrorCode.CORRUPT_MESSAGE, message }
}
