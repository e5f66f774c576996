/**
 * Programs whose memory is watched from outside, by our own client: one that opens and closes it,
 * one that sends faster than the broker takes, one whose handler has stopped.
 *
 *     node --expose-gc test/conformance/memory-client.ts cycles|send|stop BOOTSTRAP TOPIC
 *
 * Each says by a line of JSON how far it is, and goes on when it gets a line.
 */
import { createInterface } from 'node:readline'
import { fileURLToPath } from 'node:url'
import { Kafka, KafkaError } from '../../src/client/index.ts'

/** What to start with node. */
export const MEMORY_PROGRAM = fileURLToPath(import.meta.url)

export const CYCLES = 2_000
/** Cycles until everything is loaded and compiled that they need. */
export const WARM_CYCLES = 500
const TOGETHER = 10

/** What the producer may hold, and the consumer. */
export const BUFFER_BYTES = 16 * 1024 * 1024
export const VALUE_BYTES = 1_000
/** Of each, `enqueue` and `send`: several times what there is room for. */
export const SENT = 100_000

/** Records that the consumer finds: ten times what it may hold. */
export const STORED = Math.round((10 * BUFFER_BYTES) / VALUE_BYTES)

export interface Census {
  readonly cycles: number
  readonly heapBytes: number
  readonly residentBytes: number
  readonly resources: readonly string[]
}

export interface Sent {
  readonly accepted: number
  readonly refused: number
  readonly delivered: number
}

const lines = createInterface({ input: process.stdin })[Symbol.asyncIterator]()

function say(what: object): void {
  console.log(JSON.stringify(what))
}

async function cycles(brokers: string, topic: string): Promise<void> {
  for (let done = 0; done < CYCLES; done += TOGETHER) {
    await Promise.all(Array.from({ length: TOGETHER }, (_, i) => life(brokers, topic, done + i)))
    const count = done + TOGETHER
    if (count === WARM_CYCLES || count === CYCLES) say(census(count))
  }
}

async function life(brokers: string, topic: string, number: number): Promise<void> {
  const kafka = new Kafka({ brokers })
  const producer = kafka.producer()
  await producer.send(topic, { value: `${number}`, partition: 0 })
  const groupId = number % TOGETHER === 0 ? `${topic}-group` : undefined
  const options = { topics: [topic], autoOffsetReset: 'earliest', protocol: 'classic' } as const
  const consumer = kafka.consumer({ ...options, groupId })
  for await (const _ of consumer) break
  await kafka.admin().describeCluster()
  if (number % 2 === 0) await Promise.all([producer.close(), consumer.close()])
  await kafka.close()
}

function census(count: number): Census {
  for (let i = 0; i < 3; i++) globalThis.gc!()
  const { heapUsed: heapBytes, rss: residentBytes } = process.memoryUsage()
  // The pipes of this process are there from the beginning.
  const resources = process.getActiveResourcesInfo().filter((name) => name !== 'PipeWrap')
  return { cycles: count, heapBytes, residentBytes, resources }
}

/** A program that sends on whatever it is told: it may lose what is refused, and nothing else. */
async function send(brokers: string, topic: string): Promise<void> {
  await using kafka = new Kafka({ brokers, requestTimeoutMs: 60_000 })
  let delivered = 0
  const producer = kafka.producer({
    bufferBytes: BUFFER_BYTES,
    maxBlockMs: 60_000,
    onDelivery: ({ count, error }) => {
      if (error === null) delivered += count
    },
  })
  await producer.send(topic, { value: 'first' })
  say({ ready: true })
  await lines.next()
  let [accepted, refused] = [0, 0]
  const refuse = (error: unknown) => {
    if (!(error instanceof KafkaError) || error.code !== 'QUEUE_FULL') throw error
    refused++
  }
  const sending: Promise<unknown>[] = []
  for (let i = 0; i < SENT; i++) {
    const value = `${i}`.padEnd(VALUE_BYTES)
    try {
      producer.enqueue(topic, { value })
      accepted++
    } catch (error) {
      refuse(error)
    }
    const sent = producer.send(topic, { value }).then(() => {
      accepted++
      delivered++
    }, refuse)
    sending.push(sent)
    if (i % 1000 === 0) await new Promise((resolve) => setImmediate(resolve))
  }
  say({ full: true })
  await lines.next()
  await Promise.all(sending)
  await producer.flush()
  const result: Sent = { accepted, refused, delivered }
  say(result)
}

/** A program whose handler does not end before it is told to. */
async function stop(brokers: string, topic: string): Promise<void> {
  await using kafka = new Kafka({ brokers })
  const options = { topics: [topic], autoOffsetReset: 'earliest' } as const
  const consumer = kafka.consumer({ ...options, bufferBytes: BUFFER_BYTES })
  await kafka.admin().describeCluster()
  say({ ready: true })
  await lines.next()
  const ending = new AbortController()
  let handled = 0
  const handler = async (): Promise<void> => {
    if (++handled === 1) {
      say({ full: true })
      await lines.next()
    }
    if (handled === STORED) ending.abort()
  }
  await consumer.run({ signal: ending.signal, handler })
  say({ handled })
}

if (process.argv[1] === MEMORY_PROGRAM) {
  const [mode = '', brokers = '', topic = ''] = process.argv.slice(2)
  if (mode === 'cycles') await cycles(brokers, topic)
  else if (mode === 'send') await send(brokers, topic)
  else await stop(brokers, topic)
  process.stdin.destroy()
}
