/** The ways of reading, what counts as seen, and what is committed when. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { offsetCommitRequest } from '../../protocol/messages/08-offset-commit.ts'
import { KafkaError } from '../kafka-error.ts'
import type { Consumer } from './consumer.ts'
import { partitionsOf, type Scene, scene, settle, textOf, values } from './scene.test-support.ts'

/** Reads `count` records and leaves the loop with the last one in hand. */
async function read(consumer: Consumer, count: number): Promise<string[]> {
  const seen: string[] = []
  for await (const record of consumer) {
    seen.push(textOf(record))
    if (seen.length === count) break
  }
  return seen
}

/** A consumer of a group that owns the partitions of `t`. */
async function member(options: Parameters<typeof scene>[0] = {}, partitions = 1): Promise<Scene> {
  const made = scene({ groupId: 'g', ...options }, { t: partitions })
  const first = made.consumer.poll({ timeoutMs: 0 })
  await made.member().assign(partitionsOf('t', partitions))
  await settle(made.cluster, first)
  return made
}

test('all records of a topic come in order, across fetches and partitions', async () => {
  const { cluster, logs, consumer } = scene({}, { t: 3 })
  for (let partition = 0; partition < 3; partition++) {
    for (let i = 0; i < 5; i++) {
      logs.append(
        't',
        partition,
        values(4, i * 4).map((text) => `${partition}-${text}`),
      )
    }
  }
  const seen = await settle(cluster, read(consumer, 60))
  for (let partition = 0; partition < 3; partition++) {
    const expected = values(20).map((text) => `${partition}-${text}`)
    assert.deepEqual(
      seen.filter((text) => text.startsWith(`${partition}-`)),
      expected,
    )
  }
  await settle(cluster, consumer.close())
  await cluster.clock.advance(1000) // the last fetch, at the broker
  assert.equal(cluster.clock.pending, 0, 'no timer is left')
})

test('records that come while the loop waits wake it', async () => {
  const { cluster, logs, consumer } = scene()
  const reading = read(consumer, 3)
  await cluster.clock.advance(2000)
  logs.append('t', 0, ['a'])
  await cluster.clock.advance(2000)
  logs.append('t', 0, ['b', 'c'])
  assert.deepEqual(await settle(cluster, reading), ['a', 'b', 'c'])
  await settle(cluster, consumer.close())
})

test('the record that a loop was left with comes again, to the next loop', async () => {
  const { cluster, logs, consumer } = scene()
  logs.append('t', 0, values(4))
  logs.append('t', 0, values(4, 4))
  assert.deepEqual(await settle(cluster, read(consumer, 3)), ['v0', 'v1', 'v2'])
  assert.deepEqual(consumer.position({ topic: 't', partition: 0 }), 2)
  assert.deepEqual(await settle(cluster, read(consumer, 4)), ['v2', 'v3', 'v4', 'v5'])
  await settle(cluster, consumer.close())
})

test('an offset may be committed when the loop asks for the next record', async () => {
  const { cluster, logs, consumer } = await member({ autoCommit: false })
  logs.append('t', 0, values(5))
  const reading = (async () => {
    let count = 0
    for await (const record of consumer) {
      await consumer.commit()
      assert.equal(logs.committed.get('t/0')?.offset, count === 0 ? 0 : record.offset)
      if (++count === 5) break
    }
  })()
  await settle(cluster, reading)
  await settle(cluster, consumer.commit())
  assert.equal(logs.committed.get('t/0')?.offset, 4, 'the fifth was broken out of')
  await settle(cluster, consumer.close())
  assert.equal(logs.committed.get('t/0')?.offset, 4)
})

test('a loop that throws leaves its record uncommitted', async () => {
  const { cluster, logs, consumer } = await member()
  logs.append('t', 0, values(5))
  const reading = (async () => {
    for await (const record of consumer) {
      if (record.offset === 3) throw new Error('the program')
    }
  })()
  await assert.rejects(settle(cluster, reading), /the program/)
  await settle(cluster, consumer.close())
  assert.equal(logs.committed.get('t/0')?.offset, 3)
})

test('auto commit commits what was seen, each interval and at the end', async () => {
  const { cluster, logs, consumer } = await member({ autoCommit: { intervalMs: 1000 } })
  logs.append('t', 0, values(10))
  const asked: (() => void)[] = []
  const reading = (async () => {
    for await (const _ of consumer) await new Promise<void>((resolve) => asked.push(resolve))
  })()
  await cluster.clock.until(() => asked.length === 1)
  await cluster.clock.advance(3000)
  assert.equal(logs.committed.get('t/0')?.offset, 0, 'the first record is still in hand')
  for (let i = 0; i < 4; i++) {
    await cluster.clock.until(() => asked.length > 0)
    asked.shift()!()
  }
  await cluster.clock.until(() => asked.length === 1)
  await cluster.clock.advance(1500)
  assert.equal(logs.committed.get('t/0')?.offset, 4)
  asked.shift()!()
  await cluster.clock.until(() => asked.length === 1)
  await settle(cluster, consumer.close())
  assert.equal(logs.committed.get('t/0')?.offset, 5)
  asked.shift()!()
  await settle(cluster, reading)
})

test('batches are whole, are committed by going on, and come again after break', async () => {
  const { cluster, logs, consumer } = await member({ autoCommit: false })
  logs.append('t', 0, values(3))
  logs.append('t', 0, values(3, 3))
  const first = (async () => {
    for await (const batch of consumer.batches({ maxRecords: 2 })) {
      assert.equal(batch.length, [...batch].length)
      assert.equal([...batch].length, batch.records().length, 'iterated as often as one likes')
      if (batch.firstOffset === 2) {
        assert.equal(batch.nextOffset, 4)
        break
      }
    }
  })()
  await settle(cluster, first)
  await settle(cluster, consumer.commit())
  assert.equal(logs.committed.get('t/0')?.offset, 2)
  const second = (async () => {
    for await (const batch of consumer.batches()) {
      assert.deepEqual(batch.records().map(textOf), ['v2', 'v3', 'v4', 'v5'])
      await batch.commit()
      break
    }
  })()
  await settle(cluster, second)
  assert.equal(logs.committed.get('t/0')?.offset, 6)
  logs.append('t', 0, ['next'])
  assert.deepEqual(await settle(cluster, read(consumer, 1)), ['next'], 'what is committed is seen')
  await settle(cluster, consumer.close())
})

test('poll gives what is there and takes it as seen at the next poll', async () => {
  const { cluster, logs, consumer } = await member({ autoCommit: false }, 2)
  assert.deepEqual(await settle(cluster, consumer.poll({ timeoutMs: 100 })), [])
  logs.append('t', 0, values(3))
  logs.append('t', 1, values(3))
  await cluster.clock.advance(1000)
  const batches = await settle(cluster, consumer.poll({ maxRecords: 4 }))
  assert.deepEqual(
    batches.map(({ length }) => length),
    [3, 1],
  )
  await settle(cluster, consumer.commit())
  assert.equal(logs.committed.get('t/0')?.offset, 0)
  await settle(cluster, consumer.poll())
  await settle(cluster, consumer.commit())
  assert.equal(logs.committed.get('t/0')?.offset, 3)
  assert.equal(logs.committed.get('t/1')?.offset, 1)
  await settle(cluster, consumer.close())
})

test('polls of an idle topic leave nothing behind', async () => {
  const { cluster, consumer } = await member()
  const timers = () => cluster.clock.pending
  await settle(cluster, consumer.poll({ timeoutMs: 50 }))
  const before = timers()
  for (let i = 0; i < 200; i++) await settle(cluster, consumer.poll({ timeoutMs: 5 }))
  assert.ok(timers() <= before + 1)
  await settle(cluster, consumer.close())
})

test('each partition has a stream of its own, and a slow one holds up no other', async () => {
  const { cluster, logs, consumer } = scene({}, { t: 3 })
  const seen = [0, 0, 0]
  let release = () => {}
  const reading = (async () => {
    for await (const stream of consumer.partitions()) {
      void (async () => {
        for await (const batch of stream) {
          seen[stream.partition]! += batch.length
          if (stream.partition === 0) await new Promise<void>((resolve) => (release = resolve))
        }
      })()
    }
  })()
  for (let i = 0; i < 20; i++) {
    for (let partition = 0; partition < 3; partition++) logs.append('t', partition, values(10))
    await cluster.clock.advance(600)
  }
  assert.deepEqual(seen.slice(1), [200, 200])
  assert.ok(seen[0]! < 200)
  const closing = consumer.close()
  release()
  await settle(cluster, closing)
  await settle(cluster, reading)
})

test('one way of reading at a time', async () => {
  const { cluster, logs, consumer } = scene()
  logs.append('t', 0, values(2))
  const loop = consumer[Symbol.asyncIterator]()
  await settle(cluster, loop.next())
  const other = consumer.batches().next()
  await assert.rejects(other, { code: 'INVALID_STATE' })
  await assert.rejects(consumer.poll(), { code: 'INVALID_STATE' })
  await loop.return?.()
  assert.equal((await settle(cluster, consumer.poll())).length, 1)
  await settle(cluster, consumer.close())
  await assert.rejects(consumer.poll(), { code: 'CLOSED' })
})

test('questions that are asked all at once are answered in order', async () => {
  const { cluster, logs, consumer } = scene()
  const loop = consumer[Symbol.asyncIterator]()
  const answers = Promise.all([loop.next(), loop.next(), loop.next()])
  logs.append('t', 0, values(3))
  assert.deepEqual(
    (await settle(cluster, answers)).map(({ value }) => textOf(value)),
    ['v0', 'v1', 'v2'],
  )
  await settle(cluster, consumer.close())
  assert.deepEqual(await loop.next(), { value: undefined, done: true })
})

test('a signal ends a loop that waits', async () => {
  const { cluster, consumer } = scene()
  const over = new AbortController()
  const reading = (async () => {
    for await (const _ of consumer.records({ signal: over.signal })) assert.fail('there is none')
  })()
  await cluster.clock.advance(1000)
  over.abort()
  await settle(cluster, reading)
  await settle(cluster, consumer.close())
})

test('before partitions go the record in hand is given back and what was seen is committed', async () => {
  const told: string[] = []
  const {
    cluster,
    logs,
    consumer,
    member: membership,
  } = await member({
    onRevoked: (partitions) => told.push(`revoked ${partitions.length}`),
    onLost: (partitions) => told.push(`lost ${partitions.length}`),
  })
  logs.append('t', 0, values(5))
  const asked: (() => void)[] = []
  const seen: number[] = []
  const reading = (async () => {
    for await (const record of consumer) {
      seen.push(record.offset)
      await new Promise<void>((resolve) => asked.push(resolve))
    }
  })()
  await cluster.clock.until(() => asked.length === 1)
  asked.shift()!()
  await cluster.clock.until(() => asked.length === 1)
  const revoking = membership().revoke(partitionsOf('t', 1))
  await cluster.clock.advance(5000)
  assert.deepEqual(told, [], 'the loop is still at work on the second record')
  asked.shift()!()
  await settle(cluster, revoking)
  assert.deepEqual([told, seen], [['revoked 1'], [0, 1]])
  assert.equal(logs.committed.get('t/0')?.offset, 2)
  await membership().assign(partitionsOf('t', 1))
  await cluster.clock.until(() => asked.length === 1)
  assert.deepEqual(seen, [0, 1, 2], 'goes on where it was committed')
  await membership().lose(partitionsOf('t', 1))
  assert.deepEqual(told, ['revoked 1', 'lost 1'])
  assert.equal(logs.committed.get('t/0')?.offset, 2, 'nothing is committed of what is lost')
  asked.shift()!()
  await settle(cluster, consumer.close())
  await settle(cluster, reading)
})

test('a revocation that may wait no longer does not wait for a handler', async () => {
  const { cluster, logs, consumer, member: membership } = await member()
  logs.append('t', 0, values(2))
  let signal: AbortSignal | null = null
  const loop = consumer.batches()
  const batch = await settle(cluster, loop.next())
  signal = batch.value!.signal
  assert.equal(signal.aborted, false)
  const over = new AbortController()
  const revoking = membership().revoke(partitionsOf('t', 1), over.signal)
  assert.equal(signal.aborted, true, 'the program is told at once')
  over.abort()
  await settle(cluster, revoking)
  assert.deepEqual(consumer.assignment, [])
  await settle(cluster, consumer.close())
})

test('a program may seek before the first record', async () => {
  const {
    cluster,
    logs,
    consumer,
    member: membership,
  } = scene({
    groupId: 'g',
    onAssigned: async ([first]) => consumer.seek(first!, 3),
  })
  logs.append('t', 0, values(5))
  logs.committed.set('t/0', { offset: 1, leaderEpoch: -1, metadata: '' })
  const reading = read(consumer, 1)
  await membership().assign(partitionsOf('t', 1))
  assert.deepEqual(await settle(cluster, reading), ['v3'])
  await settle(cluster, consumer.close())
})

test('seeks go to offsets, ends and times, and throw away what was fetched', async () => {
  const { cluster, logs, consumer } = scene()
  const partition = { topic: 't', partition: 0 }
  logs.append('t', 0, values(10))
  const next = async () => (await settle(cluster, read(consumer, 1)))[0]
  assert.equal(await next(), 'v0')
  await settle(cluster, consumer.seek(partition, 7))
  assert.equal(await next(), 'v7')
  await settle(cluster, consumer.seek(partition, 'beginning'))
  assert.equal(await next(), 'v0')
  await settle(cluster, consumer.seek(partition, { timestamp: 1004 }))
  assert.equal(await next(), 'v4')
  await settle(cluster, consumer.seek(partition, { timestamp: 99_999 }))
  assert.equal(consumer.position(partition), 10)
  await settle(cluster, consumer.seek(partition, 'end'))
  logs.append('t', 0, ['new'])
  assert.equal(await next(), 'new')
  await assert.rejects(consumer.seek({ topic: 't', partition: 5 }, 0), { code: 'INVALID_STATE' })
  await assert.rejects(consumer.seek(partition, -3), { code: 'INVALID_ARGUMENT' })
  await settle(cluster, consumer.close())
})

test('a seek in the middle of a loop counts from the next record on', async () => {
  const { cluster, logs, consumer } = await member()
  logs.append('t', 0, values(10))
  const seen: number[] = []
  const reading = (async () => {
    for await (const record of consumer) {
      seen.push(record.offset)
      if (seen.length === 2) await consumer.seek({ topic: 't', partition: 0 }, 8)
      if (seen.length === 4) break
    }
  })()
  await settle(cluster, reading)
  assert.deepEqual(seen, [0, 1, 8, 9])
  await settle(cluster, consumer.close())
  assert.equal(logs.committed.get('t/0')?.offset, 9)
})

test('paused partitions give nothing until they go on, and lose nothing', async () => {
  const { cluster, logs, consumer } = scene({}, { t: 2 })
  logs.append('t', 0, values(3))
  logs.append('t', 1, values(3))
  const seen: string[] = []
  const reading = (async () => {
    for await (const record of consumer) {
      seen.push(`${record.partition}-${record.offset}`)
      if (seen.length === 1) consumer.pause([{ topic: 't', partition: record.partition }])
      if (seen.length === 6) break
    }
  })()
  await cluster.clock.advance(5000)
  assert.equal(seen.length, 4)
  const [first] = seen
  const partition = Number(first!.split('-')[0])
  assert.deepEqual(
    consumer.paused.map((one) => one.partition),
    [partition],
  )
  consumer.resume([{ topic: 't', partition }])
  await settle(cluster, reading)
  const order = seen.filter((text) => text.startsWith(`${partition}-`))
  assert.deepEqual(
    order,
    [0, 1, 2].map((offset) => `${partition}-${offset}`),
  )
  await settle(cluster, consumer.close())
})

test('manual assignment begins at offsets, at the group, or by the reset', async () => {
  const { cluster, logs, consumer } = scene({ assigned: true, groupId: 'g' }, { t: 3 })
  for (let partition = 0; partition < 3; partition++) logs.append('t', partition, values(5))
  logs.committed.set('t/1', { offset: 3, leaderEpoch: -1, metadata: 'note' })
  consumer.assign([{ topic: 't', partition: 0, offset: 4 }, ...partitionsOf('t', 3).slice(1)])
  const seen: string[] = []
  const reading = (async () => {
    for await (const record of consumer) {
      seen.push(`${record.partition}-${record.offset}`)
      if (seen.length === 8) break
    }
  })()
  await settle(cluster, reading)
  assert.deepEqual(seen.sort(), ['0-4', '1-3', '1-4', '2-0', '2-1', '2-2', '2-3', '2-4'])
  const offset = { topic: 't', partition: 2, offset: 2, leaderEpoch: 7, metadata: 'x' }
  await settle(cluster, consumer.commit([offset]))
  assert.deepEqual(await settle(cluster, consumer.committed(partitionsOf('t', 3).slice(2))), [
    offset,
  ])
  assert.throws(
    () => scene({ groupId: 'g' }).consumer.assign([]),
    (error) => error instanceof KafkaError && error.code === 'INVALID_STATE',
  )
  await settle(cluster, consumer.close())
})

test('a record, a batch and offsets are committed as they are given', async () => {
  const { cluster, logs, consumer } = await member({ autoCommit: false })
  logs.append('t', 0, values(5), { partitionLeaderEpoch: 0 })
  const reading = (async () => {
    for await (const record of consumer) {
      await consumer.commit(record)
      if (record.offset === 2) break
    }
    const [batch] = await consumer.poll()
    await consumer.commit(batch!)
  })()
  const commits: number[] = []
  await settle(cluster, reading)
  for (const { topics } of cluster.sent(offsetCommitRequest)) {
    commits.push(topics[0]!.partitions[0]!.committedOffset)
  }
  assert.deepEqual(commits, [1, 2, 3, 5])
  await settle(cluster, consumer.close())
})

test('lag is known from the fetches, without a request', async () => {
  const { cluster, logs, consumer } = scene({ isolation: 'read_committed' })
  logs.append('t', 0, values(10))
  logs.log('t', 0).stable = 10
  await settle(cluster, read(consumer, 4))
  const requests = cluster.requests.length
  const [lag] = consumer.lag()
  assert.equal(cluster.requests.length, requests)
  assert.deepEqual(
    [lag?.position, lag?.highWatermark, lag?.lastStableOffset, lag?.lag],
    [3, 10, 10, 7],
  )
  await settle(cluster, consumer.close())
})

test('a stream of records never counts as seen what its reader may still be at work on', async () => {
  const { cluster, logs, consumer } = await member({ autoCommit: false })
  logs.append('t', 0, values(6))
  const stream = consumer.readable()
  const seen: string[] = []
  const reading = (async () => {
    for await (const record of stream) {
      seen.push(textOf(record))
      await consumer.commit()
      const committed = logs.committed.get('t/0')?.offset ?? 0
      assert.ok(committed <= record.offset, `${committed} while at work on ${record.offset}`)
      if (seen.length === 5) break
    }
  })()
  await settle(cluster, reading)
  assert.deepEqual(seen, values(5))
  await cluster.clock.advance(100)
  const again = await settle(cluster, read(consumer, 1))
  assert.ok(Number(again[0]!.slice(1)) <= 4, 'the last one is delivered again')
  await settle(cluster, consumer.close())
})

test('close ends loops, hooks and all, within its time', async () => {
  const {
    cluster,
    consumer,
    member: membership,
  } = await member({
    onRevoked: () => new Promise(() => {}), // never ends
  })
  const closing = consumer.close({ timeoutMs: 2000 })
  const before = cluster.clock.nowMs()
  await settle(cluster, closing)
  assert.ok(cluster.clock.nowMs() - before <= 2100)
  assert.equal(membership().isLeft, false)
  assert.equal(consumer.close(), closing, 'closing twice is closing once')
})
