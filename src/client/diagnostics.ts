/**
 * What the client tells through `node:diagnostics_channel`, by request and batch and never by
 * record. Names and payloads are public: `import { diagnosticChannels } from 'millrace'`, or
 * `subscribe('millrace:request', …)` of the module itself.
 *
 * Invariant: where nobody listens nothing is made and no clock is read for it. Times are
 * milliseconds, `…Ms` of wall time, `durationMs` of a clock that never runs backwards. A
 * subscriber must not change what it is given.
 */
import { channel } from 'node:diagnostics_channel'
import type { KafkaError } from './kafka-error.ts'
import type { ConsumerRecord } from './record.ts'
import type { TopicPartition } from './topic.ts'

/** `millrace:request`: a request was answered, whatever error codes the answer has, or failed. */
export interface RequestEvent {
  readonly clientId: string
  /** -1 for a bootstrap address whose id is not known yet. */
  readonly brokerId: number
  /** Host and port, with the id where it is known. */
  readonly broker: string
  /** Which of the connections to the broker: `main`, `fetch`. */
  readonly channel: string
  /** `Produce`. */
  readonly api: string
  readonly version: number
  readonly durationMs: number
  readonly requestBytes: number
  /** 0 where it failed. */
  readonly responseBytes: number
  /** What ended the connection before the answer; null where it was answered. */
  readonly error: KafkaError | null
}

/** `millrace:connection`: a connection was made, could not be made, or has ended. */
export interface ConnectionEvent {
  readonly clientId: string
  readonly brokerId: number
  readonly broker: string
  readonly channel: string
  readonly event: 'opened' | 'failed' | 'closed'
  /** Null where it was opened, or closed by us. */
  readonly error: KafkaError | null
}

/** `millrace:producer:batch`: a batch was written, or given up. */
export interface ProducerBatchEvent {
  readonly clientId: string
  readonly topic: string
  readonly partition: number
  readonly count: number
  /** As sent, compressed; 0 where it was never sent. */
  readonly bytes: number
  readonly attempts: number
  /** The broker that it was sent to last; -1 for none. */
  readonly brokerId: number
  /** -1 where it is not known. */
  readonly baseOffset: number
  /** When its first record came, by the date as it is when this is told. */
  readonly createdMs: number
  /** From then until it was settled. */
  readonly durationMs: number
  readonly error: KafkaError | null
}

/** `millrace:consumer:batch`: records of one partition went to the program. */
export interface ConsumerBatchEvent {
  readonly clientId: string
  readonly groupId: string | null
  readonly topic: string
  readonly partition: number
  readonly count: number
  readonly firstOffset: number
  /** Where the partition goes on behind it. */
  readonly nextOffset: number
  /** Records behind it that are not read yet; -1 where it is not known. */
  readonly lag: number
  /** Reads them once more, each time it is called: costs as much as it does the program. */
  readonly records: () => Iterable<ConsumerRecord>
}

/** `millrace:consumer:commit`: offsets were committed, or could not be. */
export interface ConsumerCommitEvent {
  readonly clientId: string
  readonly groupId: string
  readonly offsets: readonly (TopicPartition & { readonly offset: number })[]
  readonly durationMs: number
  readonly error: KafkaError | null
}

/** `millrace:consumer:rebalance`: partitions came or went; the program's hook has ended. */
export interface ConsumerRebalanceEvent {
  readonly clientId: string
  readonly groupId: string | null
  readonly event: 'assigned' | 'revoked' | 'lost'
  readonly partitions: readonly TopicPartition[]
  /** How long the program's own hook took, and what is committed beside it. */
  readonly durationMs: number
}

/** A channel with its payload. */
export interface DiagnosticChannel<Event> {
  readonly hasSubscribers: boolean
  publish(event: Event): void
  subscribe(listener: (event: Event) => void): void
  unsubscribe(listener: (event: Event) => void): boolean
}

function open<Event>(name: string): DiagnosticChannel<Event> {
  return channel(`millrace:${name}`) as unknown as DiagnosticChannel<Event>
}

/** The channels, which cost nothing while nobody subscribes. */
export const diagnosticChannels = {
  request: open<RequestEvent>('request'),
  connection: open<ConnectionEvent>('connection'),
  producerBatch: open<ProducerBatchEvent>('producer:batch'),
  consumerBatch: open<ConsumerBatchEvent>('consumer:batch'),
  consumerCommit: open<ConsumerCommitEvent>('consumer:commit'),
  consumerRebalance: open<ConsumerRebalanceEvent>('consumer:rebalance'),
} as const
