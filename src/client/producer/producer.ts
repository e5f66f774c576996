/**
 * The producer: `send` for records whose fate matters to the caller one by one, `enqueue` for many,
 * `writable` for streams.
 *
 * Invariants: every record that was accepted is written once and in order (where the producer is
 * idempotent, which it is by default), or its failure is told: by the promise of `send`, else as
 * delivery.ts says. Memory is bounded by `bufferBytes` for batches and once more for records that
 * wait for room or metadata. After `close` nothing is left.
 * KIP-98, KIP-91, KIP-480, KIP-794.
 */
import type { Writable } from 'node:stream'
import type { RecordHeader } from '../../records/record-scan.ts'
import { type CallOptions, Deadline } from '../call.ts'
import type { Cluster } from '../cluster/cluster.ts'
import { headerEntries } from '../headers.ts'
import { KafkaError } from '../kafka-error.ts'
import type { CollectPart, RegisteredPart } from '../metrics/client-metrics.ts'
import type { ClientMetric } from '../metrics/metric-family.ts'
import { collectProducer } from '../metrics/producer-metrics.ts'
import { type Observation, type ObservedRecord, observationOf } from '../observation.ts'
import type { ProducerRecord, RecordMetadata } from '../record.ts'
import { type BytesInput, serde, serializeWith } from '../serde.ts'
import { checkTopicName, type TopicLike } from '../topic.ts'
import { Accumulator } from './accumulator.ts'
import type { DeliveryListener, ProducerBatch } from './batch.ts'
import { Deliveries } from './delivery.ts'
import { IdempotentNumbering } from './numbering.ts'
import { type ProducerOptions, type ProducerSettings, producerSettings } from './options.ts'
import type { SenderCounts } from './outcomes.ts'
import { follow, followed, metadataOf, type Place, placeOf, resultsOf } from './place.ts'
import { ProducerWritable } from './producer-writable.ts'
import { Progress } from './progress.ts'
import { checkTimestamp, closed, outside } from './refusals.ts'
import { Sender } from './sender.ts'
import type { Outgoing, Pending, TopicTarget } from './topic-target.ts'
import { Transaction } from './transaction.ts'
import {
  commitOffsets,
  type TransactionGroup,
  type TransactionOffset,
} from './transaction-offsets.ts'
import { Transactions } from './transactions.ts'

const CLOSE_TIMEOUT_MS = 30_000
/** Bytes that wait to be sent from which on `enqueue` asks to pause. */
const PRESSURE_BYTES = 2_097_152
/** The part of the buffer from which on it does so too, whatever waits. */
const PRESSURE_PART = 0.75

/** Counts of what a producer has done, and what it holds at the moment. */
export interface ProducerStats extends Readonly<SenderCounts> {
  readonly bufferedBytes: number
  readonly inFlightBytes: number
  /** Records that wait for metadata or for room. */
  readonly waitingRecords: number
}

/** Sends records: `kafka.producer()`. */
export class Producer implements AsyncDisposable {
  readonly #cluster: Cluster
  readonly #settings: ProducerSettings
  readonly #numbering: IdempotentNumbering | Transactions | null
  readonly #transactions: Transactions | null
  readonly #sender: Sender
  readonly #accumulator: Accumulator
  readonly #deliveries: Deliveries
  readonly #observation: Observation
  readonly #registered: RegisteredPart
  readonly #onClosed: () => void
  readonly #progress: Progress
  #isClosing = false
  #closing: Promise<void> | null = null
  #lastTarget: TopicTarget | null = null
  /** The record that did not go into a batch, for the caller to have it wait. */
  #held: Outgoing | null = null

  /** Programs call `kafka.producer(options)`. */
  constructor(cluster: Cluster, options: ProducerOptions = {}, onClosed: () => void = () => {}) {
    this.#settings = producerSettings(options)
    this.#cluster = cluster
    this.#onClosed = onClosed
    const wake = () => this.#sender.wake()
    const { isIdempotent, transactionalId, transactionTimeoutMs } = this.#settings
    this.#transactions =
      transactionalId === null
        ? null
        : new Transactions(cluster, { transactionalId, transactionTimeoutMs }, wake)
    this.#numbering =
      this.#transactions ?? (isIdempotent ? new IdempotentNumbering(cluster, wake) : null)
    this.#sender = new Sender(cluster, this.#settings, this.#numbering, () => this.#onProgress())
    this.#accumulator = new Accumulator(cluster, this.#settings, this.#sender, () =>
      this.#progress.made(),
    )
    this.#deliveries = new Deliveries(this.#settings.onDelivery)
    this.#progress = new Progress(() => this.#isClosing || this.#deliveries.hasFailed)
    this.#observation = observationOf(cluster)
    const labels = transactionalId === null ? {} : { transactional_id: transactionalId }
    const collect: CollectPart = (id, nowMs, into) => this.#collect(id, nowMs, into)
    this.#registered = this.#observation.metrics.register('producer', collect, () => labels)
  }

  /**
   * Sends a record; resolves once it is written. Waits for room in the buffer where there is none.
   * Records of one partition are written in the order of the calls, awaited or not.
   */
  send<const T extends TopicLike>(
    topic: T,
    record: ProducerRecord<T>,
    call?: CallOptions,
  ): Promise<RecordMetadata> {
    if (this.#transactions !== null) return Promise.reject(outside())
    return this.#sendAny(topic, record, call)
  }

  /**
   * Sends several records; resolves with one result for each, in order, once all are written.
   * Rejects with the first failure, after which others may have been written all the same.
   */
  sendMany<const T extends TopicLike>(
    topic: T,
    records: Iterable<ProducerRecord<T>>,
    call?: CallOptions,
  ): Promise<RecordMetadata[]> {
    if (this.#transactions !== null) return Promise.reject(outside())
    return this.#sendAll(topic, records, call)
  }

  /**
   * Hands a record in without a promise for it. False asks to pause: `await producer.ready()`
   * before the next one. The record is taken either way; where there is no room for it at all, that
   * is thrown as QUEUE_FULL. What becomes of it is told as `onDelivery` of the options says.
   */
  enqueue<const T extends TopicLike>(topic: T, record: ProducerRecord<T>): boolean {
    if (this.#transactions !== null) throw outside()
    return this.#enqueueOwn(topic, record)
  }

  /**
   * Calls `work` with a transaction, commits it when that resolves and aborts it when it rejects.
   * Resolves with what `work` gave.
   */
  async transaction<R>(
    work: (transaction: Transaction) => Promise<R>,
    call?: CallOptions,
  ): Promise<R> {
    const transaction = await this.begin(call)
    try {
      const result = await work(transaction)
      if (transaction.isOpen) await transaction.commit(call)
      return result
    } catch (error) {
      const transactions = this.#transactions!
      transactions.giveUpIfUnknown(error)
      if (transaction.isOpen && transactions.failure === null) await transaction.abort(call)
      throw error
    }
  }

  /** Opens a transaction, which ends by its `commit` or `abort`; one can be open at a time. */
  async begin(call?: CallOptions): Promise<Transaction> {
    const transactions = this.#transactions
    if (this.#isClosing) throw closed()
    if (transactions === null) {
      throw new KafkaError('INVALID_STATE', 'transactions need the option transactionalId')
    }
    const begun = transactions.begin(this.#blockDeadline('begin', call))
    const name = transactions.current === null ? 'txn-init' : 'txn-begin'
    await this.#sender.sensors.timed(name, this.#cluster.clock, begun)
    return new Transaction({
      send: (topic, record, each) => this.#sendAny(topic, record, each),
      sendMany: (topic, records, each) => this.#sendAll(topic, records, each),
      enqueue: (topic, record) => this.#enqueueOwn(topic, record),
      sendOffsets: (group, offsets, each) =>
        this.#sendOffsets(transactions, group, offsets, this.#blockDeadline('sendOffsets', each)),
      end: (isCommit, each) =>
        this.#end(transactions, isCommit, this.#blockDeadline(isCommit ? 'commit' : 'abort', each)),
    })
  }

  #enqueueOwn<T extends TopicLike>(topic: T, record: ProducerRecord<T>): boolean {
    const deliveries = this.#deliveries
    const onFailed = (error: KafkaError) => deliveries.onFailed(nameOf(topic), error)
    return this.#enqueue(topic, record, deliveries, onFailed, false)
  }

  /** Resolves when there is room for more; rejects with what enqueued records failed with. */
  async ready(call?: CallOptions): Promise<void> {
    const deadline = this.#deadline('ready', call)
    if (this.#isPressed() && !this.#deliveries.hasFailed) {
      await deadline.race(this.#progress.until(() => !this.#isPressed()))
    }
    this.#deliveries.throwFailure()
  }

  /**
   * Resolves once all that was handed in before is written or has failed, without lingering;
   * rejects with what enqueued records failed with.
   */
  async flush(call?: CallOptions): Promise<void> {
    await this.#sender.sensors.timed(
      'flush',
      this.#cluster.clock,
      this.#flush(this.#deadline('flush', call)),
    )
    this.#deliveries.throwFailure()
  }

  /** A stream of records for a topic; it fails with the first record that does. */
  writable<const T extends TopicLike>(topic: T): Writable {
    if (this.#transactions !== null) throw outside()
    return new ProducerWritable({
      enqueue: (record: ProducerRecord<T>, listener, onFailed) =>
        this.#enqueue(topic, record, listener, onFailed, true),
      ready: () => this.#progress.until(() => !this.#isPressed()),
      flush: () => this.#flush(this.#deadline('flush', undefined)),
    })
  }

  /** What it has done so far and what it holds. */
  get stats(): ProducerStats {
    return {
      ...this.#sender.counts,
      bufferedBytes: this.#accumulator.memory.usedBytes,
      inFlightBytes: this.#sender.inFlightBytes,
      waitingRecords: this.#accumulator.pendingCount,
    }
  }

  /** Java's metrics of a producer, at this moment; docs/client-metrics.md has them all. */
  metrics(): ClientMetric[] {
    return this.#registered.metrics()
  }

  /**
   * Takes no more records and flushes; what is not written when the time is over (30 s where
   * nothing else is said) fails with CLOSED. The connections belong to the client and stay.
   */
  close(call: CallOptions = {}): Promise<void> {
    try {
      const deadline = () => this.#deadline('closing the producer', call, CLOSE_TIMEOUT_MS)
      this.#closing ??= this.#close(deadline())
      return this.#closing
    } catch (error) {
      return Promise.reject(error) // of a wrong option; it stays open
    }
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close()
  }

  async #close(deadline: Deadline): Promise<void> {
    this.#isClosing = true
    await this.#flush(deadline).catch(() => {}) // what is left fails below, and says so
    const error = closed()
    this.#accumulator.close(error)
    this.#sender.close(error)
    this.#numbering?.close()
    this.#onProgress()
    this.#registered.leave()
    this.#onClosed()
    this.#deliveries.throwFailure()
  }

  #sendAny(
    topic: TopicLike,
    record: ProducerRecord<TopicLike>,
    call: CallOptions | undefined,
  ): Promise<RecordMetadata> {
    try {
      return call === undefined
        ? this.#send(topic, record)
        : this.#sendWithin(topic, record, this.#deadline(`send to ${nameOf(topic)}`, call))
    } catch (error) {
      return Promise.reject(error)
    }
  }

  #sendAll(
    topic: TopicLike,
    records: Iterable<ProducerRecord<TopicLike>>,
    call: CallOptions | undefined,
  ): Promise<RecordMetadata[]> {
    const places: (Place | Promise<Place>)[] = []
    try {
      const deadline = call && this.#deadline(`sendMany to ${nameOf(topic)}`, call)
      for (const record of records) places.push(this.#place(topic, record) ?? this.#wait())
      const all = resultsOf(places)
      return deadline === undefined ? all : deadline.race(all)
    } catch (error) {
      for (const each of places) if (each instanceof Promise) each.catch(() => {}) // `error` is told
      return Promise.reject(error)
    }
  }

  async #sendOffsets(
    transactions: Transactions,
    group: TransactionGroup,
    offsets: Iterable<TransactionOffset>,
    deadline: Deadline,
  ): Promise<void> {
    transactions.throwAbortable()
    try {
      const sent = commitOffsets(this.#cluster, transactions, group, offsets, deadline)
      await this.#sender.sensors.timed('txn-send-offsets', this.#cluster.clock, sent)
    } catch (error) {
      if (error instanceof KafkaError) transactions.spoil(error)
      throw error
    }
  }

  async #end(transactions: Transactions, isCommit: boolean, deadline: Deadline): Promise<void> {
    if (!isCommit) {
      const error = new KafkaError('TRANSACTION_ABORTABLE', 'the transaction is being aborted')
      this.#accumulator.abandon(error)
      this.#sender.abandon(error, false)
    }
    await this.#flush(deadline)
    const ended = transactions.end(isCommit, deadline)
    const name = isCommit ? 'txn-commit' : 'txn-abort'
    await this.#sender.sensors.timed(name, this.#cluster.clock, ended)
    this.#accumulator.endTransaction()
    this.#deliveries.forget()
  }

  #send(topic: TopicLike, record: ProducerRecord<TopicLike>): Promise<RecordMetadata> {
    const batch = this.#add(topic, record)
    if (batch === null) return this.#wait().then(metadataOf)
    const index = batch.count - 1
    const timestampMs = batch.lastTimestampMs
    return batch.settled.then(() => batch.metadataOf(index, timestampMs))
  }

  #sendWithin(
    topic: TopicLike,
    record: ProducerRecord<TopicLike>,
    deadline: Deadline,
  ): Promise<RecordMetadata> {
    deadline.check()
    const place = this.#place(topic, record) ?? this.#wait(deadline)
    return deadline.race(Promise.resolve(place).then((known) => metadataOf(known, deadline)))
  }

  #place(topic: TopicLike, record: ProducerRecord<TopicLike>): Place | null {
    const batch = this.#add(topic, record)
    return batch === null ? null : placeOf(batch)
  }

  /** Has the record that `#add` could not take wait until it is in a batch. */
  #wait(deadline?: Deadline): Promise<Place> {
    let resolve: (batch: ProducerBatch) => void
    let reject: (error: KafkaError) => void
    const placed = new Promise<Place>((onPlaced, onFailed) => {
      resolve = (batch) => onPlaced(placeOf(batch))
      reject = onFailed
    })
    const pending = this.#hold(resolve!, reject!, true)
    if (deadline === undefined) return placed
    deadline.lastFailure = () => pending.target.search?.lastFailure()
    deadline.race(placed).catch((error) => {
      if (!pending.isCancelled) pending.observed?.settled(error, null)
      pending.isCancelled = true
    })
    return placed
  }

  #enqueue(
    topic: TopicLike,
    record: ProducerRecord<TopicLike>,
    listener: DeliveryListener,
    onFailed: (error: KafkaError) => void,
    mayBlock: boolean,
  ): boolean {
    const batch = this.#add(topic, record)
    if (batch !== null) {
      batch.notify(listener)
      return !this.#isPressed()
    }
    const onPlaced = (placed: ProducerBatch) => placed.notify(listener)
    this.#hold(onPlaced, onFailed, mayBlock)
    return false
  }

  /** Has the record wait that `#add` could not take. */
  #hold(onPlaced: Pending['placed'], onFailed: Pending['failed'], mayBlock: boolean): Pending {
    const held = this.#held!
    this.#held = null
    const { observed } = held
    if (observed === null) return this.#accumulator.wait(held, onPlaced, onFailed, mayBlock)
    const [placed, failed] = followed(observed, onPlaced, onFailed)
    try {
      return this.#accumulator.wait(held, placed, failed, mayBlock)
    } catch (error) {
      observed.settled(KafkaError.of(error, 'QUEUE_FULL', 'send'), null)
      throw error
    }
  }

  /** Adds a record as the last of the batch that is returned; null where it is held to wait. */
  #add(topic: TopicLike, record: ProducerRecord<TopicLike>): ProducerBatch | null {
    const { hooks } = this.#observation
    if (hooks === null) return this.#append(topic, record, null)
    const observed = hooks.onSend?.(nameOf(topic), record, this.#cluster.clientId) ?? null
    if (observed === null) return this.#append(topic, record, null)
    try {
      const batch = this.#append(topic, observed.record, observed)
      if (batch !== null) follow(observed, placeOf(batch))
      return batch
    } catch (error) {
      observed.settled(KafkaError.of(error, 'USER_CODE_FAILED', 'send'), null)
      throw error
    }
  }

  #append(
    topic: TopicLike,
    record: ProducerRecord<TopicLike>,
    observed: ObservedRecord | null,
  ): ProducerBatch | null {
    if (this.#isClosing) throw closed()
    const target = this.#target(topic)
    const { keyContext, valueContext } = target
    const isPlain = typeof topic === 'string'
    const key =
      record.key === undefined || record.key === null
        ? null
        : serializeWith(isPlain ? BYTES : topic.key, record.key as BytesInput, keyContext)
    const value = serializeWith(
      isPlain ? BYTES : topic.value,
      record.value as BytesInput,
      valueContext,
    )
    const headers = record.headers === undefined ? NO_HEADERS : headerEntries(record.headers)
    const timestampMs = record.timestamp ?? this.#cluster.clock.nowMs()
    if (record.timestamp !== undefined) checkTimestamp(timestampMs)
    const batch = this.#accumulator.append(target, key, value, headers, timestampMs, record)
    if (batch === null) this.#held = { target, key, value, headers, timestampMs, record, observed }
    return batch
  }

  #target(topic: TopicLike): TopicTarget {
    const name = nameOf(topic)
    const last = this.#lastTarget
    if (last !== null && last.name === name && !last.isGone) return last
    checkTopicName(name)
    this.#lastTarget = this.#accumulator.target(name)
    return this.#lastTarget
  }

  #isPressed(): boolean {
    const { memory, isWaiting } = this.#accumulator
    const { usedBytes, limitBytes } = memory
    return (
      isWaiting ||
      usedBytes - this.#sender.inFlightBytes >= Math.min(PRESSURE_BYTES, limitBytes / 2) ||
      usedBytes >= PRESSURE_PART * limitBytes
    )
  }

  async #flush(deadline: Deadline): Promise<void> {
    const hurried = {}
    this.#sender.hurry(hurried)
    try {
      await deadline.race(this.#accumulator.whenAdmitted())
      const settled = [...this.#sender.outstanding()].map((batch) => batch.settled)
      await deadline.race(Promise.all(settled))
    } finally {
      this.#sender.rest(hurried)
    }
  }

  #onProgress(): void {
    this.#accumulator.admit()
    this.#progress.made()
  }

  #collect(clientId: string, nowMs: number, into: ClientMetric[]): void {
    const { sensors, requestsInFlight } = this.#sender
    const { memory, pendingCount: waitingRecords } = this.#accumulator
    const { limitBytes: bufferTotalBytes, usedBytes: bufferUsedBytes } = memory
    const metadataAgeMs = nowMs - (this.#cluster.metadata.fetchedMs ?? Number.NaN)
    const held = { bufferTotalBytes, bufferUsedBytes, waitingRecords }
    collectProducer({ sensors, requestsInFlight, metadataAgeMs, ...held }, clientId, nowMs, into)
  }

  #blockDeadline(what: string, call: CallOptions | undefined): Deadline {
    return this.#deadline(what, call, this.#settings.maxBlockMs)
  }

  #deadline(what: string, call: CallOptions | undefined, timeoutMs = Infinity): Deadline {
    return new Deadline(this.#cluster.clock, what, timeoutMs, call)
  }
}

const BYTES = serde.bytes()
const NO_HEADERS: readonly RecordHeader[] = []

function nameOf(topic: TopicLike): string {
  return typeof topic === 'string' ? topic : topic.name
}
