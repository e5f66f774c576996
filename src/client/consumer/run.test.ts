/** `run`: order, concurrency, retries, dead letters, and what is committed of what was handled. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { Prng } from '../../base/prng.ts'
import { headerEntries } from '../headers.ts'
import { serde, topic } from '../index.ts'
import { DEAD_LETTER_HEADERS } from './dead-letters.ts'
import type { ConsumerOptions } from './options.ts'
import type { RunOptions } from './run-options.ts'
import { partitionsOf, scene, settle, textOf, values } from './scene.test-support.ts'

/** A consumer of a group that owns the partitions of `t`. */
async function member(options: Partial<ConsumerOptions> = {}, partitions = 1) {
  const made = scene(
    { groupId: 'g', autoCommit: { intervalMs: 100 }, ...options },
    { t: partitions },
  )
  const first = made.consumer.poll({ timeoutMs: 0 })
  await made.member().assign(partitionsOf('t', partitions))
  await settle(made.cluster, first)
  return made
}

function sleeper(made: Awaited<ReturnType<typeof member>>) {
  return (delayMs: number) =>
    new Promise<void>((resolve) => made.cluster.clock.after(delayMs, resolve))
}

test('each record is handled once, in order, one at a time', async () => {
  const made = await member({}, 2)
  const { cluster, logs, consumer } = made
  const sleep = sleeper(made)
  for (const partition of [0, 1]) logs.append('t', partition, values(20))
  const seen: string[] = []
  let active = 0
  const running = consumer.run({
    handler: async (record, { signal, attempt }) => {
      assert.deepEqual([++active, signal.aborted, attempt], [1, false, 1])
      await sleep(10)
      active--
      seen.push(`${record.partition}-${record.offset}`)
    },
  })
  await cluster.clock.until(() => seen.length === 40)
  await settle(cluster, consumer.close())
  await settle(cluster, running)
  for (const partition of [0, 1]) {
    const expected = values(20).map((_, offset) => `${partition}-${offset}`)
    assert.deepEqual(
      seen.filter((text) => text.startsWith(`${partition}-`)),
      expected,
    )
    assert.equal(logs.committed.get(`t/${partition}`)?.offset, 20)
  }
})

test('with concurrency partitions are handled side by side, each in order', async () => {
  const made = await member({}, 4)
  const { cluster, logs, consumer } = made
  const sleep = sleeper(made)
  for (let partition = 0; partition < 4; partition++) logs.append('t', partition, values(5))
  const startMs = cluster.clock.nowMs()
  const next = [0, 0, 0, 0]
  const running = consumer.run({
    concurrency: 4,
    handler: async ({ partition, offset }) => {
      await sleep(100)
      assert.equal(offset, next[partition]!++)
    },
  })
  await cluster.clock.until(() => next.every((offset) => offset === 5))
  assert.ok(cluster.clock.nowMs() - startMs < 1000, 'not one after another')
  await settle(cluster, consumer.close())
  await settle(cluster, running)
})

for (const ordering of ['partition', 'key', 'none'] as const) {
  test(`commits never pass what is not handled, whatever ends when (${ordering})`, async () => {
    const check = async (seed: number) => {
      const random = new Prng(seed)
      const made = await member({ bufferBytes: 4000, partitionFetchBytes: 1000 }, 2)
      const { cluster, logs, consumer } = made
      const sleep = sleeper(made)
      const counts = [30, 30]
      for (const partition of [0, 1]) {
        for (let i = 0; i < 10; i++) {
          const batch = values(3, i * 3).map((text) => `k${random.int(4)}=${text}`)
          logs.append('t', partition, batch)
        }
      }
      const done = [new Set<number>(), new Set<number>()]
      const busy = new Set<string>()
      const last = new Map<string, number>()
      let active = 0
      const check = () => {
        for (const partition of [0, 1]) {
          const committed = logs.committed.get(`t/${partition}`)?.offset ?? 0
          for (let offset = 0; offset < committed; offset++) {
            assert.ok(done[partition]!.has(offset), `${partition}: ${committed} passes ${offset}`)
          }
        }
      }
      const handler: RunOptions['handler'] = async ({ partition, offset, key }) => {
        assert.ok(++active <= 5)
        const lane = `${partition}/${ordering === 'key' ? Buffer.from(key!).toString() : ''}`
        if (ordering !== 'none') {
          assert.ok(!busy.has(lane), 'one of a lane at a time')
          assert.ok((last.get(lane) ?? -1) < offset, 'in order')
        }
        busy.add(lane)
        last.set(lane, offset)
        await sleep(random.int(200))
        check()
        done[partition]!.add(offset)
        busy.delete(lane)
        active--
      }
      const running = consumer.run({ concurrency: 5, ordering, handler })
      await cluster.clock.until(() => done.every(({ size }, at) => size === counts[at]))
      await settle(cluster, consumer.close())
      await settle(cluster, running)
      check()
      assert.equal(logs.committed.get('t/0')?.offset, 30)
      assert.equal(logs.committed.get('t/1')?.offset, 30)
      assert.equal(consumer.stats.bufferedBytes, 0)
    }
    await fc.assert(fc.asyncProperty(fc.nat(), check), { numRuns: 10 })
  })
}

test('one slow record holds up its key, and the commit, but not the others', async () => {
  const made = await member()
  const { cluster, logs, consumer } = made
  logs.append('t', 0, ['slow=0', 'a=1', 'b=2', 'slow=3', 'a=4'])
  const seen: number[] = []
  let release = () => {}
  const running = consumer.run({
    concurrency: 2,
    ordering: 'key',
    handler: async ({ offset }) => {
      if (offset === 0) await new Promise<void>((resolve) => (release = resolve))
      seen.push(offset)
    },
  })
  await cluster.clock.advance(1000)
  assert.deepEqual(seen, [1, 2, 4])
  assert.equal(logs.committed.get('t/0')?.offset, 0)
  release()
  await cluster.clock.advance(1000)
  assert.deepEqual(seen, [1, 2, 4, 0, 3])
  assert.equal(logs.committed.get('t/0')?.offset, 5)
  await settle(cluster, consumer.close())
  await settle(cluster, running)
})

test('a handler that fails is tried again, and then ends the run with its record uncommitted', async () => {
  const made = await member()
  const { cluster, logs, consumer } = made
  logs.append('t', 0, values(5))
  const attempts: string[] = []
  const running = consumer.run({
    retry: { attempts: 3, backoffMs: (attempt) => attempt * 1000 },
    handler: ({ offset }, { attempt }) => {
      attempts.push(`${offset}/${attempt} ${cluster.clock.nowMs() - startMs >= 0}`)
      if (offset === 2) throw new Error('never')
    },
  })
  const startMs = cluster.clock.nowMs()
  await assert.rejects(settle(cluster, running), (error: Error & { code?: string }) => {
    assert.match(error.message, /the handler of t-0 at offset 2 failed: never/)
    assert.equal((error.cause as Error).message, 'never')
    return error.code === 'USER_CODE_FAILED'
  })
  assert.ok(cluster.clock.nowMs() - startMs >= 3000)
  assert.deepEqual(
    attempts.map((text) => text.split(' ')[0]),
    ['0/1', '1/1', '2/1', '2/2', '2/3'],
  )
  const again: number[] = []
  const second = consumer.run({ handler: ({ offset }) => void again.push(offset) })
  await cluster.clock.until(() => again.length === 3)
  assert.deepEqual(again, [2, 3, 4], 'the next run begins with it')
  await settle(cluster, consumer.close())
  await settle(cluster, second)
  assert.equal(logs.committed.get('t/0')?.offset, 5)
})

test('dead letters carry the record as it was and say why', async () => {
  const made = await member()
  const { cluster, logs, consumer, letters } = made
  logs.append('t', 0, ['k=good', 'k=bad', 'k=good'])
  let handled = 0
  const running = consumer.run({
    deadLetter: 't.dead',
    retry: { attempts: 2, backoffMs: 10 },
    handler: (record) => {
      handled++
      if (textOf(record) === 'bad') throw new TypeError('not like this')
    },
  })
  await cluster.clock.until(() => handled === 4)
  await cluster.clock.advance(500)
  assert.equal(logs.committed.get('t/0')?.offset, 3)
  const [letter] = letters
  assert.equal(letters.length, 1)
  assert.equal(letter!.topic, 't.dead')
  assert.equal(Buffer.from(letter!.record.value as Uint8Array).toString(), 'bad')
  assert.equal(Buffer.from(letter!.record.key as Uint8Array).toString(), 'k')
  const headers = Object.fromEntries(
    headerEntries(letter!.record.headers).map(([name, value]) => [
      name,
      Buffer.from(value!).toString(),
    ]),
  )
  const names = DEAD_LETTER_HEADERS
  assert.deepEqual(headers, {
    [names.topic]: 't',
    [names.partition]: '0',
    [names.offset]: '1',
    [names.timestamp]: '1001',
    [names.groupId]: 'g',
    [names.attempts]: '2',
    [names.errorName]: 'TypeError',
    [names.errorMessage]: 'not like this',
  })
  await settle(cluster, consumer.close())
  await settle(cluster, running)
})

test('what a serde can not read fails, is skipped, or becomes a dead letter', async () => {
  const t = topic('t', { key: serde.string(), value: serde.json<number>() })
  for (const onDeserializationError of ['fail', 'skip', 'dead-letter'] as const) {
    const made = await member({ topics: [t] as never })
    const { cluster, logs, consumer, letters } = made
    logs.append('t', 0, ['1', '{broken', '3'])
    const seen: unknown[] = []
    const running = consumer.run({
      onDeserializationError,
      deadLetter: 't.dead',
      retry: { attempts: 5 },
      handler: ({ value }) => void seen.push(value),
    })
    if (onDeserializationError === 'fail') {
      await assert.rejects(settle(cluster, running), { code: 'DESERIALIZATION_FAILED', offset: 1 })
      assert.deepEqual(seen, [1])
      await settle(cluster, consumer.close())
      continue
    }
    await cluster.clock.until(() => seen.length === 2)
    assert.deepEqual(seen, [1, 3])
    assert.equal(letters.length, onDeserializationError === 'skip' ? 0 : 1)
    await settle(cluster, consumer.close())
    await settle(cluster, running)
    assert.equal(logs.committed.get('t/0')?.offset, 3)
  }
})

test('batches are handled and committed whole', async () => {
  const made = await member({}, 2)
  const { cluster, logs, consumer } = made
  for (const partition of [0, 1]) {
    logs.append('t', partition, values(3))
    logs.append('t', partition, values(3, 3))
  }
  let count = 0
  let failures = 0
  const running = consumer.run({
    concurrency: 2,
    retry: { attempts: 2, backoffMs: 10 },
    batchHandler: async (batch) => {
      if (failures++ === 0) throw new Error('once')
      count += [...batch].length
    },
  })
  await cluster.clock.until(() => count === 12)
  await settle(cluster, consumer.close())
  await settle(cluster, running)
  assert.equal(logs.committed.get('t/0')?.offset, 6)
  assert.equal(logs.committed.get('t/1')?.offset, 6)
})

test('before a revocation handlers are told, waited for, and what they did is committed', async () => {
  const made = await member({ autoCommit: true })
  const { cluster, logs, consumer, member: membership } = made
  logs.append('t', 0, values(10))
  const seen: number[] = []
  let wasTold = false
  let release = () => {}
  const running = consumer.run({
    concurrency: 3,
    ordering: 'none',
    handler: async ({ offset }, { signal }) => {
      if (offset === 4) {
        signal.addEventListener('abort', () => {
          wasTold = true
        })
        await new Promise<void>((resolve) => (release = resolve))
      }
      seen.push(offset)
      if (offset >= 6) await new Promise(() => {})
    },
  })
  await cluster.clock.advance(1000)
  const over = new AbortController()
  const revoking = membership().revoke(partitionsOf('t', 1), over.signal)
  assert.equal(wasTold, true)
  await cluster.clock.advance(1000)
  assert.equal(consumer.assignment.length, 1, 'handlers are at work')
  over.abort()
  await settle(cluster, revoking)
  assert.equal(logs.committed.get('t/0')?.offset, 4, 'the fifth is not done')
  release()
  const closing = consumer.close({ timeoutMs: 1000 })
  await settle(cluster, closing)
  assert.equal(logs.committed.get('t/0')?.offset, 4, 'too late')
  running.catch(() => {})
})

test('a run ends with its signal when the handlers at work have ended', async () => {
  const made = await member()
  const { cluster, logs, consumer } = made
  const sleep = sleeper(made)
  logs.append('t', 0, values(10))
  const over = new AbortController()
  let handled = 0
  const running = consumer.run({
    signal: over.signal,
    handler: async () => {
      await sleep(100)
      handled++
    },
  })
  await cluster.clock.advance(250)
  over.abort()
  await settle(cluster, running)
  assert.equal(handled, 3, 'the one at work has ended')
  const again: number[] = []
  const second = consumer.run({ handler: ({ offset }) => void again.push(offset) })
  await cluster.clock.until(() => again.length === 7)
  assert.equal(again[0], 3)
  await settle(cluster, consumer.close())
  await settle(cluster, second)
})

test('a handler may close the consumer', async () => {
  const made = await member()
  const { cluster, logs, consumer } = made
  logs.append('t', 0, values(3))
  const running = consumer.run({ handler: () => consumer.close({ timeoutMs: 2000 }) })
  await settle(cluster, running)
  await settle(cluster, consumer.close())
})

test('pausing in the middle of a run puts the rest aside until it goes on', async () => {
  const made = await member()
  const { cluster, logs, consumer } = made
  const t0 = [{ topic: 't', partition: 0 }]
  for (const ordering of ['partition', 'none'] as const) {
    const base = logs.log('t', 0).end
    logs.append('t', 0, values(6))
    const seen: number[] = []
    const over = new AbortController()
    const running = consumer.run({
      ordering,
      signal: over.signal,
      handler: ({ offset }) => {
        seen.push(offset - base)
        if (seen.length === 2) consumer.pause(t0)
      },
    })
    await cluster.clock.advance(5000)
    assert.deepEqual(seen, [0, 1])
    consumer.resume(t0)
    await cluster.clock.advance(5000)
    assert.deepEqual(seen, [0, 1, 2, 3, 4, 5])
    over.abort()
    await settle(cluster, running)
  }
  await settle(cluster, consumer.close())
  assert.equal(logs.committed.get('t/0')?.offset, 12)
})

test('options that can not be are refused', async () => {
  const { cluster, consumer } = await member()
  const handler = () => {}
  const wrong: RunOptions[] = [
    {},
    { handler, batchHandler: handler },
    { handler, concurrency: 0 },
    { handler, ordering: 'some' as 'none' },
    { handler, retry: { attempts: 0 } },
    { batchHandler: handler, ordering: 'key' },
    { handler, onDeserializationError: 'dead-letter' },
  ]
  for (const options of wrong) {
    await assert.rejects(consumer.run(options), { code: 'INVALID_ARGUMENT' })
  }
  await settle(cluster, consumer.close())
})

test('a handler that does not end leaves half of the time to close for leaving the group', async () => {
  const made = await member()
  const { cluster, logs, consumer } = made
  logs.append('t', 0, values(1))
  let isHandling = false
  const running = consumer.run({
    handler: () => {
      isHandling = true
      return new Promise(() => {})
    },
  })
  running.catch(() => {})
  await cluster.clock.until(() => isHandling)
  const closing = consumer.close({ timeoutMs: 2000 })
  await cluster.clock.advance(1100)
  assert.ok(made.member().isLeft)
  await settle(cluster, closing)
})
