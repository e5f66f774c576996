/**
 * The producer against a whole node in virtual time, where the node is killed and started again,
 * its connections break at any byte, and the network is slow or cut: nothing is lost, nothing is
 * there twice, and the order is kept.
 */
import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { Prng } from '../../../src/base/prng.ts'
import { PORT, TestNode } from '../../../src/broker/node.test-support.ts'
import type { Cluster } from '../../../src/client/cluster/cluster.ts'
import { Kafka, type KafkaError, type ProducerOptions } from '../../../src/client/index.ts'
import { Producer } from '../../../src/client/producer/producer.ts'
import { initProducerIdRequest } from '../../../src/protocol/messages/22-init-producer-id.ts'
import { type Cut, cuttingIo } from './cutting-io.ts'

/** Where the node says that it is: the first connection is the one that records go over. */
const ADDRESS = '10.0.0.1'
const PARTITIONS = 2
const RECORDS = 120
const COMPRESSIONS = ['none', 'gzip', 'snappy', 'lz4', 'zstd'] as const

interface Result {
  readonly node: TestNode
  /** `partition:value` with its offset, or with why it failed. */
  readonly outcomes: ReadonlyMap<string, number | KafkaError>
  readonly wasCut: boolean
}

/** The first producer id comes with an epoch that others have spent most of. */
function withFirstEpoch(cluster: Cluster, firstEpoch: number): Cluster {
  let isFirst = true
  const request: Cluster['request'] = async (target, call, body, options) => {
    const answer = await cluster.request(target, call, body, options)
    if (call.request.apiKey !== initProducerIdRequest.apiKey || !isFirst) return answer
    isFirst = false
    return { ...answer, body: { ...answer.body, producerEpoch: firstEpoch } }
  }
  return new Proxy(cluster, {
    get(_, name) {
      if (name === 'request') return request
      const member: unknown = Reflect.get(cluster, name, cluster)
      return typeof member === 'function' ? member.bind(cluster) : member
    },
  })
}

/** Sends numbered records while `disturb` is called between them. */
async function run(
  seed: number,
  options: ProducerOptions,
  disturb: (node: TestNode, random: Prng) => Promise<void>,
  cut: Cut | null = null,
  firstEpoch = 0,
): Promise<Result> {
  const random = new Prng(seed)
  const network = { latencyMs: [0.1, [1, 5, 200][random.int(3)]!] } as const
  const node = await TestNode.start({ seed, simulation: { network } })
  const client = await node.connect()
  await client.createTopic('t', PARTITIONS)
  const { world } = node
  const cutting = cuttingIo(world.node('app'), cut)
  const { io } = cutting
  const kafka = new Kafka({ brokers: `${ADDRESS}:${PORT}`, requestTimeoutMs: 3000, io })
  const cluster = firstEpoch === 0 ? kafka.cluster : withFirstEpoch(kafka.cluster, firstEpoch)
  const settings: ProducerOptions = {
    batchBytes: 100 + random.int(500),
    compression: COMPRESSIONS[random.int(COMPRESSIONS.length)]!,
    deliveryTimeoutMs: 600_000,
    ...options,
  }
  const producer = new Producer(cluster, settings)
  kafka.adopt(producer)
  const outcomes = new Map<string, number | KafkaError>()
  const sent: Promise<void>[] = []
  for (let i = 0; i < RECORDS; i++) {
    const partition = random.int(PARTITIONS)
    // Of such sizes that several batches of a partition are in flight.
    const value = `${i} ${random.bytes(random.int(100)).join('')}`
    const record = { value, partition, key: random.chance(0.5) ? 'key' : null }
    sent.push(
      producer.send('t', record).then(
        ({ offset }) => void outcomes.set(`${partition}:${i}`, offset),
        (error) => void outcomes.set(`${partition}:${i}`, error),
      ),
    )
    if (random.chance(0.3)) await world.advance(random.int(40))
    await disturb(node, random)
  }
  await world.settle(Promise.all(sent), 3_600_000)
  const closingMs = world.nowMs
  await world.settle(kafka.close(), 60_000)
  assert.ok(world.nowMs - closingMs <= 31_000, `seed ${seed}: closing took too long`)
  return { node, outcomes, wasCut: cutting.wasCut }
}

/** Every record that was acknowledged is where it was said to be; none twice, all in order. */
async function check(seed: number, { node, outcomes }: Result): Promise<void> {
  const reader = await node.connect({ host: 'reader' })
  for (let partition = 0; partition < PARTITIONS; partition++) {
    const records = await reader.readAll('t', partition)
    const values = records.map(({ value }) => Number(value!.split(' ')[0]))
    const expected = [...new Set(values)].sort((a, b) => a - b)
    assert.deepEqual(values, expected, `seed ${seed}, partition ${partition}: order or doubles`)
    const places = new Map(records.map(({ offset, value }) => [offset, value!.split(' ')[0]]))
    for (const [name, offset] of outcomes) {
      const [where, value] = name.split(':')
      if (Number(where) !== partition || typeof offset !== 'number') continue
      assert.equal(places.get(offset), value, `seed ${seed}: ${name} is not at ${offset}`)
    }
  }
}

function noneFailed(seed: number, { outcomes }: Result): void {
  assert.equal(outcomes.size, RECORDS, `seed ${seed}`)
  for (const [name, outcome] of outcomes) {
    assert.equal(typeof outcome, 'number', `seed ${seed}: ${name} failed with ${outcome}`)
  }
}

describe('a producer', () => {
  it('loses and doubles nothing where the node is killed and connections break', async () => {
    for (let seed = 1; seed <= 10; seed++) {
      const result = await run(seed, {}, async (node, random) => {
        if (random.chance(0.04)) {
          node.kill()
          await node.world.advance(random.int(3000))
          await node.restart()
        }
        if (random.chance(0.05)) node.world.network.breakConnections('app')
      })
      noneFailed(seed, result)
      await check(seed, result)
    }
  })

  it('loses and doubles nothing where the network is cut, longer than requests may take', async () => {
    for (let seed = 101; seed <= 110; seed++) {
      const result = await run(seed, {}, async ({ world }, random) => {
        if (!random.chance(0.03)) return
        // One way only: requests come through and are written, and nothing comes back.
        if (random.chance(0.5)) world.network.partition('broker', 'app', true)
        else world.network.partition('app', 'broker')
        await world.advance(random.int(9000))
        world.network.heal()
      })
      noneFailed(seed, result)
      await check(seed, result)
    }
  })

  it('keeps order and writes once where records expire and others follow', async () => {
    let expired = 0
    for (let seed = 201; seed <= 210; seed++) {
      const options = { deliveryTimeoutMs: 4000 }
      const result = await run(seed, options, async ({ world }, random) => {
        if (!random.chance(0.05)) return
        if (random.chance(0.5)) world.network.partition('broker', 'app', true)
        else world.network.breakConnections('app')
        await world.advance(random.int(9000))
        world.network.heal()
      })
      assert.equal(result.outcomes.size, RECORDS, `seed ${seed}`)
      for (const outcome of result.outcomes.values()) {
        if (typeof outcome === 'number') continue
        expired++
        assert.equal(outcome.code, 'TIMED_OUT')
      }
      await check(seed, result)
    }
    assert.ok(expired > 20, `only ${expired} expired: the test tests nothing`)
  })

  it('goes on with a new id where its epochs are used up', async () => {
    let ids = 0
    for (let seed = 401; seed <= 410; seed++) {
      const options = { deliveryTimeoutMs: 4000 }
      const cutOff = async ({ world }: TestNode, random: Prng) => {
        if (!random.chance(0.1)) return
        world.network.partition('broker', 'app', true)
        await world.advance(random.int(9000))
        world.network.heal()
      }
      const result = await run(seed, options, cutOff, null, 32_767)
      assert.equal(result.outcomes.size, RECORDS, `seed ${seed}`)
      await check(seed, result)
      const { node } = result
      const admin = new Kafka({ brokers: `${ADDRESS}:${PORT}`, io: node.world.node('admin') })
      const partitions = [{ topic: 't', partition: 0 }]
      const described = await node.world.settle(admin.admin().describeProducers(partitions))
      ids += described.values()[0]!.length - 1
      await node.world.settle(admin.close())
    }
    assert.ok(ids > 3, `only ${ids} came to a new id: the test tests nothing`)
  })

  it('loses and doubles nothing wherever its connection breaks', async () => {
    let cuts = 0
    for (let seed = 301; seed <= 325; seed++) {
      const random = new Prng(seed)
      const way = random.chance(0.5) ? 'sent' : 'received'
      const cut = { way, afterBytes: random.int(way === 'sent' ? 8000 : 2000) } as const
      const result = await run(seed, {}, async () => {}, cut)
      if (result.wasCut) cuts++
      noneFailed(seed, result)
      await check(seed, result)
    }
    assert.ok(cuts >= 12, `only ${cuts} connections were cut: the test tests nothing`)
  })
})
