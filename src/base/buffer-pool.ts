/**
 * Memory that is used again: for reads from segment files until they are sent, for requests until
 * they are answered. New memory for each is outside of V8's heap, and makes V8 collect garbage
 * every few megabytes: half of the CPU of a broker (docs/decisions/0005-performance.md).
 *
 * Invariant: a buffer is given back at most once, by the one who knows that nobody refers to it any
 * more. One that is never given back is garbage like any other.
 */

/** Sizes are rounded up to this, and smaller ones to a power of two: they fit the next use too. */
const GRAIN_BYTES = 64 * 1024
/** A buffer serves uses down to this part of its size. */
const SMALLEST_USE = 1 / 4

export class BufferPool {
  /** Bytes that wait to be used again. */
  freeBytes = 0
  readonly #limitBytes: number
  readonly #free: ArrayBuffer[] = []

  constructor(limitBytes: number) {
    this.#limitBytes = limitBytes
  }

  /** Memory with anything in it. */
  take(length: number): Uint8Array {
    for (let i = this.#free.length - 1; i >= 0; i--) {
      const buffer = this.#free[i]!
      const fits = length <= buffer.byteLength && length >= buffer.byteLength * SMALLEST_USE
      if (!fits) continue
      this.#free.splice(i, 1)
      this.freeBytes -= buffer.byteLength
      return new Uint8Array(buffer, 0, length)
    }
    // Not zeroed: whoever takes it fills it, or fails.
    return new Uint8Array(Buffer.allocUnsafeSlow(capacityFor(length)).buffer, 0, length)
  }

  /** Takes back what `take` gave, or a view of it. */
  give(bytes: Uint8Array): void {
    const buffer = bytes.buffer as ArrayBuffer
    if (this.freeBytes + buffer.byteLength > this.#limitBytes) return
    this.#free.push(buffer)
    this.freeBytes += buffer.byteLength
  }
}

function capacityFor(length: number): number {
  if (length > GRAIN_BYTES / 2) return Math.ceil(length / GRAIN_BYTES) * GRAIN_BYTES
  return 2 ** Math.ceil(Math.log2(Math.max(1, length)))
}
