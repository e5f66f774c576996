/**
 * Memory for the frames of all connections. That of large ones, which are mostly records, is used
 * again once the request is answered; small ones are garbage like anything else.
 *
 * Invariant: a frame is given back at most once, when nothing refers to its bytes any more.
 */
import { BufferPool } from '../base/buffer-pool.ts'

/**
 * Frames below this are not worth keeping: their memory comes in slabs. Much less than the batch of
 * 16 KiB that is a client's default: one with few bytes around it would be just below that.
 */
const LARGE_FRAME_BYTES = 4 * 1024

export class FrameMemory {
  readonly #pool: BufferPool

  /** @param freeBytesMax how much memory may wait for the next frame */
  constructor(freeBytesMax: number) {
    this.#pool = new BufferPool(freeBytesMax)
  }

  /** Memory with anything in it. */
  take(length: number): Uint8Array {
    if (length >= LARGE_FRAME_BYTES) return this.#pool.take(length)
    const { buffer, byteOffset } = Buffer.allocUnsafe(length)
    return new Uint8Array(buffer, byteOffset, length)
  }

  /** Takes back a frame that `take` gave the memory of. */
  give(frame: Uint8Array): void {
    if (frame.length >= LARGE_FRAME_BYTES) this.#pool.give(frame)
  }
}
