/**
 * A consumer of kafkajs between `run` and `stop`: a native consumer of a classic group whose
 * offsets are kept and committed here, as kafkajs does it.
 *
 * Invariant: a partition's offsets are committed before it is given back, and a batch that was not
 * wholly resolved is delivered again from where it was left.
 */
import { Deadline } from '../call.ts'
import type { SeekTarget } from '../consumer/assigned-partition.ts'
import { Consumer as NativeConsumer } from '../consumer/consumer.ts'
import type { ConsumerBatch } from '../consumer/consumer-batch.ts'
import { createMembership } from '../consumer/group/create-membership.ts'
import type { MembershipListener } from '../consumer/group/membership.ts'
import type { GroupOffset } from '../consumer/offset-commits.ts'
import type { ConsumerOptions } from '../consumer/options.ts'
import type { TopicPartition } from '../topic.ts'
import { type BatchSurroundings, BatchWork } from './batch-work.ts'
import type { ConsumerRunConfig, TopicPartitions } from './consumer-types.ts'
import { KafkaJSNonRetriableError, KafkaJSNumberOfRetriesExceeded } from './errors.ts'
import type { Logger } from './logger.ts'
import { KafkaJSBatch } from './message.ts'
import { keyOf, OffsetBook } from './offset-book.ts'
import { offsetOf } from './offset-text.ts'
import type { PausedTopics, TopicSelection } from './paused-topics.ts'
import type { Offsets } from './producer-types.ts'
import type { RetryBudget } from './retry-budget.ts'
import { byTopic, RunEvents, type RunEventsParts } from './run-events.ts'
import { isRebalancing, translated } from './translated.ts'

/** What a run is given. */
export interface RunParts extends RunEventsParts {
  readonly options: ConsumerOptions
  /** By topic, whether a partition without a committed offset is read from its beginning. */
  readonly fromBeginning: ReadonlyMap<string, boolean>
  readonly config: ConsumerRunConfig
  readonly budget: RetryBudget
  readonly logger: Logger
  readonly paused: PausedTopics
  readonly onCrash: (error: Error) => void
  readonly onClosed: () => void
}

/** Timers that a busy loop of handlers would keep waiting get a turn so often. */
const YIELD_MS = 50
const CLOSE_TIMEOUT_MS = 30_000

export class ConsumerRun implements BatchSurroundings {
  readonly config: ConsumerRunConfig
  readonly book = new OffsetBook()
  readonly #parts: RunParts
  readonly #native: NativeConsumer
  readonly #events: RunEvents
  readonly #works = new Map<string, BatchWork>()
  /** Partitions whose last batch was resolved to its end: nothing of them is left to be handled. */
  readonly #whole = new Set<string>()
  readonly #stopping = new AbortController()
  readonly #pendingSeeks = new Map<string, SeekTarget>()
  #looping: Promise<void> = Promise.resolve()
  #crash: Error | null = null
  #failures = 0
  #onJoined: () => void = () => {}
  #lastCommitMs: number
  #lastYieldMs: number
  #cancelTick: () => void = () => {}

  constructor(parts: RunParts) {
    this.#parts = parts
    this.config = parts.config
    const { cluster } = parts
    const nowMs = cluster.clock.monotonicMs()
    this.#lastCommitMs = nowMs
    this.#lastYieldMs = nowMs
    this.#events = new RunEvents(parts, () => this.#native)
    this.#native = new NativeConsumer(
      {
        cluster,
        channel: 'fetch',
        sink: () => {
          throw new KafkaJSNonRetriableError('kafkajs has no dead letters')
        },
        onClosed: parts.onClosed,
        membership: (listener) => {
          const heard = this.#hearing(listener)
          const membership = createMembership(cluster, parts.group, heard)
          this.#events.membership = membership
          return membership
        },
      },
      {
        ...parts.options,
        onAssigned: (partitions) => this.#onAssigned(partitions),
        onRevoked: (partitions) => this.#onRevoked(partitions),
        onLost: (partitions) => this.#onLost(partitions),
      },
    )
  }

  /** Joins the group; resolves when it has been dealt its part of the topics, or has failed. */
  async start(): Promise<void> {
    const joined = new Promise<void>((resolve) => {
      this.#onJoined = resolve
    })
    this.#looping = this.#loop()
    this.#tick()
    await Promise.race([joined, this.#looping])
  }

  /** Waits for handlers at work, commits and leaves. */
  async stop(): Promise<void> {
    this.#stopping.abort()
    const { clock } = this.#parts.cluster
    const { rebalanceTimeoutMs } = this.#parts.group
    // A handler that stops its own consumer and waits for that is not waited for, for ever.
    const handlers = new Deadline(clock, 'end the handlers', rebalanceTimeoutMs)
    await handlers.race(this.#looping).catch(() => {})
    this.#cancelTick()
    await this.#commitBeforeLeaving(this.#native.assignment)
    await this.#native.close({ timeoutMs: CLOSE_TIMEOUT_MS })
  }

  async #loop(): Promise<void> {
    const { partitionsConsumedConcurrently: concurrency = 1 } = this.config
    const { onCrash } = this.#parts
    this.#events.fetchStarted()
    try {
      await this.#native.run({
        batchHandler: (batch) => this.#handle(batch),
        concurrency,
        signal: this.#stopping.signal,
      })
    } catch (error) {
      this.#crash ??= translated(error)
    }
    if (this.#crash !== null) onCrash(this.#crash)
  }

  async #handle(native: ConsumerBatch): Promise<void> {
    if (!this.isRunning() || native.signal.aborted) return
    const { topic, partition } = native
    const { emitter, cluster } = this.#parts
    const work = new BatchWork(this, new KafkaJSBatch(native), native.signal)
    const startMs = cluster.clock.monotonicMs()
    this.#events.fetched(native)
    this.#works.set(keyOf(topic, partition), work)
    this.#whole.delete(keyOf(topic, partition))
    this.book.begin(topic, partition, native.firstOffset)
    const described = work.describe()
    try {
      emitter.emit('consumer.start_batch_process', described)
      await work.handle()
      const duration = Math.round(cluster.clock.monotonicMs() - startMs)
      emitter.emit('consumer.end_batch_process', { ...described, duration })
      await this.#autoCommit()
      this.#failures = 0
    } catch (error) {
      await this.#failed(error, native)
    } finally {
      this.#works.delete(keyOf(topic, partition))
      this.#leave(native, work)
    }
    await this.beat()
    this.#events.fetchStarted(this.#events.leaderOf(native))
  }

  /** What was not resolved is delivered again. */
  #leave(native: ConsumerBatch, work: BatchWork): void {
    const { topic, partition, firstOffset, nextOffset } = native
    const next = this.book.next(topic, partition) ?? firstOffset
    if (work.isStale || work.isRevoked) return
    if (next === nextOffset) this.#whole.add(keyOf(topic, partition))
    else this.#goTo({ topic, partition }, next)
  }

  #goTo(partition: TopicPartition, to: SeekTarget): void {
    this.#whole.delete(keyOf(partition.topic, partition.partition))
    this.#native.seek(partition, to).catch((error: unknown) => {
      this.#parts.logger.error(`seek failed: ${translated(error).message}`, { ...partition })
    })
  }

  async #failed(thrown: unknown, native: ConsumerBatch): Promise<void> {
    const { topic, partition } = native
    if (isRebalancing(thrown) || !this.isRunning()) return
    const error = translated(thrown)
    const { logger, budget, cluster } = this.#parts
    const what = this.config.eachMessage ? 'eachMessage' : 'eachBatch'
    logger.error(`Error when calling ${what}`, { topic, partition, stack: error.stack, error })
    await this.#autoCommit().catch((failure: unknown) => {
      logger.error(`commit failed: ${translated(failure).message}`)
    })
    const retry = this.#failures++
    if (!mayPass(error)) this.#end(new KafkaJSNonRetriableError(error, { cause: error }))
    else if (retry >= budget.retries) {
      const retryTime = budget.pauseMs(retry)
      this.#end(new KafkaJSNumberOfRetriesExceeded(error, { retryCount: retry, retryTime }))
    } else {
      const signal = AbortSignal.any([this.#stopping.signal, native.signal])
      const pause = new Deadline(cluster.clock, 'a pause', Infinity, { signal })
      await pause.sleep(this.#pauseMs(retry)).catch(() => {})
    }
  }

  #pauseMs(retry: number): number {
    const { budget, cluster } = this.#parts
    const pauseMs = budget.pauseMs(retry)
    const spreadMs = Math.floor(pauseMs * budget.factor)
    return pauseMs - spreadMs + cluster.random.int(2 * spreadMs + 1)
  }

  #end(error: Error): void {
    this.#crash ??= error
    this.#stopping.abort()
  }

  // What handlers use.

  isRunning(): boolean {
    return !this.#stopping.signal.aborted
  }

  isPaused(topic: string, partition: number): boolean {
    return this.#parts.paused.has(topic, partition)
  }

  async beat(): Promise<void> {
    this.#events.membership?.progress()
    const { clock } = this.#parts.cluster
    const nowMs = clock.monotonicMs()
    if (nowMs - this.#lastYieldMs < YIELD_MS) return
    this.#lastYieldMs = nowMs
    await new Promise<void>((resolve) => clock.nextTurn(resolve))
  }

  pause(topic: string, partition: number): () => void {
    const selection = [{ topic, partitions: [partition] }]
    this.#parts.paused.pause(selection)
    this.applyPauses(selection)
    return () => {
      this.#parts.paused.resume(selection)
      this.applyPauses(selection)
    }
  }

  /** Has the native consumer read what is not paused of these topics. */
  applyPauses(selections: readonly TopicSelection[]): void {
    const topics = new Set(selections.map(({ topic }) => topic))
    const own = this.#native.assignment.filter(({ topic }) => topics.has(topic))
    this.#native.pause(own.filter(({ topic, partition }) => this.isPaused(topic, partition)))
    this.#native.resume(own.filter(({ topic, partition }) => !this.isPaused(topic, partition)))
  }

  pausedPartitions(): TopicPartitions[] {
    const own = this.#native.assignment
    return byTopic(own.filter(({ topic, partition }) => this.isPaused(topic, partition)))
  }

  seek(topic: string, partition: number, to: SeekTarget): void {
    const key = keyOf(topic, partition)
    if (!this.#native.assignment.some((one) => keyOf(one.topic, one.partition) === key)) {
      this.#pendingSeeks.set(key, to)
      return
    }
    const work = this.#works.get(key)
    if (work !== undefined) work.isStale = true
    this.book.forget(topic, partition)
    this.#goTo({ topic, partition }, to)
    if (this.#isAutoCommitting && typeof to === 'number') {
      const partitions = [{ partition, offset: String(to) }]
      this.commit({ topics: [{ topic, partitions }] }).catch((error: unknown) => {
        this.#parts.logger.warn(`the offset of a seek is not committed: ${String(error)}`)
      })
    }
  }

  // Commits.

  get #isAutoCommitting(): boolean {
    return this.config.autoCommit ?? true
  }

  async #autoCommit(): Promise<void> {
    if (this.#isAutoCommitting) await this.commitAll()
  }

  async commitAll(): Promise<void> {
    await this.commit({ topics: this.book.uncommitted() })
  }

  async commitIfNecessary(): Promise<void> {
    if (!this.#isAutoCommitting) return
    const { autoCommitInterval = null, autoCommitThreshold = null } = this.config
    const sinceMs = this.#parts.cluster.clock.monotonicMs() - this.#lastCommitMs
    const isDue = autoCommitInterval !== null && sinceMs >= autoCommitInterval
    const isMuch = autoCommitThreshold !== null && this.book.count >= autoCommitThreshold
    if (isDue || isMuch) await this.commitAll()
  }

  async commit({ topics }: Offsets): Promise<void> {
    await this.commitOffsets(
      topics.flatMap(({ topic, partitions }) => {
        return partitions.map(({ partition, offset }) => {
          return { topic, partition, offset: offsetOf(offset) }
        })
      }),
    )
  }

  async commitOffsets(offsets: readonly GroupOffset[]): Promise<void> {
    const { cluster } = this.#parts
    this.#lastCommitMs = cluster.clock.monotonicMs()
    if (offsets.length === 0) return
    try {
      await this.#native.commit(offsets, { timeoutMs: cluster.requestTimeoutMs })
    } catch (error) {
      throw translated(error)
    }
    for (const { topic, partition, offset } of offsets)
      this.book.committed(topic, partition, offset)
    this.#events.committed(offsets)
  }

  // What the group brings.

  /** The consumer's own listener, and events of what it is told. */
  #hearing(listener: MembershipListener): MembershipListener {
    const rebalancing = () => this.#events.rebalancing(!this.isRunning())
    return {
      onRevoked: (partitions, signal) => {
        rebalancing()
        return listener.onRevoked(partitions, signal)
      },
      onLost: (partitions) => {
        rebalancing()
        return listener.onLost(partitions)
      },
      onAssigned: async (partitions) => {
        await listener.onAssigned(partitions)
        this.#events.joined()
        this.#onJoined()
      },
      onError: (error) => listener.onError(error),
      onStalled: (error) => listener.onStalled?.(error),
    }
  }

  async #onAssigned(partitions: readonly TopicPartition[]): Promise<void> {
    for (const one of partitions) {
      if (this.isPaused(one.topic, one.partition)) this.#native.pause([one])
    }
    const seeks = new Map(this.#pendingSeeks)
    this.#pendingSeeks.clear()
    await this.#goToOtherEnds(
      partitions.filter((one) => !seeks.has(keyOf(one.topic, one.partition))),
    )
    for (const { topic, partition } of partitions) {
      const to = seeks.get(keyOf(topic, partition))
      if (to !== undefined) await this.#native.seek({ topic, partition }, to)
    }
  }

  /** Topics that begin at another end than the consumer's own, where the group has no offset. */
  async #goToOtherEnds(partitions: readonly TopicPartition[]): Promise<void> {
    const { options, fromBeginning } = this.#parts
    const standard = options.autoOffsetReset === 'earliest'
    const other = partitions.filter(({ topic }) => fromBeginning.get(topic) === !standard)
    if (other.length === 0) return
    const committed = await this.#native.committed(other)
    const known = new Set(committed.map(({ topic, partition }) => keyOf(topic, partition)))
    const fresh = other.filter((one) => !known.has(keyOf(one.topic, one.partition)))
    for (const one of fresh) await this.#native.seek(one, standard ? 'end' : 'beginning')
  }

  async #onRevoked(partitions: readonly TopicPartition[]): Promise<void> {
    await this.#commitBeforeLeaving(partitions)
    this.#onLost(partitions)
  }

  async #commitBeforeLeaving(partitions: readonly TopicPartition[]): Promise<void> {
    this.#resolveHidden(partitions)
    if (!this.#isAutoCommitting) return
    try {
      await this.commit({ topics: this.book.uncommitted(partitions) })
    } catch (error) {
      this.#parts.logger.warn(`what was resolved is not committed: ${String(error)}`)
    }
  }

  #onLost(partitions: readonly TopicPartition[]): void {
    for (const { topic, partition } of partitions) {
      this.book.forget(topic, partition)
      this.#whole.delete(keyOf(topic, partition))
    }
  }

  /** Markers of transactions and aborted records come to no handler: they count as resolved. */
  #resolveHidden(partitions: readonly TopicPartition[]): void {
    for (const { topic, partition } of partitions) {
      const next = this.book.next(topic, partition)
      if (next === undefined || !this.#whole.has(keyOf(topic, partition))) continue
      const position = this.#native.position({ topic, partition }) ?? -1
      if (position > next) this.book.resolve(topic, partition, position - 1)
    }
  }

  // What is told from time to time.

  #tick(): void {
    const { cluster, group, logger } = this.#parts
    this.#cancelTick = cluster.clock.after(Math.min(1000, group.heartbeatIntervalMs), () => {
      if (!this.isRunning()) return
      this.#events.look(this.#works.size === 0)
      this.#resolveHidden(this.#native.assignment)
      this.commitIfNecessary().catch((error: unknown) => {
        if (!isRebalancing(error)) logger.warn(`auto commit: ${String(error)}`)
      })
      this.#tick()
    })
  }
}

const FAULTS_OF_PROGRAMS = ['RangeError', 'ReferenceError', 'SyntaxError', 'TypeError']

/** Whether kafkajs would try again after this error. */
function mayPass(error: Error): boolean {
  const { retriable } = error as { retriable?: boolean }
  return retriable !== false && !FAULTS_OF_PROGRAMS.includes(error.name)
}
