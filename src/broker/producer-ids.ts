/**
 * Ids for idempotent producers. The controller hands out blocks and writes each into the metadata
 * log before it is used, so that no id is given twice, also after a crash.
 */
import { ErrorCode } from '../protocol/errors.ts'

/** A range of ids: `start` to `start + size - 1`. */
export interface ProducerIdBlock {
  readonly start: number
  readonly size: number
}

/** Asks the controller for the next block; `done` is called once it is committed. */
export type AllocateBlock = (done: (error: ErrorCode, block: ProducerIdBlock) => void) => void

type Waiter = (error: ErrorCode, producerId: number) => void

export class ProducerIds {
  readonly #allocate: AllocateBlock
  readonly #waiters: Waiter[] = []
  #next = 0
  #end = 0

  constructor(allocate: AllocateBlock) {
    this.#allocate = allocate
  }

  /** Calls `done` with an id that nobody has had, at once where the block has one left. */
  next(done: Waiter): void {
    if (this.#next < this.#end && this.#waiters.length === 0) {
      done(ErrorCode.NONE, this.#next++)
      return
    }
    this.#waiters.push(done)
    if (this.#waiters.length === 1) this.#refill()
  }

  #refill(): void {
    this.#allocate((error, block) => {
      if (error !== ErrorCode.NONE) {
        for (const waiter of this.#waiters.splice(0)) waiter(error, -1)
        return
      }
      this.#next = block.start
      this.#end = block.start + block.size
      while (this.#next < this.#end) {
        const waiter = this.#waiters.shift()
        if (waiter === undefined) return
        waiter(ErrorCode.NONE, this.#next++)
      }
      if (this.#waiters.length > 0) this.#refill()
    })
  }
}
