/**
 * Files that have been renamed out of the way and are to be deleted after `file.delete.delay.ms`,
 * so that reads which had begun can end. What a crash leaves of them goes at the next start.
 */
import { Deadlines } from '../base/deadlines.ts'

export class DeferredDeletes {
  readonly #deadlines = new Deadlines<() => void>()

  add(atMs: number, remove: () => void): void {
    this.#deadlines.add(atMs, remove)
  }

  /** When the next one is due; Infinity where there is none. */
  nextMs(): number {
    return this.#deadlines.nextMs()
  }

  /** Deletes what is due, at most so many files: a large one can take long. */
  run(nowMs: number, limit = Infinity): void {
    for (let i = 0; i < limit; i++) {
      const remove = this.#deadlines.popExpired(nowMs)
      if (remove === undefined) return
      remove()
    }
  }
}
