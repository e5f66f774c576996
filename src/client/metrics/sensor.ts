/**
 * One thing that is counted or measured, over all time and over the last minute: what rates,
 * averages and maxima are made of. As in Java, a minute is two samples of 30 seconds (the options
 * metrics.num.samples and metrics.sample.window.ms), and a third one that is leaving it.
 *
 * Invariant: recording allocates nothing and reads no clock: whoever records once for each batch
 * or request pays a few additions.
 */

const SAMPLE_MS = 30_000
const SAMPLES = 2

interface Sample {
  startMs: number
  lastMs: number
  count: number
  sum: number
  min: number
  max: number
}

export class Sensor {
  /** Of all that was recorded. */
  total = 0
  /** How often something was recorded. */
  count = 0
  readonly #samples: Sample[] = []
  #current = 0

  /** Takes note of `value`; `nowMs` is of a clock that never runs backwards. */
  record(value: number, nowMs: number): void {
    this.total += value
    this.count++
    let sample = this.#samples[this.#current]
    if (sample === undefined || nowMs - sample.startMs >= SAMPLE_MS) sample = this.#advance(nowMs)
    sample.lastMs = nowMs
    sample.count++
    sample.sum += value
    if (value < sample.min) sample.min = value
    if (value > sample.max) sample.max = value
  }

  /** What was recorded, per second. */
  rate(nowMs: number): number {
    const { sum, elapsedMs } = this.#recent(nowMs)
    return (sum * 1000) / elapsedMs
  }

  /** How often something was recorded, per second. */
  frequency(nowMs: number): number {
    const { count, elapsedMs } = this.#recent(nowMs)
    return (count * 1000) / elapsedMs
  }

  /** NaN where nothing was recorded lately, as are `max` and `min`. */
  average(nowMs: number): number {
    const { sum, count } = this.#recent(nowMs)
    return sum / count
  }

  max(nowMs: number): number {
    const { max, count } = this.#recent(nowMs)
    return count === 0 ? Number.NaN : max
  }

  min(nowMs: number): number {
    const { min, count } = this.#recent(nowMs)
    return count === 0 ? Number.NaN : min
  }

  #advance(nowMs: number): Sample {
    if (this.#samples.length > 0) this.#current = (this.#current + 1) % (SAMPLES + 1)
    const sample = this.#samples[this.#current]
    if (sample === undefined) {
      const first = empty(nowMs)
      this.#samples.push(first)
      return first
    }
    return Object.assign(sample, empty(nowMs))
  }

  /** The samples that reach into the last minute, and how long that is: half of one at least. */
  #recent(nowMs: number) {
    const recent = { count: 0, sum: 0, min: Infinity, max: -Infinity, elapsedMs: 0 }
    let sinceMs = nowMs
    for (const { startMs, lastMs, count, sum, min, max } of this.#samples) {
      if (nowMs - lastMs >= SAMPLES * SAMPLE_MS) continue
      recent.count += count
      recent.sum += sum
      recent.min = Math.min(recent.min, min)
      recent.max = Math.max(recent.max, max)
      sinceMs = Math.min(sinceMs, startMs)
    }
    const elapsedMs = nowMs - sinceMs
    // A rate from its first second on would be mere chance.
    const missing = Math.max(0, SAMPLES - 1 - Math.floor(elapsedMs / SAMPLE_MS))
    recent.elapsedMs = elapsedMs + missing * SAMPLE_MS
    return recent
  }
}

function empty(nowMs: number): Sample {
  return { startMs: nowMs, lastMs: nowMs, count: 0, sum: 0, min: Infinity, max: -Infinity }
}
