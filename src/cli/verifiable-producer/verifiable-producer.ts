/**
 * `millrace verifiable-producer`, which is kafka-verifiable-producer: makes records of numbers and
 * tells of each, as a line of JSON, whether it was written and where.
 *
 * Invariant: each line is Kafka's, with its fields in its order. However it ends, what was sent is
 * waited for, and the last two lines are the end and the counts.
 */
import { setTimeout as sleep } from 'node:timers/promises'
import type { KafkaError } from '../../client/kafka-error.ts'
import type { Producer } from '../../client/producer/producer.ts'
import {
  ArgumentError,
  type Arguments,
  argumentFailure,
  argumentsOrStatus,
} from '../argparse-flags.ts'
import { CliError } from '../cli-error.ts'
import { type ConnectionSettings, settingsFrom } from '../connection-settings.ts'
import { exceptionName } from '../exception-names.ts'
import { doubleText } from '../java-double.ts'
import { Throttle } from '../perf-produce/throttle.ts'
import { configFile } from '../renamed-flag.ts'
import type { ToolRun } from '../tool.ts'
import { verifiableProducerParser } from './verifiable-producer-flags.ts'

/** Records between two looks at whether the producer has room. */
const ROUND = 100

/** Runs the command. */
export async function verifiableProducerTool(run: ToolRun): Promise<number> {
  const args = argumentsOrStatus(run, verifiableProducerParser(run.isAlias))
  if (typeof args === 'number') return args
  let settings: ConnectionSettings
  try {
    settings = connection(args, run)
  } catch (error) {
    if (error instanceof ArgumentError) return argumentFailure(run, error)
    throw error
  }
  // The client is a large part, for which help need not wait.
  const { measureWithClient } = await import('../perf-produce/measure-with-client.ts')
  const { producerOptions } = await import('../produce/producer-properties.ts')
  return measureWithClient(settings, async (kafka) => {
    const signal = run.interrupted()
    const producer = kafka.producer(producerOptions(settings.properties))
    const sending = new Sending(args, producer, run, signal)
    const startMs = performance.now() // never at the start again, so that there is a rate
    await sending.run()
    await producer.close()
    sending.tellSettled()
    sending.tell('shutdown_complete')
    sending.tellCounts(performance.now() - startMs)
    return signal.aborted ? Number(signal.reason) || 0 : 0
  })
}

function connection(args: Arguments, run: ToolRun): ConnectionSettings {
  const given = {
    brokers: args.text('bootstrap-server'),
    file: configFile(args, 'producer.config', run),
    profile: args.text('profile'),
  }
  try {
    const { brokers, properties, origins } = settingsFrom(given, run.environment)
    const withFlags = new Map([['acks', args.text('acks')!], ...properties])
    return { brokers, properties: withFlags, ...(origins && { origins }) }
  } catch (error) {
    if (error instanceof CliError && given.file !== null) throw args.error(error.message)
    throw error
  }
}

/** One run: its records, and a line for each. */
class Sending {
  readonly #args: Arguments
  readonly #producer: Producer
  readonly #out: ToolRun['out']
  readonly #signal: AbortSignal
  readonly #topic: string
  #sent = 0
  #acked = 0
  readonly #settled: { readonly at: number; readonly name: string; readonly fields: object }[] = []

  constructor(args: Arguments, producer: Producer, { out }: ToolRun, signal: AbortSignal) {
    this.#args = args
    this.#producer = producer
    this.#out = out
    this.#signal = signal
    this.#topic = args.text('topic')!
  }

  /** Prints a line of JSON with these fields behind time and name. */
  tell(name: string, fields: object = {}): void {
    this.#out(JSON.stringify({ timestamp: Date.now(), name, ...fields }))
  }

  async run(): Promise<void> {
    const most = this.#args.number('max-messages')!
    const keys = this.#args.number('repeating-keys')
    const prefix = this.#args.number('value-prefix')
    const created = this.#args.number('message-create-time')!
    const startMs = Date.now()
    const throttle = new Throttle(this.#args.number('throughput')!, startMs)
    let timestamp = created
    this.tell('startup_complete')
    for (let at = 0; most < 0 || at < most; at++) {
      if (this.#signal.aborted) return
      const sentMs = Date.now()
      const key = keys === null ? null : String(keys > 0 ? at % keys : at)
      this.#send(key, prefix === null ? String(at) : `${prefix}.${at}`, timestamp)
      // Kafka's moves on by the time since the start at each record.
      if (created !== -1) timestamp += Date.now() - startMs
      if (throttle.isAhead(at, sentMs)) await throttle.wait(this.#signal)
      else if (at % ROUND === 0) await this.#pause()
    }
  }

  /** Lets answers come in, and waits where there is no room. */
  async #pause(): Promise<void> {
    await this.#producer.ready()
    await sleep(0)
  }

  #send(key: string | null, value: string, timestamp: number): void {
    const at = this.#sent++
    const record = { key, value, ...(timestamp !== -1 && { timestamp }) }
    this.#producer.send(this.#topic, record).then(
      ({ offset, topic, partition }) => {
        this.#acked++
        const fields = { key, value, offset, topic, partition }
        this.#settle(at, 'producer_send_success', fields)
      },
      (error: KafkaError) =>
        this.#settle(at, 'producer_send_error', this.#failure(key, value, error)),
    )
  }

  #failure(key: string | null, value: string, { code, reason }: KafkaError): object {
    const topic = this.#topic
    const isTopic = code === 'INVALID_ARGUMENT' // nothing else of a record can be wrong here
    const name = exceptionName(isTopic ? 'INVALID_TOPIC_EXCEPTION' : code)
    const message = isTopic ? `Invalid topics: [${topic}]` : reason
    return { topic, key, value, exception: `class ${name}`, message }
  }

  /** What is settled in one go is told of in the order in which it was sent, as Java does. */
  #settle(at: number, name: string, fields: object): void {
    if (this.#settled.length === 0) setImmediate(() => this.tellSettled())
    this.#settled.push({ at, name, fields })
  }

  /** Tells of what is settled and was not told of yet. */
  tellSettled(): void {
    const settled = this.#settled.splice(0).sort((a, b) => a.at - b.at)
    for (const { name, fields } of settled) this.tell(name, fields)
  }

  tellCounts(elapsedMs: number): void {
    const average = doubleText(1000 * (this.#acked / elapsedMs))
    const target = this.#args.number('throughput')
    this.#out(
      `{"timestamp":${Date.now()},"name":"tool_data","sent":${this.#sent},"acked":${this.#acked},` +
        `"target_throughput":${target},"avg_throughput":${average}}`,
    )
  }
}
