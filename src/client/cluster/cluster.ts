/**
 * What producers, consumers and admins know of the brokers: a cluster that takes requests, knows
 * who leads what, and finds coordinators. `Kafka` makes one and all of its parts share it.
 *
 * Invariant: a request goes to a broker at most once. Whether it may be sent again is for the
 * caller to know; `retry.ts` does it for those that may.
 */
import type { Logger } from '../../base/logger.ts'
import type { Clock, Random } from '../../io/io.ts'
import type { Infer, Input, Message, Uuid } from '../../protocol/schema.ts'
import type { Deadline } from '../call.ts'
import type { Observation } from '../observation.ts'

/** A request message with its response, as `{ request: fetchRequest, response: fetchResponse }`. */
export interface Call<Q extends Message, R extends Message> {
  readonly request: Q
  readonly response: R
}

/** Whom a request is for: a broker by its id, any broker, or the controller of the metadata. */
export type Target = number | 'any' | 'controller'

/**
 * Over which of several connections to the broker. A broker takes up a request only when it has
 * answered the one before on the same connection: what waits there, as a fetch or a join does, goes
 * over a channel with a name of its own, such as `'fetch'`, or `'fetch-2'` for a second consumer.
 */
export type Channel = 'main' | 'fetch' | (string & {})

export interface RequestOptions {
  readonly deadline: Deadline
  /** `'main'` where left out. */
  readonly channel?: Channel
  /** The newest version that the caller understands; the newest that we know where left out. */
  readonly maxVersion?: number
  /** The oldest version that will do; UNSUPPORTED_BY_BROKER where the broker has no such. */
  readonly minVersion?: number
  /** How long the broker may itself wait before it answers: a long poll, a join. 0 if left out. */
  readonly brokerWaitMs?: number
  /** Acks 0: nothing comes back, and the promise resolves when the bytes are handed over. */
  readonly isOneWay?: boolean
}

export interface Answer<R extends Message> {
  readonly body: Infer<R>
  readonly version: number
  /** The broker that answered; -1 for a bootstrap address whose id is not known yet. */
  readonly brokerId: number
}

/** A broker and where it is reached. */
export interface BrokerInfo {
  readonly id: number
  readonly host: string
  readonly port: number
  readonly rack: string | null
}

/** A partition with who leads it and who has it. */
export interface PartitionInfo {
  readonly partition: number
  /** -1 while there is none. */
  readonly leader: number
  /** -1 where the broker does not tell. */
  readonly leaderEpoch: number
  readonly replicas: readonly number[]
  readonly isr: readonly number[]
  readonly offlineReplicas: readonly number[]
}

/** A topic as the client knows it. */
export interface TopicInfo {
  readonly name: string
  /** The zero uuid where the broker is too old for ids. */
  readonly id: Uuid
  readonly isInternal: boolean
  /** By number, without gaps. */
  readonly partitions: readonly PartitionInfo[]
}

/** The newest metadata that is known. It is fetched when asked for, when stale, and by age. */
export interface ClusterMetadata {
  /** Counts up with every change. */
  readonly version: number
  /** When they were last fetched, on the monotonic clock; NaN before that, or if not told. */
  readonly fetchedMs?: number
  readonly clusterId: string | null
  readonly controllerId: number
  readonly brokers: ReadonlyMap<number, BrokerInfo>
  /** Undefined while it is not known, and where it does not exist: `ensure` tells which. */
  topic(name: string): TopicInfo | undefined
  topicById(id: Uuid): TopicInfo | undefined
  /** All names of `watch(…, 'all')`. */
  names(): readonly string[]
  /**
   * Resolves with the topic once it is known and has partitions. Rejects with the broker's error
   * (UNKNOWN_TOPIC_OR_PARTITION, TOPIC_AUTHORIZATION_FAILED, INVALID_TOPIC_EXCEPTION) when that is
   * final: a topic that does not exist is asked for until the deadline when `mayAppear` is true,
   * and refused on the first answer otherwise.
   */
  ensure(name: string, deadline: Deadline, mayAppear?: boolean): Promise<TopicInfo>
  /** Says which topics `owner` wants kept fresh; `'all'` for regular expressions; `[]` to leave. */
  watch(owner: object, topics: readonly string[] | 'all'): void
  /** Resolves with new metadata; asks at the same time are one request. */
  refresh(deadline: Deadline): Promise<void>
  /** Says that what is known of it was wrong, without waiting: NOT_LEADER and the like. */
  markStale(): void
  /**
   * What a response told of a new leader (KIP-951), and where it said that the leader is; older
   * epochs are ignored.
   */
  learnLeader(
    topic: string,
    partition: number,
    leader: number,
    leaderEpoch: number,
    endpoint?: BrokerInfo,
  ): void
  /** Calls back after each change; returns how to stop. */
  onChange(listener: () => void): () => void
}

/** A cluster of brokers, seen by a client. */
export interface Cluster {
  readonly clock: Clock
  readonly random: Random
  readonly logger: Logger
  readonly clientId: string
  /** Its metrics and the hooks of a tracer; a cluster of a test may have none. */
  readonly observation?: Observation
  /** First and longest pause between attempts, before jitter of 20 %. */
  readonly retryBackoffMs: number
  readonly retryBackoffMaxMs: number
  /** How long a broker may take to answer one request, long polls' own waiting aside. */
  readonly requestTimeoutMs: number
  readonly metadata: ClusterMetadata
  /** Aborted when the cluster is closed: who waits to try again need not wait any longer. */
  readonly closing?: AbortSignal
  /**
   * Sends one request and resolves with its answer, whatever error codes that carries.
   * `body` may depend on the version that was agreed on. Rejects with NETWORK_ERROR (retriable),
   * TIMED_OUT, ABORTED, CLOSED, UNSUPPORTED_BY_BROKER, AUTHENTICATION_FAILED, CORRUPT_DATA.
   */
  request<Q extends Message, R extends Message>(
    target: Target,
    call: Call<Q, R>,
    body: Input<Q> | ((version: number) => Input<Q>),
    options: RequestOptions,
  ): Promise<Answer<R>>
  /** The versions that a broker speaks of an API, cut to those that we know; null for none. */
  versionsOf(
    target: Target,
    apiKey: number,
    deadline: Deadline,
  ): Promise<{ readonly min: number; readonly max: number } | null>
  /** Finalized features of the cluster by name (KIP-584), as `group.version` -> 1. */
  features(deadline: Deadline): Promise<ReadonlyMap<string, number>>
  /** The broker that coordinates a group or transactional id; remembered until forgotten. */
  coordinator(type: 'group' | 'transaction', key: string, deadline: Deadline): Promise<number>
  /** After NOT_COORDINATOR, COORDINATOR_NOT_AVAILABLE and lost connections. */
  forgetCoordinator(type: 'group' | 'transaction', key: string): void
  /** Closes the connections of a channel on all brokers: whoever named it is done with it. */
  closeChannel(channel: Channel): void
}
