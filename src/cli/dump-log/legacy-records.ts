/**
 * Records of the formats before batches: magic 0 and magic 1, each message a batch of its own, or
 * the wrapper of compressed ones.
 *
 * Invariant: offsets are absolute: those within a wrapper of magic 1 are relative to the wrapper's.
 * KIP-31 (relative offsets), KIP-32 (timestamps).
 */
import { crc32 } from 'node:zlib'
import { LOG_OVERHEAD, type TimestampType } from '../../records/batch.ts'
import { MIN_LENGTH } from '../../records/batches.ts'
import { CompressionFailure, decompress } from '../../records/compression/compression.ts'
import { xxhash32 } from '../../records/compression/xxhash32.ts'
import { MAX_DECOMPRESSED_BYTES } from '../../records/record-scan.ts'
import { CliError } from '../cli-error.ts'
import { codecOf } from './codecs.ts'

/** A message of magic 0 or 1. */
export interface LegacyRecord {
  readonly offset: number
  readonly timestampMs: number
  readonly key: Uint8Array | null
  readonly value: Uint8Array | null
  readonly crc: number
  readonly isValid: boolean
}

/** What stands before the key of a message. */
export interface LegacyHeader {
  readonly offset: number
  readonly sizeBytes: number
  readonly crc: number
  readonly magic: number
  readonly attributes: number
  /** -1 in magic 0. */
  readonly timestampMs: number
  readonly isValid: boolean
}

const CRC_AT = LOG_OVERHEAD
const MAGIC_AT = CRC_AT + 4
const ATTRIBUTES_AT = MAGIC_AT + 1
const TIMESTAMP_AT = ATTRIBUTES_AT + 1
const TIMESTAMP_BYTES = 8
const COMPRESSION_MASK = 0x07
const APPEND_TIME_FLAG = 0x08
const LZ4_CONTENT_SIZE_FLAG = 0x08

/** What a timestamp of the message says. */
export function legacyTimestampType({
  magic,
  attributes,
}: LegacyHeader): TimestampType | 'NoTimestampType' {
  if (magic === 0) return 'NoTimestampType'
  return (attributes & APPEND_TIME_FLAG) === 0 ? 'CreateTime' : 'LogAppendTime'
}

/** Reads what stands before the key of the message that `bytes` are. */
export function legacyHeader(bytes: Uint8Array): LegacyHeader {
  const view = viewOf(bytes)
  const magic = view.getInt8(MAGIC_AT)
  const crc = view.getUint32(CRC_AT)
  const end = LOG_OVERHEAD + view.getInt32(LOG_OVERHEAD - 4)
  return {
    offset: Number(view.getBigInt64(0)),
    sizeBytes: end,
    crc,
    magic,
    attributes: view.getUint8(ATTRIBUTES_AT),
    timestampMs: magic === 0 ? -1 : Number(view.getBigInt64(TIMESTAMP_AT)),
    isValid: crc === crc32(bytes.subarray(MAGIC_AT, end)),
  }
}

/** The records of a message, which are itself or those in it. */
export function legacyRecords(bytes: Uint8Array): LegacyRecord[] {
  const wrapper = legacyHeader(bytes)
  const codec = codecOf(wrapper.attributes & COMPRESSION_MASK)
  const record = recordOf(bytes)
  if (codec === 'none') return [record]
  if (codec === 'zstd') {
    throw new CliError(
      `Invalid wrapper compressionType found in legacy deep record iterator ${wrapper.magic}`,
    )
  }
  if (record.value === null) {
    throw new CliError(
      `Found invalid compressed record set with null value (magic = ${wrapper.magic})`,
    )
  }
  const packed = codec === 'lz4' && wrapper.magic === 0 ? mended(record.value) : record.value
  const content = decompress(codec, packed, MAX_DECOMPRESSED_BYTES)
  if (content instanceof CompressionFailure) throw new CliError(content.message)
  return absolute(wrapper, innerRecords(content, wrapper))
}

/**
 * The frame with the checksum that its header should have: what wrote magic 0 computed it over the
 * wrong bytes (KAFKA-3160).
 */
function mended(frame: Uint8Array): Uint8Array {
  const at = (frame[4]! & LZ4_CONTENT_SIZE_FLAG) === 0 ? 6 : 14
  if (frame.length <= at) return frame
  const copy = Uint8Array.from(frame)
  copy[at] = xxhash32(copy, 4, at) >>> 8
  return copy
}

function innerRecords(content: Uint8Array, wrapper: LegacyHeader): LegacyRecord[] {
  const isAppendTime = legacyTimestampType(wrapper) === 'LogAppendTime'
  const view = viewOf(content)
  const records: LegacyRecord[] = []
  let at = 0
  while (content.length - at >= LOG_OVERHEAD) {
    const length = view.getInt32(at + LOG_OVERHEAD - 4)
    if (length < MIN_LENGTH) {
      throw new CliError(`Record size is less than the minimum record overhead (${MIN_LENGTH})`)
    }
    const end = at + LOG_OVERHEAD + length
    if (end > content.length) break
    const bytes = content.subarray(at, end)
    const header = legacyHeader(bytes)
    if ((header.attributes & COMPRESSION_MASK) !== 0) {
      throw new CliError('Inner messages must not be compressed')
    }
    const isStamped = isAppendTime && header.magic === 1
    const record = recordOf(bytes)
    records.push(isStamped ? { ...record, timestampMs: wrapper.timestampMs } : record)
    at = end
  }
  if (records.length > 0) return records
  throw new CliError('Found invalid compressed record set with no inner records')
}

function absolute(wrapper: LegacyHeader, records: readonly LegacyRecord[]): LegacyRecord[] {
  const last = records.at(-1)!.offset
  // A wrapper at offset 0 may hold what a producer numbered itself.
  if (wrapper.magic === 0 || wrapper.offset === 0) return [...records]
  if (wrapper.offset < last) {
    throw new CliError(
      'Found invalid wrapper offset in compressed v1 message set, wrapper offset ' +
        `'${wrapper.offset}' is less than the last inner message offset '${last}' ` +
        'and it is not zero.',
    )
  }
  const base = wrapper.offset - last
  return records.map((record) => ({ ...record, offset: base + record.offset }))
}

function recordOf(bytes: Uint8Array): LegacyRecord {
  const { offset, timestampMs, crc, isValid, magic } = legacyHeader(bytes)
  const view = viewOf(bytes)
  let at = TIMESTAMP_AT + (magic === 0 ? 0 : TIMESTAMP_BYTES)
  const field = () => {
    const length = at + 4 <= bytes.length ? view.getInt32(at) : bytes.length
    at += 4
    if (length < 0) return null
    at += length
    if (at <= bytes.length) return bytes.subarray(at - length, at)
    throw new CliError(`the message at offset ${offset} is shorter than its fields`)
  }
  const key = field()
  return { offset, timestampMs, key, value: field(), crc, isValid }
}

function viewOf(bytes: Uint8Array): DataView {
  return new DataView(bytes.buffer, bytes.byteOffset, bytes.length)
}
