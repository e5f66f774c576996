/** A date that is set moves nothing of a producer: what it waits for is not counted in dates. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { KafkaError } from '../kafka-error.ts'
import { type Scene, scene, settle } from './producer-scene.test-support.ts'

const HOUR_MS = 3_600_000

/** What a send comes to: its offset, the code of its error, or '' while it is open. */
function outcomeOf(sent: Promise<{ readonly offset: number }>): { text: string } {
  const outcome = { text: '' }
  sent.then(
    ({ offset }) => {
      outcome.text = String(offset)
    },
    (error: KafkaError) => {
      outcome.text = error.code
    },
  )
  return outcome
}

async function close({ cluster, producer }: Scene): Promise<void> {
  await settle(
    cluster,
    producer.close({ timeoutMs: 0 }).catch(() => {}),
  )
}

test('a batch is not given up for a date that is set forward', async () => {
  const world = scene({ deliveryTimeoutMs: 10_000 })
  const { cluster, producer, brokers } = world
  let isDown = true
  brokers.fault = () => (isDown ? 'lost before' : 'none')
  const outcome = outcomeOf(producer.send('t', { value: 'a' }))
  await cluster.clock.advance(2000)
  cluster.clock.dateOffMs = HOUR_MS
  await cluster.clock.advance(2000)
  assert.equal(outcome.text, '')
  isDown = false
  await cluster.clock.until(() => outcome.text !== '')
  assert.equal(outcome.text, '0')
  await close(world)
})

test('a batch is given up in time with the date set back', async () => {
  const world = scene({ deliveryTimeoutMs: 10_000 })
  const { cluster, producer, brokers } = world
  brokers.fault = () => 'lost before'
  const outcome = outcomeOf(producer.send('t', { value: 'a' }))
  await cluster.clock.advance(2000)
  cluster.clock.dateOffMs = -HOUR_MS
  await cluster.clock.advance(8100)
  assert.equal(outcome.text, 'TIMED_OUT')
  await close(world)
})

test('batches linger and are sent again in time with the date set back', async () => {
  const world = scene({ lingerMs: 1000 })
  const { cluster, producer, brokers } = world
  let faults = 1
  brokers.fault = () => (faults-- > 0 ? 'lost before' : 'none')
  const outcome = outcomeOf(producer.send('t', { value: 'a' }))
  await cluster.clock.advance(500)
  cluster.clock.dateOffMs = -HOUR_MS
  await cluster.clock.advance(505)
  assert.equal(brokers.requests.length, 1, 'it lingered for its second')
  cluster.clock.dateOffMs = -2 * HOUR_MS
  await cluster.clock.advance(500)
  assert.equal(outcome.text, '0')
  await close(world)
})

test('a record waits for its topic as long as it may, whatever the date', async () => {
  const world = scene({ maxBlockMs: 5000 })
  const { cluster, producer } = world
  cluster.metadata.ensure = async (name, deadline) => {
    await deadline?.race(new Promise(() => {}))
    throw new KafkaError('TIMED_OUT', name)
  }
  const early = outcomeOf(producer.send('unknown', { value: 'a' }))
  await cluster.clock.advance(1000)
  cluster.clock.dateOffMs = HOUR_MS
  const late = outcomeOf(producer.send('unknown', { value: 'b' }))
  await cluster.clock.advance(3000)
  assert.deepEqual([early.text, late.text], ['', ''])
  await cluster.clock.advance(1100)
  assert.deepEqual([early.text, late.text], ['TIMED_OUT', ''])
  cluster.clock.dateOffMs = -HOUR_MS
  await cluster.clock.advance(1000)
  assert.equal(late.text, 'TIMED_OUT')
  await close(world)
})

test('a broker that is stalled is told by what has passed, not by the date', async () => {
  const world = scene({ partitionAvailabilityTimeoutMs: 5000, batchBytes: 1 }, 2)
  const { cluster, producer, brokers } = world
  cluster.metadata.setBroker(2, null)
  cluster.metadata.setTopic('t', 2, (partition) => [partition + 1])
  await settle(cluster, producer.send('t', { value: 'a', partition: 1 }))
  brokers.latencyMs = 1000
  const sent = [producer.send('t', { value: 'b', partition: 0 })]
  await cluster.clock.advance(10)
  cluster.clock.dateOffMs = HOUR_MS
  // With the date, broker 1 would be left out as one that has answered nothing for an hour.
  for (let i = 0; i < 40; i++) sent.push(producer.send('t', { value: String(i) }))
  await settle(cluster, Promise.all(sent))
  assert.ok(brokers.values('t', 0).length > 1)
  await close(world)
})
