/**
 * A `Cluster` for unit tests: answers are functions of the test, time is virtual, and metadata is
 * what the test says. Nothing is encoded; brokers that speak bytes are for test/sim/client.
 *
 *     const cluster = new FakeCluster()
 *     cluster.metadata.setTopic('orders', 3)
 *     cluster.on(heartbeatRequest, (body, { brokerId }) => ({ errorCode: 0 }))
 *     await cluster.clock.advance(3000)
 */
import { type Logger, silentLogger } from '../../base/logger.ts'
import { Prng } from '../../base/prng.ts'
import type { Clock } from '../../io/io.ts'
import { apiOf } from '../../protocol/apis.ts'
import { layoutOf } from '../../protocol/layout.ts'
import type { Infer, Input, Message, Uuid } from '../../protocol/schema.ts'
import { parseVersions } from '../../protocol/schema.ts'
import type { Deadline } from '../call.ts'
import { KafkaError } from '../kafka-error.ts'
import type {
  Answer,
  BrokerInfo,
  Call,
  Cluster,
  ClusterMetadata,
  RequestOptions,
  Target,
  TopicInfo,
} from './cluster.ts'
import { assertIntegers, type Members } from './integer-fields.test-support.ts'
import { withLeader } from './topic-info.ts'

/** What reading the monotonic clock takes: no two readings of a real one are the same. */
const READ_MS = 1 / 4096

/** Time that passes only in `advance`, which lets all promises settle between its events. */
export class FakeClock implements Clock {
  #nowMs = 1_000_000
  #reads = 0
  #timers: { atMs: number; callback: () => void }[] = []
  /** How far the date is off, where someone has set it. */
  dateOffMs = 0

  nowMs(): number {
    return this.#nowMs + this.dateOffMs
  }

  /** With a fraction, as the real one's. */
  monotonicMs(): number {
    return this.#nowMs + ++this.#reads * READ_MS
  }

  after(delayMs: number, callback: () => void): () => void {
    const timer = { atMs: this.#nowMs + Math.max(0, delayMs), callback }
    this.#timers.push(timer)
    return () => {
      this.#timers = this.#timers.filter((other) => other !== timer)
    }
  }

  nextTurn(callback: () => void): void {
    this.after(0, callback)
  }

  /** Timers that wait: 0 once all is closed. */
  get pending(): number {
    return this.#timers.length
  }

  /** Lets `durationMs` pass, timer by timer. */
  async advance(durationMs: number): Promise<void> {
    const untilMs = this.#nowMs + durationMs
    await settled()
    for (;;) {
      let next: { atMs: number; callback: () => void } | undefined
      for (const timer of this.#timers) {
        if (next === undefined || timer.atMs < next.atMs) next = timer
      }
      if (next === undefined || next.atMs > untilMs) break
      this.#timers = this.#timers.filter((other) => other !== next)
      this.#nowMs = Math.max(this.#nowMs, next.atMs)
      next.callback()
      await settled()
    }
    this.#nowMs = untilMs
  }

  /** Lets time pass until `condition` holds; throws when it does not within `withinMs`. */
  async until(condition: () => boolean, withinMs = 60_000): Promise<void> {
    const stepMs = 5
    for (let passedMs = 0; ; passedMs += stepMs) {
      await settled()
      if (condition()) return
      if (passedMs >= withinMs) throw new Error(`not so within ${withinMs} ms: ${condition}`)
      await this.advance(stepMs)
    }
  }
}

/** Lets everything behind settled promises run to its next wait. */
function settled(): Promise<void> {
  return new Promise((resolve) => setImmediate(resolve))
}

/** What a test's answer is told of the request. */
export interface FakeRequest {
  readonly version: number
  readonly brokerId: number
  readonly target: Target
  readonly options: RequestOptions
}

type Handler = (body: unknown, request: FakeRequest) => unknown

export class FakeCluster implements Cluster {
  readonly clock = new FakeClock()
  readonly random: Prng
  readonly clientId = 'fake'
  readonly retryBackoffMs = 100
  readonly retryBackoffMaxMs = 1000
  readonly requestTimeoutMs = 30_000
  readonly metadata = new FakeMetadata()
  readonly featureLevels = new Map<string, number>()
  /** Who coordinates; a test moves it. -1: nobody for now. */
  coordinatorId = 1
  /** How often each kind of coordinator was forgotten. */
  forgotten = 0
  /** `name body` of each request, in the order in which they came. */
  readonly requests: {
    readonly name: string
    readonly body: unknown
    readonly brokerId: number
  }[] = []
  readonly logger: Logger
  readonly #handlers = new Map<number, Handler>()
  readonly #versions = new Map<number, { min: number; max: number } | null>()

  constructor({ seed = 1, logger = silentLogger }: { seed?: number; logger?: Logger } = {}) {
    this.random = new Prng(seed)
    this.logger = logger
  }

  /** Says how requests of this kind are answered: by a body, a promise of one, or an error. */
  on<Q extends Message>(
    request: Q,
    handler: (body: Infer<Q>, request: FakeRequest) => unknown,
  ): void {
    this.#handlers.set(request.apiKey, handler as Handler)
  }

  /** Says what versions the brokers speak of an API; null for none. */
  setVersions(apiKey: number, versions: { min: number; max: number } | null): void {
    this.#versions.set(apiKey, versions)
  }

  /** Bodies of all requests of this kind. */
  sent<Q extends Message>(request: Q): Infer<Q>[] {
    return this.requests
      .filter(({ name }) => name === request.name)
      .map(({ body }) => body as Infer<Q>)
  }

  async request<Q extends Message, R extends Message>(
    target: Target,
    call: Call<Q, R>,
    body: Input<Q> | ((version: number) => Input<Q>),
    options: RequestOptions,
  ): Promise<Answer<R>> {
    const { apiKey, name } = call.request
    const spoken = this.#versionsOf(apiKey)
    const version = Math.min(spoken?.max ?? -1, options.maxVersion ?? 0x7fff)
    if (spoken === null || version < Math.max(spoken.min, options.minVersion ?? 0)) {
      throw new KafkaError('UNSUPPORTED_BY_BROKER', `the fake does not speak ${name}`)
    }
    const input = typeof body === 'function' ? body(version) : body
    assertIntegers(layoutOf(call.request, version), input as Members)
    const brokerId = typeof target === 'number' ? target : 1
    this.requests.push({ name, body: input, brokerId })
    const handler = this.#handlers.get(apiKey)
    if (handler === undefined) throw new Error(`the test does not say how to answer ${name}`)
    options.deadline.check()
    const answered = Promise.resolve(handler(input, { version, brokerId, target, options }))
    const answer = await options.deadline.race(answered)
    return { body: answer as Infer<R>, version, brokerId }
  }

  versionsOf(_target: Target, apiKey: number): Promise<{ min: number; max: number } | null> {
    return Promise.resolve(this.#versionsOf(apiKey))
  }

  features(_deadline: Deadline): Promise<ReadonlyMap<string, number>> {
    return Promise.resolve(this.featureLevels)
  }

  async coordinator(_type: 'group' | 'transaction', key: string): Promise<number> {
    if (this.coordinatorId >= 0) return this.coordinatorId
    throw KafkaError.ofCode(15, null, { groupId: key })
  }

  forgetCoordinator(): void {
    this.forgotten++
  }

  closeChannel(): void {}

  #versionsOf(apiKey: number): { min: number; max: number } | null {
    const told = this.#versions.get(apiKey)
    if (told !== undefined) return told
    return parseVersions(apiOf(apiKey)!.request.versions)
  }
}

/** Metadata as the test says; changes are told at once. */
export class FakeMetadata implements ClusterMetadata {
  version = 0
  readonly clusterId = 'fake'
  readonly controllerId = 1
  readonly brokers = new Map<number, BrokerInfo>([
    [1, { id: 1, host: 'broker-1', port: 9092, rack: null }],
  ])
  /** What each watcher asked for. */
  readonly watched = new Map<object, readonly string[] | 'all'>()
  refreshes = 0
  readonly #topics = new Map<string, TopicInfo>()
  readonly #listeners = new Set<() => void>()

  setBroker(id: number, rack: string | null): void {
    this.brokers.set(id, { id, host: `broker-${id}`, port: 9092, rack })
    this.#changed()
  }

  /** A topic whose partitions are led by the first of `replicas`. */
  setTopic(
    name: string,
    partitions: number,
    replicas: (partition: number) => number[] = () => [1],
  ) {
    const id = this.#topics.get(name)?.id ?? fakeTopicId(name)
    this.#topics.set(name, {
      name,
      id,
      isInternal: name.startsWith('__'),
      partitions: Array.from({ length: partitions }, (_, partition) => ({
        partition,
        leader: replicas(partition)[0] ?? -1,
        leaderEpoch: 0,
        replicas: replicas(partition),
        isr: replicas(partition),
        offlineReplicas: [],
      })),
    })
    this.#changed()
  }

  deleteTopic(name: string): void {
    this.#topics.delete(name)
    this.#changed()
  }

  topic(name: string): TopicInfo | undefined {
    return this.#topics.get(name)
  }

  topicById(id: Uuid): TopicInfo | undefined {
    return [...this.#topics.values()].find((topic) => topic.id === id)
  }

  names(): readonly string[] {
    return [...this.#topics.keys()]
  }

  async ensure(name: string, deadline?: Deadline, mayAppear = false): Promise<TopicInfo> {
    for (;;) {
      const topic = this.#topics.get(name)
      if (topic !== undefined) return topic
      if (!mayAppear || deadline === undefined) throw KafkaError.ofCode(3, null, { topic: name })
      let stop = (): void => {}
      const change = new Promise<void>((resolve) => {
        stop = this.onChange(resolve)
      })
      await deadline.race(change).finally(stop)
    }
  }

  watch(owner: object, topics: readonly string[] | 'all'): void {
    if (topics.length === 0) this.watched.delete(owner)
    else this.watched.set(owner, topics)
  }

  async refresh(_deadline: Deadline): Promise<void> {
    this.refreshes++
  }

  markStale(): void {}

  learnLeader(
    topic: string,
    partition: number,
    leader: number,
    leaderEpoch: number,
    endpoint?: BrokerInfo,
  ): void {
    if (endpoint !== undefined) this.brokers.set(endpoint.id, endpoint)
    const known = this.#topics.get(topic)
    const changed = known && withLeader(known, partition, leader, leaderEpoch)
    if (changed === undefined) return
    this.#topics.set(topic, changed)
    this.#changed()
  }

  onChange(listener: () => void): () => void {
    this.#listeners.add(listener)
    return () => this.#listeners.delete(listener)
  }

  #changed(): void {
    this.version++
    for (const listener of [...this.#listeners]) listener()
  }
}

/** A topic id that tells its topic's name. */
export function fakeTopicId(name: string): Uuid {
  const bytes = new Uint8Array(16)
  for (const [index, unit] of [...name].entries()) bytes[index % 16]! ^= unit.charCodeAt(0)
  bytes[15] = name.length
  return Buffer.from(bytes).toString('base64url')
}
