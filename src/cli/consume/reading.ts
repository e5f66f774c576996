/**
 * Reads records and prints them until there were enough, none came for long, or someone has had
 * enough.
 *
 * Invariant: a record counts as seen, and may be committed, when it has been printed and written
 * out; what was fetched beyond that is not. Records are read no faster than they can be written.
 */
import type { Consumer } from '../../client/consumer/consumer.ts'
import type { ConsumerBatch } from '../../client/consumer/consumer-batch.ts'
import { KafkaError } from '../../client/kafka-error.ts'
import { orAborted } from '../or-aborted.ts'
import type { Output } from './output.ts'
import type { BytesRecord, RecordFormatter } from './record-formatter.ts'

/** When to end. */
export interface Limits {
  readonly maxMessages: number
  readonly timeoutMs: number
  /** When all was read that is there. */
  readonly isToEnd: boolean
}

/** What is made of a record. */
export interface Printing {
  readonly format: RecordFormatter
  readonly output: Output
  /** Told of a record that can't be printed; what it throws ends the reading. */
  readonly onUnprintable: (error: unknown) => void
  readonly signal: AbortSignal
}

/** Records of one poll: as many are printed before the signal is looked at. */
const MAX_POLL_RECORDS = 2000
const MAX_POLL_MS = 60_000
/** How often it is looked at whether all was read. */
const END_POLL_MS = 100

/** One reading, with its count. */
export class Reading {
  readonly #consumer: Consumer
  readonly #printing: Printing
  /** Records that were printed, or could not be. */
  count = 0
  /** What was written out of each batch of the last poll: where to go on, or null for all of it. */
  #progress = new Map<ConsumerBatch, number | null>()

  constructor(consumer: Consumer, printing: Printing) {
    this.#consumer = consumer
    this.#printing = printing
  }

  /** Resolves when it is over; what was seen is known to the consumer then. */
  async run({ maxMessages, timeoutMs, isToEnd }: Limits): Promise<void> {
    const { signal } = this.#printing
    try {
      while (this.count < maxMessages && !signal.aborted) {
        const left = Math.min(MAX_POLL_RECORDS, maxMessages - this.count)
        const batches = await this.#poll(left, isToEnd ? END_POLL_MS : timeoutMs)
        for (const batch of batches) this.#progress.set(batch, batch.firstOffset)
        for (const batch of batches) if (!(await this.#print(batch))) return
        if (!(await this.#flush(batches))) return
        if (batches.length === 0 && !isToEnd) return
        if (isToEnd && this.#isAtEnd()) return
      }
    } finally {
      await this.#settle()
    }
  }

  /** What comes next; nothing where that takes too long. */
  async #poll(maxRecords: number, timeoutMs: number): Promise<ConsumerBatch[]> {
    const { signal } = this.#printing
    const until = performance.now() + timeoutMs
    for (;;) {
      const leftMs = Math.max(0, Math.min(until - performance.now(), MAX_POLL_MS))
      const options = { maxRecords, timeoutMs: leftMs, signal }
      const batches = await this.#consumer.poll(options)
      this.#progress.clear() // to poll says that all before it was seen
      if (batches.length > 0 || signal.aborted || performance.now() >= until) return batches
    }
  }

  #isAtEnd(): boolean {
    const partitions = this.#consumer.lag()
    return partitions.length > 0 && partitions.every(({ lag }) => lag === 0)
  }

  /** False where the signal was aborted before it was out. */
  async #print(batch: ConsumerBatch): Promise<boolean> {
    const { format, output, onUnprintable } = this.#printing
    let record: BytesRecord | null = null
    try {
      for (record of batch) {
        this.count++
        try {
          format(record, output)
        } catch (error) {
          onUnprintable(error)
        }
        if (output.isFull && !(await this.#flush([], batch, record.offset + 1))) return false
      }
    } catch (error) {
      // Kafka takes the record that ends it for consumed.
      await this.#flush([], batch, record === null ? batch.firstOffset : record.offset + 1)
      throw error
    }
    return true
  }

  /**
   * Writes out what was printed: all of `whole`, and of `batch` up to `next`. False where the
   * signal was aborted before that.
   */
  async #flush(whole: readonly ConsumerBatch[], batch?: ConsumerBatch, next = 0): Promise<boolean> {
    const { output, signal } = this.#printing
    await orAborted(output.flush(), signal)
    if (signal.aborted) return false
    for (const each of this.#progress.keys()) {
      if (each === batch) break
      this.#progress.set(each, null)
    }
    for (const each of whole) this.#progress.set(each, null)
    if (batch !== undefined) this.#progress.set(batch, next)
    return true
  }

  /** Tells the consumer what was seen of the last poll. */
  async #settle(): Promise<void> {
    if (this.#progress.size === 0) return
    // Who asks for more has seen what there was; nothing is waited for.
    await this.#consumer.poll({ maxRecords: 1, timeoutMs: 0, signal: AbortSignal.abort() })
    for (const [{ topic, partition }, next] of this.#progress) {
      if (next !== null) await this.#goTo(topic, partition, next)
    }
  }

  /** The rest is for whoever reads the partition next. */
  async #goTo(topic: string, partition: number, offset: number): Promise<void> {
    try {
      await this.#consumer.seek({ topic, partition }, offset)
    } catch (error) {
      const isGone = error instanceof KafkaError && error.code === 'INVALID_STATE'
      if (!isGone) throw error // it went to another member, who has what was committed
    }
  }
}
