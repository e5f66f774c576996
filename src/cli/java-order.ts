/**
 * The order in which a java.util.HashMap gives its keys, which is the order of the lines where
 * Kafka's tools print a map. Scripts that compare outputs depend on it.
 */
import { javaStringHash } from '../base/java-hash.ts'

const DEFAULT_CAPACITY = 16
const LOAD_FACTOR = 0.75

/**
 * The keys as a HashMap gives them into which they were put one by one. `sizedFor` is the argument
 * of its constructor; null where it had none.
 */
export function hashMapOrder(keys: readonly string[], sizedFor: number | null): string[] {
  let capacity = sizedFor === null ? DEFAULT_CAPACITY : 1
  while (sizedFor !== null && capacity < sizedFor) capacity *= 2
  while (keys.length > capacity * LOAD_FACTOR) capacity *= 2
  const bucket = (key: string) => {
    const hash = javaStringHash(key)
    return (hash ^ (hash >>> 16)) & (capacity - 1)
  }
  return [...keys].sort((a, b) => bucket(a) - bucket(b)) // stable, as the chain of a bucket is
}
