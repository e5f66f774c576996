/**
 * Sends batches to the leaders of their partitions and settles them: one Produce request at a time
 * holds one batch of each partition of a broker that has one, and several are in flight.
 *
 * Invariant: every batch that was `added` is settled, at the latest when its delivery timeout is
 * over or the producer is closed.
 *
 * KIP-91 (delivery timeout), KIP-516 (topic ids).
 */
import { ZERO_UUID } from '../../base/uuid.ts'
import { ErrorCode } from '../../protocol/errors.ts'
import { produceRequest, produceResponse } from '../../protocol/messages/00-produce.ts'
import type { Infer, Input } from '../../protocol/schema.ts'
import { Deadline } from '../call.ts'
import type { Cluster } from '../cluster/cluster.ts'
import { KafkaError } from '../kafka-error.ts'
import { ProducerSensors } from '../metrics/producer-metrics.ts'
import type { BatchFormat, ProducerBatch } from './batch.ts'
import { Lane } from './lane.ts'
import { NEWEST_PRODUCE, type Numbering } from './numbering.ts'
import type { ProducerSettings } from './options.ts'
import { NOBODY, Outcomes, type SenderCounts } from './outcomes.ts'
import type { PartitionQueue } from './partition-queue.ts'
import { Answers, produceBody } from './produce-message.ts'

const CALL = { request: produceRequest, response: produceResponse }

/** A request that is not answered, and what it carries. */
interface Flight {
  readonly lane: Lane
  readonly load: readonly { readonly queue: PartitionQueue; readonly batch: ProducerBatch }[]
  topicData: Input<typeof produceRequest>['topicData']
  heldBytes: number
}

/** From version 13 on Produce names topics by their id only. */
const NEWEST_BY_NAME = 12

/** Told when something was settled: there is room, and who waits for it may look. */
export type OnProgress = () => void

export class Sender {
  /** Memory of batches whose requests are not answered. */
  inFlightBytes = 0
  readonly sensors = new ProducerSensors()
  readonly #cluster: Cluster
  readonly #settings: ProducerSettings
  readonly #numbering: Numbering | null
  readonly #format: BatchFormat
  readonly #outcomes: Outcomes
  readonly #onProgress: OnProgress
  readonly #lanes = new Map<number, Lane>()
  readonly #flights = new Set<Flight>()
  readonly #hurried = new Set<object>()
  readonly #urgency = { isUrgent: false }
  #isAwake = false
  #cancelTimer: (() => void) | null = null
  #timerAtMs = Infinity
  #cancelExpiry: (() => void) | null = null
  #closedWith: KafkaError | null = null

  constructor(
    cluster: Cluster,
    settings: ProducerSettings,
    numbering: Numbering | null,
    onProgress: OnProgress,
  ) {
    this.#cluster = cluster
    this.#settings = settings
    this.#numbering = numbering
    this.#onProgress = onProgress
    this.#outcomes = new Outcomes(cluster, settings, numbering, this.sensors)
    this.#format = {
      compression: settings.compression,
      compressionLevel: settings.compressionLevel,
      isTransactional: numbering?.transactionalId != null,
    }
  }

  get counts(): SenderCounts {
    return this.#outcomes.counts
  }

  /** Requests that are not answered. */
  get requestsInFlight(): number {
    return this.#flights.size
  }

  /** A batch was made at the end of `queue`, which may take more records. */
  added(queue: PartitionQueue, batch: ProducerBatch): void {
    this.#list(queue)
    this.#armExpiry(batch.createdMs)
    this.wake()
  }

  /** The last batch of `queue` is full: it goes out at once where the broker can take more. */
  filled(queue: PartitionQueue): void {
    const lane = this.#lanes.get(queue.leader)
    if (lane !== undefined && lane.inFlight < this.#settings.maxInFlight) this.#run()
  }

  /** Batches go out without lingering for as long as `who` is in a hurry. */
  hurry(who: object): void {
    this.#hurried.add(who)
    this.#urgency.isUrgent = true
    this.wake()
  }

  /** `who` is in no hurry any more. */
  rest(who: object): void {
    this.#hurried.delete(who)
    this.#urgency.isUrgent = this.#hurried.size > 0
  }

  /** Looks in a moment, once for all that happens until then. */
  wake(): void {
    if (this.#isAwake) return
    this.#isAwake = true
    queueMicrotask(() => {
      this.#isAwake = false
      this.#run()
    })
  }

  /** The leaders of partitions may have changed. */
  relocate(): void {
    for (const lane of [...this.#lanes.values()]) {
      for (const queue of lane.moved()) {
        const head = queue.waiting[0]
        if (head !== undefined && head.attempts > 0) head.notBeforeMs = 0 // there is a new leader
        if (head !== undefined) this.#list(queue)
      }
    }
    this.wake()
  }

  /** All batches that are not settled. */
  outstanding(): Set<ProducerBatch> {
    const batches = new Set<ProducerBatch>()
    for (const { queues } of this.#lanes.values()) {
      for (const queue of queues) for (const batch of queue.waiting) batches.add(batch)
    }
    for (const { load } of this.#flights) {
      for (const { batch } of load) if (!batch.isDone) batches.add(batch)
    }
    return batches
  }

  /** How long the broker has answered nothing although it should, in milliseconds. */
  stalledMs(brokerId: number, nowMs: number): number {
    const sinceMs = this.#lanes.get(brokerId)?.stalledSinceMs ?? Infinity
    return Math.max(0, nowMs - sinceMs)
  }

  /** Gives up all that waits, and what is in flight if `inFlightToo`. */
  abandon(error: KafkaError, inFlightToo: boolean): void {
    for (const { queues } of this.#lanes.values()) {
      for (const queue of queues) {
        for (const batch of [...queue.waiting]) this.#outcomes.giveUp(queue, batch, error)
      }
    }
    if (inFlightToo) {
      for (const { load } of this.#flights) {
        for (const { queue, batch } of load) {
          if (!batch.isDone) this.#outcomes.giveUp(queue, batch, error)
        }
      }
    }
    this.#onProgress()
  }

  /** Ends it: nothing is sent any more, and what is not settled fails. */
  close(error: KafkaError): void {
    this.#closedWith = error
    this.abandon(error, true)
    this.#cancelTimer?.()
    this.#cancelExpiry?.()
  }

  #list(queue: PartitionQueue): void {
    if (queue.isListed) return
    let lane = this.#lanes.get(queue.leader)
    if (lane === undefined) {
      lane = new Lane(queue.leader)
      this.#lanes.set(queue.leader, lane)
    }
    lane.list(queue)
    if (queue.leader === NOBODY) this.#cluster.metadata.markStale()
  }

  #run(): void {
    if (this.#closedWith !== null) return
    const nowMs = this.#cluster.clock.monotonicMs()
    if (this.#numbering !== null && !this.#canNumber(this.#numbering)) return
    let dueMs = Infinity
    for (const lane of this.#lanes.values()) {
      if (lane.brokerId !== NOBODY) dueMs = Math.min(dueMs, this.#drain(lane, nowMs))
    }
    this.#armTimer(dueMs, nowMs)
  }

  #canNumber(numbering: Numbering): boolean {
    const { refusal } = numbering
    if (refusal !== null) {
      this.abandon(refusal, false)
      return false
    }
    if (numbering.current === null) {
      numbering.request()
      return false
    }
    return true
  }

  /** Sends what can be sent; returns when there will be more. */
  #drain(lane: Lane, nowMs: number): number {
    const settings = this.#settings
    for (;;) {
      const dueMs = lane.dueMs(nowMs, settings, this.#urgency)
      if (dueMs > nowMs) {
        return dueMs
      }
      if (lane.inFlight >= settings.maxInFlight) return Infinity // an answer goes on here
      const load = lane.collect(nowMs, settings, this.#accept)
      if (load.length === 0) return Infinity
      lane.stalledSinceMs = Math.min(lane.stalledSinceMs, nowMs)
      this.#send(lane, load)
    }
  }

  readonly #accept = (queue: PartitionQueue, batch: ProducerBatch): boolean => {
    const numbering = this.#numbering
    if (numbering === null) return true
    if (numbering.current === null || !numbering.mayProduce(queue)) return false
    return queue.number(batch, numbering.current)
  }

  #send(lane: Lane, load: Flight['load']): void {
    const { acks } = this.#settings
    const cluster = this.#cluster
    const flight: Flight = { lane, load, topicData: [], heldBytes: 0 }
    const wires: Uint8Array[] = []
    const batches: ProducerBatch[] = []
    const startMs = cluster.clock.monotonicMs()
    for (const { queue, batch } of load) {
      queue.usualBytes = batch.sizeBytes // before compression
      const wire = batch.toWire(this.#format)
      this.#measure(batch, queue.usualBytes, wire.length, startMs)
      batch.sentTo = lane.brokerId
      wires.push(wire)
      batches.push(batch)
      flight.heldBytes += batch.heldBytes
      this.counts.bytes += wire.length
      if (batch.attempts > 1) this.counts.retries++
    }
    this.inFlightBytes += flight.heldBytes
    this.counts.requests++
    this.counts.batches += batches.length
    lane.inFlight++
    this.#flights.add(flight)
    const timeoutMs = cluster.requestTimeoutMs
    const body = produceBody(batches, wires, cluster.metadata, {
      transactionalId: this.#numbering?.transactionalId ?? null,
      acks,
      timeoutMs,
    })
    flight.topicData = body.topicData
    const maxVersion = this.#maxVersion(batches)
    cluster
      .request(lane.brokerId, CALL, body, {
        deadline: new Deadline(cluster.clock, 'Produce', timeoutMs),
        maxVersion,
        isOneWay: acks === 0,
      })
      .then(
        ({ body }) => {
          if (acks === 0) return this.#handedOver(flight)
          const nowMs = cluster.clock.monotonicMs()
          this.sensors.answered(batches, nowMs - startMs, body.throttleTimeMs, nowMs)
          this.#answered(flight, body)
        },
        (error: KafkaError) => this.#lost(flight, error),
      )
  }

  #measure(batch: ProducerBatch, plainBytes: number, bytes: number, nowMs: number): void {
    const { topic, count, attempts, createdMs } = batch
    const isPacked = attempts === 1 && this.#format.compression !== 'none'
    const compression = isPacked ? bytes / plainBytes : Number.NaN
    const queuedMs = this.#cluster.clock.monotonicMs() - createdMs
    this.sensors.sent({ topic, count, bytes, compression, queuedMs }, nowMs)
    if (attempts > 1) this.sensors.retried(topic, count, nowMs)
  }

  #maxVersion(batches: readonly ProducerBatch[]): number {
    const newest = this.#numbering?.maxProduceVersion ?? NEWEST_PRODUCE
    const { metadata } = this.#cluster
    const haveIds = batches.every(({ topic }) => {
      const id = metadata.topic(topic)?.id
      return id !== undefined && id !== ZERO_UUID
    })
    return haveIds ? newest : Math.min(newest, NEWEST_BY_NAME)
  }

  /** Acks 0: nobody will tell. */
  #handedOver(flight: Flight): void {
    this.#landed(flight)
    flight.lane.stalledSinceMs = Infinity
    for (const { queue, batch } of flight.load) {
      batch.leftWire(false)
      queue.succeeded(batch)
      this.#outcomes.settle(batch, { baseOffset: -1, logAppendTimeMs: -1 })
    }
    this.#goOn(flight)
  }

  #answered(flight: Flight, body: Infer<typeof produceResponse>): void {
    this.#landed(flight)
    const { lane } = flight
    lane.stalledSinceMs = lane.inFlight > 0 ? this.#cluster.clock.monotonicMs() : Infinity
    const answers = new Answers(flight.topicData, body.responses)
    for (const { queue, batch } of flight.load) {
      const answer = answers.of(batch)
      if (answer === undefined) {
        const error = new KafkaError('CORRUPT_DATA', 'the answer lacks a partition', {
          api: 'Produce',
          topic: batch.topic,
          partition: batch.partition,
          retriable: true,
        })
        this.#outcomes.failed(queue, batch, error)
      } else if (answer.errorCode === ErrorCode.NONE) {
        queue.succeeded(batch)
        this.#outcomes.settle(batch, answer)
      } else {
        this.#outcomes.refused(queue, batch, answer, body.nodeEndpoints)
      }
      batch.leftWire(true)
    }
    this.#goOn(flight)
  }

  /** The request was not answered, and the brokers may have taken it or not. */
  #lost(flight: Flight, error: KafkaError): void {
    this.#landed(flight)
    this.#cluster.metadata.markStale()
    for (const { queue, batch } of flight.load) {
      this.#outcomes.failed(queue, batch, error)
      batch.leftWire(false)
    }
    this.#goOn(flight)
  }

  #landed(flight: Flight): void {
    this.#flights.delete(flight)
    this.inFlightBytes -= flight.heldBytes
    flight.lane.inFlight--
  }

  #goOn({ load }: Flight): void {
    if (this.#closedWith !== null) return
    for (const { queue } of load) {
      this.#outcomes.closeGap(queue)
      if (queue.waiting.length > 0) this.#list(queue)
    }
    this.#onProgress()
    this.wake()
  }

  /** Gives up what is too old, and comes back when the oldest of the rest will be. */
  #expireAll(): void {
    this.#cancelExpiry = null
    const nowMs = this.#cluster.clock.monotonicMs()
    let oldestMs = Infinity
    const look = (queue: PartitionQueue, batch: ProducerBatch) => {
      if (batch.isDone) return
      if (this.#outcomes.isOver(batch, nowMs)) this.#outcomes.expire(queue, batch)
      else oldestMs = Math.min(oldestMs, batch.createdMs)
    }
    for (const { load } of this.#flights) {
      for (const { queue, batch } of load) look(queue, batch)
    }
    for (const { queues } of this.#lanes.values()) {
      for (const queue of queues) {
        for (const batch of [...queue.waiting]) look(queue, batch)
        this.#outcomes.closeGap(queue)
      }
    }
    if (oldestMs < Infinity) this.#armExpiry(oldestMs)
    this.#onProgress()
    this.wake()
  }

  #armExpiry(createdMs: number): void {
    const { clock } = this.#cluster
    const atMs = createdMs + this.#settings.deliveryTimeoutMs
    if (this.#cancelExpiry !== null || atMs === Infinity || this.#closedWith !== null) return
    this.#cancelExpiry = clock.after(Math.max(0, atMs - clock.monotonicMs()), () =>
      this.#expireAll(),
    )
  }

  #armTimer(atMs: number, nowMs: number): void {
    if (atMs >= this.#timerAtMs && this.#cancelTimer !== null) return
    this.#cancelTimer?.()
    this.#cancelTimer = null
    this.#timerAtMs = atMs
    if (atMs === Infinity) return
    this.#cancelTimer = this.#cluster.clock.after(Math.max(0, atMs - nowMs), () => {
      this.#cancelTimer = null
      this.#run()
    })
  }
}
