/**
 * A clock whose date never goes back. A node counts its deadlines in the time that its records are
 * stamped with (rule 6), and a date that somebody sets back would put all of them off by as much:
 * long polls would not be answered, nor sessions expire.
 *
 * Invariant: `nowMs` is the date, unless that was set back. Then it goes on from where it was, more
 * slowly than time passes, until the date has come after it. A date that is set forward is followed
 * at once: it is what a machine has that was asleep.
 */
import type { Clock } from './io.ts'

/** How much of the time that passes is held back while the date is behind. */
const HELD_BACK = 0.1
/** The date is cut to whole milliseconds, so it may be behind by less than one. */
const WHOLE_MS = 1

export class SteadyClock implements Clock {
  readonly #clock: Clock
  #nowMs: number
  #readAtMs: number

  constructor(clock: Clock) {
    this.#clock = clock
    this.#nowMs = clock.nowMs()
    this.#readAtMs = clock.monotonicMs()
  }

  nowMs(): number {
    const dateMs = this.#clock.nowMs()
    const readAtMs = this.#clock.monotonicMs()
    const passedMs = readAtMs - this.#readAtMs
    this.#readAtMs = readAtMs
    const isBehind = dateMs + WHOLE_MS < this.#nowMs + passedMs
    const slowlyMs = isBehind ? this.#nowMs + passedMs * (1 - HELD_BACK) : this.#nowMs
    this.#nowMs = Math.max(dateMs, slowlyMs)
    return Math.floor(this.#nowMs)
  }

  monotonicMs(): number {
    return this.#clock.monotonicMs()
  }

  after(delayMs: number, callback: () => void): () => void {
    return this.#clock.after(delayMs, callback)
  }

  nextTurn(callback: () => void): void {
    this.#clock.nextTurn(callback)
  }
}
