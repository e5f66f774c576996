/**
 * What a Produce request may carry for a partition: exactly one batch of the current format. What
 * is in the batch is checked when it is appended. KIP-98 (format), KIP-110 (zstd).
 */
import { ErrorCode } from '../protocol/errors.ts'
import { compressionOf, isTransactional, MAGIC_V2, magic } from '../records/batch.ts'
import { BATCH_CORRUPT, BATCH_INCOMPLETE, nextBatch } from '../records/batches.ts'

/** Why records are refused before they are looked into. */
export interface Refusal {
  readonly error: ErrorCode
  readonly message: string | null
}

/** What is wrong with the records as a whole: there has to be one batch, and one that we take. */
export function batchProblem(records: Uint8Array | null, version: number): Refusal | null {
  const refuse = (error: ErrorCode, rule: string): Refusal => ({
    error,
    message: `Produce requests with version ${version} ${rule}`,
  })
  const invalid = (rule: string): Refusal => refuse(ErrorCode.INVALID_RECORD, rule)
  const corrupt = { error: ErrorCode.CORRUPT_MESSAGE, message: null }
  const end = records === null ? BATCH_INCOMPLETE : nextBatch(records, 0)
  if (records === null || end === BATCH_INCOMPLETE) {
    return invalid('must have at least one record batch per partition')
  }
  if (end === BATCH_CORRUPT) return corrupt
  if (magic(records, 0) !== MAGIC_V2) {
    return invalid('are only allowed to contain record batches with magic version 2')
  }
  if (version < 7 && compressionOf(records, 0) === 'zstd') {
    return refuse(
      ErrorCode.UNSUPPORTED_COMPRESSION_TYPE,
      'are not allowed to use ZStandard compression',
    )
  }
  if (end < records.length) {
    return nextBatch(records, end) === BATCH_CORRUPT
      ? corrupt
      : invalid('are only allowed to contain exactly one record batch per partition')
  }
  if (isTransactional(records, 0)) {
    const message = 'this broker does not serve transactions yet: see docs/compatibility.md'
    return { error: ErrorCode.INVALID_TXN_STATE, message }
  }
  return null
}
