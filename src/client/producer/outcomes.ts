/**
 * What an attempt to send a batch comes to: written, to be sent again, to be split, or given up.
 *
 * Invariant: a batch is given up only for an error that no further attempt would mend, when its
 * delivery timeout is over, or on request. What its log may have by then is for its partition's
 * queue to find out.
 *
 * KIP-126 (splitting), KIP-360 (epochs), KIP-467 (errors of records), KIP-951 (leaders in answers).
 */
import { ErrorCode } from '../../protocol/errors.ts'
import type { produceResponse } from '../../protocol/messages/00-produce.ts'
import type { Infer } from '../../protocol/schema.ts'
import type { Cluster } from '../cluster/cluster.ts'
import { diagnosticChannels } from '../diagnostics.ts'
import { KafkaError, type KafkaErrorCode } from '../kafka-error.ts'
import type { ProducerSensors } from '../metrics/producer-metrics.ts'
import { backoffMs } from '../retry.ts'
import type { ProducerBatch, Written } from './batch.ts'
import type { Numbering } from './numbering.ts'
import type { ProducerSettings } from './options.ts'
import type { PartitionQueue } from './partition-queue.ts'
import { type PartitionAnswer, recordErrors } from './produce-message.ts'

type Nodes = Infer<typeof produceResponse>['nodeEndpoints']

/** The leader of partitions that have none. */
export const NOBODY = -1

/** After these a partition may be led by another broker, or the topic be another one. */
const STALE_METADATA: ReadonlySet<number> = new Set([
  ErrorCode.NOT_LEADER_OR_FOLLOWER,
  ErrorCode.UNKNOWN_TOPIC_OR_PARTITION,
  ErrorCode.UNKNOWN_TOPIC_ID,
  ErrorCode.LEADER_NOT_AVAILABLE,
  ErrorCode.FENCED_LEADER_EPOCH,
  ErrorCode.KAFKA_STORAGE_ERROR,
])

const OUT_OF_ORDER: ReadonlySet<number> = new Set([
  ErrorCode.OUT_OF_ORDER_SEQUENCE_NUMBER,
  ErrorCode.UNKNOWN_PRODUCER_ID,
])

/** These end an attempt for good and yet do not say that nothing was written. */
const MAY_BE_WRITTEN: ReadonlySet<KafkaErrorCode> = new Set([
  'UNKNOWN_SERVER_ERROR',
  'CLOSED',
  'CORRUPT_DATA',
])

/** Attempts up to which a wrong order is taken for one that the attempt before explains. */
const ORDERLY_ATTEMPTS = 4

/** What became of what was sent, counted up. */
export interface SenderCounts {
  requests: number
  batches: number
  records: number
  bytes: number
  retries: number
  splits: number
  failedRecords: number
}

export class Outcomes {
  readonly counts: SenderCounts = {
    requests: 0,
    batches: 0,
    records: 0,
    bytes: 0,
    retries: 0,
    splits: 0,
    failedRecords: 0,
  }
  readonly #cluster: Cluster
  readonly #settings: ProducerSettings
  readonly #numbering: Numbering | null
  readonly #sensors: ProducerSensors
  readonly #isTransactional: boolean

  constructor(
    cluster: Cluster,
    settings: ProducerSettings,
    numbering: Numbering | null,
    sensors: ProducerSensors,
  ) {
    this.#sensors = sensors
    this.#cluster = cluster
    this.#settings = settings
    this.#numbering = numbering
    this.#isTransactional = numbering?.transactionalId != null
  }

  /** A transaction's gaps end with the transaction. */
  closeGap(queue: PartitionQueue): void {
    if (this.#numbering === null || this.#isTransactional) return
    const exhaustedId = queue.closeGap()
    if (exhaustedId !== null) this.#numbering.renew(exhaustedId)
  }

  refused(
    queue: PartitionQueue,
    batch: ProducerBatch,
    answer: PartitionAnswer,
    nodes: Nodes,
  ): void {
    const { errorCode, errorMessage } = answer
    if (STALE_METADATA.has(errorCode)) this.#learnLeader(batch, answer, nodes)
    if (errorCode === ErrorCode.DUPLICATE_SEQUENCE_NUMBER) {
      // It was written, so long ago that the broker does not remember where.
      queue.succeeded(batch)
      this.settle(batch, { baseOffset: -1, logAppendTimeMs: -1 })
      return
    }
    if (errorCode === ErrorCode.MESSAGE_TOO_LARGE && batch.count > 1 && !batch.isDone) {
      this.counts.splits++
      this.#sensors.splits.record(1, this.#cluster.clock.monotonicMs())
      queue.replace(batch, batch.split())
      return
    }
    const error = KafkaError.ofCode(errorCode, errorMessage, {
      api: 'Produce',
      topic: batch.topic,
      partition: batch.partition,
    })
    this.failed(queue, batch, error, recordErrors(batch, answer))
  }

  /** An attempt failed: the batch goes again, or is given up. */
  failed(
    queue: PartitionQueue,
    batch: ProducerBatch,
    error: KafkaError,
    errors: ReadonlyMap<number, KafkaError> | null = null,
  ): void {
    batch.lastError = error
    if (batch.isDone) return // it has expired meanwhile
    if (batch.hasSequence && OUT_OF_ORDER.has(error.errorCode)) {
      const isLost = this.#isTransactional && queue.isFirst(batch)
      if (isLost) {
        this.giveUp(queue, batch, error, errors)
        return
      }
      queue.outOfOrder(batch)
    } else if (error.retriable || error.code === 'TIMED_OUT') {
      queue.again(batch)
    } else {
      batch.mayBeWritten = batch.attempts > 1 || MAY_BE_WRITTEN.has(error.code)
      this.giveUp(queue, batch, error, errors)
      return
    }
    const nowMs = this.#cluster.clock.monotonicMs()
    if (this.isOver(batch, nowMs)) this.expire(queue, batch)
    else batch.notBeforeMs = nowMs + this.#pauseMs(batch, error)
    // A new leader that is known already has no need of the pause.
    if (STALE_METADATA.has(error.errorCode) && queue.leader !== batch.sentTo)
      batch.notBeforeMs = nowMs
  }

  /** Nothing is gained by waiting where only the order was wrong: it is right by then. */
  #pauseMs(batch: ProducerBatch, error: KafkaError): number {
    if (OUT_OF_ORDER.has(error.errorCode) && batch.attempts < ORDERLY_ATTEMPTS) return 0
    return backoffMs(this.#cluster, batch.attempts)
  }

  /** Takes the leader from the answer where it names one (KIP-951), and has metadata fetched. */
  #learnLeader(
    { topic, partition }: ProducerBatch,
    { currentLeader }: PartitionAnswer,
    nodes: Nodes,
  ): void {
    const { metadata } = this.#cluster
    const { leaderId, leaderEpoch } = currentLeader
    if (leaderId >= 0 && leaderEpoch >= 0) {
      const node = nodes.find(({ nodeId }) => nodeId === leaderId)
      const broker = node && { id: leaderId, host: node.host, port: node.port, rack: node.rack }
      metadata.learnLeader(topic, partition, leaderId, leaderEpoch, broker)
    }
    metadata.markStale()
  }

  settle(batch: ProducerBatch, written: Written): void {
    const isLate = batch.isDone
    if (!isLate) this.counts.records += batch.count
    batch.succeed(written)
    if (!isLate) this.#tell(batch)
  }

  giveUp(
    queue: PartitionQueue,
    batch: ProducerBatch,
    error: KafkaError,
    errors: ReadonlyMap<number, KafkaError> | null = null,
  ): void {
    queue.gaveUp(batch)
    this.counts.failedRecords += batch.count
    this.#sensors.failed(batch.topic, batch.count, this.#cluster.clock.monotonicMs())
    batch.fail(error, errors)
    this.#tell(batch)
    this.#numbering?.onGivenUp(error)
  }

  #tell(batch: ProducerBatch): void {
    if (!diagnosticChannels.producerBatch.hasSubscribers) return
    const { topic, partition, count, attempts, sentTo, baseOffset, createdMs, error } = batch
    const { clientId, clock } = this.#cluster
    const durationMs = clock.monotonicMs() - createdMs
    diagnosticChannels.producerBatch.publish({
      ...{ clientId, topic, partition, count, attempts, brokerId: sentTo, baseOffset },
      createdMs: Math.round(clock.nowMs() - durationMs),
      bytes: attempts > 0 ? batch.sizeBytes : 0,
      durationMs,
      error,
    })
  }

  isOver(batch: ProducerBatch, nowMs: number): boolean {
    return batch.createdMs + this.#settings.deliveryTimeoutMs <= nowMs
  }

  expire(queue: PartitionQueue, batch: ProducerBatch): void {
    const { topic, partition, lastError, attempts } = batch
    const why =
      lastError !== undefined
        ? `the last attempt failed with: ${lastError.message}`
        : attempts > 0
          ? 'it was sent and not answered'
          : queue.leader === NOBODY
            ? 'the partition has no leader'
            : 'it was not sent'
    const error = new KafkaError(
      'TIMED_OUT',
      `${batch.count} records for ${topic}-${partition} were not written in time: ${why}`,
      { cause: lastError, topic, partition },
    )
    this.giveUp(queue, batch, error)
  }
}
