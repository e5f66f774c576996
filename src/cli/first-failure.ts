/** What Kafka's tools do with an answer about several things: the first failure is the one told. */
import type { Results } from '../client/admin/results.ts'

/** The results, where nothing failed. Throws the first failure otherwise. */
export function orFirstFailure<K, V>(results: Results<K, V>): Results<K, V> {
  const first = results.failures()[0]
  if (first !== undefined) throw first[1]
  return results
}
