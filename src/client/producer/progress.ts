/**
 * Calls that wait until a producer has room again, or has written something.
 *
 * Invariant: each is looked at whenever something was settled, and goes on when its condition
 * holds or all is over.
 */

interface Waiter {
  readonly resolve: () => void
  readonly condition: () => boolean
}

export class Progress {
  readonly #isOver: () => boolean
  #waiters: Waiter[] = []

  constructor(isOver: () => boolean) {
    this.#isOver = isOver
  }

  /** Resolves when `condition` holds. */
  until(condition: () => boolean): Promise<void> {
    return new Promise((resolve) => {
      this.#waiters.push({ resolve, condition })
      this.made()
    })
  }

  /** Something was settled, or has ended. */
  made(): void {
    if (this.#waiters.length === 0) return
    const isOver = this.#isOver()
    const waiters = this.#waiters
    this.#waiters = []
    for (const waiter of waiters) {
      if (isOver || waiter.condition()) waiter.resolve()
      else this.#waiters.push(waiter)
    }
  }
}
