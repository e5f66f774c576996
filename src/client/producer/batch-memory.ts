/**
 * The producer's buffer: memory for batches, bounded in bytes, used again once a batch is done.
 * Sizes are powers of two from 1 KiB up and what is asked for beyond the largest usual size, so
 * that a batch of few records takes little and one that fills up grows into the next size.
 *
 * Invariant: what was taken and not given back or dropped adds up to `usedBytes`, which exceeds
 * `limitBytes` only by a single record that is larger than all of it could hold otherwise.
 */

const SMALLEST_BYTES = 1024

export class BatchMemory {
  readonly limitBytes: number
  readonly #largestBytes: number
  readonly #free = new Map<number, Buffer[]>()
  #usedBytes = 0
  #freeBytes = 0

  /** `largestBytes` is the size up to which memory is kept for others. */
  constructor(limitBytes: number, largestBytes: number) {
    this.limitBytes = limitBytes
    this.#largestBytes = largestBytes
  }

  get usedBytes(): number {
    return this.#usedBytes
  }

  /** Memory of `sizeBytes` at least, its content undefined; null where the bound forbids it. */
  take(sizeBytes: number): Buffer | null {
    const size = this.#sizeFor(sizeBytes)
    if (this.#usedBytes + size > this.limitBytes && this.#usedBytes > 0) return null
    this.#usedBytes += size
    const kept = this.#free.get(size)?.pop()
    if (kept !== undefined) {
      this.#freeBytes -= size
      return kept
    }
    return Buffer.allocUnsafeSlow(size)
  }

  /**
   * Counts memory that is needed whatever the bound, for records that are in the buffer already.
   */
  reserve(sizeBytes: number): void {
    this.#usedBytes += sizeBytes
  }

  /** Takes memory back that nothing refers to any more. */
  give(memory: Buffer): void {
    const size = memory.length
    this.drop(size)
    const isUsual = size <= this.#largestBytes && this.#sizeFor(size) === size
    if (!isUsual || this.#usedBytes + this.#freeBytes + size > this.limitBytes) {
      return
    }
    this.#freeBytes += size
    const kept = this.#free.get(size)
    if (kept === undefined) this.#free.set(size, [memory])
    else kept.push(memory)
  }

  /** Counts memory as free that something may still refer to: it is not used again. */
  drop(sizeBytes: number): void {
    this.#usedBytes -= sizeBytes
  }

  #sizeFor(sizeBytes: number): number {
    if (sizeBytes > this.#largestBytes) return sizeBytes
    let size = SMALLEST_BYTES
    while (size < sizeBytes) size *= 2
    return Math.min(size, this.#largestBytes)
  }
}
