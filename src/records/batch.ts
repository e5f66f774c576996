/**
 * A record batch (magic 2) in place: where each header field lies, and functions that read or patch
 * it in the bytes themselves. Functions take the bytes and the position `at` where the batch
 * starts; the caller has made sure with `nextBatch` (batches.ts) that the whole batch is there.
 *
 * Layout: baseOffset i64, length i32, partitionLeaderEpoch i32, magic i8, crc u32, attributes i16,
 * lastOffsetDelta i32, baseTimestamp i64, maxTimestamp i64, producerId i64, producerEpoch i16,
 * baseSequence i32, recordCount i32, then the records. The CRC covers attributes to the end, so
 * baseOffset and partitionLeaderEpoch can be patched without computing it again.
 *
 * Invariant: offsets and producer ids that a number can't carry exactly are never rounded; reading
 * them throws BoundsError (base/int64.ts). Timestamps are: those of a producer that sends
 * nanoseconds are beyond 2^53, Kafka before 3.6 stored them, and nothing but their order and range
 * is looked at. `hasExactTimestamps` says where they must not be written again.
 *
 * KIP-98 (format v2, producer id), KIP-101 (leader epoch), KIP-534 (delete horizon).
 */
import { crc32c } from '../base/crc32c.ts'
import { checkInt64, int64FromHalves, int64High, int64Low } from '../base/int64.ts'
import { type CompressionType, compressionTypeOf } from './compression/compression.ts'

/** What a record's timestamp says; the values of `message.timestamp.type`. */
export type TimestampType = 'CreateTime' | 'LogAppendTime'

/** Bytes before the part that `length` counts: baseOffset and length itself. */
export const LOG_OVERHEAD = 12
/** Bytes of a batch without records. */
export const BATCH_OVERHEAD = 61
/** Bytes needed to tell the size and the format of a batch. */
export const HEADER_BYTES_UP_TO_MAGIC = 17

export const MAGIC_V2 = 2
export const NO_TIMESTAMP = -1
export const NO_PRODUCER_ID = -1
export const NO_PRODUCER_EPOCH = -1
export const NO_SEQUENCE = -1
export const NO_PARTITION_LEADER_EPOCH = -1
export const MAX_SEQUENCE = 0x7fffffff

const LENGTH_AT = 8
const PARTITION_LEADER_EPOCH_AT = 12
const MAGIC_AT = 16
const CRC_AT = 17
const ATTRIBUTES_AT = 21
const LAST_OFFSET_DELTA_AT = 23
const BASE_TIMESTAMP_AT = 27
const MAX_TIMESTAMP_AT = 35
const PRODUCER_ID_AT = 43
const PRODUCER_EPOCH_AT = 51
const BASE_SEQUENCE_AT = 53
const RECORD_COUNT_AT = 57

export const COMPRESSION_MASK = 0x07
export const TIMESTAMP_TYPE_FLAG = 0x08
export const TRANSACTIONAL_FLAG = 0x10
export const CONTROL_FLAG = 0x20
export const DELETE_HORIZON_FLAG = 0x40

/** Every field of a batch header, for `writeBatchHeader`. */
export interface BatchHeader {
  readonly baseOffset: number
  readonly partitionLeaderEpoch: number
  readonly attributes: number
  readonly lastOffsetDelta: number
  readonly baseTimestampMs: number
  readonly maxTimestampMs: number
  readonly producerId: number
  readonly producerEpoch: number
  readonly baseSequence: number
  readonly recordCount: number
}

/** Offset of the first record that the producer put in, kept by compaction. */
export function baseOffset(b: Uint8Array, at: number): number {
  return int64At(b, at)
}

/** Size of the whole batch, from its base offset to its last record. */
export function batchSizeBytes(b: Uint8Array, at: number): number {
  return LOG_OVERHEAD + int32At(b, at + LENGTH_AT)
}

export function partitionLeaderEpoch(b: Uint8Array, at: number): number {
  return int32At(b, at + PARTITION_LEADER_EPOCH_AT)
}

/** Version of the format; 2 in all that is written today. */
export function magic(b: Uint8Array, at: number): number {
  return (b[at + MAGIC_AT]! << 24) >> 24
}

/** The stored CRC-32C, unsigned. */
export function crc(b: Uint8Array, at: number): number {
  return int32At(b, at + CRC_AT) >>> 0
}

/** The flags; bits 8 to 15 are unused and read as 0. */
export function attributes(b: Uint8Array, at: number): number {
  return b[at + ATTRIBUTES_AT + 1]!
}

export function lastOffsetDelta(b: Uint8Array, at: number): number {
  return int32At(b, at + LAST_OFFSET_DELTA_AT)
}

/** Offset of the last record that the producer put in, kept by compaction. */
export function lastOffset(b: Uint8Array, at: number): number {
  return baseOffset(b, at) + lastOffsetDelta(b, at)
}

/** What timestamp deltas count from: the first record's timestamp, or the delete horizon. */
export function baseTimestampMs(b: Uint8Array, at: number): number {
  return roundedInt64At(b, at + BASE_TIMESTAMP_AT)
}

/** The highest timestamp of its records, or the time of appending under LogAppendTime. */
export function maxTimestampMs(b: Uint8Array, at: number): number {
  return roundedInt64At(b, at + MAX_TIMESTAMP_AT)
}

/** False where reading the header's timestamps has rounded them. */
export function hasExactTimestamps(b: Uint8Array, at: number): boolean {
  return Number.isSafeInteger(baseTimestampMs(b, at)) && Number.isSafeInteger(maxTimestampMs(b, at))
}

export function producerId(b: Uint8Array, at: number): number {
  return int64At(b, at + PRODUCER_ID_AT)
}

export function hasProducerId(b: Uint8Array, at: number): boolean {
  return producerId(b, at) > NO_PRODUCER_ID
}

export function producerEpoch(b: Uint8Array, at: number): number {
  const high = b[at + PRODUCER_EPOCH_AT]!
  return ((high << 24) >> 16) | b[at + PRODUCER_EPOCH_AT + 1]!
}

/** Sequence number of the first record, or -1 where the producer is not idempotent. */
export function baseSequence(b: Uint8Array, at: number): number {
  return int32At(b, at + BASE_SEQUENCE_AT)
}

/** Sequence number of the last record; numbers start again at 0 after 2^31 - 1. */
export function lastSequence(b: Uint8Array, at: number): number {
  const first = baseSequence(b, at)
  return first === NO_SEQUENCE ? NO_SEQUENCE : incrementSequence(first, lastOffsetDelta(b, at))
}

export function recordCount(b: Uint8Array, at: number): number {
  return int32At(b, at + RECORD_COUNT_AT)
}

/** The codec of the records, or null for a number that stands for none. */
export function compressionOf(b: Uint8Array, at: number): CompressionType | null {
  return compressionTypeOf(attributes(b, at) & COMPRESSION_MASK)
}

export function isCompressed(b: Uint8Array, at: number): boolean {
  return (attributes(b, at) & COMPRESSION_MASK) !== 0
}

export function timestampTypeOf(b: Uint8Array, at: number): TimestampType {
  return (attributes(b, at) & TIMESTAMP_TYPE_FLAG) === 0 ? 'CreateTime' : 'LogAppendTime'
}

export function isTransactional(b: Uint8Array, at: number): boolean {
  return (attributes(b, at) & TRANSACTIONAL_FLAG) !== 0
}

export function isControl(b: Uint8Array, at: number): boolean {
  return (attributes(b, at) & CONTROL_FLAG) !== 0
}

/** True once compaction has set the time from which tombstones and markers may go (KIP-534). */
export function hasDeleteHorizon(b: Uint8Array, at: number): boolean {
  return (attributes(b, at) & DELETE_HORIZON_FLAG) !== 0
}

/** The time from which the tombstones and markers of the batch may go, or -1. */
export function deleteHorizonMs(b: Uint8Array, at: number): number {
  return hasDeleteHorizon(b, at) ? baseTimestampMs(b, at) : NO_TIMESTAMP
}

export function setBaseOffset(b: Uint8Array, at: number, offset: number): void {
  putInt64(b, at, offset)
}

export function setPartitionLeaderEpoch(b: Uint8Array, at: number, epoch: number): void {
  putInt32(b, at + PARTITION_LEADER_EPOCH_AT, epoch)
}

/** Covered by the CRC: call `recomputeCrc` after the last such change. */
export function setMaxTimestamp(b: Uint8Array, at: number, timestampMs: number): void {
  putInt64(b, at + MAX_TIMESTAMP_AT, timestampMs)
}

/** Covered by the CRC: call `recomputeCrc` after the last such change. */
export function setAttributes(b: Uint8Array, at: number, flags: number): void {
  b[at + ATTRIBUTES_AT] = flags >> 8
  b[at + ATTRIBUTES_AT + 1] = flags
}

/** Covered by the CRC: call `recomputeCrc` after the last such change. */
export function setProducer(
  b: Uint8Array,
  at: number,
  id: number,
  epoch: number,
  sequence: number,
): void {
  putInt64(b, at + PRODUCER_ID_AT, id)
  b[at + PRODUCER_EPOCH_AT] = epoch >> 8
  b[at + PRODUCER_EPOCH_AT + 1] = epoch
  putInt32(b, at + BASE_SEQUENCE_AT, sequence)
}

/** Stores the CRC of the batch as it is now. */
export function recomputeCrc(b: Uint8Array, at: number): void {
  putInt32(b, at + CRC_AT, computedCrc(b, at))
}

/** False where the batch is too small to be one, or its bytes are not those its CRC was made of. */
export function isCrcValid(b: Uint8Array, at: number): boolean {
  return batchSizeBytes(b, at) >= BATCH_OVERHEAD && crc(b, at) === computedCrc(b, at)
}

/** Fills in the header of a batch of `sizeBytes` whose records are in place, CRC included. */
export function writeBatchHeader(
  b: Uint8Array,
  at: number,
  sizeBytes: number,
  header: BatchHeader,
): void {
  putInt64(b, at, header.baseOffset)
  putInt32(b, at + LENGTH_AT, sizeBytes - LOG_OVERHEAD)
  putInt32(b, at + PARTITION_LEADER_EPOCH_AT, header.partitionLeaderEpoch)
  b[at + MAGIC_AT] = MAGIC_V2
  setAttributes(b, at, header.attributes)
  putInt32(b, at + LAST_OFFSET_DELTA_AT, header.lastOffsetDelta)
  putInt64(b, at + BASE_TIMESTAMP_AT, header.baseTimestampMs)
  putInt64(b, at + MAX_TIMESTAMP_AT, header.maxTimestampMs)
  setProducer(b, at, header.producerId, header.producerEpoch, header.baseSequence)
  putInt32(b, at + RECORD_COUNT_AT, header.recordCount)
  recomputeCrc(b, at)
}

/** `sequence` moved on by `increment`, over the end of the range where need be. */
export function incrementSequence(sequence: number, increment: number): number {
  const next = sequence + increment
  return next > MAX_SEQUENCE ? next - MAX_SEQUENCE - 1 : next
}

/** `sequence` moved back by `decrement`, over the start of the range where need be. */
export function decrementSequence(sequence: number, decrement: number): number {
  const next = sequence - decrement
  return next < 0 ? next + MAX_SEQUENCE + 1 : next
}

function computedCrc(b: Uint8Array, at: number): number {
  return crc32c(b, at + ATTRIBUTES_AT, at + batchSizeBytes(b, at))
}

function int32At(b: Uint8Array, at: number): number {
  return (b[at]! << 24) | (b[at + 1]! << 16) | (b[at + 2]! << 8) | b[at + 3]!
}

function int64At(b: Uint8Array, at: number): number {
  return int64FromHalves(int32At(b, at), int32At(b, at + 4))
}

function roundedInt64At(b: Uint8Array, at: number): number {
  return int32At(b, at) * 2 ** 32 + (int32At(b, at + 4) >>> 0)
}

function putInt32(b: Uint8Array, at: number, value: number): void {
  b[at] = value >> 24
  b[at + 1] = value >> 16
  b[at + 2] = value >> 8
  b[at + 3] = value
}

function putInt64(b: Uint8Array, at: number, value: number): void {
  checkInt64(value)
  putInt32(b, at, int64High(value))
  putInt32(b, at + 4, int64Low(value))
}
