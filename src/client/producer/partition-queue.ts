/**
 * The batches of one partition, from the first record to the answer, and their numbers.
 *
 * Invariants, which are what keeps records in order and single:
 * - Batches are sent in the order in which they were made. One that has to be sent again goes
 *   alone, before all that came after it.
 * - A batch keeps its producer id, epoch and sequence for as long as the log may have it, so that
 *   the broker knows it again. It is numbered anew only once an answer has proved the opposite of
 *   it or of one before it: a log that lacks a batch has none that follows it.
 * - The first batch under new numbers goes alone: a broker that knows nothing of a producer takes
 *   whatever number comes first, so a second batch could take the place of a first that was
 *   refused.
 * - After a gap (a batch that failed for good or expired, or numbers that the broker does not
 *   follow) nothing new is sent until what is unresolved is resolved; then the epoch goes up and
 *   the numbers begin at 0. The broker refuses what may still come of the epoch before (KIP-360).
 *   Brokers look at epochs by partition, so each partition has its own.
 *
 * A producer that is not idempotent has no numbers; with more than one request in flight its
 * records may change places when one fails.
 */
import { incrementSequence } from '../../records/batch.ts'
import { isBefore, type ProducerBatch, type ProducerIdentity } from './batch.ts'

const MAX_EPOCH = 0x7fff
const NO_GAP = -1

export class PartitionQueue {
  readonly topic: string
  readonly partition: number
  /** -1 while there is none. */
  leader = -1
  /** Not sent yet or to be sent again, in order; the last one may still take records. */
  readonly waiting: ProducerBatch[] = []
  /** Sent and not answered, in order. */
  readonly inFlight: ProducerBatch[] = []
  /** True while its lane has it in its list. */
  isListed = false
  /** What the latest batch came to: what the next one begins with. */
  usualBytes = 0
  #identity: ProducerIdentity | null = null
  #nextSequence = 0
  /** The broker has taken a batch under these numbers. */
  #isKnown = false
  /** Ordinal of the batch from which on the broker may lack some. */
  #gapAt = NO_GAP

  constructor(topic: string, partition: number) {
    this.topic = topic
    this.partition = partition
  }

  /** The batch that still takes records, if any. */
  get open(): ProducerBatch | undefined {
    const last = this.waiting[this.waiting.length - 1]
    return last === undefined || last.isClosed ? undefined : last
  }

  get isEmpty(): boolean {
    return this.waiting.length === 0 && this.inFlight.length === 0
  }

  /** Which batch may be sent now; null for none. */
  next(nowMs: number, maxInFlight: number, isIdempotent: boolean): ProducerBatch | null {
    const head = this.waiting[0]
    if (head === undefined || head.notBeforeMs > nowMs) return null
    const { inFlight } = this
    if (inFlight.length >= maxInFlight) return null
    if (!isIdempotent) return head
    if (head.hasSequence) {
      // Behind a gap, what the log lacks is refused again: it waits for its new number.
      if (this.#gapAt !== NO_GAP && !head.mayBeWritten) return null
      return inFlight.length === 0 || isBefore(head, inFlight[0]!) ? head : null
    }
    if (this.#gapAt !== NO_GAP) return null
    if (!this.#isKnown && inFlight.length > 0) return null
    for (const batch of inFlight) if (batch.attempts > 1) return null
    return head
  }

  /** Takes the batch that `next` gave and numbers it; false while the old numbers are in use. */
  number(batch: ProducerBatch, current: ProducerIdentity): boolean {
    if (batch.hasSequence) return true
    if (!this.#adopt(current)) return false
    batch.number(this.#identity!, this.#nextSequence)
    this.#nextSequence = incrementSequence(this.#nextSequence, batch.count)
    return true
  }

  /** Moves to what the producer has now, if it has something else than this partition came from. */
  #adopt(current: ProducerIdentity): boolean {
    const own = this.#identity
    if (own !== null && own.producerId === current.producerId) {
      // This partition's epoch may be ahead; it is behind after a transaction.
      if (own.producerEpoch >= current.producerEpoch) return true
    }
    if (this.inFlight.length > 0) return false
    this.#identity = current
    this.#nextSequence = 0
    this.#isKnown = false
    return true
  }

  /** Says that the head was sent. */
  sent(batch: ProducerBatch): void {
    this.waiting.shift()
    batch.attempts++
    batch.mayBeWritten = true
    batch.isOnWire = true
    this.inFlight.push(batch)
    // One that is sent again comes before those that are still in flight.
    if (this.inFlight.length > 1 && batch.attempts > 1) this.inFlight.sort(order)
  }

  /** The log has it. */
  succeeded(batch: ProducerBatch): void {
    remove(this.inFlight, batch)
    if (batch.producerId === this.#identity?.producerId) {
      this.#isKnown ||= batch.producerEpoch === this.#identity.producerEpoch
    }
    // So it has all before it.
    if (batch.ordinal >= this.#gapAt) this.#gapAt = NO_GAP
  }

  /** To be sent again as it is. */
  again(batch: ProducerBatch): void {
    remove(this.inFlight, batch)
    this.#insert(batch)
  }

  /** It is given up: failed for good or expired. The log may have it or not. */
  gaveUp(batch: ProducerBatch): void {
    const wasSent = batch.hasSequence
    remove(this.inFlight, batch)
    remove(this.waiting, batch)
    if (!wasSent) return
    this.#gapAt = Math.max(this.#gapAt, batch.ordinal)
    if (!batch.mayBeWritten) this.#provenMissing(batch)
  }

  /** None before it is unresolved. */
  isFirst(batch: ProducerBatch): boolean {
    const [sent] = this.inFlight
    const [head] = this.waiting
    return (
      (sent === undefined || !isBefore(sent, batch)) &&
      (head === undefined || !isBefore(head, batch))
    )
  }

  /** Its numbers were refused: the log has neither it nor any after it. */
  outOfOrder(batch: ProducerBatch): void {
    batch.mayBeWritten = false
    this.#provenMissing(batch)
    const isFirst = this.isFirst(batch)
    // With none before it to wait for, the broker lacks what we think it has.
    if (isFirst) this.#gapAt = Math.max(this.#gapAt, batch.ordinal - 1)
    this.again(batch)
  }

  /** Its parts take its place. */
  replace(batch: ProducerBatch, parts: readonly ProducerBatch[]): void {
    remove(this.inFlight, batch)
    for (const part of parts) this.#insert(part)
  }

  #provenMissing(missing: ProducerBatch): void {
    for (const batch of this.waiting) {
      if (batch.hasSequence && isBefore(missing, batch)) batch.mayBeWritten = false
    }
  }

  /**
   * Begins a new epoch behind a gap, once all is resolved. Returns the producer id where its epochs
   * are used up and it takes a new one, after which `number` begins anew with that; null else.
   */
  closeGap(): number | null {
    if (this.#gapAt === NO_GAP || this.inFlight.length > 0) return null
    const { waiting } = this
    for (const batch of waiting) if (batch.hasSequence && batch.mayBeWritten) return null
    for (const batch of waiting) if (batch.hasSequence) batch.unnumber()
    this.#gapAt = NO_GAP
    this.#nextSequence = 0
    this.#isKnown = false
    const { producerId, producerEpoch } = this.#identity!
    if (producerEpoch >= MAX_EPOCH) return producerId
    this.#identity = { producerId, producerEpoch: producerEpoch + 1 }
    return null
  }

  /** A transaction is over, and with it what was given up of it. */
  endTransaction(): void {
    this.#gapAt = NO_GAP
  }

  #insert(batch: ProducerBatch): void {
    const { waiting } = this
    let at = 0
    while (at < waiting.length && isBefore(waiting[at]!, batch)) at++
    waiting.splice(at, 0, batch)
  }
}

function order(a: ProducerBatch, b: ProducerBatch): number {
  return isBefore(a, b) ? -1 : 1
}

function remove(list: ProducerBatch[], batch: ProducerBatch): void {
  const at = list.indexOf(batch)
  if (at >= 0) list.splice(at, 1)
}
