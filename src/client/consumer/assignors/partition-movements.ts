/**
 * Which partitions went from which member to which while an assignment is being balanced. Before
 * another partition of a topic goes the way back, the one that came is sent back instead, so that
 * two members don't swap partitions of a topic for nothing.
 */
import { PartitionHashSet } from './java-order.ts'
import type { StickyProblem } from './sticky-problem.ts'

interface Movement {
  readonly from: number
  readonly to: number
}

/** The movements of one assignment; members and partitions by number. */
export class PartitionMovements {
  readonly #problem: StickyProblem
  readonly #byPartition = new Map<number, Movement>()
  /** By topic, then by `from>to`. */
  readonly #byTopic = new Map<number, Map<string, PartitionHashSet>>()

  constructor(problem: StickyProblem) {
    this.#problem = problem
  }

  /** Notes that `partition` goes from one member to the other. */
  move(partition: number, from: number, to: number): void {
    const earlier = this.#byPartition.get(partition)
    if (earlier === undefined) {
      this.#add(partition, from, to)
    } else {
      this.#remove(partition, earlier)
      if (earlier.from !== to) this.#add(partition, earlier.from, to)
    }
  }

  /** The partition to move instead of `partition`, which may be itself. */
  choose(partition: number, from: number, to: number): number {
    const pairs = this.#byTopic.get(this.#problem.topicOf[partition]!)
    if (pairs === undefined) return partition
    const origin = this.#byPartition.get(partition)?.from ?? from
    const back = pairs.get(key(to, origin))
    return back === undefined ? partition : this.#topic(partition).first + back.first()
  }

  #topic(partition: number) {
    return this.#problem.topics[this.#problem.topicOf[partition]!]!
  }

  #add(partition: number, from: number, to: number): void {
    this.#byPartition.set(partition, { from, to })
    const topic = this.#problem.topicOf[partition]!
    const { name, first } = this.#topic(partition)
    let pairs = this.#byTopic.get(topic)
    if (pairs === undefined) {
      pairs = new Map()
      this.#byTopic.set(topic, pairs)
    }
    let moved = pairs.get(key(from, to))
    if (moved === undefined) {
      moved = new PartitionHashSet(name)
      pairs.set(key(from, to), moved)
    }
    moved.add(partition - first)
  }

  #remove(partition: number, { from, to }: Movement): void {
    this.#byPartition.delete(partition)
    const topic = this.#problem.topicOf[partition]!
    const pairs = this.#byTopic.get(topic)!
    const moved = pairs.get(key(from, to))!
    moved.delete(partition - this.#topic(partition).first)
    if (moved.size === 0) pairs.delete(key(from, to))
    if (pairs.size === 0) this.#byTopic.delete(topic)
  }
}

function key(from: number, to: number): string {
  return `${from}>${to}`
}
