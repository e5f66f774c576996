/**
 * One batch on its way through `eachMessage` or `eachBatch`.
 *
 * Invariant: a message is resolved when its handler has ended well, and only then; nothing more of
 * the batch is handed over once the partition goes, was sought away from, or is paused.
 */
import type { ConsumerRunConfig, EachBatchHandler, EachMessageHandler } from './consumer-types.ts'
import { KafkaJSProtocolError } from './errors.ts'
import type { BatchProcess } from './events.ts'
import type { KafkaJSBatch } from './message.ts'
import type { OffsetBook } from './offset-book.ts'
import { anyOffsetOf } from './offset-text.ts'
import type { Offsets } from './producer-types.ts'

/** The run that a batch is a part of. */
export interface BatchSurroundings {
  readonly config: ConsumerRunConfig
  readonly book: OffsetBook
  isRunning(): boolean
  isPaused(topic: string, partition: number): boolean
  /** Says that the program is at work, and lets timers have their turn. */
  beat(): Promise<void>
  /** Returns what resumes it. */
  pause(topic: string, partition: number): () => void
  commitIfNecessary(): Promise<void>
  commitAll(): Promise<void>
  commit(offsets: Offsets): Promise<void>
}

export class BatchWork {
  readonly batch: KafkaJSBatch
  readonly #run: BatchSurroundings
  /** Aborted when the partition is revoked or lost. */
  readonly #gone: AbortSignal
  /** The program went elsewhere by `seek`. */
  isStale = false

  constructor(run: BatchSurroundings, batch: KafkaJSBatch, gone: AbortSignal) {
    this.#run = run
    this.batch = batch
    this.#gone = gone
  }

  get isRevoked(): boolean {
    return this.#gone.aborted
  }

  /** What events say of it. */
  describe(): BatchProcess {
    const { batch } = this
    return {
      topic: batch.topic,
      partition: batch.partition,
      highWatermark: batch.highWatermark,
      offsetLag: batch.offsetLag(),
      offsetLagLow: batch.offsetLagLow(),
      batchSize: batch.messages.length,
      firstOffset: batch.firstOffset() ?? '',
      lastOffset: batch.lastOffset(),
    }
  }

  /** Rejects with what the handler threw. */
  async handle(): Promise<void> {
    const { eachMessage, eachBatch } = this.#run.config
    if (eachMessage) await this.#eachMessage(eachMessage)
    else if (eachBatch) await this.#eachBatch(eachBatch)
  }

  async #eachMessage(handler: EachMessageHandler): Promise<void> {
    const { topic, partition, messages } = this.batch
    const run = this.#run
    const heartbeat = () => this.#heartbeat()
    const pause = () => run.pause(topic, partition)
    for (const message of messages) {
      if (!run.isRunning() || this.isStale || this.isRevoked) return
      await handler({ topic, partition, message, heartbeat, pause })
      if (!this.isStale) run.book.resolve(topic, partition, Number(message.offset))
      await run.beat()
      await run.commitIfNecessary()
      if (run.isPaused(topic, partition)) break
    }
    const last = messages.at(-1)
    const isWhole =
      last !== undefined && run.book.next(topic, partition) === Number(last.offset) + 1
    if (isWhole && !this.isStale) this.#resolveAll()
  }

  async #eachBatch(handler: EachBatchHandler): Promise<void> {
    const { batch } = this
    const { topic, partition } = batch
    const run = this.#run
    const lastMessage = batch.messages.at(-1)
    await handler({
      batch,
      resolveOffset: (offset) => {
        if (this.isStale) return
        if (String(offset) === lastMessage?.offset) this.#resolveAll()
        else run.book.resolve(topic, partition, anyOffsetOf(offset))
      },
      heartbeat: () => this.#heartbeat(),
      pause: () => run.pause(topic, partition),
      commitOffsetsIfNecessary: (offsets) => {
        return offsets === undefined ? run.commitIfNecessary() : run.commit(offsets)
      },
      uncommittedOffsets: () => ({ topics: run.book.uncommitted() }),
      isRunning: () => run.isRunning(),
      isStale: () => this.isStale || this.isRevoked,
    })
    const resolvesAll = run.config.eachBatchAutoResolve ?? true
    if (resolvesAll && !this.isStale && !this.isRevoked) this.#resolveAll()
  }

  /** What is hidden behind the last message counts with it. */
  #resolveAll(): void {
    const { topic, partition } = this.batch
    this.#run.book.resolve(topic, partition, Number(this.batch.lastOffset()))
  }

  /** Tells a handler that takes long that its partition is to go, by throwing, as kafkajs does. */
  async #heartbeat(): Promise<void> {
    await this.#run.beat()
    if (!this.isRevoked) return
    const message = 'The group is rebalancing, so a rejoin is needed'
    const like = { type: 'REBALANCE_IN_PROGRESS', code: 27, retriable: false }
    throw new KafkaJSProtocolError(Object.assign(new Error(message), like))
  }
}
