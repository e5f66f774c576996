/**
 * `consumer.run`: calls a handler for each record (or batch), several at a time where asked to.
 *
 * Invariant: at most `concurrency` handlers run at once; of what `ordering` keeps together, one
 * follows the other; and `seen` of a partition is the lowest offset below which all are done, so a
 * commit never covers a record whose handler has not ended well. A record is done when its handler
 * has ended, or when its dead letter has been acknowledged.
 */
import { Deadline } from '../call.ts'
import { KafkaError } from '../kafka-error.ts'
import type { ConsumerRecord } from '../record.ts'
import type { TopicLike } from '../topic.ts'
import type { AssignedPartition } from './assigned-partition.ts'
import { type BatchCommit, ConsumerBatch } from './consumer-batch.ts'
import type { ConsumerCore } from './consumer-core.ts'
import { deadLetterOf, type RecordSink } from './dead-letters.ts'
import type { HeldPiece } from './delivery.ts'
import { PieceIterator } from './fetched-data.ts'
import type { FetchedRecord } from './fetched-record.ts'
import { type LineEntry, OffsetLine } from './offset-line.ts'
import type { RunSettings } from './run-options.ts'

/** Records that wait for another of the same key, for each handler that may run. */
const WAITING_PER_HANDLER = 64

/** A piece whose records are being handled. */
interface OpenPiece {
  readonly held: HeldPiece
  readonly records: PieceIterator
  readonly signal: AbortSignal
  /** Records that were taken out of it and are not settled. */
  open: number
  isRead: boolean
}

/** A record, or a whole batch, on its way through a handler. */
interface Work {
  readonly piece: OpenPiece
  /** Null for a batch. */
  readonly record: FetchedRecord | null
  readonly entry: LineEntry
}

export class Run<T extends TopicLike> {
  readonly #core: ConsumerCore
  readonly #settings: RunSettings<T>
  readonly #sink: () => RecordSink
  readonly #commit: BatchCommit
  /** Aborts when the run ends, however it ends. */
  readonly #over = new AbortController()
  readonly #lines = new WeakMap<AssignedPartition, { epoch: number; line: OffsetLine }>()
  readonly #signals = new WeakMap<AssignedPartition, AbortSignal>()
  /** By what must go one after another: what waits behind the one that is being handled. */
  readonly #lanes = new Map<string, Work[]>()
  readonly #pieces = new Set<OpenPiece>()
  #active = 0
  #waiting = 0
  #failure: KafkaError | null = null
  #onSettled: (() => void) | null = null

  constructor(
    core: ConsumerCore,
    settings: RunSettings<T>,
    sink: () => RecordSink,
    commit: BatchCommit,
  ) {
    this.#core = core
    this.#settings = settings
    this.#sink = sink
    this.#commit = commit
  }

  /** Resolves when the consumer is closed or the signal aborts; rejects with what went wrong. */
  async run(): Promise<void> {
    const { signal } = this.#settings
    const stop = () => this.#over.abort(signal?.reason)
    signal?.addEventListener('abort', stop, { once: true })
    if (signal?.aborted) stop()
    try {
      await this.#dispatch()
    } catch (error) {
      this.#fail(KafkaError.of(error, 'USER_CODE_FAILED', 'run'))
    } finally {
      signal?.removeEventListener('abort', stop)
    }
    this.#over.abort()
    while (this.#active > 0) await this.#settled()
    for (const piece of this.#pieces) this.#drop(piece)
    if (this.#failure !== null) throw this.#failure
  }

  async #dispatch(): Promise<void> {
    const over = this.#over.signal
    const isWhole = this.#settings.ordering === 'partition'
    while (!over.aborted && !this.#core.closing.signal.aborted) {
      if (this.#isFull()) {
        await this.#settled()
        continue
      }
      const open = isWhole ? undefined : this.#openPiece()
      if (open !== undefined) {
        this.#nextOf(open)
        continue
      }
      const held = await this.#core.next({ mayOverlap: !isWhole }, over)
      if (held === null) return
      this.#accept(held, isWhole)
    }
  }

  #isFull(): boolean {
    const { concurrency } = this.#settings
    return this.#active >= concurrency || this.#waiting >= WAITING_PER_HANDLER * concurrency
  }

  #openPiece(): OpenPiece | undefined {
    for (const piece of this.#pieces) if (!piece.isRead) return piece
    return undefined
  }

  #accept(held: HeldPiece, isWhole: boolean): void {
    const piece: OpenPiece = {
      held,
      records: new PieceIterator(held.piece.data, held.piece.segments),
      signal: this.#signalOf(held.partition),
      open: 0,
      isRead: false,
    }
    this.#pieces.add(piece)
    if (isWhole) void this.#start(() => this.#inOrder(piece))
  }

  #signalOf(partition: AssignedPartition): AbortSignal {
    let signal = this.#signals.get(partition)
    if (signal === undefined) {
      signal = AbortSignal.any([partition.abort.signal, this.#over.signal])
      this.#signals.set(partition, signal)
    }
    return signal
  }

  /** Runs `work` as one of the handlers that are at work; what it throws ends the run. */
  async #start(work: () => Promise<void>): Promise<void> {
    this.#active++
    try {
      await work()
    } catch (error) {
      this.#fail(KafkaError.of(error, 'USER_CODE_FAILED', 'a handler'))
    } finally {
      this.#active--
      this.#core.asks++
      this.#wake()
    }
  }

  /** A piece from its first record to its last, by one handler after another. */
  async #inOrder(piece: OpenPiece): Promise<void> {
    if (this.#settings.batchHandler !== undefined) {
      const { end, piece: taken } = piece.held
      const entry = this.#line(piece).add(end, taken.leaderEpoch)
      piece.isRead = true
      piece.open++
      await this.#handle({ piece, record: null, entry })
      return
    }
    for (let work = this.#take(piece); work !== null; work = this.#take(piece)) {
      const handling = this.#handle(work)
      if (handling !== undefined) await handling
      this.#core.asks++
    }
  }

  /** Takes a record out of a piece and sends it on its way. */
  #nextOf(piece: OpenPiece): void {
    const work = this.#take(piece)
    if (work === null) return
    const key = this.#settings.ordering === 'key' ? laneOf(work) : null
    if (key === null) {
      void this.#start(async () => this.#handle(work))
      return
    }
    const lane = this.#lanes.get(key)
    if (lane !== undefined) {
      lane.push(work)
      this.#waiting++
      return
    }
    this.#lanes.set(key, [])
    void this.#start(() => this.#alongLane(key, work))
  }

  async #alongLane(key: string, first: Work): Promise<void> {
    const lane = this.#lanes.get(key)!
    try {
      for (let work: Work | undefined = first; work !== undefined; work = lane.shift()) {
        if (work !== first) this.#waiting--
        await this.#handle(work)
        this.#core.asks++
      }
    } finally {
      // After a failure nothing that waits is handled any more.
      for (const { piece } of lane) this.#settle(piece)
      this.#waiting -= lane.length
      this.#lanes.delete(key)
    }
  }

  /** The next record of a piece, or null where it has none that may still be handled. */
  #take(piece: OpenPiece): Work | null {
    const { held, signal } = piece
    if (piece.isRead) return null
    const mayGoOn =
      !signal.aborted && this.#core.delivery.isCurrent(held) && !held.partition.isPaused
    const record = mayGoOn ? piece.records.advance() : null
    if (record !== null) {
      piece.open++
      const entry = this.#line(piece).add(record.offset + 1, record.leaderEpoch)
      return { piece, record, entry }
    }
    piece.isRead = true
    if (mayGoOn) {
      // What is hidden behind the last record counts when all before it is done.
      const end = this.#line(piece).add(held.end, held.piece.leaderEpoch)
      end.isDone = true
      this.#advance(piece)
    } else if (this.#core.delivery.isCurrent(held) && !held.partition.isEnding) {
      piece.open++
      this.#putAside(piece)
    }
    if (piece.open === 0) this.#release(piece)
    return null
  }

  /** Paused in the middle: the rest is delivered again when it goes on. */
  #putAside(piece: OpenPiece): void {
    const settled = () => {
      if (!this.#pieces.has(piece)) return
      if (piece.open > 1) {
        void this.#settled().then(settled)
        return
      }
      const { held } = piece
      if (this.#core.delivery.isCurrent(held)) this.#core.delivery.rewind(held.partition)
      this.#settle(piece)
    }
    settled()
  }

  #line({ held }: OpenPiece): OffsetLine {
    const { partition, epoch } = held
    let known = this.#lines.get(partition)
    if (known === undefined || known.epoch !== epoch) {
      known = { epoch, line: new OffsetLine() }
      this.#lines.set(partition, known)
    }
    return known.line
  }

  #advance(piece: OpenPiece): void {
    const { held } = piece
    if (!this.#core.delivery.isCurrent(held)) return
    const last = this.#line(piece).advance()
    if (last === null) return
    held.partition.seen = last.after
    held.partition.seenEpoch = last.leaderEpoch
  }

  /** One record or batch through its attempts. Undefined where all of it was done at once. */
  #handle(work: Work): Promise<void> | undefined {
    const { piece } = work
    if (piece.signal.aborted) {
      this.#settle(piece)
      return undefined
    }
    try {
      const result = this.#isReadable(work) ? this.#call(work, 1) : this.#unreadable(work)
      if (!isPromise(result)) {
        this.#finish(work)
        return undefined
      }
      return this.#follow(work, result)
    } catch (error) {
      return this.#follow(work, Promise.reject(error))
    }
  }

  async #follow(work: Work, first: PromiseLike<unknown>): Promise<void> {
    const { piece } = work
    try {
      await this.#attempts(work, first)
      this.#finish(work)
    } catch (error) {
      this.#settle(piece)
      // It was told to stop: what it has not done is not committed, and delivered again.
      if (!piece.signal.aborted) throw error
    }
  }

  async #attempts(work: Work, first: PromiseLike<unknown>): Promise<void> {
    const { attempts, deadLetter } = this.#settings
    let handling = first
    for (let attempt = 1; ; attempt++) {
      try {
        await handling
        return
      } catch (error) {
        const isOurs = error instanceof UnreadableRecord
        if (work.piece.signal.aborted) throw error
        if (attempt < attempts && !isOurs) {
          await this.#pause(attempt, work.piece.signal)
          handling = (async () => this.#call(work, attempt + 1))()
          continue
        }
        const cause = isOurs ? error.problem : error
        if (isOurs && this.#settings.onDeserializationError === 'skip') return
        const isFatal = isOurs && this.#settings.onDeserializationError === 'fail'
        if (deadLetter === null || isFatal) throw this.#handlerFailed(work, cause)
        await this.#sendAway(work, deadLetter, cause, attempt)
        return
      }
    }
  }

  async #pause(attempt: number, signal: AbortSignal): Promise<void> {
    const { clock } = this.#core.cluster
    await new Deadline(clock, 'a pause before another attempt', Infinity, { signal }).sleep(
      this.#settings.backoffMs(attempt),
    )
  }

  #call({ record, piece }: Work, attempt: number): unknown {
    const { handler, batchHandler } = this.#settings
    const context = { signal: piece.signal, attempt }
    const { observer } = this.#core
    if (record !== null) {
      const given = record as unknown as ConsumerRecord<T>
      if (observer.observation.hooks === null) return handler!(given, context)
      return observer.handling(piece.held.partition, { record }, () => handler!(given, context))
    }
    const batch = new ConsumerBatch<T>(piece.held, this.#commit)
    return observer.handling(piece.held.partition, { batch }, () => batchHandler!(batch, context))
  }

  /** Reads key and value before the handler does, so that what can't be read is told apart. */
  #isReadable({ record }: Work): boolean {
    if (record === null) return true
    try {
      void record.key
      void record.value
      return true
    } catch {
      return false
    }
  }

  #unreadable({ record }: Work): Promise<never> {
    try {
      void record!.key
      void record!.value
    } catch (error) {
      return Promise.reject(new UnreadableRecord(error))
    }
    throw new KafkaError('DESERIALIZATION_FAILED', 'a serde failed once and then did not')
  }

  async #sendAway({ record, piece }: Work, topic: string, error: unknown, attempts: number) {
    const { groupId } = this.#core.settings
    const sink = this.#sink()
    const { signal } = piece
    const records =
      record !== null
        ? [record]
        : new PieceIterator(piece.held.piece.data, piece.held.piece.segments)
    const sending: Promise<unknown>[] = []
    for (const one of records) {
      sending.push(sink.send(topic, deadLetterOf(one, error, attempts, groupId), { signal }))
    }
    await Promise.all(sending)
  }

  #handlerFailed({ record, piece }: Work, cause: unknown): KafkaError {
    const { topic, partition } = piece.held.partition
    const offset = record?.offset ?? piece.held.piece.firstOffset
    const what = `the handler of ${topic}-${partition} at offset ${offset} failed`
    return KafkaError.of(cause, 'USER_CODE_FAILED', what, { topic, partition, offset })
  }

  /** It is done, for good. */
  #finish(work: Work): void {
    work.entry.isDone = true
    this.#advance(work.piece)
    this.#settle(work.piece)
  }

  #settle(piece: OpenPiece): void {
    piece.open--
    if (piece.isRead && piece.open === 0) this.#release(piece)
  }

  #release(piece: OpenPiece): void {
    if (!this.#pieces.delete(piece)) return
    this.#core.delivery.done(piece.held, false)
  }

  /** At the end of the run: what was not handled is delivered again. */
  #drop(piece: OpenPiece): void {
    const { delivery } = this.#core
    const { partition } = piece.held
    if (delivery.isCurrent(piece.held) && !partition.isEnding) delivery.rewind(partition)
    this.#release(piece)
  }

  #fail(error: KafkaError): void {
    if (this.#failure === null && !this.#over.signal.aborted) this.#failure = error
    this.#over.abort(error)
    this.#wake()
  }

  #settled(): Promise<void> {
    return new Promise((resolve) => {
      const before = this.#onSettled
      this.#onSettled = () => {
        before?.()
        resolve()
      }
    })
  }

  #wake(): void {
    const onSettled = this.#onSettled
    this.#onSettled = null
    onSettled?.()
  }
}

/** Marks what a serde threw, which no other attempt would change. */
class UnreadableRecord {
  readonly problem: unknown

  constructor(problem: unknown) {
    this.problem = problem
  }
}

function isPromise(value: unknown): value is PromiseLike<unknown> {
  return typeof (value as { then?: unknown } | null | undefined)?.then === 'function'
}

/** Records of one partition and key share a lane; those without a key have none. */
function laneOf({ record, piece }: Work): string | null {
  const bytes = record!.keyBytes
  if (bytes === null) return null
  const key = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length).toString('latin1')
  return `${piece.held.partition.key}/${key}`
}
