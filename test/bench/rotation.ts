/**
 * In which order contenders take turns. A round that nobody counts comes first, for a server that
 * has just started is slow; each round begins with another contender, so that what a place in the
 * order costs falls on all of them.
 */

/** A round and whether it counts. */
export interface Round<C> {
  readonly number: number
  readonly isCounted: boolean
  readonly order: readonly C[]
}

/** The rounds to run: one that warms up, and then so many that count. */
export function rotation<C>(contenders: readonly C[], rounds: number): Round<C>[] {
  const step = Math.max(1, Math.ceil(contenders.length / rounds))
  return Array.from({ length: rounds + 1 }, (_, number) => {
    const first = (number * step) % contenders.length
    const order = [...contenders.slice(first), ...contenders.slice(0, first)]
    return { number, isCounted: number > 0, order }
  })
}
