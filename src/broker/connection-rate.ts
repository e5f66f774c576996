/**
 * How many connections come in a second, over windows as Kafka's quotas have them: what it has to
 * wait is what brings the rate down to its limit (KIP-612).
 *
 * The time measured over is never less than all windows but one, so a few connections after a long
 * silence are no high rate.
 */

/** `quota.window.num` and `quota.window.size.seconds`. */
export interface RateWindows {
  readonly count: number
  readonly lengthMs: number
}

interface Sample {
  readonly startMs: number
  lastMs: number
  events: number
}

export class ConnectionRate {
  readonly #windows: RateWindows
  /** Oldest first. */
  #samples: Sample[] = []

  constructor(windows: RateWindows) {
    this.#windows = windows
  }

  /** Counts one, and returns for how long it has to wait where `limit` in a second are allowed. */
  delayMs(nowMs: number, limit: number): number {
    const { count, lengthMs } = this.#windows
    const current = this.#samples.at(-1)
    if (current === undefined || nowMs - current.startMs >= lengthMs) {
      this.#samples.push({ startMs: nowMs, lastMs: nowMs, events: 1 })
    } else {
      current.lastMs = nowMs
      current.events += 1
    }
    this.#samples = this.#samples.filter(({ lastMs }) => nowMs - lastMs < count * lengthMs)
    let events = 0
    for (const sample of this.#samples) events += sample.events
    const elapsedMs = nowMs - this.#samples[0]!.startMs
    const missing = count - 1 - Math.floor(elapsedMs / lengthMs)
    const overMs = Math.max(1, elapsedMs + Math.max(0, missing) * lengthMs)
    const rate = (events * 1000) / overMs
    if (rate <= limit) return 0
    // A limit of none would mean to wait forever: the longest wait is one window.
    return Math.min(lengthMs, Math.round(((rate - limit) / limit) * overMs))
  }
}
