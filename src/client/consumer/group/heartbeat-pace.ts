/**
 * When a member of a classic group sends its next heartbeat, and when it has gone without an answer
 * for so long that the coordinator must have given it up. Pure: time is handed in.
 */
export class HeartbeatPace {
  readonly #intervalMs: number
  readonly #sessionTimeoutMs: number
  #dueMs = Infinity
  #isInFlight = false
  #sessionEndMs = Infinity

  constructor(intervalMs: number, sessionTimeoutMs: number) {
    this.#intervalMs = intervalMs
    this.#sessionTimeoutMs = sessionTimeoutMs
  }

  /** Starts anew: a generation has begun. */
  start(nowMs: number): void {
    this.#isInFlight = false
    this.#dueMs = nowMs + this.#intervalMs
    this.#sessionEndMs = nowMs + this.#sessionTimeoutMs
  }

  /** When there is something to do: send, or take the session for lost. */
  get nextMs(): number {
    return this.#isInFlight ? this.#sessionEndMs : Math.min(this.#dueMs, this.#sessionEndMs)
  }

  isDue(nowMs: number): boolean {
    return !this.#isInFlight && nowMs >= this.#dueMs
  }

  hasSessionEnded(nowMs: number): boolean {
    return nowMs >= this.#sessionEndMs
  }

  sent(nowMs: number): void {
    this.#isInFlight = true
    this.#dueMs = nowMs + this.#intervalMs
  }

  answered(nowMs: number): void {
    this.#isInFlight = false
    this.#sessionEndMs = nowMs + this.#sessionTimeoutMs
  }

  failed(nowMs: number, backoffMs: number): void {
    this.#isInFlight = false
    this.#dueMs = nowMs + backoffMs
  }

  /** The coordinator is looked for anew, and gets as long again. */
  sessionChecked(nowMs: number): void {
    this.#sessionEndMs = nowMs + this.#sessionTimeoutMs
  }
}
