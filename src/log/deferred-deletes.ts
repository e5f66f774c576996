/**
 * Files that have been renamed out of the way and are to be deleted after `file.delete.delay.ms`,
 * so that reads which had begun can end. What a crash leaves of them goes at the next start.
 *
 * They are deleted one by one off the event loop: to free the memory and the blocks of a segment of
 * 1 GiB takes up to 200 ms, and nobody waits for it.
 */
import { Deadlines } from '../base/deadlines.ts'
import type { Disk } from '../io/io.ts'

interface Deletion {
  /** The files, as they are called when it is time. */
  readonly paths: () => readonly string[]
  /** Called once they are gone. */
  readonly onDeleted: () => void
}

export class DeferredDeletes {
  readonly #disk: Disk
  readonly #onFailure: (error: unknown) => void
  readonly #deadlines = new Deadlines<Deletion>()
  /** Those whose time has come. */
  readonly #due: Deletion[] = []
  #running: Promise<void> | null = null
  #isStopped = false

  /** `onFailure` is called where a file can't be deleted; after that nothing more is. */
  constructor(disk: Disk, onFailure: (error: unknown) => void) {
    this.#disk = disk
    this.#onFailure = onFailure
  }

  add(atMs: number, paths: () => readonly string[], onDeleted: () => void = () => {}): void {
    this.#deadlines.add(atMs, { paths, onDeleted })
  }

  /** When the next one is due; Infinity where there is none. */
  nextMs(): number {
    return this.#deadlines.nextMs()
  }

  /** Begins to delete what is due; resolves when all of that is gone, or can't be deleted. */
  run(nowMs: number): Promise<void> {
    for (;;) {
      const deletion = this.#deadlines.popExpired(nowMs)
      if (deletion === undefined) break
      this.#due.push(deletion)
    }
    if (this.#due.length > 0) this.#running ??= this.#deleteDue()
    return this.#running ?? Promise.resolve()
  }

  /** Deletes nothing more than what is being deleted. */
  stop(): void {
    this.#isStopped = true
  }

  async #deleteDue(): Promise<void> {
    try {
      for (;;) {
        const deletion = this.#due.shift()
        if (deletion === undefined) break
        for (const path of deletion.paths()) {
          if (this.#isStopped) return
          await this.#disk.removeAsync(path)
        }
        if (!this.#isStopped) deletion.onDeleted()
      }
    } catch (error) {
      this.stop()
      this.#onFailure(error)
    } finally {
      this.#running = null
    }
  }
}
