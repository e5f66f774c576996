/**
 * node-rdkafka for the benches of clients: librdkafka behind a binding, built from source for the
 * Node.js that runs this (conformance/toolbox.ts), where that can be done. Its sibling of Confluent
 * has its binaries outside of the registry, and is not here.
 */

interface RdProducer {
  connect(): void
  disconnect(done: () => void): void
  setPollInterval(intervalMs: number): void
  poll(): void
  produce(topic: string, partition: null, value: Buffer, key: null): void
  on(event: 'delivery-report', listener: (error: Error | null) => void): void
  on(event: 'ready', listener: () => void): void
  on(event: 'event.error', listener: (error: Error) => void): void
}

interface RdConsumer {
  connect(): void
  subscribe(topics: string[]): void
  setDefaultConsumeTimeout(timeoutMs: number): void
  consume(
    count: number,
    done: (error: Error | null, messages: { readonly value: Buffer }[]) => void,
  ): void
  on(event: 'ready', listener: () => void): void
  on(event: 'event.error', listener: (error: Error) => void): void
}

export interface RdKafka {
  Producer: new (options: object) => RdProducer
  KafkaConsumer: new (options: object, topicOptions: object) => RdConsumer
}

/** Calls of `produce` between looks at the event loop. */
const CALLS_A_TURN = 5000
/** The queue of librdkafka is full. */
const QUEUE_FULL = -184
/** How often delivery reports are looked for where many are on their way. */
const REPORTS_EVERY_MS = 5
/** Messages that one `consume` may give. */
const MESSAGES_A_CALL = 10_000

async function open({ Producer }: RdKafka, bootstrap: string, lingerMs: number) {
  const producer = new Producer({
    'bootstrap.servers': bootstrap,
    'enable.idempotence': true,
    'linger.ms': lingerMs,
    'queue.buffering.max.messages': 1_000_000,
    dr_cb: true,
  })
  const ready = new Promise<void>((resolve, reject) => {
    producer.on('ready', resolve)
    producer.on('event.error', reject)
  })
  producer.connect()
  await ready
  return producer
}

/** Sends with librdkafka's own linger, and single records without. */
export async function rdkafkaProducer(library: RdKafka, bootstrap: string, topic: string) {
  const bulk = await open(library, bootstrap, 5)
  const single = await open(library, bootstrap, 0)
  bulk.setPollInterval(REPORTS_EVERY_MS)
  const value = Buffer.from('x'.repeat(100))
  let left = 0
  let done = () => {}
  for (const producer of [bulk, single]) {
    producer.on('delivery-report', (error) => {
      if (error) throw error
      if (--left === 0) done()
    })
  }
  /** True where it was taken. */
  const take = (): boolean => {
    try {
      bulk.produce(topic, null, value, null)
      return true
    } catch (error) {
      if ((error as { code?: number }).code !== QUEUE_FULL) throw error
      return false
    }
  }
  const settled = (count: number) => {
    left = count
    return new Promise<void>((resolve) => {
      done = resolve
    })
  }
  return {
    async produce(count: number): Promise<void> {
      const all = settled(count)
      for (let sent = 0; sent < count; ) {
        for (let i = 0; i < CALLS_A_TURN && sent < count && take(); i++) sent++
        await new Promise(setImmediate)
      }
      await all
    },
    /** Reports come when they are asked for: in each turn, which is the soonest there is. */
    async sendOne() {
      void settled(1)
      single.produce(topic, null, value, null)
      while (left > 0) {
        await new Promise(setImmediate)
        single.poll()
      }
    },
    close: () => {
      const closed = [bulk, single].map((each) => new Promise<void>((r) => each.disconnect(r)))
      return Promise.all(closed)
    },
  }
}

/** Reads a topic from its beginning; `saw` is told of each call's messages until it says stop. */
export function rdkafkaConsumer(
  { KafkaConsumer }: RdKafka,
  bootstrap: string,
  topic: string,
  saw: (count: number, bytes: number) => boolean,
): Promise<never> {
  const options = {
    'bootstrap.servers': bootstrap,
    'group.id': `bench-${process.pid}`,
    'queued.min.messages': 100_000,
  }
  const consumer = new KafkaConsumer(options, { 'auto.offset.reset': 'earliest' })
  return new Promise((_, reject) => {
    consumer.on('event.error', reject)
    consumer.on('ready', () => {
      consumer.setDefaultConsumeTimeout(50)
      consumer.subscribe([topic])
      const next = () => {
        consumer.consume(MESSAGES_A_CALL, (error, messages) => {
          if (error) return reject(error)
          let bytes = 0
          for (const { value } of messages) bytes += value.length
          if (messages.length === 0 || !saw(messages.length, bytes)) next()
        })
      }
      next()
    })
    consumer.connect()
  })
}
