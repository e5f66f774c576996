/**
 * Our transactions on three nodes of Apache Kafka while brokers end: the coordinator of a
 * transaction moves and is killed in the middle of it, and programs that read, transform and write
 * lose brokers under them and crash themselves. Read back by kcat as committed records: each
 * exactly once. The server under test plays no part.
 */
import assert from 'node:assert/strict'
import {
  type Consumer,
  type ConsumerBatch,
  type Kafka,
  KafkaError,
  type Producer,
} from '../../../src/client/index.ts'
import type { Check, CheckContext } from '../check.ts'
import { readByKcat, Traffic } from '../cluster-traffic.ts'
import { CLUSTER_CHECK_MS, KafkaCluster } from '../kafka-cluster.ts'
import { eventually } from '../process.ts'

const WAIT_MS = 60_000

async function coordinators(context: CheckContext): Promise<void> {
  const { topic } = context
  const cluster = await KafkaCluster.start(context)
  await cluster.createTopic(topic, [
    [1, 2, 3],
    [2, 1, 3],
  ])
  const kafka = cluster.client()
  const producer = kafka.producer({ transactionalId: topic })
  const expected = [0, 0]
  await cluster.moveCoordinator('transaction', topic, 2)
  /** Four records, the same step after each half of them. */
  const transaction = async (isCommit: boolean, step: () => Promise<void> | void) => {
    const open = await producer.begin()
    const base = isCommit ? [...expected] : [9000, 9000]
    for (const half of [0, 1]) {
      for (const partition of [0, 1]) {
        await open.send(topic, { partition, value: String(base[partition]! + half) })
      }
      await open.sendOffsets({ groupId: topic }, [{ topic, partition: 0, offset: base[0]! + half }])
      if (half === 0) await step()
    }
    if (!isCommit) return open.abort()
    await open.commit()
    for (const partition of [0, 1]) expected[partition]! += 2
  }
  await transaction(true, () => {})
  await transaction(true, () => cluster.moveCoordinator('transaction', topic, 3))
  await transaction(false, () => cluster.moveCoordinator('transaction', topic, 2))
  await transaction(true, () => cluster.moveCoordinator('transaction', topic, 3))
  await transaction(true, () => cluster.kill(3))
  await cluster.startAgain(3)
  await cluster.untilInSync('__transaction_state', 2)
  await cluster.moveCoordinator('transaction', topic, 3)
  await transaction(false, () => cluster.kill(3))
  await transaction(true, () => {})
  const log = await readByKcat(context, cluster.bootstrap, topic, 2)
  log.isExact(expected, 'what is committed')
  const [committed] = await kafka.consumer({ groupId: topic }).committed([{ topic, partition: 0 }])
  assert.equal(committed?.offset, expected[0]! - 1, 'the offsets of the group')
}

const PARTITIONS = 3
/** Members that have crashed are missed soon. */
const SHORT_SESSIONS = {
  'group.consumer.session.timeout.ms': '6000',
  'group.consumer.min.session.timeout.ms': '6000',
}

/** Reads a topic and writes what it read to another, by one transaction a batch. */
class Worker {
  readonly failures: string[] = []
  transactions = 0
  #consumer: Consumer
  #producer: Producer
  readonly #running: Promise<void>
  readonly #kafka: Kafka
  #crash: (() => void) | null = null
  readonly #from: string
  readonly #to: string
  readonly #newProducer: () => Producer

  constructor(kafka: Kafka, name: string, from: string, to: string) {
    this.#kafka = kafka
    this.#from = from
    this.#to = to
    this.#newProducer = () => kafka.producer({ transactionalId: name })
    this.#producer = this.#newProducer()
    this.#consumer = kafka.consumer({
      groupId: from,
      topics: [from],
      autoCommit: false,
      autoOffsetReset: 'earliest',
      isolation: 'read_committed',
    })
    this.#running = this.#run()
    this.#running.catch(() => {}) // `stop` tells
  }

  async stop(): Promise<void> {
    await this.#consumer.close()
    await this.#running
    await this.#producer.close()
  }

  /** Ends it in the middle of a transaction, without a word to anyone. */
  async crash(): Promise<void> {
    await new Promise<void>((resolve) => {
      this.#crash = resolve
    })
    await this.#kafka.close({ timeoutMs: 0 })
  }

  async #run(): Promise<void> {
    await this.#takeOver()
    for await (const batch of this.#consumer.batches({ maxRecords: 50 })) {
      try {
        await this.#transform(batch)
        this.transactions++
      } catch (error) {
        await this.#goBack(batch, error)
      }
    }
  }

  /**
   * Ends what is open of the one before: until then, or until that times out, nobody is told the
   * offsets that are in it.
   */
  async #takeOver(): Promise<void> {
    await (await this.#producer.begin()).abort()
  }

  #transform(batch: ConsumerBatch): Promise<void> {
    const { partition, nextOffset } = batch
    const group = { groupId: this.#from, ...this.#consumer.identity }
    return this.#producer.transaction(async (transaction) => {
      for (const { value } of batch) transaction.enqueue(this.#to, { partition, value })
      await transaction.sendOffsets(group, [{ topic: this.#from, partition, offset: nextOffset }])
      if (this.#crash === null) return
      this.#crash()
      await new Promise(() => {})
    })
  }

  /** To where the group is, with another producer where this one is of no more use. */
  async #goBack(batch: ConsumerBatch, error: unknown): Promise<void> {
    this.failures.push(error instanceof KafkaError ? `${error.code}: ${error.message}` : `${error}`)
    if (error instanceof KafkaError && (error.fatal || error.code === 'TIMED_OUT')) {
      await this.#producer.close()
      this.#producer = this.#newProducer()
      await this.#takeOver()
    }
    if (batch.signal.aborted) return
    const [committed] = await this.#consumer.committed([batch])
    await this.#consumer.seek(batch, committed?.offset ?? 0)
  }
}

async function exactlyOnce(context: CheckContext): Promise<void> {
  const { topic } = context
  const [from, to] = [`${topic}-in`, `${topic}-out`]
  const cluster = await KafkaCluster.start(context, { properties: SHORT_SESSIONS })
  const assignments = [
    [2, 3, 1],
    [3, 1, 2],
    [1, 2, 3],
  ]
  await cluster.createTopic(from, assignments)
  await cluster.createTopic(to, assignments)
  const traffic = new Traffic(context, cluster.client(), from, PARTITIONS)
  const workers = [0, 1].map((at) => new Worker(cluster.client(), `${topic}-${at}`, from, to))
  const grown = async () => {
    const before = workers.map(({ transactions }) => transactions)
    await eventually(WAIT_MS, () => {
      for (const [at, { transactions, failures }] of workers.entries()) {
        assert.ok(transactions > before[at]! + 10, `worker ${at} does not go on: ${failures}`)
      }
    })
  }
  await grown()
  // Coordinators of the group and of one worker end with leaders of both topics.
  await cluster.moveCoordinator('group', from, 2)
  await cluster.moveCoordinator('transaction', `${topic}-0`, 2)
  await grown()
  await cluster.kill(2)
  await grown()
  await cluster.startAgain(2)
  await cluster.untilInSync(to, PARTITIONS)
  await workers[0]!.crash()
  workers[0] = new Worker(cluster.client(), `${topic}-0`, from, to)
  await grown()
  await traffic.stop()
  const kafka = cluster.client()
  const group = kafka.consumer({ groupId: from })
  await eventually(WAIT_MS, async () => {
    const partitions = traffic.sent.map((_, partition) => ({ topic: from, partition }))
    const committed = await group.committed(partitions)
    const offsets = new Map(committed.map(({ partition, offset }) => [partition, offset]))
    const done = traffic.sent.map((_, partition) => offsets.get(partition))
    const said = workers.map(({ failures }) => failures.slice(-2).join('; ')).join(' | ')
    assert.deepEqual(done, traffic.sent, `what is done of what was written: ${said}`)
  })
  await Promise.all(workers.map((worker) => worker.stop()))
  const log = await readByKcat(context, cluster.bootstrap, to, PARTITIONS)
  log.isExact(traffic.sent, 'the transformed records')
  const counts = workers.map(({ transactions, failures }) => {
    return `${transactions} transactions, ${failures.length} repeated`
  })
  context.note(counts.join('; '))
}

export const clientClusterTransactions: readonly Check[] = [
  {
    name: 'client-cluster-kafka-transactions',
    needs: ['java', 'kcat'],
    timeoutMs: CLUSTER_CHECK_MS,
    run: coordinators,
  },
  {
    name: 'client-cluster-kafka-exactly-once',
    needs: ['java', 'kcat'],
    timeoutMs: CLUSTER_CHECK_MS,
    run: exactlyOnce,
  },
]
