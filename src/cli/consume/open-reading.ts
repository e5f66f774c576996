/** Makes the consumer that a command line asks for, and what reads from it. */
import { Deadline } from '../../client/call.ts'
import type { Kafka } from '../../client/kafka.ts'
import { CliError } from '../cli-error.ts'
import { errorText, isExpected } from '../connection.ts'
import type { Flags } from '../flags.ts'
import type { ToolRun } from '../tool.ts'
import { consumerOptions } from './consumer-properties.ts'
import { Output } from './output.ts'
import { Reading } from './reading.ts'
import type { RecordFormatter } from './record-formatter.ts'

/** What is wanted, checked. */
export interface Wanted {
  readonly properties: ReadonlyMap<string, string>
  /** Where to begin in the partition of --partition. */
  readonly offset: number | 'earliest' | 'latest'
  readonly timeoutMs: number
  readonly maxMessages: number
  readonly format: RecordFormatter
  readonly signal: AbortSignal
  readonly run: ToolRun
}

/** A consumer with its reading. */
export interface OpenReading {
  readonly count: number
  /** True where it failed at a record that can't be printed. */
  readonly isFormatting: boolean
  run(): Promise<void>
  /** Commits what was seen, where it commits, and leaves the group. */
  close(timeoutMs: number): Promise<void>
}

/** How long a topic may take to be made. */
const CREATE_TIMEOUT_MS = 5000

/** Opens the consumer; nothing is fetched before `run`. */
export function openReading(kafka: Kafka, flags: Flags, wanted: Wanted): OpenReading {
  const { properties, offset, timeoutMs, maxMessages, format, signal, run } = wanted
  const consumer = openConsumer(kafka, flags, properties, offset)
  let isFormatting = false
  const onUnprintable = (error: unknown) => {
    if (!flags.has('skip-message-on-error') || !isExpected(error)) {
      isFormatting = true
      throw error
    }
    run.err(`Error processing message, skipping this message: ${errorText(error)}`)
  }
  const topic = flags.text('topic')
  const over = new AbortController()
  const isToBeMade = properties.get('allow.auto.create.topics')?.trim().toLowerCase() !== 'false'
  const output = new Output(run.write)
  const reading = new Reading(consumer, { format, output, onUnprintable, signal })
  return {
    get count() {
      return reading.count
    },
    get isFormatting() {
      return isFormatting
    },
    run: () => {
      const isAsking = maxMessages > 0 && isToBeMade
      if (topic !== null && isAsking) void makeTopic(kafka, topic, over.signal)
      return reading.run({ maxMessages, timeoutMs, isToEnd: flags.has('exit-at-end') })
    },
    async close(closeTimeoutMs) {
      over.abort()
      await consumer.close({ timeoutMs: closeTimeoutMs })
    },
  }
}

/** Asks for the topic, at which brokers make it unless they are told not to, as Java asks. */
async function makeTopic({ cluster }: Kafka, topic: string, signal: AbortSignal): Promise<void> {
  const deadline = new Deadline(cluster.clock, 'make the topic', CREATE_TIMEOUT_MS, { signal })
  try {
    await cluster.metadata.ensure(topic, deadline, true)
  } catch (error) {
    // It is waited for then; what is wrong with it the consumer hears too.
    if (!isExpected(error)) throw error
  }
}

function openConsumer(
  kafka: Kafka,
  flags: Flags,
  properties: ReadonlyMap<string, string>,
  offset: Wanted['offset'],
) {
  const options = consumerOptions(properties)
  const topic = flags.text('topic')
  const partition = flags.integer('partition')
  if (topic === null) {
    return kafka.consumer<string>({ ...options, topics: includeOf(flags.text('include')!) })
  }
  if (partition === null) return kafka.consumer<string>({ ...options, topics: [topic] })
  if (typeof offset === 'number') {
    const consumer = kafka.consumer<string>(options)
    consumer.assign([{ topic, partition, offset }])
    return consumer
  }
  const consumer = kafka.consumer<string>({ ...options, autoOffsetReset: offset })
  consumer.assign([{ topic, partition }])
  return consumer
}

/** Names that match as a whole; Kafka's own topics are left out, as Java leaves them out. */
function includeOf(pattern: string): RegExp {
  try {
    new RegExp(pattern)
  } catch {
    throw new CliError(`--include: ${pattern} is an invalid regex.`)
  }
  return new RegExp(
    `^(?!__(?:consumer_offsets|transaction_state|share_group_state)$)(?:${pattern})$`,
  )
}
