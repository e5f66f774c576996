/** Figures of a run that makes records, counted by hand. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { LatencyStats } from './latency-stats.ts'

/** Statistics under a clock that is set by hand. */
function scene(records: number, intervalMs: number, isSteady = false) {
  const lines: string[] = []
  const clock = { nowMs: 0 }
  const print = (line: string) => void lines.push(line)
  const stats = new LatencyStats(records, intervalMs, isSteady, () => clock.nowMs, print)
  const record = (nowMs: number, latencyMs: number, bytes = 1024 * 1024) => {
    clock.nowMs = nowMs
    stats.record(latencyMs, bytes, nowMs)
  }
  return { stats, lines, clock, record }
}

test('a percentile is the latency at that part of the sorted list, rounded down', () => {
  const { stats, record, clock } = scene(10, 1e9)
  for (const latency of [9, 1, 8, 2, 7, 3, 6, 4, 5, 100]) record(1000, latency)
  clock.nowMs = 2000
  const { p50Ms, p95Ms, p99Ms, avgLatencyMs, maxLatencyMs } = stats.totals()
  assert.deepEqual([p50Ms, p95Ms, p99Ms], [6, 100, 100])
  assert.deepEqual([avgLatencyMs, maxLatencyMs], [14.5, 100])
  assert.equal(
    stats.totalsText(),
    '10 records sent, 5.000000 records/sec (5.00 MB/sec), 14.50 ms avg latency, ' +
      '100.00 ms max latency, 6 ms 50th, 100 ms 95th, 100 ms 99th, 100 ms 99.9th.',
  )
})

test('of many records every n-th latency counts for the percentiles', () => {
  const { stats, record } = scene(1_000_000, 1e9)
  for (let at = 0; at < 100; at++) record(1, at % 2 === 0 ? 5 : 50)
  assert.equal(stats.totals().p999Ms, 5)
  assert.equal(stats.totals().maxLatencyMs, 50)
})

test('each interval has its own figures', () => {
  const { lines, record } = scene(10, 1000)
  record(500, 10)
  record(1000, 30)
  record(1500, 4)
  record(3000, 6)
  assert.deepEqual(lines, [
    '2 records sent, 2.0 records/sec (2.00 MB/sec), 20.0 ms avg latency, 30.0 ms max latency.',
    '2 records sent, 1.0 records/sec (1.00 MB/sec), 5.0 ms avg latency, 6.0 ms max latency.',
  ])
})

test('the steady state says so once, and the run before it is silent from then on', () => {
  const { lines, record, stats } = scene(10, 1000, true)
  record(1000, 1)
  stats.isPrinting = false
  record(2000, 1)
  assert.deepEqual(lines.slice(0, 1), ['In steady state.'])
  assert.equal(lines.length, 2)
  assert.match(stats.totalsText(), /^2 steady state records sent, 1\.000000 records\/sec/)
})
