/**
 * Whether a connection's requests wait a moment for more of them. A producer under load sends one
 * large request after the other. Handled each in a turn of its own, every batch is a write to its
 * segment and every answer a packet; those that come within a millisecond share both
 * (docs/decisions/0005-performance.md).
 *
 * Invariant: a client that sends nothing before it has its answer, however large its requests are,
 * is made to wait once in a while only, to see whether that is still so.
 */

/** How long requests wait at most. */
export const GATHER_MS = 1
/** Bytes of requests from which on waiting can be worth it. */
const BULK_BYTES = 48 * 1024
/** Bytes of requests that are enough. */
const ENOUGH_BYTES = 320 * 1024
/** Most bulk inputs that are handled at once between two waits that are of no use. */
const PASSES_MAX = 64

export class Gathering {
  /** Requests that had come when the wait under way began; -1 where there is none. */
  #before = -1
  /** Bulk inputs still to be handled at once. */
  #passes = 0
  /** How many there will be after the next wait of no use. */
  #nextPasses = 1

  /** True where what has come, `count` requests of `bytes` together, may wait for more. */
  waits(count: number, bytes: number): boolean {
    if (bytes < BULK_BYTES || bytes >= ENOUGH_BYTES) return false
    if (this.#before >= 0) return true
    if (this.#passes > 0) {
      this.#passes -= 1
      return false
    }
    this.#before = count
    return true
  }

  /** What has come, `count` requests, is handled now. */
  end(count: number): void {
    if (this.#before < 0) return
    if (count > this.#before) {
      this.#nextPasses = 1
    } else {
      this.#passes = this.#nextPasses
      this.#nextPasses = Math.min(PASSES_MAX, this.#nextPasses * 2)
    }
    this.#before = -1
  }
}
