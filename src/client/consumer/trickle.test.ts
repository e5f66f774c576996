/** Records that trickle in while the program is slow: they gather at the broker, not here. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { fetchRequest } from '../../protocol/messages/01-fetch.ts'
import { scene, settle } from './scene.test-support.ts'

const RECORDS = 2000
const HANDLER_MS = 100

test('a slow program gets what has come meanwhile as one batch, by one fetch', async () => {
  const { cluster, logs, consumer } = scene()
  const lengths: number[] = []
  void (async () => {
    for await (const batch of consumer.batches()) {
      lengths.push(batch.length)
      await new Promise<void>((resolve) => cluster.clock.after(HANDLER_MS, resolve))
    }
  })()
  for (let i = 0; i < RECORDS; i++) {
    logs.append('t', 0, [`${i}`])
    await cluster.clock.advance(1)
  }
  await cluster.clock.advance(1000)
  const sum = lengths.reduce((total, length) => total + length, 0)
  assert.equal(sum, RECORDS, 'the program keeps up')
  const fetches = cluster.sent(fetchRequest).length
  assert.ok(fetches < 3 * (RECORDS / HANDLER_MS), `${fetches} fetches, batches of ${lengths}`)
  await settle(cluster, consumer.close())
})

test('how far a program that hangs is behind is known all the same', async () => {
  const { cluster, logs, consumer } = scene()
  void (async () => {
    for await (const _ of consumer.batches()) await new Promise(() => {})
  })()
  for (let i = 0; i < 300; i++) {
    logs.append('t', 0, [`${i}`])
    await cluster.clock.advance(100)
  }
  const lag = consumer.lag()[0]?.lag ?? 0
  assert.ok(lag > 280, `${lag} of 300`)
  assert.ok(cluster.sent(fetchRequest).length < 50, 'and few fetches tell it')
  const closed = consumer.close({ timeoutMs: 1000 })
  await settle(cluster, closed)
})
