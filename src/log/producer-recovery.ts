/**
 * Brings the producer state of a log to a given offset: from the newest snapshot at or below it,
 * and from the headers of the batches after that snapshot. Used when a log is opened and when it is
 * truncated.
 */
import { assert } from '../base/assert.ts'
import { ErrorCode } from '../protocol/errors.ts'
import { baseOffset, isControl, lastOffset } from '../records/batch.ts'
import { BatchWalker } from './batch-walker.ts'
import type { ProducerSnapshots } from './producer-snapshots.ts'
import { type CompletedTransaction, ProducerState } from './producer-state.ts'
import type { Segment } from './segment.ts'
import type { Segments } from './segments.ts'
import { TransactionIndex } from './transaction-index.ts'

export interface ProducerRebuild {
  readonly state: ProducerState
  readonly snapshots: ProducerSnapshots
  readonly segments: Segments
  readonly logStartOffset: number
  /** Producers whose last batch is not later than this are forgotten. */
  readonly expiresBeforeMs: number
}

/**
 * Makes the state that of `endOffset`. Snapshots beyond it, or before the log start, are removed.
 */
export function rebuildProducers(rebuild: ProducerRebuild, endOffset: number): void {
  const { state, snapshots, segments, logStartOffset } = rebuild
  snapshots.removeWhere((offset) => offset > endOffset || offset <= logStartOffset)
  const latest = snapshots.loadLatest()
  if (latest === null) state.clear(logStartOffset)
  else state.restore(latest.entries, latest.offset, rebuild.expiresBeforeMs)
  if (state.mapEndOffset >= endOffset) return
  // Snapshots are kept for the last two segments, so that a truncation has one to start from.
  const kept = new Set(segments.all.slice(-2).map((segment) => segment.baseOffset))
  for (const segment of segments.overlapping(state.mapEndOffset, endOffset)) {
    const from = Math.max(segment.baseOffset, state.mapEndOffset, logStartOffset)
    state.mapEndOffset = from
    if (kept.has(segment.baseOffset)) takeSnapshot(state, snapshots, logStartOffset)
    replaySegment(state, segment, from, endOffset)
  }
  state.mapEndOffset = endOffset
}

/** Saves the state, unless there is a snapshot of it. */
export function takeSnapshot(
  state: ProducerState,
  snapshots: ProducerSnapshots,
  logStartOffset: number,
): void {
  if (state.mapEndOffset <= Math.max(snapshots.latest, logStartOffset)) return
  snapshots.write(state.mapEndOffset, state.entries.values())
}

/** The aborted transactions of `target`, from all batches of the log up to its end. */
export function findAborted(segments: Segments, target: Segment): TransactionIndex {
  const state = new ProducerState()
  const index = new TransactionIndex()
  for (const segment of segments.all) {
    if (segment.baseOffset > target.baseOffset) break
    replaySegment(state, segment, segment.baseOffset, Infinity, (completed) => {
      const lastStableOffset = state.lastStableOffset(completed)
      if (segment === target && completed.aborted) index.append({ ...completed, lastStableOffset })
    })
  }
  return index
}

function replaySegment(
  state: ProducerState,
  segment: Segment,
  from: number,
  to: number,
  onCompleted: (completed: CompletedTransaction) => void = () => {},
): void {
  if (segment.sizeBytes === 0) return
  const start = segment.startFor(from)
  const file = segment.file()
  const walker = new BatchWalker(file, start, segment.sizeBytes, false)
  while (walker.next()) {
    const { buffer, at } = walker
    if (lastOffset(buffer, at) < from) continue
    if (baseOffset(buffer, at) >= to) return
    if (isControl(buffer, at)) {
      const whole = new Uint8Array(walker.sizeBytes)
      file.read(whole, walker.position)
      for (const completed of replayBatch(state, whole, 0)) onCompleted(completed)
    } else {
      replayBatch(state, buffer, at)
    }
  }
}

/** Takes a batch of the log into the state; returns the transactions that it completed. */
export function replayBatch(
  state: ProducerState,
  bytes: Uint8Array,
  at: number,
): readonly CompletedTransaction[] {
  const update = state.beginUpdate('replication')
  const error = update.add(bytes, at)
  assert(error === ErrorCode.NONE, 'a batch of the log is never refused')
  update.commit()
  for (const completed of update.completed) state.completeTransaction(completed)
  state.mapEndOffset = lastOffset(bytes, at) + 1
  return update.completed
}
