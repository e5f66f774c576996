/** The loop: one turn for all that asks in the meantime, timers as data, and its end. */
import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { type SimNode, simIo } from '../io/sim.ts'
import { Loop } from './loop.ts'

const SECOND_MS = 1000

function started(deadlineOf: (nowMs: number) => number) {
  const io: SimNode = simIo(1)
  const startMs = io.clock.nowMs()
  const turns: number[] = []
  const crashes: unknown[] = []
  const loop = new Loop(
    io.clock,
    (nowMs) => {
      turns.push(nowMs - startMs)
      return deadlineOf(nowMs)
    },
    (error) => crashes.push(error),
  )
  return { io, loop, turns, crashes, startMs }
}

describe('the loop', () => {
  it('does one turn for all who ask, and one more for who asks in it', () => {
    let again = 1
    const { io, loop, turns } = started(() => {
      if (again-- > 0) loop.wake()
      return Infinity
    })
    for (let i = 0; i < 5; i++) loop.wake()
    assert.deepEqual(turns, [], 'not on the stack of who asks')
    io.simulation.advanceSync(SECOND_MS)
    assert.equal(turns.length, 2)
  })

  it('comes back when the next deadline is, and sooner where there is a sooner one', () => {
    const deadlines = [5 * SECOND_MS, 2 * SECOND_MS, Infinity]
    const { io, loop, turns, startMs } = started(() => startMs + (deadlines.shift() ?? Infinity))
    loop.wake()
    io.simulation.advanceSync(SECOND_MS)
    loop.wake()
    io.simulation.advanceSync(10 * SECOND_MS)
    assert.deepEqual(turns, [0, SECOND_MS, 2 * SECOND_MS])
  })

  it('waits a little for who may wait, unless someone else asks', () => {
    const { io, loop, turns } = started(() => Infinity)
    for (let i = 0; i < 5; i++) loop.wakeWithin(SECOND_MS)
    io.simulation.advanceSync(SECOND_MS / 2)
    assert.deepEqual(turns, [])
    io.simulation.advanceSync(SECOND_MS)
    assert.deepEqual(turns, [SECOND_MS], 'one for all of them')
    loop.wakeWithin(SECOND_MS)
    loop.wake()
    io.simulation.advanceSync(1)
    assert.equal(turns.length, 2, 'at once')
  })

  it('does not spin on a deadline that has passed', () => {
    const { io, loop, turns } = started((nowMs) => nowMs - 1)
    loop.wake()
    io.simulation.advanceSync(1)
    assert.ok(turns.length >= 2 && turns.length < 1000, `${turns.length} turns`)
  })

  it('stops where a turn fails, and where it is told to', () => {
    const failing = started(() => {
      throw new Error('broken')
    })
    failing.loop.wake()
    failing.io.simulation.advanceSync(SECOND_MS)
    failing.loop.wake()
    failing.io.simulation.advanceSync(SECOND_MS)
    assert.equal(failing.turns.length, 1)
    assert.match(String(failing.crashes), /broken/)
    const stopped = started((nowMs) => nowMs + SECOND_MS)
    stopped.loop.wake()
    stopped.io.simulation.advanceSync(10)
    stopped.loop.stop()
    stopped.io.simulation.advanceSync(10 * SECOND_MS)
    assert.equal(stopped.turns.length, 1)
  })
})
