/**
 * A consumer as a stream of records (node:stream), for `pipeline` and the like.
 *
 * Invariant: the stream reads one record at a time. A record counts as seen when the one after the
 * next is asked for, since a stream asks for the next while its reader is still at work on this
 * one. What a Writable behind it keeps to itself, it can't know of: commit by hand there.
 */
import { Readable } from 'node:stream'

export class RecordReadable<R> extends Readable {
  readonly #records: AsyncIterator<R>

  constructor(records: AsyncIterator<R>) {
    super({ objectMode: true, highWaterMark: 1 })
    this.#records = records
  }

  override _read(): void {
    this.#records.next().then(
      ({ value, done }) => this.push(done === true ? null : value),
      (error) => this.destroy(error),
    )
  }

  override _destroy(error: Error | null, done: (error?: Error | null) => void): void {
    const returned = this.#records.return?.() ?? Promise.resolve()
    returned.then(
      () => done(error),
      () => done(error),
    )
  }
}
