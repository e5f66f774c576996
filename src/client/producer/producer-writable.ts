/**
 * A producer as a stream of records (node:stream), for `pipeline` and the like. Back-pressure is
 * the producer's; the stream ends when all of its records are written.
 *
 * Invariant: a record that fails destroys the stream with its error; none fails silently.
 */
import { Writable } from 'node:stream'
import type { KafkaError } from '../kafka-error.ts'
import type { DeliveryListener, ProducerBatch } from './batch.ts'

/** What the stream needs of its producer. */
export interface WritableSource<R> {
  /** As `Producer.enqueue`, with `listener` told of the batch; it takes the record in any case. */
  enqueue(record: R, listener: DeliveryListener, onFailed: (error: KafkaError) => void): boolean
  ready(): Promise<void>
  flush(): Promise<void>
}

type Done = (error?: Error | null) => void

export class ProducerWritable<R> extends Writable implements DeliveryListener {
  readonly #source: WritableSource<R>

  constructor(source: WritableSource<R>) {
    super({ objectMode: true, decodeStrings: false })
    this.#source = source
  }

  onSettled({ error }: ProducerBatch): void {
    if (error !== null) this.destroy(error)
  }

  override _write(record: R, _encoding: BufferEncoding, done: Done): void {
    this.#take([record], 0, done)
  }

  override _writev(chunks: { chunk: R }[], done: Done): void {
    this.#take(
      chunks.map(({ chunk }) => chunk),
      0,
      done,
    )
  }

  override _final(done: Done): void {
    this.#source.flush().then(() => done(), done)
  }

  /** Hands in the records from `at` on, with a pause where the producer asks for one. */
  #take(records: readonly R[], at: number, done: Done): void {
    const onFailed = (error: KafkaError) => this.destroy(error)
    try {
      for (let i = at; i < records.length; i++) {
        if (this.#source.enqueue(records[i]!, this, onFailed)) continue
        this.#source.ready().then(() => this.#take(records, i + 1, done), done)
        return
      }
      done()
    } catch (error) {
      done(error as Error)
    }
  }
}
