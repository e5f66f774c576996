/** The client as a whole: it ends with its parts, and with its signal. */
import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { Simulation } from '../io/sim.ts'
import { Deadline } from './call.ts'
import { Kafka } from './kafka.ts'

function made(signal?: AbortSignal) {
  const world = new Simulation(1)
  const kafka = new Kafka({ brokers: 'nowhere:9092', io: world.node('client'), signal })
  const deadline = () => new Deadline(kafka.cluster.clock, 'the call', 60_000)
  return { world, kafka, refresh: () => kafka.cluster.metadata.refresh(deadline()) }
}

describe('a Kafka', () => {
  it('closes its parts first, those that are still open, and settles when one does not', async () => {
    const { world, kafka, refresh } = made()
    const closed: string[] = []
    const part = (name: string) => ({
      close: async () => {
        await assert.rejects(refresh(), { code: 'TIMED_OUT' })
        closed.push(name)
      },
    })
    kafka.adopt(part('one'))
    kafka.adopt(part('gone'))()
    kafka.adopt({ close: () => Promise.reject(new Error('a part that fails')) })
    kafka.adopt({ close: () => new Promise(() => {}) })
    const startMs = world.nowMs
    const twice = [kafka.close({ timeoutMs: 70_000 }), kafka.close()]
    await world.settle(Promise.all(twice), 100_000)
    assert.deepEqual(closed, ['one'])
    assert.ok(world.nowMs - startMs <= 70_001)
    await assert.rejects(world.settle(refresh()), { code: 'CLOSED' })
    assert.equal(world.time.nextEventMs(), Infinity, 'no timer is left')
  })

  it('ends with its signal, at once', async () => {
    const abort = new AbortController()
    const { world, refresh } = made(abort.signal)
    const waiting = assert.rejects(refresh(), { code: 'CLOSED' })
    await world.advance(2000)
    const startMs = world.nowMs
    abort.abort()
    await world.settle(waiting)
    assert.ok(world.nowMs - startMs < 10)
    await world.advance(10_000)
    assert.equal(world.time.nextEventMs(), Infinity, 'no timer is left')
    const late = made(AbortSignal.abort())
    await assert.rejects(late.world.settle(late.refresh()), { code: 'CLOSED' })
  })

  it('ends with its block', async () => {
    const { world, kafka, refresh } = made()
    const block = async () => {
      await using _ = kafka
    }
    await world.settle(block())
    await assert.rejects(world.settle(refresh()), { code: 'CLOSED' })
  })
})
