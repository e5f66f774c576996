/**
 * Keeps to a number of records a second by waiting now and then, as Kafka's ThroughputThrottler.
 *
 * Invariant: of what has to be waited nothing is lost: what is too short for a timer is waited with
 * the next.
 */
import { setTimeout as sleep } from 'node:timers/promises'

const MIN_SLEEP_MS = 2

/** The pace of one run. */
export class Throttle {
  readonly #recordsPerSecond: number
  readonly #startMs: number
  #deficitMs = 0

  /** A number below 0 is no limit; 0 stops after the first record. */
  constructor(recordsPerSecond: number, startMs: number) {
    this.#recordsPerSecond = recordsPerSecond
    this.#startMs = startMs
  }

  /** Whether the record that was sent at `nowMs`, the one with this number, was too early. */
  isAhead(records: number, nowMs: number): boolean {
    if (this.#recordsPerSecond < 0) return false
    const seconds = (nowMs - this.#startMs) / 1000
    return seconds > 0 && records / seconds > this.#recordsPerSecond
  }

  /** Waits its part; a signal ends it. */
  async wait(signal?: AbortSignal): Promise<void> {
    if (this.#recordsPerSecond === 0) return this.#sleep(2 ** 31 - 1, signal)
    this.#deficitMs += 1000 / this.#recordsPerSecond
    if (this.#deficitMs < MIN_SLEEP_MS) return
    const begunMs = performance.now()
    await this.#sleep(this.#deficitMs, signal)
    this.#deficitMs = Math.min(0, this.#deficitMs - (performance.now() - begunMs))
  }

  async #sleep(ms: number, signal: AbortSignal | undefined): Promise<void> {
    await sleep(ms, undefined, { signal }).catch(() => {}) // aborted: the caller looks at it
  }
}
