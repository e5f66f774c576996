/**
 * The sticky assignment where members subscribed to different topics: all keep what they owned,
 * what is left goes to whoever has least (within racks first), and then partitions move one by one
 * from members with more to members with less until that makes nothing better.
 *
 * Invariant: a partition goes only to a member that subscribed to its topic, and where moving did
 * not make the assignment more even, what was before it stands.
 */
import { compareText } from './member-order.ts'
import { PartitionMovements } from './partition-movements.ts'
import type { StickySolution } from './sticky-constrained.ts'
import { NO_GENERATION, type StickyProblem } from './sticky-problem.ts'

/** Assigns all partitions of `problem`. */
export function assignGeneral(problem: StickyProblem): StickySolution {
  return new GeneralAssignment(problem).build()
}

class GeneralAssignment {
  readonly #problem: StickyProblem
  readonly #movements: PartitionMovements
  /** By member. */
  #current: Set<number>[]
  /** By partition; -1 for nobody. */
  #ownerOf: Int32Array
  /** By partition: who had it in an older generation. */
  readonly #previousOwner: ReadonlyMap<number, number>
  /** Members that take part in moving, by how much they have. */
  readonly #sorted: SortedMembers
  /** By member: how many partitions its topics have. */
  readonly #most: readonly number[]

  constructor(problem: StickyProblem) {
    this.#problem = problem
    this.#movements = new PartitionMovements(problem)
    this.#current = problem.owned.map((owned) => new Set(owned))
    this.#ownerOf = new Int32Array(problem.partitionCount).fill(-1)
    this.#previousOwner = previousOwners(problem)
    this.#sorted = new SortedMembers(problem, (member) => this.#current[member]!.size)
    this.#most = problem.members.map(({ topics }) => {
      let count = 0
      for (const topic of topics) count += problem.topics[topic]!.count
      return count
    })
  }

  build(): StickySolution {
    const isRevoking = this.#dropUnfit()
    const all = this.#allPartitions()
    const unassigned = all.filter((partition) => this.#ownerOf[partition]! < 0)
    for (const member of this.#problem.members.keys()) this.#sorted.add(member)
    this.#balance(all, unassigned, isRevoking)
    return { assignment: this.#current.map((partitions) => [...partitions]), transferred: null }
  }

  /** Takes from members what they no longer subscribe to or are far from. */
  #dropUnfit(): boolean {
    let isRevoking = false
    for (const [member, partitions] of this.#current.entries()) {
      const { topics } = this.#problem.members[member]!
      for (const partition of partitions) {
        const isWanted = topics.has(this.#problem.topicOf[partition]!)
        if (isWanted && !this.#problem.isFar(member, partition)) {
          this.#ownerOf[partition] = member
        } else {
          partitions.delete(partition)
          isRevoking = true
        }
      }
    }
    return isRevoking
  }

  /** Those first that fewest members can have. */
  #allPartitions(): number[] {
    const topics = [...this.#problem.topics]
    topics.sort((a, b) => a.members.length - b.members.length || compareText(a.name, b.name))
    return topics.flatMap(({ first, count }) =>
      Array.from({ length: count }, (_, at) => first + at),
    )
  }

  #balance(all: readonly number[], unassigned: readonly number[], isRevoking: boolean): void {
    const isFirst = this.#current[this.#sorted.last()]!.size === 0
    const hasRacks = this.#problem.racks.length > 0
    const far = hasRacks
      ? unassigned.filter((partition) => !this.#assign(partition, true))
      : unassigned
    for (const partition of far) this.#assign(partition, false)

    const canMove = (partition: number) => this.#isShared(this.#problem.topicOf[partition]!)
    for (const member of this.#problem.members.keys()) {
      if (!this.#takesPart(member)) this.#sorted.remove(member)
    }
    const before = {
      current: this.#current.map((partitions) => new Set(partitions)),
      ownerOf: this.#ownerOf.slice(),
    }
    if (!isRevoking) this.#moveAll(unassigned.filter(canMove))
    const hasMoved = this.#moveAll(all.filter(canMove))
    if (
      !isFirst &&
      hasMoved &&
      this.#unevenness(this.#current) >= this.#unevenness(before.current)
    ) {
      this.#current = before.current
      this.#ownerOf = before.ownerOf
    }
  }

  /** Gives it to the member with least that may have it; false where none may. */
  #assign(partition: number, isWithinRacks: boolean): boolean {
    const topic = this.#problem.topicOf[partition]!
    for (const member of this.#sorted.members) {
      if (!this.#problem.members[member]!.topics.has(topic)) continue
      if (isWithinRacks && this.#problem.isFar(member, partition)) continue
      this.#sorted.remove(member)
      this.#current[member]!.add(partition)
      this.#ownerOf[partition] = member
      this.#sorted.add(member)
      return true
    }
    return false
  }

  #isShared(topic: number): boolean {
    return this.#problem.topics[topic]!.members.length >= 2
  }

  #takesPart(member: number): boolean {
    const partitions = this.#current[member]!
    if (partitions.size < this.#most[member]!) return true
    for (const partition of partitions) {
      if (this.#isShared(this.#problem.topicOf[partition]!)) return true
    }
    return false
  }

  #moveAll(partitions: readonly number[]): boolean {
    let hasMoved = false
    for (let isModified = true; isModified; ) {
      isModified = false
      for (const partition of partitions) {
        if (this.#isBalanced()) break
        const to = this.#betterOwner(partition)
        if (to < 0) continue
        const chosen = this.#movements.choose(partition, this.#ownerOf[partition]!, to)
        this.#move(chosen, to)
        isModified = true
      }
      hasMoved ||= isModified
    }
    return hasMoved
  }

  /** Who should have it rather than its owner: who had it before, or who has least; -1: nobody. */
  #betterOwner(partition: number): number {
    const size = this.#current[this.#ownerOf[partition]!]!.size
    const topic = this.#problem.topicOf[partition]!
    const previous = this.#previousOwner.get(partition) ?? -1
    const mayReturn = previous >= 0 && this.#problem.members[previous]!.topics.has(topic)
    if (mayReturn && size > this.#current[previous]!.size + 1) return previous
    const least = this.#sorted.members.find((member) => {
      return this.#problem.members[member]!.topics.has(topic)
    })
    return least !== undefined && size > this.#current[least]!.size + 1 ? least : -1
  }

  #move(partition: number, to: number): void {
    const from = this.#ownerOf[partition]!
    this.#sorted.remove(from)
    this.#sorted.remove(to)
    this.#movements.move(partition, from, to)
    this.#current[from]!.delete(partition)
    this.#current[to]!.add(partition)
    this.#ownerOf[partition] = to
    this.#sorted.add(to)
    this.#sorted.add(from)
  }

  /** No member could get a partition from one that has at least two more. */
  #isBalanced(): boolean {
    const most = this.#current[this.#sorted.last()]!.size
    const largest = new Map<number, number>()
    for (const member of this.#sorted.members) {
      const { size } = this.#current[member]!
      if (size + 1 >= most) return true
      if (size === this.#most[member]) continue
      for (const topic of this.#problem.members[member]!.topics) {
        let largestOwner = largest.get(topic)
        if (largestOwner === undefined) {
          largestOwner = this.#largestOwner(topic)
          largest.set(topic, largestOwner)
        }
        if (size + 1 < largestOwner) return false
      }
    }
    return true
  }

  #largestOwner(topic: number): number {
    const { first, count } = this.#problem.topics[topic]!
    let largest = 0
    for (let partition = first; partition < first + count; partition++) {
      largest = Math.max(largest, this.#current[this.#ownerOf[partition]!]!.size)
    }
    return largest
  }

  /** The differences of all pairs of those who take part, added up. */
  #unevenness(current: readonly ReadonlySet<number>[]): number {
    const sizes = this.#sorted.members.map((member) => current[member]!.size).sort((a, b) => a - b)
    return sizes.reduce((sum, size, at) => sum + size * (2 * at - sizes.length + 1), 0)
  }
}

/** By partition: the member that had it in the newest generation before the newest of all. */
function previousOwners(problem: StickyProblem): Map<number, number> {
  const owners = new Map<number, { readonly member: number; readonly generation: number }>()
  for (const [member, { claim }] of problem.members.entries()) {
    const generation = claim.generation ?? NO_GENERATION
    if (generation >= problem.maxGeneration) continue
    for (const claimed of claim.partitions) {
      const partition = problem.numberOf(claimed)
      if (partition < 0) continue
      const known = owners.get(partition)
      if (known === undefined || generation > known.generation) {
        owners.set(partition, { member, generation })
      }
    }
  }
  return new Map([...owners].map(([partition, { member }]) => [partition, member]))
}

/** Members by how many partitions they have, then by id. Remove one before its size changes. */
class SortedMembers {
  readonly members: number[] = []
  readonly #sizeOf: (member: number) => number
  readonly #rank: readonly number[]

  constructor({ members }: StickyProblem, sizeOf: (member: number) => number) {
    this.#sizeOf = sizeOf
    const byId = [...members.keys()].sort((a, b) => compareText(members[a]!.id, members[b]!.id))
    const rank: number[] = []
    for (const [at, member] of byId.entries()) rank[member] = at
    this.#rank = rank
  }

  last(): number {
    return this.members.at(-1)!
  }

  add(member: number): void {
    this.members.splice(this.#find(member), 0, member)
  }

  remove(member: number): void {
    const at = this.#find(member)
    if (this.members[at] === member) this.members.splice(at, 1)
  }

  /** Where it is or belongs. */
  #find(member: number): number {
    let [low, high] = [0, this.members.length]
    while (low < high) {
      const middle = (low + high) >>> 1
      if (this.#compare(this.members[middle]!, member) < 0) low = middle + 1
      else high = middle
    }
    return low
  }

  #compare(a: number, b: number): number {
    return this.#sizeOf(a) - this.#sizeOf(b) || this.#rank[a]! - this.#rank[b]!
  }
}
