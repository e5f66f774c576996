/**
 * Walks the records of one batch with a single cursor and no object per record: the cursor's fields
 * say where the current record's key, value and headers lie. Compressed batches are decompressed
 * first, within a limit.
 *
 * Invariant: `next` never reads outside of the batch and never throws. It returns false at the end
 * and at the first thing that is wrong, which `problem` then names; a batch is only known to be
 * whole when `next` has returned false and `problem` is empty. What is checked is what Kafka's
 * reader checks: the declared sizes, counts and varints agree with each other and with the bytes.
 *
 * Record: length varint, attributes i8, timestampDelta varlong, offsetDelta varint, key and value
 * (varint length, negative for null), header count varint, headers (key, value).
 */
import { assert } from '../base/assert.ts'
import { BoundsError, utf8Text } from '../base/bytes.ts'
import { varintAt, varintEnd, varlongAt, varlongEnd } from '../base/varint.ts'
import * as batch from './batch.ts'
import { BATCH_OVERHEAD, NO_TIMESTAMP } from './batch.ts'
import { CompressionFailure, decompress } from './compression/compression.ts'

/** The most bytes that a batch may decompress to; well above any batch that a producer makes. */
export const MAX_DECOMPRESSED_BYTES = 128 * 1024 * 1024

/** Longer ones may carry what a number can't. */
const MAX_EXACT_VARLONG_BYTES = 7

/** A header: its name and its value. */
export type RecordHeader = readonly [name: string, value: Uint8Array | null]

const NO_BYTES = new Uint8Array(0)

/**
 * The current record of a batch. Fields other than `problem` mean nothing before the first `next`.
 */
export class RecordCursor {
  /** Where keys and values are: the batch itself, or its decompressed records. */
  bytes: Uint8Array = NO_BYTES
  offset = 0
  offsetDelta = 0
  /** Rounded beyond 2^53, see batch.ts. */
  timestampMs = NO_TIMESTAMP
  /** The first byte of the record, its length. */
  recordStart = 0
  /** After timestamp and offset; from here to `recordEnd` nothing depends on the batch. */
  bodyStart = 0
  recordEnd = 0
  keyStart = 0
  /** -1 for null. */
  keyLength = -1
  valueStart = 0
  /** -1 for null. */
  valueLength = -1
  headerCount = 0
  headersStart = 0
  /** What is wrong with the batch; empty while nothing is. */
  problem = ''
  /** What decompressing failed with, if that is the problem. */
  failure: CompressionFailure | null = null
  #count = 0
  #remaining = 0
  #start = 0
  #position = 0
  #end = 0
  #baseOffset = 0
  #baseTimestampMs = 0
  /** Under LogAppendTime all records have the batch's maximum timestamp. */
  #appendTimeMs = NO_TIMESTAMP
  #isAppendTime = false

  constructor(bytes?: Uint8Array, at = 0, maxDecompressedBytes: number = MAX_DECOMPRESSED_BYTES) {
    if (bytes !== undefined) this.open(bytes, at, maxDecompressedBytes)
  }

  /** Goes to before the first record of the batch at `at`; the batch must be whole (nextBatch). */
  open(b: Uint8Array, at = 0, maxDecompressedBytes: number = MAX_DECOMPRESSED_BYTES): this {
    this.problem = ''
    this.failure = null
    this.#remaining = 0
    try {
      this.#readHeader(b, at)
      const end = at + batch.batchSizeBytes(b, at)
      if (batch.isCompressed(b, at) && this.#remaining > 0) {
        this.#inflate(b, at, end, maxDecompressedBytes)
      } else {
        this.bytes = b
        this.#start = at + BATCH_OVERHEAD
        this.#end = end
      }
    } catch (error) {
      this.#fail(boundsMessage(error))
    }
    this.#position = this.#start
    return this
  }

  /** Bytes of all records, decompressed. */
  get recordBytes(): number {
    return this.#end - this.#start
  }

  /** Goes back to before the first record; only for a batch that had no problem. */
  rewind(): void {
    assert(this.problem === '', 'a damaged batch is not scanned again')
    this.#position = this.#start
    this.#remaining = this.#count
  }

  #readHeader(b: Uint8Array, at: number): void {
    this.#baseOffset = batch.baseOffset(b, at)
    this.#baseTimestampMs = batch.baseTimestampMs(b, at)
    this.#isAppendTime = batch.timestampTypeOf(b, at) === 'LogAppendTime'
    this.#appendTimeMs = this.#isAppendTime ? batch.maxTimestampMs(b, at) : NO_TIMESTAMP
    const count = batch.recordCount(b, at)
    this.#count = count
    this.#remaining = count
    if (count < 0) this.#fail(`invalid record count ${count}`)
  }

  #inflate(b: Uint8Array, at: number, end: number, maxBytes: number): void {
    const type = batch.compressionOf(b, at)
    if (type === null) {
      this.#fail(`unknown compression type ${batch.attributes(b, at) & batch.COMPRESSION_MASK}`)
      return
    }
    const records = decompress(type, b.subarray(at + BATCH_OVERHEAD, end), maxBytes)
    if (records instanceof CompressionFailure) {
      this.failure = records
      this.#fail(records.message)
      return
    }
    this.bytes = records
    this.#start = 0
    this.#end = records.length
  }

  /** Moves to the next record. False at the end, or where `problem` says so. */
  next(): boolean {
    if (this.#remaining === 0) return false
    try {
      this.#readRecord()
    } catch (error) {
      return this.#fail(boundsMessage(error))
    }
    if (this.problem !== '') return false
    if (--this.#remaining === 0 && this.#position !== this.#end) {
      return this.#fail('bytes remain after the last record of the batch')
    }
    return true
  }

  #fail(problem: string): false {
    this.problem = problem
    this.#remaining = 0
    return false
  }

  #readRecord(): void {
    const start = this.#position
    const size = this.#varint(this.#end)
    const end = this.#position + size
    if (size < 0 || end > this.#end) {
      this.#fail(`record of ${size} bytes where ${this.#end - this.#position} are left`)
      return
    }
    this.recordStart = start
    this.recordEnd = end
    this.#position += 1 // its attributes: no bit is in use
    const delta = this.#varlong(end)
    this.timestampMs = this.#isAppendTime ? this.#appendTimeMs : this.#baseTimestampMs + delta
    this.offsetDelta = this.#varint(end)
    this.offset = this.#baseOffset + this.offsetDelta
    this.bodyStart = this.#position
    this.keyLength = this.#field(end)
    this.keyStart = this.#position
    if (this.keyLength > 0) this.#position += this.keyLength
    this.valueLength = this.#field(end)
    this.valueStart = this.#position
    if (this.valueLength > 0) this.#position += this.valueLength
    this.headerCount = this.#varint(end)
    this.headersStart = this.#position
    if (this.headerCount !== 0) this.#skipHeaders(end)
    if (this.#position !== end) {
      this.#fail(`record of ${size} bytes whose fields take ${size + this.#position - end}`)
    }
  }

  #skipHeaders(end: number): void {
    // A header takes 2 bytes at least, which bounds the loop by the bytes that are there.
    if (this.headerCount < 0 || this.headerCount > end - this.#position) {
      this.#fail(`invalid number of record headers ${this.headerCount}`)
      this.#position = end
      return
    }
    for (let i = 0; i < this.headerCount; i++) {
      const nameLength = this.#field(end)
      if (nameLength < 0) {
        this.#fail('a record header without a name')
        this.#position = end
        return
      }
      this.#position += nameLength
      const valueLength = this.#field(end)
      if (valueLength > 0) this.#position += valueLength
    }
  }

  /** The length of a field, which must lie before `end`. */
  #field(end: number): number {
    const length = this.#varint(end)
    if (length > end - this.#position) {
      throw new BoundsError(`field of ${length} bytes where ${end - this.#position} are left`)
    }
    return length
  }

  /** Reads a varint that ends before `end`. */
  #varint(end: number): number {
    const at = this.#position
    if (at < end) {
      const raw = this.#shortVarint(at, end)
      if (raw >= 0) return (raw >>> 1) ^ -(raw & 1)
    }
    const value = varintAt(this.bytes, at, end)
    this.#position = varintEnd(this.bytes, at, end)
    return value
  }

  /** Reads a varlong that ends before `end`, rounded beyond 2^53. */
  #varlong(end: number): number {
    const at = this.#position
    if (at < end) {
      const raw = this.#shortVarint(at, end)
      if (raw >= 0) return (raw >>> 1) ^ -(raw & 1)
    }
    const next = varlongEnd(this.bytes, at, end)
    this.#position = next
    if (next - at <= MAX_EXACT_VARLONG_BYTES) return varlongAt(this.bytes, at, end)
    let raw = 0n
    for (let i = next - 1; i >= at; i--) raw = (raw << 7n) | BigInt(this.bytes[i]! & 0x7f)
    return Number(BigInt.asIntN(64, (raw >> 1n) ^ -(raw & 1n)))
  }

  /** Most varints have one or two bytes: reads such a one, or returns -1 and reads nothing. */
  #shortVarint(at: number, end: number): number {
    const { bytes } = this
    const low = bytes[at]!
    if (low < 0x80) {
      this.#position = at + 1
      return low
    }
    if (at + 1 >= end) return -1
    const high = bytes[at + 1]!
    if (high >= 0x80) return -1
    this.#position = at + 2
    return (low & 0x7f) | (high << 7)
  }

  /** The key, not copied. */
  key(): Uint8Array | null {
    return this.#view(this.keyStart, this.keyLength)
  }

  /** The value, not copied. */
  value(): Uint8Array | null {
    return this.#view(this.valueStart, this.valueLength)
  }

  /** The headers, values not copied. */
  headers(): RecordHeader[] {
    const headers: RecordHeader[] = []
    const { bytes, recordEnd } = this
    let at = this.headersStart
    for (let i = 0; i < this.headerCount; i++) {
      const nameLength = varintAt(bytes, at, recordEnd)
      const nameStart = varintEnd(bytes, at, recordEnd)
      const lengthAt = nameStart + nameLength
      const valueLength = varintAt(bytes, lengthAt, recordEnd)
      const valueStart = varintEnd(bytes, lengthAt, recordEnd)
      headers.push([utf8Text(bytes, nameStart, lengthAt), this.#view(valueStart, valueLength)])
      at = valueStart + Math.max(0, valueLength)
    }
    return headers
  }

  #view(start: number, length: number): Uint8Array | null {
    if (length < 0) return null
    return new Uint8Array(this.bytes.buffer, this.bytes.byteOffset + start, length)
  }
}

/** The message of a BoundsError; anything else is not about the bytes and goes on. */
function boundsMessage(error: unknown): string {
  if (error instanceof BoundsError) return error.message
  throw error
}
