/**
 * `millrace/kafkajs` against a whole node in virtual time: handlers that take long, fail, or are
 * stopped; a node that dies and comes back; members that come and go. What a handler has ended well
 * for is committed, what it has not is delivered again, and nothing is skipped.
 */
import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { PORT, TestNode } from '../../../src/broker/node.test-support.ts'
import {
  type Admin,
  type Consumer,
  type ConsumerConfig,
  type EachMessagePayload,
  Kafka,
  KafkaJSNonRetriableError,
  KafkaJSNotImplemented,
  KafkaJSNumberOfRetriesExceeded,
  KafkaJSProtocolError,
  type LogEntry,
  logLevel,
  PartitionAssigners,
} from '../../../src/client/kafkajs/index.ts'

const PARTITIONS = 2
const GROUP = 'group'

class World {
  readonly node: TestNode
  readonly log: LogEntry[] = []
  readonly kafka: Kafka
  readonly admin: Admin
  #machines = 0

  constructor(node: TestNode) {
    this.node = node
    this.kafka = this.client()
    this.admin = this.kafka.admin()
  }

  static async start(): Promise<World> {
    const world = new World(await TestNode.start({ seed: 7 }))
    const topics = [{ topic: 't', numPartitions: PARTITIONS }]
    assert.equal(await world.settle(world.admin.createTopics({ topics })), true)
    return world
  }

  /** A client on a machine of its own. */
  client(): Kafka {
    return new Kafka({
      brokers: [`10.0.0.1:${PORT}`],
      requestTimeout: 3000,
      retry: { initialRetryTime: 100, retries: 5 },
      logLevel: logLevel.INFO,
      logCreator: () => (entry) => this.log.push(entry),
      io: this.node.world.node(`app-${++this.#machines}`),
    })
  }

  /** Sets the date of the machine that the newest client is on. */
  stepDate(byMs: number): void {
    this.node.world.node(`app-${this.#machines}`).skewMs += byMs
  }

  get nowMs(): number {
    return this.node.world.nowMs
  }

  settle<T>(promise: Promise<T>): Promise<T> {
    return this.node.world.settle(promise, 600_000)
  }

  until(condition: () => boolean): Promise<void> {
    return this.node.world.runUntil(condition, 600_000)
  }

  async produce(partition: number, values: readonly string[], topic = 't'): Promise<void> {
    const producer = this.kafka.producer()
    await this.settle(producer.connect())
    const messages = values.map((value) => ({ value, partition }))
    await this.settle(producer.send({ topic, messages }))
    await this.settle(producer.disconnect())
  }

  async consumer(config: Partial<ConsumerConfig> = {}, topics = ['t']): Promise<Consumer> {
    const consumer = this.client().consumer({ groupId: GROUP, maxWaitTimeInMs: 200, ...config })
    await this.settle(consumer.connect())
    await this.settle(consumer.subscribe({ topics, fromBeginning: true }))
    return consumer
  }

  /** What the group has committed, by partition; -1 for nothing. */
  async committed(): Promise<number[]> {
    const asked = this.admin.fetchOffsets({ groupId: GROUP, topics: ['t'] })
    const [of] = await this.settle(asked)
    return of!.partitions.map(({ offset }) => Number(offset))
  }

  sleep(durationMs: number): Promise<void> {
    return new Promise((resolve) => {
      this.node.machine.clock.after(durationMs, resolve)
    })
  }

  async end(...consumers: Consumer[]): Promise<void> {
    for (const consumer of consumers) await this.settle(consumer.disconnect())
    await this.settle(this.admin.disconnect())
    await this.node.stop()
  }
}

const numbers = (count: number) => Array.from({ length: count }, (_, i) => String(i))
const textOf = ({ message }: EachMessagePayload) => message.value!.toString()

describe('messages', () => {
  it('come again after a failure, from the one that failed, and are committed after it', async () => {
    const world = await World.start()
    await world.produce(0, numbers(5))
    const consumer = await world.consumer()
    const seen: string[] = []
    let failures = 0
    const committedBefore = () => {
      // What came before the one that fails is committed once it has failed.
      const before = [{ topic: 't', partitions: [{ partition: 0, offset: '2', metadata: null }] }]
      return failures === 1 ? [] : before
    }
    await world.settle(
      consumer.run({
        eachMessage: async (payload) => {
          const value = textOf(payload)
          seen.push(value)
          if (value === '2' && failures++ < 3) {
            assert.deepEqual(await world.admin.fetchOffsets({ groupId: GROUP }), committedBefore())
            throw new Error('not yet')
          }
        },
      }),
    )
    await world.until(() => seen.at(-1) === '4')
    assert.deepEqual(seen, ['0', '1', '2', '2', '2', '2', '3', '4'])
    await world.settle(consumer.stop())
    assert.deepEqual(await world.committed(), [5, -1])
    await world.end(consumer)
  })

  it('of a handler that takes long keep the member in its group', async () => {
    const world = await World.start()
    await world.produce(0, numbers(3))
    const consumer = await world.consumer({ sessionTimeout: 6000, rebalanceTimeout: 10_000 })
    const seen: string[] = []
    let joins = 0
    consumer.on(consumer.events.GROUP_JOIN, () => joins++)
    await world.settle(
      consumer.run({
        eachMessage: async (payload) => {
          for (let i = 0; i < 12; i++) {
            await world.sleep(5000) // a minute in all
            await payload.heartbeat()
          }
          seen.push(textOf(payload))
        },
      }),
    )
    await world.until(() => seen.length === 3)
    assert.deepEqual([seen, joins], [numbers(3), 1])
    await world.end(consumer)
  })

  it('are dealt out anew when a member comes, and the one at work hears of it', async () => {
    const world = await World.start()
    await world.produce(0, numbers(10))
    await world.produce(1, numbers(10))
    const first = await world.consumer({ rebalanceTimeout: 30_000 })
    const handled: string[] = []
    const told: unknown[] = []
    let rebalances = 0
    first.on(first.events.REBALANCING, () => rebalances++)
    await world.settle(
      first.run({
        partitionsConsumedConcurrently: PARTITIONS,
        eachBatch: async ({ batch, heartbeat, resolveOffset }) => {
          for (const { offset } of batch.messages) {
            await world.sleep(1000)
            await heartbeat().catch((error: unknown) => {
              told.push(error)
              throw error
            })
            handled.push(`${batch.partition}/${offset}`)
            resolveOffset(offset)
          }
        },
      }),
    )
    await world.until(() => handled.length > 4)
    const second = await world.consumer()
    await world.settle(
      second.run({
        eachMessage: async ({ partition, message }) => {
          handled.push(`${partition}/${message.offset}`)
        },
      }),
    )
    await world.until(() => handled.includes('0/9') && handled.includes('1/9'))
    assert.equal(told.length, PARTITIONS)
    for (const error of told) {
      assert.ok(error instanceof KafkaJSProtocolError)
      assert.equal(error.type, 'REBALANCE_IN_PROGRESS')
    }
    assert.equal(rebalances, 1)
    // Each message once: what was resolved was committed before the partition went.
    assert.equal(handled.length, 20)
    assert.equal(new Set(handled).size, 20)
    await world.end(first, second)
  })

  it('are neither lost nor skipped while the node dies and comes back', async () => {
    const world = await World.start()
    const consumer = await world.consumer({ sessionTimeout: 8000 })
    const producer = world.client().producer({ idempotent: true })
    await world.settle(producer.connect())
    const seen: number[] = []
    await world.settle(
      consumer.run({
        eachMessage: async (payload) => {
          seen.push(Number(textOf(payload)))
        },
      }),
    )
    const sending: Promise<unknown>[] = []
    for (let i = 0; i < 30; i++) {
      const messages = [{ value: String(i), partition: 0 }]
      sending.push(producer.send({ topic: 't', messages }))
      await world.node.world.advance(300)
      if (i % 10 !== 5) continue
      world.node.kill()
      await world.node.world.advance(2000)
      await world.node.restart()
    }
    await world.settle(Promise.all(sending))
    await world.until(() => seen.includes(29))
    let next = 0
    for (const value of seen) {
      assert.ok(value <= next, `${value} after ${next - 1}`)
      next = Math.max(next, value + 1)
    }
    assert.equal(next, 30)
    await world.settle(producer.disconnect())
    await world.end(consumer)
  })
})

describe('offsets', () => {
  it('are committed by time and by number', async () => {
    const world = await World.start()
    const commits: [number, string][] = []
    for (const config of [{ autoCommitInterval: 2000 }, { autoCommitThreshold: 3 }]) {
      const consumer = await world.consumer()
      commits.length = 0
      consumer.on(consumer.events.COMMIT_OFFSETS, ({ payload }) => {
        commits.push([world.nowMs, payload.topics[0]!.partitions[0]!.offset])
      })
      await world.produce(0, numbers(8))
      let handled = 0
      await world.settle(
        consumer.run({
          ...config,
          eachMessage: async () => {
            await world.sleep(500)
            handled++
          },
        }),
      )
      await world.until(() => handled === 1)
      world.stepDate(-3_600_000) // what has passed counts, not the date
      await world.until(() => handled === 8)
      await world.settle(consumer.disconnect())
      const offsets = commits.map(([, offset]) => Number(offset) % 8)
      if (config.autoCommitThreshold === 3) assert.deepEqual(offsets, [3, 6, 0])
      else assert.deepEqual(offsets.at(-1), 0)
      if (config.autoCommitThreshold === undefined) assert.ok(commits.length >= 2)
    }
    assert.deepEqual(await world.committed(), [16, -1])
    await world.end()
  })

  it('are not committed where the program does it, and not resolved where it does not say so', async () => {
    const world = await World.start()
    await world.produce(0, numbers(4))
    const consumer = await world.consumer()
    const seen: string[] = []
    await world.settle(
      consumer.run({
        autoCommit: false,
        eachBatchAutoResolve: false,
        eachBatch: async ({ batch, resolveOffset }) => {
          const [first] = batch.messages
          seen.push(first!.value!.toString())
          resolveOffset(first!.offset) // the rest comes again
        },
      }),
    )
    await world.until(() => seen.length === 4)
    assert.deepEqual(seen, numbers(4))
    await world.end(consumer)
    const again = new World(world.node)
    await world.node.restart()
    assert.deepEqual(await again.committed(), [-1, -1])
    await again.end()
  })

  it('begin at either end, topic by topic', async () => {
    const world = await World.start()
    const topics = [{ topic: 'news', numPartitions: 1 }]
    await world.settle(world.admin.createTopics({ topics }))
    await world.produce(0, ['old'])
    await world.produce(0, ['old news'], 'news')
    const consumer = await world.consumer()
    await world.settle(consumer.subscribe({ topic: 'news', fromBeginning: false }))
    const seen: string[] = []
    await world.settle(
      consumer.run({
        eachMessage: async (payload) => {
          seen.push(textOf(payload))
        },
      }),
    )
    await world.until(() => seen.length === 1)
    await world.produce(0, ['news'], 'news')
    await world.until(() => seen.length === 2)
    assert.deepEqual(seen, ['old', 'news'])
    await world.end(consumer)
  })
})

describe('a crash', () => {
  it('is told, and the consumer starts again until it is stopped', async () => {
    const world = await World.start()
    await world.produce(0, ['bad'])
    const consumer = await world.consumer({ retry: { initialRetryTime: 1000, retries: 1 } })
    const crashes: Error[] = []
    let attempts = 0
    consumer.on(consumer.events.CRASH, ({ payload }) => {
      assert.equal(payload.restart, true)
      crashes.push(payload.error)
    })
    await world.settle(
      consumer.run({
        eachMessage: async () => {
          attempts++
          throw new Error('always')
        },
      }),
    )
    await world.until(() => crashes.length === 3)
    assert.ok(crashes[0] instanceof KafkaJSNumberOfRetriesExceeded)
    assert.equal(crashes[0].message, 'always')
    assert.equal(attempts, 6)
    // It waits to start again: this calls it off.
    await world.settle(consumer.disconnect())
    await world.node.world.advance(120_000)
    assert.deepEqual([attempts, crashes.length], [6, 3])
    await world.end()
  })

  it('of the program itself is the end', async () => {
    const world = await World.start()
    await world.produce(0, ['bad'])
    const consumer = await world.consumer()
    const ends: unknown[] = []
    consumer.on(consumer.events.CRASH, ({ payload }) => ends.push(payload))
    await world.settle(
      consumer.run({
        eachMessage: async () => {
          throw new TypeError('a fault')
        },
      }),
    )
    await world.until(() => ends.length === 1)
    await world.node.world.advance(120_000)
    const [{ error, restart }] = ends as [{ error: Error; restart: boolean }]
    assert.ok(error instanceof KafkaJSNonRetriableError)
    assert.deepEqual([error.message, restart, ends.length], ['a fault', false, 1])
    await world.end()
  })
})

describe('stopping', () => {
  it('waits for the handler, commits what it has done, and ends', async () => {
    const world = await World.start()
    await world.produce(0, numbers(5))
    const consumer = await world.consumer()
    const seen: string[] = []
    let started = 0
    await world.settle(
      consumer.run({
        eachMessage: async (payload) => {
          started++
          await world.sleep(4000)
          seen.push(textOf(payload))
        },
      }),
    )
    await world.until(() => started === 2)
    await world.settle(consumer.stop())
    assert.deepEqual(seen, ['0', '1'])
    assert.deepEqual(await world.committed(), [2, -1])
    await world.end(consumer)
  })

  it('ends with no node to be had, and a producer says what became of its messages', async () => {
    const world = await World.start()
    const consumer = await world.consumer()
    await world.settle(consumer.run({ eachMessage: async () => {} }))
    const producer = world.client().producer({ retry: { retries: 1, initialRetryTime: 100 } })
    await world.settle(producer.connect())
    world.node.kill()
    const failed = producer.send({ topic: 't', messages: [{ value: 'x' }] }).catch((error) => error)
    const error = await world.settle(failed)
    assert.ok(error instanceof KafkaJSNumberOfRetriesExceeded, String(error))
    const startMs = world.nowMs
    await world.settle(consumer.disconnect())
    await world.settle(producer.disconnect())
    assert.ok(world.nowMs - startMs < 100_000, `${world.nowMs - startMs} ms`)
  })
})

describe('what is not supported', () => {
  it('is refused by name', async () => {
    const world = await World.start()
    const { kafka } = world
    const refused = (work: () => unknown, name: RegExp) => {
      assert.throws(
        work,
        (error) => error instanceof KafkaJSNotImplemented && name.test(error.message),
      )
    }
    const brokers = ['a:1']
    refused(() => new Kafka({ brokers, socketFactory: (() => {}) as never }), /socketFactory/)
    refused(() => new Kafka({ brokers, enforceRequestTimeout: false }), /enforceRequestTimeout/)
    refused(() => new Kafka({ brokers, sasl: { mechanism: 'aws' } as never }), /aws/)
    refused(() => new Kafka({ brokers, ssl: { checkServerIdentity: () => {} } as never }), /ssl/)
    refused(() => kafka.producer({ allowAutoTopicCreation: false }), /allowAutoTopicCreation/)
    refused(() => kafka.consumer({ groupId: 'g', instanceId: 'i' } as never), /instanceId/)
    refused(() => {
      kafka.consumer({ groupId: 'g', partitionAssigners: [() => ({ name: 'own' })] })
    }, /partitionAssigners/)
    const producer = kafka.producer()
    refused(() => producer.on(producer.events.REQUEST, () => {}), /network\.request/)
    const consumer = kafka.consumer({
      groupId: 'g',
      partitionAssigners: [PartitionAssigners.roundRobin],
    })
    await assert.rejects(world.settle(consumer.run({})), KafkaJSNonRetriableError)
    await world.end(consumer)
  })
})
