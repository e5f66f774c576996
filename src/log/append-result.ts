/** What a log is told about an append, and what it answers. */
import { ErrorCode } from '../protocol/errors.ts'
import type { AppendInfo, AppendOptions, AppendOrigin, RecordError } from '../records/append.ts'
import type { LogConfig } from './log-config.ts'
import type { ProducerBatch } from './producer-state.ts'

export interface AppendContext {
  readonly leaderEpoch: number
  readonly nowMs: number
  readonly origin: AppendOrigin
  /** Of the markers in the batches; 0 where there are none (KIP-890). */
  readonly transactionVersion?: number
}

export interface AppendResult {
  readonly error: ErrorCode
  readonly errorMessage: string | null
  readonly recordErrors: readonly RecordError[]
  readonly firstOffset: number
  /** Inclusive. */
  readonly lastOffset: number
  readonly logAppendTimeMs: number
  readonly logStartOffset: number
  /** True where an idempotent producer had sent the batch before; the offsets are those of then. */
  readonly duplicate: boolean
}

const NO_RECORD_ERRORS: readonly RecordError[] = Object.freeze([])

/** The batches are part of the log. */
export function accepted(info: AppendInfo, logStartOffset: number): AppendResult {
  return {
    error: ErrorCode.NONE,
    errorMessage: null,
    recordErrors: NO_RECORD_ERRORS,
    firstOffset: info.firstOffset,
    lastOffset: info.lastOffset,
    logAppendTimeMs: info.logAppendTimeMs,
    logStartOffset,
    duplicate: false,
  }
}

/** The batch has been part of the log since an earlier attempt. */
export function acceptedBefore(batch: ProducerBatch, logStartOffset: number): AppendResult {
  return {
    error: ErrorCode.NONE,
    errorMessage: null,
    recordErrors: NO_RECORD_ERRORS,
    firstOffset: batch.lastOffset - batch.offsetDelta,
    lastOffset: batch.lastOffset,
    logAppendTimeMs: batch.timestampMs,
    logStartOffset,
    duplicate: true,
  }
}

/** Nothing was appended. */
export function refused(
  error: ErrorCode,
  message: string,
  logStartOffset: number,
  recordErrors: readonly RecordError[] = NO_RECORD_ERRORS,
): AppendResult {
  return {
    error,
    errorMessage: message === '' ? null : message,
    recordErrors,
    firstOffset: -1,
    lastOffset: -1,
    logAppendTimeMs: -1,
    logStartOffset,
    duplicate: false,
  }
}

/** What records are checked against. */
export function validationOptions(
  config: LogConfig,
  context: AppendContext,
  nextOffset: number,
  topicPartition: string,
): AppendOptions {
  const getsOffsets = context.origin === 'client' || context.origin === 'coordinator'
  return {
    origin: context.origin,
    nowMs: context.nowMs,
    nextOffset,
    leaderEpoch: context.leaderEpoch,
    topicIsCompacted: config.cleanupPolicyCompact,
    maxMessageBytes: getsOffsets ? config.maxMessageBytes : Infinity,
    segmentBytes: config.segmentBytes,
    timestampType: config.messageTimestampType,
    timestampBeforeMaxMs: config.messageTimestampBeforeMaxMs,
    timestampAfterMaxMs: config.messageTimestampAfterMaxMs,
    targetCompression: config.compressionType,
    compressionLevel: compressionLevel(config),
    topicPartition,
  }
}

function compressionLevel(config: LogConfig): number | undefined {
  switch (config.compressionType) {
    case 'gzip':
      return config.compressionGzipLevel
    case 'lz4':
      return config.compressionLz4Level
    case 'zstd':
      return config.compressionZstdLevel
    default:
      return undefined
  }
}
