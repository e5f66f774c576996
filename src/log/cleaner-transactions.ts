/**
 * What compaction must know of transactions as it walks a log from its start: which batches belong
 * to aborted ones (they can go at once) and which markers have no batch left (they can go after a
 * delay).
 *
 * Invariant: batches are shown in offset order, and aborted transactions are added before the first
 * batch of theirs is shown.
 */
import { isTransactional, lastOffset, producerId } from '../records/batch.ts'
import { ControlType, controlTypeOf } from '../records/control.ts'
import type { RecordCursor } from '../records/record-scan.ts'
import type { AbortedTransaction } from './transaction-index.ts'

interface OngoingAbort {
  readonly transaction: AbortedTransaction
  hasBatches: boolean
}

export class CleanerTransactions {
  /** By first offset. */
  #pending: AbortedTransaction[] = []
  readonly #aborted = new Map<number, OngoingAbort>()
  /** Producers with a batch of a transaction whose commit has not come yet. */
  readonly #committed = new Set<number>()
  readonly #onRetained: (transaction: AbortedTransaction) => void

  /** `onRetained` is told of each aborted transaction of which something is kept. */
  constructor(onRetained: (transaction: AbortedTransaction) => void = () => {}) {
    this.#onRetained = onRetained
  }

  /** Transactions known to have been aborted; the same one may come again. */
  addAborted(transactions: readonly AbortedTransaction[]): void {
    this.#pending.push(...transactions)
    this.#pending.sort((a, b) => a.firstOffset - b.firstOffset)
  }

  /** The next batch, of data. Returns whether its records were aborted. */
  onBatch(b: Uint8Array, at: number): boolean {
    this.#begin(lastOffset(b, at))
    if (!isTransactional(b, at)) return false
    const aborted = this.#aborted.get(producerId(b, at))
    if (aborted === undefined) {
      this.#committed.add(producerId(b, at))
      return false
    }
    aborted.hasBatches = true
    return true
  }

  /** The next batch, of control records, under the cursor. Returns whether nothing needs it. */
  onControlBatch(b: Uint8Array, at: number, cursor: RecordCursor): boolean {
    this.#begin(lastOffset(b, at))
    // An empty one was cleaned before and is kept for its producer's sake at most.
    if (!cursor.next()) return cursor.problem === ''
    const id = producerId(b, at)
    switch (controlTypeOf(cursor.key())) {
      case ControlType.ABORT: {
        const aborted = this.#aborted.get(id)
        this.#aborted.delete(id)
        if (aborted === undefined || !aborted.hasBatches) return true
        this.#onRetained(aborted.transaction)
        return false
      }
      case ControlType.COMMIT:
        return !this.#committed.delete(id)
      default:
        return false
    }
  }

  /** Aborted transactions that have begun by `offset`. */
  #begin(offset: number): void {
    while (this.#pending.length > 0 && this.#pending[0]!.firstOffset <= offset) {
      const transaction = this.#pending.shift()!
      if (this.#aborted.has(transaction.producerId)) continue
      this.#aborted.set(transaction.producerId, { transaction, hasBatches: false })
    }
  }
}
