/**
 * Standard output for many small pieces: they are put into a chunk, which is written when it is
 * full or when there is nothing more for now.
 *
 * Invariant: what was put is in the chunk before `put` returns, so its memory may change; and no
 * more than one chunk waits for a slow reader, whom `flush` waits for.
 */
import { utf8Length } from '../../base/bytes.ts'
import type { ToolRun } from '../tool.ts'

const CHUNK_BYTES = 64 * 1024
const LF = 0x0a

export class Output {
  readonly #write: ToolRun['write']
  #chunk = Buffer.allocUnsafe(CHUNK_BYTES)
  #length = 0
  /** Chunks that are full, in order. */
  #full: Uint8Array[] = []

  constructor(write: ToolRun['write']) {
    this.#write = write
  }

  /** True where it is time to wait for `flush`. */
  get isFull(): boolean {
    return this.#full.length > 0
  }

  /** Adds bytes. */
  put(bytes: Uint8Array): void {
    const { length } = bytes
    if (length > CHUNK_BYTES - this.#length) {
      this.#turn()
      if (length > CHUNK_BYTES) {
        this.#full.push(bytes.slice())
        return
      }
    }
    this.#chunk.set(bytes, this.#length)
    this.#length += length
  }

  /** Adds text, as UTF-8. */
  text(text: string): void {
    if (text.length * 3 > CHUNK_BYTES - this.#length) {
      const length = utf8Length(text)
      if (length > CHUNK_BYTES - this.#length) {
        this.put(Buffer.from(text))
        return
      }
    }
    this.#length += this.#chunk.write(text, this.#length)
  }

  /** Adds the end of a line. */
  endLine(): void {
    if (this.#length === CHUNK_BYTES) this.#turn()
    this.#chunk[this.#length++] = LF
  }

  #turn(): void {
    if (this.#length === 0) return
    this.#full.push(this.#chunk.subarray(0, this.#length))
    this.#chunk = Buffer.allocUnsafe(CHUNK_BYTES) // the full one is not copied when it is written
    this.#length = 0
  }

  /** Writes what there is; resolves when the reader has room again. */
  async flush(): Promise<void> {
    this.#turn()
    for (const chunk of this.#full.splice(0)) await this.#write(chunk)
  }
}
