/**
 * Incremental fetch sessions (KIP-227): a consumer of many partitions names only what changed, and
 * is answered only what changed. The cache of sessions is bounded; the least recently used one may
 * be evicted once it is idle, or when a larger fetch needs its place.
 */

import { ZERO_UUID } from '../base/uuid.ts'
import type { Random } from '../io/io.ts'
import { ErrorCode } from '../protocol/errors.ts'
import type { FetchRequest } from '../protocol/messages/01-fetch.ts'
import type { Uuid } from '../protocol/schema.ts'

/** First epoch of a session: a full fetch that asks for a new session. */
const EPOCH_INITIAL = 0
/** A full fetch outside any session, which also ends the session it names. */
const EPOCH_FINAL = -1
const SESSION_ID_NONE = 0
/** An idle session may be evicted by any other after this long. */
const EVICTION_IDLE_MS = 120_000

/** One partition that a fetch is about, and what its session was last told of it. */
export class FetchPartition {
  readonly key: string
  readonly topicId: Uuid
  /** Empty until the id could be resolved. */
  topic: string
  readonly index: number
  fetchOffset = 0
  maxBytes = 0
  currentLeaderEpoch = -1
  lastFetchedEpoch = -1
  toldHighWatermark = -1
  toldLogStartOffset = -1

  constructor(key: string, topicId: Uuid, topic: string, index: number) {
    this.key = key
    this.topicId = topicId
    this.topic = topic
    this.index = index
  }
}

class FetchSession {
  readonly id: number
  readonly usesTopicIds: boolean
  readonly partitions: Map<string, FetchPartition>
  epoch = 1
  lastUsedMs: number
  /** Number of partitions when it was cached: larger sessions may push out smaller ones. */
  readonly cachedSize: number
  readonly createdMs: number

  constructor(
    id: number,
    usesIds: boolean,
    partitions: Map<string, FetchPartition>,
    nowMs: number,
  ) {
    this.id = id
    this.usesTopicIds = usesIds
    this.partitions = partitions
    this.cachedSize = partitions.size
    this.createdMs = nowMs
    this.lastUsedMs = nowMs
  }
}

/** What a Fetch request is about, after its session has been looked up. */
export interface FetchScope {
  readonly error: ErrorCode
  /** In the order in which they are to be read. */
  readonly partitions: Map<string, FetchPartition>
  /** Id to answer with. */
  readonly sessionId: number
  /** True where only what changed is answered. */
  readonly incremental: boolean
}

const NO_PARTITIONS: Map<string, FetchPartition> = new Map()

export class FetchSessionCache {
  readonly #sessions = new Map<number, FetchSession>()
  readonly #slots: number
  readonly #random: Random

  constructor(slots: number, random: Random) {
    this.#slots = slots
    this.#random = random
  }

  get size(): number {
    return this.#sessions.size
  }

  /** Resolves the session of a request and applies what the request changes in it. */
  open(
    request: FetchRequest,
    version: number,
    topicNameOf: (id: Uuid) => string | null,
    nowMs: number,
  ): FetchScope {
    const usesTopicIds = version >= 13
    const { sessionId, sessionEpoch } = request
    if (sessionEpoch === EPOCH_INITIAL || sessionEpoch === EPOCH_FINAL) {
      if (sessionId !== SESSION_ID_NONE) this.#sessions.delete(sessionId)
      const partitions = new Map<string, FetchPartition>()
      applyRequest(partitions, request, usesTopicIds, topicNameOf)
      const id =
        sessionEpoch === EPOCH_FINAL
          ? SESSION_ID_NONE
          : this.#create(partitions, usesTopicIds, nowMs)
      return { error: ErrorCode.NONE, partitions, sessionId: id, incremental: false }
    }
    return this.#resume(request, usesTopicIds, topicNameOf, nowMs)
  }

  #resume(
    request: FetchRequest,
    usesTopicIds: boolean,
    topicNameOf: (id: Uuid) => string | null,
    nowMs: number,
  ): FetchScope {
    const session = this.#sessions.get(request.sessionId)
    if (session === undefined) return failed(ErrorCode.FETCH_SESSION_ID_NOT_FOUND)
    if (session.epoch !== request.sessionEpoch) {
      return failed(ErrorCode.INVALID_FETCH_SESSION_EPOCH)
    }
    if (session.usesTopicIds !== usesTopicIds) return failed(ErrorCode.FETCH_SESSION_TOPIC_ID_ERROR)
    applyRequest(session.partitions, request, usesTopicIds, topicNameOf)
    for (const forgotten of request.forgottenTopicsData) {
      for (const index of forgotten.partitions) {
        const name = usesTopicIds ? forgotten.topicId : forgotten.topic
        session.partitions.delete(`${name}:${index}`)
      }
    }
    this.#sessions.delete(session.id)
    if (session.partitions.size === 0) {
      // The request stands by itself then, with what it forgets in the same breath.
      const partitions = new Map<string, FetchPartition>()
      applyRequest(partitions, request, usesTopicIds, topicNameOf)
      return {
        error: ErrorCode.NONE,
        partitions,
        sessionId: SESSION_ID_NONE,
        incremental: false,
      }
    }
    this.#sessions.set(session.id, session)
    session.epoch = session.epoch === 0x7fffffff ? 1 : session.epoch + 1
    session.lastUsedMs = nowMs
    for (const partition of session.partitions.values()) {
      if (partition.topic === '') partition.topic = topicNameOf(partition.topicId) ?? ''
    }
    return {
      error: ErrorCode.NONE,
      partitions: session.partitions,
      sessionId: session.id,
      incremental: true,
    }
  }

  #create(partitions: Map<string, FetchPartition>, usesTopicIds: boolean, nowMs: number): number {
    if (!this.#makeRoom(partitions.size, nowMs)) return SESSION_ID_NONE
    let id = 0
    while (id === SESSION_ID_NONE || this.#sessions.has(id)) id = this.#random.int(0x7fffffff) + 1
    this.#sessions.set(id, new FetchSession(id, usesTopicIds, partitions, nowMs))
    return id
  }

  /** The Map is in order of use, so the first session is the least recently used one. */
  #makeRoom(size: number, nowMs: number): boolean {
    if (this.#sessions.size < this.#slots) return true
    let smallest: FetchSession | null = null
    for (const session of this.#sessions.values()) {
      if (nowMs - session.lastUsedMs > EVICTION_IDLE_MS) {
        this.#sessions.delete(session.id)
        return true
      }
      if (smallest === null || session.cachedSize < smallest.cachedSize) smallest = session
    }
    const evictable =
      smallest !== null &&
      smallest.cachedSize < size &&
      nowMs - smallest.createdMs > EVICTION_IDLE_MS
    if (evictable && smallest !== null) this.#sessions.delete(smallest.id)
    return evictable
  }
}

function failed(error: ErrorCode): FetchScope {
  return { error, partitions: NO_PARTITIONS, sessionId: SESSION_ID_NONE, incremental: false }
}

function applyRequest(
  partitions: Map<string, FetchPartition>,
  request: FetchRequest,
  usesTopicIds: boolean,
  topicNameOf: (id: Uuid) => string | null,
): void {
  for (const topic of request.topics) {
    const name = usesTopicIds ? (topicNameOf(topic.topicId) ?? '') : topic.topic
    for (const asked of topic.partitions) {
      const key = `${usesTopicIds ? topic.topicId : name}:${asked.partition}`
      let partition = partitions.get(key)
      if (partition === undefined) {
        const id = usesTopicIds ? topic.topicId : ZERO_UUID
        partition = new FetchPartition(key, id, name, asked.partition)
        partitions.set(key, partition)
      }
      partition.topic = name
      partition.fetchOffset = asked.fetchOffset
      partition.maxBytes = asked.partitionMaxBytes
      partition.currentLeaderEpoch = asked.currentLeaderEpoch
      partition.lastFetchedEpoch = asked.lastFetchedEpoch
    }
  }
}
