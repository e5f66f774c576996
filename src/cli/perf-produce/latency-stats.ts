/**
 * Counts and latencies of a run that makes records, counted as Kafka's ProducerPerformance counts
 * them: of many records every n-th latency is kept, and a percentile is the latency at that part of
 * the sorted list, rounded down.
 *
 * Invariant: times are whole milliseconds, as Kafka has them. KIP-1052 (steady state).
 */

const MAX_LATENCIES = 500_000
const MIB = 1024 * 1024
const PERCENTILES = [0.5, 0.95, 0.99, 0.999] as const

/** The figures of a whole run. */
export interface PerfTotals {
  readonly records: number
  readonly recordsPerSecond: number
  readonly mbPerSecond: number
  readonly avgLatencyMs: number
  readonly maxLatencyMs: number
  readonly p50Ms: number
  readonly p95Ms: number
  readonly p99Ms: number
  readonly p999Ms: number
}

/** What is counted since the last report. */
interface Window {
  startMs: number
  count: number
  bytes: number
  latencyMs: number
  maxLatencyMs: number
}

/** Counts records of a run, or of what comes after its first ones. */
export class LatencyStats {
  /** False once another tells of the progress. */
  isPrinting = true
  readonly #now: () => number
  readonly #print: (line: string) => void
  readonly #intervalMs: number
  readonly #isSteady: boolean
  readonly #startMs: number
  readonly #sampling: number
  readonly #latencies: Int32Array
  #kept = 0
  #count = 0
  #bytes = 0
  #latencyMs = 0
  #maxLatencyMs = 0
  #window: Window

  constructor(
    records: number,
    intervalMs: number,
    isSteady: boolean,
    now: () => number,
    print: (line: string) => void,
  ) {
    this.#now = now
    this.#print = print
    this.#intervalMs = intervalMs
    this.#isSteady = isSteady
    this.#startMs = now()
    this.#sampling = Math.floor(records / Math.min(records, MAX_LATENCIES))
    this.#latencies = new Int32Array(Math.floor(records / this.#sampling) + 1)
    this.#window = emptyWindow(this.#startMs)
  }

  /** Counts a record that was written at `nowMs`. */
  record(latencyMs: number, bytes: number, nowMs: number): void {
    const window = this.#window
    if (this.#count % this.#sampling === 0) this.#latencies[this.#kept++] = latencyMs
    this.#count++
    this.#bytes += bytes
    this.#latencyMs += latencyMs
    if (latencyMs > this.#maxLatencyMs) this.#maxLatencyMs = latencyMs
    window.count++
    window.bytes += bytes
    window.latencyMs += latencyMs
    if (latencyMs > window.maxLatencyMs) window.maxLatencyMs = latencyMs
    if (nowMs - window.startMs >= this.#intervalMs) this.#report()
  }

  #report(): void {
    const window = this.#window
    if (this.#isSteady && this.#count === window.count) this.#print('In steady state.')
    if (this.isPrinting) {
      const { count, bytes, latencyMs, maxLatencyMs } = window
      const seconds = (this.#now() - window.startMs) / 1000
      this.#print(
        `${count} records sent, ${(count / seconds).toFixed(1)} records/sec ` +
          `(${(bytes / seconds / MIB).toFixed(2)} MB/sec), ` +
          `${(latencyMs / count).toFixed(1)} ms avg latency, ` +
          `${maxLatencyMs.toFixed(1)} ms max latency.`,
      )
    }
    this.#window = emptyWindow(this.#now())
  }

  /** The figures from the start until now. */
  totals(): PerfTotals {
    const seconds = (this.#now() - this.#startMs) / 1000
    const size = Math.min(this.#kept, this.#latencies.length)
    this.#latencies.subarray(0, size).sort()
    const [p50Ms, p95Ms, p99Ms, p999Ms] = PERCENTILES.map((part) => {
      return this.#latencies[Math.floor(part * size)]!
    }) as [number, number, number, number]
    return {
      records: this.#count,
      recordsPerSecond: this.#count / seconds,
      mbPerSecond: this.#bytes / seconds / MIB,
      avgLatencyMs: this.#latencyMs / this.#count,
      maxLatencyMs: this.#maxLatencyMs,
      ...{ p50Ms, p95Ms, p99Ms, p999Ms },
    }
  }

  /** The figures as Kafka prints them. */
  totalsText(): string {
    const totals = this.totals()
    const { p50Ms, p95Ms, p99Ms, p999Ms } = totals
    return (
      `${totals.records}${this.#isSteady ? ' steady state' : ''} records sent, ` +
      `${totals.recordsPerSecond.toFixed(6)} records/sec (${totals.mbPerSecond.toFixed(2)} MB/sec), ` +
      `${totals.avgLatencyMs.toFixed(2)} ms avg latency, ` +
      `${totals.maxLatencyMs.toFixed(2)} ms max latency, ` +
      `${p50Ms} ms 50th, ${p95Ms} ms 95th, ${p99Ms} ms 99th, ${p999Ms} ms 99.9th.`
    )
  }
}

function emptyWindow(startMs: number): Window {
  return { startMs, count: 0, bytes: 0, latencyMs: 0, maxLatencyMs: 0 }
}
