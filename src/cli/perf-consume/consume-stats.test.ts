/** Figures of a run that reads records, counted by hand. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { ConsumeStats, totalsText } from './consume-stats.ts'

const MIB = 1024 * 1024
const format = (timeMs: number) => `@${timeMs}`
const one = [{ topic: 't', partition: 0 }]

test('the time of joining is not that of fetching', () => {
  const clock = { nowMs: 1000 }
  const stats = new ConsumeStats(() => clock.nowMs)
  clock.nowMs = 1400
  stats.onAssigned(one)
  stats.records = 500
  stats.bytes = 2 * MIB
  clock.nowMs = 2400
  stats.onRevoked(one)
  clock.nowMs = 2500
  stats.onAssigned(one)
  clock.nowMs = 3000
  const text = '@1000, @3000, 2.0000, 1.0000, 500, 250.0000, 500, 1500, 1.3333, 333.3333'
  assert.equal(totalsText(stats.totals(), format), text)
})

test('a report is of what came since the last', () => {
  const clock = { nowMs: 0 }
  const stats = new ConsumeStats(() => clock.nowMs)
  clock.nowMs = 200
  stats.onAssigned(one)
  stats.records = 100
  stats.bytes = MIB
  assert.equal(stats.report(999, 1000, format), null)
  const first = stats.report(1000, 1000, format)
  assert.equal(first, '@1000, 0, 1.0000, 1.0000, 100, 100.0000, 200, 800, 1.2500, 125.0000')
  stats.records = 150
  const second = stats.report(2000, 1000, format)
  assert.equal(second, '@2000, 0, 1.0000, 0.0000, 150, 50.0000, 0, 1000, 0.0000, 50.0000')
})
