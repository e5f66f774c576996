/**
 * The consumer: `for await (const record of consumer)`, `batches()`, `partitions()`, `poll()`,
 * `run()`. Offsets are numbers (safe integers).
 *
 * Invariant: one way of reading at a time. What is committed by itself is what the program has
 * seen: everything before the record, batch or poll that it asked for last.
 */
import type { Readable } from 'node:stream'
import { CALL_OPTION_NAMES, type CallOptions, Deadline } from '../call.ts'
import type { Channel, Cluster } from '../cluster/cluster.ts'
import { KafkaError } from '../kafka-error.ts'
import { checkOptionNames, type OptionNames } from '../known-options.ts'
import type { ClientMetric } from '../metrics/metric-family.ts'
import type { ConsumerRecord } from '../record.ts'
import { type AnyTopic, type TopicLike, type TopicPartition, topicOf } from '../topic.ts'
import type { SeekTarget } from './assigned-partition.ts'
import { type BatchCommit, ConsumerBatch } from './consumer-batch.ts'
import { ConsumerCore, type MembershipFactory } from './consumer-core.ts'
import type { RecordSink } from './dead-letters.ts'
import type { HeldPiece } from './delivery.ts'
import type { MembershipStats } from './group/membership.ts'
import { EARLIEST, type FoundOffset, LATEST, listOffsets } from './list-offsets.ts'
import {
  batchLoop,
  type LoopGate,
  type PartitionStream,
  partitionLoop,
  RecordLoop,
} from './loops.ts'
import type { CommittedOffset, GroupOffset } from './offset-commits.ts'
import { type ConsumerOptions, consumerSettings } from './options.ts'
import { lagOf, type PartitionLag } from './partition-lag.ts'
import { RecordReadable } from './readable.ts'
import { Run } from './run.ts'
import { type RunOptions, runSettings } from './run-options.ts'
import { TopicAssignment } from './topic-assignment.ts'
import { whyUnassigned } from './why-unassigned.ts'

/** What a consumer needs besides its options. */
export interface ConsumerParts {
  readonly cluster: Cluster
  /** What its fetches go over, and no other consumer's. */
  readonly channel: Channel
  /** Called once, when a consumer with a group and topics is first asked for records. */
  readonly membership?: MembershipFactory | undefined
  /** What sends dead letters; called when the first one is to be sent. */
  readonly sink: () => RecordSink
  readonly onClosed: () => void
}

/** What a loop takes. */
export interface LoopOptions {
  /** Ends the loop, without an error. */
  readonly signal?: AbortSignal | undefined
}

/** What a loop over batches takes. */
export interface BatchOptions extends LoopOptions {
  /** The most records in a batch; what one fetch brought where left out. */
  readonly maxRecords?: number | undefined
}

/** Counts and sizes of a consumer. */
export interface ConsumerStats {
  readonly assignedPartitions: number
  /** Fetched and not yet seen. */
  readonly bufferedBytes: number
  readonly fetchTotal: number
  readonly fetchedBytesTotal: number
  readonly recordsTotal: number
  readonly commitTotal: number
  readonly commitTimeTotalMs: number
  readonly commitTimeMaxMs: number
  /** Null outside of a group. */
  readonly membership: MembershipStats | null
}

const LOOP_NAMES: OptionNames<LoopOptions> = { signal: true }
const BATCH_NAMES: OptionNames<BatchOptions> = { signal: true, maxRecords: true }
const POLL_NAMES = { ...CALL_OPTION_NAMES, ...BATCH_NAMES }

const DEFAULT_TIMEOUT_MS = 60_000
const CLOSE_TIMEOUT_MS = 30_000
const DEFAULT_POLL_MS = 1000
/** Of the time to close, what is left for leaving the group when handlers do not end. */
const HANDLERS_SHARE = 0.5

/** Reads records, as a member of a group or by itself: `kafka.consumer(…)`. */
export class Consumer<T extends TopicLike = string>
  implements AsyncIterable<ConsumerRecord<T>>, AsyncDisposable
{
  readonly #core: ConsumerCore
  readonly #parts: ConsumerParts
  readonly #topics: readonly AnyTopic[] | RegExp | null
  #topicAssignment: TopicAssignment | null = null
  #isStarted = false
  #isManual = false
  /** What reads from it now. */
  #reader: string | null = null
  #polled: HeldPiece[] = []
  #running: Promise<void> | null = null
  #closed: Promise<void> | null = null
  #sink: RecordSink | null = null

  constructor(parts: ConsumerParts, options: ConsumerOptions<T>) {
    const { topics } = options
    this.#parts = parts
    this.#topics =
      topics === undefined ? null : topics instanceof RegExp ? topics : topics.map(topicOf)
    const known = Array.isArray(this.#topics) ? this.#topics : []
    const settings = consumerSettings(options)
    this.#core = new ConsumerCore(parts.cluster, settings, known, options, parts.channel)
  }

  /** The partitions that it reads now. */
  get assignment(): readonly TopicPartition[] {
    return [...this.#core.partitions.values()].map(({ topic, partition }) => ({
      topic,
      partition,
    }))
  }

  /**
   * Records, one by one. The offset of a record may be committed when the loop asks for the next;
   * `break` and exceptions leave it uncommitted, and the next loop begins with it.
   */
  [Symbol.asyncIterator](): AsyncIterableIterator<ConsumerRecord<T>> {
    return this.records()
  }

  /** The same, with a signal that ends the loop. */
  records(options: LoopOptions = {}): AsyncIterableIterator<ConsumerRecord<T>> {
    checkOptionNames('records', options, LOOP_NAMES)
    return new RecordLoop<T>(this.#core, options.signal, this.#gate('a loop over records'))
  }

  /**
   * Records as a stream; a record counts as seen when the one after the next is read. Destroying
   * the stream ends the loop.
   */
  readable(options: LoopOptions = {}): Readable {
    checkOptionNames('readable', options, LOOP_NAMES)
    const gate = this.#gate('a stream')
    return new RecordReadable(new RecordLoop<T>(this.#core, options.signal, gate, true))
  }

  /** Batches of one partition each. One is committed with `batch.commit()`, or by going on. */
  batches(options: BatchOptions = {}): AsyncGenerator<ConsumerBatch<T>, void, undefined> {
    checkOptionNames('batches', options, BATCH_NAMES)
    const { maxRecords = Infinity, signal } = options
    const gate = this.#gate('a loop over batches')
    return batchLoop<T>(this.#core, { maxRecords }, signal, this.#commitBatch, gate)
  }

  /** One stream of batches for each partition, so that a slow one does not hold up the others. */
  partitions(options: BatchOptions = {}): AsyncGenerator<PartitionStream<T>, void, undefined> {
    checkOptionNames('partitions', options, BATCH_NAMES)
    const { maxRecords = Infinity, signal } = options
    const gate = this.#gate('a loop over partitions')
    return partitionLoop<T>(this.#core, { maxRecords }, signal, this.#commitBatch, gate)
  }

  /**
   * What is there now, at most one batch of each partition; waits up to `timeoutMs` (1 s) for the
   * first. What the poll before it gave is taken as seen.
   */
  async poll(options: CallOptions & BatchOptions = {}): Promise<ConsumerBatch<T>[]> {
    checkOptionNames('poll', options, POLL_NAMES)
    this.#begin('a poll')
    try {
      for (const held of this.#polled.splice(0)) this.#core.delivery.done(held)
      const { maxRecords = Infinity, timeoutMs = DEFAULT_POLL_MS, signal } = options
      const batches: ConsumerBatch<T>[] = []
      let left = maxRecords
      for (
        let held = await this.#poll(left, timeoutMs, signal);
        held !== null;
        held = left > 0 ? this.#core.tryNext({ maxRecords: left }) : null
      ) {
        this.#polled.push(held)
        left -= held.piece.count
        batches.push(new ConsumerBatch<T>(held, this.#commitBatch))
      }
      return batches
    } finally {
      this.#end()
    }
  }

  async #poll(maxRecords: number, timeoutMs: number, signal: AbortSignal | undefined) {
    if (signal?.aborted) return null
    const held = this.#core.tryNext({ maxRecords })
    if (held !== null || timeoutMs === 0) return held
    const over = new AbortController()
    const cancel = this.#parts.cluster.clock.after(timeoutMs, () => over.abort())
    const ended = signal === undefined ? over.signal : AbortSignal.any([signal, over.signal])
    try {
      return await this.#core.next({ maxRecords }, ended)
    } finally {
      cancel()
    }
  }

  /** Calls a handler for each record or batch until the consumer is closed or the signal aborts. */
  async run(options: RunOptions<T>): Promise<void> {
    const settings = runSettings(options)
    this.#begin('run')
    const run = new Run<T>(this.#core, settings, this.#deadLetters, this.#commitBatch)
    const running = run.run()
    this.#running = running.catch(() => {}) // who called run hears of it
    try {
      await running
    } finally {
      this.#running = null
      this.#end()
    }
  }

  readonly #deadLetters = (): RecordSink => (this.#sink ??= this.#parts.sink())

  #begin(what: string): void {
    if (this.#closed !== null) throw new KafkaError('CLOSED', 'the consumer was closed')
    if (this.#reader !== null) {
      throw new KafkaError('INVALID_STATE', `${what} beside ${this.#reader} of the same consumer`)
    }
    this.#start()
    if (what !== 'a poll') {
      for (const held of this.#polled.splice(0)) this.#core.delivery.giveBack(held)
    }
    this.#reader = what
  }

  #gate(what: string): LoopGate {
    return { begin: () => this.#begin(what), end: () => this.#end() }
  }

  #end(): void {
    this.#reader = null
    this.#core.observer.answered()
  }

  /** Joins the group, or finds the partitions of its topics; the first question does that. */
  #start(): void {
    if (this.#isStarted) return
    const topics = this.#topics
    if (topics === null && !this.#isManual) {
      throw new KafkaError('INVALID_STATE', 'nothing to read: give topics, or call assign')
    }
    this.#isStarted = true
    this.#core.startTicking()
    if (topics === null) return
    const { groupId } = this.#core.settings
    if (groupId === null) {
      const names = topics instanceof RegExp ? [] : topics.map(({ name }) => name)
      this.#topicAssignment = new TopicAssignment(this.#core, names)
      this.#topicAssignment.start()
      return
    }
    const { membership } = this.#parts
    if (membership === undefined) throw new KafkaError('INVALID_STATE', 'no group membership')
    this.#core.membership = membership(this.#core)
    const names = topics instanceof RegExp ? topics : topics.map(({ name }) => name)
    this.#core.whyUnassigned = () => whyUnassigned(this.#core, names)
    this.#core.membership.subscribe(names)
    this.#core.membership.start()
  }

  /**
   * Reads these partitions, and no others, without joining a group. Those without an offset begin
   * where the group has committed, if there is a `groupId`, and else by `autoOffsetReset`.
   */
  assign(partitions: readonly (TopicPartition & { readonly offset?: number })[]): void {
    if (this.#topics !== null) {
      throw new KafkaError('INVALID_STATE', 'a consumer has topics or is assigned partitions')
    }
    for (const { offset } of partitions) if (offset !== undefined) checkOffset(offset)
    const before = this.#core.partitions
    const wanted = new Map(partitions.map((one) => [`${one.topic}/${one.partition}`, one]))
    const gone = [...before.values()].filter(({ key }) => !wanted.has(key))
    this.#core.remove(gone, 'is no longer assigned')
    this.#core.add([...wanted].filter(([key]) => !before.has(key)).map(([, one]) => one))
    this.#isManual = true
    this.#core.startTicking()
    this.#core.kick()
  }

  /** Stops reading these partitions until `resume`; what is fetched of them is kept. */
  pause(partitions: readonly TopicPartition[]): void {
    for (const one of partitions) this.#core.assigned(one).isPaused = true
  }

  resume(partitions: readonly TopicPartition[]): void {
    for (const one of partitions) {
      const assigned = this.#core.assigned(one)
      assigned.isPaused = false
      this.#core.delivery.offer(assigned)
    }
    this.#core.fetcher.pump()
  }

  /** The partitions that are paused. */
  get paused(): readonly TopicPartition[] {
    return this.lag().filter(({ isPaused }) => isPaused)
  }

  /** Goes on elsewhere; resolves when it is known where that is. */
  async seek(partition: TopicPartition, to: SeekTarget, options: CallOptions = {}): Promise<void> {
    if (typeof to === 'number') checkOffset(to)
    const assigned = this.#core.assigned(partition)
    await this.#core.seek(assigned, to, this.#deadline(`seek ${assigned.name}`, options))
  }

  /** The next offset that the program gets; null while it is not known. */
  position(partition: TopicPartition): number | null {
    const { position } = this.#core.assigned(partition)
    return position < 0 ? null : position
  }

  /** How far each partition has been read, from what the fetches told: costs no request. */
  lag(): PartitionLag[] {
    const { partitions, settings } = this.#core
    return [...partitions.values()].map((one) => lagOf(one, settings.isReadCommitted))
  }

  /** The ends of logs, and the first records from a time on; null where there is none. */
  async offsets(
    partitions: readonly TopicPartition[],
    at: 'beginning' | 'end' | { readonly timestamp: number },
    options: CallOptions = {},
  ): Promise<(TopicPartition & { offset: number | null; timestamp: number })[]> {
    const deadline = this.#deadline('look for offsets', options)
    const timestamp = at === 'beginning' ? EARLIEST : at === 'end' ? LATEST : at.timestamp
    const { cluster } = this.#parts
    const found = new Map<string, FoundOffset>()
    let questions = partitions.map(({ topic, partition }) => ({ topic, partition, timestamp }))
    for (const topic of new Set(partitions.map(({ topic }) => topic))) {
      await cluster.metadata.ensure(topic, deadline)
    }
    let last: KafkaError | undefined
    deadline.lastFailure = () => last
    while (questions.length > 0) {
      const { isReadCommitted } = this.#core.settings
      const answers = await listOffsets(cluster, questions, isReadCommitted, deadline)
      for (const [{ topic, partition }, answer] of answers) {
        if (!(answer instanceof KafkaError)) found.set(`${topic}/${partition}`, answer)
        else if (!answer.retriable) throw answer
        else last = answer
      }
      questions = questions.filter(({ topic, partition }) => !found.has(`${topic}/${partition}`))
      if (questions.length > 0) await deadline.sleep(cluster.retryBackoffMs)
    }
    return partitions.map(({ topic, partition }) => {
      const { offset, timestamp } = found.get(`${topic}/${partition}`)!
      return { topic, partition, offset: offset < 0 ? null : offset, timestamp }
    })
  }

  /**
   * Commits. Without `what`: all that the program has seen. A record or a batch: up to it and with
   * it. Offsets: as they are, each the next one to read.
   */
  async commit(
    what?: ConsumerRecord<T> | ConsumerBatch<T> | readonly GroupOffset[],
    options: CallOptions = {},
  ): Promise<void> {
    const deadline = this.#deadline('commit', options)
    if (what === undefined) {
      await this.#core.commitSeen(this.#core.partitions.values(), deadline)
      return
    }
    await this.#core.commit(isOffsets(what) ? what : [offsetOf<T>(what)], deadline)
  }

  readonly #commitBatch: BatchCommit = async (held, options) => {
    const { partition, end, piece } = held
    const { topic, partition: index, name } = partition
    const offset = { topic, partition: index, offset: end, leaderEpoch: piece.leaderEpoch }
    await this.#core.commit([offset], this.#deadline(`commit a batch of ${name}`, options))
  }

  /** What the group has committed; partitions without an offset are left out. */
  async committed(
    partitions: readonly TopicPartition[],
    options: CallOptions = {},
  ): Promise<CommittedOffset[]> {
    const { commits } = this.#core
    if (commits === null) throw new KafkaError('INVALID_STATE', 'committed needs a groupId')
    return commits.fetch(partitions, this.#deadline('read committed offsets', options))
  }

  /** Counts and sizes that metrics are made of; the totals only grow. */
  get stats(): ConsumerStats {
    const { fetcher, delivery, commits, membership, partitions } = this.#core
    return {
      assignedPartitions: partitions.size,
      bufferedBytes: fetcher.bufferedBytes,
      fetchTotal: fetcher.fetches,
      fetchedBytesTotal: fetcher.fetchedBytes,
      recordsTotal: delivery.records,
      commitTotal: commits?.commits ?? 0,
      commitTimeTotalMs: commits?.commitTimeTotalMs ?? 0,
      commitTimeMaxMs: commits?.commitTimeMaxMs ?? 0,
      membership: membership?.stats ?? null,
    }
  }

  /** Java's metrics of a consumer, at this moment; docs/client-metrics.md has them all. */
  metrics(): ClientMetric[] {
    return this.#core.observer.metrics()
  }

  /** Asks the group for a rebalance (KIP-568). */
  rejoin(reason = 'the program asked for it'): void {
    this.#core.membership?.rejoin(reason)
  }

  /** Who this member is, for transactions; null outside of a group. */
  get identity() {
    return this.#core.membership?.identity() ?? null
  }

  #deadline(what: string, options: CallOptions, timeoutMs = DEFAULT_TIMEOUT_MS): Deadline {
    if (this.#closed !== null) throw new KafkaError('CLOSED', 'the consumer was closed')
    return new Deadline(this.#parts.cluster.clock, what, timeoutMs, options)
  }

  /**
   * Stops fetching, waits for handlers at work, commits what was seen (auto commit), and leaves the
   * group. Loops end after the record in hand. Settles within `timeoutMs` (30 s) whatever happens.
   */
  close(options: CallOptions = {}): Promise<void> {
    try {
      const deadline = () => this.#deadline('close the consumer', options, CLOSE_TIMEOUT_MS)
      this.#closed ??= this.#close(deadline())
      return this.#closed
    } catch (error) {
      return Promise.reject(error) // of a wrong option; it stays open
    }
  }

  async #close(deadline: Deadline): Promise<void> {
    const { clock } = this.#parts.cluster
    const core = this.#core
    core.beginClosing()
    this.#topicAssignment?.stop()
    if (this.#running !== null) {
      const timeoutMs = deadline.leftMs() * HANDLERS_SHARE
      const handlers = new Deadline(clock, 'end the handlers', timeoutMs, {
        signal: deadline.signal,
      })
      // A handler that does not end, or that closes the consumer itself, is not waited for longer.
      await handlers.race(this.#running).catch(() => {})
    }
    try {
      if (core.membership !== null) {
        await deadline.race(core.membership.leave(deadline))
      } else if (core.settings.autoCommitMs > 0) {
        await core.commitSeen([...core.partitions.values()], deadline)
      }
    } catch (error) {
      const { message } = KafkaError.of(error, 'NETWORK_ERROR', 'close')
      this.#parts.cluster.logger.warn(`a consumer closed with something left undone: ${message}`)
    } finally {
      core.endClosing()
      await this.#sink?.close({ timeoutMs: deadline.leftMs() })
      this.#parts.onClosed()
    }
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close()
  }
}

function isOffsets(what: object): what is readonly GroupOffset[] {
  return Array.isArray(what)
}

function offsetOf<T extends TopicLike>(what: ConsumerRecord<T> | ConsumerBatch<T>): GroupOffset {
  if (what instanceof ConsumerBatch) {
    const { topic, partition, nextOffset: offset, leaderEpoch } = what
    return { topic, partition, offset, leaderEpoch }
  }
  const { topic, partition, offset, leaderEpoch } = what as ConsumerRecord<string>
  return { topic, partition, offset: offset + 1, leaderEpoch }
}

function checkOffset(offset: number): void {
  if (Number.isSafeInteger(offset) && offset >= 0) return
  throw new KafkaError(
    'INVALID_ARGUMENT',
    `offset: ${offset} where an integer from 0 up is accepted`,
  )
}
