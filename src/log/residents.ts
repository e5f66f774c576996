/**
 * A least-recently-used set with a limit on its total weight: open files, indexes in memory, bytes
 * of hot tails. One set serves all logs of a directory, which is what keeps ten thousand idle
 * partitions small.
 *
 * Invariant: the total stays at or below the limit, but for members that refuse to go because they
 * are in use right now.
 */
export class Residents<T> {
  readonly limit: number
  total = 0
  readonly #weights = new Map<T, number>()
  readonly #evict: (member: T) => boolean

  /** `evict` frees what the member holds and returns true, or returns false where it can't yet. */
  constructor(limit: number, evict: (member: T) => boolean) {
    this.limit = limit
    this.#evict = evict
  }

  get size(): number {
    return this.#weights.size
  }

  /** Makes `member` the most recently used, with this weight from now on. */
  use(member: T, weight: number): void {
    const before = this.#weights.get(member)
    if (before !== undefined) this.#weights.delete(member)
    this.#weights.set(member, weight)
    this.total += weight - (before ?? 0)
    if (this.total > this.limit) this.#shrink(member)
  }

  /** The member holds nothing any more. */
  drop(member: T): void {
    const weight = this.#weights.get(member)
    if (weight === undefined) return
    this.#weights.delete(member)
    this.total -= weight
  }

  #shrink(keep: T): void {
    for (const [member, weight] of this.#weights) {
      if (this.total <= this.limit) return
      if (member === keep || !this.#evict(member)) continue
      if (this.#weights.delete(member)) this.total -= weight
    }
  }
}
