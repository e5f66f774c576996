/** The date, but never back: what a node counts its deadlines in. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { simIo } from './sim.ts'
import { SteadyClock } from './steady-clock.ts'

test('it is the date while nobody sets that, and follows it forward at once', async () => {
  const io = simIo(1)
  const clock = new SteadyClock(io.clock)
  for (let i = 0; i < 100; i++) {
    assert.equal(clock.nowMs(), io.clock.nowMs())
    await io.simulation.advance(i * 0.7)
  }
  io.skewMs += 3_600_000
  assert.equal(clock.nowMs(), io.clock.nowMs())
})

test('a date that is set back lets it go on, more slowly, until it is the date again', async () => {
  const io = simIo(1)
  const clock = new SteadyClock(io.clock)
  const startMs = clock.nowMs()
  io.skewMs -= 60_000
  for (let i = 0; i < 100; i++) {
    await io.simulation.advance(100)
    clock.nowMs()
  }
  const passedMs = clock.nowMs() - startMs
  assert.ok(passedMs >= 8999 && passedMs <= 9001, `${passedMs} of 10 s`)
  await io.simulation.advance(600_000)
  assert.equal(clock.nowMs(), io.clock.nowMs())
})

test('it never goes back, whatever becomes of the date', () => {
  const steps = fc.array(
    fc.record({ passMs: fc.integer({ min: 0, max: 5000 }), stepMs: fc.integer() }),
    { maxLength: 40 },
  )
  fc.assert(
    fc.property(steps, (given) => {
      const io = simIo(1)
      const clock = new SteadyClock(io.clock)
      let lastMs = clock.nowMs()
      for (const { passMs, stepMs } of given) {
        io.simulation.advanceSync(passMs)
        io.skewMs += stepMs % 100_000
        const nowMs = clock.nowMs()
        assert.ok(nowMs >= lastMs && nowMs >= io.clock.nowMs() && Number.isInteger(nowMs))
        lastMs = nowMs
      }
    }),
  )
})
