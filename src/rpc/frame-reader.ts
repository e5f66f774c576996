/**
 * Cuts the bytes of a connection into frames: an int32 length, then as many bytes.
 *
 * With a FrameMemory every frame is copied into it, and chunks are only lent; but a large frame can
 * be read to where it belongs (`nextInput`). Without one, a frame that lies whole within one chunk
 * is a view of it, and only one that chunks cut through is copied. Memory grows with what has come:
 * a peer that announces a large frame and sends nothing costs nothing to speak of.
 */
import type { FrameMemory } from './frame-memory.ts'

/** Bytes of the length before each frame. */
export const FRAME_HEADER_BYTES = 4
/** A frame up to this size gets its memory at once. */
const EAGER_FRAME_BYTES_MAX = 128 * 1024
const GROWTH = 4
/** A frame from this size on is worth a read of its own. */
const DIRECT_FRAME_BYTES = 64 * 1024
/** What is read before it, or with the one before: the length, and little of the frame. */
const HEAD_BYTES = 64

export class FrameReader {
  readonly #maxFrameBytes: number
  readonly #memory: FrameMemory | null
  /** The length of a frame as far as it has come, while it is cut in two. */
  #header = 0
  #headerBytes = 0
  /**
   * The frame that is being gathered: `#gathered` of its `#frameBytes` are in `#partial`. Behind a
   * large one there is room for the head of the next, so that one read brings both.
   */
  #partial: Uint8Array | null = null
  #frameBytes = 0
  #gathered = 0
  /** The frame that came last, or comes now, is a large one: so is the next, likely. */
  #isDirect = false
  #head: Uint8Array | null = null
  /** Why nothing more can be read: what follows a bad length can't be told apart. */
  #error: string | null = null

  constructor(maxFrameBytes: number, memory: FrameMemory | null = null) {
    this.#maxFrameBytes = maxFrameBytes
    this.#memory = memory
  }

  /**
   * Takes a chunk and hands over the frames that it completes; they may be views of it. Returns why
   * the connection has to end, or null.
   */
  push(chunk: Uint8Array, onFrame: (frame: Uint8Array) => void): string | null {
    let at = 0
    while (at < chunk.length && this.#error === null) {
      if (this.#partial !== null) {
        at = this.#gather(chunk, at, onFrame)
      } else if (this.#headerBytes === 0 && chunk.length - at >= FRAME_HEADER_BYTES) {
        const length =
          (chunk[at]! << 24) | (chunk[at + 1]! << 16) | (chunk[at + 2]! << 8) | chunk[at + 3]!
        at = this.#begin(chunk, at + FRAME_HEADER_BYTES, length, onFrame)
      } else {
        this.#header = (this.#header << 8) | chunk[at++]!
        if (++this.#headerBytes < FRAME_HEADER_BYTES) continue
        this.#headerBytes = 0
        at = this.#begin(chunk, at, this.#header, onFrame)
      }
    }
    return this.#error
  }

  /**
   * Memory to read into next, for the next `push`: the rest of a large frame with the head of what
   * follows, or that head alone. Null where there is no such.
   */
  nextInput(): Uint8Array | null {
    if (!this.#isDirect || this.#memory === null || this.#error !== null) return null
    if (this.#partial !== null) return this.#room(this.#gathered + 1).subarray(this.#gathered)
    if (this.#headerBytes > 0) return null
    this.#head ??= new Uint8Array(HEAD_BYTES)
    return this.#head
  }

  /** Bytes that wait for the rest of their frame. */
  get pendingBytes(): number {
    return this.#partial === null ? this.#headerBytes : this.#gathered
  }

  /** Starts the frame whose first byte is at `at`; returns where to go on. */
  #begin(
    chunk: Uint8Array,
    at: number,
    length: number,
    onFrame: (frame: Uint8Array) => void,
  ): number {
    if (length < 0 || length > this.#maxFrameBytes) {
      this.#error =
        length < 0
          ? `a frame of ${length} bytes`
          : `a frame of ${length} bytes, more than the ${this.#maxFrameBytes} allowed`
      return at
    }
    if (length === 0 || (this.#memory === null && length <= chunk.length - at)) {
      onFrame(new Uint8Array(chunk.buffer, chunk.byteOffset + at, length))
      return at + length
    }
    this.#isDirect = length >= DIRECT_FRAME_BYTES
    this.#frameBytes = length
    this.#gathered = 0
    this.#partial = this.#take(Math.min(length, EAGER_FRAME_BYTES_MAX))
    return at
  }

  /** Adds to the frame that is being gathered; returns where to go on. */
  #gather(chunk: Uint8Array, at: number, onFrame: (frame: Uint8Array) => void): number {
    const taken = Math.min(chunk.length - at, this.#frameBytes - this.#gathered)
    const partial = this.#room(this.#gathered + taken)
    const piece = new Uint8Array(chunk.buffer, chunk.byteOffset + at, taken)
    const isInPlace =
      piece.buffer === partial.buffer && piece.byteOffset === partial.byteOffset + this.#gathered
    if (!isInPlace) partial.set(piece, this.#gathered)
    this.#gathered += taken
    if (this.#gathered === this.#frameBytes) {
      this.#partial = null
      onFrame(partial.subarray(0, this.#frameBytes))
    }
    return at + taken
  }

  /** The memory of the frame being gathered, grown to hold `needed` bytes. */
  #room(needed: number): Uint8Array {
    const partial = this.#partial!
    if (needed <= partial.length) return partial
    const size = Math.min(this.#frameBytes, Math.max(needed, partial.length * GROWTH))
    const grown = this.#take(size)
    grown.set(partial)
    this.#memory?.give(partial)
    this.#partial = grown
    return grown
  }

  /**
   * Memory for the frame's first `frameBytes`. Not zeroed: every byte is written before the frame
   * is handed over.
   */
  #take(frameBytes: number): Uint8Array {
    const isWhole = frameBytes === this.#frameBytes
    const size = this.#isDirect && isWhole ? frameBytes + HEAD_BYTES : frameBytes
    return this.#memory?.take(size) ?? new Uint8Array(Buffer.allocUnsafeSlow(size).buffer)
  }
}
