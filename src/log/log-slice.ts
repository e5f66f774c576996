/**
 * A range of a segment's file that belongs to an answer and is read only when the client can take
 * it: what waits for a slow client is a position in a file, and what goes to a fast one is still in
 * the processor's cache when it is sent. The range holds nothing open. Where the log does not have
 * these bytes any more, since it was truncated or closed or the segment's time was up, reading them
 * throws, and the answer can't be ended: its client reads again.
 */
import type { BufferPool } from '../base/buffer-pool.ts'
import type { LaterBytes } from '../base/bytes.ts'
import { LOG_SUFFIX } from './file-names.ts'
import type { Segment, SegmentHome } from './segment.ts'

/** What a slice looks at of its log. */
export interface SliceLog {
  readonly home: SegmentHome
  /** Grows with every truncation. */
  readonly truncations: number
  readonly failure: Error | null
  /** Told what the disk has failed with. */
  fail(error: unknown): void
}

export class LogSlice implements LaterBytes {
  readonly length: number
  readonly buffers: BufferPool
  readonly #log: SliceLog
  readonly #segment: Segment
  readonly #position: number
  readonly #truncations: number

  constructor(log: SliceLog, segment: Segment, position: number, length: number) {
    this.#log = log
    this.#segment = segment
    this.#position = position
    this.length = length
    this.buffers = log.home.resources.readBuffers
    this.#truncations = log.truncations
  }

  readNow(target: Uint8Array, from: number): void {
    this.#check()
    try {
      this.#take(target, this.#segment.file().read(target, this.#position + from))
    } catch (error) {
      this.#fail(error)
    }
  }

  async read(target: Uint8Array, from: number): Promise<void> {
    this.#check()
    this.#segment.pin()
    try {
      const count = await this.#segment.file().readAsync(target, this.#position + from)
      this.#check()
      this.#take(target, count)
    } catch (error) {
      this.#fail(error)
    } finally {
      this.#segment.unpin()
    }
  }

  #check(): void {
    if (this.#log.failure !== null) throw this.#log.failure
    if (this.#log.truncations !== this.#truncations) {
      throw new SliceGoneError(`${this.#path} was truncated`)
    }
  }

  #take(target: Uint8Array, count: number): void {
    if (count < target.length) throw new SliceGoneError(`${this.#path} is shorter than it was`)
  }

  /** Files that were deleted meanwhile are no sign of a bad disk. */
  #fail(error: unknown): never {
    const isGone = error instanceof SliceGoneError || this.#segment.suffix !== ''
    if (!isGone && this.#log.failure === null) this.#log.fail(error)
    throw error
  }

  get #path(): string {
    return this.#segment.path(LOG_SUFFIX)
  }
}

/** The log does not have these bytes any more. */
class SliceGoneError extends Error {}
