/**
 * The administrator's client on a simulated node, in virtual time: a node that dies and comes back,
 * stays away, or hangs costs calls time and no success, and a call ends when it said it would.
 *
 *     SEED=7 RUNS=1 npx node --test --test-isolation=none test/sim/client/admin.test.ts
 */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { Prng } from '../../../src/base/prng.ts'
import { PORT, TestNode } from '../../../src/broker/node.test-support.ts'
import type { Admin, Results } from '../../../src/client/admin/index.ts'
import { Kafka } from '../../../src/client/kafka.ts'
import { KafkaError } from '../../../src/client/kafka-error.ts'

const FIRST_SEED = Number(process.env['SEED'] ?? 1)
const RUNS = Number(process.env['RUNS'] ?? 5)

interface World {
  readonly node: TestNode
  readonly kafka: Kafka
  readonly admin: Admin
  /** Lets time pass until it is settled. */
  settle<T>(promise: Promise<T>): Promise<T>
}

async function start(seed = 1, requestTimeoutMs = 5000): Promise<World> {
  const node = await TestNode.start({ seed })
  const io = node.world.node('admin')
  const kafka = new Kafka({ brokers: `broker:${PORT}`, io, requestTimeoutMs })
  const settle = <T>(promise: Promise<T>) => node.world.settle(promise, 600_000)
  return { node, kafka, admin: kafka.admin(), settle }
}

function codeOf<K, V>(results: Results<K, V>, key: K): string {
  const outcome = results.outcome(key)
  assert.ok(outcome !== undefined)
  return outcome.ok ? 'OK' : outcome.error.code
}

test('a node that comes back answers what was asked while it was away', async () => {
  const { node, admin, settle } = await start()
  ;(await settle(admin.createTopics([{ name: 'before', numPartitions: 2 }]))).orThrow()
  const offsets = [{ topic: 'before', partition: 0, offset: 0 }]
  ;(await settle(admin.alterConsumerGroupOffsets('group', offsets))).orThrow()
  node.kill()
  const asked = Promise.all([
    admin.createTopics([{ name: 'meanwhile', numPartitions: 1 }]),
    admin.describeTopics(['before', 'none']),
    admin.listGroups(),
    admin.listConsumerGroupOffsets([{ groupId: 'group' }]),
    admin.listOffsets([{ topic: 'before', partition: 1, at: 'latest' }]),
    admin.describeCluster(),
  ])
  await node.world.advance(8000)
  await node.restart()
  const [created, described, groups, committed, ends, cluster] = await settle(asked)
  assert.equal(created.get('meanwhile').numPartitions, 1)
  assert.equal(described.get('before').partitions.length, 2)
  assert.equal(codeOf(described, 'none'), 'UNKNOWN_TOPIC_OR_PARTITION')
  assert.deepEqual(
    groups
      .values()
      .flat()
      .map(({ groupId }) => groupId),
    ['group'],
  )
  assert.equal(committed.get('group').get({ topic: 'before', partition: 0 })?.offset, 0)
  assert.equal(ends.values()[0]?.offset, 0)
  assert.equal(cluster.brokers.length, 1)
})

test('a node that stays away costs a call its time and no more', async () => {
  const { node, kafka, admin, settle } = await start()
  await settle(admin.listTopics())
  node.kill()
  const startMs = node.world.nowMs
  const options = { timeoutMs: 20_000 }
  const several = await settle(admin.deleteTopics(['a', 'b'], options))
  assert.deepEqual([codeOf(several, 'a'), codeOf(several, 'b')], ['TIMED_OUT', 'TIMED_OUT'])
  const [[, error]] = several.failures() as [[string, KafkaError]]
  assert.ok(error.cause instanceof KafkaError)
  assert.equal(error.cause.code, 'NETWORK_ERROR')
  assert.ok(Math.abs(node.world.nowMs - startMs - 20_000) < 5)
  await assert.rejects(settle(admin.listTopics(options)), { code: 'TIMED_OUT' })
  await assert.rejects(settle(admin.listGroups(options)), { code: 'TIMED_OUT' })
  assert.ok(Math.abs(node.world.nowMs - startMs - 60_000) < 5)
  // A close does not wait for what can't end.
  const left = admin.listTopics().catch(({ code }) => code)
  await settle(kafka.close({ timeoutMs: 1000 }))
  assert.ok(node.world.nowMs - startMs <= 62_000)
  assert.equal(await settle(left), 'CLOSED')
})

test('a node that does not answer is asked again when it does', async () => {
  const { node, admin, settle } = await start()
  await settle(admin.listTopics())
  node.world.network.isolate('broker')
  const asked = admin.createTopics([{ name: 'late', numPartitions: 1 }])
  await node.world.advance(12_000)
  node.world.network.heal()
  const created = await settle(asked)
  // The first request may have got through, and only its answer not.
  assert.ok(['OK', 'TOPIC_ALREADY_EXISTS'].includes(codeOf(created, 'late')))
  assert.equal((await settle(admin.describeTopics(['late']))).get('late').partitions.length, 1)
})

test('a topic is described whole, whatever a page holds', async () => {
  const { admin, settle } = await start()
  const topics = Array.from({ length: 12 }, (_, i) => ({ name: `t${i}`, numPartitions: i + 1 }))
  ;(await settle(admin.createTopics(topics))).orThrow()
  const names = [...topics.map(({ name }) => name), 'none']
  const whole = await settle(admin.describeTopics(names))
  for (const limit of [1, 2, 5, 7, 77, 78, 79]) {
    const options = { partitionSizeLimitPerResponse: limit }
    const paged = await settle(admin.describeTopics(names, options))
    for (const { name, numPartitions } of topics) {
      assert.deepEqual(paged.get(name), whole.get(name))
      const numbers = paged.get(name).partitions.map(({ partition }) => partition)
      assert.deepEqual(
        numbers,
        Array.from({ length: numPartitions }, (_, i) => i),
      )
    }
    assert.equal(codeOf(paged, 'none'), 'UNKNOWN_TOPIC_OR_PARTITION')
  }
})

test('calls that end early leave nothing behind', async () => {
  const { node, kafka, admin, settle } = await start()
  await settle(admin.listTopics())
  node.world.network.isolate('broker')
  const abort = new AbortController()
  const { signal } = abort
  const calls = [
    admin.createTopics([{ name: 'a' }], { signal }),
    admin.listGroups({ signal }),
    admin.describeConsumerGroups(['g1', 'g2'], { signal }),
    admin.describeCluster({ signal }),
  ].map((call) =>
    (call as Promise<unknown>).then(
      () => 'done',
      ({ code }) => code,
    ),
  )
  await node.world.advance(7000)
  abort.abort()
  assert.deepEqual(await settle(Promise.all(calls)), Array(4).fill('ABORTED'))
  await settle(kafka.close({ timeoutMs: 1000 }))
})

/** What each topic must be like at the end, by what was told of the calls about it. */
interface Told {
  isThere: boolean
  retentionMs: string
  partitions: number
}

for (let seed = FIRST_SEED; seed < FIRST_SEED + RUNS; seed++) {
  test(`what was told stays true while the node is killed again and again: seed ${seed}`, async () => {
    const { node, kafka, admin, settle } = await start(seed)
    const random = new Prng(seed)
    const told = new Map<string, Told>()
    let isOver = false
    let kills = 0
    const killing = (async () => {
      while (!isOver) {
        await pause(node, random.int(1000))
        if (isOver) return
        node.kill()
        kills++
        await pause(node, random.int(3000))
        await node.restart()
      }
    })()
    const work = (async () => {
      for (let step = 0; step < 40; step++) {
        await change(admin, random, told, `seed ${seed}`)
        await pause(node, random.int(300))
      }
      isOver = true
    })()
    await settle(Promise.all([work, killing]))
    assert.ok(kills > 3, `${kills} kills`)
    const names = [...told.keys()]
    const described = await settle(admin.describeTopics(names))
    const resources = names.map((name) => ({ type: 'TOPIC', name }) as const)
    const configs = await settle(admin.describeConfigs(resources))
    for (const [name, { isThere, retentionMs, partitions }] of told) {
      const expected = isThere ? 'OK' : 'UNKNOWN_TOPIC_OR_PARTITION'
      assert.equal(codeOf(described, name), expected, name)
      if (!isThere) continue
      assert.equal(described.get(name).partitions.length, partitions, name)
      const entries = configs.get({ type: 'TOPIC', name })
      assert.equal(entries.get('retention.ms')?.value, retentionMs, name)
    }
    await settle(kafka.close())
  })
}

function pause(node: TestNode, durationMs: number): Promise<void> {
  const { clock } = node.world.node('scenario')
  return new Promise((resolve) => clock.after(durationMs, resolve))
}

/** One change of one topic; notes what must hold from then on. */
async function change(
  admin: Admin,
  random: Prng,
  told: Map<string, Told>,
  seed: string,
): Promise<void> {
  const name = `topic-${random.int(6)}`
  const known = told.get(name)
  const isIn = (code: string, ...codes: string[]) =>
    assert.ok(codes.includes(code), `${seed} ${code}`)
  if (known === undefined || !known.isThere) {
    const configs = { 'retention.ms': '1000' }
    const created = await admin.createTopics([{ name, numPartitions: 1, configs }])
    isIn(codeOf(created, name), 'OK', 'TOPIC_ALREADY_EXISTS') // made by an attempt before
    told.set(name, { isThere: true, retentionMs: '1000', partitions: 1 })
    return
  }
  switch (random.int(3)) {
    case 0: {
      isIn(codeOf(await admin.deleteTopics([name]), name), 'OK', 'UNKNOWN_TOPIC_OR_PARTITION')
      known.isThere = false
      return
    }
    case 1: {
      known.retentionMs = String(1000 + random.int(100_000))
      const changes = [{ name: 'retention.ms', op: 'set', value: known.retentionMs } as const]
      const altered = await admin.incrementalAlterConfigs([{ type: 'TOPIC', name, changes }])
      isIn(altered.ok ? 'OK' : 'failed', 'OK')
      return
    }
    default: {
      const grown = await admin.createPartitions([
        { topic: name, totalCount: known.partitions + 1 },
      ])
      isIn(codeOf(grown, name), 'OK', 'INVALID_PARTITIONS') // there are as many already
      known.partitions++
    }
  }
}
