/**
 * What all logs of a node share and none may take too much of: open files, memory for indexes,
 * memory for hot tails. The least recently used gives way; what it held is read again when needed.
 */

import { BufferPool } from '../base/buffer-pool.ts'
import type { HotTail } from './hot-tail.ts'
import { Residents } from './residents.ts'
import type { Segment } from './segment.ts'

export interface LogResourceLimits {
  /** Open segment files. */
  readonly maxOpenFiles: number
  /** Memory for offset and time indexes, of all segments together. */
  readonly maxIndexBytes: number
  /** Memory for the last batches of all logs together. */
  readonly maxTailBytes: number
  /** The same of one log. */
  readonly maxTailBytesPerLog: number
  /** Memory that reads from files have left for the next ones. */
  readonly maxFreeReadBytes: number
  /** Of what a Fetch finds in a file this much is read; the rest waits there until it is sent. */
  readonly fetchHeadBytes: number
}

export const DEFAULT_LOG_RESOURCE_LIMITS: LogResourceLimits = Object.freeze({
  maxOpenFiles: 2048,
  maxIndexBytes: 64 * 1024 * 1024,
  maxTailBytes: 128 * 1024 * 1024,
  maxTailBytesPerLog: 2 * 1024 * 1024,
  maxFreeReadBytes: 16 * 1024 * 1024,
  fetchHeadBytes: 64 * 1024,
})

export class LogResources {
  readonly limits: LogResourceLimits
  readonly files: Residents<Segment>
  readonly indexes: Residents<Segment>
  readonly tails: Residents<HotTail>
  readonly readBuffers: BufferPool

  constructor(limits: LogResourceLimits = DEFAULT_LOG_RESOURCE_LIMITS) {
    this.limits = limits
    this.readBuffers = new BufferPool(limits.maxFreeReadBytes)
    this.files = new Residents(limits.maxOpenFiles, (segment) => segment.releaseFile())
    this.indexes = new Residents(limits.maxIndexBytes, (segment) => segment.releaseIndexes())
    this.tails = new Residents(limits.maxTailBytes, (tail) => {
      tail.shrinkTo(0)
      return tail.memoryBytes === 0
    })
  }

  /** Takes note of what a tail holds after a write, which may be nothing. */
  noteTail(tail: HotTail): void {
    if (tail.memoryBytes > 0) this.tails.use(tail, tail.memoryBytes)
    else this.tails.drop(tail)
  }
}
