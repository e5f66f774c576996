/** What halts a consumer without a word is told: brokers, groups and topics that fail. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { fetchRequest } from '../../protocol/messages/01-fetch.ts'
import { KafkaError } from '../kafka-error.ts'
import type { ConsumerOptions, Stall } from './options.ts'
import { partitionsOf, scene, settle, values } from './scene.test-support.ts'

/** A consumer whose loop waits for records, and what it was told of since it was last looked at. */
function watched(options: Partial<ConsumerOptions> = {}, topics?: Record<string, number>) {
  const stalls: Stall[] = []
  const onStalled = (stall: Stall) => void stalls.push(stall)
  const made = scene({ onStalled, stalledAfterMs: 10_000, ...options }, topics)
  const reading = (async () => {
    for await (const _record of made.consumer);
  })()
  return { ...made, reading, told: () => stalls.splice(0) }
}

const reasons = (stalls: readonly Stall[]) => stalls.map(({ reason }) => reason)

test('a broker that answers no fetch is told once, with what was last heard', async () => {
  const { cluster, logs, consumer, reading, told } = watched()
  await cluster.clock.advance(5000)
  const refused = new KafkaError('NETWORK_ERROR', 'connection refused')
  logs.fetchErrors.push(...Array.from({ length: 10_000 }, () => refused))
  await cluster.clock.advance(60_000)
  const stalls = told()
  assert.deepEqual(reasons(stalls), ['no-answer'])
  assert.match(stalls[0]!.message, /t-0 .*connection refused/)
  logs.fetchErrors.length = 0
  await cluster.clock.advance(60_000)
  assert.deepEqual(told(), [], 'it is over')
  cluster.on(fetchRequest, () => new Promise(() => {}))
  await cluster.clock.advance(60_000)
  assert.deepEqual(reasons(told()), ['no-answer'], 'frozen')
  await settle(cluster, consumer.close())
  await reading
})

test('a partition that was paused for long is no halt when it goes on', async () => {
  const { cluster, consumer, reading, told } = watched()
  await cluster.clock.advance(5000)
  consumer.pause(partitionsOf('t', 1))
  await cluster.clock.advance(60_000)
  consumer.resume(partitionsOf('t', 1))
  await cluster.clock.advance(60_000)
  assert.deepEqual(told(), [])
  await settle(cluster, consumer.close())
  await reading
})

test('a consumer that does not get into its group is told, and again after it fell out', async () => {
  const { cluster, consumer, member, reading, told } = watched({ groupId: 'g' })
  member().isMember = false
  member().stats.noteProblem('joining', new Error('no coordinator'))
  await cluster.clock.advance(60_000)
  const stalls = told()
  assert.deepEqual(reasons(stalls), ['no-assignment'])
  assert.match(stalls[0]!.message, /group g .*joining: no coordinator/)
  member().isMember = true
  await cluster.clock.advance(60_000)
  assert.deepEqual(told(), [], 'a member without partitions is not stalled')
  member().isMember = false
  await cluster.clock.advance(60_000)
  assert.deepEqual(reasons(told()), ['no-assignment'])
  await settle(cluster, consumer.close())
  await reading
})

test('topics that are not there are told by name, with a group and without', async () => {
  for (const options of [{ groupId: 'g' }, {}]) {
    const { cluster, consumer, reading, told } = watched({ ...options, topics: ['typo'] })
    await cluster.clock.advance(60_000)
    const stalls = told()
    assert.deepEqual(reasons(stalls), ['no-assignment'])
    assert.match(stalls[0]!.message, /typo/)
    await settle(cluster, consumer.close())
    await reading
  }
})

test('a handler that hangs beyond its partitions does not count as progress', async () => {
  const { cluster, logs, consumer, member } = scene({ groupId: 'g' })
  logs.append('t', 0, values(2))
  const loop = consumer[Symbol.asyncIterator]()
  const first = loop.next()
  await member().assign(partitionsOf('t', 1))
  await settle(cluster, first)
  await member().lose(partitionsOf('t', 1))
  await cluster.clock.advance(2000)
  const before = member().progresses
  await cluster.clock.advance(60_000)
  assert.equal(member().progresses, before, 'it must not join again before the handler has ended')
  const next = loop.next()
  await cluster.clock.advance(5000)
  assert.ok(member().progresses > before)
  await settle(cluster, consumer.close())
  await next
})
