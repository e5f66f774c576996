/**
 * The order in which Java's hash maps iterate. Kafka's assignors go through such maps, and where
 * they have a choice, the first one found gets the partition. A leader in another language comes to
 * the same assignment only if it goes through members and topics in the same order.
 *
 * Invariant: holds for maps whose buckets are chains; Java turns a bucket of more than eight into a
 * tree, which a map of names meets once in a hundred million buckets.
 */
import { javaStringHash } from '../../../base/java-hash.ts'

const DEFAULT_CAPACITY = 16
const LOAD_FACTOR = 0.75

/** The capacity of a map that has held `size` entries at once. */
function grown(capacity: number, size: number): number {
  let fits = capacity
  while (size > fits * LOAD_FACTOR) fits *= 2
  return fits
}

function bucketOf(hash: number, capacity: number): number {
  return (hash ^ (hash >>> 16)) & (capacity - 1)
}

/** `keys` as a java.util.HashMap gives them that they were put into one after another. */
export function inHashOrder(keys: Iterable<string>): string[] {
  const names = [...new Set(keys)]
  const capacity = grown(DEFAULT_CAPACITY, names.length)
  const buckets = new Map(names.map((name) => [name, bucketOf(javaStringHash(name), capacity)]))
  return names.sort((a, b) => buckets.get(a)! - buckets.get(b)!)
}

/** A java.util.HashSet of a topic's partitions, as far as `first` tells its order. */
export class PartitionHashSet {
  readonly #topicHash: number
  readonly #partitions = new Set<number>()
  #capacity = DEFAULT_CAPACITY

  constructor(topic: string) {
    this.#topicHash = javaStringHash(topic)
  }

  get size(): number {
    return this.#partitions.size
  }

  add(partition: number): void {
    this.#partitions.add(partition)
    this.#capacity = grown(this.#capacity, this.#partitions.size)
  }

  delete(partition: number): void {
    this.#partitions.delete(partition)
  }

  /** What Java's iterator gives first. */
  first(): number {
    let [first, lowest] = [-1, Number.POSITIVE_INFINITY]
    for (const partition of this.#partitions) {
      const hash = (Math.imul(31 + partition, 31) + this.#topicHash) | 0
      const bucket = bucketOf(hash, this.#capacity)
      if (bucket < lowest) [first, lowest] = [partition, bucket]
    }
    return first
  }
}
