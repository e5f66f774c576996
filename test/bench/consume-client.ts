/**
 * One client of Node.js that consumes, in a process of its own, for client-consume.ts:
 *
 *     node consume-client.ts CLIENT BOOTSTRAP TOPIC RECORDS FOLDER
 *
 * FOLDER has the node_modules of the foreign clients. Each reads the topic from its beginning in
 * its fastest way and looks at each value; what is measured begins when it is warm. Prints one line
 * of JSON.
 */
import { createRequire } from 'node:module'
import { join } from 'node:path'
import { Kafka, serde, topic as topicOf } from '../../src/client/index.ts'
import { type RdKafka, rdkafkaConsumer } from './rdkafka.ts'

/** Records before the clock starts. */
const WARM_UP_RECORDS = 100_000

/** What is measured of a client. */
export interface ConsumeFigures {
  readonly recordsPerSecond: number
  readonly cpuSecondsPerMillion: number
}

/** Counts records from the end of the warm-up to the last. */
class Meter {
  readonly figures: Promise<ConsumeFigures>
  readonly #records: number
  #resolve: (figures: ConsumeFigures) => void = () => {}
  #count = 0
  #bytes = 0
  #startMs = 0
  #cpu = process.cpuUsage()
  #startCount = 0

  constructor(records: number) {
    this.#records = records
    this.figures = new Promise((resolve) => {
      this.#resolve = resolve
    })
  }

  /** So many records have been looked at; true when those were the last. */
  saw(count: number, bytes: number): boolean {
    this.#count += count
    this.#bytes += bytes
    if (this.#startMs === 0 && this.#count >= WARM_UP_RECORDS) {
      this.#startMs = performance.now()
      this.#startCount = this.#count
      this.#cpu = process.cpuUsage()
    }
    if (this.#count < this.#records) return false
    if (this.#bytes !== 100 * this.#records) throw new Error(`${this.#bytes} bytes of values`)
    const seconds = (performance.now() - this.#startMs) / 1000
    const cpu = process.cpuUsage(this.#cpu)
    const records = this.#count - this.#startCount
    this.#resolve({
      recordsPerSecond: records / seconds,
      cpuSecondsPerMillion: (cpu.user + cpu.system) / records,
    })
    return true
  }
}

type Start = (
  bootstrap: string,
  topic: string,
  meter: Meter,
  load: NodeJS.Require,
) => Promise<unknown> | unknown

type Way = 'records' | 'batches' | 'run'

async function millrace(bootstrap: string, topic: string, meter: Meter, way: Way, isText: boolean) {
  const kafka = new Kafka({ brokers: bootstrap })
  const text = topicOf(topic, { key: serde.string(), value: serde.string() })
  const topics = [isText ? text : topic]
  const groupId = `bench-${process.pid}`
  const consumer = kafka.consumer({ groupId, topics, autoOffsetReset: 'earliest' })
  const size = (value: string | Uint8Array | null) => value!.length
  if (way === 'records') {
    for await (const { value } of consumer) if (meter.saw(1, size(value))) break
  } else if (way === 'run') {
    void consumer.run({ handler: ({ value }) => void meter.saw(1, size(value)) })
  } else {
    for await (const batch of consumer.batches()) {
      let bytes = 0
      for (const { value } of batch) bytes += size(value)
      if (meter.saw(batch.length, bytes)) break
    }
  }
}

interface KafkaJs {
  Kafka: new (
    options: object,
  ) => {
    consumer(options: object): {
      connect(): Promise<void>
      subscribe(options: object): Promise<void>
      run(options: {
        eachBatch(given: { batch: { messages: { value: Buffer }[] } }): Promise<void>
      }): Promise<void>
    }
  }
  logLevel: { NOTHING: number }
}

interface Platformatic {
  Consumer: new (
    options: object,
  ) => { consume(options: object): Promise<AsyncIterable<{ value: Buffer }>> }
}

interface KafkaTs {
  createKafkaClient(options: object): {
    startConsumer(options: {
      topics: string[]
      groupId: string
      allowTopicAutoCreation: boolean
      fromTimestamp: bigint
      onBatch(messages: { value: string }[]): Promise<void>
    }): Promise<unknown>
  }
}

const CONTENDERS: Readonly<Record<string, Start>> = {
  'millrace-batches': (bootstrap, topic, meter) =>
    millrace(bootstrap, topic, meter, 'batches', false),
  'millrace-batches-text': (bootstrap, topic, meter) =>
    millrace(bootstrap, topic, meter, 'batches', true),
  'millrace-records': (bootstrap, topic, meter) =>
    millrace(bootstrap, topic, meter, 'records', false),
  'millrace-records-text': (bootstrap, topic, meter) =>
    millrace(bootstrap, topic, meter, 'records', true),
  'millrace-run': (bootstrap, topic, meter) => millrace(bootstrap, topic, meter, 'run', false),

  async kafkajs(bootstrap, topic, meter, load) {
    const { Kafka, logLevel } = load('kafkajs') as KafkaJs
    const kafka = new Kafka({ brokers: [bootstrap], logLevel: logLevel.NOTHING })
    const consumer = kafka.consumer({ groupId: `bench-${process.pid}` })
    await consumer.connect()
    await consumer.subscribe({ topics: [topic], fromBeginning: true })
    await consumer.run({
      eachBatch: async ({ batch }) => {
        let bytes = 0
        for (const { value } of batch.messages) bytes += value.length
        meter.saw(batch.messages.length, bytes)
      },
    })
  },

  async platformatic(bootstrap, topic, meter, load) {
    const { Consumer } = load('@platformatic/kafka') as Platformatic
    const groupId = `bench-${process.pid}`
    const options = { clientId: 'bench', groupId, bootstrapBrokers: [bootstrap] }
    const consumer = new Consumer(options)
    const stream = await consumer.consume({ topics: [topic], mode: 'earliest' })
    for await (const { value } of stream) if (meter.saw(1, value.length)) break
  },

  async 'kafka-ts'(bootstrap, topic, meter, load) {
    const { createKafkaClient } = load('kafka-ts') as KafkaTs
    const [host, port] = bootstrap.split(':')
    const servers = [{ host, port: Number(port) }]
    const client = createKafkaClient({ clientId: 'bench', bootstrapServers: servers })
    await client.startConsumer({
      topics: [topic],
      groupId: `bench-${process.pid}`,
      allowTopicAutoCreation: false,
      fromTimestamp: -2n,
      onBatch: async (messages) => {
        let bytes = 0
        for (const { value } of messages) bytes += value.length
        meter.saw(messages.length, bytes)
      },
    })
  },

  rdkafka(bootstrap, topic, meter, load) {
    const library = load('node-rdkafka') as RdKafka
    return rdkafkaConsumer(library, bootstrap, topic, (count, bytes) => meter.saw(count, bytes))
  },
}

export const CLIENT_NAMES: readonly string[] = Object.keys(CONTENDERS)

if (process.argv[1] === import.meta.filename) {
  const [name, bootstrap, topic, records, folder] = process.argv.slice(2)
  const load = createRequire(join(folder!, 'from-here.js'))
  const meter = new Meter(Number(records))
  const started = Promise.resolve(CONTENDERS[name!]!(bootstrap!, topic!, meter, load))
  started.catch((error) => {
    console.error(error)
    process.exit(1)
  })
  console.log(JSON.stringify(await meter.figures))
  process.exit(0)
}
