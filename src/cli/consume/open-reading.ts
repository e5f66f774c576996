/** Makes the consumer that a command line asks for, and what reads from it. */
import { Deadline } from '../../client/call.ts'
import type { Stall } from '../../client/consumer/options.ts'
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
/** When it is said why nothing comes. */
const STALLED_AFTER_MS = 10_000

/** Opens the consumer; nothing is fetched before `run`. */
export function openReading(kafka: Kafka, flags: Flags, wanted: Wanted): OpenReading {
  const { properties, timeoutMs, maxMessages, format, signal, run } = wanted
  const consumer = openConsumer(kafka, flags, wanted)
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
  const onMissing = () => {
    if (run.isAlias) return
    run.err(
      `there is no topic ${topic}: waiting for it (millrace topics --create --topic ${topic})`,
    )
  }
  const mayBeMade = properties.get('allow.auto.create.topics')?.trim().toLowerCase() !== 'false'
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
      if (topic !== null && maxMessages > 0) {
        void lookForTopic(kafka, topic, mayBeMade, over.signal, onMissing)
      }
      return reading.run({ maxMessages, timeoutMs, isToEnd: flags.has('exit-at-end') })
    },
    async close(closeTimeoutMs) {
      over.abort()
      await consumer.close({ timeoutMs: closeTimeoutMs })
    },
  }
}

/**
 * Asks for the topic, at which brokers make it unless they are told not to, as Java asks. It is
 * waited for where it is not there, and `onMissing` told.
 */
async function lookForTopic(
  { cluster }: Kafka,
  topic: string,
  mayBeMade: boolean,
  signal: AbortSignal,
  onMissing: () => void,
): Promise<void> {
  const deadline = new Deadline(cluster.clock, 'find the topic', CREATE_TIMEOUT_MS, { signal })
  try {
    await cluster.metadata.ensure(topic, deadline, mayBeMade)
  } catch (error) {
    // What else is wrong with it the consumer hears too.
    if (!isExpected(error)) throw error
    if (!signal.aborted && cluster.metadata.topic(topic) === undefined) onMissing()
  }
}

function openConsumer(kafka: Kafka, flags: Flags, { properties, offset, run }: Wanted) {
  const options = { ...consumerOptions(properties), ...(!run.isAlias && stallOptions(run)) }
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

/** Says why nothing comes; but who does not read what is printed knows. */
function stallOptions({ err }: ToolRun) {
  const onStalled = ({ reason, message }: Stall) => void (reason !== 'handler' && err(message))
  return { stalledAfterMs: STALLED_AFTER_MS, onStalled }
}

/** Names that match as a whole; the client leaves out Kafka's own topics, as Java does. */
function includeOf(pattern: string): RegExp {
  try {
    new RegExp(pattern)
  } catch {
    throw new CliError(`--include: ${pattern} is an invalid regex.`)
  }
  return new RegExp(`^(?:${pattern})$`)
}
