/**
 * The order in which a java.util.HashMap gives its keys, which is the order of the lines where
 * Kafka's tools print a map. Scripts that compare outputs depend on it.
 */
import { javaStringHash } from '../base/java-hash.ts'
import type { TopicPartition } from '../client/topic.ts'

const DEFAULT_CAPACITY = 16
const LOAD_FACTOR = 0.75
/** Up to so many keys a set of Scala has a field for each. */
const SCALA_SMALL = 4

/**
 * The keys as a HashMap gives them into which they were put one by one. `sizedFor` is the argument
 * of its constructor; null where it had none.
 */
export function hashMapOrder(keys: readonly string[], sizedFor: number | null): string[] {
  return hashMapOrderBy(keys, javaStringHash, sizedFor)
}

/** The same for keys that are no texts, by their hashCode. */
export function hashMapOrderBy<K>(
  keys: readonly K[],
  hashOf: (key: K) => number,
  sizedFor: number | null,
): K[] {
  let capacity = sizedFor === null ? DEFAULT_CAPACITY : 1
  while (sizedFor !== null && capacity < sizedFor) capacity *= 2
  while (keys.length > capacity * LOAD_FACTOR) capacity *= 2
  const buckets = new Map(
    keys.map((key) => {
      const hash = hashOf(key)
      return [key, (hash ^ (hash >>> 16)) & (capacity - 1)]
    }),
  )
  // A stable sort, as the chain of a bucket is.
  return [...keys].sort((a, b) => buckets.get(a)! - buckets.get(b)!)
}

/** TopicPartition.hashCode. */
export function partitionHash({ topic, partition }: TopicPartition): number {
  return (Math.imul(31 + partition, 31) + javaStringHash(topic)) | 0
}

/** Integer.hashCode, as of the ids of brokers. */
export const integerHash = (value: number) => value | 0

/**
 * The keys as one of Scala's immutable sets or maps gives them: as they were put into it while
 * there are at most four, and then by the bits of their hashes, five at a time, lowest first.
 */
export function scalaSetOrder(keys: readonly string[]): string[] {
  const distinct = [...new Set(keys)]
  if (distinct.length <= SCALA_SMALL) return distinct
  const hashes = new Map(distinct.map((key) => [key, scalaHash(javaStringHash(key))]))
  return trieOrder(distinct, (key) => hashes.get(key)!, 0)
}

/** How Scala spreads a hash. */
function scalaHash(hash: number): number {
  let spread = (hash + ~(hash << 9)) | 0
  spread ^= spread >>> 14
  spread = (spread + (spread << 4)) | 0
  return spread ^ (spread >>> 10)
}

/** A node of the trie gives first what is alone in its place, and then what is below it. */
function trieOrder(
  keys: readonly string[],
  hashOf: (key: string) => number,
  bit: number,
): string[] {
  if (bit >= 32) return [...keys] // all have one hash
  const alone: string[] = []
  const below: string[] = []
  for (let place = 0; place < 32; place++) {
    const here = keys.filter((key) => ((hashOf(key) >>> bit) & 31) === place)
    if (here.length === 1) alone.push(here[0]!)
    else if (here.length > 1) below.push(...trieOrder(here, hashOf, bit + 5))
  }
  return [...alone, ...below]
}
