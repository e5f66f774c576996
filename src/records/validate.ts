/**
 * What the partition leader checks before it appends, and the offsets, epoch and timestamps that it
 * gives. Every record is looked at, also in compressed batches, as Kafka does: the count and the
 * sizes must agree, keys must be there on compacted topics, timestamps in range.
 *
 * A batch is patched in place wherever its bytes can stay: base offset and leader epoch are outside
 * of the CRC; the CRC is computed again only where the maximum timestamp or its type changes. It is
 * rebuilt where the topic asks for another codec, or where the producer numbered the records
 * wrongly (Kafka does that for compressed batches; here uncompressed ones get right offsets too).
 *
 * KIP-32 (timestamps), KIP-98 (producers), KIP-467 (errors by record), KIP-937 (timestamp range).
 */
import { BoundsError } from '../base/bytes.ts'
import { ErrorCode } from '../protocol/errors.ts'
import {
  type AppendInfo,
  type AppendOptions,
  accepted,
  batchInfo,
  type RecordError,
  refused,
} from './append.ts'
import { validateAssigned } from './assigned.ts'
import * as batch from './batch.ts'
import { BATCH_CORRUPT, BATCH_INCOMPLETE, nextBatch } from './batches.ts'
import { BatchBuilder } from './builder.ts'
import type { CompressionType } from './compression/compression.ts'
import { RecordCursor } from './record-scan.ts'

export type { AppendInfo, AppendOptions, AppendOrigin, BatchInfo, RecordError } from './append.ts'

/** How many record errors the text of the whole batch's error shows. */
const SHOWN_RECORD_ERRORS = 3

/**
 * Checks `bytes` for an append and gives offsets (to clients' and coordinators' batches). `bytes`
 * is patched in place: on success it, or the rebuilt batch, is what `AppendInfo.bytes` is.
 */
export function validateForAppend(bytes: Uint8Array, options: AppendOptions): AppendInfo {
  if (options.origin === 'raft' || options.origin === 'replication') {
    return validateAssigned(bytes, options)
  }
  try {
    return checkBatch(bytes, options)
  } catch (error) {
    if (!(error instanceof BoundsError)) throw error
    return refused(ErrorCode.INVALID_RECORD, error.message)
  }
}

function checkBatch(bytes: Uint8Array, options: AppendOptions): AppendInfo {
  const refusal = checkFraming(bytes) ?? checkHeader(bytes, options)
  if (refusal !== null) return refusal
  const source = batch.compressionOf(bytes, 0)
  if (source === null) {
    const id = batch.attributes(bytes, 0) & batch.COMPRESSION_MASK
    return refused(ErrorCode.UNSUPPORTED_COMPRESSION_TYPE, `unknown compression type ${id}`)
  }
  const scan = new BatchScan(bytes, options)
  scan.run()
  const { cursor } = scan
  if (cursor.problem !== '') {
    return refused(errorOf(cursor), `Invalid record batch${where(options)}: ${cursor.problem}`)
  }
  if (scan.errors !== null) return refusedRecords(scan.errors, scan.hasInvalidTimestamp)
  const target = targetCodec(bytes, source, options)
  const isRebuilt = target !== source || !scan.isSequential
  const result = isRebuilt ? rebuild(bytes, cursor, target, options) : bytes
  if (isRebuilt) {
    const tooLarge = checkSize(result, options)
    if (tooLarge !== null) return tooLarge
  } else {
    patch(result, scan.maxTimestampMs, options)
  }
  return finish(result, options)
}

function errorOf({ failure }: RecordCursor): ErrorCode {
  if (failure?.reason === 'tooLarge') return ErrorCode.MESSAGE_TOO_LARGE
  if (failure?.reason === 'unavailable') return ErrorCode.UNSUPPORTED_COMPRESSION_TYPE
  return ErrorCode.INVALID_RECORD
}

/** Exactly one whole batch of magic 2; what is cut short behind it is ignored. */
function checkFraming(bytes: Uint8Array): AppendInfo | null {
  const end = nextBatch(bytes, 0)
  if (end === BATCH_CORRUPT) return refused(ErrorCode.CORRUPT_MESSAGE, 'invalid batch header')
  if (end === BATCH_INCOMPLETE) {
    return refused(ErrorCode.INVALID_RECORD, 'there is no record batch for the partition')
  }
  const format = batch.magic(bytes, 0)
  if (format !== batch.MAGIC_V2) {
    const message = `record batches must have magic version 2, this one has ${format}`
    return refused(ErrorCode.INVALID_RECORD, message)
  }
  const second = nextBatch(bytes, end)
  if (second === BATCH_CORRUPT) return refused(ErrorCode.CORRUPT_MESSAGE, 'invalid batch header')
  if (second >= 0) {
    return refused(
      ErrorCode.INVALID_RECORD,
      'there is more than one record batch for the partition',
    )
  }
  return null
}

function checkHeader(bytes: Uint8Array, options: AppendOptions): AppendInfo | null {
  const isClient = options.origin === 'client'
  const offset = batch.baseOffset(bytes, 0)
  if (isClient && offset !== 0) {
    const message = `the base offset of the record batch${where(options)} must be 0, it is ${offset}`
    return refused(ErrorCode.INVALID_RECORD, message)
  }
  const tooLarge = checkSize(bytes, options)
  if (tooLarge !== null) return tooLarge
  if (!batch.isCrcValid(bytes, 0)) {
    const message = `Record is corrupt (stored crc = ${batch.crc(bytes, 0)})${where(options)}`
    return refused(ErrorCode.CORRUPT_MESSAGE, message)
  }
  const count = batch.recordCount(bytes, 0)
  const lastDelta = batch.lastOffsetDelta(bytes, 0)
  if (count <= 0 || lastDelta !== count - 1) {
    const message = `a batch${where(options)} of ${count} records has offsets 0 to ${lastDelta}`
    return refused(ErrorCode.INVALID_RECORD, message)
  }
  if (isClient && batch.isControl(bytes, 0)) {
    const message = `Clients are not allowed to write control records${where(options)}`
    return refused(ErrorCode.INVALID_RECORD, message)
  }
  if (isClient && batch.hasProducerId(bytes, 0) && batch.baseSequence(bytes, 0) < 0) {
    const message =
      `Invalid sequence number ${batch.baseSequence(bytes, 0)} in a batch ` +
      `of producer ${batch.producerId(bytes, 0)}${where(options)}`
    return refused(ErrorCode.INVALID_RECORD, message)
  }
  return null
}

function checkSize(bytes: Uint8Array, options: AppendOptions): AppendInfo | null {
  const sizeBytes = batch.batchSizeBytes(bytes, 0)
  if (sizeBytes <= options.maxMessageBytes) return null
  const message =
    `The record batch${where(options)} has ${sizeBytes} bytes, ` +
    `${options.maxMessageBytes} at most are allowed`
  return refused(ErrorCode.MESSAGE_TOO_LARGE, message)
}

/** One pass over the records of a batch. */
class BatchScan {
  readonly cursor: RecordCursor
  maxTimestampMs = batch.NO_TIMESTAMP
  /** Offset deltas are 0, 1, 2 … */
  isSequential = true
  errors: RecordError[] | null = null
  hasInvalidTimestamp = false
  readonly #options: AppendOptions
  readonly #isClaimingAppendTime: boolean

  constructor(bytes: Uint8Array, options: AppendOptions) {
    this.cursor = new RecordCursor(bytes, 0, options.maxDecompressedBytes)
    this.#options = options
    this.#isClaimingAppendTime = batch.timestampTypeOf(bytes, 0) === 'LogAppendTime'
  }

  run(): void {
    const { cursor } = this
    const { topicIsCompacted, nowMs, timestampBeforeMaxMs, timestampAfterMaxMs } = this.#options
    const isCreateTime = this.#options.timestampType === 'CreateTime'
    // Beyond the safe integers a timestamp could not be told from its neighbours.
    const earliestMs = Math.max(nowMs - timestampBeforeMaxMs, Number.MIN_SAFE_INTEGER)
    const latestMs = Math.min(nowMs + timestampAfterMaxMs, Number.MAX_SAFE_INTEGER)
    const isWronglyStamped = this.#isClaimingAppendTime
    let maxTimestampMs = batch.NO_TIMESTAMP
    let index = 0
    for (; cursor.next(); index++) {
      const { timestampMs } = cursor
      if (topicIsCompacted && cursor.keyLength < 0) {
        this.#refuse(index, this.#missingKey())
      } else if (isCreateTime && timestampMs !== batch.NO_TIMESTAMP) {
        if (timestampMs < earliestMs || timestampMs > latestMs) {
          this.#refuseTimestamp(index, earliestMs, latestMs)
        }
      } else if (isWronglyStamped) {
        this.#refuseTimestampType(index)
      }
      if (timestampMs > maxTimestampMs) maxTimestampMs = timestampMs
      if (cursor.offsetDelta !== index) this.isSequential = false
    }
    this.maxTimestampMs = maxTimestampMs
  }

  #missingKey(): string {
    const partition = this.#options.topicPartition
    const place = partition === undefined ? '' : ` in topic partition ${partition}`
    return `Compacted topic cannot accept message without key${place}`
  }

  #refuseTimestamp(index: number, earliestMs: number, latestMs: number): void {
    this.hasInvalidTimestamp = true
    const { timestampMs, offset } = this.cursor
    this.#refuse(
      index,
      `Timestamp ${timestampMs} of message with offset ${offset} is out of range. ` +
        `The timestamp should be within [${earliestMs}, ${latestMs}]`,
    )
  }

  #refuseTimestampType(index: number): void {
    this.hasInvalidTimestamp = true
    this.#refuse(index, 'Producer should not set timestamp type to LogAppendTime.')
  }

  #refuse(batchIndex: number, message: string): void {
    this.errors ??= []
    this.errors.push({ batchIndex, message })
  }
}

/** The texts are Kafka's: producers show them as they come. */
function refusedRecords(errors: readonly RecordError[], hasInvalidTimestamp: boolean): AppendInfo {
  if (hasInvalidTimestamp) {
    const message = 'One or more records have been rejected due to invalid timestamp'
    return refused(ErrorCode.INVALID_TIMESTAMP, message, errors)
  }
  const shown = errors
    .slice(0, SHOWN_RECORD_ERRORS)
    .map(({ batchIndex, message }) => `RecordError(batchIndex=${batchIndex}, message='${message}')`)
  const message =
    `One or more records have been rejected due to ${errors.length} record errors in total, ` +
    `and only showing the first three errors at most: [${shown.join(', ')}]`
  return refused(ErrorCode.INVALID_RECORD, message, errors)
}

/** The codec that the batch is to be stored with. Uncompressed control batches stay so. */
function targetCodec(
  bytes: Uint8Array,
  source: CompressionType,
  options: AppendOptions,
): CompressionType {
  const wanted = options.targetCompression
  if (wanted === 'producer') return source
  if (source === 'none' && batch.isControl(bytes, 0)) return source
  return wanted === 'uncompressed' ? 'none' : wanted
}

/** Gives offset, epoch and timestamp to a batch whose records stay as they are. */
function patch(bytes: Uint8Array, maxTimestampMs: number, options: AppendOptions): void {
  const isAppendTime = options.timestampType === 'LogAppendTime'
  const timestampMs = isAppendTime ? options.nowMs : maxTimestampMs
  batch.setBaseOffset(bytes, 0, options.nextOffset)
  batch.setPartitionLeaderEpoch(bytes, 0, options.leaderEpoch)
  if (
    batch.timestampTypeOf(bytes, 0) !== options.timestampType ||
    batch.maxTimestampMs(bytes, 0) !== timestampMs
  ) {
    const flags = batch.attributes(bytes, 0) & ~batch.TIMESTAMP_TYPE_FLAG
    batch.setAttributes(bytes, 0, isAppendTime ? flags | batch.TIMESTAMP_TYPE_FLAG : flags)
    batch.setMaxTimestamp(bytes, 0, timestampMs)
    batch.recomputeCrc(bytes, 0)
  }
}

/** The same records in a new batch: another codec, or offsets 0, 1, 2 … */
function rebuild(
  bytes: Uint8Array,
  cursor: RecordCursor,
  compression: CompressionType,
  options: AppendOptions,
): Uint8Array {
  const builder = new BatchBuilder(
    {
      baseOffset: options.nextOffset,
      compression,
      level: options.targetCompression === 'producer' ? undefined : options.compressionLevel,
      timestampType: options.timestampType,
      logAppendTimeMs: options.nowMs,
      producerId: batch.producerId(bytes, 0),
      producerEpoch: batch.producerEpoch(bytes, 0),
      baseSequence: batch.baseSequence(bytes, 0),
      isTransactional: batch.isTransactional(bytes, 0),
      isControl: batch.isControl(bytes, 0),
      partitionLeaderEpoch: options.leaderEpoch,
    },
    cursor.recordBytes,
  )
  cursor.rewind()
  while (cursor.next()) builder.appendBody(cursor, builder.count)
  return builder.build()
}

function finish(bytes: Uint8Array, options: AppendOptions): AppendInfo {
  const info = batchInfo(bytes, 0)
  if (info.sizeBytes > (options.segmentBytes ?? Number.POSITIVE_INFINITY)) {
    const message =
      `The record batch${where(options)} has ${info.sizeBytes} bytes, ` +
      `a segment holds ${options.segmentBytes}`
    return refused(ErrorCode.RECORD_LIST_TOO_LARGE, message)
  }
  const whole = info.sizeBytes === bytes.length ? bytes : bytes.subarray(0, info.sizeBytes)
  const logAppendTimeMs =
    options.timestampType === 'LogAppendTime' ? options.nowMs : batch.NO_TIMESTAMP
  return accepted(whole, [info], batch.recordCount(bytes, 0), logAppendTimeMs)
}

function where(options: AppendOptions): string {
  return options.topicPartition === undefined ? '' : ` in ${options.topicPartition}`
}
