/**
 * What appending asks of records and what it answers; validate.ts (leader) and assigned.ts (offsets
 * already given) fill it in.
 */
import { ErrorCode } from '../protocol/errors.ts'
import type { TimestampType } from './batch.ts'
import * as batch from './batch.ts'
import type { CompressionType } from './compression/compression.ts'

/**
 * Who appends, which decides what is checked: clients get everything; coordinators may write
 * control records; the raft leader and replication have given offsets already.
 */
export type AppendOrigin = 'client' | 'coordinator' | 'raft' | 'replication'

/** What `compression.type` may ask for; `producer` keeps what came. */
export type TargetCompression = 'producer' | 'uncompressed' | CompressionType

/** The log's settings and state that an append is checked against. */
export interface AppendOptions {
  readonly origin: AppendOrigin
  readonly nowMs: number
  /** The offset that the first record gets; not used where offsets are already given. */
  readonly nextOffset: number
  /** The epoch that is written into the batch, or that it must not be beyond (replication). */
  readonly leaderEpoch: number
  readonly topicIsCompacted: boolean
  readonly maxMessageBytes: number
  /** A batch larger than a segment is refused; no limit where left out. */
  readonly segmentBytes?: number
  readonly timestampType: TimestampType
  readonly timestampBeforeMaxMs: number
  readonly timestampAfterMaxMs: number
  readonly targetCompression: TargetCompression
  /** The level of the target; the codec's default where left out. */
  readonly compressionLevel?: number | undefined
  /** `topic-partition`, for messages only. */
  readonly topicPartition?: string
  readonly maxDecompressedBytes?: number
}

/** A record that was refused: its index in the batch and why (KIP-467). */
export interface RecordError {
  readonly batchIndex: number
  readonly message: string
}

/** What the log keeps of an appended batch: producer state, epochs and indexes need it. */
export interface BatchInfo {
  /** Where the batch starts in the appended bytes. */
  readonly at: number
  readonly sizeBytes: number
  readonly firstOffset: number
  readonly lastOffset: number
  readonly maxTimestampMs: number
  readonly leaderEpoch: number
  readonly producerId: number
  readonly producerEpoch: number
  readonly baseSequence: number
  readonly lastSequence: number
  readonly isTransactional: boolean
  readonly isControl: boolean
}

/** The outcome of checking an append. With an error, nothing but the error's fields is meant. */
export interface AppendInfo {
  readonly error: ErrorCode
  readonly message: string
  /** Where not empty, `message` and these go to the client; otherwise it gets the code alone. */
  readonly recordErrors: readonly RecordError[]
  /** What to write: the given bytes patched in place, or a rebuilt batch. */
  readonly bytes: Uint8Array
  readonly firstOffset: number
  readonly lastOffset: number
  readonly maxTimestampMs: number
  /** As Kafka's time index has it: the last offset of the batch with the highest timestamp. */
  readonly offsetOfMaxTimestamp: number
  /** The time of appending under LogAppendTime, -1 under CreateTime. */
  readonly logAppendTimeMs: number
  readonly recordCount: number
  readonly batches: readonly BatchInfo[]
}

const NO_ERRORS: readonly RecordError[] = Object.freeze([])
const NO_BATCHES: readonly BatchInfo[] = Object.freeze([])
const NO_BYTES = new Uint8Array(0)

/** Nothing is appended, for the given reason. */
export function refused(
  error: ErrorCode,
  message: string,
  recordErrors: readonly RecordError[] = NO_ERRORS,
): AppendInfo {
  return {
    error,
    message,
    recordErrors,
    bytes: NO_BYTES,
    firstOffset: -1,
    lastOffset: -1,
    maxTimestampMs: batch.NO_TIMESTAMP,
    offsetOfMaxTimestamp: -1,
    logAppendTimeMs: batch.NO_TIMESTAMP,
    recordCount: 0,
    batches: NO_BATCHES,
  }
}

/** `bytes` hold exactly `batches` and may be appended. */
export function accepted(
  bytes: Uint8Array,
  batches: readonly BatchInfo[],
  recordCount: number,
  logAppendTimeMs: number,
): AppendInfo {
  let newest: BatchInfo | null = null
  for (const info of batches) {
    if (newest === null || info.maxTimestampMs > newest.maxTimestampMs) newest = info
  }
  const hasTimestamp = newest !== null && newest.maxTimestampMs !== batch.NO_TIMESTAMP
  return {
    error: ErrorCode.NONE,
    message: '',
    recordErrors: NO_ERRORS,
    bytes,
    firstOffset: batches[0]?.firstOffset ?? -1,
    lastOffset: batches.at(-1)?.lastOffset ?? -1,
    maxTimestampMs: newest?.maxTimestampMs ?? batch.NO_TIMESTAMP,
    offsetOfMaxTimestamp: hasTimestamp ? newest!.lastOffset : -1,
    logAppendTimeMs,
    recordCount,
    batches,
  }
}

/** What the log keeps of the batch at `at`. */
export function batchInfo(b: Uint8Array, at: number): BatchInfo {
  const firstOffset = batch.baseOffset(b, at)
  return {
    at,
    sizeBytes: batch.batchSizeBytes(b, at),
    firstOffset,
    lastOffset: firstOffset + batch.lastOffsetDelta(b, at),
    maxTimestampMs: batch.maxTimestampMs(b, at),
    leaderEpoch: batch.partitionLeaderEpoch(b, at),
    producerId: batch.producerId(b, at),
    producerEpoch: batch.producerEpoch(b, at),
    baseSequence: batch.baseSequence(b, at),
    lastSequence: batch.lastSequence(b, at),
    isTransactional: batch.isTransactional(b, at),
    isControl: batch.isControl(b, at),
  }
}
