/**
 * The last bytes of a log, in memory: what was appended this turn and isn't written yet, and, where
 * someone follows the log, behind it what was written lately, so that consumers at the tail never
 * touch the disk. Of a log that nobody follows nothing is copied: what was appended is referred to
 * until it is written (docs/decisions/0005-performance.md).
 *
 * It holds one run of whole batches of the active segment, in chunks; a batch never spans two
 * chunks. Positions are bytes of the segment. Invariants: start <= written <= end; bytes from
 * `written` on are never dropped; nothing of others is referred to behind it, nor handed out. A
 * chunk that no reader has seen is used again, since memory outside of V8's heap is what makes it
 * collect garbage.
 */
import { assert } from '../base/assert.ts'
import { baseOffset, batchSizeBytes, lastOffset } from '../records/batch.ts'

const FIRST_CHUNK_BYTES = 4 * 1024
const MAX_CHUNK_BYTES = 256 * 1024
/** Bytes that may come before a reader has some of them: after that nobody follows the log. */
const UNREAD_BYTES_MAX = 2 * 1024 * 1024

class Chunk {
  start: number
  readonly bytes: Uint8Array
  used = 0
  /** The bytes are those of whoever appended them. */
  readonly isBorrowed: boolean
  /** A reader has a reference to the bytes, and may keep it for as long as its answer takes. */
  isLent = false

  constructor(start: number, bytes: Uint8Array, isBorrowed: boolean) {
    this.start = start
    this.bytes = bytes
    this.isBorrowed = isBorrowed
  }

  /** Not zeroed: every byte is written before it can be read. */
  static owned(start: number, capacity: number): Chunk {
    return new Chunk(start, new Uint8Array(Buffer.allocUnsafeSlow(capacity).buffer), false)
  }
}

export class HotTail {
  start = 0
  written = 0
  end = 0
  /** Bytes of memory held, without what is only referred to. */
  memoryBytes = 0
  #chunks: Chunk[] = []
  /** Bytes that have come since someone has read from here. */
  #unreadBytes = Infinity
  /** The last chunk that was dropped, for the next that is needed. */
  #spare: Chunk | null = null

  /** Adds whole batches to the end, which stay as they are until they are written. */
  append(batches: Uint8Array): void {
    this.#unreadBytes += batches.length
    if (this.#unreadBytes <= UNREAD_BYTES_MAX) {
      this.#copy(batches)
    } else {
      const chunk = new Chunk(this.end, batches, true)
      chunk.used = batches.length
      this.#chunks.push(chunk)
    }
    this.end += batches.length
  }

  /** Someone has read all there is, and will ask for what comes: it is kept from here on. */
  follow(): void {
    this.#unreadBytes = 0
  }

  #copy(batches: Uint8Array): void {
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
  }

  #chunkOf(capacity: number): Chunk {
    const spare = this.#spare
    if (spare === null || spare.bytes.length < capacity) return Chunk.owned(this.end, capacity)
    this.#spare = null
    spare.start = this.end
    spare.used = 0
    return spare
  }

  /** What is not written yet, by reference: for a call that does not keep it. */
  unwritten(): Uint8Array[] {
    return this.#pieces(this.written, this.end, false)
  }

  /** All is written: of the written at most `limitBytes` are kept, if that can be. */
  wrote(limitBytes: number): void {
    this.written = this.end
    const lastBorrowed = this.#chunks.findLastIndex(({ isBorrowed }) => isBorrowed)
    if (lastBorrowed >= 0) {
      for (const { isBorrowed, bytes } of this.#chunks.splice(0, lastBorrowed + 1)) {
        if (!isBorrowed) this.memoryBytes -= bytes.length
      }
      this.#spare = null
      this.start = this.#chunks[0]?.start ?? this.end
    }
    this.shrinkTo(limitBytes)
  }

  /** The bytes of [from, to), by reference. */
  pieces(from: number, to: number): Uint8Array[] {
    this.#unreadBytes = 0
    this.#own()
    return this.#pieces(from, to, true)
  }

  /** Copies what is only referred to: a reader may have it for longer. */
  #own(): void {
    this.#chunks.forEach((chunk, at) => {
      if (!chunk.isBorrowed) return
      const own = Chunk.owned(chunk.start, chunk.used)
      own.bytes.set(chunk.bytes)
      own.used = chunk.used
      this.memoryBytes += own.used
      this.#chunks[at] = own
    })
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
    let index = Math.max(0, this.#chunks.length - 1)
    while (index > 0 && this.#chunks[index]!.start > position) index--
    return index
  }
}
