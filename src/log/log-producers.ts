/**
 * The producers of one log: their state in memory, its snapshots on disk, and the first offset that
 * readers of committed data must not see. The log tells it what is appended, committed and cut.
 */
import { ErrorCode } from '../protocol/errors.ts'
import type { AppendInfo } from '../records/append.ts'
import { hasProducerId } from '../records/batch.ts'
import type { AppendContext } from './append-result.ts'
import type { LastRecordOfProducer } from './cleaner-filter.ts'
import { rebuildProducers, takeSnapshot } from './producer-recovery.ts'
import type { ProducerSnapshots } from './producer-snapshots.ts'
import type { ProducerBatch, ProducerState, ProducerUpdate } from './producer-state.ts'
import type { Segment } from './segment.ts'
import type { Segments } from './segments.ts'

/** What checking the producers of an append has come to. */
export interface CheckedProducers {
  readonly error: ErrorCode
  readonly message: string
  /** The batch that an idempotent producer is sending again. */
  readonly duplicate: ProducerBatch | null
  readonly update: ProducerUpdate
}

export class LogProducers {
  readonly state: ProducerState
  readonly snapshots: ProducerSnapshots
  readonly #expirationMs: number

  constructor(state: ProducerState, snapshots: ProducerSnapshots, expirationMs: number) {
    this.state = state
    this.snapshots = snapshots
    this.#expirationMs = expirationMs
  }

  /** Checks epochs and sequence numbers of batches that have their offsets; changes nothing. */
  check(info: AppendInfo, context: AppendContext): CheckedProducers {
    const update = this.state.beginUpdate(context.origin, context.transactionVersion)
    const { bytes } = info
    for (const { at } of info.batches) {
      if (!hasProducerId(bytes, at)) continue
      const duplicate = update.duplicateOf(bytes, at)
      if (duplicate !== null) return { error: ErrorCode.NONE, message: '', duplicate, update }
      const error = update.add(bytes, at)
      const { message } = update
      if (error !== ErrorCode.NONE) return { error, message, duplicate: null, update }
    }
    return { error: ErrorCode.NONE, message: '', duplicate: null, update }
  }

  /** The checked batches are part of `segment` now, and the log ends at `endOffset`. */
  commit(update: ProducerUpdate, segment: Segment, endOffset: number): void {
    update.commit()
    for (const completed of update.completed) {
      const lastStableOffset = this.state.lastStableOffset(completed)
      if (completed.aborted) segment.addAborted({ ...completed, lastStableOffset })
      this.state.completeTransaction(completed)
    }
    this.state.mapEndOffset = endOffset
  }

  /** The first offset of a transaction that is open, or ended but not committed; -1 for none. */
  firstUnstableOffset(logStartOffset: number): number {
    const first = this.state.firstUnstableOffset()
    return first < 0 ? -1 : Math.max(first, logStartOffset)
  }

  logStartMoved(offset: number): void {
    this.state.onHighWatermark(offset)
    this.state.mapEndOffset = Math.max(this.state.mapEndOffset, offset)
  }

  /** Saves the state, if it says more than the last snapshot. */
  takeSnapshot(logStartOffset: number): void {
    takeSnapshot(this.state, this.snapshots, logStartOffset)
  }

  /** Goes back to the state at `endOffset`, where the log was cut. */
  rewind(segments: Segments, logStartOffset: number, endOffset: number, nowMs: number): void {
    const { state, snapshots } = this
    const expiresBeforeMs = nowMs - this.#expirationMs
    rebuildProducers({ state, snapshots, segments, logStartOffset, expiresBeforeMs }, endOffset)
    this.takeSnapshot(logStartOffset)
  }

  /** The log is empty and goes on at `offset`. */
  clear(offset: number): void {
    this.snapshots.removeWhere(() => true)
    this.state.clear(offset)
  }

  removeExpired(nowMs: number): void {
    this.state.removeExpired(nowMs - this.#expirationMs)
  }

  /** What each producer wrote last, for the cleaner. */
  lastRecords(): Map<number, LastRecordOfProducer> {
    const records = new Map<number, LastRecordOfProducer>()
    for (const { producerId, epoch, batches } of this.state.entries.values()) {
      const lastDataOffset = batches.at(-1)?.lastOffset ?? -1
      records.set(producerId, { lastDataOffset, producerEpoch: epoch })
    }
    return records
  }
}
