/** Records as a program sees them: what it sends, what comes of it, and what it reads. */
import type { TimestampType } from '../records/batch.ts'
import type { HeadersInput, RecordHeaders } from './headers.ts'
import type {
  KeyIn,
  KeyOut,
  NameOf,
  TopicLike,
  TopicPartition,
  ValueIn,
  ValueOut,
} from './topic.ts'

/** A record to send. */
export interface ProducerRecord<T extends TopicLike = string> {
  /** Records of one key go to one partition, in order. Left out or null: any partition. */
  readonly key?: KeyIn<T> | null | undefined
  readonly value: ValueIn<T>
  readonly headers?: HeadersInput | undefined
  /** Overrides what key and partitioner say. */
  readonly partition?: number | undefined
  /** Milliseconds since 1970; now where left out. */
  readonly timestamp?: number | undefined
}

/** Where a record that was sent has gone. */
export interface RecordMetadata extends TopicPartition {
  /** -1 with acks 0, where the broker does not tell. */
  readonly offset: number
  /** The record's own, or when the broker appended it where the topic says so. */
  readonly timestamp: number
}

/** A record that was read; `record.topic` tells the types apart where there are several topics. */
export type ConsumerRecord<T extends TopicLike = string> = T extends TopicLike
  ? RecordOf<NameOf<T>, KeyOut<T>, ValueOut<T>>
  : never

/** A record that was read, of one topic. */
export interface RecordOf<Name extends string, Key, Value> extends TopicPartition {
  readonly topic: Name
  /** A safe integer, as all offsets. */
  readonly offset: number
  /** Milliseconds since 1970; -1 for none. */
  readonly timestamp: number
  readonly timestampType: TimestampType
  readonly key: Key
  readonly value: Value
  readonly headers: RecordHeaders
  /** The leader epoch of its batch, -1 where it is not known. */
  readonly leaderEpoch: number
}
