/**
 * Java's String.hashCode, which Kafka uses to place a group id or a transactional id on a partition
 * of its internal topics.
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
