/** Batches after a change of leader: they go to whom the broker names, at once (KIP-951). */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { scene, settle } from './producer-scene.test-support.ts'

test('the leader that an answer names is sent to at once, where the answer says it is', async () => {
  const { cluster, brokers, producer } = scene({ batchBytes: 100 })
  await settle(cluster, producer.send('t', { value: 'first' }))
  brokers.newLeaders.set('t-0', { leaderId: 2, leaderEpoch: 3 })
  const startMs = cluster.clock.nowMs()
  const sent = Array.from({ length: 20 }, (_, i) => producer.send('t', { value: `${i}` }))
  await settle(cluster, Promise.all(sent))
  const names = sent.map((_, i) => `${i}`)
  assert.deepEqual(brokers.values('t', 0), ['first', ...names], 'once and in order')
  assert.equal(cluster.metadata.brokers.get(2)?.host, 'new-2')
  assert.equal(cluster.metadata.refreshes, 0)
  // Twenty batches, five at a time, and one round trip for the refusal: no pause is as short.
  const roundTrips = (cluster.clock.nowMs() - startMs) / (2 * brokers.latencyMs)
  assert.ok(roundTrips < 25, `${roundTrips} round trips`)
  await settle(cluster, producer.close())
})
