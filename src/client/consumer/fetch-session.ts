/**
 * What a broker remembers of our fetches, so that each request names only what has changed since
 * the one before it (KIP-227). One session for each broker, in step by an epoch.
 *
 * Invariant: `#known` is what the broker has in its session once it has answered. Whenever that is
 * in doubt (a lost connection, an error) the next request is full again and closes the old session.
 */

import type { fetchRequest } from '../../protocol/messages/01-fetch.ts'
import type { Input } from '../../protocol/schema.ts'

/** One partition as it is asked for. */
export interface AskedPartition {
  readonly topic: string
  readonly topicId: string
  readonly partition: number
  readonly fetchOffset: number
  readonly maxBytes: number
  readonly leaderEpoch: number
}

type FetchBody = Input<typeof fetchRequest>
type Topics = FetchBody['topics']
type Forgotten = NonNullable<FetchBody['forgottenTopicsData']>

/** The part of a fetch request that the session makes. */
export interface SessionPart {
  readonly sessionId: number
  readonly sessionEpoch: number
  readonly topics: Topics
  readonly forgottenTopicsData: Forgotten
}

const NO_SESSION = 0
const FIRST_EPOCH = 0
const FINAL_EPOCH = -1
const MAX_EPOCH = 0x7fffffff

export class FetchSession {
  #sessionId = NO_SESSION
  #epoch = FIRST_EPOCH
  #usesIds = false
  #known = new Map<string, AskedPartition>()

  /** The next request for `wanted`; what is left out of it is no longer wanted. */
  next(wanted: readonly AskedPartition[], usesIds: boolean): SessionPart {
    if (usesIds !== this.#usesIds) this.reset()
    this.#usesIds = usesIds
    const [sessionId, sessionEpoch] = [this.#sessionId, this.#epoch]
    if (sessionEpoch === FIRST_EPOCH) {
      this.#known = new Map(wanted.map((asked) => [keyOf(asked), asked]))
      return { sessionId, sessionEpoch, topics: grouped(wanted), forgottenTopicsData: [] }
    }
    const changed: AskedPartition[] = []
    const gone: AskedPartition[] = []
    const left = this.#known
    const known = new Map<string, AskedPartition>()
    for (const asked of wanted) {
      const key = keyOf(asked)
      const before = left.get(key)
      left.delete(key)
      known.set(key, asked)
      // The topic was made anew: by ids those are two partitions, by names one.
      if (usesIds && before !== undefined && before.topicId !== asked.topicId) gone.push(before)
      if (before === undefined || !isSame(before, asked)) changed.push(asked)
    }
    gone.push(...left.values())
    this.#known = known
    return {
      sessionId,
      sessionEpoch,
      topics: grouped(changed),
      forgottenTopicsData: forgotten(gone),
    }
  }

  /** The broker has answered without an error, and named the session. */
  answered(sessionId: number): void {
    if (sessionId === NO_SESSION) {
      // It keeps none for us: each request is a full one.
      this.#sessionId = NO_SESSION
      this.#epoch = FIRST_EPOCH
      return
    }
    this.#epoch = this.#epoch === MAX_EPOCH || this.#sessionId !== sessionId ? 1 : this.#epoch + 1
    this.#sessionId = sessionId
  }

  /** What the broker has is in doubt: closes it with the next request, which starts another. */
  reset(): void {
    this.#epoch = FIRST_EPOCH
    this.#known.clear()
  }

  /** The broker has said that there is no such session. */
  forget(): void {
    this.reset()
    this.#sessionId = NO_SESSION
  }

  /** The request that ends the session; null where there is none. */
  close(): SessionPart | null {
    const sessionId = this.#sessionId
    this.forget()
    if (sessionId === NO_SESSION) return null
    return { sessionId, sessionEpoch: FINAL_EPOCH, topics: [], forgottenTopicsData: [] }
  }
}

function keyOf(asked: AskedPartition): string {
  return `${asked.topic}/${asked.partition}`
}

function isSame(a: AskedPartition, b: AskedPartition): boolean {
  return (
    a.topicId === b.topicId &&
    a.fetchOffset === b.fetchOffset &&
    a.maxBytes === b.maxBytes &&
    a.leaderEpoch === b.leaderEpoch
  )
}

function byTopic(partitions: readonly AskedPartition[]): Map<string, AskedPartition[]> {
  const topics = new Map<string, AskedPartition[]>()
  for (const asked of partitions) {
    const key = `${asked.topic}/${asked.topicId}`
    const known = topics.get(key)
    if (known === undefined) topics.set(key, [asked])
    else known.push(asked)
  }
  return topics
}

function grouped(partitions: readonly AskedPartition[]): Topics {
  return [...byTopic(partitions).values()].map((ofTopic) => ({
    topic: ofTopic[0]!.topic,
    topicId: ofTopic[0]!.topicId,
    partitions: ofTopic.map(({ partition, fetchOffset, maxBytes, leaderEpoch }) => ({
      partition,
      fetchOffset,
      currentLeaderEpoch: leaderEpoch,
      partitionMaxBytes: maxBytes,
    })),
  }))
}

function forgotten(partitions: readonly AskedPartition[]): Forgotten {
  return [...byTopic(partitions).values()].map((ofTopic) => ({
    topic: ofTopic[0]!.topic,
    topicId: ofTopic[0]!.topicId,
    partitions: ofTopic.map(({ partition }) => partition),
  }))
}
