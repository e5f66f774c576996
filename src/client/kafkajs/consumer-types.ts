/** What programs give a consumer of kafkajs, and what they get. */
import type { Assignor } from '../consumer/assignors/assignor.ts'
import type { PartitionAssigner } from './assigners.ts'
import type {
  ConsumerEvents,
  EventOf,
  RemoveInstrumentationEventListener,
  TopicOffsets,
} from './events.ts'
import type { Logger } from './logger.ts'
import type { IHeaders, Offsets } from './producer-types.ts'
import type { RetryOptions } from './retry-budget.ts'

export interface ConsumerConfig {
  groupId: string
  /** kafkajs's round robin where left out; native assignors are accepted too. */
  partitionAssigners?: (PartitionAssigner | Assignor)[]
  metadataMaxAge?: number
  sessionTimeout?: number
  rebalanceTimeout?: number
  heartbeatInterval?: number
  maxBytesPerPartition?: number
  minBytes?: number
  maxBytes?: number
  maxWaitTimeInMs?: number
  retry?: RetryOptions & { restartOnFailure?: (err: Error) => Promise<boolean> }
  allowAutoTopicCreation?: boolean
  maxInFlightRequests?: number
  readUncommitted?: boolean
  rackId?: string
}

export interface KafkaMessage {
  key: Buffer | null
  value: Buffer | null
  timestamp: string
  attributes: number
  offset: string
  headers: IHeaders
  size?: never
}

export interface Batch {
  topic: string
  partition: number
  highWatermark: string
  messages: KafkaMessage[]
  isEmpty(): boolean
  firstOffset(): string | null
  lastOffset(): string
  offsetLag(): string
  offsetLagLow(): string
}

export interface OffsetsByTopicPartition {
  topics: TopicOffsets[]
}

export interface EachMessagePayload {
  topic: string
  partition: number
  message: KafkaMessage
  heartbeat(): Promise<void>
  pause(): () => void
}

export interface EachBatchPayload {
  batch: Batch
  resolveOffset(offset: string): void
  heartbeat(): Promise<void>
  pause(): () => void
  commitOffsetsIfNecessary(offsets?: Offsets): Promise<void>
  uncommittedOffsets(): OffsetsByTopicPartition
  isRunning(): boolean
  isStale(): boolean
}

export type EachBatchHandler = (payload: EachBatchPayload) => Promise<void>
export type EachMessageHandler = (payload: EachMessagePayload) => Promise<void>

export interface ConsumerRunConfig {
  autoCommit?: boolean
  autoCommitInterval?: number | null
  autoCommitThreshold?: number | null
  eachBatchAutoResolve?: boolean
  partitionsConsumedConcurrently?: number
  eachBatch?: EachBatchHandler
  eachMessage?: EachMessageHandler
}

export interface ConsumerSubscribeTopic {
  topic: string | RegExp
  fromBeginning?: boolean
}
export interface ConsumerSubscribeTopics {
  topics: (string | RegExp)[]
  fromBeginning?: boolean
}

export interface TopicPartition {
  topic: string
  partition: number
}
export type TopicPartitionOffset = TopicPartition & { offset: string }
export type TopicPartitionOffsetAndMetadata = TopicPartitionOffset & { metadata?: string | null }
export interface TopicPartitions {
  topic: string
  partitions: number[]
}

export interface MemberDescription {
  clientHost: string
  clientId: string
  memberId: string
  memberAssignment: Buffer
  memberMetadata: Buffer
}

export type ConsumerGroupState =
  | ('Unknown' | 'PreparingRebalance' | 'CompletingRebalance')
  | ('Stable' | 'Dead' | 'Empty')

export interface GroupDescription {
  errorCode: number
  groupId: string
  members: MemberDescription[]
  protocol: string
  protocolType: string
  state: ConsumerGroupState
}

export interface GroupDescriptions {
  groups: GroupDescription[]
}

export interface Consumer {
  connect(): Promise<void>
  disconnect(): Promise<void>
  subscribe(subscription: ConsumerSubscribeTopics | ConsumerSubscribeTopic): Promise<void>
  stop(): Promise<void>
  run(config?: ConsumerRunConfig): Promise<void>
  commitOffsets(topicPartitions: TopicPartitionOffsetAndMetadata[]): Promise<void>
  seek(topicPartitionOffset: TopicPartitionOffset): void
  describeGroup(): Promise<GroupDescription>
  pause(topics: { topic: string; partitions?: number[] }[]): void
  paused(): TopicPartitions[]
  resume(topics: { topic: string; partitions?: number[] }[]): void
  on<Name extends ConsumerEvents[keyof ConsumerEvents]>(
    eventName: Name,
    listener: (event: EventOf<Name>) => void,
  ): RemoveInstrumentationEventListener<Name>
  logger(): Logger
  readonly events: ConsumerEvents
}
