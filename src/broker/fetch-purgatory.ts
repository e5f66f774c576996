/**
 * Long fetches: requests that wait until enough bytes are there, an error appears, or their time is
 * up. A waiter counts the bytes that become visible in its partitions, so that an append costs
 * O(waiters of that partition) and never a new read.
 */
import type { DeadlineHandle, Deadlines } from '../base/deadlines.ts'
import type { Partition } from './partition.ts'

export class FetchWaiter {
  readonly #partitions: readonly Partition[]
  readonly #onComplete: () => void
  readonly #deadlines: Deadlines<() => void>
  readonly #handle: DeadlineHandle<() => void>
  #missingBytes: number
  #completed = false

  constructor(
    deadlines: Deadlines<() => void>,
    partitions: readonly Partition[],
    missingBytes: number,
    deadlineMs: number,
    onComplete: () => void,
  ) {
    this.#deadlines = deadlines
    this.#partitions = partitions
    this.#missingBytes = missingBytes
    this.#onComplete = onComplete
    this.#handle = deadlines.add(deadlineMs, () => this.complete())
    for (const partition of partitions) partition.fetchWaiters.add(this)
  }

  /** Called when `bytes` more of one of its partitions can be read. */
  arrived(bytes: number): void {
    this.#missingBytes -= bytes
    if (this.#missingBytes <= 0) this.complete()
  }

  /** Ends the wait: by bytes, by time, by an error, or because the partition set changed. */
  complete(): void {
    if (this.#completed) return
    this.cancel()
    this.#onComplete()
  }

  /** Forgets the wait without an answer: the client has gone. */
  cancel(): void {
    if (this.#completed) return
    this.#completed = true
    this.#deadlines.cancel(this.#handle)
    for (const partition of this.#partitions) partition.fetchWaiters.delete(this)
  }
}
