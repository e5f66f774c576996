/**
 * What a producer knows of one topic that it sends to: its partitions with their queues, where
 * records without a key go at the moment, and the records that wait until the topic is known.
 */
import { utf8Bytes } from '../../base/bytes.ts'
import type { Random } from '../../io/io.ts'
import type { RecordHeader } from '../../records/record-scan.ts'
import type { Content } from '../../records/record-writer.ts'
import type { Deadline } from '../call.ts'
import type { TopicInfo } from '../cluster/cluster.ts'
import { KafkaError } from '../kafka-error.ts'
import type { ObservedRecord } from '../observation.ts'
import type { ProducerRecord } from '../record.ts'
import type { SerdeContext } from '../serde.ts'
import type { TopicLike } from '../topic.ts'
import type { ProducerBatch } from './batch.ts'
import type { ProducerSettings } from './options.ts'
import { PartitionQueue } from './partition-queue.ts'
import {
  type KeyPartitioner,
  type Partitioner,
  type PartitionLoads,
  StickyPartition,
} from './partitioner.ts'

/** A record as it goes into a batch. */
export interface Outgoing {
  readonly target: TopicTarget
  readonly key: Content
  readonly value: Content
  readonly headers: readonly RecordHeader[]
  readonly timestampMs: number
  /** As the program gave it. */
  readonly record: ProducerRecord<TopicLike>
  /** Set where a tracer follows it. */
  readonly observed: ObservedRecord | null
}

/** A record that can't go into a batch yet. */
export interface Pending extends Outgoing {
  readonly bytes: number
  readonly untilMs: number
  /** Nobody waits for it any more. */
  isCancelled: boolean
  /** It is the last record of `batch` now. */
  readonly placed: (batch: ProducerBatch) => void
  readonly failed: (error: KafkaError) => void
}

/** A broker that takes nothing, as the sender sees it. */
export type StalledMs = (brokerId: number) => number

export class TopicTarget implements PartitionLoads {
  readonly name: string
  readonly keyContext: SerdeContext
  readonly valueContext: SerdeContext
  readonly queues: PartitionQueue[] = []
  /** In the order in which they came; while there are any, others go behind them. */
  readonly pending: Pending[] = []
  lastUsedMs = 0
  /** Metadata are being asked for, until then. */
  search: Deadline | null = null
  info: TopicInfo | undefined
  /** It was not used for long: whoever still has it looks for the newer one. */
  isGone = false
  readonly #settings: ProducerSettings
  readonly #sticky: StickyPartition
  readonly #stalledMs: StalledMs

  constructor(name: string, settings: ProducerSettings, random: Random, stalledMs: StalledMs) {
    this.name = name
    this.keyContext = { topic: name, part: 'key' }
    this.valueContext = { topic: name, part: 'value' }
    this.#settings = settings
    this.#sticky = new StickyPartition(random, settings.batchBytes, settings.isAdaptive)
    this.#stalledMs = stalledMs
  }

  get partitionCount(): number {
    return this.info?.partitions.length ?? 0
  }

  queueLength(partition: number): number {
    const queue = this.queues[partition]!
    if (queue.leader < 0) return -1
    const { partitionAvailabilityTimeoutMs: limitMs } = this.#settings
    if (limitMs > 0 && this.#stalledMs(queue.leader) > limitMs) return -1
    return queue.waiting.length
  }

  /** Takes newer metadata; true where leaders have changed. */
  update(info: TopicInfo | undefined): boolean {
    if (info === this.info) return false
    this.info = info ?? this.info
    let isMoved = false
    const leaders = info?.partitions.map(({ leader }) => leader) ?? []
    while (this.queues.length < leaders.length) {
      this.queues.push(new PartitionQueue(this.name, this.queues.length))
    }
    for (const queue of this.queues) {
      const leader = leaders[queue.partition] ?? -1
      if (queue.leader === leader) continue
      queue.leader = leader
      isMoved = true
    }
    return isMoved
  }

  /** The partition for a record; its complement (`~`) where that is the sticky choice. */
  choose(key: Content, record: ProducerRecord<TopicLike>, keys: KeyPartitioner): number {
    const { partition } = record
    if (partition !== undefined) return this.#checked(partition, 'partition')
    if (this.#settings.partitioner !== undefined) {
      const chosen = this.#ask(this.#settings.partitioner, key, record)
      if (chosen >= 0) return chosen
    }
    if (key !== null) return keys.partition(key, this.partitionCount)
    return ~this.#sticky.partition(this)
  }

  /** Says that `bytes` went to the sticky choice. */
  wrote(bytes: number, isBatchFull: boolean): void {
    this.#sticky.wrote(bytes, isBatchFull, this)
  }

  #ask(partitioner: Partitioner, key: Content, record: ProducerRecord<TopicLike>): number {
    const { name: topic, partitionCount } = this
    const { partitions } = this.info!
    const bytes = typeof key === 'string' ? utf8Bytes(key) : key
    let chosen: number | null | undefined
    try {
      chosen = partitioner({ topic, key: bytes, record, partitionCount, partitions })
    } catch (error) {
      throw KafkaError.of(error, 'USER_CODE_FAILED', `the partitioner for ${topic}`, { topic })
    }
    return chosen === null || chosen === undefined
      ? -1
      : this.#checked(chosen, 'what the partitioner gave')
  }

  #checked(partition: number, what: string): number {
    const { name: topic, partitionCount } = this
    if (Number.isInteger(partition) && partition >= 0 && partition < partitionCount) {
      return partition
    }
    const text = `${what}: ${partition} is no partition of ${topic}, which has ${partitionCount}`
    throw new KafkaError('INVALID_ARGUMENT', text, { topic })
  }
}
