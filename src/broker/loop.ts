/**
 * The node's own pace: whatever happens outside only asks for a turn; a turn does all the work that
 * has come together, then tells when it next has something to do (rules 6 and 13).
 */
import type { Clock } from '../io/io.ts'

export class Loop {
  readonly #clock: Clock
  readonly #turn: (nowMs: number) => number
  readonly #onCrash: (error: unknown) => void
  #scheduled = false
  #stopped = false
  /** The timer of `wakeWithin` runs. */
  #isDueSoon = false
  #timerAtMs = Infinity
  #cancelTimer: () => void = () => {}

  /**
   * @param turn does a turn at the given time and returns when the next deadline is; Infinity: none
   * @param onCrash told of an error that escaped a turn; the loop has stopped by then
   */
  constructor(clock: Clock, turn: (nowMs: number) => number, onCrash: (error: unknown) => void) {
    this.#clock = clock
    this.#turn = turn
    this.#onCrash = onCrash
  }

  /** Asks for a turn. Cheap, and may be called from anywhere, the turn itself included. */
  wake(): void {
    if (this.#scheduled || this.#stopped) return
    this.#scheduled = true
    this.#clock.nextTurn(this.#run)
  }

  /** Asks for a turn within that time, where none comes sooner. */
  wakeWithin(ms: number): void {
    if (this.#scheduled || this.#stopped || this.#isDueSoon) return
    this.#isDueSoon = true
    this.#clock.after(ms, () => {
      this.#isDueSoon = false
      this.wake()
    })
  }

  stop(): void {
    this.#stopped = true
    this.#cancelTimer()
  }

  readonly #run = (): void => {
    this.#scheduled = false
    if (this.#stopped) return
    try {
      this.#arm(this.#turn(this.#clock.nowMs()))
    } catch (error) {
      this.stop()
      this.#onCrash(error)
    }
  }

  /** Keeps a timer that is due soon enough: an early turn costs less than a new timer. */
  #arm(deadlineMs: number): void {
    if (deadlineMs >= this.#timerAtMs) return
    this.#cancelTimer()
    this.#timerAtMs = deadlineMs
    const delayMs = Math.max(0, deadlineMs - this.#clock.nowMs())
    this.#cancelTimer = this.#clock.after(delayMs, () => {
      this.#timerAtMs = Infinity
      this.wake()
    })
  }
}
