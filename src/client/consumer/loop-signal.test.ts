/** The signal of a loop ends it at the next question, however many records are there already. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { scene, settle, textOf, values } from './scene.test-support.ts'

test('a signal ends a loop over records that has more at hand', async () => {
  const { cluster, logs, consumer } = scene()
  logs.append('t', 0, values(50))
  const stop = new AbortController()
  const seen: string[] = []
  const reading = (async () => {
    for await (const record of consumer.records({ signal: stop.signal })) {
      seen.push(textOf(record))
      if (seen.length === 3) stop.abort()
    }
  })()
  await settle(cluster, reading)
  assert.deepEqual(seen, values(3))
  assert.equal(consumer.position({ topic: 't', partition: 0 }), 3, 'the third was asked beyond')
  await settle(cluster, consumer.close())
})

test('a signal ends a loop over batches that has more at hand, and the batch was seen', async () => {
  const { cluster, logs, consumer } = scene()
  logs.append('t', 0, values(50))
  const stop = new AbortController()
  let count = 0
  const reading = (async () => {
    for await (const batch of consumer.batches({ maxRecords: 5, signal: stop.signal })) {
      count += [...batch].length
      stop.abort()
    }
  })()
  await settle(cluster, reading)
  assert.equal(count, 5)
  assert.equal(consumer.position({ topic: 't', partition: 0 }), 5)
  await settle(cluster, consumer.close())
})

test('a loop whose signal is aborted already gives nothing', async () => {
  const { cluster, logs, consumer } = scene()
  logs.append('t', 0, values(5))
  const signal = AbortSignal.abort()
  const seen: unknown[] = []
  const reading = (async () => {
    for await (const record of consumer.records({ signal })) seen.push(record)
    for await (const batch of consumer.batches({ signal })) seen.push(batch)
    for await (const stream of consumer.partitions({ signal })) seen.push(stream)
    seen.push(...(await consumer.poll({ signal })))
  })()
  await cluster.clock.advance(5000)
  await settle(cluster, reading)
  assert.deepEqual(seen, [])
  await settle(cluster, consumer.close())
})

test('closing ends a loop after the record in hand, however many are at hand', async () => {
  const { cluster, logs, consumer } = scene()
  logs.append('t', 0, values(50))
  const seen: string[] = []
  let closing: Promise<void> | undefined
  const reading = (async () => {
    for await (const record of consumer) {
      seen.push(textOf(record))
      if (seen.length === 3) closing = consumer.close()
    }
  })()
  await settle(cluster, reading)
  await settle(cluster, closing!)
  assert.deepEqual(seen, values(3))
})
