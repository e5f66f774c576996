/**
 * A producer and a group of two consumers on a node that is slow, whose answers come late and in
 * any order across connections, and whose topic is deleted and made again under them: what was
 * acknowledged is there once and in order, all of it is seen, and nothing comes to a halt.
 */
import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { utf8Text } from '../../../src/base/bytes.ts'
import { Prng } from '../../../src/base/prng.ts'
import { PORT, TestNode } from '../../../src/broker/node.test-support.ts'
import { type ConsumerOptions, Kafka, KafkaError } from '../../../src/client/index.ts'

const PARTITIONS = 3
const RECORDS = 150
const TOPIC = 't'

class World {
  readonly node: TestNode
  readonly kafkas: Kafka[] = []
  /** Values that were acknowledged, by partition, in the order of their offsets. */
  readonly written: string[][] = Array.from({ length: PARTITIONS }, () => [])
  /** Values that were read, by partition. */
  readonly seen: string[][] = Array.from({ length: PARTITIONS }, () => [])
  readonly failures: unknown[] = []

  private constructor(node: TestNode) {
    this.node = node
  }

  static async start(seed: number, latencyMs: readonly [number, number]): Promise<World> {
    const world = new World(await TestNode.start({ seed, simulation: { network: { latencyMs } } }))
    await world.createTopic()
    return world
  }

  open(machine: string): Kafka {
    const io = this.node.world.node(machine)
    const kafka = new Kafka({ brokers: `broker:${PORT}`, io, requestTimeoutMs: 6000 })
    this.kafkas.push(kafka)
    return kafka
  }

  async createTopic(): Promise<void> {
    const topic = { name: TOPIC, numPartitions: PARTITIONS, replicationFactor: 1 }
    const admin = this.open('admin').admin()
    const created = await this.node.world.settle(
      admin.createTopics([topic], { timeoutMs: 600_000 }),
      600_000,
    )
    created.orThrow()
  }

  async deleteTopic(): Promise<void> {
    const admin = this.open('admin').admin()
    ;(await this.node.world.settle(admin.deleteTopics([TOPIC]), 600_000)).orThrow()
  }

  /** Reads all there is into `seen`, for ever. */
  consume(machine: string, options: Partial<ConsumerOptions> = {}): void {
    const consumer = this.open(machine).consumer({
      topics: [TOPIC],
      autoOffsetReset: 'earliest',
      sessionTimeoutMs: 45_000,
      ...options,
    })
    const read = async (): Promise<void> => {
      for await (const { partition, value } of consumer) {
        this.seen[partition]!.push(utf8Text(value!))
      }
    }
    read().catch((error) => this.failures.push(error))
  }

  /** Every value comes, in order; some may come again, where a member takes over. */
  checkSeen(): void {
    assert.deepEqual(this.failures, [])
    this.seen.forEach((values, partition) => {
      const first = values.filter((value, at) => values.indexOf(value) === at)
      assert.deepEqual(first, this.written[partition], `partition ${partition}`)
    })
  }

  get allSeen(): boolean {
    return this.written.every((values, at) => values.every((each) => this.seen[at]!.includes(each)))
  }

  async close(): Promise<void> {
    for (const kafka of this.kafkas) await this.node.world.settle(kafka.close(), 60_000)
  }
}

describe('a node', () => {
  it('that is slow, and answers in another order, loses nothing and doubles nothing', async () => {
    // A round trip of up to six seconds: some requests time out though they were carried out.
    for (let seed = 1; seed <= 4; seed++) {
      const world = await World.start(seed, [1, 3200])
      const random = new Prng(seed)
      const producer = world.open('app').producer({ deliveryTimeoutMs: 3_600_000, batchBytes: 300 })
      for (const member of ['one', 'two']) world.consume(member, { groupId: 'g' })
      const sent: Promise<void>[] = []
      for (let i = 0; i < RECORDS; i++) {
        const partition = random.int(PARTITIONS)
        const value = `${i}`
        const written = world.written[partition]!
        written.push(value)
        sent.push(
          producer.send(TOPIC, { value, partition }).then(({ offset }) => {
            assert.equal(written[offset], value, `seed ${seed}: offset ${offset}`)
          }),
        )
        if (random.chance(0.2)) await world.node.world.advance(random.int(2000))
      }
      await world.node.world.settle(Promise.all(sent), 3_600_000)
      await world.node.world.runUntil(() => world.allSeen, 3_600_000)
      world.checkSeen()
      await world.close()
    }
  })

  it('whose topic is deleted and made again takes what comes after it, once', async () => {
    for (let seed = 1; seed <= 6; seed++) {
      const world = await World.start(seed, [0.1, 20])
      const { world: simulation } = world.node
      const random = new Prng(seed)
      const producer = world.open('app').producer({ deliveryTimeoutMs: 60_000, batchBytes: 300 })
      const outcomes: { partition: number; value: string; offset: number; era: number }[] = []
      const sent: Promise<unknown>[] = []
      let era = 0
      for (let i = 0; i < RECORDS; i++) {
        const partition = random.int(PARTITIONS)
        const value = `${i}`
        const note = ({ offset }: { offset: number }) =>
          outcomes.push({ partition, value, offset, era })
        sent.push(producer.send(TOPIC, { value, partition }).then(note, isKafkaError))
        await simulation.advance(random.int(30))
        if (i !== RECORDS / 2) continue
        await world.deleteTopic()
        await simulation.advance(random.int(3000))
        await world.createTopic()
        era = 1
      }
      await simulation.settle(Promise.all(sent), 600_000)
      const reader = await world.node.connect({ host: 'reader' })
      const places = new Map<string, string>()
      for (let partition = 0; partition < PARTITIONS; partition++) {
        const values = (await reader.readAll(TOPIC, partition)).map(({ offset, value }) => {
          places.set(`${partition} ${offset}`, value!)
          return Number(value)
        })
        const expected = [...new Set(values)].sort((a, b) => a - b)
        assert.deepEqual(values, expected, `seed ${seed}, partition ${partition}: order, doubles`)
      }
      const late = outcomes.filter((outcome) => outcome.era === 1)
      assert.ok(late.length >= RECORDS / 2 - 1, `seed ${seed}: only ${late.length} came through`)
      for (const { partition, value, offset } of late) {
        assert.equal(places.get(`${partition} ${offset}`), value, `seed ${seed}: ${value}`)
      }
      await world.close()
    }
  })
})

function isKafkaError(error: unknown): void {
  assert.ok(error instanceof KafkaError, `${error}`)
}
