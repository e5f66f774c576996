/**
 * The last bytes of a log, in memory: what was appended this turn and isn't written yet, and behind
 * it what was written lately, so that consumers at the tail never touch the disk.
 *
 * It holds one run of whole batches of the active segment, in chunks; a batch never spans two
 * chunks. Positions are bytes of the segment. Invariant: start <= written <= end, and bytes from
 * `written` on are never dropped. A chunk that no reader has seen is used again, since memory
 * outside of V8's heap is what makes it collect garbage (docs/decisions/0005-performance.md).
 */
import { assert } from '../base/assert.ts'
import { baseOffset, batchSizeBytes, lastOffset } from '../records/batch.ts'

const FIRST_CHUNK_BYTES = 4 * 1024
const MAX_CHUNK_BYTES = 256 * 1024

class Chunk {
  start: number
  readonly bytes: Uint8Array
  used = 0
  /** A reader has a reference to the bytes, and may keep it for as long as its answer takes. */
  isLent = false

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
  /** The last chunk that was dropped, for the next that is needed. */
  #spare: Chunk | null = null

  /** Copies whole batches to the end. */
  append(batches: Uint8Array): void {
    let chunk = this.#chunks.at(-1)
    if (chunk === undefined || chunk.used + batches.length > chunk.bytes.length) {
      const usual = chunk === undefined ? FIRST_CHUNK_BYTES : chunk.bytes.length * 2
      const capacity = Math.max(Math.min(usual, MAX_CHUNK_BYTES), batches.length)
      chunk = this.#chunkOf(capacity)
      this.#chunks.push(chunk)
      this.memoryBytes += chunk.bytes.length
    }
    chunk.bytes.set(batches, chunk.used)
    chunk.used += batches.length
    this.end += batches.length
  }

  #chunkOf(capacity: number): Chunk {
    const spare = this.#spare
    if (spare === null || spare.bytes.length < capacity) return new Chunk(this.end, capacity)
    this.#spare = null
    spare.start = this.end
    spare.used = 0
    return spare
  }

  /** What is not written yet, by reference: for a call that does not keep it. */
  unwritten(): Uint8Array[] {
    return this.#pieces(this.written, this.end, false)
  }

  /** The bytes of [from, to), by reference. */
  pieces(from: number, to: number): Uint8Array[] {
    return this.#pieces(from, to, true)
  }

  #pieces(from: number, to: number, isLent: boolean): Uint8Array[] {
    assert(from >= this.start && to <= this.end, 'hot tail: range not held')
    const pieces: Uint8Array[] = []
    for (let i = this.#chunkAt(from); i < this.#chunks.length; i++) {
      const chunk = this.#chunks[i]!
      if (chunk.start >= to) break
      if (isLent) chunk.isLent = true
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
    if (limitBytes === 0) this.#spare = null
    while (this.memoryBytes > limitBytes && this.#chunks.length > 0) {
      const oldest = this.#chunks[0]!
      const end = oldest.start + oldest.used
      if (end > this.written) return
      this.#chunks.shift()
      this.memoryBytes -= oldest.bytes.length
      this.start = end
      if (limitBytes > 0 && !oldest.isLent && oldest.bytes.length <= MAX_CHUNK_BYTES) {
        this.#spare = oldest
      }
    }
  }

  /** Forgets everything; the segment ends at `position`. */
  reset(position: number): void {
    this.#chunks = []
    this.#spare = null
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
