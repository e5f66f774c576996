/**
 * `millrace verifiable-consumer`, which is kafka-verifiable-consumer: reads a topic as a member of
 * a group, and tells of what happens to it in lines of JSON.
 *
 * Invariant: each line is Kafka's, with its fields in its order. However it ends, the group is
 * left. KIP-848.
 */
import type { Consumer } from '../../client/consumer/consumer.ts'
import type { ConsumerBatch } from '../../client/consumer/consumer-batch.ts'
import { KafkaError } from '../../client/kafka-error.ts'
import type { ConsumerRecord } from '../../client/record.ts'
import type { TopicPartition } from '../../client/topic.ts'
import {
  ArgumentError,
  type Arguments,
  argumentFailure,
  argumentsOrStatus,
} from '../argparse-flags.ts'
import { CliError } from '../cli-error.ts'
import { type ConnectionSettings, settingsFrom } from '../connection-settings.ts'
import { hashMapOrderBy, partitionHash } from '../java-order.ts'
import { javaText } from '../java-text.ts'
import { configFile } from '../renamed-flag.ts'
import type { ToolRun } from '../tool.ts'
import { verifiableConsumerParser } from './verifiable-consumer-flags.ts'

const POLL_MS = 2 ** 31 - 1
const POLL_RECORDS = 500

/** Runs the command. */
export async function verifiableConsumerTool(run: ToolRun): Promise<number> {
  const args = argumentsOrStatus(run, verifiableConsumerParser(run.isAlias))
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
  const { consumerOptions } = await import('../consume/consumer-properties.ts')
  return measureWithClient(settings, async (kafka) => {
    const signal = run.interrupted()
    const reading = new Reading(args, run, signal)
    const consumer = kafka.consumer<string>({
      ...consumerOptions(settings.properties),
      topics: [args.text('topic')!],
      onAssigned: (partitions) => reading.tellPartitions('partitions_assigned', partitions),
      onRevoked: (partitions) => reading.tellPartitions('partitions_revoked', partitions),
      onLost: (partitions) => reading.tellPartitions('partitions_revoked', partitions),
    })
    const hasFailed = !(await reading.run(consumer))
    if (signal.aborted) return Number(signal.reason) || 0
    return hasFailed && !run.isAlias ? 1 : 0
  })
}

function connection(args: Arguments, run: ToolRun): ConnectionSettings {
  const given = {
    brokers: args.text('bootstrap-server'),
    file: configFile(args, 'consumer.config', run),
    profile: args.text('profile'),
  }
  try {
    const { brokers, properties, origins } = settingsFrom(given, run.environment)
    return { brokers, properties: withFlags(args, properties), ...(origins && { origins }) }
  } catch (error) {
    const { file } = given
    const isOfFile = file !== null && error instanceof CliError && error.message.startsWith(file)
    if (isOfFile) throw args.error(error.message)
    throw error
  }
}

function withFlags(args: Arguments, file: ReadonlyMap<string, string>): Map<string, string> {
  const member = args.text('group-instance-id') ?? '1'
  const clientId = `consumer-${args.text('group-id')}-${member}`
  const properties = new Map([['client.id', clientId], ...file])
  const protocol = args.text('group-protocol')!.toUpperCase()
  if (protocol !== 'CLASSIC' && protocol !== 'CONSUMER') {
    throw new CliError(`--group-protocol ${protocol}: not one of CLASSIC, CONSUMER`)
  }
  properties.set('group.protocol', protocol)
  const set = (name: string, flag: string) => {
    const value = args.text(flag)
    if (value !== null) properties.set(name, value)
  }
  if (protocol === 'CONSUMER') set('group.remote.assignor', 'group-remote-assignor')
  else set('partition.assignment.strategy', 'assignment-strategy')
  set('session.timeout.ms', 'session-timeout')
  set('group.id', 'group-id')
  set('group.instance.id', 'group-instance-id')
  set('auto.offset.reset', 'reset-policy')
  properties.set('enable.auto.commit', String(args.has('enable-autocommit')))
  const refused = ['session.timeout.ms', 'heartbeat.interval.ms'].find((name) => {
    return protocol === 'CONSUMER' && properties.has(name)
  })
  if (refused === undefined) return properties
  throw new CliError(`${refused} cannot be set when group.protocol=CONSUMER`)
}

/** One run: what it reads, and a line for each thing that happens. */
class Reading {
  readonly #run: ToolRun
  readonly #signal: AbortSignal
  readonly #most: number
  readonly #isVerbose: boolean
  readonly #isCommitting: boolean
  #count = 0

  constructor(args: Arguments, run: ToolRun, signal: AbortSignal) {
    this.#run = run
    this.#signal = signal
    this.#most = args.number('max-messages')!
    this.#isVerbose = args.has('verbose')
    this.#isCommitting = !args.has('enable-autocommit')
  }

  #tell(name: string, fields: object = {}): void {
    this.#run.out(JSON.stringify({ timestamp: Date.now(), name, ...fields }))
  }

  tellPartitions(name: string, partitions: readonly TopicPartition[]): void {
    const sorted = partitions
      .map(({ topic, partition }) => ({ topic, partition }))
      .sort((a, b) => a.partition - b.partition)
    this.#tell(name, { partitions: sorted })
  }

  /** Reads until there is enough or the signal aborts; false where it failed. */
  async run(consumer: Consumer): Promise<boolean> {
    const onAbort = () => this.#tell('shutdown_requested')
    this.#signal.addEventListener('abort', onAbort, { once: true })
    let isWell = true
    try {
      this.#tell('startup_complete')
      await this.#read(consumer)
    } catch (error) {
      if (!(error instanceof KafkaError)) throw error
      isWell = false
      this.#run.err(`Error during processing, terminating consumer process: ${error.reason}`)
    } finally {
      await consumer.close()
      this.#tell('shutdown_complete')
      this.#signal.removeEventListener('abort', onAbort)
    }
    if (!this.#signal.aborted) onAbort() // Kafka's tells of it at each end
    return isWell
  }

  get #isFinished(): boolean {
    return this.#most >= 0 && this.#count >= this.#most
  }

  async #read(consumer: Consumer): Promise<void> {
    const how = { timeoutMs: POLL_MS, maxRecords: POLL_RECORDS, signal: this.#signal }
    while (!this.#isFinished && !this.#signal.aborted) {
      const batches = await consumer.poll(how)
      if (batches.length === 0) continue
      const offsets = this.#take(batches)
      if (this.#isCommitting) await this.#commit(consumer, offsets)
    }
  }

  /** Tells of what came; what is to be committed of it. */
  #take(batches: readonly ConsumerBatch[]) {
    const byPartition = new Map<string, ConsumerRecord[]>()
    for (const batch of batches) {
      const name = `${batch.topic}-${batch.partition}`
      byPartition.set(name, [...(byPartition.get(name) ?? []), ...batch])
    }
    const lists = hashMapOrderBy([...byPartition.values()], ([one]) => partitionHash(one!), null)
    const partitions = []
    for (const all of lists) {
      if (this.#isFinished) break
      const records = this.#most < 0 ? all : all.slice(0, this.#most - this.#count)
      const [{ topic, partition, offset: minOffset }, last] = [records[0]!, records.at(-1)!]
      const [count, maxOffset] = [records.length, last.offset]
      partitions.push({ topic, partition, count, minOffset, maxOffset })
      if (this.#isVerbose) for (const record of records) this.#tellRecord(record)
      this.#count += count
    }
    const count = lists.reduce((sum, { length }) => sum + length, 0)
    this.#tell('records_consumed', { count, partitions })
    return partitions.map(({ topic, partition, maxOffset }) => {
      return { topic, partition, offset: maxOffset + 1 }
    })
  }

  #tellRecord({ key, value, topic, partition, offset }: ConsumerRecord): void {
    const text = (bytes: Uint8Array | null) => (bytes === null ? null : javaText(bytes))
    this.#tell('record_data', { key: text(key), value: text(value), topic, partition, offset })
  }

  async #commit(
    consumer: Consumer,
    offsets: readonly (TopicPartition & { readonly offset: number })[],
  ): Promise<void> {
    try {
      await consumer.commit(offsets)
      this.#tell('offsets_committed', { offsets, success: true })
    } catch (error) {
      if (!(error instanceof KafkaError) || error.code === 'FENCED_INSTANCE_ID') throw error
      this.#tell('offsets_committed', { offsets, error: error.reason, success: false })
    }
  }
}
