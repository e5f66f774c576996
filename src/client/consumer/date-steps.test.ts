/** A date that is set back does not stop a consumer: what it waits for is not counted in dates. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { KafkaError } from '../kafka-error.ts'
import { partitionsOf, scene, settle, textOf, values } from './scene.test-support.ts'

const HOUR_MS = 3_600_000

test('fetches that failed are tried again and auto commit goes on with the date set back', async () => {
  const { cluster, logs, consumer, member } = scene({ groupId: 'g' })
  const seen: string[] = []
  const reading = (async () => {
    for await (const record of consumer) seen.push(textOf(record))
  })()
  await member().assign(partitionsOf('t', 1))
  await cluster.clock.advance(2000)
  logs.fetchErrors.push(new KafkaError('NETWORK_ERROR', 'gone'))
  logs.append('t', 0, values(1))
  await cluster.clock.until(() => logs.fetchErrors.length === 0)
  cluster.clock.dateOffMs = -HOUR_MS
  logs.append('t', 0, values(3, 1))
  await cluster.clock.advance(10_000)
  assert.deepEqual(seen, values(4))
  assert.equal(logs.committed.get('t/0')?.offset, 4)
  await settle(cluster, consumer.close())
  await reading
})
