/**
 * Records that are numbered by partition, written for as long as a check moves brokers about, and
 * the account of what was read: nothing lost, nothing doubled, all in order.
 */
import assert from 'node:assert/strict'
import type { Consumer, Kafka, Producer, ProducerOptions } from '../../src/client/index.ts'
import type { CheckContext } from './check.ts'
import { eventually, runOrThrow, sleep } from './process.ts'

const PAUSE_MS = 5
/** More than this are not on their way at a time. */
const MOST_OPEN = 2000
const CAUGHT_UP_MS = 60_000
const KCAT_MS = 30_000

/** Writes one record to each partition every few milliseconds, as long as it is told to. */
export class Traffic {
  readonly producer: Producer
  readonly topic: string
  /** How many were handed in, by partition: their values are 0, 1, 2 and so on. */
  readonly sent: number[]
  readonly failures: unknown[] = []
  #open = 0
  #isStopped = false
  readonly #running: Promise<void>

  constructor(
    context: CheckContext,
    kafka: Kafka,
    topic: string,
    partitions: number,
    options: ProducerOptions = {},
  ) {
    context.defer(() => {
      this.#isStopped = true
    })
    this.producer = kafka.producer(options)
    this.topic = topic
    this.sent = Array.from({ length: partitions }, () => 0)
    this.#running = this.#run()
  }

  /** Writes no more; resolves when all was answered. */
  async stop(): Promise<void> {
    this.#isStopped = true
    await this.#running
    await this.producer.flush()
    assert.deepEqual(this.failures, [], 'records that were refused')
  }

  /** Resolves when so many more were answered in each partition: the way there is free. */
  async goesOn(): Promise<void> {
    const { topic } = this
    for (const partition of this.sent.keys()) {
      await this.producer.send(topic, { partition, value: String(this.sent[partition]!++) })
    }
  }

  async #run(): Promise<void> {
    while (!this.#isStopped) {
      for (const partition of this.sent.keys()) {
        if (this.#open < MOST_OPEN) this.#send(partition)
      }
      await sleep(PAUSE_MS)
    }
  }

  #send(partition: number): void {
    this.#open++
    const value = String(this.sent[partition]!++)
    const settled = () => void this.#open--
    this.producer.send(this.topic, { partition, value }).then(settled, (error: unknown) => {
      settled()
      this.failures.push(error)
    })
  }
}

/** What was read, by partition, from one or several consumers. */
export class Account {
  readonly seen: number[][]
  readonly #loops: Promise<void>[] = []
  readonly #failures: unknown[] = []

  constructor(partitions: number) {
    this.seen = Array.from({ length: partitions }, () => [])
  }

  /** Reads with a consumer for as long as that is open. */
  follow(consumer: Consumer): void {
    const read = async () => {
      for await (const { partition, value } of consumer) this.take(partition, value)
    }
    this.#loops.push(read().catch((error: unknown) => void this.#failures.push(error)))
  }

  take(partition: number, value: Uint8Array | null): void {
    this.seen[partition]!.push(Number(Buffer.from(value ?? []).toString()))
  }

  /** Waits until the last of so many is there. */
  async catchesUp(sent: readonly number[]): Promise<void> {
    await eventually(CAUGHT_UP_MS, () => {
      assert.deepEqual(this.#failures, [], 'a loop of a consumer ended')
      const missing = sent.map((count, partition) =>
        Math.max(0, Math.max(0, count - 1 - (this.seen[partition]!.at(-1) ?? -1))),
      )
      assert.ok(
        missing.every((count) => count === 0),
        `records that did not come, by partition: ${missing}`,
      )
    })
  }

  /** Each once and in order. */
  isExact(sent: readonly number[], what: string): void {
    for (const [partition, values] of this.seen.entries()) {
      const wrong = values.findIndex((value, at) => value !== at)
      const around = values.slice(Math.max(0, wrong - 3), wrong + 4)
      assert.equal(wrong, -1, `${what}, partition ${partition}: at ${wrong} there is ${around}`)
      assert.equal(values.length, sent[partition], `${what}: records of partition ${partition}`)
    }
  }

  /** Each at least once; twice only what was read again from a committed offset on. */
  isComplete(sent: readonly number[], what: string): void {
    for (const [partition, values] of this.seen.entries()) {
      const missing = missingOf(values, sent[partition]!)
      assert.deepEqual(missing.slice(0, 5), [], `${what}: ${missing.length} lack in ${partition}`)
    }
  }
}

function missingOf(values: readonly number[], count: number): number[] {
  const seen = new Set(values)
  return Array.from({ length: count }, (_, value) => value).filter((value) => !seen.has(value))
}

/** What the log has, by a reader that is not ours. */
export async function readByKcat(
  context: CheckContext,
  bootstrap: readonly string[],
  topic: string,
  partitions: number,
): Promise<Account> {
  const program = await context.toolbox.prepare('kcat')
  const args = ['-b', bootstrap.join(), '-C', '-t', topic, '-e', '-q', '-o', 'beginning']
  const committed = ['-X', 'isolation.level=read_committed', '-f', '%p %s\\n']
  const output = await runOrThrow(program, [...args, ...committed], KCAT_MS)
  const account = new Account(partitions)
  for (const line of output.split('\n')) {
    if (line === '') continue
    const [partition, value] = line.split(' ')
    account.seen[Number(partition)]!.push(Number(value))
  }
  return account
}
