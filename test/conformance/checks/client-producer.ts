/**
 * Our producer against a real broker, read back with Kafka's console consumer and kcat: partitions
 * as Java chooses them, every codec, headers and tombstones, order under a broker that is killed.
 */
import assert from 'node:assert/strict'
import { Prng } from '../../../src/base/prng.ts'
import { Kafka, serde, topic } from '../../../src/client/index.ts'
import type { Check, CheckContext } from '../check.ts'
import { runOrThrow } from '../process.ts'

const KEYS = 1000
const PARTITIONS = 7
const KCAT_TIMEOUT_MS = 30_000
const CODECS = ['none', 'gzip', 'snappy', 'lz4', 'zstd'] as const

function open(context: CheckContext): Kafka {
  const kafka = new Kafka({ brokers: context.server.bootstrap })
  context.defer(() => kafka.close())
  return kafka
}

async function createTopic(
  kafka: Kafka,
  name: string,
  numPartitions: number,
  configs: Record<string, string> = {},
) {
  const created = await kafka
    .admin()
    .createTopics([{ name, numPartitions, replicationFactor: 1, configs }])
  created.orThrow()
}

/** What the console consumer prints of a whole topic, a line a record. */
async function consoleLines(
  { jvm, server }: CheckContext,
  name: string,
  records: number,
  properties: readonly string[],
): Promise<string[]> {
  const output = await jvm.output('kafka-console-consumer', [
    ...['--bootstrap-server', server.bootstrap, '--topic', name, '--from-beginning'],
    ...['--max-messages', String(records), '--timeout-ms', '30000'],
    ...properties.flatMap((property) => ['--formatter-property', property]),
  ])
  const isOurs = (line: string) => line !== '' && !/^(Processed|The consumer rebalance)/.test(line)
  return output.split('\n').filter(isOurs)
}

/** Keys of many lengths, some of them more than ASCII. */
function manyKeys(): string[] {
  const random = new Prng(5)
  const alphabet = ['a', 'b', 'z', '0', '-', 'é', 'ß', '€', '語', '😀']
  const keys = new Set<string>()
  while (keys.size < KEYS) {
    const length = 1 + random.int(30)
    const isPlain = random.chance(0.6)
    const letters = Array.from(
      { length },
      () => alphabet[random.int(isPlain ? 5 : alphabet.length)],
    )
    keys.add(letters.join(''))
  }
  return [...keys]
}

async function partitions(context: CheckContext): Promise<void> {
  const { topic: name, jvm, server } = context
  const kafka = open(context)
  const keys = manyKeys()
  await createTopic(kafka, `${name}-java`, PARTITIONS)
  const input = keys.map((key) => `${key}\tv\n`).join('')
  await jvm.output(
    'kafka-console-producer',
    [
      ...['--bootstrap-server', server.bootstrap, '--topic', `${name}-java`],
      ...['--reader-property', 'parse.key=true'],
    ],
    input,
  )
  const properties = ['print.partition=true', 'print.key=true', 'print.value=false']
  const lines = await consoleLines(context, `${name}-java`, KEYS, properties)
  const java = new Map(lines.map((line) => line.split('\t').reverse() as [string, string]))
  assert.equal(java.size, KEYS, 'the console producer has sent all keys')

  await createTopic(kafka, name, PARTITIONS)
  const producer = kafka.producer()
  const bytes = (key: string) => new TextEncoder().encode(key)
  for (const form of [(key: string) => key, bytes]) {
    const records = keys.map((key) => ({ key: form(key), value: 'v' }))
    const sent = await producer.sendMany(name, records)
    for (const [i, { partition }] of sent.entries()) {
      assert.equal(`Partition:${partition}`, java.get(keys[i]!), `key ${keys[i]}`)
    }
  }
}

async function codecs(context: CheckContext): Promise<void> {
  const { topic: name, server } = context
  const kafka = open(context)
  await createTopic(kafka, name, 1)
  const lines: string[] = []
  for (const compression of CODECS) {
    await using producer = kafka.producer({ compression })
    const headers = { codec: compression, twice: ['a', 'b'], none: null }
    const value = `${compression} `.repeat(50).trim()
    const sent = await producer.send(name, {
      key: 'ключ',
      value,
      headers,
      timestamp: 1_700_000_000_000,
    })
    const tombstone = await producer.send(name, { key: 'gone', value: null })
    assert.deepEqual([sent.offset, tombstone.offset], [lines.length, lines.length + 1])
    assert.equal(sent.timestamp, 1_700_000_000_000)
    lines.push(
      `CreateTime:1700000000000\tcodec:${compression},twice:a,twice:b,none:null\tключ\t${value}`,
      'gone\tnull',
    )
  }
  const properties = ['print.timestamp', 'print.headers', 'print.key'].map((each) => `${each}=true`)
  const printed = await consoleLines(context, name, lines.length, properties)
  for (const [i, line] of printed.entries()) {
    assert.ok(line.endsWith(lines[i]!), `${line} where ${lines[i]} was sent`)
  }
  assert.equal(printed.length, lines.length)
  const program = await context.toolbox.prepare('kcat')
  const args = ['-b', server.bootstrap, '-C', '-t', name, '-e', '-q', '-f', '%o %k %S %h\n']
  const read = (await runOrThrow(program, args, KCAT_TIMEOUT_MS)).split('\n')
  assert.equal(read[0], '0 ключ 249 codec=none,twice=a,twice=b,none=NULL')
  assert.equal(read[1], '1 gone -1 ')
  assert.equal(read.length, lines.length)
}

async function acknowledgements(context: CheckContext): Promise<void> {
  const { topic: name } = context
  const kafka = open(context)
  await createTopic(kafka, name, 1, { 'message.timestamp.type': 'LogAppendTime' })
  const before = Date.now()
  const typed = topic(name, { key: serde.int64(), value: serde.json<{ n: number }>() })
  for (const acks of ['all', 1, 0] as const) {
    await using producer = kafka.producer({ acks })
    const sent = await producer.send(typed, { key: 7, value: { n: 1 } })
    if (acks === 0) assert.equal(sent.offset, -1)
    else assert.ok(sent.timestamp >= before, 'the time of appending is told')
  }
  const lines = await consoleLines(context, name, 3, [])
  assert.deepEqual(
    lines,
    Array.from({ length: 3 }, () => '{"n":1}'),
  )
}

/** The broker dies and comes back, again and again; also batches larger than the topic allows. */
async function survival(context: CheckContext): Promise<void> {
  const server = await context.startServer('own')
  const { topic: name } = context
  const kafka = new Kafka({ brokers: server.bootstrap })
  context.defer(() => kafka.close())
  await createTopic(kafka, name, 2, { 'max.message.bytes': '2000' })
  const producer = kafka.producer({ lingerMs: 5 })
  const sent: Promise<unknown>[] = []
  const count = 3000
  for (let i = 0; i < count; i++) {
    sent.push(producer.send(name, { value: `${i}`, partition: i % 2 }))
    if (i % 1000 === 500) {
      await server.kill()
      await server.start()
    }
    if (i % 50 === 0) await new Promise((resolve) => setTimeout(resolve, 5))
  }
  await Promise.all(sent)
  assert.ok(producer.stats.splits > 0, 'no batch was split')
  const program = await context.toolbox.prepare('kcat')
  for (const partition of [0, 1]) {
    const where = ['-b', server.bootstrap, '-C', '-t', name, '-p', String(partition)]
    const read = await runOrThrow(program, [...where, '-e', '-q'], KCAT_TIMEOUT_MS)
    const expected = Array.from({ length: count / 2 }, (_, i) => `${2 * i + partition}`)
    assert.deepEqual(read.split('\n'), expected)
  }
}

export const clientProducer: readonly Check[] = [
  { name: 'client-producer-partitions', needs: ['java'], run: partitions },
  { name: 'client-producer-codecs', needs: ['java', 'kcat'], run: codecs },
  { name: 'client-producer-acks', needs: ['java'], run: acknowledgements },
  { name: 'client-producer-survival', needs: ['kcat'], timeoutMs: 240_000, run: survival },
]
