/**
 * The APIs of a broker in the words of kafka-broker-api-versions: what it speaks, and which version
 * a client of Kafka 4.3 would use.
 *
 * Invariant: what is usable is counted with all versions of Kafka 4.3, unstable ones too, as Java's
 * tool does, so that the lines are the same; the tables of both are of that release.
 */
import { apiOf, apis } from '../../protocol/apis.ts'
import { parseVersions } from '../../protocol/schema.ts'

/** What a broker says of an API. */
export interface ServedApi {
  readonly apiKey: number
  readonly minVersion: number
  readonly maxVersion: number
}

/** An API as it is told of: by a broker, or as one that it does not have. */
export interface ToldApi {
  readonly key: number
  /** Null where Kafka 4.3 has no such API. */
  readonly name: string | null
  /** What the broker speaks; null where it does not have the API. */
  readonly min: number | null
  readonly max: number | null
  /** The newest version that both speak; null where there is none. */
  readonly usable: number | null
  /** Why there is none, with an API that both have. */
  readonly problem: 'node too new' | 'node too old' | null
}

/** APIs that Kafka 4 no longer has but still knows by name; brokers before it serve them. */
const REMOVED: Readonly<Record<number, string>> = {
  4: 'LeaderAndIsr',
  5: 'StopReplica',
  6: 'UpdateMetadata',
  7: 'ControlledShutdown',
}

/** All that a broker serves and all that one of Kafka 4.3 would serve, by key. */
export function toldApis(served: readonly ServedApi[]): ToldApi[] {
  const told = new Map(served.map((each) => [each.apiKey, toldOf(each)]))
  for (const { key, name, request } of apis) {
    if (told.has(key) || !request.listeners.includes('broker')) continue
    told.set(key, { key, name, min: null, max: null, usable: null, problem: null })
  }
  return [...told.values()].sort((a, b) => a.key - b.key)
}

function toldOf({ apiKey: key, minVersion: min, maxVersion: max }: ServedApi): ToldApi {
  const api = apiOf(key)
  const name = api?.name ?? REMOVED[key] ?? null
  const known = api === undefined ? { min: 0, max: -1 } : parseVersions(api.request.versions)
  const isTooNew = known.max < min
  const problem =
    name === null ? null : isTooNew ? 'node too new' : max < known.min ? 'node too old' : null
  const usable = name === null || problem !== null ? null : Math.min(known.max, max)
  return { key, name, min, max, usable, problem }
}

/** One line of what the broker speaks, without a comma. */
export function apiLine({ key, name, min, max, usable, problem }: ToldApi): string {
  if (min === null) return `${name}(${key}): UNSUPPORTED`
  const versions = min === max ? `${min}` : `${min} to ${max}`
  const begin = `${name ?? 'UNKNOWN'}(${key}): ${versions}`
  if (problem !== null) return `${begin} [unusable: ${problem}]`
  return usable === null ? begin : `${begin} [usable: ${usable}]`
}
