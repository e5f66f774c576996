/**
 * Sends what is read: lines become records, records go to the producer, and what could not be
 * written is told.
 *
 * Invariant: input is read no faster than records can be written, so memory is bounded by the
 * producer's buffer and one chunk of input, however long the input is. Every line that was read is
 * written or told of, however the command ends.
 */

import { KafkaError } from '../../client/kafka-error.ts'
import type { DeliveryReport } from '../../client/producer/options.ts'
import type { Producer } from '../../client/producer/producer.ts'
import { CliError } from '../cli-error.ts'
import { orAborted } from '../or-aborted.ts'
import type { ToolRun } from '../tool.ts'
import { InputLines } from './input-lines.ts'
import type { LineReader, ReadRecord } from './line-reader.ts'

/** What is sent where, and how. */
export interface Sending {
  readonly topic: string
  readonly inputs: Iterable<AsyncIterable<Uint8Array>>
  readonly read: LineReader
  /** Waits for each record. */
  readonly isSync: boolean
  /** Printed before each line that is asked for; null where nobody is there to see it. */
  readonly prompt: string | null
  readonly signal: AbortSignal
}

const MAX_COMPLAINTS = 10

/** Counts what became of records, and tells of what was not written. */
export class Deliveries {
  written = 0
  failed = 0
  #complaints = 0
  readonly #err: ToolRun['err']

  constructor(err: ToolRun['err']) {
    this.#err = err
  }

  /** The producer's own reports. */
  readonly onDelivery = ({ topic, partition, count, error }: DeliveryReport): void => {
    if (error === null) {
      this.written += count
      return
    }
    this.failed += count
    if (++this.#complaints > MAX_COMPLAINTS) return
    const place = partition < 0 ? topic : `${topic}-${partition}`
    const records = count === 1 ? 'a record was' : `${count} records were`
    this.#err(`${records} not written to ${place}: ${error.reason}`)
  }

  /** Says how many there were, where not each was told of. */
  sum(): void {
    if (this.#complaints <= MAX_COMPLAINTS) return
    this.#err(`${this.failed} records were not written in all`)
  }
}

/** Sends all lines of all inputs; ends before that where the signal is aborted. */
export async function sendLines(
  producer: Producer,
  { topic, inputs, read, isSync, prompt, signal }: Sending,
  deliveries: Deliveries,
  write: ToolRun['write'],
): Promise<void> {
  const ask = prompt === null ? () => {} : () => void write(Buffer.from(prompt))
  const enqueue = (record: ReadRecord): boolean => {
    try {
      return producer.enqueue(topic, record)
    } catch (error) {
      if (!(error instanceof KafkaError) || error.fatal) throw error
      deliveries.onDelivery({ topic, partition: -1, count: 1, baseOffset: -1, error })
      return true
    }
  }
  let line = 0
  const send = async (text: string): Promise<void> => {
    const record = read(text, ++line)
    if (isSync) {
      await producer.send(topic, record, { signal })
      deliveries.written++
    } else if (!enqueue(record)) await producer.ready({ signal })
    ask()
  }
  try {
    ask()
    for (const input of inputs) {
      const lines = new InputLines()
      for await (const chunk of until(signal, input)) {
        for (const text of lines.push(chunk)) {
          // A promise for each line would cost more than the line.
          if (isSync || prompt !== null) await send(text)
          else if (!enqueue(read(text, ++line))) await producer.ready({ signal })
        }
      }
      const last = signal.aborted ? null : lines.last()
      if (last !== null) await send(last)
    }
  } catch (error) {
    if (!(error instanceof KafkaError)) throw error
    if (!signal.aborted) throw new CliError(error.reason, { cause: error })
  }
}

/** The chunks of an input until the signal is aborted, though it may never end by itself. */
async function* until(
  signal: AbortSignal,
  input: AsyncIterable<Uint8Array>,
): AsyncGenerator<Uint8Array, void, undefined> {
  const chunks = input[Symbol.asyncIterator]()
  for (;;) {
    const next = await orAborted(chunks.next(), signal)
    if (next === null || next.done) return
    yield next.value
  }
}
