/**
 * Walks the batches of a log file in blocks: for recovery (whole batches, so that the checksum can
 * be taken) and for finding things (headers only, skipping the bodies).
 *
 * It never trusts a length: a batch that would reach beyond the end, is shorter than its own header
 * or of an unknown magic ends the walk, and `problem` says why. Magic 0 and 1 of logs older than
 * Kafka 0.11 count as a problem too.
 */
import type { DiskFile } from '../io/io.ts'
import { BATCH_OVERHEAD, batchSizeBytes, LOG_OVERHEAD, magic } from '../records/batch.ts'

const BLOCK_BYTES = 64 * 1024
const MAGIC = 2

export class BatchWalker {
  /** The current batch: its bytes begin at `at` of `buffer`, and at `position` of the file. */
  buffer: Uint8Array
  at = 0
  position: number
  sizeBytes = 0
  /** Why the walk ended before `end`; '' while all is well. */
  problem = ''
  /** True where the bytes end in the middle of a batch, as a torn write leaves them. */
  torn = false
  readonly #file: DiskFile
  readonly #end: number
  readonly #whole: boolean
  /** The file range that `buffer` holds. */
  #bufferStart = 0
  #bufferEnd = 0

  /** `whole`: every byte of a batch is in `buffer`, not only its header. */
  constructor(
    file: DiskFile,
    start: number,
    end: number,
    whole: boolean,
    blockBytes = BLOCK_BYTES,
  ) {
    this.#file = file
    this.#end = end
    this.#whole = whole
    this.position = start
    this.buffer = new Uint8Array(Math.max(BATCH_OVERHEAD, Math.min(blockBytes, end - start)))
  }

  /** Moves to the next batch. */
  next(): boolean {
    this.position += this.sizeBytes
    this.sizeBytes = 0
    if (this.position >= this.#end) return false
    const remaining = this.#end - this.position
    if (remaining < BATCH_OVERHEAD) return this.#stop(`${remaining} bytes are no batch`, true)
    if (!this.#load(BATCH_OVERHEAD)) return this.#stop('the file is shorter than it says', true)
    const size = batchSizeBytes(this.buffer, this.at)
    const version = magic(this.buffer, this.at)
    if (version !== MAGIC) return this.#stop(`magic ${version}`, isAllZero(this.buffer, this.at))
    // Not under the checksum, and reading it would throw.
    if (this.buffer[this.at] !== 0 || this.buffer[this.at + 1]! > 0x1f) {
      return this.#stop('a base offset beyond 2^53', false)
    }
    if (size < BATCH_OVERHEAD) return this.#stop(`a batch of ${size - LOG_OVERHEAD} bytes`, false)
    if (size > remaining) return this.#stop(`a batch of ${size} bytes, ${remaining} remain`, true)
    if (this.#whole && !this.#load(size)) {
      return this.#stop('the file is shorter than it says', true)
    }
    this.sizeBytes = size
    return true
  }

  #stop(problem: string, torn: boolean): false {
    this.problem = problem
    this.torn = torn
    return false
  }

  /** Sees to it that `length` bytes from `position` on are in the buffer. */
  #load(length: number): boolean {
    if (this.position + length > this.#bufferEnd || this.position < this.#bufferStart) {
      if (length > this.buffer.length) this.buffer = new Uint8Array(length)
      const wanted = Math.min(this.buffer.length, this.#end - this.position)
      const target = this.buffer.subarray(0, wanted)
      this.#bufferStart = this.position
      this.#bufferEnd = this.position + this.#file.read(target, this.position)
    }
    this.at = this.position - this.#bufferStart
    return this.#bufferEnd - this.position >= length
  }
}

/** A header of zeros is room that was never written, as a crash leaves it. */
function isAllZero(bytes: Uint8Array, at: number): boolean {
  for (let i = at; i < at + BATCH_OVERHEAD; i++) if (bytes[i] !== 0) return false
  return true
}
