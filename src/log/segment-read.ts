/**
 * Finds in one segment's file the batches that a fetch asks for: a small machine that says which
 * range it wants next and takes the bytes, so that the same code serves a read on this thread (data
 * that is surely in the page cache) and one off it.
 *
 * The answer is whole batches: from the first that ends at or above `offset` to the last that fits
 * into `maxBytes` and lies below `upperOffset`; and, for a Fetch, the beginning of the next, up to
 * exactly `maxBytes`. Of what a Fetch finds only the beginning is read, where all that follows may
 * be shown: the rest is left in the file for whoever sends it (`restBytes`).
 */

import type { BufferPool } from '../base/buffer-pool.ts'
import {
  BATCH_OVERHEAD,
  baseOffset,
  batchSizeBytes,
  lastOffset,
  MAGIC_V2,
  magic,
} from '../records/batch.ts'
import type { OffsetIndex } from './offset-index.ts'

const NO_BYTES = new Uint8Array(0)

/** What is read in vain before the first batch of an answer, at most. */
const LEAD_BYTES_MAX = 64 * 1024

export interface SegmentReadRequest {
  readonly segmentBaseOffset: number
  readonly index: OffsetIndex
  readonly indexIntervalBytes: number
  readonly buffers: BufferPool
  readonly offset: number
  readonly maxBytes: number
  readonly minOneMessage: boolean
  readonly asFetch: boolean
  /** What is read of an answer of which the rest may be left in the file. */
  readonly headBytes: number
  /** The file is read up to here, where that offset is next. */
  readonly endPosition: number
  readonly endOffset: number
  /** Batches that hold this offset or a later one are not returned; Infinity where all may be. */
  readonly upperOffset: number
}

/** What is wrong where the index leads to no batch; the index is made anew, and the read again. */
export const BAD_INDEX = 'the index leads to no batch'

/**
 * Whether a batch begins there that may be the one, or before the one, that holds `offset`: what an
 * index of that segment must lead to.
 */
export function isBatchFor(
  bytes: Uint8Array,
  at: number,
  segmentBaseOffset: number,
  offset: number,
): boolean {
  if (bytes.length - at < BATCH_OVERHEAD || magic(bytes, at) !== MAGIC_V2) return false
  if (!hasSafeOffset(bytes, at) || batchSizeBytes(bytes, at) < BATCH_OVERHEAD) return false
  const base = baseOffset(bytes, at)
  return base >= segmentBaseOffset && base <= offset
}

/** An offset beyond 2^53 can't be read, and is none. */
function hasSafeOffset(bytes: Uint8Array, at: number): boolean {
  return bytes[at] === 0 && bytes[at + 1]! <= 0x1f
}

export class SegmentRead {
  /** The range wanted next: `buffer.length` bytes from `position` on. */
  position: number
  buffer: Uint8Array
  /** The batches found; empty where there are none in this segment. */
  piece: Uint8Array = NO_BYTES
  /** What belongs to the answer and was left in the file, behind `piece`. */
  restPosition = 0
  restBytes = 0
  /** The offset after those that are whole, or a later one where some were left in the file. */
  nextOffset = -1
  /** True where at least one batch was found, even if it was too large to be returned. */
  found = false
  /** What is wrong with the segment, or ''. */
  problem = ''
  readonly #request: SegmentReadRequest
  #start = -1
  /** What was read last is where the index led. */
  #isFirst = true

  constructor(request: SegmentReadRequest) {
    this.#request = request
    this.position = request.index.lookup(request.offset - request.segmentBaseOffset)
    const { maxBytes } = request
    const readBytes = this.#leavesRest ? Math.min(maxBytes, request.headBytes) : maxBytes
    this.buffer = this.#allocate(readBytes + this.#leadBytes() + BATCH_OVERHEAD)
  }

  /** How far after that position the first batch may begin, where that is not too far. */
  #leadBytes(): number {
    const { index, indexIntervalBytes } = this.#request
    const next = index.nextPosition(this.position)
    return next < 0 ? indexIntervalBytes : Math.min(next - this.position, LEAD_BYTES_MAX)
  }

  get #leavesRest(): boolean {
    return this.#request.asFetch && this.#request.upperOffset === Infinity
  }

  get finished(): boolean {
    return this.buffer.length === 0
  }

  /** Takes the `length` bytes that were read. */
  accept(length: number): void {
    if (length < this.buffer.length) this.#fail('the file is shorter than its segment')
    else if (this.#start >= 0 || this.#findStart()) this.#take()
  }

  /** Looks for the first batch in the buffer; false where it needs more bytes or there is none. */
  #findStart(): boolean {
    const { buffer } = this
    let at = 0
    const { offset, segmentBaseOffset } = this.#request
    if (this.#isFirst && this.position > 0 && buffer.length >= BATCH_OVERHEAD) {
      if (!isBatchFor(buffer, 0, segmentBaseOffset, offset)) {
        this.#fail(BAD_INDEX)
        return false
      }
    }
    this.#isFirst = false
    while (at + BATCH_OVERHEAD <= buffer.length) {
      if (!hasSafeOffset(buffer, at)) {
        this.#fail(`a base offset beyond 2^53 at byte ${this.position + at}`)
        return false
      }
      if (lastOffset(buffer, at) >= this.#request.offset) {
        this.#start = this.position + at
        this.found = true
        return true
      }
      const size = batchSizeBytes(buffer, at)
      if (size < BATCH_OVERHEAD) {
        this.#fail(`a batch of ${size} bytes at byte ${this.position + at}`)
        return false
      }
      at += size
    }
    if (at === 0 && this.position < this.#request.endPosition) {
      this.#fail(`no batch at byte ${this.position}`)
      return false
    }
    this.#readOn(this.position + at, this.buffer.length)
    return false
  }

  #take(): void {
    const { maxBytes, minOneMessage, asFetch, endPosition, upperOffset } = this.#request
    const at = this.#start - this.position
    const firstSize = batchSizeBytes(this.buffer, at)
    if (firstSize < BATCH_OVERHEAD || this.#start + firstSize > endPosition) {
      this.#fail(`a batch of ${firstSize} bytes at byte ${this.#start}`)
      return
    }
    if (magic(this.buffer, at) !== MAGIC_V2) {
      this.#fail(`magic ${magic(this.buffer, at)} at byte ${this.#start}`)
      return
    }
    const blocked = lastOffset(this.buffer, at) >= upperOffset
    if (blocked || (firstSize > maxBytes && !minOneMessage)) {
      this.#finish()
      return
    }
    const readEnd = this.position + this.buffer.length
    const wanted = Math.max(maxBytes, firstSize)
    const wantedEnd = Math.min(endPosition, this.#start + wanted)
    if (this.#leavesRest && wantedEnd > readEnd) {
      this.#takeHead(at, wantedEnd)
      return
    }
    if (this.#start + firstSize > readEnd) {
      this.#readOn(this.#start, asFetch ? wanted + BATCH_OVERHEAD : wanted)
      return
    }
    const isShort = readEnd < Math.min(endPosition, wantedEnd + BATCH_OVERHEAD)
    if (asFetch && !this.#leavesRest && maxBytes > firstSize && isShort && at > 0) {
      this.#readOn(this.#start, wanted + BATCH_OVERHEAD)
      return
    }
    // Rather a little less than asked for than the same bytes read twice.
    const limit = Math.min(wantedEnd, readEnd)
    const end = this.#boundary(this.#start + firstSize, limit)
    const isCut = this.#leavesRest || (asFetch && this.#mayBeCut(end))
    this.piece = this.buffer.subarray(at, (isCut ? limit : end) - this.position)
    this.nextOffset = this.#nextOffset(end)
    this.#finish()
  }

  /** Takes what was read, and leaves what follows, up to `end`, where it is. */
  #takeHead(at: number, end: number): void {
    const { index, segmentBaseOffset, endPosition, endOffset } = this.#request
    this.piece = this.buffer.subarray(at)
    this.restPosition = this.position + this.buffer.length
    this.restBytes = end - this.restPosition
    const next = end === endPosition ? -1 : index.offsetFrom(end)
    this.nextOffset = next < 0 ? endOffset : segmentBaseOffset + next + 1
    this.#finish()
  }

  /** Whether the batch after the last that is returned may be returned in part. */
  #mayBeCut(end: number): boolean {
    const at = end - this.position
    const { segmentBaseOffset, upperOffset } = this.#request
    // What is no batch is left to the read that begins there, which says so.
    if (!isBatchFor(this.buffer, at, segmentBaseOffset, Infinity)) return false
    return lastOffset(this.buffer, at) < upperOffset
  }

  /** The last end of a batch up to `limit`, from the batch boundary `from` on. */
  #boundary(from: number, limit: number): number {
    const { index, upperOffset, segmentBaseOffset } = this.#request
    let end = Math.max(from, index.floorPosition(limit - BATCH_OVERHEAD))
    if (upperOffset !== Infinity) {
      end = Math.max(from, Math.min(end, index.lookup(upperOffset - segmentBaseOffset)))
    }
    // Where the index leads to no batch, the batches say it.
    const at = end - this.position
    if (end > from && !isBatchFor(this.buffer, at, segmentBaseOffset, Infinity)) end = from
    for (;;) {
      const at = end - this.position
      if (end + BATCH_OVERHEAD > limit || !hasSafeOffset(this.buffer, at)) return end
      const size = batchSizeBytes(this.buffer, at)
      const isWhole = size >= BATCH_OVERHEAD && end + size <= limit
      if (!isWhole || lastOffset(this.buffer, at) >= upperOffset) return end
      end += size
    }
  }

  #nextOffset(end: number): number {
    const { buffer, position } = this
    const isRead = end < this.#request.endPosition && end - position + 8 <= buffer.length
    if (isRead && hasSafeOffset(buffer, end - position)) {
      return baseOffset(buffer, end - position)
    }
    let next = -1
    for (let at = this.#start - position; at < end - position; ) {
      const size = batchSizeBytes(buffer, at)
      // The index may have led past bytes that are no batch; a reader of them comes to see that.
      if (size < BATCH_OVERHEAD || !hasSafeOffset(buffer, at)) break
      next = lastOffset(buffer, at) + 1
      at += size
    }
    return next
  }

  /** Lets go of what was read and wants other bytes. */
  #readOn(position: number, wanted: number): void {
    const { buffer } = this
    this.position = position
    this.#request.buffers.give(buffer)
    this.buffer = this.#allocate(wanted)
  }

  #allocate(wanted: number): Uint8Array {
    const length = Math.min(wanted, this.#request.endPosition - this.position)
    return length <= 0 ? NO_BYTES : this.#request.buffers.take(length)
  }

  #fail(problem: string): void {
    this.problem = problem
    this.#finish()
  }

  #finish(): void {
    this.buffer = NO_BYTES
  }
}
