/**
 * The partitions that one broker leads and that have something to send: which of their batches go
 * into the next request. Nothing here sends or waits.
 *
 * Invariant: a partition is in the list of one lane at most, and in one as long as batches wait.
 */
import type { ProducerBatch } from './batch.ts'
import type { ProducerSettings } from './options.ts'
import type { PartitionQueue } from './partition-queue.ts'

/** Whether batches that are not full may go, whatever their age. */
export interface Urgency {
  /** Someone waits for all of them, or for memory. */
  readonly isUrgent: boolean
}

export class Lane {
  readonly brokerId: number
  /** Requests that are not answered. */
  inFlight = 0
  /** Since when the broker owes an answer and gives none; Infinity where it owes none. */
  stalledSinceMs = Infinity
  queues: PartitionQueue[] = []

  constructor(brokerId: number) {
    this.brokerId = brokerId
  }

  list(queue: PartitionQueue): void {
    queue.isListed = true
    this.queues.push(queue)
  }

  /**
   * When there is something to send: `nowMs` or before for now, Infinity for not before something
   * else happens.
   */
  dueMs(nowMs: number, settings: ProducerSettings, { isUrgent }: Urgency): number {
    const { lingerMs, maxInFlight, isIdempotent } = settings
    // Without a time to linger, batches that are not full go when nothing is on its way.
    const partialIsDue = isUrgent || (lingerMs === 0 && this.inFlight === 0)
    let dueMs = Infinity
    for (const queue of this.queues) {
      const head = queue.waiting[0]
      if (head === undefined) continue
      if (queue.next(Infinity, maxInFlight, isIdempotent) === null) continue
      let headDueMs = head.notBeforeMs
      if (!partialIsDue && !isComplete(queue, head)) {
        headDueMs = lingerMs === 0 ? Infinity : Math.max(headDueMs, head.createdMs + lingerMs)
      }
      if (headDueMs <= nowMs) return headDueMs
      if (headDueMs < dueMs) dueMs = headDueMs
    }
    return dueMs
  }

  /**
   * What goes into one request: one batch of each partition that has one, in turn where not all
   * fit. `accept` may decline a batch. Partitions without waiting batches leave the list.
   */
  collect(
    nowMs: number,
    settings: ProducerSettings,
    accept: (queue: PartitionQueue, batch: ProducerBatch) => boolean,
  ): { readonly queue: PartitionQueue; readonly batch: ProducerBatch }[] {
    const taken = []
    const kept: PartitionQueue[] = []
    const served: PartitionQueue[] = []
    let sizeBytes = 0
    for (const queue of this.queues) {
      if (queue.waiting.length === 0) {
        queue.isListed = false
        continue
      }
      const batch = queue.next(nowMs, settings.maxInFlight, settings.isIdempotent)
      const fits =
        batch !== null &&
        (taken.length === 0 || sizeBytes + batch.sizeBytes <= settings.maxRequestBytes)
      if (!fits || !accept(queue, batch)) {
        kept.push(queue)
        continue
      }
      sizeBytes += batch.sizeBytes
      taken.push({ queue, batch })
      queue.sent(batch)
      if (queue.waiting.length > 0) served.push(queue)
      else queue.isListed = false
    }
    for (const queue of served) kept.push(queue)
    this.queues = kept
    return taken
  }

  /** Takes out the partitions that another broker leads now. */
  moved(): PartitionQueue[] {
    const moved = this.queues.filter((queue) => queue.leader !== this.brokerId)
    if (moved.length === 0) return moved
    this.queues = this.queues.filter((queue) => queue.leader === this.brokerId)
    for (const queue of moved) queue.isListed = false
    return moved
  }
}

/** Nothing more will go into its batch, so there is nothing to linger for. */
function isComplete(queue: PartitionQueue, head: ProducerBatch): boolean {
  return head.isClosed || queue.waiting.length > 1
}
