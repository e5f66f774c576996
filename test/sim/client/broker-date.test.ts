/** A broker whose date is set back goes on: it answers long polls, and lets sessions expire. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { PORT, TestNode } from '../../../src/broker/node.test-support.ts'
import { Kafka } from '../../../src/client/index.ts'

const HOUR_MS = 3_600_000

test('with the date set back, fetches are answered and dead members leave', async () => {
  const node = await TestNode.start({ seed: 7 })
  const { world } = node
  const client = await node.connect()
  await client.createTopic('t', 2)
  const open = (host: string) => {
    const kafka = new Kafka({ brokers: `10.0.0.1:${PORT}`, io: world.node(host) })
    const consumer = kafka.consumer({ groupId: 'g', topics: ['t'], sessionTimeoutMs: 6000 })
    const reading = (async () => {
      for await (const _ of consumer) assert.fail('there are no records')
    })()
    reading.catch(() => {}) // the one that dies
    return { kafka, consumer }
  }
  const first = open('first')
  const second = open('second')
  await world.runUntil(() =>
    [first, second].every(({ consumer }) => consumer.assignment.length === 1),
  )
  await world.advance(2200) // into the middle of a long poll
  const before = first.consumer.stats.fetchTotal
  node.machine.skewMs -= HOUR_MS
  await world.advance(10_000)
  assert.ok(first.consumer.stats.fetchTotal - before > 10, 'long polls are answered')
  world.node('second').kill()
  await world.runUntil(() => first.consumer.assignment.length === 2, 30_000)
  await world.settle(first.kafka.close(), 60_000)
  await node.stop()
})
