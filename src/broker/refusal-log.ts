/**
 * Says why connections are refused, or topics not created, without letting a flood of them fill the
 * log: some lines each interval, and then how many more there were.
 */
import type { Logger } from '../base/logger.ts'

/** Lines of one interval that are written out. */
const LINES_MAX = 20
const INTERVAL_MS = 10_000

export class RefusalLog {
  readonly #logger: Logger
  readonly #what: string
  #startMs = -Infinity
  #lines = 0
  #unsaid = 0

  /** `what` ends the sentence `20 more …`. */
  constructor(logger: Logger, what: string) {
    this.#logger = logger
    this.#what = what
  }

  warn(line: string, nowMs: number): void {
    this.catchUp(nowMs)
    if (this.#lines >= LINES_MAX) {
      this.#unsaid += 1
      return
    }
    this.#lines += 1
    this.#logger.warn(line)
  }

  /** Ends an interval that is over; call it now and then. */
  catchUp(nowMs: number): void {
    if (nowMs - this.#startMs < INTERVAL_MS) return
    if (this.#unsaid > 0) this.#logger.warn(`${this.#unsaid} more ${this.#what}`)
    this.#startMs = nowMs
    this.#lines = 0
    this.#unsaid = 0
  }
}
