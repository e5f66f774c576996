/** What every call of the admin works with: the native client, and how long it may take. */
import type { Admin as NativeAdmin } from '../admin/admin.ts'
import type { Results } from '../admin/results.ts'
import { Deadline } from '../call.ts'
import type { Cluster } from '../cluster/cluster.ts'
import { KafkaJSNonRetriableError } from './errors.ts'
import { translated } from './translated.ts'

export interface AdminCall {
  readonly native: NativeAdmin
  readonly cluster: Cluster
  readonly timeoutMs: number
}

export function deadlineOf({ cluster, timeoutMs }: AdminCall, what: string): Deadline {
  return new Deadline(cluster.clock, what, timeoutMs)
}

/** Throws the first failure, in kafkajs's form. */
export function valuesOf<K, V>(results: Results<K, V>): V[] {
  const [first] = results.failures()
  if (first !== undefined) throw translated(first[1])
  return results.values()
}

/** Throws unless `topic` is a name. */
export function checkTopic(topic: unknown): void {
  if (typeof topic === 'string' && topic !== '') return
  throw new KafkaJSNonRetriableError(`Invalid topic ${topic}`)
}

/** Throws unless `given` is a list of things with names that differ. */
export function checkDistinctTopics(what: string, given: readonly { topic: string }[]): void {
  if (!Array.isArray(given)) throw new KafkaJSNonRetriableError(`Invalid ${what} array ${given}`)
  const names = given.map(({ topic }) => topic)
  if (names.some((name) => typeof name !== 'string')) {
    const text = `Invalid ${what} array, the topic names have to be a valid string`
    throw new KafkaJSNonRetriableError(text)
  }
  if (new Set(names).size === names.length) return
  const text = `Invalid ${what} array, it cannot have multiple entries for the same topic`
  throw new KafkaJSNonRetriableError(text)
}
