/** One leader answers nothing: partitions of the others find their places, and are read. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { listOffsetsRequest } from '../../protocol/messages/02-list-offsets.ts'
import { type Scene, scene, settle, textOf } from './scene.test-support.ts'

/** Two partitions, of which broker 1 leads the first, and hangs, and broker 2 the second. */
function hanging(): Scene & { readonly seen: string[]; readonly wake: () => void } {
  const world = scene({}, { t: 2 })
  const { cluster, logs, consumer } = world
  cluster.metadata.setBroker(2, null)
  cluster.metadata.setTopic('t', 2, (partition) => [partition + 1])
  const { promise, resolve: wake } = Promise.withResolvers<void>()
  logs.hung.set(1, promise)
  logs.append('t', 0, ['a'])
  logs.append('t', 1, ['b'])
  const seen: string[] = []
  void (async () => {
    for await (const record of consumer) seen.push(textOf(record))
  })()
  return { ...world, seen, wake }
}

test('where to begin is found out of each leader for itself', async () => {
  const { cluster, seen, consumer, wake } = hanging()
  await cluster.clock.advance(1000)
  assert.deepEqual(seen, ['b'])
  wake()
  await cluster.clock.advance(1000)
  assert.deepEqual(seen, ['b', 'a'])
  await settle(cluster, consumer.close())
})

test('a seek does not wait for what another leader was asked before', async () => {
  const { cluster, seen, consumer, wake } = hanging()
  await cluster.clock.advance(1000)
  const partition = { topic: 't', partition: 1 }
  const sought = consumer.seek(partition, 'beginning')
  let isDone = false
  sought.then(() => (isDone = true))
  await cluster.clock.advance(1000)
  assert.ok(isDone)
  assert.deepEqual(seen, ['b', 'b'])
  wake()
  await cluster.clock.advance(1000)
  await settle(cluster, consumer.close())
})

test('a partition that is asked for is not asked for once more', async () => {
  const { cluster, seen, consumer, wake } = hanging()
  await cluster.clock.advance(1000)
  for (let i = 0; i < 5; i++) {
    void consumer.seek({ topic: 't', partition: 1 }, 'beginning')
    await cluster.clock.advance(100)
  }
  const asked = cluster.requests.filter(
    ({ name, brokerId }) => name === listOffsetsRequest.name && brokerId === 1,
  )
  assert.equal(asked.length, 1)
  wake()
  await cluster.clock.advance(1000)
  assert.equal(seen.filter((value) => value === 'a').length, 1)
  await settle(cluster, consumer.close())
})

test('after a change of leaders each new one is asked for itself', async () => {
  const { cluster, logs, seen, consumer, wake } = hanging()
  wake()
  await cluster.clock.advance(1000)
  assert.deepEqual(seen.toSorted(), ['a', 'b'])
  const { promise, resolve } = Promise.withResolvers<void>()
  logs.hung.set(1, promise)
  for (const partition of [0, 1]) {
    logs.log('t', partition).leaderEpoch = 1
    logs.log('t', partition).epochEnds.set(0, 1)
    cluster.metadata.learnLeader('t', partition, 2 - partition, 1) // they change places
  }
  logs.append('t', 0, ['c'])
  logs.append('t', 1, ['d'])
  await cluster.clock.advance(1000)
  assert.deepEqual(seen.slice(2), ['c'])
  resolve()
  await cluster.clock.advance(1000)
  assert.deepEqual(seen.slice(2), ['c', 'd'])
  await settle(cluster, consumer.close())
})
