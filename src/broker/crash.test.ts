/**
 * Crashes at any moment: producers, committers and administrators work while the process is killed
 * or the power is cut, between turns and in the middle of one, and the node starts again.
 *
 * What must hold. After `kill -9` all that was acknowledged is there, once and in its place. After
 * a power cut, so is what was flushed: the metadata always, and the records of a topic with
 * `flush.messages=1`; other logs are cut somewhere, and hold nothing that was never sent. A
 * compacted topic has the last value of each key. Producer ids are never given twice, committed
 * offsets are never ones that nobody committed. Segments are small, the cleaner is busy, and the
 * metadata is snapshot often, so that all of that is struck as well.
 */
import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { fatalDisk } from '../io/fatal-disk.test-support.ts'
import { ErrorCode } from '../protocol/errors.ts'
import { produceRequest, produceResponse } from '../protocol/messages/00-produce.ts'
import { metadataRequest, metadataResponse } from '../protocol/messages/03-metadata.ts'
import { offsetCommitRequest, offsetCommitResponse } from '../protocol/messages/08-offset-commit.ts'
import { offsetFetchRequest, offsetFetchResponse } from '../protocol/messages/09-offset-fetch.ts'
import {
  findCoordinatorRequest,
  findCoordinatorResponse,
} from '../protocol/messages/10-find-coordinator.ts'
import { createTopicsRequest, createTopicsResponse } from '../protocol/messages/19-create-topics.ts'
import { deleteTopicsRequest, deleteTopicsResponse } from '../protocol/messages/20-delete-topics.ts'
import {
  initProducerIdRequest,
  initProducerIdResponse,
} from '../protocol/messages/22-init-producer-id.ts'
import { batchOf, produceTo, type TestClient, TestNode } from './node.test-support.ts'

const LIVES = 6
const PARTITIONS = 2
const RETRIABLE: readonly number[] = [
  ErrorCode.COORDINATOR_LOAD_IN_PROGRESS,
  ErrorCode.COORDINATOR_NOT_AVAILABLE,
]

/** Segments of a few batches. */
const SMALL_SEGMENTS = { 'internal.segment.bytes': '3000' }
const COMPACTED = {
  ...SMALL_SEGMENTS,
  'cleanup.policy': 'compact',
  'min.cleanable.dirty.ratio': '0',
  'flush.messages': '1',
}
const BUSY = {
  'log.cleaner.backoff.ms': '5',
  'metadata.log.max.record.bytes.between.snapshots': '4000',
}
const KEYS = 4

/** How a life ends. */
type End = 'kill' | 'power cut'

/** What the clients know of a partition. */
interface KnownPartition {
  /** Values by offset, as they were acknowledged. */
  readonly acknowledged: Map<number, string>
  readonly sent: Set<string>
}

/** An idempotent producer of one partition, which repeats what was not answered. */
interface Producer {
  id: number
  sequence: number
  unanswered: string | null
}

class CrashTest {
  readonly node: TestNode
  readonly #seed: number
  readonly #end: End
  readonly #partitions = new Map<string, KnownPartition>()
  readonly #producerIds = new Set<number>()
  readonly #topics = new Map<string, string>()
  readonly #deleted = new Set<string>()
  readonly #producers = new Map<string, Producer>()
  #isAlive = true
  /** Counts starts. */
  #life = 0
  /** The operation of the disk that ends this life; 0 for none. */
  #dieAt = 0
  /** The number of the last value of each key: sent, and acknowledged. */
  readonly #keys = Array.from({ length: KEYS }, () => ({ sent: -1, acknowledged: -1 }))
  #committing = 0
  #committed = -1
  #topicCount = 0

  constructor(seed: number, end: End) {
    this.#seed = seed
    this.#end = end
    this.node = new TestNode({ seed, properties: BUSY })
  }

  async run(): Promise<void> {
    await this.node.restart()
    await this.#begin()
    for (let life = 0; life < LIVES; life++) {
      await this.#work()
      await this.#check(life)
    }
  }

  async #begin(): Promise<void> {
    const client = await this.node.connect()
    await this.#createTopic(client, 'plain', SMALL_SEGMENTS)
    await this.#createTopic(client, 'flushed', { ...SMALL_SEGMENTS, 'flush.messages': '1' })
    await this.#createTopic(client, 'compacted', COMPACTED)
    const find = { key: 'g', keyType: 0 }
    await client.call(findCoordinatorRequest, findCoordinatorResponse, 3, find)
    for (const topic of ['plain', 'flushed']) {
      for (let index = 0; index < PARTITIONS; index++) {
        this.#partitions.set(`${topic}-${index}`, { acknowledged: new Map(), sent: new Set() })
      }
    }
  }

  async #createTopic(client: TestClient, name: string, configs: Readonly<Record<string, string>>) {
    this.#topics.set(name, await client.createTopic(name, PARTITIONS, configs))
  }

  /** Clients work until the node dies and starts again; it may die in the middle of a start. */
  async #work(): Promise<void> {
    const { node } = this
    const { world } = node
    const { random } = world
    // The disk is to kill some lives; where it has too little to do, time does.
    const untilMs = this.#dieAt > 0 ? 60 : random.float() * 40
    const cancel = world.time.after(untilMs, () => this.#die())
    const working = this.#jobs().map((job) => node.dial().then(job).catch(closed))
    await world.settle(Promise.all(working))
    cancel()
    await this.#restart()
  }

  #die(): void {
    if (!this.#isAlive) return
    this.#isAlive = false
    if (this.#end === 'kill') this.node.kill()
    else this.node.crash(this.node.world.random.chance(0.3) ? 'lose' : 'random')
  }

  /** Starts the node; often on a disk under which it dies again at some operation. */
  async #restart(): Promise<void> {
    const { random } = this.node.world
    for (;;) {
      this.#isAlive = true
      this.#dieAt = random.chance(0.6) ? 1 + random.int(random.chance(0.5) ? 30 : 300) : 0
      const life = ++this.#life
      const io = fatalDisk(this.node.machine, this.#dieAt, () => {
        // What is left of an earlier process may still close its files.
        if (life === this.#life) this.#die()
        return true
      })
      try {
        await this.node.restart({}, io)
        return
      } catch (error) {
        if (this.#isAlive) throw error
      }
    }
  }

  #jobs(): ((client: TestClient) => Promise<void>)[] {
    return [
      (client) => this.#produce(client, 'plain', 0),
      (client) => this.#produce(client, 'plain', 1),
      (client) => this.#produce(client, 'flushed', 1),
      (client) => this.#produceOnce(client, 'plain', 1),
      (client) => this.#produceOnce(client, 'flushed', 0),
      (client) => this.#update(client),
      (client) => this.#commit(client),
      (client) => this.#administer(client),
    ]
  }

  /** A producer without an id: each value once, several in flight. */
  async #produceOnce(client: TestClient, topic: string, index: number): Promise<void> {
    const partition = this.#partitions.get(`${topic}-${index}`)!
    for (;;) {
      const sending = Array.from({ length: 3 }, async () => {
        const value = `once ${partition.sent.size} ${'x'.repeat(this.node.world.random.int(900))}`
        partition.sent.add(value)
        await this.#send(client, topic, index, value, {})
      })
      await Promise.all(sending)
    }
  }

  /** An idempotent producer; after a power cut it begins anew. */
  async #produce(client: TestClient, topic: string, index: number): Promise<void> {
    const name = `${topic}-${index}`
    const partition = this.#partitions.get(name)!
    let producer = this.#producers.get(name)
    if (producer === undefined || this.#end === 'power cut') {
      producer = { id: await this.#newId(client), sequence: 0, unanswered: null }
      this.#producers.set(name, producer)
    }
    for (;;) {
      producer.unanswered ??= `id ${producer.id} ${producer.sequence}`
      const { unanswered, id, sequence } = producer
      partition.sent.add(unanswered)
      const options = { producerId: id, producerEpoch: 0, baseSequence: sequence }
      await this.#send(client, topic, index, unanswered, options)
      producer.unanswered = null
      producer.sequence++
    }
  }

  async #send(client: TestClient, topic: string, index: number, value: string, options: object) {
    const records = batchOf([value], this.node.nowMs, options)
    const body = produceTo(topic, index, records)
    const answer = await client.send(produceRequest, produceResponse, 9, body)
    const { errorCode, baseOffset } = answer.responses[0]!.partitionResponses[0]!
    assert.equal(errorCode, ErrorCode.NONE, this.#at(`produce to ${topic}-${index}`))
    const { acknowledged } = this.#partitions.get(`${topic}-${index}`)!
    const before = acknowledged.get(baseOffset)
    assert.ok(before === undefined || before === value, this.#at(`offset ${baseOffset} twice`))
    acknowledged.set(baseOffset, value)
  }

  /** Writes to a compacted topic, one key after another. */
  async #update(client: TestClient): Promise<void> {
    for (;;) {
      const at = this.node.world.random.int(KEYS)
      const key = this.#keys[at]!
      const number = ++key.sent
      const text = `${number} ${'x'.repeat(200)}`
      const records = batchOf([text], this.node.nowMs, { key: `key ${at}` })
      const body = produceTo('compacted', 0, records)
      const answer = await client.send(produceRequest, produceResponse, 9, body)
      assert.equal(answer.responses[0]?.partitionResponses[0]?.errorCode, ErrorCode.NONE)
      key.acknowledged = number
    }
  }

  async #newId(client: TestClient): Promise<number> {
    const body = { transactionalId: null, transactionTimeoutMs: 1000 }
    const answer = await client.send(initProducerIdRequest, initProducerIdResponse, 4, body)
    assert.equal(answer.errorCode, ErrorCode.NONE)
    assert.ok(!this.#producerIds.has(answer.producerId), this.#at(`id ${answer.producerId} twice`))
    this.#producerIds.add(answer.producerId)
    return answer.producerId
  }

  async #commit(client: TestClient): Promise<void> {
    for (;;) {
      const offset = ++this.#committing
      const partitions = [{ partitionIndex: 0, committedOffset: offset, committedMetadata: '' }]
      const body = { groupId: 'g', memberId: '', topics: [{ name: 'plain', partitions }] }
      const answer = await client.send(offsetCommitRequest, offsetCommitResponse, 8, body)
      const { errorCode } = answer.topics[0]!.partitions[0]!
      if (errorCode === ErrorCode.NONE) this.#committed = Math.max(this.#committed, offset)
      else assert.ok(RETRIABLE.includes(errorCode), this.#at(`commit: error ${errorCode}`))
    }
  }

  async #administer(client: TestClient): Promise<void> {
    for (;;) {
      const name = `topic-${this.#topicCount++}`
      const configs = [{ name: 'retention.ms', value: '12345' }]
      const topic = { name, numPartitions: 1, replicationFactor: 1, assignments: [], configs }
      const body = { topics: [topic], timeoutMs: 1000 }
      const answer = await client.send(createTopicsRequest, createTopicsResponse, 7, body)
      assert.equal(answer.topics[0]?.errorCode, ErrorCode.NONE, this.#at(`create ${name}`))
      this.#topics.set(name, answer.topics[0]!.topicId)
      if (this.node.world.random.chance(0.5)) continue
      this.#topics.delete(name)
      const deletion = { topicNames: [name], timeoutMs: 1000 }
      const deleted = await client.send(deleteTopicsRequest, deleteTopicsResponse, 3, deletion)
      assert.equal(deleted.responses[0]?.errorCode, ErrorCode.NONE, this.#at(`delete ${name}`))
      this.#deleted.add(name)
    }
  }

  async #check(life: number): Promise<void> {
    const dieAt = this.#dieAt
    // Nothing dies while we look: on a disk that kills, looking would be cut short at random.
    while (this.#dieAt > 0) {
      this.#die()
      await this.#restart()
    }
    const client = await this.node.connect()
    await this.#checkTopics(client)
    for (const [name, partition] of this.#partitions) {
      const topic = name.slice(0, name.lastIndexOf('-'))
      const keeps = this.#end === 'kill' || topic === 'flushed'
      await this.#checkPartition(client, name, partition, keeps)
    }
    await this.#checkCompacted(client)
    await this.#checkOffsets(client)
    const bad = this.node.log.filter((line) => /^error|offline|refused/.test(line))
    assert.deepEqual(bad, [], this.#at(`life ${life}, disk operation ${dieAt}`))
  }

  async #checkTopics(client: TestClient): Promise<void> {
    const answer = await client.call(metadataRequest, metadataResponse, 12, { topics: null })
    const found = new Map(answer.topics.map(({ name, topicId }) => [name, topicId]))
    for (const [name, id] of this.#topics) assert.equal(found.get(name), id, this.#at(name))
    for (const name of this.#deleted) assert.ok(!found.has(name), this.#at(`${name} is back`))
  }

  async #checkPartition(
    client: TestClient,
    name: string,
    { acknowledged, sent }: KnownPartition,
    keeps: boolean,
  ): Promise<void> {
    const at = name.lastIndexOf('-')
    const records = await client.readAll(name.slice(0, at), Number(name.slice(at + 1)))
    const values = new Map(records.map(({ offset, value }) => [offset, value!]))
    for (const value of values.values()) assert.ok(sent.has(value), this.#at(`${name}: ${value}`))
    assert.equal(new Set(values.values()).size, values.size, this.#at(`${name} repeats itself`))
    if (keeps) {
      assert.equal(records.at(-1)?.offset ?? -1, values.size - 1, this.#at(`${name} has a gap`))
    }
    for (const [offset, value] of acknowledged) {
      const isThere = values.has(offset)
      assert.ok(isThere || !keeps, this.#at(`${name} has lost offset ${offset}`))
      if (isThere) assert.equal(values.get(offset), value, this.#at(`${name} at ${offset}`))
      else acknowledged.delete(offset)
    }
  }

  async #checkCompacted(client: TestClient): Promise<void> {
    const found = new Map<string, number>()
    for (const { key, value } of await client.readAll('compacted', 0)) {
      found.set(key!, Number.parseInt(value!, 10))
    }
    for (const [at, { sent, acknowledged }] of this.#keys.entries()) {
      const number = found.get(`key ${at}`) ?? -1
      const isOne = number >= acknowledged && number <= sent
      assert.ok(isOne, this.#at(`key ${at} has ${number}, acknowledged is ${acknowledged}`))
    }
  }

  async #checkOffsets(client: TestClient): Promise<void> {
    const topics = [{ name: 'plain', partitionIndexes: [0] }]
    const body = { groups: [{ groupId: 'g', topics }] }
    for (;;) {
      const answer = await client.call(offsetFetchRequest, offsetFetchResponse, 8, body)
      const group = answer.groups[0]!
      if (RETRIABLE.includes(group.errorCode)) continue
      assert.equal(group.errorCode, ErrorCode.NONE)
      const { committedOffset } = group.topics[0]!.partitions[0]!
      const least = this.#end === 'kill' ? this.#committed : -1
      const isOne = committedOffset >= least && committedOffset <= this.#committing
      assert.ok(isOne, this.#at(`committed ${committedOffset}, acknowledged ${least}`))
      return
    }
  }

  #at(what: string): string {
    return `seed ${this.#seed}, ${this.#end}: ${what}`
  }
}

function closed(error: Error): void {
  if (!/^closed|ECONN/.test(error.message)) throw error
}

describe('a node that dies', () => {
  it('by kill -9 has lost nothing that it acknowledged', async () => {
    for (let seed = 1; seed <= 4; seed++) await new CrashTest(seed, 'kill').run()
  })

  it('by a power cut has lost nothing that was flushed', async () => {
    for (let seed = 101; seed <= 104; seed++) await new CrashTest(seed, 'power cut').run()
  })
})
