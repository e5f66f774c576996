/**
 * What is told of a consumer: its metrics, and its events on the diagnostics channels.
 *
 * Invariant: nothing here is done by record, and events are made only for those who listen.
 */
import type { Cluster } from '../cluster/cluster.ts'
import { diagnosticChannels } from '../diagnostics.ts'
import type { RegisteredPart } from '../metrics/client-metrics.ts'
import {
  type Callback,
  type ConsumerSensors,
  collectConsumer,
  PartitionSensors,
} from '../metrics/consumer-metrics.ts'
import type { ClientMetric } from '../metrics/metric-family.ts'
import { Sensor } from '../metrics/sensor.ts'
import { type Observation, observationOf } from '../observation.ts'
import type { ConsumerRecord } from '../record.ts'
import type { TopicPartition } from '../topic.ts'
import type { AssignedPartition } from './assigned-partition.ts'
import type { ConsumerBatch } from './consumer-batch.ts'
import type { HeldPiece } from './delivery.ts'
import { PieceIterator } from './fetched-data.ts'
import type { Membership } from './group/membership.ts'
import type { OffsetCommits } from './offset-commits.ts'
import type { ConsumerSettings } from './options.ts'
import { lagOf } from './partition-lag.ts'

/** What is observed. */
export interface ObservedConsumer {
  readonly settings: ConsumerSettings
  readonly partitions: ReadonlyMap<string, AssignedPartition>
  readonly fetcher: { readonly sensors: ConsumerSensors }
  readonly commits: OffsetCommits | null
  readonly membership: Membership | null
  readonly isWaiting: boolean
}

export class ConsumerObserver {
  readonly observation: Observation
  readonly #cluster: Cluster
  readonly #consumer: ObservedConsumer
  readonly #registered: RegisteredPart
  readonly #partitions = new WeakMap<AssignedPartition, PartitionSensors>()
  readonly #noCommits = new Sensor()
  /** It has asked for records and got none yet. */
  #isAsking = false

  constructor(cluster: Cluster, consumer: ObservedConsumer) {
    this.#cluster = cluster
    this.#consumer = consumer
    this.observation = observationOf(cluster)
    this.#registered = this.observation.metrics.register(
      'consumer',
      (clientId, nowMs, into) => this.#collect(clientId, nowMs, into),
      () => this.#labels(),
    )
  }

  metrics(): ClientMetric[] {
    return this.#registered.metrics()
  }

  close(): void {
    this.#registered.leave()
  }

  /** The program asks for records. */
  asked(): void {
    if (this.#isAsking) return
    this.#isAsking = true
    this.#sensors.asked(this.#cluster.clock.monotonicMs())
  }

  /** It has been answered, if only with nothing. */
  answered(): void {
    this.#isAsking = false
  }

  /** It has waited since `startMs`. */
  waited(startMs: number): void {
    this.#sensors.waited(this.#cluster.clock.monotonicMs() - startMs)
  }

  /** It got some. */
  delivered(held: HeldPiece): void {
    this.#isAsking = false
    const { partition, piece, end } = held
    const { isReadCommitted, groupId } = this.#consumer.settings
    const logEnd = partition.end(isReadCommitted)
    const lag = logEnd < 0 ? -1 : Math.max(0, logEnd - end)
    const lead = partition.logStartOffset < 0 ? -1 : Math.max(0, end - partition.logStartOffset)
    const { topic, partition: index } = partition
    const { count, firstOffset } = piece
    const nowMs = this.#cluster.clock.monotonicMs()
    this.#sensors.delivered(topic, this.#sensorsOf(partition), { count, lag, lead }, nowMs)
    if (!diagnosticChannels.consumerBatch.hasSubscribers) return
    const { clientId } = this.#cluster
    const records = () =>
      new PieceIterator(piece.data, piece.segments) as unknown as Iterable<ConsumerRecord>
    diagnosticChannels.consumerBatch.publish({
      ...{ clientId, groupId, topic, partition: index, count, firstOffset, nextOffset: end, lag },
      records,
    })
  }

  /** A hook of the program has ended. */
  called(callback: Callback, partitions: readonly TopicPartition[], startMs: number): void {
    const { clientId, clock } = this.#cluster
    const nowMs = clock.monotonicMs()
    const durationMs = nowMs - startMs
    this.#sensors.callbacks[callback].record(durationMs, nowMs)
    if (!diagnosticChannels.consumerRebalance.hasSubscribers) return
    const { groupId } = this.#consumer.settings
    const event = { clientId, groupId, event: callback, partitions, durationMs }
    diagnosticChannels.consumerRebalance.publish(event)
  }

  /** Calls a handler, or has a tracer do so. */
  handling<R>(
    { topic, partition }: AssignedPartition,
    what: { readonly record?: unknown; readonly batch?: unknown },
    handler: () => R,
  ): R {
    const { hooks } = this.observation
    if (hooks?.onHandle === undefined) return handler()
    const { clientId } = this.#cluster
    const { groupId } = this.#consumer.settings
    const record = (what.record ?? null) as ConsumerRecord | null
    const batch = (what.batch ?? null) as ConsumerBatch | null
    return hooks.onHandle({ clientId, groupId, topic, partition, record, batch }, handler)
  }

  get #sensors(): ConsumerSensors {
    return this.#consumer.fetcher.sensors
  }

  #sensorsOf(partition: AssignedPartition): PartitionSensors {
    let sensors = this.#partitions.get(partition)
    if (sensors === undefined) {
      sensors = new PartitionSensors()
      this.#partitions.set(partition, sensors)
    }
    return sensors
  }

  #labels(): Record<string, string> {
    const { settings, membership } = this.#consumer
    const { groupId, rack } = settings
    const identity = membership?.identity() ?? null
    const { memberId, instanceId } = identity ?? { memberId: null, instanceId: null }
    const labels = {
      ...{ group_id: groupId, group_member_id: memberId, group_instance_id: instanceId },
      client_rack: rack,
    }
    const known = Object.entries(labels).filter((label): label is [string, string] => !!label[1])
    return Object.fromEntries(known)
  }

  #collect(clientId: string, nowMs: number, into: ClientMetric[]): void {
    const { settings, partitions, commits, membership, isWaiting } = this.#consumer
    const source = {
      sensors: this.#sensors,
      partitions: [...partitions.values()].map((partition) => ({
        sensors: this.#sensorsOf(partition),
        lag: lagOf(partition, settings.isReadCommitted),
        replica: partition.replica,
      })),
      isWaiting,
      commitLatency: commits?.latency ?? this.#noCommits,
      committedTimeMs: commits?.fetchTimeTotalMs ?? 0,
      membership: membership?.stats ?? null,
      wallMs: this.#cluster.clock.nowMs(),
    }
    collectConsumer(source, clientId, nowMs, into)
  }
}
