/**
 * Replaces a checkpoint file as a whole. While a disk is busy that can last a tenth of a second and
 * more, so what is written from time to time is written off the event loop; what must be there
 * before something else happens is written now.
 *
 * Invariant: what is written now is never replaced by what was on its way before it.
 */
import { utf8Text } from '../base/bytes.ts'
import type { Disk } from '../io/io.ts'

/** The log directory that the file is in. */
export interface CheckpointOwner {
  readonly path: string
  readonly disk: Disk
  /** Nothing is written there any more. */
  readonly offline: boolean
  /** Called where the disk fails. */
  fail(error: unknown): void
}

export class CheckpointWriter {
  readonly #owner: CheckpointOwner
  readonly #path: string
  /** What the file says, as far as that is durable. */
  #durable: string | null = null
  /** What it will say once all is done that is under way. */
  #latest: string | null = null
  /** Counts what was written now. */
  #writtenNow = 0
  /** What comes after the write under way. */
  #next: Uint8Array | null = null
  #running: Promise<void> | null = null

  constructor(owner: CheckpointOwner, name: string) {
    this.#owner = owner
    this.#path = `${owner.path}/${name}`
  }

  /** Makes the file say `content`, durably, before this returns. Throws the disk's error. */
  writeNow(content: Uint8Array): void {
    const text = utf8Text(content)
    this.#next = null
    this.#writtenNow += 1
    this.#latest = text
    if (this.#durable === text && this.#running === null) return
    this.#owner.disk.writeFileAtomic(this.#path, content)
    this.#durable = text
  }

  /** Makes the file say `content` some time later; resolves when all is written that was asked. */
  writeSoon(content: Uint8Array): Promise<void> {
    const text = utf8Text(content)
    if (this.#latest !== text) {
      this.#latest = text
      this.#next = content
      this.#running ??= this.#run()
    }
    return this.#running ?? Promise.resolve()
  }

  async #run(): Promise<void> {
    try {
      while (this.#next !== null && !this.#owner.offline) {
        const content = this.#next
        this.#next = null
        await this.#replace(content)
      }
    } catch (error) {
      this.#owner.fail(error)
    } finally {
      this.#running = null
    }
  }

  async #replace(content: Uint8Array): Promise<void> {
    const { disk, path: directory } = this.#owner
    const temporary = `${this.#path}.tmp`
    const before = this.#writtenNow
    const file = disk.open(temporary, 'create')
    try {
      file.truncate(0)
      file.write([content], 0)
      await file.sync()
    } finally {
      file.close()
    }
    if (before !== this.#writtenNow || this.#owner.offline) return
    disk.rename(temporary, this.#path)
    await disk.syncDirectoryAsync(directory)
    if (before === this.#writtenNow) this.#durable = utf8Text(content)
  }
}
