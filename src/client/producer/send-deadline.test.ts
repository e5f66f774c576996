/** A send that is told how long it may take, to a topic that nobody knows yet. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { FakeCluster } from '../cluster/fake-cluster.test-support.ts'
import { FakePartitions } from './fake-partitions.test-support.ts'
import { Producer } from './producer.ts'

test('a send with a deadline waits for its topic to be known', async () => {
  const cluster = new FakeCluster()
  const brokers = new FakePartitions(cluster)
  const { metadata } = cluster
  const ensure = metadata.ensure.bind(metadata)
  metadata.ensure = async (name) => {
    await new Promise<void>((resolve) => cluster.clock.after(100, resolve))
    metadata.setTopic(name, 1)
    return ensure(name)
  }
  const producer = new Producer(cluster, {})
  let offset = -1
  const sent = producer.send('t', { value: 'a' }, { timeoutMs: 5000 })
  const noted = sent.then((metadata) => {
    offset = metadata.offset
  })
  await cluster.clock.until(() => offset >= 0)
  await noted
  assert.deepEqual([offset, brokers.values('t', 0)], [0, ['a']])
})
