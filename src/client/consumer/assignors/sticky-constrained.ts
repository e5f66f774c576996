/**
 * The sticky assignment where all members subscribed to the same topics: each keeps what it owned
 * up to its share, and what is left goes round robin to those below theirs, first within racks.
 *
 * Invariant: shares differ by at most one, and a member loses a partition only where it has more
 * than its share or the partition is on no rack of its own.
 */
import { compareText } from './member-order.ts'
import type { StickyProblem } from './sticky-problem.ts'

export interface StickySolution {
  /** By member, in the order in which partitions were given. */
  readonly assignment: readonly number[][]
  /**
   * Partitions that may have had another owner, with the new one. Null where the algorithm does not
   * keep count of them.
   */
  readonly transferred: ReadonlyMap<number, number> | null
}

/** Assigns all partitions of `problem`, which is uniform. */
export function assignConstrained(problem: StickyProblem): StickySolution {
  return new ConstrainedAssignment(problem).build()
}

class ConstrainedAssignment {
  readonly #problem: StickyProblem
  readonly #assignment: number[][]
  readonly #transferred = new Map<number, number>()
  /** Partitions that their owner may have to give up, with that owner. */
  readonly #revoked = new Map<number, number>()
  readonly #assigned = new Set<number>()
  readonly #minQuota: number
  readonly #maxQuota: number
  /** How many members are to get `maxQuota`, and how many have it. */
  readonly #expectedFull: number
  #full = 0
  /** Members with less than `minQuota`, and those with exactly that who may get one more. */
  readonly #hungry: number[] = []
  #filled: number[] = []

  constructor(problem: StickyProblem) {
    const { partitionCount, members } = problem
    this.#problem = problem
    this.#assignment = members.map(() => [])
    this.#minQuota = Math.floor(partitionCount / members.length)
    this.#maxQuota = Math.ceil(partitionCount / members.length)
    this.#expectedFull = partitionCount % members.length
  }

  build(): StickySolution {
    for (const member of this.#problem.members.keys()) this.#keepOwned(member)
    const { members } = this.#problem
    const byId = (a: number, b: number) => compareText(members[a]!.id, members[b]!.id)
    this.#hungry.sort(byId)
    this.#filled.sort(byId)
    this.#dealRoundRobin(this.#dealWithinRacks(this.#unassigned()))
    return { assignment: this.#assignment, transferred: this.#transferred }
  }

  #keepOwned(member: number): void {
    const owned = this.#claimedBy(member)
    if (owned.length < this.#minQuota) {
      this.#keep(member, owned, owned.length)
      this.#hungry.push(member)
    } else if (owned.length >= this.#maxQuota && this.#full < this.#expectedFull) {
      this.#keep(member, owned, this.#maxQuota)
      this.#countFull()
    } else {
      this.#keep(member, owned, this.#minQuota)
      if (this.#full < this.#expectedFull) this.#filled.push(member)
    }
  }

  /** What the member may keep, in the order in which it does. */
  #claimedBy(member: number): number[] {
    const { owned, topicOf, topics } = this.#problem
    const claimed: number[] = []
    for (const partition of owned[member]!) {
      if (this.#problem.isFar(member, partition)) this.#revoked.set(partition, member)
      else if (!this.#problem.disputed.has(partition)) claimed.push(partition)
    }
    const inTopic = (partition: number) => partition - topics[topicOf[partition]!]!.first
    return claimed.sort((a, b) => inTopic(a) - inTopic(b) || a - b)
  }

  #keep(member: number, owned: readonly number[], count: number): void {
    for (const [at, partition] of owned.entries()) {
      if (at >= count) {
        this.#revoked.set(partition, member)
      } else {
        this.#assignment[member]!.push(partition)
        this.#assigned.add(partition)
      }
    }
  }

  #countFull(): void {
    this.#full++
    if (this.#full === this.#expectedFull) this.#filled = []
  }

  /** What nobody kept; those first that fewest members are near to. */
  #unassigned(): number[] {
    const { partitionCount, nearby } = this.#problem
    const unassigned: number[] = []
    for (let partition = 0; partition < partitionCount; partition++) {
      if (!this.#assigned.has(partition)) unassigned.push(partition)
    }
    return nearby.length === 0
      ? unassigned
      : unassigned.sort((a, b) => nearby[a]! - nearby[b]! || a - b)
  }

  /** Returns what could not be given to a member nearby. */
  #dealWithinRacks(unassigned: readonly number[]): readonly number[] {
    if (this.#problem.racks.length === 0) return unassigned
    let next = 0
    return unassigned.filter((partition) => {
      const at = this.#nearMember(partition, this.#hungry, next)
      if (at < 0) return !this.#dealToFilled(partition)
      const member = this.#hungry[at]!
      const count = this.#assignment[member]!.length + 1
      if (count >= this.#minQuota) {
        this.#hungry.splice(at, 1)
        if (count < this.#maxQuota && this.#full < this.#expectedFull) this.#filled.push(member)
        next = at
      } else {
        next = at + 1
      }
      next = this.#hungry.length === 0 ? 0 : next % this.#hungry.length
      this.#give(partition, member)
      return false
    })
  }

  #dealToFilled(partition: number): boolean {
    const at = this.#nearMember(partition, this.#filled, 0)
    if (at < 0) return false
    const member = this.#filled[at]!
    if (this.#assignment[member]!.length + 1 === this.#maxQuota) {
      this.#filled.splice(at, 1)
      this.#countFull()
    }
    this.#give(partition, member)
    return true
  }

  /** Position of the first member from `from` on, around, that is near; -1 for none. */
  #nearMember(partition: number, members: readonly number[], from: number): number {
    const racks = this.#problem.racks[partition]!
    for (let step = 0; step < members.length; step++) {
      const at = (from + step) % members.length
      const { rack } = this.#problem.members[members[at]!]!
      if (rack !== null && racks.has(rack)) return at
    }
    return -1
  }

  #dealRoundRobin(unassigned: readonly number[]): void {
    let next = 0
    for (const partition of unassigned) {
      if (this.#hungry.length === 0) {
        this.#give(partition, this.#filled.shift()!)
        continue
      }
      if (next >= this.#hungry.length) next = 0
      const member = this.#hungry[next]!
      this.#give(partition, member)
      const count = this.#assignment[member]!.length
      if (count === this.#minQuota) {
        this.#hungry.splice(next, 1)
        this.#filled.push(member)
      } else {
        if (count === this.#maxQuota) this.#full++
        next++
      }
    }
  }

  #give(partition: number, member: number): void {
    this.#assignment[member]!.push(partition)
    const before = this.#revoked.get(partition)
    const isTaken = before !== undefined && before !== member
    if (isTaken || this.#problem.disputed.has(partition)) this.#transferred.set(partition, member)
  }
}
