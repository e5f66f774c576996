/**
 * Puts records into batches: which partition, which batch, and when a new one begins. Records that
 * can't go in yet, for metadata or for room, wait here in the order in which they came.
 *
 * Invariant: records of one topic go into batches in the order in which they were handed in; what
 * waits here is bounded in bytes as the batches are.
 */
import { BATCH_OVERHEAD } from '../../records/batch.ts'
import type { RecordHeader } from '../../records/record-scan.ts'
import { type Content, maxRecordBytes } from '../../records/record-writer.ts'
import { Deadline, timedOut } from '../call.ts'
import type { Cluster } from '../cluster/cluster.ts'
import { KafkaError } from '../kafka-error.ts'
import type { ProducerRecord } from '../record.ts'
import type { TopicLike } from '../topic.ts'
import { ProducerBatch } from './batch.ts'
import { BatchMemory } from './batch-memory.ts'
import type { ProducerSettings } from './options.ts'
import type { PartitionQueue } from './partition-queue.ts'
import { KeyPartitioner } from './partitioner.ts'
import type { Sender } from './sender.ts'
import { type Outgoing, type Pending, TopicTarget } from './topic-target.ts'

/** Topics that were not sent to for so long are not kept fresh (KIP-526). */
const TOPIC_IDLE_MS = 300_000

/** What a record that waits takes apart from key and value. */
const WAITING_OVERHEAD_BYTES = 200

/** A batch begins with this much where nothing is known of its partition. */
const FIRST_BYTES = 1024

export class Accumulator {
  readonly memory: BatchMemory
  readonly #cluster: Cluster
  readonly #settings: ProducerSettings
  readonly #sender: Sender
  readonly #targets = new Map<string, TopicTarget>()
  readonly #keys = new KeyPartitioner()
  /** Records that have a partition and no room. */
  readonly #blocked: Pending[] = []
  /** Of all records that wait here. */
  #pendingBytes = 0
  #pendingCount = 0
  /** Who waits for the records that waited at a time. */
  readonly #leaving = new Set<{ readonly left: Set<Pending>; readonly resolve: () => void }>()
  #lastOrdinal = 0
  /** When records began to wait for room. */
  #blockedSinceMs = 0
  #cancelSweep: (() => void) | null = null
  #closedWith: KafkaError | null = null
  readonly #stopWatching: () => void
  readonly #onAdmitted: () => void

  /** `onAdmitted` is called when records that waited here no longer do. */
  constructor(
    cluster: Cluster,
    settings: ProducerSettings,
    sender: Sender,
    onAdmitted: () => void,
  ) {
    this.#onAdmitted = onAdmitted
    this.#cluster = cluster
    this.#settings = settings
    this.#sender = sender
    this.memory = new BatchMemory(settings.bufferBytes, settings.batchBytes)
    this.#stopWatching = cluster.metadata.onChange(() => this.#onMetadata())
  }

  /** Records that wait here, for metadata or for room. */
  get pendingCount(): number {
    return this.#pendingCount
  }

  get isWaiting(): boolean {
    return this.#pendingCount > 0
  }

  /** Resolves when all that waits here now is in batches or has failed. */
  async whenAdmitted(): Promise<void> {
    const pending = [
      this.#blocked,
      ...[...this.#targets.values()].map((each) => each.pending),
    ].flat()
    if (pending.length === 0) return
    await new Promise<void>((resolve) => this.#leaving.add({ left: new Set(pending), resolve }))
  }

  target(name: string): TopicTarget {
    let target = this.#targets.get(name)
    if (target === undefined) {
      const { clock, random } = this.#cluster
      target = new TopicTarget(name, this.#settings, random, (brokerId) =>
        this.#sender.stalledMs(brokerId, clock.monotonicMs()),
      )
      target.lastUsedMs = clock.monotonicMs()
      this.#targets.set(name, target)
      target.update(this.#cluster.metadata.topic(name))
      this.#watch()
    }
    return target
  }

  /**
   * Adds a record as the last one of the batch that is returned; null where it has to wait. Throws
   * what is wrong with the record.
   */
  append(
    target: TopicTarget,
    key: Content,
    value: Content,
    headers: readonly RecordHeader[],
    timestampMs: number,
    record: ProducerRecord<TopicLike>,
  ): ProducerBatch | null {
    if (target.info === undefined || target.pending.length > 0 || this.#blocked.length > 0) {
      return null
    }
    return this.#append(target, key, value, headers, timestampMs, record)
  }

  #append(
    target: TopicTarget,
    key: Content,
    value: Content,
    headers: readonly RecordHeader[],
    timestampMs: number,
    record: ProducerRecord<TopicLike>,
  ): ProducerBatch | null {
    const choice = target.choose(key, record, this.#keys)
    const isSticky = choice < 0
    const queue = target.queues[isSticky ? ~choice : choice]!
    let batch = queue.open
    const before = batch === undefined ? 0 : batch.sizeBytes
    if (batch === undefined || !this.#fits(queue, batch, key, value, headers, timestampMs)) {
      batch = this.#begin(target, queue, key, value, headers, timestampMs) ?? undefined
      if (batch === undefined) return null
      if (isSticky) target.wrote(batch.sizeBytes, before > 0)
    } else if (isSticky) target.wrote(batch.sizeBytes - before, batch.isClosed)
    return batch
  }

  /** Adds to a batch that is there, in more memory if need be; closes it where it is full. */
  #fits(
    queue: PartitionQueue,
    batch: ProducerBatch,
    key: Content,
    value: Content,
    headers: readonly RecordHeader[],
    timestampMs: number,
  ): boolean {
    const { batchBytes } = this.#settings
    let isWritten = batch.append(timestampMs, key, value, headers)
    while (!isWritten && batch.capacityBytes < batchBytes) {
      const memory = this.memory.take(2 * batch.capacityBytes)
      if (memory === null) break
      batch.growInto(memory)
      isWritten = batch.append(timestampMs, key, value, headers)
    }
    if (isWritten && batch.sizeBytes < batchBytes) return true
    batch.isClosed = true
    this.#sender.filled(queue)
    return isWritten
  }

  #begin(
    target: TopicTarget,
    queue: PartitionQueue,
    key: Content,
    value: Content,
    headers: readonly RecordHeader[],
    timestampMs: number,
  ): ProducerBatch | null {
    const { batchBytes, maxRequestBytes } = this.#settings
    const needed = BATCH_OVERHEAD + maxRecordBytes(key, value, headers)
    const bytes = Math.max(Math.min(queue.usualBytes || FIRST_BYTES, batchBytes), needed)
    const memory = this.memory.take(bytes)
    if (memory === null) return null
    const createdMs = this.#cluster.clock.monotonicMs()
    const at = { createdMs, ordinal: ++this.#lastOrdinal }
    const batch = new ProducerBatch(queue.topic, queue.partition, memory, this.memory, at)
    batch.append(timestampMs, key, value, headers)
    if (batch.sizeBytes > maxRequestBytes) {
      this.memory.give(memory)
      throw tooLarge(target.name, batch.sizeBytes, maxRequestBytes)
    }
    batch.isClosed = batch.sizeBytes >= batchBytes
    target.lastUsedMs = createdMs
    queue.waiting.push(batch)
    this.#sender.added(queue, batch)
    return batch
  }

  /** Has a record wait that `append` could not take; throws QUEUE_FULL where too many do. */
  wait(
    outgoing: Outgoing,
    placed: Pending['placed'],
    failed: Pending['failed'],
    mayBlock: boolean,
  ): Pending {
    const { target, key, value } = outgoing
    const { bufferBytes, maxRequestBytes, maxBlockMs } = this.#settings
    const least = (key?.length ?? 0) + (value?.length ?? 0)
    if (least > Math.min(maxRequestBytes, bufferBytes)) {
      throw tooLarge(target.name, least, Math.min(maxRequestBytes, bufferBytes))
    }
    const bytes = least + WAITING_OVERHEAD_BYTES
    const waitsForRoom = target.info !== undefined && target.pending.length === 0
    if ((waitsForRoom && !mayBlock) || this.#pendingBytes + bytes > bufferBytes) {
      this.#sender.sensors.exhausted.record(1, this.#cluster.clock.monotonicMs())
      throw new KafkaError(
        'QUEUE_FULL',
        `the producer's buffer of ${bufferBytes} bytes is full: await ready() between records`,
        { topic: target.name },
      )
    }
    const untilMs = this.#cluster.clock.monotonicMs() + maxBlockMs
    const pending = { ...outgoing, bytes, untilMs, isCancelled: false, placed, failed }
    this.#pendingBytes += bytes
    this.#pendingCount++
    if (waitsForRoom) this.#block(pending)
    else target.pending.push(pending)
    this.#seek(target)
    this.#armSweep(untilMs)
    return pending
  }

  #block(pending: Pending): void {
    if (this.#blocked.length === 0) this.#blockedSinceMs = this.#cluster.clock.monotonicMs()
    this.#blocked.push(pending)
    this.#sender.hurry(this)
  }

  /** Lets in what waited, as far as there is room. */
  admit(): void {
    let admitted = 0
    for (const pending of this.#blocked) {
      if (!this.#place(pending)) break
      admitted++
    }
    if (this.#blocked.splice(0, admitted).length > 0) {
      const nowMs = this.#cluster.clock.monotonicMs()
      this.#sender.sensors.bufferWait.record(nowMs - this.#blockedSinceMs, nowMs)
      this.#blockedSinceMs = nowMs
    }
    if (this.#blocked.length === 0) this.#sender.rest(this)
  }

  /** False where there is no room for it. */
  #place(pending: Pending): boolean {
    if (!pending.isCancelled) {
      try {
        const { target, key, value, headers, timestampMs, record } = pending
        const batch = this.#append(target, key, value, headers, timestampMs, record)
        if (batch === null) return false
        pending.placed(batch)
      } catch (error) {
        pending.failed(KafkaError.of(error, 'USER_CODE_FAILED', 'a record can not be sent'))
      }
    }
    this.#left(pending)
    return true
  }

  #left(pending: Pending): void {
    this.#pendingBytes -= pending.bytes
    this.#pendingCount--
    for (const leaving of this.#leaving) {
      leaving.left.delete(pending)
      if (leaving.left.size > 0) continue
      this.#leaving.delete(leaving)
      leaving.resolve()
    }
  }

  /** Asks for metadata of a topic that is not known. */
  #seek(target: TopicTarget): void {
    if (target.search !== null || target.info !== undefined || target.pending.length === 0) return
    const { clock, metadata } = this.#cluster
    const what = `finding topic ${target.name}`
    const deadline = new Deadline(clock, what, this.#settings.maxBlockMs)
    target.search = deadline
    metadata.ensure(target.name, deadline, true).then(
      () => {
        target.search = null
        this.#onMetadata()
      },
      (error: KafkaError) => {
        target.search = null
        // Those that came later have time left where only the time was over.
        this.#failPending(target.pending, error, error.code === 'TIMED_OUT')
        this.#seek(target)
      },
    )
  }

  #onMetadata(): void {
    if (this.#closedWith !== null) return
    const { metadata, clock } = this.#cluster
    const nowMs = clock.monotonicMs()
    let isMoved = false
    for (const target of this.#targets.values()) {
      if (target.update(metadata.topic(target.name))) isMoved = true
      if (target.info === undefined || target.pending.length === 0) continue
      const waitedMs = this.#settings.maxBlockMs - (target.pending[0]!.untilMs - nowMs)
      this.#sender.sensors.took('metadata-wait', waitedMs)
      // They keep their place before those that come from now on.
      for (const pending of target.pending.splice(0)) {
        if (this.#blocked.length > 0 || !this.#place(pending)) this.#block(pending)
      }
    }
    this.#forgetIdle()
    if (isMoved) this.#sender.relocate()
    this.#onAdmitted()
  }

  #forgetIdle(): void {
    const sinceMs = this.#cluster.clock.monotonicMs() - TOPIC_IDLE_MS
    let isForgotten = false
    for (const [name, target] of this.#targets) {
      if (target.lastUsedMs >= sinceMs || target.pending.length > 0) continue
      if (!target.queues.every((queue) => queue.isEmpty)) continue
      target.isGone = true
      this.#targets.delete(name)
      isForgotten = true
    }
    if (isForgotten) this.#watch()
  }

  #watch(): void {
    this.#cluster.metadata.watch(this, [...this.#targets.keys()])
  }

  #armSweep(untilMs: number): void {
    if (this.#cancelSweep !== null || untilMs === Infinity) return
    const { clock } = this.#cluster
    this.#cancelSweep = clock.after(Math.max(0, untilMs - clock.monotonicMs()), () => this.#sweep())
  }

  /** Fails what has waited for too long. */
  #sweep(): void {
    this.#cancelSweep = null
    const { maxBlockMs } = this.#settings
    let nextMs = Infinity
    const fail = (list: Pending[], awaited: string, last?: KafkaError): void => {
      const error = timedOut(`a record waited ${maxBlockMs} ms for ${awaited}`, last)
      this.#failPending(list, error, true)
      for (const { untilMs } of list) nextMs = Math.min(nextMs, untilMs)
    }
    fail(this.#blocked, 'room in the buffer')
    for (const { name, pending, search } of this.#targets.values()) {
      fail(pending, `metadata of topic ${name}`, search?.lastFailure())
    }
    if (nextMs < Infinity) this.#armSweep(nextMs)
    if (this.#blocked.length === 0) this.#sender.rest(this)
  }

  #failPending(list: Pending[], error: KafkaError, onlyLate: boolean): void {
    const nowMs = this.#cluster.clock.monotonicMs()
    const all = list.splice(0)
    for (const pending of all) {
      if (onlyLate && pending.untilMs > nowMs && !pending.isCancelled) {
        list.push(pending)
        continue
      }
      this.#left(pending)
      if (!pending.isCancelled) pending.failed(error)
    }
    if (list.length < all.length) this.#onAdmitted()
  }

  /** A transaction is over, and nothing of it is left. */
  endTransaction(): void {
    for (const { queues } of this.#targets.values()) {
      for (const queue of queues) queue.endTransaction()
    }
  }

  /** Fails all that waits here. */
  abandon(error: KafkaError): void {
    this.#failPending(this.#blocked, error, false)
    for (const target of this.#targets.values()) this.#failPending(target.pending, error, false)
    this.#sender.rest(this)
  }

  close(error: KafkaError): void {
    this.#closedWith = error
    this.abandon(error)
    this.#cancelSweep?.()
    this.#stopWatching()
    this.#cluster.metadata.watch(this, [])
  }
}

function tooLarge(topic: string, bytes: number, maxBytes: number): KafkaError {
  const text = `a record for ${topic} takes ${bytes} bytes where maxRequestBytes is ${maxBytes}`
  return new KafkaError('MESSAGE_TOO_LARGE', text, { topic })
}
