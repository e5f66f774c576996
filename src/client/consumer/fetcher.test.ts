/** Fetching ahead: bounds, fairness, errors, leaders, truncation, positions that must be found. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { ErrorCode } from '../../protocol/errors.ts'
import { fetchRequest } from '../../protocol/messages/01-fetch.ts'
import { listOffsetsRequest } from '../../protocol/messages/02-list-offsets.ts'
import { offsetFetchRequest } from '../../protocol/messages/09-offset-fetch.ts'
import { KafkaError } from '../kafka-error.ts'
import type { Consumer } from './consumer.ts'
import type { Stall } from './options.ts'
import { partitionsOf, scene, settle, textOf, values } from './scene.test-support.ts'

async function read(consumer: Consumer, count: number): Promise<string[]> {
  const seen: string[] = []
  for await (const record of consumer) {
    seen.push(textOf(record))
    if (seen.length === count) break
  }
  return seen
}

/** Reads without end into a list. */
function collect(consumer: Consumer): string[] {
  const seen: string[] = []
  void (async () => {
    for await (const record of consumer) seen.push(textOf(record))
  })()
  return seen
}

test('with a stopped handler what is buffered stays within its bound', async () => {
  const bufferBytes = 20_000
  const { cluster, logs, consumer } = scene({ bufferBytes, partitionFetchBytes: 4000 }, { t: 4 })
  const big = 'x'.repeat(500)
  let appended = 0
  for (let i = 0; i < 60; i++) {
    for (let partition = 0; partition < 4; partition++) {
      logs.append('t', partition, [big])
      appended += 500
    }
  }
  const loop = consumer.batches()
  const first = await settle(cluster, loop.next())
  await cluster.clock.advance(60_000)
  const fetched = cluster.sent(fetchRequest).length
  await cluster.clock.advance(60_000)
  const later = cluster.sent(fetchRequest).length
  assert.equal(later, fetched, 'a full buffer asks for nothing')
  assert.ok(consumer.stats.bufferedBytes <= bufferBytes + 1000, `${consumer.stats.bufferedBytes}`)
  assert.ok(appended > 5 * bufferBytes)
  let count = first.value!.length
  const rest = (async () => {
    for await (const batch of loop) {
      count += batch.length
      if (count === 240) break
    }
  })()
  await settle(cluster, rest)
  assert.equal(count, 240)
  await settle(cluster, consumer.close())
  assert.equal(consumer.stats.bufferedBytes, 0, 'all memory is accounted for')
})

test('a batch larger than all bounds comes through', async () => {
  const { cluster, logs, consumer } = scene({ bufferBytes: 2000, partitionFetchBytes: 1000 })
  logs.append('t', 0, ['x'.repeat(10_000)])
  logs.append('t', 0, ['after'])
  const seen = await settle(cluster, read(consumer, 2))
  assert.deepEqual([seen[0]!.length, seen[1]], [10_000, 'after'])
  await settle(cluster, consumer.close())
})

test('a full buffer of paused partitions makes room for the others', async () => {
  const options = { bufferBytes: 3000, partitionFetchBytes: 1500 }
  const { cluster, logs, consumer } = scene(options, { t: 2 })
  for (let i = 0; i < 6; i++) logs.append('t', 0, ['x'.repeat(2900)])
  const seen: number[] = []
  void (async () => {
    for await (const { partition } of consumer) {
      seen.push(partition)
      if (seen.length === 1) consumer.pause([{ topic: 't', partition: 0 }])
    }
  })()
  await cluster.clock.advance(3000)
  logs.append('t', 1, values(3))
  await cluster.clock.advance(3000)
  assert.deepEqual(seen, [0, 1, 1, 1])
  consumer.resume([{ topic: 't', partition: 0 }])
  await cluster.clock.advance(3000)
  assert.equal(seen.length, 9)
  await settle(cluster, consumer.close())
})

test('sessions are used, and made anew when the broker has lost them', async () => {
  const { cluster, logs, consumer } = scene({}, { t: 3 })
  const seen = collect(consumer)
  logs.append('t', 0, ['a'])
  await cluster.clock.advance(2000)
  const idle = cluster.sent(fetchRequest).at(-1)!
  assert.deepEqual([idle.topics, idle.sessionEpoch > 1], [[], true], 'nothing to say')
  logs.sessions.clear()
  logs.append('t', 1, ['b'])
  await cluster.clock.advance(2000)
  logs.fetchErrors.push(ErrorCode.INVALID_FETCH_SESSION_EPOCH, new KafkaError('NETWORK_ERROR', 'x'))
  logs.append('t', 2, ['c'])
  await cluster.clock.advance(5000)
  assert.deepEqual(seen, ['a', 'b', 'c'])
  await settle(cluster, consumer.close())
  assert.equal(logs.sessions.size <= 1, true)
})

test('one partition in trouble does not hold up the others of its broker', async () => {
  const { cluster, logs, consumer } = scene({}, { t: 2 })
  const log = logs.log('t', 0)
  for (let i = 0; i < 50; i++) log.faults.push({ errorCode: ErrorCode.NOT_LEADER_OR_FOLLOWER })
  const seen = collect(consumer)
  for (let i = 0; i < 20; i++) {
    logs.append('t', 1, [`v${i}`])
    await cluster.clock.advance(20)
  }
  assert.equal(seen.length >= 18, true, `${seen.length}`)
  log.faults.length = 0
  logs.append('t', 0, ['well again'])
  await cluster.clock.advance(3000)
  assert.ok(seen.includes('well again'))
  await settle(cluster, consumer.close())
})

test('a replica near by is read when the leader says so, and left when it fails', async () => {
  const { cluster, logs, consumer } = scene({ rack: 'here' })
  cluster.metadata.setBroker(2, 'here')
  const log = logs.log('t', 0)
  log.preferredReplica = 2
  const seen = collect(consumer)
  logs.append('t', 0, ['a'])
  await cluster.clock.advance(1000)
  logs.append('t', 0, ['b'])
  await cluster.clock.advance(1000)
  const last = () => cluster.requests.filter(({ name }) => name === 'FetchRequest').at(-1)!
  assert.equal(last().brokerId, 2)
  assert.equal(cluster.sent(fetchRequest)[0]!.rackId, 'here')
  log.preferredReplica = -1
  log.faults.push({ errorCode: ErrorCode.OFFSET_OUT_OF_RANGE })
  logs.append('t', 0, ['c'])
  await cluster.clock.advance(2000)
  assert.equal(last().brokerId, 1, 'the leader has the last word')
  assert.deepEqual(seen, ['a', 'b', 'c'])
  await settle(cluster, consumer.close())
})

test('damage is fetched once more before the program hears of it', async () => {
  const { cluster, logs, consumer } = scene()
  logs.append('t', 0, values(2))
  const log = logs.log('t', 0)
  const damaged = log.batches[0]!.slice()
  damaged[damaged.length - 1]! ^= 1
  log.faults.push({ records: damaged, highWatermark: 2 })
  assert.deepEqual(await settle(cluster, read(consumer, 2)), ['v0', 'v1'])
  await settle(cluster, consumer.close())

  const other = scene()
  other.logs.append('t', 0, values(2))
  other.logs.append('t', 0, ['fine'])
  other.logs.log('t', 0).batches[0] = damaged
  for (let i = 0; i < 2; i++) {
    const reading = settle(other.cluster, read(other.consumer, 2))
    await assert.rejects(reading, { code: 'CORRUPT_DATA', topic: 't', partition: 0, offset: 0 })
  }
  await settle(other.cluster, other.consumer.seek({ topic: 't', partition: 0 }, 2))
  assert.deepEqual(await settle(other.cluster, read(other.consumer, 1)), ['fine'])
  await settle(other.cluster, other.consumer.close())
})

test('an offset that is gone is reset by the policy, or told', async () => {
  for (const autoOffsetReset of ['earliest', 'none'] as const) {
    const { cluster, logs, consumer } = scene({ assigned: true, autoOffsetReset })
    logs.append('t', 0, values(10))
    logs.log('t', 0).start = 5
    logs.log('t', 0).batches.length = 0
    logs.append('t', 0, ['v10'])
    logs.log('t', 0).start = 10
    consumer.assign([{ topic: 't', partition: 0, offset: 2 }])
    const reading = settle(cluster, read(consumer, 1))
    if (autoOffsetReset === 'none') {
      await assert.rejects(reading, { code: 'OFFSET_OUT_OF_RANGE', offset: 2 })
    } else {
      assert.deepEqual(await reading, ['v10'])
    }
    await settle(cluster, consumer.close())
  }
})

test('without a committed offset the policy says where to begin', async () => {
  const begin = async (autoOffsetReset: 'latest' | 'none' | { durationMs: number }) => {
    const { cluster, logs, consumer } = scene({ assigned: true, groupId: 'g', autoOffsetReset })
    logs.append('t', 0, values(10))
    consumer.assign(partitionsOf('t', 1))
    const reading = settle(cluster, read(consumer, 1))
    reading.catch(() => {})
    await cluster.clock.advance(100)
    logs.append('t', 0, ['new'])
    try {
      return await reading
    } finally {
      await settle(cluster, consumer.close())
    }
  }
  assert.deepEqual(await begin('latest'), ['new'])
  await assert.rejects(begin('none'), { code: 'NO_OFFSET' })
  // The virtual time is a thousand seconds; records are stamped 1000 and their offset.
  assert.deepEqual(await begin({ durationMs: 1_000_000 - 1004 }), ['v4'])
  assert.deepEqual(await begin({ durationMs: 0 }), ['new'])
})

test('a seek is not undone by an answer that comes late', async () => {
  const { cluster, logs, consumer } = scene({ autoOffsetReset: 'latest' })
  logs.append('t', 0, values(10))
  let answer = () => {}
  cluster.on(listOffsetsRequest, async () => {
    await new Promise<void>((resolve) => (answer = resolve))
    const partition = {
      partitionIndex: 0,
      errorCode: 0,
      timestamp: -1,
      offset: 10,
      leaderEpoch: -1,
    }
    return { topics: [{ name: 't', partitions: [partition] }] }
  })
  const reading = read(consumer, 1)
  await cluster.clock.advance(100)
  await settle(cluster, consumer.seek({ topic: 't', partition: 0 }, 3))
  answer()
  assert.deepEqual(await settle(cluster, reading), ['v3'])
  await settle(cluster, consumer.close())
})

test('offsets are asked for again while brokers do not know them', async () => {
  const { cluster, logs, consumer } = scene({ groupId: 'g', assigned: true })
  logs.append('t', 0, values(3))
  const codes = [
    ErrorCode.COORDINATOR_LOAD_IN_PROGRESS,
    ErrorCode.NOT_COORDINATOR,
    ErrorCode.UNSTABLE_OFFSET_COMMIT,
  ]
  cluster.on(offsetFetchRequest, ({ groups }) => {
    const errorCode = codes.shift() ?? 0
    const topics = [{ name: 't', partitions: [{ ...NONE, committedOffset: 1 }] }]
    return { groups: [{ groupId: groups[0]!.groupId, errorCode, topics }] }
  })
  consumer.assign(partitionsOf('t', 1))
  assert.deepEqual(await settle(cluster, read(consumer, 1)), ['v1'])
  assert.equal(cluster.forgotten, 1)
  await settle(cluster, consumer.close())
})

const NONE = { partitionIndex: 0, committedLeaderEpoch: -1, metadata: '', errorCode: 0 }

/** Moves the partition's leadership to another epoch. */
function elect(
  { cluster, logs }: Pick<ReturnType<typeof scene>, 'cluster' | 'logs'>,
  epoch: number,
) {
  logs.log('t', 0).leaderEpoch = epoch
  const topic = cluster.metadata.topic('t')!
  const [partition] = topic.partitions
  ;(topic.partitions as unknown[])[0] = { ...partition, leaderEpoch: epoch }
}

test('after a new leader the position is checked before anything is fetched', async () => {
  const made = scene()
  const { cluster, logs, consumer } = made
  const seen = collect(consumer)
  logs.append('t', 0, values(4))
  await cluster.clock.advance(1000)
  logs.log('t', 0).epochEnds.set(0, 4)
  elect(made, 1)
  logs.append('t', 0, ['of the new leader'])
  await cluster.clock.advance(3000)
  assert.deepEqual(seen, [...values(4), 'of the new leader'])
  await settle(cluster, consumer.close())
})

test('a log that was truncated is read again from where it parted, or told', async () => {
  for (const autoOffsetReset of ['earliest', 'none'] as const) {
    const made = scene({ assigned: true, autoOffsetReset })
    const { cluster, logs, consumer } = made
    const log = logs.log('t', 0)
    logs.append('t', 0, values(2))
    logs.append('t', 0, values(2, 2))
    consumer.assign([{ topic: 't', partition: 0, offset: 0 }])
    const seen: string[] = []
    let error: KafkaError | null = null
    void (async () => {
      try {
        for await (const record of consumer) seen.push(textOf(record))
      } catch (caught) {
        error = caught as KafkaError
      }
    })()
    await cluster.clock.advance(1000)
    assert.equal(seen.length, 4)
    log.batches.length = 1
    log.end = 2
    log.epochEnds.set(0, 2)
    elect(made, 1)
    logs.append('t', 0, ['another v2', 'another v3', 'another v4'])
    await cluster.clock.advance(3000)
    if (autoOffsetReset === 'none') {
      assert.equal((error as KafkaError | null)?.code, 'LOG_TRUNCATED')
      assert.equal(seen.length, 4)
    } else {
      assert.deepEqual(seen.slice(4), ['another v2', 'another v3', 'another v4'])
    }
    await settle(cluster, consumer.close())
  }
})

test('a topic that was deleted and made again is read from its beginning', async () => {
  const { cluster, logs, consumer } = scene({ autoOffsetReset: 'latest' })
  const seen = collect(consumer)
  await cluster.clock.advance(1000)
  logs.append('t', 0, values(5))
  await cluster.clock.advance(1000)
  cluster.metadata.deleteTopic('t')
  logs.logs.clear()
  await cluster.clock.advance(1000)
  cluster.metadata.setTopic('u', 1) // ids are made of names: this one is given to the new topic
  const { id } = cluster.metadata.topic('u')!
  cluster.metadata.deleteTopic('u')
  cluster.metadata.setTopic('t', 1)
  Object.assign(cluster.metadata.topic('t')!, { id })
  logs.append('t', 0, ['of the new topic'])
  await cluster.clock.advance(3000)
  assert.deepEqual(seen, [...values(5), 'of the new topic'])
  await settle(cluster, consumer.close())
})

test('partitions that are added to a topic are read from their beginning', async () => {
  const { cluster, logs, consumer } = scene({ autoOffsetReset: 'latest' })
  const seen = collect(consumer)
  await cluster.clock.advance(1000)
  logs.append('t', 1, ['early'])
  cluster.metadata.setTopic('t', 2)
  await cluster.clock.advance(1000)
  assert.deepEqual(seen, ['early'])
  await settle(cluster, consumer.close())
})

test('a topic without authorization is told, and tried again by the next loop', async () => {
  const { cluster, logs, consumer } = scene()
  logs.append('t', 0, values(1))
  logs.log('t', 0).faults.push({ errorCode: ErrorCode.TOPIC_AUTHORIZATION_FAILED })
  const code = 'TOPIC_AUTHORIZATION_FAILED'
  await assert.rejects(settle(cluster, read(consumer, 1)), { code, topic: 't', partition: 0 })
  assert.deepEqual(await settle(cluster, read(consumer, 1)), ['v0'])
  await settle(cluster, consumer.close())
})

test('a halt is told once, with its reason, and again after it was over', async () => {
  const stalls: Stall[] = []
  const onStalled = (stall: Stall) => void stalls.push(stall)
  const { cluster, logs, consumer } = scene({ onStalled, stalledAfterMs: 10_000 })
  const told = () => stalls.splice(0).map(({ reason }) => reason)
  const seen = collect(consumer)
  await cluster.clock.advance(60_000)
  assert.deepEqual(told(), [], 'an idle topic is no halt')
  cluster.metadata.setTopic('t', 1, () => [])
  await cluster.clock.advance(60_000)
  assert.deepEqual(told(), ['no-leader'])
  cluster.metadata.setTopic('t', 1)
  logs.append('t', 0, ['a'])
  await cluster.clock.advance(60_000)
  assert.deepEqual([told(), seen], [[], ['a']])
  cluster.metadata.setTopic('t', 1, () => [])
  await cluster.clock.advance(60_000)
  assert.deepEqual(told(), ['no-leader'])
  await settle(cluster, consumer.close())
})

test('a program that asks for nothing while there are records is told', async () => {
  const stalls: Stall[] = []
  const onStalled = (stall: Stall) => void stalls.push(stall)
  const { cluster, logs, consumer } = scene({ onStalled, stalledAfterMs: 10_000 }, { t: 2 })
  logs.append('t', 0, values(2))
  logs.append('t', 1, values(2))
  const loop = consumer.batches()
  await settle(cluster, loop.next())
  await cluster.clock.advance(60_000)
  assert.deepEqual(
    stalls.map(({ reason }) => reason),
    ['handler'],
  )
  await settle(cluster, consumer.close())
})

test('the membership hears of progress while the program waits or works, and not else', async () => {
  const { cluster, logs, consumer, member } = scene({ groupId: 'g' })
  const loop = consumer[Symbol.asyncIterator]()
  const first = loop.next()
  await member().assign(partitionsOf('t', 1))
  await cluster.clock.advance(10_000)
  assert.ok(member().progresses >= 9, 'it waits')
  logs.append('t', 0, values(500))
  await settle(cluster, first)
  await cluster.clock.advance(2000)
  const before = member().progresses
  await cluster.clock.advance(30_000)
  assert.equal(member().progresses, before, 'the handler hangs')
  for (let i = 0; i < 10; i++) {
    await loop.next()
    await cluster.clock.advance(1000)
  }
  assert.ok(member().progresses >= before + 9, 'a slow one goes on record by record')
  await settle(cluster, consumer.close())
})
