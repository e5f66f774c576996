/**
 * Checks batches whose offsets are already given: those of the raft leader, and those that a
 * follower copies. They are appended as they are, so this looks at headers and CRCs only.
 *
 * Invariant: what is accepted is a run of whole batches with rising offsets; a batch cut short at
 * the end is left out.
 */
import { BoundsError } from '../base/bytes.ts'
import { ErrorCode } from '../protocol/errors.ts'
import {
  type AppendInfo,
  type AppendOptions,
  accepted,
  type BatchInfo,
  batchInfo,
  refused,
} from './append.ts'
import * as batch from './batch.ts'
import { BATCH_CORRUPT, nextBatch } from './batches.ts'

/** What may be appended of `bytes`, by origin 'raft' or 'replication'. */
export function validateAssigned(bytes: Uint8Array, options: AppendOptions): AppendInfo {
  try {
    return checkBatches(bytes, options)
  } catch (error) {
    if (!(error instanceof BoundsError)) throw error
    return refused(ErrorCode.CORRUPT_MESSAGE, error.message)
  }
}

function checkBatches(bytes: Uint8Array, options: AppendOptions): AppendInfo {
  const batches: BatchInfo[] = []
  let recordCount = 0
  let previousLast = -1
  let at = 0
  while (at < bytes.length) {
    const next = nextBatch(bytes, at)
    if (next === BATCH_CORRUPT) return refused(ErrorCode.CORRUPT_MESSAGE, 'invalid batch header')
    if (next < 0) break
    if (isFromLaterEpoch(bytes, at, options)) break
    const refusal = checkBatch(bytes, at, options)
    if (refusal !== null) return refusal
    const info = batchInfo(bytes, at)
    if (info.lastOffset <= previousLast) {
      const message = `offset ${info.lastOffset} comes after ${previousLast}`
      return refused(ErrorCode.UNKNOWN_SERVER_ERROR, message)
    }
    previousLast = info.lastOffset
    recordCount += batch.recordCount(bytes, at)
    batches.push(info)
    at = next
  }
  const whole = at === bytes.length ? bytes : bytes.subarray(0, at)
  return accepted(whole, batches, recordCount, batch.NO_TIMESTAMP)
}

/**
 * A leader that lost its place may still answer with what the follower has not heard of; the
 * follower keeps only what the epoch it fetched with covers (KAFKA-18723).
 */
function isFromLaterEpoch(bytes: Uint8Array, at: number, options: AppendOptions): boolean {
  return (
    options.origin === 'replication' &&
    batch.partitionLeaderEpoch(bytes, at) !== batch.NO_PARTITION_LEADER_EPOCH &&
    batch.partitionLeaderEpoch(bytes, at) > options.leaderEpoch
  )
}

function checkBatch(bytes: Uint8Array, at: number, options: AppendOptions): AppendInfo | null {
  if (batch.magic(bytes, at) !== batch.MAGIC_V2) {
    return refused(ErrorCode.INVALID_RECORD, `batch of magic ${batch.magic(bytes, at)}`)
  }
  if (options.origin === 'raft') {
    const epoch = batch.partitionLeaderEpoch(bytes, at)
    if (epoch !== options.leaderEpoch) {
      const message = `the raft leader of epoch ${options.leaderEpoch} appends in epoch ${epoch}`
      return refused(ErrorCode.INVALID_RECORD, message)
    }
    const sizeBytes = batch.batchSizeBytes(bytes, at)
    if (sizeBytes > options.maxMessageBytes) {
      const message = `batch of ${sizeBytes} bytes, ${options.maxMessageBytes} are allowed`
      return refused(ErrorCode.MESSAGE_TOO_LARGE, message)
    }
  }
  if (!batch.isCrcValid(bytes, at)) {
    const stored = batch.crc(bytes, at)
    return refused(ErrorCode.CORRUPT_MESSAGE, `record batch is corrupt (stored crc = ${stored})`)
  }
  return null
}
