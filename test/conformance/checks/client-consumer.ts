/**
 * Our consumer against a real broker: what kcat and our producer write in every codec, offsets that
 * Kafka's tools see and set, seeks by time, transactions, dead letters, a broker that is stopped
 * and started, a topic that is deleted and made again.
 */
import assert from 'node:assert/strict'
import {
  type Consumer,
  type ConsumerOptions,
  DEAD_LETTER_HEADERS,
  Kafka,
  serde,
  topic as topicOf,
} from '../../../src/client/index.ts'
import type { Check, CheckContext } from '../check.ts'
import { eventually, runOrThrow } from '../process.ts'

const CODECS = ['none', 'gzip', 'snappy', 'lz4', 'zstd'] as const
const PARTITIONS = 3
const RECORDS = 3000
const WAIT_MS = 30_000

const text = { key: serde.string(), value: serde.nullable(serde.string()) }

function open(context: CheckContext, brokers = context.server.bootstrap): Kafka {
  const kafka = new Kafka({ brokers })
  context.defer(() => kafka.close())
  return kafka
}

async function createTopic(kafka: Kafka, name: string, numPartitions = PARTITIONS) {
  const created = await kafka.admin().createTopics([{ name, numPartitions, replicationFactor: 1 }])
  created.orThrow()
}

function reader(kafka: Kafka, name: string, options: Partial<ConsumerOptions> = {}) {
  const topics = [topicOf(name, text)] as const
  return kafka.consumer({ autoOffsetReset: 'earliest', ...options, topics } as ConsumerOptions<
    (typeof topics)[number]
  >)
}

/** `partition:offset:key=value` of so many records, in order of partition and offset. */
async function read(consumer: ReturnType<typeof reader>, count: number): Promise<string[]> {
  const lines: [number, number, string][] = []
  const over = AbortSignal.timeout(WAIT_MS)
  for await (const batch of consumer.batches({ signal: over })) {
    for (const { partition, offset, key, value } of batch) {
      lines.push([partition, offset, `${partition}:${offset}:${key}=${value}`])
    }
    if (lines.length >= count) break
  }
  assert.equal(lines.length, count, 'records that came')
  return lines.sort((a, b) => a[0] - b[0] || a[1] - b[1]).map(([, , line]) => line)
}

async function kcat(context: CheckContext, name: string, args: readonly string[] = []) {
  const program = await context.toolbox.prepare('kcat')
  const format = ['-f', '%p:%o:%k=%s\\n']
  const all = ['-b', context.server.bootstrap, '-C', '-t', name, '-e', '-q', ...format, ...args]
  const lines = (await runOrThrow(program, all, WAIT_MS)).split('\n').filter((line) => line !== '')
  const place = (line: string) => line.split(':').map(Number)
  return lines.sort((a, b) => place(a)[0]! - place(b)[0]! || place(a)[1]! - place(b)[1]!)
}

/** Every codec, as kcat writes it and as we do; read side by side with kcat. */
async function codecs(context: CheckContext): Promise<void> {
  const kafka = open(context)
  const program = await context.toolbox.prepare('kcat')
  for (const codec of CODECS) {
    const name = `${context.topic}-${codec}`
    await createTopic(kafka, name)
    const input = Array.from({ length: RECORDS }, (_, i) => `k${i % 50}=value ${i} ü ${i * i}`)
    const args = ['-b', context.server.bootstrap, '-P', '-t', name, '-K', '=', '-z', codec]
    await runOrThrow(program, args, WAIT_MS, { input: `${input.join('\n')}\n` })
    const producer = kafka.producer({ compression: codec })
    for (let i = 0; i < RECORDS; i++) {
      producer.enqueue(name, { key: `k${i % 50}`, value: `ours ${i}` })
    }
    await producer.flush()
    const consumer = reader(kafka, name)
    const lines = await read(consumer, 2 * RECORDS)
    assert.deepEqual(lines, await kcat(context, name), codec)
    await consumer.close()
  }
}

/** Offsets that we commit are what Kafka's tools show, and what they set is where we go on. */
async function groupOffsets(context: CheckContext): Promise<void> {
  const { jvm, server, topic } = context
  const kafka = open(context)
  await createTopic(kafka, topic, 1)
  const producer = kafka.producer()
  for (let i = 0; i < 100; i++) producer.enqueue(topic, { value: `${i}` })
  await producer.flush()
  const groups = (args: readonly string[]) =>
    jvm.output('kafka-consumer-groups', ['--bootstrap-server', server.bootstrap, ...args])
  const group = ['--group', topic]
  const next = async () => {
    const consumer = reader(kafka, topic, { groupId: topic, autoCommit: false })
    for await (const record of consumer) {
      await consumer.commit(record)
      await consumer.close()
      return record.offset
    }
    return -1
  }
  assert.equal(await next(), 0)
  assert.equal(await next(), 1)
  const described = await groups(['--describe', ...group])
  const row = described.split('\n').find((line) => line.includes(topic) && /\d/.test(line))
  assert.deepEqual(row?.trim().split(/\s+/).slice(2, 6), ['0', '2', '100', '98'], described)
  await groups(['--reset-offsets', '--to-offset', '42', '--topic', topic, '--execute', ...group])
  assert.equal(await next(), 42)
  const consumer = kafka.consumer({ groupId: topic })
  consumer.assign([{ topic, partition: 0 }])
  const offset = { topic, partition: 0, offset: 7, leaderEpoch: 0, metadata: 'a note' }
  await consumer.commit([offset])
  assert.deepEqual(await consumer.committed([{ topic, partition: 0 }]), [offset])
  await consumer.close()
}

/** By time, to the ends, and lag that needs no request. */
async function seeks(context: CheckContext): Promise<void> {
  const kafka = open(context)
  const { topic } = context
  await createTopic(kafka, topic, 1)
  const producer = kafka.producer()
  const start = 1_700_000_000_000
  for (let i = 0; i < 500; i++) {
    await producer.send(topic, { value: `${i}`, timestamp: start + i * 1000 })
    if (i % 100 === 99) await producer.flush()
  }
  const consumer = reader(kafka, topic)
  const partition = { topic, partition: 0 }
  const next = async () => {
    for await (const { value } of consumer) return Number(value)
    return -1
  }
  assert.equal(await next(), 0)
  await consumer.seek(partition, { timestamp: start + 123_500 })
  assert.equal(await next(), 124)
  await consumer.seek(partition, 'end')
  assert.equal(consumer.position(partition), 500)
  await consumer.seek(partition, 499)
  assert.equal(await next(), 499)
  assert.deepEqual(
    consumer.lag().map(({ lag, highWatermark }) => [lag, highWatermark]),
    [[1, 500]],
  )
  const [found] = await consumer.offsets([partition], { timestamp: start + 10_000 })
  assert.deepEqual([found?.offset, found?.timestamp], [10, start + 10_000])
  const [none] = await consumer.offsets([partition], { timestamp: start + 1e9 })
  assert.equal(none?.offset, null)
  await consumer.close()
}

/** Aborted records, open ones, and the last stable offset. */
async function transactions(context: CheckContext): Promise<void> {
  const { topic, kind } = context
  if (kind === 'millrace') {
    context.note('without transactions, which Millrace does not have yet')
    return
  }
  const kafka = open(context)
  await createTopic(kafka, topic, 1)
  const producers = ['a', 'b'].map((id) =>
    kafka.producer({ transactionalId: `${topic}-${id}`, lingerMs: 0 }),
  )
  for (let i = 0; i < 30; i++) {
    const sending = producers.map((producer, at) =>
      producer.transaction(async (transaction) => {
        for (let j = 0; j < 3; j++) {
          const value = `${at}-${i}-${j}`
          await transaction.send(topic, { key: 'k', value, partition: 0 })
        }
        if ((i + at) % 3 === 0) throw new Error('on purpose')
      }),
    )
    for (const result of await Promise.allSettled(sending)) {
      if (result.status === 'rejected') assert.match(`${result.reason}`, /on purpose/)
    }
  }
  for (const isolation of ['read_committed', 'read_uncommitted'] as const) {
    const expected = await kcat(context, topic, ['-X', `isolation.level=${isolation}`])
    const consumer = reader(kafka, topic, { isolation, partitionFetchBytes: 2000 })
    assert.deepEqual(await read(consumer, expected.length), expected, isolation)
    await eventually(WAIT_MS, async () => {
      await consumer.poll({ timeoutMs: 100 })
      await consumer.poll({ timeoutMs: 100 })
      assert.equal(consumer.lag()[0]?.lag, 0, 'markers count as seen')
    })
    await consumer.close()
  }
}

/** Several handlers, order by key, and a topic for what they can't do. */
async function handlers(context: CheckContext): Promise<void> {
  const { topic } = context
  const kafka = open(context)
  await createTopic(kafka, topic)
  await createTopic(kafka, `${topic}.dead`, 1)
  const producer = kafka.producer()
  for (let i = 0; i < RECORDS; i++) {
    producer.enqueue(topic, { key: `k${i % 20}`, value: i === 1234 ? 'poison' : `${i}` })
  }
  await producer.flush()
  const last = new Map<string, number>()
  let handled = 0
  const consumer = reader(kafka, topic, { groupId: topic })
  const running = consumer.run({
    concurrency: 8,
    ordering: 'key',
    deadLetter: `${topic}.dead`,
    retry: { attempts: 2, backoffMs: 5 },
    handler: async ({ key, value }) => {
      await Promise.resolve()
      if (value === 'poison') throw new Error('can not be eaten')
      assert.ok((last.get(key!) ?? -1) < Number(value), 'in order')
      last.set(key!, Number(value))
      handled++
    },
  })
  await eventually(WAIT_MS, () => assert.equal(handled, RECORDS - 1))
  const dead = kafka.consumer({ topics: [`${topic}.dead`], autoOffsetReset: 'earliest' })
  for await (const record of dead) {
    assert.equal(Buffer.from(record.value!).toString(), 'poison')
    assert.equal(record.headers.text(DEAD_LETTER_HEADERS.errorMessage), 'can not be eaten')
    assert.equal(record.headers.text(DEAD_LETTER_HEADERS.topic), topic)
    break
  }
  await consumer.close()
  await running
  const partitions = [0, 1, 2].map((partition) => ({ topic, partition }))
  const other = kafka.consumer({ groupId: topic })
  const committed = await other.committed(partitions)
  assert.equal(
    committed.reduce((sum, { offset }) => sum + offset, 0),
    RECORDS,
  )
  await other.close()
}

/** Reads on through a restart of the broker, and through a topic that is made anew. */
async function trouble(context: CheckContext): Promise<void> {
  const { topic } = context
  const server = await context.startServer('trouble')
  const kafka = open(context, server.bootstrap)
  await createTopic(kafka, topic, 1)
  const producer = kafka.producer()
  const seen: string[] = []
  const consumer: Consumer = kafka.consumer({ topics: [topic], autoOffsetReset: 'earliest' })
  const reading = (async () => {
    for await (const { value } of consumer) seen.push(Buffer.from(value!).toString())
  })()
  await producer.send(topic, { value: 'before' })
  await eventually(WAIT_MS, () => assert.deepEqual(seen, ['before']))
  await server.stop()
  await server.start()
  await producer.send(topic, { value: 'after' })
  await eventually(WAIT_MS, () => assert.deepEqual(seen, ['before', 'after']))
  const admin = kafka.admin()
  ;(await admin.deleteTopics([topic])).orThrow()
  await eventually(WAIT_MS, () => createTopic(kafka, topic, 1))
  const other = open(context, server.bootstrap).producer()
  await eventually(WAIT_MS, () => other.send(topic, { value: 'anew' }))
  await eventually(WAIT_MS, () => assert.equal(seen.at(2), 'anew'))
  await kafka.close()
  await reading
}

export const clientConsumer: readonly Check[] = [
  { name: 'client-consumer-codecs', needs: ['kcat'], run: codecs },
  { name: 'client-consumer-offsets', needs: ['java'], run: groupOffsets },
  { name: 'client-consumer-seek', needs: [], run: seeks },
  { name: 'client-consumer-committed', needs: ['kcat'], run: transactions },
  { name: 'client-consumer-run', needs: [], run: handlers },
  { name: 'client-consumer-trouble', needs: [], run: trouble },
]
