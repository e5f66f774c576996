/**
 * How a client is seen from outside: its metrics, and the hooks of a tracer. Every `Cluster` that
 * is real has one, which all of its parts share.
 *
 * Invariant: without hooks a record costs one look at a field.
 */
import type { Clock } from '../io/io.ts'
import type { ConsumerBatch } from './consumer/consumer-batch.ts'
import type { KafkaError } from './kafka-error.ts'
import { ClientMetrics } from './metrics/client-metrics.ts'
import type { ConsumerRecord, ProducerRecord, RecordMetadata } from './record.ts'
import type { TopicLike } from './topic.ts'

/** A record that is observed on its way. */
export interface ObservedRecord {
  /** What is sent: the record as it was given, or one with more headers. */
  readonly record: ProducerRecord<TopicLike>
  /** Called once: where it was written, or what it failed with. */
  settled(error: KafkaError | null, metadata: RecordMetadata | null): void
}

/** What a handler of `run` is about to be called with. */
export interface Handling {
  readonly clientId: string
  readonly groupId: string | null
  readonly topic: string
  readonly partition: number
  /** Null where `batch` is not. */
  readonly record: ConsumerRecord | null
  readonly batch: ConsumerBatch | null
}

/** What a tracer may do about single records. They must not throw. */
export interface ClientHooks {
  /** Called as a record is handed in; null leaves it alone. */
  onSend?(topic: string, record: ProducerRecord<TopicLike>, clientId: string): ObservedRecord | null
  /** Called instead of a handler, with the handler. */
  onHandle?<R>(handling: Handling, handler: () => R): R
}

export class Observation {
  readonly metrics: ClientMetrics
  hooks: ClientHooks | null = null

  constructor(clock: Clock, clientId: string) {
    this.metrics = new ClientMetrics(clock, clientId)
  }
}

/** That of a cluster; one of its own for a cluster that has none. */
export function observationOf(cluster: {
  readonly clock: Clock
  readonly clientId: string
  readonly observation?: Observation | undefined
}): Observation {
  return cluster.observation ?? new Observation(cluster.clock, cluster.clientId)
}
