/**
 * Writes the records of one batch (magic 2) one after another into memory of a given size, without
 * an object or an array for any part of them.
 *
 * Text is encoded in place. It is taken for ASCII first, which most of it is: that saves counting
 * its bytes (80 ns of the 170 that text of 100 characters takes); where it was wider, the record is
 * written again.
 *
 * Invariant: `append` either writes a whole record and returns true, or leaves `position` as it was
 * and returns false, which says that the record has no room before the end of the memory.
 */
import { assert } from '../base/assert.ts'
import { utf8Length } from '../base/bytes.ts'
import { putVarint, putVarlong, sizeOfVarint, sizeOfVarlong } from '../base/varint.ts'
import type { RecordHeader } from './record-scan.ts'

const NULL_LENGTH = -1
const MAX_UTF8_BYTES_PER_UNIT = 3
/** Length, attributes, both deltas, and the lengths of key and value, each at its longest. */
const MAX_PREFIX_BYTES = 5 + 1 + 10 + 5 + 5 + 5

/** Key, value or the value of a header; text is written as UTF-8. */
export type Content = Uint8Array | string | null

export class RecordWriter {
  #bytes: Buffer
  /** Where the next record starts. */
  position: number

  /** Writes to `memory` from `position` to its end. */
  constructor(memory: Buffer, position: number) {
    assert(position <= memory.length, 'writer behind the end of its memory')
    this.#bytes = memory
    this.position = position
  }

  get memory(): Buffer {
    return this.#bytes
  }

  /** Goes on in `memory`, which is larger; returns what was written to so far. */
  moveTo(memory: Buffer): Buffer {
    const before = this.#bytes
    memory.set(before.subarray(0, this.position))
    this.#bytes = memory
    return before
  }

  /** Adds a record; `timestampDelta` and `offsetDelta` count from those of the batch. */
  append(
    timestampDelta: number,
    offsetDelta: number,
    key: Content,
    value: Content,
    headers: readonly RecordHeader[],
  ): boolean {
    const rest = headers.length === 0 ? 1 : headersSize(headers)
    const keyLength = key === null ? NULL_LENGTH : key.length
    const valueLength = value === null ? NULL_LENGTH : value.length
    let start = this.#begin(timestampDelta, offsetDelta, keyLength, valueLength, rest)
    if (start < 0) return false
    let end = this.#content(start, key, keyLength)
    if (end >= 0) end = this.#content(end, value, valueLength)
    if (end < 0) {
      const keyBytes = lengthOf(key)
      const valueBytes = lengthOf(value)
      start = this.#begin(timestampDelta, offsetDelta, keyBytes, valueBytes, rest)
      if (start < 0) return false
      end = this.#content(this.#content(start, key, keyBytes), value, valueBytes)
    }
    this.position = this.#headers(end, headers)
    return true
  }

  /** Adds a record whose part from its key on is `from[start, end)`. */
  appendBody(
    timestampDelta: number,
    offsetDelta: number,
    from: Uint8Array,
    start: number,
    end: number,
  ): boolean {
    const at = this.#prefix(timestampDelta, offsetDelta, end - start)
    if (at < 0) return false
    this.#bytes.set(from.subarray(start, end), at)
    this.position = at + end - start
    return true
  }

  #begin(
    timestampDelta: number,
    offsetDelta: number,
    keyLength: number,
    valueLength: number,
    headersBytes: number,
  ): number {
    const body =
      sizeOfVarint(keyLength) +
      (keyLength > 0 ? keyLength : 0) +
      sizeOfVarint(valueLength) +
      (valueLength > 0 ? valueLength : 0) +
      headersBytes
    return this.#prefix(timestampDelta, offsetDelta, body)
  }

  /** Writes what comes before the key; returns where that goes, or -1 where there is no room. */
  #prefix(timestampDelta: number, offsetDelta: number, bodyBytes: number): number {
    const size = 1 + sizeOfVarlong(timestampDelta) + sizeOfVarint(offsetDelta) + bodyBytes
    const bytes = this.#bytes
    if (this.position + sizeOfVarint(size) + size > bytes.length) return -1
    let at = putVarint(bytes, this.position, size)
    bytes[at++] = 0 // attributes: no bit is in use
    at = putVarlong(bytes, at, timestampDelta)
    return putVarint(bytes, at, offsetDelta)
  }

  /** Writes a length and what it counts; -1 where that does not have `length` bytes. */
  #content(start: number, content: Content, length: number): number {
    const bytes = this.#bytes
    const at = putVarint(bytes, start, length)
    if (content === null || length === 0) return at
    if (typeof content !== 'string') {
      bytes.set(content, at)
      return at + length
    }
    const room = bytes.length - at
    const isAscii = length === content.length
    if (bytes.write(content, at, room, 'utf8') !== length) return -1
    // Wide text that the end of the memory cut short may have come to just as many bytes.
    if (isAscii && room < MAX_UTF8_BYTES_PER_UNIT * length && utf8Length(content) !== length) {
      return -1
    }
    return at + length
  }

  #headers(start: number, headers: readonly RecordHeader[]): number {
    const bytes = this.#bytes
    let at = putVarint(bytes, start, headers.length)
    for (const [name, value] of headers) {
      at = this.#content(at, name, utf8Length(name))
      at = this.#content(at, value, value === null ? NULL_LENGTH : value.length)
    }
    return at
  }
}

function lengthOf(content: Content): number {
  if (content === null) return NULL_LENGTH
  return typeof content === 'string' ? utf8Length(content) : content.length
}

/** Bytes of the headers with their number. */
function headersSize(headers: readonly RecordHeader[]): number {
  let size = sizeOfVarint(headers.length)
  for (const [name, value] of headers) {
    const nameBytes = utf8Length(name)
    const valueBytes = value === null ? NULL_LENGTH : value.length
    size += sizeOfVarint(nameBytes) + nameBytes
    size += sizeOfVarint(valueBytes) + Math.max(0, valueBytes)
  }
  return size
}

/** Most bytes that a record takes, so much memory that `append` has room in any case. */
export function maxRecordBytes(
  key: Content,
  value: Content,
  headers: readonly RecordHeader[],
): number {
  return MAX_PREFIX_BYTES + widest(key) + widest(value) + headersSize(headers)
}

function widest(content: Content): number {
  if (content === null) return 0
  return typeof content === 'string' ? MAX_UTF8_BYTES_PER_UNIT * content.length : content.length
}
