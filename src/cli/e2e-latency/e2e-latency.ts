/**
 * `millrace e2e-latency`, which is kafka-e2e-latency: how long a record takes from the producer to
 * a consumer, one after the other.
 *
 * Invariant: lines, percentiles and exit status are Kafka's, but for --help and --json; a record
 * that does not come back as it was sent ends the run.
 *
 * KIP-1172 (flags instead of places), which takes the old form too.
 */
import type { Admin } from '../../client/admin/admin.ts'
import type { Consumer } from '../../client/consumer/consumer.ts'
import type { Kafka } from '../../client/kafka.ts'
import { KafkaError } from '../../client/kafka-error.ts'
import type { Producer } from '../../client/producer/producer.ts'
import type { ConsumerRecord, ProducerRecord } from '../../client/record.ts'
import { CliError } from '../cli-error.ts'
import { connectionSettings } from '../connection-settings.ts'
import {
  COMMON_FLAGS,
  type Flag,
  type Flags,
  parseFlags,
  requireFlags,
  UsageError,
} from '../flags.ts'
import { doubleText } from '../java-double.ts'
import { withOptionalNumbers } from '../java-flags.ts'
import { common, type ToolHelp, type ToolRun } from '../tool.ts'

const FLAGS: readonly Flag[] = [
  { name: 'topic', value: 'name', about: 'A topic, which is created where it is not there.' },
  { name: 'num-records', value: 'count', about: 'How many records.' },
  { name: 'producer-acks', value: '1|all', about: 'Which acknowledgement to wait for.' },
  { name: 'record-size', value: 'bytes', about: 'The size of each value.' },
  { name: 'record-key-size', value: 'bytes', isOptional: true, about: 'Of each key; 0.' },
  { name: 'num-headers', value: 'count', isOptional: true, about: 'Headers of each record; 0.' },
  { name: 'record-header-key-size', value: 'bytes', isOptional: true, about: 'Of their names; 0.' },
  {
    name: 'record-header-size',
    value: 'bytes',
    isOptional: true,
    about: 'Of their values, -1 for null; 0.',
  },
]

const OPTIONAL = FLAGS.filter(({ isOptional }) => isOptional).map(({ name }) => name)

const HELP: ToolHelp = {
  name: 'e2e-latency',
  alias: 'kafka-e2e-latency',
  about:
    'This tool measures end-to-end latency in Kafka by sending messages and timing their reception.',
  flags: FLAGS,
}

/** In the order of the places that they had before they were flags. */
const PLACES = [
  'bootstrap-server',
  'topic',
  'num-records',
  'producer-acks',
  'record-size',
  'command-config',
]
const NAMED = PLACES.slice(0, -1).map((name) => `--${name}`)
const POLL_MS = 60_000
const REPORT_EVERY = 1000
const METADATA_MS = 100
/** What brokers say of a topic of which they are yet to hear. */
const NOT_YET = ['UNKNOWN_TOPIC_OR_PARTITION', 'LEADER_NOT_AVAILABLE', 'NOT_LEADER_OR_FOLLOWER']
const FIRST_LETTER = 65
const LETTERS = 26

/** Runs the command. */
export async function e2eLatencyTool(run: ToolRun): Promise<number> {
  const args = withOptionalNumbers(named(run), OPTIONAL)
  const flags = parseFlags(args, [...FLAGS, ...COMMON_FLAGS])
  const ended = common(run, HELP, (flag) => flags.has(flag))
  if (ended !== null) return ended
  checkFlags(flags, run)
  return measure(flags, run)
}

/** The flags, also where only their values were given. */
function named({ args, isAlias, out, err }: ToolRun): readonly string[] {
  if (args.length === 0 || args.some((arg) => NAMED.includes(arg))) return args
  if (!isAlias && args.some((arg) => arg.startsWith('--'))) return args
  if (args.length !== PLACES.length && args.length !== PLACES.length - 1) {
    throw new CliError(
      `Invalid number of arguments. Expected 5 or 6 positional arguments, but got ${args.length}. ` +
        'Usage: bootstrap-server topic num-records producer-acks record-size [optional] ' +
        'command-config',
    )
  }
  const tell = isAlias ? out : err
  tell(
    'WARNING: Positional argument usage is deprecated and will be removed in Apache Kafka 5.0. ' +
      `Please use named arguments instead: ${NAMED.join(', ')}, --command-config`,
  )
  return args.flatMap((arg, at) => [`--${PLACES[at]}`, arg])
}

function checkFlags(flags: Flags, { isAlias }: ToolRun): void {
  const needed = PLACES.slice(0, -1)
  requireFlags(flags, isAlias ? needed : needed.slice(1))
  if (!['1', 'all'].includes(flags.text('producer-acks')!)) {
    throw new UsageError(
      'Invalid value for --producer-acks. Latency testing requires synchronous acknowledgement. ' +
        "Please use '1' or 'all'.",
    )
  }
  if (flags.integer('num-records')! <= 0) {
    throw new UsageError('Value for --num-records must be a positive integer.')
  }
  for (const [name, least] of [
    ['record-size', 0],
    ['record-key-size', 0],
    ['record-header-key-size', 0],
    ['record-header-size', -1],
    ['num-headers', 0],
  ] as const) {
    if ((flags.integer(name) ?? 0) >= least) continue
    const more = least < 0 ? ' or -1 for null header value' : ''
    throw new UsageError(`Value for --${name} must be a non-negative integer${more}.`)
  }
}

async function measure(flags: Flags, run: ToolRun): Promise<number> {
  // The client is a large part, for which help need not wait.
  const { measureWithClient } = await import('../perf-produce/measure-with-client.ts')
  const { consumerOptions } = await import('../consume/consumer-properties.ts')
  const { producerOptions } = await import('../produce/producer-properties.ts')
  const settings = connectionSettings(flags, run)
  return measureWithClient(settings, async (kafka) => {
    const topic = flags.text('topic')!
    const properties = new Map([
      ...settings.properties,
      ['group.id', `test-group-${Date.now()}`] as const,
      ['enable.auto.commit', 'false'] as const,
      ['fetch.max.wait.ms', '0'] as const,
    ])
    const starts = await partitionEnds(kafka, topic, run)
    const consumer = kafka.consumer<string>(consumerOptions(properties))
    const acks = flags.text('producer-acks') === '1' ? 1 : 'all'
    const options = producerOptions(settings.properties)
    const producer = kafka.producer({ ...options, lingerMs: 0, acks })
    try {
      consumer.assign(starts)
      await roundTrips(producer, consumer, topic, flags, run)
      await consumer.commit()
    } finally {
      await producer.close()
      await consumer.close()
    }
    return 0
  })
}

/** Where the partitions of the topic end; it is created first where there is none. */
async function partitionEnds(kafka: Kafka, topic: string, { out }: ToolRun) {
  const admin = kafka.admin()
  const topics = await admin.listTopics({ listInternal: true })
  if (!topics.some(({ name }) => name === topic)) {
    out(
      `Topic "${topic}" does not exist. ` +
        'Will create topic with 1 partition(s) and replication factor = 1',
    )
    const created = await admin.createTopics([
      { name: topic, numPartitions: 1, replicationFactor: 1 },
    ])
    try {
      created.orThrow()
    } catch (error) {
      out(`Creation of topic ${topic} failed`)
      throw error
    }
  }
  for (;;) {
    const ends = await endsOf(admin, topic)
    if (ends !== null) return ends
    await new Promise((resolve) => setTimeout(resolve, METADATA_MS))
  }
}

/** The ends of the partitions; null while brokers do not know of all of them. */
async function endsOf(admin: Admin, topic: string) {
  try {
    const [described] = (await admin.describeTopics([topic])).values()
    const partitions = described?.partitions ?? []
    if (partitions.length === 0) return null
    const queries = partitions.map(({ partition }) => {
      return { topic, partition, at: 'latest' } as const
    })
    const ends = await admin.listOffsets(queries)
    ends.orThrow()
    return [...ends].flatMap(({ key, ...end }) => {
      return end.ok ? [{ ...key, offset: end.value.offset }] : []
    })
  } catch (error) {
    if (error instanceof KafkaError && NOT_YET.includes(error.code)) return null
    throw error
  }
}

async function roundTrips(
  producer: Producer,
  consumer: Consumer,
  topic: string,
  flags: Flags,
  run: ToolRun,
): Promise<void> {
  const count = flags.integer('num-records')!
  const tell = flags.has('json') ? run.err : run.out
  const latencies = new Float64Array(count)
  let totalMs = 0
  for (let at = 0; at < count; at++) {
    const record = randomRecord(flags)
    const begun = process.hrtime.bigint()
    await producer.send(topic, record)
    const batches = await consumer.poll({ timeoutMs: POLL_MS })
    const elapsedNs = Number(process.hrtime.bigint() - begun)
    check(
      record,
      batches.flatMap((batch) => batch.records()),
    )
    if (at % REPORT_EVERY === 0) tell(`${at}\t${doubleText(elapsedNs / 1000 / 1000)}`)
    totalMs += elapsedNs / 1e6
    latencies[at] = Math.floor(elapsedNs / 1e6)
  }
  latencies.sort()
  const at = (part: number) => latencies[Math.floor(count * part)]!
  const [avgMs, p50Ms, p99Ms, p999Ms] = [totalMs / count, at(0.5), at(0.99), at(0.999)]
  if (flags.has('json')) {
    run.out(JSON.stringify({ records: count, avgMs, p50Ms, p99Ms, p999Ms }))
    return
  }
  run.out(`Avg latency: ${avgMs.toFixed(4)} ms`)
  run.out(`Percentiles: 50th = ${p50Ms}, 99th = ${p99Ms}, 99.9th = ${p999Ms}`)
}

type Made = ProducerRecord & {
  readonly key: Buffer
  readonly value: Buffer
  readonly headers: readonly (readonly [string, Buffer | null])[]
}

function randomRecord(flags: Flags): Made {
  const size = (name: string) => flags.integer(name) ?? 0
  const valueSize = size('record-header-size')
  const headers = Array.from({ length: size('num-headers') }, () => {
    const name = letters(size('record-header-key-size')).toString()
    return [name, valueSize < 0 ? null : letters(valueSize)] as const
  })
  return { key: letters(size('record-key-size')), value: letters(size('record-size')), headers }
}

/** So many times one letter. */
function letters(count: number): Buffer {
  return Buffer.alloc(count, FIRST_LETTER + Math.floor(Math.random() * LETTERS))
}

/** Whether what came back is the record that was sent, and it alone. */
function check(sent: Made, received: readonly ConsumerRecord[]): void {
  const [record] = received
  if (record === undefined) {
    throw new CliError(`poll() timed out before finding a result (timeout:[${POLL_MS}ms])`)
  }
  compare('value', record.value, sent.value)
  if (record.key === null) throw new CliError('Expected message key but received null')
  compare('key', record.key, sent.key)
  checkHeaders(sent, record)
  if (received.length === 1) return
  throw new CliError(`Only one result was expected during this test. We found [${received.length}]`)
}

function compare(part: string, read: Uint8Array | null, sent: Buffer): void {
  if (read !== null && sent.equals(read)) return
  const text = read === null ? 'null' : Buffer.from(read).toString()
  throw new CliError(
    `The message ${part} read [${text}] did not match the message ${part} sent [${sent}]`,
  )
}

function checkHeaders({ headers: sent }: Made, record: ConsumerRecord): void {
  const read = [...record.headers]
  if (sent.length > 0 && read.length === 0) {
    throw new CliError('Expected message headers but received none')
  }
  for (const [at, [name, value]] of sent.entries()) {
    const [readName, readValue] = read[at] ?? ['', null]
    if (readName === name && sameBytes(readValue, value)) continue
    throw new CliError(
      `The message header read [${readName}:${listText(readValue)}] did not match ` +
        `the message header sent [${name}:${listText(value)}]`,
    )
  }
  if (read.length > sent.length && sent.length > 0) {
    throw new CliError('Header count mismatch between sent and received messages')
  }
}

function sameBytes(read: Uint8Array | null, sent: Buffer | null): boolean {
  return read === null || sent === null ? read === sent : sent.equals(read)
}

const listText = (bytes: Uint8Array | null) => (bytes === null ? 'null' : `[${bytes.join(', ')}]`)
