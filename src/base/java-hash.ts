/**
 * Java's String.hashCode, which Kafka uses to place a group id or a transactional id on a partition
 * of its internal topics, and which decides where Kafka goes through a HashMap.
 */

/** String.hashCode: over UTF-16 units, a signed 32-bit integer. */
export function javaStringHash(text: string): number {
  let hash = 0
  for (let i = 0; i < text.length; i++) hash = (Math.imul(hash, 31) + text.charCodeAt(i)) | 0
  return hash
}

/** The partition of an internal topic that `id` belongs to. Kafka's abs(MIN_VALUE) is 0. */
export function coordinatorPartition(id: string, partitionCount: number): number {
  const hash = javaStringHash(id)
  return (hash === -0x80000000 ? 0 : Math.abs(hash)) % partitionCount
}

/**
 * Keys in the order in which a java.util.HashMap goes through them, which got them in this one: of
 * several things that are wrong with a request Kafka names the first that it comes to.
 */
export function javaHashMapOrder(keys: Iterable<string>): string[] {
  const all = [...new Set(keys)]
  let buckets = 16
  while (all.length > buckets * 0.75) buckets *= 2
  const bucketOf = (key: string) => {
    const hash = javaStringHash(key)
    return (hash ^ (hash >>> 16)) & (buckets - 1)
  }
  return all.sort((a, b) => bucketOf(a) - bucketOf(b))
}
