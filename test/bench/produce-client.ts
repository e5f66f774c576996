/**
 * One client of Node.js that produces, in a process of its own, for client-produce.ts:
 *
 *     node produce-client.ts bulk CLIENT BOOTSTRAP TOPIC FOLDER RECORDS
 *     node produce-client.ts single CLIENT BOOTSTRAP TOPIC FOLDER
 *
 * FOLDER has the node_modules of the foreign clients. In bulk each is used in its fastest way that
 * waits for acks=all: many records a call, several calls at a time; or single records are sent, one
 * after the other, each awaited. Prints one line of JSON.
 */
import { createRequire } from 'node:module'
import { join } from 'node:path'
import { Kafka } from '../../src/client/index.ts'
import type { Latency } from './load.ts'
import { type RdKafka, rdkafkaProducer } from './rdkafka.ts'

const RECORD_BYTES = 100
const RECORDS_A_CALL = 1000
/** Calls at a time. */
const CONCURRENCY = 10
const WARM_UP_RECORDS = 30_000
/** Awaited sends that count. */
export const SINGLE_SENDS = 10_000
/**
 * Those before them that do not. Until about so many V8 goes on compiling a client's code, beside
 * the broker on the same processors (docs/decisions/0007-producer.md): what is measured is what a
 * program has once it has run for four seconds.
 */
export const WARM_UP_SENDS = 20_000

/** What is measured of a client that produces in bulk. */
export interface BulkFigures {
  readonly recordsPerSecond: number
  readonly cpuSecondsPerMillion: number
}

interface Contender {
  /** Produces that many records; resolves when all are acknowledged. */
  produce(records: number): Promise<void>
  /** Sends one record and waits for it. */
  sendOne(): Promise<unknown>
  close(): Promise<unknown>
}

type Make = (bootstrap: string, topic: string, load: NodeJS.Require) => Promise<Contender>

function values(): Uint8Array[] {
  return Array.from({ length: RECORDS_A_CALL }, (_, i) => {
    return new Uint8Array(Buffer.from(`${i} `.padEnd(RECORD_BYTES, 'abcdefghijklmnopqrstuvwxyz')))
  })
}

/** Calls `send` for so many records, RECORDS_A_CALL each time, CONCURRENCY at a time. */
async function inCalls(records: number, send: () => Promise<unknown>): Promise<void> {
  let left = records
  const work = async (): Promise<void> => {
    while (left > 0) {
      left -= RECORDS_A_CALL
      await send()
    }
  }
  await Promise.all(Array.from({ length: CONCURRENCY }, work))
}

async function millrace(bootstrap: string, topic: string, way: 'enqueue' | 'send' | 'sendMany') {
  const kafka = new Kafka({ brokers: bootstrap })
  const producer = kafka.producer()
  const records = values().map((value) => ({ value }))
  const enqueue = async (count: number): Promise<void> => {
    for (let i = 0; i < count; i++) {
      if (!producer.enqueue(topic, records[i % RECORDS_A_CALL]!)) await producer.ready()
    }
    await producer.flush()
  }
  const each = () => Promise.all(records.map((record) => producer.send(topic, record)))
  const many = () => producer.sendMany(topic, records)
  return {
    produce: (count: number) =>
      way === 'enqueue' ? enqueue(count) : inCalls(count, way === 'send' ? each : many),
    sendOne: () => producer.send(topic, records[0]!),
    close: () => kafka.close(),
  }
}

interface KafkaJs {
  Kafka: new (
    options: object,
  ) => {
    producer(options: object): {
      connect(): Promise<void>
      disconnect(): Promise<void>
      send(batch: object): Promise<unknown>
    }
  }
  logLevel: { NOTHING: number }
}

interface Platformatic {
  Producer: new (
    options: object,
  ) => { send(batch: object): Promise<unknown>; close(): Promise<void> }
}

interface KafkaTs {
  createKafkaClient(options: object): {
    createProducer(options: object): {
      send(records: object[]): Promise<unknown>
      close(): Promise<void>
    }
  }
}

const CONTENDERS: Readonly<Record<string, Make>> = {
  'millrace-enqueue': (bootstrap, topic) => millrace(bootstrap, topic, 'enqueue'),
  'millrace-send': (bootstrap, topic) => millrace(bootstrap, topic, 'send'),
  'millrace-sendMany': (bootstrap, topic) => millrace(bootstrap, topic, 'sendMany'),

  async kafkajs(bootstrap, topic, load) {
    const { Kafka, logLevel } = load('kafkajs') as KafkaJs
    const kafka = new Kafka({ brokers: [bootstrap], logLevel: logLevel.NOTHING })
    const producer = kafka.producer({ maxInFlightRequests: 5 })
    await producer.connect()
    const messages = values().map((value) => ({ value: Buffer.from(value) }))
    const send = (given: object[]) => producer.send({ topic, acks: -1, messages: given })
    return {
      produce: (count) => inCalls(count, () => send(messages)),
      sendOne: () => send([messages[0]!]),
      close: () => producer.disconnect(),
    }
  },

  async platformatic(bootstrap, topic, load) {
    const { Producer } = load('@platformatic/kafka') as Platformatic
    const producer = new Producer({ clientId: 'bench', bootstrapBrokers: [bootstrap] })
    const messages = values().map((value) => ({ topic, value: Buffer.from(value) }))
    const send = (given: object[]) => producer.send({ acks: -1, messages: given })
    return {
      produce: (count) => inCalls(count, () => send(messages)),
      sendOne: () => send([messages[0]!]),
      close: () => producer.close(),
    }
  },

  async 'kafka-ts'(bootstrap, topic, load) {
    const { createKafkaClient } = load('kafka-ts') as KafkaTs
    const [host, port] = bootstrap.split(':')
    const servers = [{ host, port: Number(port) }]
    const client = createKafkaClient({ clientId: 'bench', bootstrapServers: servers })
    const producer = client.createProducer({})
    const messages = values().map((value) => ({ topic, value: Buffer.from(value).toString() }))
    return {
      produce: (count) => inCalls(count, () => producer.send(messages)),
      sendOne: () => producer.send([messages[0]!]),
      close: () => producer.close(),
    }
  },

  rdkafka: (bootstrap, topic, load) =>
    rdkafkaProducer(load('node-rdkafka') as RdKafka, bootstrap, topic),
}

async function inBulk(contender: Contender, records: number): Promise<BulkFigures> {
  await contender.produce(WARM_UP_RECORDS)
  const cpuBefore = process.cpuUsage()
  const startMs = performance.now()
  await contender.produce(records)
  const seconds = (performance.now() - startMs) / 1000
  const cpu = process.cpuUsage(cpuBefore)
  return {
    recordsPerSecond: records / seconds,
    cpuSecondsPerMillion: (cpu.user + cpu.system) / records,
  }
}

async function oneByOne(contender: Contender): Promise<Latency> {
  const latencies: number[] = []
  for (let i = 0; i < WARM_UP_SENDS + SINGLE_SENDS; i++) {
    const sentMs = performance.now()
    await contender.sendOne()
    if (i >= WARM_UP_SENDS) latencies.push(performance.now() - sentMs)
  }
  latencies.sort((a, b) => a - b)
  return {
    p50Ms: latencies[SINGLE_SENDS >> 1]!,
    p99Ms: latencies[Math.floor(SINGLE_SENDS * 0.99)]!,
  }
}

export const CLIENT_NAMES: readonly string[] = Object.keys(CONTENDERS)

if (process.argv[1] === import.meta.filename) {
  const [what, name, bootstrap, topic, folder, records] = process.argv.slice(2)
  const load = createRequire(join(folder!, 'from-here.js'))
  const contender = await CONTENDERS[name!]!(bootstrap!, topic!, load)
  const figures = what === 'bulk' ? inBulk(contender, Number(records)) : oneByOne(contender)
  console.log(JSON.stringify(await figures))
  await contender.close()
  process.exit(0)
}
