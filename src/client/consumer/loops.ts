/**
 * The loops of a program over a consumer: by record, by batch, by partition.
 *
 * Invariant: asking for the next one says that the one before it was seen. Leaving a loop by
 * `break`, `return` or an exception says that it was not: it is delivered again, to the next loop
 * or to whoever reads the partition next.
 */
import type { ConsumerRecord } from '../record.ts'
import type { TopicLike, TopicPartition } from '../topic.ts'
import type { AssignedPartition } from './assigned-partition.ts'
import { type BatchCommit, ConsumerBatch } from './consumer-batch.ts'
import type { ConsumerCore } from './consumer-core.ts'
import type { HeldPiece, TakeOptions } from './delivery.ts'
import { PieceIterator } from './fetched-data.ts'

/** Told when a loop begins, which throws where another one is at it, and when it ends. */
export interface LoopGate {
  begin(): void
  end(): void
}

const DONE: IteratorReturnResult<undefined> = { value: undefined, done: true }

/** One loop over records. Most steps need no waiting: their promises are resolved already. */
export class RecordLoop<T extends TopicLike> implements AsyncIterableIterator<ConsumerRecord<T>> {
  readonly #core: ConsumerCore
  readonly #signal: AbortSignal | undefined
  readonly #gate: LoopGate
  /** One more record has to be asked for before one counts as seen. */
  readonly #isBehind: boolean
  /** With `#isBehind`: what is seen at the next question. */
  #nextSeen: { partition: AssignedPartition; epoch: number; offset: number } | null = null
  #isBegun = false
  #held: HeldPiece | null = null
  #records: PieceIterator | null = null
  /** Behind the record that is with the program. */
  #after = -1
  /** A question that waits: the next one has to wait for it. */
  #pending: Promise<unknown> | null = null
  #isOver = false

  constructor(
    core: ConsumerCore,
    signal: AbortSignal | undefined,
    gate: LoopGate,
    isBehind = false,
  ) {
    this.#core = core
    this.#signal = signal
    this.#gate = gate
    this.#isBehind = isBehind
  }

  [Symbol.asyncIterator](): this {
    return this
  }

  next(): Promise<IteratorResult<ConsumerRecord<T>, undefined>> {
    if (this.#pending !== null) return this.#later()
    try {
      const record = this.#step()
      if (record !== null) return Promise.resolve({ value: record, done: false })
    } catch (error) {
      return this.#fail(error)
    }
    return this.#later()
  }

  /** The next record where it can be had at once. */
  #step(): ConsumerRecord<T> | null {
    if (this.#isOver) return null
    if (!this.#isBegun) {
      this.#gate.begin()
      this.#isBegun = true
    }
    const held = this.#held
    if (held !== null) {
      const { partition, epoch } = held
      if (this.#after >= 0 && partition.epoch === epoch) this.#see(held, this.#after)
      this.#after = -1
      if (this.#signal?.aborted) {
        this.#end() // what is left of the piece is delivered again
        return null
      }
      const isOurs = partition.epoch === epoch && !partition.isEnding && !partition.isPaused
      const record = isOurs ? this.#records!.advance() : null
      if (record !== null) {
        this.#core.asks++
        this.#after = record.offset + 1
        partition.position = this.#after
        return record as unknown as ConsumerRecord<T>
      }
      this.#leave(held, isOurs)
    }
    return this.#signal?.aborted ? null : this.#open(this.#core.tryNext({}))
  }

  /** The program has asked for what comes behind `offset`. */
  #see({ partition, epoch }: HeldPiece, offset: number): void {
    if (!this.#isBehind) {
      partition.seen = offset
      return
    }
    const before = this.#nextSeen
    if (before !== null && before.partition.epoch === before.epoch) {
      before.partition.seen = before.offset
    }
    this.#nextSeen = { partition, epoch, offset }
  }

  #open(held: HeldPiece | null): ConsumerRecord<T> | null {
    if (held === null) return null
    this.#held = held
    this.#records = new PieceIterator(held.piece.data, held.piece.segments)
    return this.#step()
  }

  /** All of a piece was seen, or the rest of it is for another time. */
  #leave(held: HeldPiece, isDone: boolean): void {
    this.#held = null
    this.#records = null
    this.#after = -1
    if (isDone) this.#core.delivery.done(held, !this.#isBehind)
    else this.#core.delivery.giveBack(held)
  }

  #later(): Promise<IteratorResult<ConsumerRecord<T>, undefined>> {
    const before = this.#pending
    const answer = (async () => {
      if (before !== null) await before.catch(() => {}) // whoever asked has heard of it
      for (;;) {
        const record = this.#step()
        if (record !== null) return { value: record, done: false as const }
        if (this.#isOver) return DONE
        const held = await this.#core.next({}, this.#signal)
        if (this.#isOver) {
          if (held !== null) this.#core.delivery.giveBack(held)
          return DONE
        }
        if (held === null) {
          this.#end()
          return DONE
        }
        const first = this.#open(held)
        if (first !== null) return { value: first, done: false as const }
      }
    })()
    this.#pending = answer
    const settled = () => {
      if (this.#pending === answer) this.#pending = null
    }
    answer.then(settled, settled)
    return answer.catch((error) => this.#fail(error))
  }

  #fail(error: unknown): Promise<never> {
    this.#end()
    return Promise.reject(error)
  }

  return(): Promise<IteratorResult<ConsumerRecord<T>, undefined>> {
    this.#end()
    return Promise.resolve(DONE)
  }

  #end(): void {
    if (this.#isOver) return
    this.#isOver = true
    const next = this.#nextSeen
    if (this.#held !== null) this.#leave(this.#held, false)
    // A record that was handed out and does not count as seen, of a piece that is gone.
    else if (next !== null && next.partition.epoch === next.epoch) {
      this.#core.delivery.rewind(next.partition)
    }
    if (this.#isBegun) this.#gate.end()
  }
}

/** Batches, of all partitions or of one. */
export async function* batchLoop<T extends TopicLike>(
  core: ConsumerCore,
  options: TakeOptions,
  signal: AbortSignal | undefined,
  commit: BatchCommit,
  gate: LoopGate,
): AsyncGenerator<ConsumerBatch<T>, void, undefined> {
  let held: HeldPiece | null = null
  gate.begin()
  try {
    for (;;) {
      held = await core.next(options, signal)
      if (held === null) return
      yield new ConsumerBatch<T>(held, commit)
      core.delivery.done(held)
      held = null
    }
  } finally {
    if (held !== null) core.delivery.giveBack(held)
    gate.end()
  }
}

/** The batches of one partition, until it goes. */
export interface PartitionStream<T extends TopicLike>
  extends TopicPartition,
    AsyncIterable<ConsumerBatch<T>> {
  /** Aborts when the partition goes. */
  readonly signal: AbortSignal
}

const NO_GATE: LoopGate = { begin: () => {}, end: () => {} }

/** A stream for each partition that is assigned, and for each that comes later. */
export async function* partitionLoop<T extends TopicLike>(
  core: ConsumerCore,
  options: TakeOptions,
  signal: AbortSignal | undefined,
  commit: BatchCommit,
  gate: LoopGate,
): AsyncGenerator<PartitionStream<T>, void, undefined> {
  const known = new WeakSet<AssignedPartition>()
  const over = new AbortController()
  const ended = signal === undefined ? over.signal : AbortSignal.any([signal, over.signal])
  gate.begin()
  try {
    for (;;) {
      if (core.closing.signal.aborted || signal?.aborted) return
      const found = [...core.partitions.values()].find(
        (partition) => !known.has(partition) && !partition.isStarting && !partition.isEnding,
      )
      if (found !== undefined) {
        known.add(found)
        const stream = () => batchLoop<T>(core, { ...options, only: found }, ended, commit, NO_GATE)
        const { topic, partition, abort } = found
        yield { topic, partition, signal: abort.signal, [Symbol.asyncIterator]: stream }
        continue
      }
      if (core.fatal !== null) throw core.fatal
      await core.waitForPartitions(signal)
    }
  } finally {
    over.abort()
    gate.end()
  }
}
