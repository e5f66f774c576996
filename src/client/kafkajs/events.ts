/**
 * Instrumentation events, as kafkajs emits them from producers, consumers and admins.
 *
 * Invariant: a listener that throws or rejects is logged and disturbs nothing else.
 */
import { messageOf } from '../../base/thrown.ts'
import type { Clock } from '../../io/io.ts'
import { KafkaJSNonRetriableError, KafkaJSNotImplemented } from './errors.ts'
import type { Logger } from './logger.ts'

export interface InstrumentationEvent<T> {
  id: string
  type: string
  timestamp: number
  payload: T
}

export type RemoveInstrumentationEventListener<_T> = () => void

export type ConnectEvent = InstrumentationEvent<null>
export type DisconnectEvent = InstrumentationEvent<null>

const NETWORK = {
  REQUEST: 'network.request',
  REQUEST_TIMEOUT: 'network.request_timeout',
  REQUEST_QUEUE_SIZE: 'network.request_queue_size',
} as const

export const producerEvents = {
  CONNECT: 'producer.connect',
  DISCONNECT: 'producer.disconnect',
  REQUEST: `producer.${NETWORK.REQUEST}`,
  REQUEST_TIMEOUT: `producer.${NETWORK.REQUEST_TIMEOUT}`,
  REQUEST_QUEUE_SIZE: `producer.${NETWORK.REQUEST_QUEUE_SIZE}`,
} as const
export type ProducerEvents = typeof producerEvents

export const adminEvents = {
  CONNECT: 'admin.connect',
  DISCONNECT: 'admin.disconnect',
  REQUEST: `admin.${NETWORK.REQUEST}`,
  REQUEST_TIMEOUT: `admin.${NETWORK.REQUEST_TIMEOUT}`,
  REQUEST_QUEUE_SIZE: `admin.${NETWORK.REQUEST_QUEUE_SIZE}`,
} as const
export type AdminEvents = typeof adminEvents

export const consumerEvents = {
  HEARTBEAT: 'consumer.heartbeat',
  COMMIT_OFFSETS: 'consumer.commit_offsets',
  GROUP_JOIN: 'consumer.group_join',
  FETCH_START: 'consumer.fetch_start',
  FETCH: 'consumer.fetch',
  START_BATCH_PROCESS: 'consumer.start_batch_process',
  END_BATCH_PROCESS: 'consumer.end_batch_process',
  CONNECT: 'consumer.connect',
  DISCONNECT: 'consumer.disconnect',
  STOP: 'consumer.stop',
  CRASH: 'consumer.crash',
  REBALANCING: 'consumer.rebalancing',
  RECEIVED_UNSUBSCRIBED_TOPICS: 'consumer.received_unsubscribed_topics',
  REQUEST: `consumer.${NETWORK.REQUEST}`,
  REQUEST_TIMEOUT: `consumer.${NETWORK.REQUEST_TIMEOUT}`,
  REQUEST_QUEUE_SIZE: `consumer.${NETWORK.REQUEST_QUEUE_SIZE}`,
} as const
export type ConsumerEvents = typeof consumerEvents

export interface TopicOffsets {
  topic: string
  partitions: { partition: number; offset: string }[]
}

export type ConsumerHeartbeatEvent = InstrumentationEvent<{
  groupId: string
  memberId: string
  groupGenerationId: number
}>
export type ConsumerCommitOffsetsEvent = InstrumentationEvent<{
  groupId: string
  memberId: string
  groupGenerationId: number
  topics: TopicOffsets[]
}>
export type ConsumerGroupJoinEvent = InstrumentationEvent<{
  duration: number
  groupId: string
  isLeader: boolean
  /** Its own id where it leads, else '': the native member does not keep who else does. */
  leaderId: string
  groupProtocol: string
  memberId: string
  memberAssignment: { [topic: string]: number[] }
}>
export type ConsumerFetchStartEvent = InstrumentationEvent<{ nodeId: number }>
export type ConsumerFetchEvent = InstrumentationEvent<{
  numberOfBatches: number
  duration: number
  nodeId: number
}>
export interface BatchProcess {
  topic: string
  partition: number
  highWatermark: string
  offsetLag: string
  offsetLagLow: string
  batchSize: number
  firstOffset: string
  lastOffset: string
}
export type ConsumerStartBatchProcessEvent = InstrumentationEvent<BatchProcess>
export type ConsumerEndBatchProcessEvent = InstrumentationEvent<BatchProcess & { duration: number }>
export type ConsumerCrashEvent = InstrumentationEvent<{
  error: Error
  groupId: string
  restart: boolean
}>
export type ConsumerRebalancingEvent = InstrumentationEvent<{ groupId: string; memberId: string }>

/** What a listener of each event is given. */
export interface EventsByName {
  'producer.connect': ConnectEvent
  'producer.disconnect': DisconnectEvent
  'admin.connect': ConnectEvent
  'admin.disconnect': DisconnectEvent
  'consumer.connect': ConnectEvent
  'consumer.disconnect': DisconnectEvent
  'consumer.stop': InstrumentationEvent<null>
  'consumer.heartbeat': ConsumerHeartbeatEvent
  'consumer.commit_offsets': ConsumerCommitOffsetsEvent
  'consumer.group_join': ConsumerGroupJoinEvent
  'consumer.fetch_start': ConsumerFetchStartEvent
  'consumer.fetch': ConsumerFetchEvent
  'consumer.start_batch_process': ConsumerStartBatchProcessEvent
  'consumer.end_batch_process': ConsumerEndBatchProcessEvent
  'consumer.crash': ConsumerCrashEvent
  'consumer.rebalancing': ConsumerRebalancingEvent
}

/** The event that listeners of `Name` get; of those that are never emitted, one of anything. */
export type EventOf<Name extends string> = Name extends keyof EventsByName
  ? EventsByName[Name]
  : // biome-ignore lint/suspicious/noExplicitAny: as kafkajs types them
    InstrumentationEvent<any>

/** Emitted by kafkajs, and by nothing here. */
const MISSING = [...Object.values(NETWORK), 'received_unsubscribed_topics']

type AnyListener = (event: InstrumentationEvent<never>) => unknown

export class Emitter {
  readonly #clock: Clock
  readonly #logger: Logger
  readonly #names: readonly string[]
  readonly #listeners = new Map<string, AnyListener[]>()
  #nextId = 0

  /** `names` are those of a producer, consumer or admin. */
  constructor(clock: Clock, logger: Logger, names: Readonly<Record<string, string>>) {
    this.#clock = clock
    this.#logger = logger
    this.#names = Object.values(names)
  }

  /** Returns what removes the listener again. */
  on<Name extends string>(
    name: Name,
    listener: (event: EventOf<Name>) => unknown,
  ): RemoveInstrumentationEventListener<Name> {
    if (!this.#names.includes(name)) {
      throw new KafkaJSNonRetriableError(`Event name should be one of ${this.#names.join(', ')}`)
    }
    const kind = name.slice(name.indexOf('.') + 1)
    if (MISSING.includes(kind)) {
      throw new KafkaJSNotImplemented(
        `${name} is not emitted: requests and topics are counted in the native client's metrics`,
      )
    }
    const added = listener as unknown as AnyListener
    this.#listeners.set(name, [...(this.#listeners.get(name) ?? []), added])
    return () => {
      const left = this.#listeners.get(name)?.filter((each) => each !== added) ?? []
      this.#listeners.set(name, left)
    }
  }

  emit<Name extends keyof EventsByName>(name: Name, payload: EventsByName[Name]['payload']): void {
    const listeners = this.#listeners.get(name)
    if (listeners === undefined || listeners.length === 0) return
    const id = String(this.#nextId++)
    const event = { id, type: name, timestamp: this.#clock.nowMs(), payload }
    for (const listener of listeners) void this.#tell(name, listener, event as never)
  }

  async #tell(name: string, listener: AnyListener, event: InstrumentationEvent<never>) {
    try {
      await listener(event)
    } catch (error) {
      this.#logger.error(`Failed to execute listener: ${messageOf(error)}`, { eventName: name })
    }
  }
}
