/**
 * The consumer against a whole node in virtual time, where the node is killed and started again,
 * connections break, the network is slow, topics are deleted and made again, and handlers take
 * their time: every record is seen, in order, none is skipped, and nothing comes to a halt in
 * silence.
 */
import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { utf8Text } from '../../../src/base/bytes.ts'
import { Prng } from '../../../src/base/prng.ts'
import { ZERO_UUID } from '../../../src/base/uuid.ts'
import { batchOf, PORT, type TestClient, TestNode } from '../../../src/broker/node.test-support.ts'
import {
  type Consumer,
  type ConsumerOptions,
  Kafka,
  type Stall,
} from '../../../src/client/index.ts'
import {
  deleteTopicsRequest,
  deleteTopicsResponse,
} from '../../../src/protocol/messages/20-delete-topics.ts'
import { cuttingIo } from './cutting-io.ts'

const PARTITIONS = 3
const BATCHES = 40
const HOUR_MS = 3_600_000

/** What the program has seen of each partition, in order. */
type Seen = number[][]

/** Checks that the values of a partition come in order, each; some may come again. */
function checkSeen(seed: number, seen: Seen, written: readonly number[]): void {
  written.forEach((count, partition) => {
    let next = 0
    for (const value of seen[partition]!) {
      assert.ok(value <= next, `seed ${seed}, partition ${partition}: ${value} after ${next - 1}`)
      next = Math.max(next, value + 1)
    }
    assert.equal(next, count, `seed ${seed}, partition ${partition}: the last ones are missing`)
  })
}

class World {
  readonly seed: number
  readonly random: Prng
  readonly node: TestNode
  readonly written = Array.from({ length: PARTITIONS }, () => 0)
  readonly stalls: Stall[] = []
  readonly kafkas: Kafka[] = []
  #writer: TestClient | null = null

  constructor(seed: number, node: TestNode) {
    this.seed = seed
    this.random = new Prng(seed)
    this.node = node
  }

  static async start(seed: number, latencyMs: readonly [number, number] = [0.1, 5]) {
    const node = await TestNode.start({ seed, simulation: { network: { latencyMs } } })
    const world = new World(seed, node)
    await (await world.writer()).createTopic('t', PARTITIONS)
    return world
  }

  async writer(): Promise<TestClient> {
    if (this.#writer === null || this.#writer.closed !== null) {
      this.#writer = await this.node.connect({ host: 'writer' })
    }
    return this.#writer
  }

  consumer(
    options: Partial<ConsumerOptions> = {},
    io: Pick<TestNode['machine'], never> | null = null,
  ) {
    const kafka = new Kafka({
      brokers: `10.0.0.1:${PORT}`,
      requestTimeoutMs: 3000,
      io: (io ?? this.node.world.node('app')) as never,
    })
    this.kafkas.push(kafka)
    return kafka.consumer({
      topics: ['t'],
      groupId: 'g',
      autoOffsetReset: 'earliest',
      onStalled: (stall) => void this.stalls.push(stall),
      sessionTimeoutMs: 6000,
      ...options,
    })
  }

  /** Writes numbered values to a partition, whole and once. */
  async write(partition: number, count = 1 + this.random.int(5)): Promise<void> {
    const from = this.written[partition]!
    const values = Array.from({ length: count }, (_, at) => `${from + at}`)
    for (;;) {
      try {
        const writer = await this.writer()
        const { errorCode } = await writer.produce('t', partition, batchOf(values, this.node.nowMs))
        if (errorCode === 0) break
      } catch (error) {
        // It can't know whether the batch was written: what is there says so.
        if (await this.#isWritten(partition, from + count)) break
        if (!(error instanceof Error) || !error.message.startsWith('closed')) throw error
      }
      await this.node.world.advance(50)
    }
    this.written[partition] = from + count
  }

  async #isWritten(partition: number, end: number): Promise<boolean> {
    const records = await (await this.writer()).readAll('t', partition)
    return records.length >= end
  }

  /** Lets time pass until all that was written was seen. */
  async untilSeen(seen: Seen, before: Seen = []): Promise<void> {
    const isSeen = () =>
      this.written.every((count, partition) => {
        const values = [...(before[partition] ?? []), ...seen[partition]!]
        return count === 0 || values.includes(count - 1)
      })
    await this.node.world.runUntil(isSeen, 120_000)
  }

  async close(): Promise<void> {
    const { world } = this.node
    const startMs = world.nowMs
    for (const kafka of this.kafkas) await world.settle(kafka.close(), 60_000)
    assert.ok(world.nowMs - startMs < 31_000 * this.kafkas.length, 'closing takes no longer')
  }
}

/** Reads records into a list; `work` is what the program does with each. */
function collect(consumer: Consumer, work: () => Promise<void> | undefined = () => undefined) {
  const seen: Seen = Array.from({ length: PARTITIONS }, () => [])
  const state = { seen, error: null as unknown }
  void (async () => {
    for await (const { partition, value } of consumer) {
      seen[partition]!.push(Number(utf8Text(value!)))
      const working = work()
      if (working !== undefined) await working
    }
  })().catch((error) => {
    state.error = error
  })
  return state
}

describe('a consumer whose cluster is in trouble', () => {
  it('sees every record in order while the node is killed and started again', async () => {
    for (let seed = 1; seed <= 6; seed++) {
      const world = await World.start(seed)
      const { random, node } = world
      const state = collect(world.consumer({ autoCommit: { intervalMs: 200 } }))
      for (let i = 0; i < BATCHES; i++) {
        await world.write(random.int(PARTITIONS))
        await node.world.advance(random.int(100))
        if (random.chance(0.08)) {
          node.kill()
          await node.world.advance(random.int(3000))
          await node.restart()
        }
      }
      await world.untilSeen(state.seen)
      assert.equal(state.error, null, `seed ${seed}: ${state.error}`)
      checkSeen(seed, state.seen, world.written)
      await world.close()
    }
  })

  it('sees every record in order while connections break', async () => {
    for (let seed = 1; seed <= 8; seed++) {
      const world = await World.start(seed, [0.1, [1, 20, 80][seed % 3]!])
      const { random, node } = world
      const state = collect(world.consumer())
      for (let i = 0; i < BATCHES; i++) {
        await world.write(random.int(PARTITIONS))
        await node.world.advance(random.int(150))
        if (random.chance(0.3)) node.world.network.breakConnections('app')
      }
      await world.untilSeen(state.seen)
      assert.equal(state.error, null, `seed ${seed}: ${state.error}`)
      checkSeen(seed, state.seen, world.written)
      await world.close()
    }
  })

  it('sees every record in order when the first connection breaks at any byte', async () => {
    for (let seed = 1; seed <= 24; seed++) {
      const world = await World.start(seed)
      const { random, node } = world
      const way = random.chance(0.5) ? 'sent' : 'received'
      const cut = { way, afterBytes: random.int(2000) } as const
      const cutting = cuttingIo(node.world.node('app'), cut)
      const state = collect(world.consumer({ bufferBytes: 3000 }, cutting.io as never))
      for (let i = 0; i < 10; i++) {
        await world.write(random.int(PARTITIONS))
        await node.world.advance(random.int(200))
      }
      await world.untilSeen(state.seen)
      assert.equal(state.error, null, `seed ${seed}: ${state.error}`)
      checkSeen(seed, state.seen, world.written)
      await world.close()
    }
  })

  it('hands every record to a handler, in order, through kills and resets', async () => {
    for (let seed = 1; seed <= 8; seed++) {
      const world = await World.start(seed)
      const { random, node } = world
      const io = node.world.node('app')
      const seen: Seen = Array.from({ length: PARTITIONS }, () => [])
      const consumer = world.consumer({ autoCommit: { intervalMs: 200 }, bufferBytes: 5000 })
      const isBatch = seed % 2 === 0
      const running = consumer.run({
        concurrency: 1 + random.int(4),
        ...(isBatch
          ? {
              batchHandler: async (batch) => {
                await new Promise<void>((resolve) => void io.clock.after(5, resolve))
                for (const { value } of batch) {
                  seen[batch.partition]!.push(Number(utf8Text(value!)))
                }
              },
            }
          : {
              handler: ({ partition, value }) => {
                seen[partition]!.push(Number(utf8Text(value!)))
              },
            }),
      })
      let error: unknown = null
      running.catch((caught) => {
        error = caught
      })
      for (let i = 0; i < BATCHES; i++) {
        await world.write(random.int(PARTITIONS))
        await node.world.advance(random.int(100))
        if (random.chance(0.1)) node.world.network.breakConnections('app')
        if (random.chance(0.05)) {
          node.kill()
          await node.world.advance(random.int(3000))
          await node.restart()
        }
      }
      await world.untilSeen(seen)
      assert.equal(error, null, `seed ${seed}: ${error}`)
      checkSeen(seed, seen, world.written)
      await world.close()
      await node.world.settle(running)
    }
  })

  it('goes on where it was committed, whoever reads on, and skips nothing', async () => {
    for (let seed = 1; seed <= 6; seed++) {
      const world = await World.start(seed)
      const { random, node } = world
      const all: Seen = Array.from({ length: PARTITIONS }, () => [])
      for (let life = 0; life < 5; life++) {
        const io = node.world.node(`app-${life}`)
        const consumer = world.consumer({ autoCommit: { intervalMs: 100 } }, io)
        const pauseMs = random.int(20)
        const sleep = () => new Promise<void>((resolve) => void io.clock.after(pauseMs, resolve))
        const state = collect(consumer, sleep)
        for (let i = 0; i < 8; i++) {
          await world.write(random.int(PARTITIONS))
          await node.world.advance(random.int(200))
        }
        if (life === 4) {
          await world.untilSeen(state.seen, all)
        }
        // Half of them die without a word: the next one begins with what they had committed.
        if (random.chance(0.5)) io.kill()
        else await node.world.settle(consumer.close())
        state.seen.forEach((values, partition) => void all[partition]!.push(...values))
      }
      checkSeen(seed, all, world.written)
      world.kafkas.length = 0
    }
  })

  it('reads a topic that was deleted and made again from its beginning', async () => {
    const world = await World.start(1)
    const { node } = world
    const state = collect(world.consumer({ groupId: undefined, autoOffsetReset: 'latest' }))
    await node.world.advance(2000)
    for (let i = 0; i < 5; i++) await world.write(0)
    await world.untilSeen(state.seen)
    checkSeen(1, [state.seen[0]!, [], []], [world.written[0]!, 0, 0])
    const writer = await world.writer()
    const body = { topicNames: [], topics: [{ name: 't', topicId: ZERO_UUID }], timeoutMs: 1000 }
    await writer.call(deleteTopicsRequest, deleteTopicsResponse, 6, body)
    await node.world.advance(1000)
    await writer.createTopic('t', PARTITIONS)
    world.written.fill(0)
    for (const values of state.seen) values.length = 0
    for (let i = 0; i < 5; i++) await world.write(0)
    await world.untilSeen(state.seen)
    checkSeen(1, [state.seen[0]!, [], []], [world.written[0]!, 0, 0])
    assert.equal(state.error, null)
    await world.close()
  })

  it('holds what is fetched within its bound while the handler has stopped', async () => {
    const world = await World.start(1)
    const bufferBytes = 8000
    const consumer = world.consumer({ bufferBytes })
    const io = world.node.world.node('app')
    let release = () => {}
    const stopped = new Promise<void>((resolve) => {
      release = resolve
    })
    const state = collect(consumer, () => stopped)
    for (let i = 0; i < 200; i++) {
      await world.write(i % PARTITIONS, 40)
      if (i % 20 === 0) await world.node.world.advance(1000)
      assert.ok(
        consumer.stats.bufferedBytes <= bufferBytes + 2000,
        `${consumer.stats.bufferedBytes}`,
      )
    }
    assert.equal(io.clock.nowMs() > 0, true)
    release()
    await world.untilSeen(state.seen)
    checkSeen(1, state.seen, world.written)
    await world.close()
    assert.equal(consumer.stats.bufferedBytes, 0)
  })

  it('goes where onAssigned sends it, and waits there until it is found', async () => {
    const world = await World.start(1)
    await world.write(0, 5)
    const found: (number | null)[] = []
    const consumer = world.consumer({
      protocol: 'classic',
      onAssigned: async () => {
        for (const to of ['end', 'beginning', { timestamp: 0 }, 'end'] as const) {
          await consumer.seek({ topic: 't', partition: 0 }, to)
          found.push(consumer.position({ topic: 't', partition: 0 }))
        }
      },
    })
    const { seen } = collect(consumer)
    await world.node.world.runUntil(() => found.length === 4, 10_000)
    assert.deepEqual(found, [5, 0, 0, 5])
    await world.write(0, 2)
    await world.node.world.runUntil(() => seen[0]!.length === 2, 10_000)
    assert.deepEqual(seen[0], [5, 6])
    await world.close()
  })

  it('runs for 24 hours without drift', async () => {
    const world = await World.start(1)
    const { random, node } = world
    // Long polls and rare heartbeats: a day has many of them.
    const consumer = world.consumer({
      fetchMaxWaitMs: 30_000,
      sessionTimeoutMs: 45_000,
      heartbeatIntervalMs: 15_000,
    })
    const state = collect(consumer)
    for (let hour = 0; hour < 24; hour++) {
      for (let i = 0; i < 6; i++) {
        await world.write(random.int(PARTITIONS))
        await node.world.advance(HOUR_MS / 6)
      }
      if (hour % 8 === 3) node.world.network.breakConnections('app')
      await world.untilSeen(state.seen)
      // What was seen is committed within an interval, and nothing piles up.
      await node.world.advance(12_000)
      for (const { lag, position, committed } of consumer.lag()) {
        assert.deepEqual([lag, committed], [0, position], `hour ${hour}`)
      }
      assert.equal(consumer.stats.bufferedBytes, 0)
    }
    checkSeen(1, state.seen, world.written)
    assert.deepEqual(world.stalls, [])
    assert.equal(state.error, null)
    await world.close()
  })
})
