/** The producer while requests fail at every point: nothing lost, nothing doubled, order kept. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { Prng } from '../../base/prng.ts'
import { ErrorCode } from '../../protocol/errors.ts'
import type { FakePartitions, Fault } from './fake-partitions.test-support.ts'
import type { ProducerOptions } from './options.ts'
import { scene, settle } from './producer-scene.test-support.ts'

const LAST_EPOCH = 32_767

/** Sends numbered records while faults come, and returns what was acknowledged. */
async function underFaults(
  seed: number,
  options: ProducerOptions,
  records: number,
  firstEpoch = 0,
) {
  const random = new Prng(seed)
  const partitions = 1 + random.int(3)
  const setting = scene({ batchBytes: 64 + random.int(400), ...options }, partitions)
  const { cluster, brokers, producer } = setting
  brokers.firstEpoch = firstEpoch
  const faults: Fault[] = [
    'lost before',
    'lost after',
    ErrorCode.NOT_LEADER_OR_FOLLOWER,
    ErrorCode.NOT_ENOUGH_REPLICAS,
    { after: ErrorCode.NOT_ENOUGH_REPLICAS_AFTER_APPEND },
    { after: ErrorCode.REQUEST_TIMED_OUT },
  ]
  const chance = [0, 0.05, 0.3, 0.6][random.int(4)]!
  brokers.fault = () => (random.chance(chance) ? faults[random.int(faults.length)]! : 'none')
  brokers.latencyMs = random.int(20)
  const acknowledged = new Map<string, number>()
  const failed = new Set<string>()
  const sent: Promise<void>[] = []
  for (let i = 0; i < records; i++) {
    // Of such sizes that several batches of a partition are in flight.
    const value = `${i} ${'x'.repeat(random.int(150))}`
    const partition = random.int(partitions)
    sent.push(
      producer.send('t', { value, partition }).then(
        ({ offset }) => void acknowledged.set(`${partition}:${i}`, offset),
        () => void failed.add(`${partition}:${i}`),
      ),
    )
    if (random.chance(0.2)) await cluster.clock.advance(random.int(30))
    if (random.chance(0.01)) brokers.disconnect(1)
  }
  await settle(cluster, Promise.all(sent))
  await settle(cluster, producer.close())
  await cluster.clock.advance(60_000) // requests that nobody waits for any more
  assert.equal(producer.stats.bufferedBytes, 0, `seed ${seed}: memory that nobody gave back`)
  assert.equal(cluster.clock.pending, 0, `seed ${seed}: a timer is left`)
  return { ...setting, acknowledged, failed, partitions }
}

/** The numbers of the records of a partition. */
function numbers(brokers: FakePartitions, partition: number): number[] {
  return brokers.values('t', partition).map((value) => Number(value!.split(' ')[0]))
}

function checkLogs(
  seed: number,
  { brokers, acknowledged, partitions }: Awaited<ReturnType<typeof underFaults>>,
): void {
  for (let partition = 0; partition < partitions; partition++) {
    const values = numbers(brokers, partition)
    const inOrder = [...new Set(values)].sort((a, b) => a - b)
    assert.deepEqual(values, inOrder, `seed ${seed}, partition ${partition}: order or doubles`)
    for (const [name, offset] of acknowledged) {
      const [where, value] = name.split(':').map(Number)
      if (where === partition) {
        assert.equal(values[offset], value, `seed ${seed}: ${name} is not at ${offset}`)
      }
    }
  }
}

test('with idempotence nothing is lost, doubled or out of order, whatever fails on the way', async () => {
  for (let seed = 1; seed <= 60; seed++) {
    const result = await underFaults(seed, { deliveryTimeoutMs: 3_600_000 }, 150)
    assert.equal(result.failed.size, 0, `seed ${seed}`)
    assert.equal(result.acknowledged.size, 150, `seed ${seed}`)
    checkLogs(seed, result)
  }
})

test('records that expire leave gaps, and what is acknowledged stays in order and single', async () => {
  let expired = 0
  for (let seed = 100; seed <= 160; seed++) {
    const result = await underFaults(seed, { deliveryTimeoutMs: 150 }, 150)
    expired += result.failed.size
    assert.equal(result.acknowledged.size + result.failed.size, 150, `seed ${seed}`)
    checkLogs(seed, result)
  }
  assert.ok(expired > 100, `only ${expired} expired: the test tests nothing`)
})

test('nothing takes the place of a first batch that was refused', async () => {
  const { cluster, brokers, producer } = scene({ batchBytes: 64 })
  let requests = 0
  brokers.fault = () => (requests++ === 0 ? ErrorCode.NOT_ENOUGH_REPLICAS : 'none')
  const sent = ['a', 'b', 'c'].map((value) => producer.send('t', { value }))
  await settle(cluster, Promise.all(sent))
  assert.deepEqual(brokers.values('t', 0), ['a', 'b', 'c'])
})

test('a new epoch follows a gap, with the numbers from 0', async () => {
  const { cluster, brokers, producer } = scene()
  await settle(cluster, producer.send('t', { value: 'a' }))
  brokers.log('t', 0).producers.get(1001)!.lastSequence = 77 // what the broker knows is lost
  assert.equal((await settle(cluster, producer.send('t', { value: 'b' }))).offset, 1)
  assert.deepEqual(
    brokers.log('t', 0).records.map(({ epoch }) => epoch),
    [0, 1],
  )
  assert.deepEqual(brokers.initProducerIds, [1001], 'without asking for another id')
})

test('epochs that are used up are followed by a new producer id', async () => {
  const { cluster, brokers, producer } = scene({}, 2)
  brokers.firstEpoch = LAST_EPOCH - 1
  const send = async (value: string) => {
    const sent = [0, 1].map((partition) => producer.send('t', { value, partition }))
    const places = await settle(cluster, Promise.all(sent))
    return places.map(({ offset }) => offset)
  }
  /** What the broker knows of the newest producer is lost, so that a gap has to be closed. */
  const forget = (partition: number) => {
    const { producers } = brokers.log('t', partition)
    const newest = Math.max(...producers.keys())
    producers.get(newest)!.lastSequence += 77
  }
  const epochs = (partition: number) => brokers.log('t', partition).records.map((r) => r.epoch)
  assert.deepEqual(await send('a'), [0, 0])
  forget(0)
  assert.deepEqual(await send('b'), [1, 1])
  assert.deepEqual(
    [epochs(0), epochs(1)],
    [
      [32_766, 32_767],
      [32_766, 32_766],
    ],
  )
  brokers.firstEpoch = 0
  forget(0)
  assert.deepEqual(await send('c'), [2, 2])
  assert.deepEqual(brokers.initProducerIds, [1001, 1002])
  assert.equal(epochs(0).at(-1), 0)
  assert.deepEqual(await send('d'), [3, 3])
  forget(0)
  forget(1)
  assert.deepEqual(await send('e'), [4, 4])
  assert.deepEqual([epochs(0).at(-1), epochs(1).at(-1)], [1, 1])
  assert.deepEqual(brokers.initProducerIds, [1001, 1002], 'the new id has epochs to spend')
})

test('partitions that use up their epochs at the same time share one new id', async () => {
  const { cluster, brokers, producer } = scene({}, 3)
  brokers.firstEpoch = LAST_EPOCH
  const send = (value: string) => {
    const sent = [0, 1, 2].map((partition) => producer.send('t', { value, partition }))
    return settle(cluster, Promise.all(sent))
  }
  await send('a')
  brokers.firstEpoch = 0
  for (const partition of [0, 1]) {
    brokers.log('t', partition).producers.get(1001)!.lastSequence += 77
  }
  await send('b')
  assert.deepEqual(brokers.initProducerIds, [1001, 1002])
  for (const partition of [0, 1, 2]) assert.deepEqual(brokers.values('t', partition), ['a', 'b'])
})

test('a partition that is late with its gap does not throw the new id away', async () => {
  const { cluster, brokers, producer } = scene({}, 2)
  cluster.metadata.setBroker(2, null)
  cluster.metadata.setTopic('t', 2, (partition) => [partition + 1])
  brokers.firstEpoch = LAST_EPOCH
  await settle(cluster, producer.send('t', { value: 'a', partition: 0 }))
  await settle(cluster, producer.send('t', { value: 'a', partition: 1 }))
  brokers.firstEpoch = 0
  for (const partition of [0, 1]) {
    brokers.log('t', partition).producers.get(1001)!.lastSequence += 77
  }
  brokers.latencyMs = 500
  const late = producer.send('t', { value: 'b', partition: 1 }) // is refused when 0 has its new id
  await cluster.clock.advance(400)
  brokers.latencyMs = 1
  const early = producer.send('t', { value: 'b', partition: 0 })
  assert.equal((await settle(cluster, early)).offset, 1)
  assert.equal((await settle(cluster, late)).offset, 1)
  assert.deepEqual(brokers.initProducerIds, [1001, 1002])
})

test('with the last epochs nothing is lost, doubled or out of order either', async () => {
  let renewed = 0
  for (let seed = 200; seed <= 240; seed++) {
    const result = await underFaults(seed, { deliveryTimeoutMs: 150 }, 150, LAST_EPOCH - 2)
    if (result.brokers.initProducerIds.length > 1) renewed++
    assert.equal(result.acknowledged.size + result.failed.size, 150, `seed ${seed}`)
    checkLogs(seed, result)
  }
  assert.ok(renewed > 10, `only ${renewed} came to a new id: the test tests nothing`)
})

test('without idempotence and with one request at a time order is kept', async () => {
  for (let seed = 1; seed <= 20; seed++) {
    const options = { idempotent: false, maxInFlight: 1, deliveryTimeoutMs: 3_600_000 }
    const { brokers, acknowledged, partitions } = await underFaults(seed, options, 80)
    assert.equal(acknowledged.size, 80)
    for (let partition = 0; partition < partitions; partition++) {
      const values = numbers(brokers, partition)
      // Attempts that were written without an answer are there twice, as they must be.
      const firsts = values.filter((value, i) => values.indexOf(value) === i)
      assert.deepEqual(
        firsts,
        [...firsts].sort((a, b) => a - b),
        `seed ${seed}`,
      )
    }
  }
})
