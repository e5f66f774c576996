/**
 * The last bytes of a log, in memory: what was appended this turn and isn't written yet, and behind
 * it what was written lately, so that consumers at the tail never touch the disk.
 *
 * It holds one run of whole batches of the active segment, in chunks; a batch never spans two
 * chunks. Positions are bytes of the segment. Invariant: start <= written <= end, and bytes from
 * `written` on are never dropped.
 */
import { assert } from '../base/assert.ts'
import { baseOffset, batchSizeBytes, lastOffset } from '../records/batch.ts'

const FIRST_CHUNK_BYTES = 4 * 1024
const MAX_CHUNK_BYTES = 256 * 1024

class Chunk {
  readonly start: number
  readonly bytes: Uint8Array
  used = 0

  constructor(start: number, capacity: number) {
    this.start = start
    // Not zeroed: every byte is written before it can be read.
    this.bytes = new Uint8Array(Buffer.allocUnsafeSlow(capacity).buffer)
  }
}

export class HotTail {
  start = 0
  written = 0
  end = 0
  /** Bytes of memory held. */
  memoryBytes = 0
  #chunks: Chunk[] = []

  /** Copies whole batches to the end. */
  append(batches: Uint8Array): void {
    let chunk = this.#chunks.at(-1)
    if (chunk === undefined || chunk.used + batches.length > chunk.bytes.length) {
      const usual = chunk === undefined ? FIRST_CHUNK_BYTES : chunk.bytes.length * 2
      const capacity = Math.max(Math.min(usual, MAX_CHUNK_BYTES), batches.length)
      chunk = new Chunk(this.end, capacity)
      this.#chunks.push(chunk)
      this.memoryBytes += capacity
    }
    chunk.bytes.set(batches, chunk.used)
    chunk.used += batches.length
    this.end += batches.length
  }

  /** The bytes of [from, to), by reference. */
  pieces(from: number, to: number): Uint8Array[] {
    assert(from >= this.start && to <= this.end, 'hot tail: range not held')
    const pieces: Uint8Array[] = []
    for (let i = this.#chunkAt(from); i < this.#chunks.length; i++) {
      const chunk = this.#chunks[i]!
      if (chunk.start >= to) break
      const begin = Math.max(from - chunk.start, 0)
      pieces.push(chunk.bytes.subarray(begin, Math.min(to - chunk.start, chunk.used)))
    }
    return pieces
  }

  /**
   * The first batch from `position` on that ends at or above `offset`; `end` where there is none.
   */
  seek(position: number, offset: number): number {
    let found = position
    for (let i = this.#chunkAt(position); i < this.#chunks.length; i++) {
      const chunk = this.#chunks[i]!
      for (let at = found - chunk.start; at < chunk.used; ) {
        if (lastOffset(chunk.bytes, at) >= offset) return found
        const size = batchSizeBytes(chunk.bytes, at)
        at += size
        found += size
      }
    }
    return found
  }

  /** The last end of a batch at or below `limit`, going on from the batch boundary `position`. */
  boundary(position: number, limit: number): number {
    let end = position
    for (let i = this.#chunkAt(position); i < this.#chunks.length; i++) {
      const chunk = this.#chunks[i]!
      for (let at = end - chunk.start; at < chunk.used; ) {
        const size = batchSizeBytes(chunk.bytes, at)
        if (end + size > limit) return end
        at += size
        end += size
      }
    }
    return end
  }

  /** Size of the batch at `position`. */
  batchSizeAt(position: number): number {
    const chunk = this.#chunks[this.#chunkAt(position)]!
    return batchSizeBytes(chunk.bytes, position - chunk.start)
  }

  /** Base offset of the batch at `position`. */
  baseOffsetAt(position: number): number {
    const chunk = this.#chunks[this.#chunkAt(position)]!
    return baseOffset(chunk.bytes, position - chunk.start)
  }

  /** Drops written chunks from the old end until at most `limitBytes` are held, if it can. */
  shrinkTo(limitBytes: number): void {
    while (this.memoryBytes > limitBytes && this.#chunks.length > 0) {
      const oldest = this.#chunks[0]!
      const end = oldest.start + oldest.used
      if (end > this.written) return
      this.#chunks.shift()
      this.memoryBytes -= oldest.bytes.length
      this.start = end
    }
  }

  /** Forgets everything; the segment ends at `position`. */
  reset(position: number): void {
    this.#chunks = []
    this.memoryBytes = 0
    this.start = position
    this.written = position
    this.end = position
  }

  #chunkAt(position: number): number {
    let index = this.#chunks.length - 1
    while (index > 0 && this.#chunks[index]!.start > position) index--
    return index
  }
}
