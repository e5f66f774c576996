/**
 * What one log knows of its idempotent and transactional producers: the epoch, the last five
 * batches (to answer a retry with the offset of the first attempt), and transactions under way.
 *
 * An append goes through a `ProducerUpdate`: `add` checks each batch against copies, `commit` makes
 * them the state, so a refused batch changes nothing. Invariant: `mapEndOffset` is the log end
 * offset up to which batches have been taken in.
 *
 * KIP-98 (exactly once), KIP-447, KIP-890 (epoch bump at the end of a transaction).
 */
import { ErrorCode } from '../protocol/errors.ts'
import type { AppendOrigin } from '../records/append.ts'
import {
  baseOffset,
  baseSequence,
  decrementSequence,
  isControl,
  isTransactional,
  lastOffset,
  lastSequence,
  MAX_SEQUENCE,
  maxTimestampMs,
  NO_PRODUCER_EPOCH,
  NO_PRODUCER_ID,
  NO_SEQUENCE,
  producerEpoch,
  producerId,
} from '../records/batch.ts'
import { type EndTransactionMarker, readEndTransactionMarker } from './end-transaction-marker.ts'

const BATCHES_KEPT = 5
const MAX_EPOCH = 0x7fff

/** One of the last batches of a producer. */
export interface ProducerBatch {
  readonly lastSequence: number
  readonly lastOffset: number
  readonly offsetDelta: number
  readonly timestampMs: number
}

export class ProducerEntry {
  readonly producerId: number
  epoch: number
  coordinatorEpoch: number
  lastTimestampMs: number
  /** Where its transaction under way began, or -1. */
  transactionFirstOffset: number
  /** Oldest first, at most five. */
  batches: ProducerBatch[]

  constructor(
    id: number,
    epoch: number,
    coordinatorEpoch: number,
    lastTimestampMs: number,
    transactionFirstOffset: number,
    batches: ProducerBatch[],
  ) {
    this.producerId = id
    this.epoch = epoch
    this.coordinatorEpoch = coordinatorEpoch
    this.lastTimestampMs = lastTimestampMs
    this.transactionFirstOffset = transactionFirstOffset
    this.batches = batches
  }

  static unknown(id: number): ProducerEntry {
    return new ProducerEntry(id, NO_PRODUCER_EPOCH, -1, -1, -1, [])
  }

  copy(): ProducerEntry {
    return new ProducerEntry(
      this.producerId,
      this.epoch,
      this.coordinatorEpoch,
      this.lastTimestampMs,
      this.transactionFirstOffset,
      this.batches.slice(),
    )
  }

  get lastSequence(): number {
    return this.batches.at(-1)?.lastSequence ?? NO_SEQUENCE
  }

  /** The earlier batch with the same sequence numbers, if it is among the last five. */
  findDuplicate(epoch: number, firstSequence: number, last: number): ProducerBatch | null {
    if (epoch !== this.epoch) return null
    for (const batch of this.batches) {
      if (batch.lastSequence !== last) continue
      if (decrementSequence(batch.lastSequence, batch.offsetDelta) === firstSequence) return batch
    }
    return null
  }

  addBatch(epoch: number, batch: ProducerBatch): void {
    this.moveToEpoch(epoch)
    if (this.batches.length === BATCHES_KEPT) this.batches.shift()
    this.batches.push(batch)
    this.lastTimestampMs = batch.timestampMs
  }

  moveToEpoch(epoch: number): void {
    if (this.epoch === epoch) return
    this.batches = []
    this.epoch = epoch
  }
}

/** A producer as DescribeProducers shows it. */
export interface ActiveProducer {
  readonly producerId: number
  readonly producerEpoch: number
  readonly lastSequence: number
  readonly lastTimestamp: number
  readonly coordinatorEpoch: number
  readonly currentTxnStartOffset: number
}

/** A transaction that has begun in this log. */
export interface OngoingTransaction {
  readonly producerId: number
  readonly firstOffset: number
}

export interface CompletedTransaction extends OngoingTransaction {
  /** The offset of its marker. */
  readonly lastOffset: number
  readonly aborted: boolean
}

export class ProducerState {
  readonly entries = new Map<number, ProducerEntry>()
  mapEndOffset = 0
  /** By first offset, in that order. */
  #ongoing = new Map<number, OngoingTransaction>()
  /** Completed, but the marker is not below the high watermark yet. */
  #unreplicated = new Map<number, CompletedTransaction>()

  get isEmpty(): boolean {
    return this.entries.size === 0 && this.#unreplicated.size === 0
  }

  /** What is known of each producer. */
  describe(): ActiveProducer[] {
    return Array.from(this.entries.values(), (entry) => ({
      producerId: entry.producerId,
      producerEpoch: entry.epoch,
      lastSequence: entry.lastSequence,
      lastTimestamp: entry.lastTimestampMs,
      coordinatorEpoch: entry.coordinatorEpoch,
      currentTxnStartOffset: entry.transactionFirstOffset,
    }))
  }

  /** The first offset that a reader of committed data must not see yet, or -1. */
  firstUnstableOffset(): number {
    let first = this.#firstOngoing()
    for (const offset of this.#unreplicated.keys()) {
      if (first < 0 || offset < first) first = offset
    }
    return first
  }

  #firstOngoing(): number {
    for (const offset of this.#ongoing.keys()) return offset
    return -1
  }

  /** What the last stable offset will be once this transaction's marker is written. */
  lastStableOffset(completed: CompletedTransaction): number {
    for (const transaction of this.#ongoing.values()) {
      if (transaction.producerId !== completed.producerId) return transaction.firstOffset
    }
    return completed.lastOffset + 1
  }

  completeTransaction(completed: CompletedTransaction): void {
    this.#ongoing.delete(completed.firstOffset)
    this.#unreplicated.set(completed.firstOffset, completed)
  }

  onHighWatermark(highWatermark: number): void {
    if (this.#unreplicated.size === 0) return
    for (const [first, completed] of this.#unreplicated) {
      if (completed.lastOffset < highWatermark) this.#unreplicated.delete(first)
    }
  }

  beginUpdate(origin: AppendOrigin, transactionVersion = 0): ProducerUpdate {
    return new ProducerUpdate(this, origin, transactionVersion)
  }

  /** For `ProducerUpdate`. */
  adopt(entry: ProducerEntry, started: readonly OngoingTransaction[]): void {
    this.entries.set(entry.producerId, entry)
    for (const transaction of started) this.#ongoing.set(transaction.firstOffset, transaction)
  }

  /** Replaces everything by a snapshot's entries, leaving out those that have expired. */
  restore(entries: readonly ProducerEntry[], offset: number, expiresBeforeMs: number): void {
    this.clear(offset)
    const ongoing: OngoingTransaction[] = []
    for (const entry of entries) {
      if (isExpired(entry, expiresBeforeMs)) continue
      this.entries.set(entry.producerId, entry)
      if (entry.transactionFirstOffset < 0) continue
      ongoing.push({ producerId: entry.producerId, firstOffset: entry.transactionFirstOffset })
    }
    ongoing.sort((a, b) => a.firstOffset - b.firstOffset)
    for (const transaction of ongoing) this.#ongoing.set(transaction.firstOffset, transaction)
  }

  clear(mapEndOffset: number): void {
    this.entries.clear()
    this.#ongoing.clear()
    this.#unreplicated.clear()
    this.mapEndOffset = mapEndOffset
  }

  /** Forgets producers whose last batch is older than that and who have no transaction open. */
  removeExpired(expiresBeforeMs: number): void {
    for (const [id, entry] of this.entries) {
      if (isExpired(entry, expiresBeforeMs)) this.entries.delete(id)
    }
  }
}

function isExpired(entry: ProducerEntry, expiresBeforeMs: number): boolean {
  return entry.transactionFirstOffset < 0 && entry.lastTimestampMs <= expiresBeforeMs
}

export class ProducerUpdate {
  readonly completed: CompletedTransaction[] = []
  /** Says what was wrong after `add` returned an error. */
  message = ''
  readonly #state: ProducerState
  readonly #origin: AppendOrigin
  readonly #transactionVersion: number
  readonly #changed = new Map<number, ProducerEntry>()
  readonly #started: OngoingTransaction[] = []

  constructor(state: ProducerState, origin: AppendOrigin, transactionVersion: number) {
    this.#state = state
    this.#origin = origin
    this.#transactionVersion = transactionVersion
  }

  /** The earlier batch that this one repeats, if it is among the last five of its producer. */
  duplicateOf(bytes: Uint8Array, at: number): ProducerBatch | null {
    if (this.#origin !== 'client') return null
    const entry = this.#state.entries.get(producerId(bytes, at))
    if (entry === undefined) return null
    const first = baseSequence(bytes, at)
    return entry.findDuplicate(producerEpoch(bytes, at), first, lastSequence(bytes, at))
  }

  /** Checks the batch at `at`, which has its offsets, and takes it into the copies. */
  add(bytes: Uint8Array, at: number): ErrorCode {
    const id = producerId(bytes, at)
    if (id === NO_PRODUCER_ID) return ErrorCode.NONE
    let entry = this.#changed.get(id)
    if (entry === undefined) {
      entry = this.#state.entries.get(id)?.copy() ?? ProducerEntry.unknown(id)
      this.#changed.set(id, entry)
    }
    if (!isControl(bytes, at)) return this.#addData(entry, bytes, at)
    const marker = readEndTransactionMarker(bytes, at)
    return marker === null ? ErrorCode.NONE : this.#addMarker(entry, bytes, at, marker)
  }

  commit(): void {
    let started: readonly OngoingTransaction[] = this.#started
    for (const entry of this.#changed.values()) {
      this.#state.adopt(entry, started)
      started = []
    }
  }

  #addData(entry: ProducerEntry, bytes: Uint8Array, at: number): ErrorCode {
    const epoch = producerEpoch(bytes, at)
    const first = baseOffset(bytes, at)
    let error = this.#checkEpoch(entry, epoch, first, 0)
    if (error === ErrorCode.NONE && this.#origin === 'client') {
      error = this.#checkSequence(entry, epoch, baseSequence(bytes, at), first)
    }
    if (error !== ErrorCode.NONE) return error
    const transactional = isTransactional(bytes, at)
    if (entry.transactionFirstOffset >= 0 && !transactional && this.#origin !== 'replication') {
      this.message = `Expected transactional write from producer ${entry.producerId} at offset ${first}`
      return ErrorCode.INVALID_TXN_STATE
    }
    const last = lastOffset(bytes, at)
    entry.addBatch(epoch, {
      lastSequence: lastSequence(bytes, at),
      lastOffset: last,
      offsetDelta: last - first,
      timestampMs: maxTimestampMs(bytes, at),
    })
    if (transactional && entry.transactionFirstOffset < 0) {
      entry.transactionFirstOffset = first
      this.#started.push({ producerId: entry.producerId, firstOffset: first })
    }
    return ErrorCode.NONE
  }

  #addMarker(
    entry: ProducerEntry,
    bytes: Uint8Array,
    at: number,
    marker: EndTransactionMarker,
  ): ErrorCode {
    const epoch = producerEpoch(bytes, at)
    const offset = baseOffset(bytes, at)
    const error = this.#checkEpoch(entry, epoch, offset, this.#transactionVersion)
    if (error !== ErrorCode.NONE) return error
    if (entry.coordinatorEpoch > marker.coordinatorEpoch && this.#origin !== 'replication') {
      this.message =
        `Invalid coordinator epoch for producerId ${entry.producerId} at offset ${offset}: ` +
        `${marker.coordinatorEpoch} (zombie), ${entry.coordinatorEpoch} (current)`
      return ErrorCode.TRANSACTION_COORDINATOR_FENCED
    }
    if (entry.transactionFirstOffset >= 0) {
      this.completed.push({
        producerId: entry.producerId,
        firstOffset: entry.transactionFirstOffset,
        lastOffset: offset,
        aborted: marker.aborted,
      })
    }
    entry.moveToEpoch(epoch)
    entry.coordinatorEpoch = marker.coordinatorEpoch
    entry.transactionFirstOffset = -1
    entry.lastTimestampMs = maxTimestampMs(bytes, at)
    return ErrorCode.NONE
  }

  /** From transaction version 2 on, a marker must come with a higher epoch than the data had. */
  #checkEpoch(entry: ProducerEntry, epoch: number, offset: number, version: number): ErrorCode {
    const bumps = version >= 2
    if (bumps ? epoch > entry.epoch : epoch >= entry.epoch) return ErrorCode.NONE
    if (this.#origin === 'replication') return ErrorCode.NONE
    const again = bumps && epoch === entry.epoch
    if (again && (entry.transactionFirstOffset < 0 || epoch === MAX_EPOCH)) return ErrorCode.NONE
    this.message =
      `Epoch of producer ${entry.producerId} at offset ${offset} is ${epoch}, which is ` +
      `${bumps ? '<=' : '<'} the last seen epoch ${entry.epoch} (TV${version})`
    return ErrorCode.INVALID_PRODUCER_EPOCH
  }

  #checkSequence(entry: ProducerEntry, epoch: number, first: number, offset: number): ErrorCode {
    if (entry.epoch === NO_PRODUCER_EPOCH) return ErrorCode.NONE
    if (epoch !== entry.epoch) {
      if (first === 0) return ErrorCode.NONE
      this.message =
        `Invalid sequence number for new epoch of producer ${entry.producerId} at offset ` +
        `${offset}: ${epoch} (request epoch), ${first} (seq. number), ` +
        `${entry.epoch} (current producer epoch)`
      return ErrorCode.OUT_OF_ORDER_SEQUENCE_NUMBER
    }
    const last = entry.lastSequence
    if (first === last + 1 || (first === 0 && last === MAX_SEQUENCE)) return ErrorCode.NONE
    this.message =
      `Out of order sequence number for producer ${entry.producerId} at offset ${offset}: ` +
      `${first} (incoming seq. number), ${last} (current end sequence number)`
    return ErrorCode.OUT_OF_ORDER_SEQUENCE_NUMBER
  }
}
