/**
 * One node: everything it is made of, and its turn.
 *
 * A turn handles all frames that have come, lets time pass, then settles: coordinators append what
 * they decided, the metadata log and the partitions are written (one gathered write each), high
 * watermarks advance, and parked answers are released. Last, each connection gets one write.
 *
 * Invariant: no answer leaves in a turn before everything it could have observed is written.
 */
import { Deadlines } from '../base/deadlines.ts'
import type { Logger } from '../base/logger.ts'
import { errorOf } from '../base/thrown.ts'
import type { GroupCoordinator } from '../coordinator/group/group-coordinator.ts'
import type { Clock } from '../io/io.ts'
import type { LogCleaner } from '../log/cleaner.ts'
import type { LogDirectory } from '../log/log-directory.ts'
import type { FinalizedFeature } from '../metadata/features.ts'
import type { MetadataNode } from '../metadata/metadata-node.ts'
import { ErrorCode } from '../protocol/errors.ts'
import type { ClusterView } from './cluster-view.ts'
import type { DynamicBrokerConfig } from './config/dynamic-broker-config.ts'
import type { ClientConnection } from './connection.ts'
import type { Connections } from './connections.ts'
import type { FetchWaiter } from './fetch-purgatory.ts'
import type { FetchSessionCache } from './fetch-session.ts'
import type { Partitions } from './partitions.ts'
import type { ProducerIds } from './producer-ids.ts'
import { RefusalLog } from './refusal-log.ts'
import type { ServedApi } from './served-api.ts'
import type { BrokerSettings } from './settings.ts'

/** Rounds of settling after which a turn is certainly not making progress. */
const SETTLE_ROUNDS_MAX = 1000

/** The version in which the broker itself asks for topics. */
const CREATE_TOPICS_VERSION = 7

/** A feature that this node supports, with its range of levels (KIP-584). */
export interface SupportedFeature {
  readonly name: string
  readonly minVersion: number
  readonly maxVersion: number
}

/** What `startServer` puts together. */
export interface BrokerParts {
  readonly clock: Clock
  readonly logger: Logger
  readonly cluster: ClusterView
  readonly config: DynamicBrokerConfig
  readonly metadata: MetadataNode
  readonly partitions: Partitions
  readonly groups: GroupCoordinator
  readonly producerIds: ProducerIds
  readonly fetchSessions: FetchSessionCache
  readonly logDirectories: readonly LogDirectory[]
  readonly cleaner: LogCleaner
  readonly supportedFeatures: readonly SupportedFeature[]
  readonly apis: readonly ServedApi[]
  readonly settings: () => BrokerSettings
  readonly wake: () => void
}

export class Broker {
  readonly clock: Clock
  readonly logger: Logger
  readonly cluster: ClusterView
  readonly config: DynamicBrokerConfig
  readonly metadata: MetadataNode
  readonly partitions: Partitions
  readonly groups: GroupCoordinator
  readonly producerIds: ProducerIds
  readonly fetchSessions: FetchSessionCache
  readonly logDirectories: readonly LogDirectory[]
  readonly cleaner: LogCleaner
  readonly supportedFeatures: readonly SupportedFeature[]
  /** Timers that are not a coordinator's: long fetches, delayed work. */
  readonly deadlines = new Deadlines<() => void>()
  /** The time of this turn. */
  nowMs: number
  connections: Connections | null = null
  readonly #settings: () => BrokerSettings
  readonly #wake: () => void
  readonly #brokerApis: ReadonlyMap<number, ServedApi>
  readonly #controllerApis: ReadonlyMap<number, ServedApi>
  readonly #waiters = new Map<ClientConnection, Set<FetchWaiter>>()
  readonly #failedCreations: RefusalLog
  /** Names that `createTopicsSoon` was told and that are not created yet. */
  readonly #topicsToCreate = new Set<string>()
  #resumed: (() => void)[] = []

  constructor(parts: BrokerParts) {
    this.clock = parts.clock
    this.logger = parts.logger
    this.#failedCreations = new RefusalLog(parts.logger, 'topics could not be created')
    this.cluster = parts.cluster
    this.config = parts.config
    this.metadata = parts.metadata
    this.partitions = parts.partitions
    this.groups = parts.groups
    this.producerIds = parts.producerIds
    this.fetchSessions = parts.fetchSessions
    this.logDirectories = parts.logDirectories
    this.cleaner = parts.cleaner
    this.supportedFeatures = parts.supportedFeatures
    this.#settings = parts.settings
    this.#wake = parts.wake
    this.nowMs = parts.clock.nowMs()
    const on = (kind: 'broker' | 'controller') =>
      new Map(parts.apis.filter((api) => api.listeners.includes(kind)).map((api) => [api.key, api]))
    this.#brokerApis = on('broker')
    this.#controllerApis = on('controller')
  }

  get nodeId(): number {
    return this.cluster.nodeId
  }

  /** The effective settings; dynamic ones change between turns. */
  get settings(): BrokerSettings {
    return this.#settings()
  }

  /** APIs of one kind of listener, by key. */
  apisOf(kind: 'broker' | 'controller'): ServedApi[] {
    return [...(kind === 'broker' ? this.#brokerApis : this.#controllerApis).values()]
  }

  servedApi(key: number, kind: 'broker' | 'controller'): ServedApi | null {
    return (kind === 'broker' ? this.#brokerApis : this.#controllerApis).get(key) ?? null
  }

  /** Does everything that has come together; returns when the next deadline is. */
  turn(nowMs: number): number {
    this.nowMs = nowMs
    const resumed = this.#resumed
    this.#resumed = []
    for (const callback of resumed) callback()
    this.connections?.handleFrames()
    for (let due = this.deadlines.popExpired(nowMs); due; due = this.deadlines.popExpired(nowMs)) {
      due()
    }
    this.groups.expire(nowMs)
    this.metadata.expire(nowMs)
    this.partitions.maintain(nowMs)
    this.cleaner.step(nowMs)
    this.settle()
    const idleMs = this.connections?.expireIdle(nowMs) ?? Infinity
    this.connections?.flush()
    return Math.min(
      idleMs,
      this.deadlines.nextMs(),
      this.groups.nextDeadlineMs(),
      this.metadata.nextDeadlineMs(),
      this.partitions.nextDeadlineMs(),
      this.cleaner.nextDeadlineMs(),
    )
  }

  /** Writes and commits until nothing is left to write: a commit may lead to further records. */
  settle(): void {
    for (let round = 1; ; round++) {
      this.groups.flush(this.nowMs)
      if (!this.partitions.flush()) break
      if (round === SETTLE_ROUNDS_MAX) throw new Error('a turn does not settle')
    }
    this.metadata.flush()
  }

  /** Runs `callback` in the next turn: how the end of asynchronous work comes back in. */
  resume(callback: () => void): void {
    this.#resumed.push(callback)
    this.#wake()
  }

  /** Ends the node: an invariant is broken, and going on could lose data. */
  crash(error: unknown): never {
    throw errorOf(error)
  }

  /** Keeps a long fetch, so that it ends with its connection. */
  rememberWaiter(connection: ClientConnection, waiter: FetchWaiter): void {
    const waiters = this.#waiters.get(connection)
    if (waiters === undefined) this.#waiters.set(connection, new Set([waiter]))
    else waiters.add(waiter)
  }

  forgetWaiter(connection: ClientConnection, waiter: FetchWaiter): void {
    const waiters = this.#waiters.get(connection)
    if (waiters?.delete(waiter) && waiters.size === 0) this.#waiters.delete(connection)
  }

  connectionClosed(connection: ClientConnection): void {
    const waiters = this.#waiters.get(connection)
    if (waiters === undefined) return
    this.#waiters.delete(connection)
    for (const waiter of waiters) waiter.cancel()
  }

  /** Finalised features, as far as this node runs them. */
  finalizedFeatures(): FinalizedFeature[] {
    const supported = new Map(this.supportedFeatures.map((feature) => [feature.name, feature]))
    return this.cluster.image.features
      .finalized()
      .filter(({ name, level }) => level <= (supported.get(name)?.maxVersion ?? 0))
  }

  /**
   * Creates topics that a client asked Metadata for, after `controller.quorum.append.linger.ms`:
   * that long Kafka's controller collects records. Clients see it: kafka-go takes the partitions
   * that it finds second for those that it was assigned, and waits for a change of them.
   */
  createTopicsSoon(names: readonly string[]): void {
    const added = names.filter((name) => !this.#topicsToCreate.has(name))
    if (added.length === 0) return
    for (const name of added) this.#topicsToCreate.add(name)
    this.deadlines.add(this.nowMs + this.settings.autoCreateDelayMs, () => {
      for (const name of added) this.#topicsToCreate.delete(name)
      this.createTopicsAutomatically(added, () => {})
    })
  }

  /** Creates topics with the broker's defaults: `auto.create.topics.enable`, internal topics. */
  createTopicsAutomatically(
    names: readonly string[],
    done: (errors: Map<string, ErrorCode>) => void,
  ): void {
    const topics = names.map((name) => this.settings.internalTopics.get(name) ?? autoTopic(name))
    this.metadata.submit(
      (controller) =>
        controller.createTopics(
          { topics, timeoutMs: this.settings.requestTimeoutMs, validateOnly: false },
          CREATE_TOPICS_VERSION,
          this.nowMs,
        ),
      (response) => {
        const errors = new Map<string, ErrorCode>()
        for (const { name, errorCode, errorMessage } of response.topics) {
          // Another request of this turn may have been first.
          const created =
            errorCode === ErrorCode.NONE || errorCode === ErrorCode.TOPIC_ALREADY_EXISTS
          if (created) continue
          errors.set(name, errorCode as ErrorCode)
          const why = errorMessage ?? `error ${errorCode}`
          this.#failedCreations.warn(`could not create topic ${name}: ${why}`, this.nowMs)
        }
        done(errors)
      },
    )
  }

  /** Calls `done` once the internal topic is there. */
  ensureInternalTopic(name: string, done: (error: ErrorCode) => void): void {
    if (this.cluster.topic(name) !== null) {
      done(ErrorCode.NONE)
      return
    }
    this.createTopicsAutomatically([name], (errors) => done(errors.get(name) ?? ErrorCode.NONE))
  }
}

function autoTopic(name: string) {
  return { name, numPartitions: -1, replicationFactor: -1, assignments: [], configs: [] }
}
