/** What programs give a producer of kafkajs, and what they get. */
import type { CompressionTypes } from './constants.ts'
import type {
  EventOf,
  ProducerEvents,
  RemoveInstrumentationEventListener,
  TopicOffsets,
} from './events.ts'
import type { Logger } from './logger.ts'
import type { ICustomPartitioner } from './partitioners.ts'
import type { RetryOptions } from './retry-budget.ts'

export interface IHeaders {
  [key: string]: Buffer | string | (Buffer | string)[] | undefined
}

export interface Message {
  key?: Buffer | string | null
  value: Buffer | string | null
  partition?: number
  headers?: IHeaders
  timestamp?: string
}

export interface ProducerConfig {
  createPartitioner?: ICustomPartitioner
  retry?: RetryOptions
  metadataMaxAge?: number
  allowAutoTopicCreation?: boolean
  idempotent?: boolean
  transactionalId?: string
  transactionTimeout?: number
  maxInFlightRequests?: number
}

export interface ProducerRecord {
  topic: string
  messages: Message[]
  acks?: number
  timeout?: number
  compression?: CompressionTypes
}

export interface TopicMessages {
  topic: string
  messages: Message[]
}

export interface ProducerBatch {
  acks?: number
  timeout?: number
  compression?: CompressionTypes
  topicMessages?: TopicMessages[]
}

export interface RecordMetadata {
  topicName: string
  partition: number
  errorCode: number
  offset?: string
  timestamp?: string
  baseOffset?: string
  logAppendTime?: string
  logStartOffset?: string
}

export interface Offsets {
  topics: TopicOffsets[]
}

export interface Sender {
  send(record: ProducerRecord): Promise<RecordMetadata[]>
  sendBatch(batch: ProducerBatch): Promise<RecordMetadata[]>
}

export interface Transaction extends Sender {
  sendOffsets(offsets: Offsets & { consumerGroupId: string }): Promise<void>
  commit(): Promise<void>
  abort(): Promise<void>
  isActive(): boolean
}

export interface Producer extends Sender {
  connect(): Promise<void>
  disconnect(): Promise<void>
  isIdempotent(): boolean
  readonly events: ProducerEvents
  on<Name extends ProducerEvents[keyof ProducerEvents]>(
    eventName: Name,
    listener: (event: EventOf<Name>) => void,
  ): RemoveInstrumentationEventListener<Name>
  transaction(): Promise<Transaction>
  logger(): Logger
}
