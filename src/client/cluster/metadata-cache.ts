/**
 * The newest metadata, and when to ask for them: on demand, when an answer said that they are out
 * of date, and by age while someone uses them.
 *
 * Invariants: one request for metadata is under way at a time, and whoever asks is answered by one
 * that began after that. What is known of a partition never goes back to an older leader epoch,
 * unless the topic was deleted and created anew (KIP-320, KIP-516). Asking again and again has
 * pauses that grow.
 */
import { ZERO_UUID } from '../../base/uuid.ts'
import { ErrorCode } from '../../protocol/errors.ts'
import { metadataRequest, metadataResponse } from '../../protocol/messages/03-metadata.ts'
import type { Infer, Uuid } from '../../protocol/schema.ts'
import { Deadline } from '../call.ts'
import { KafkaError } from '../kafka-error.ts'
import { backoffMs, retrying } from '../retry.ts'
import type { BrokerInfo, Cluster, ClusterMetadata, TopicInfo } from './cluster.ts'
import { sameBroker, sameTopic, topicInfo, withLeader } from './topic-info.ts'

type Body = Infer<typeof metadataResponse>

/** The cluster that the metadata are of. */
export interface MetadataSource
  extends Pick<
    Cluster,
    'clock' | 'random' | 'logger' | 'closing' | 'retryBackoffMs' | 'retryBackoffMaxMs' | 'request'
  > {
  readonly metadataMaxAgeMs: number
  readonly metadataRebootstrapMs: number
  /** Forgets the known brokers and begins with the bootstrap addresses again. */
  rebootstrap(why: string): void
}

/** What is known of one topic. */
interface Slot {
  info: TopicInfo
  /** Someone looked since the last refresh by age. */
  isUsed: boolean
}

/** Calls of `ensure` that wait for a topic. */
interface Waiting {
  count: number
  /** How many of them let it be created. */
  creating: number
}

/** Errors of a topic that pass by themselves, or when someone creates it. */
const PASSING: readonly number[] = [
  ErrorCode.UNKNOWN_TOPIC_OR_PARTITION,
  ErrorCode.LEADER_NOT_AVAILABLE,
  ErrorCode.REPLICA_NOT_AVAILABLE,
  ErrorCode.UNKNOWN_TOPIC_ID,
  ErrorCode.INCONSISTENT_TOPIC_ID,
]

const NO_LEADER = -1

export class MetadataCache implements ClusterMetadata {
  version = 0
  clusterId: string | null = null
  controllerId = -1
  brokers: ReadonlyMap<number, BrokerInfo> = new Map()
  readonly #source: MetadataSource
  readonly #topics = new Map<string, Slot>()
  readonly #nameOfId = new Map<Uuid, string>()
  /** Errors of the newest answer. */
  readonly #errors = new Map<string, number>()
  readonly #watched = new Map<object, readonly string[] | 'all'>()
  readonly #waiting = new Map<string, Waiting>()
  readonly #listeners = new Set<() => void>()
  #running: Promise<void> | null = null
  #queued: Promise<void> | null = null
  #isStale = false
  /** Refreshes in a row that failed or left something to be asked again. */
  #attempts = 0
  fetchedMs = Number.NaN
  #lastAttemptMs = -Infinity
  #failingSinceMs: number | null = null
  #cancelTimer: () => void = () => {}
  #isClosed = false

  constructor(source: MetadataSource) {
    this.#source = source
  }

  topic(name: string): TopicInfo | undefined {
    const slot = this.#topics.get(name)
    if (slot === undefined) return undefined
    slot.isUsed = true
    return slot.info
  }

  topicById(id: Uuid): TopicInfo | undefined {
    const name = this.#nameOfId.get(id)
    return name === undefined ? undefined : this.topic(name)
  }

  names(): readonly string[] {
    return [...this.#topics.keys()]
  }

  async ensure(name: string, deadline: Deadline, mayAppear = false): Promise<TopicInfo> {
    const known = this.topic(name)
    if (known !== undefined) return known
    const waiting = this.#waiting.get(name) ?? { count: 0, creating: 0 }
    this.#waiting.set(name, waiting)
    waiting.count++
    if (mayAppear) waiting.creating++
    try {
      return await retrying(this.#source, deadline, async () => {
        await deadline.race(this.#next())
        return this.topic(name) ?? this.#throwUnknown(name, mayAppear)
      })
    } finally {
      if (mayAppear) waiting.creating--
      if (--waiting.count === 0) this.#waiting.delete(name)
    }
  }

  watch(owner: object, topics: readonly string[] | 'all'): void {
    if (topics.length === 0) this.#watched.delete(owner)
    else this.#watched.set(owner, topics)
    const isNews = topics === 'all' || topics.some((name) => !this.#topics.has(name))
    if (isNews && topics.length > 0) {
      this.#attempts = 0
      this.markStale()
    } else this.#schedule()
  }

  refresh(deadline: Deadline): Promise<void> {
    return retrying(this.#source, deadline, () => deadline.race(this.#next()))
  }

  markStale(): void {
    if (this.#isStale) return
    this.#isStale = true
    this.#schedule()
  }

  learnLeader(
    topic: string,
    partition: number,
    leader: number,
    leaderEpoch: number,
    endpoint?: BrokerInfo,
  ): void {
    if (endpoint !== undefined) this.learnBroker(endpoint)
    const slot = this.#topics.get(topic)
    const changed = slot && withLeader(slot.info, partition, leader, leaderEpoch)
    if (slot === undefined || changed === undefined) return
    slot.info = changed
    this.#changed()
  }

  /** What a response told of where a broker is. */
  learnBroker(broker: BrokerInfo): void {
    const known = this.brokers.get(broker.id)
    if (known?.host === broker.host && known.port === broker.port) return
    this.brokers = new Map(this.brokers).set(broker.id, broker)
    this.#changed()
  }

  /** Forgets the brokers: the next answer says who they are now. */
  forgetBrokers(): void {
    this.brokers = new Map()
    this.controllerId = -1
    this.#changed()
  }

  onChange(listener: () => void): () => void {
    this.#listeners.add(listener)
    return () => this.#listeners.delete(listener)
  }

  close(): void {
    this.#isClosed = true
    this.#cancelTimer()
    this.#listeners.clear()
  }

  /** A fetch that begins after now; those who ask in the same turn share it. */
  #next(): Promise<void> {
    if (this.#queued !== null) return this.#queued
    const before = this.#running?.catch(() => {}) ?? Promise.resolve()
    const queued = before.then(() => {
      this.#queued = null
      this.#running = this.#fetch()
      return this.#running
    })
    queued.catch(() => {}) // whoever asked may have gone
    this.#queued = queued
    return queued
  }

  async #fetch(): Promise<void> {
    this.#isStale = false
    this.#lastAttemptMs = this.#source.clock.monotonicMs()
    try {
      const creating = this.#wantedToBeCreated()
      if (creating.length > 0) await this.#ask(creating, true)
      const names = this.#wanted()
      const rest = names?.filter((name) => !creating.includes(name)) ?? null
      if (rest === null || rest.length > 0 || creating.length === 0) await this.#ask(rest, false)
      this.#failingSinceMs = null
      this.fetchedMs = this.#source.clock.monotonicMs()
      this.#attempts = this.#isStale ? this.#attempts + 1 : 0
    } catch (error) {
      this.#isStale = true
      this.#attempts++
      this.#noteFailure()
      throw error
    } finally {
      this.#running = null
      this.#schedule()
    }
  }

  async #ask(names: readonly string[] | null, allowAutoTopicCreation: boolean): Promise<void> {
    const { clock } = this.#source
    const body = { topics: names?.map((name) => ({ name })) ?? null, allowAutoTopicCreation }
    const answer = await this.#source.request(
      'any',
      { request: metadataRequest, response: metadataResponse },
      body,
      // Each step of it is bounded by itself.
      { deadline: new Deadline(clock, 'Metadata', Infinity), minVersion: 4 },
    )
    this.#apply(answer.body, names === null)
  }

  /** KIP-1102: after failing for long, what we know of the brokers may be all wrong. */
  #noteFailure(): void {
    const nowMs = this.#source.clock.monotonicMs()
    this.#failingSinceMs ??= nowMs
    const failingMs = nowMs - this.#failingSinceMs
    if (failingMs < this.#source.metadataRebootstrapMs || this.brokers.size === 0) return
    this.#failingSinceMs = null
    this.#source.rebootstrap(`no metadata for ${failingMs} ms`)
  }

  #apply(body: Body, isWhole: boolean): void {
    if (body.errorCode === ErrorCode.REBOOTSTRAP_REQUIRED) {
      this.#source.rebootstrap('a broker asks for it')
      const { code, message } = KafkaError.ofCode(body.errorCode)
      throw new KafkaError(code, message, { api: 'Metadata', retriable: true })
    }
    if (body.errorCode !== ErrorCode.NONE) {
      throw KafkaError.ofCode(body.errorCode, null, { api: 'Metadata' })
    }
    if (body.brokers.length === 0) {
      throw new KafkaError('NETWORK_ERROR', 'the broker knows of no brokers yet')
    }
    let isNew = this.#applyBrokers(body)
    const seen = new Set<string>()
    for (const topic of body.topics) {
      if (topic.name === null) continue
      seen.add(topic.name)
      if (this.#applyTopic(topic.name, topic)) isNew = true
    }
    if (isWhole) {
      for (const name of this.#topics.keys()) if (!seen.has(name)) isNew = this.#drop(name) || isNew
    }
    if (isNew) this.#changed()
  }

  #applyBrokers({ brokers, clusterId, controllerId }: Body): boolean {
    const next = new Map(
      brokers.map(({ nodeId: id, host, port, rack }) => [id, { id, host, port, rack }]),
    )
    const isSame =
      next.size === this.brokers.size &&
      [...next].every(([id, broker]) => sameBroker(broker, this.brokers.get(id))) &&
      clusterId === this.clusterId &&
      controllerId === this.controllerId
    if (isSame) return false
    if (this.clusterId !== null && clusterId !== this.clusterId) {
      const ids = { was: this.clusterId, is: clusterId ?? '' }
      this.#source.logger.warn('the brokers belong to another cluster now', ids)
    }
    this.brokers = next
    this.clusterId = clusterId
    this.controllerId = controllerId
    return true
  }

  /** Takes what an answer says of one topic; returns whether that is news. */
  #applyTopic(name: string, topic: Body['topics'][number]): boolean {
    const isEmpty = topic.errorCode === ErrorCode.NONE && topic.partitions.length === 0
    const errorCode = isEmpty ? ErrorCode.LEADER_NOT_AVAILABLE : topic.errorCode
    if (errorCode !== ErrorCode.NONE) {
      this.#errors.set(name, errorCode)
      if (PASSING.includes(errorCode) && this.#isWatched(name)) this.#isStale = true
      return errorCode === ErrorCode.LEADER_NOT_AVAILABLE ? false : this.#drop(name)
    }
    this.#errors.delete(name)
    const slot = this.#topics.get(name)
    const info = topicInfo(name, topic, slot?.info)
    if (info.partitions.some(({ leader }) => leader === NO_LEADER)) this.#isStale = true
    if (slot !== undefined && sameTopic(slot.info, info)) return false
    if (slot !== undefined && slot.info.id !== info.id) this.#nameOfId.delete(slot.info.id)
    if (info.id !== ZERO_UUID) this.#nameOfId.set(info.id, name)
    if (slot === undefined) this.#topics.set(name, { info, isUsed: true })
    else slot.info = info
    return true
  }

  #drop(name: string): boolean {
    const slot = this.#topics.get(name)
    if (slot === undefined) return false
    this.#topics.delete(name)
    this.#nameOfId.delete(slot.info.id)
    return true
  }

  #throwUnknown(name: string, mayAppear: boolean): never {
    const code = this.#errors.get(name) ?? ErrorCode.UNKNOWN_TOPIC_OR_PARTITION
    const isUnknown = code === ErrorCode.UNKNOWN_TOPIC_OR_PARTITION
    const context = { api: 'Metadata', topic: name }
    const { message, retriable, code: named } = KafkaError.ofCode(code, null, context)
    throw new KafkaError(named, message, {
      ...context,
      retriable: isUnknown ? mayAppear : retriable,
    })
  }

  #isWatched(name: string): boolean {
    return [...this.#watched.values()].some((each) => each !== 'all' && each.includes(name))
  }

  #wantedToBeCreated(): string[] {
    const entries = [...this.#waiting].filter(([, { creating }]) => creating > 0)
    return entries.map(([name]) => name).filter((name) => !this.#topics.has(name))
  }

  /** The topics to ask for; null for all. */
  #wanted(): string[] | null {
    const watched = [...this.#watched.values()]
    if (watched.includes('all')) return null
    const names = watched.flat() as string[]
    return [...new Set([...names, ...this.#waiting.keys(), ...this.#topics.keys()])]
  }

  /** Sets the one timer: soon when something is stale, else by age; none while nobody cares. */
  #schedule(): void {
    this.#cancelTimer()
    const isUsed = this.#watched.size > 0 || this.#topics.size > 0 || this.#waiting.size > 0
    if (this.#isClosed || !isUsed || this.#running !== null) return
    const { clock, metadataMaxAgeMs } = this.#source
    const isSoon = this.#isStale
    const afterMs = isSoon ? this.#pauseMs() : metadataMaxAgeMs
    const dueMs = this.#lastAttemptMs + afterMs - clock.monotonicMs()
    this.#cancelTimer = clock.after(Math.max(0, dueMs), () => {
      if (!isSoon) this.#dropUnused()
      if (isSoon || this.#topics.size + this.#watched.size > 0) this.#next().catch(() => {})
    })
  }

  #pauseMs(): number {
    return backoffMs(this.#source, Math.max(1, this.#attempts))
  }

  /** Topics that nobody watches or has looked at for `metadataMaxAgeMs`. */
  #dropUnused(): void {
    for (const [name, slot] of this.#topics) {
      const isWanted = slot.isUsed || this.#isWatched(name)
      const isOfAll = [...this.#watched.values()].includes('all')
      if (!isWanted && !isOfAll) this.#drop(name)
      slot.isUsed = false
    }
  }

  #changed(): void {
    this.version++
    for (const listener of [...this.#listeners]) listener()
  }
}
