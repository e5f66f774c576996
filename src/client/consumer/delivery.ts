/**
 * The way of records from the partitions' queues to the program: partitions that have some stand in
 * line and take turns, piece by piece.
 *
 * Invariant: a piece is with the program from `take` to `done` or `giveBack`; its memory is counted
 * until then. `seen` of its partition, which is what may be committed, moves by what the program
 * was done with, and never while a seek or reset has come in between.
 */
import type { Clock } from '../../io/io.ts'
import { KafkaError } from '../kafka-error.ts'
import type { AssignedPartition, Taken } from './assigned-partition.ts'
import type { Piece } from './fetched-data.ts'
import type { Fetcher } from './fetcher.ts'

/** A piece that is with the program. */
export interface HeldPiece {
  readonly partition: AssignedPartition
  readonly piece: Piece
  /** Where the partition was before it. */
  readonly from: number
  /** What is committed once all of it is done. */
  readonly end: number
  readonly sizeBytes: number
  readonly epoch: number
  readonly round: number
}

export interface TakeOptions {
  readonly maxRecords?: number
  /** This partition only; any where left out. */
  readonly only?: AssignedPartition
  /** Takes of partitions of which the program holds a piece already. */
  readonly mayOverlap?: boolean
}

export class Delivery {
  readonly #fetcher: Fetcher
  readonly #clock: Clock
  /** Partitions that have something, in the order in which they are served. */
  #line: AssignedPartition[] = []
  readonly #failed = new Set<AssignedPartition>()
  readonly #waiters = new Set<() => void>()
  records = 0
  /** Pieces that are with the program, of partitions that have gone too. */
  held = 0

  constructor(fetcher: Fetcher, clock: Clock) {
    this.#fetcher = fetcher
    this.#clock = clock
  }

  /** To be called when a partition may have something now. */
  offer(partition: AssignedPartition): void {
    if (!partition.hasMore) return
    if (!partition.isReady) {
      partition.isReady = true
      this.#line.push(partition)
    }
    this.wake()
  }

  /** The program is to hear of `error` when it asks next; it is tried again after that. */
  fail(partition: AssignedPartition, error: KafkaError): void {
    partition.failure = error
    this.#failed.add(partition)
    this.wake()
  }

  /** Partitions that are gone. */
  remove(partition: AssignedPartition): void {
    this.#failed.delete(partition)
    partition.isReady = false
    this.#line = this.#line.filter((other) => other !== partition)
    this.#fetcher.release(partition.bufferedBytes)
    partition.bufferedBytes = 0
    partition.queue.length = 0
    partition.round++
    this.wake()
  }

  /** Resolves when there may be something new (records, an error, the end), or `signal` aborts. */
  changed(signal: AbortSignal | undefined): Promise<void> {
    return new Promise((resolve) => {
      const end = () => {
        this.#waiters.delete(end)
        signal?.removeEventListener('abort', end)
        resolve()
      }
      this.#waiters.add(end)
      signal?.addEventListener('abort', end, { once: true })
    })
  }

  wake(): void {
    for (const end of [...this.#waiters]) end()
  }

  /** Whether records wait that the program could have. */
  get hasRecords(): boolean {
    return this.#line.some((partition) => partition.hasMore)
  }

  /**
   * The next piece, or null where there is none for now. Throws what a partition failed with. Where
   * data is damaged it is asked for once more before that is said.
   */
  take({ maxRecords = Infinity, only, mayOverlap = false }: TakeOptions = {}): HeldPiece | null {
    this.#throwFailure(only)
    const turns = this.#line.length
    for (let turn = 0; turn < turns; turn++) {
      const partition = this.#line.shift()!
      if (!partition.hasMore) {
        // Paused or moved: it is offered again when it has something.
        partition.isReady = false
        continue
      }
      this.#line.push(partition)
      if (only !== undefined && partition !== only) continue
      if (partition.held > 0 && !mayOverlap) continue
      const held = this.#takeFrom(partition, maxRecords)
      if (held !== null) return held
    }
    return null
  }

  #throwFailure(only: AssignedPartition | undefined): void {
    for (const partition of this.#failed) {
      if (only !== undefined && partition !== only) continue
      this.#failed.delete(partition)
      const { failure } = partition
      partition.failure = null
      if (failure !== null) throw failure
    }
  }

  #takeFrom(partition: AssignedPartition, maxRecords: number): HeldPiece | null {
    const { bufferedBytes: beforeBytes, taken: from } = partition
    try {
      const taken = partition.take(maxRecords)
      partition.takenAtMs = this.#clock.monotonicMs()
      if (taken !== null) return this.#hold(partition, taken, from)
      // All of it was hidden: there is nothing to see up to here.
      if (partition.held === 0) {
        partition.position = partition.taken
        partition.seen = partition.taken
      }
      return null
    } catch (error) {
      if (!this.#isToBeFetchedAgain(partition, error)) throw error
      partition.fetchAgain()
      return null
    } finally {
      this.#fetcher.release(beforeBytes - partition.bufferedBytes)
      if (this.#fetcher.wants(partition)) this.#fetcher.pump()
    }
  }

  #hold(partition: AssignedPartition, taken: Taken, from: number): HeldPiece {
    const { piece, end, sizeBytes } = taken
    const { epoch, round } = partition
    partition.held++
    this.held++
    partition.position = end
    this.records += piece.count
    return { partition, piece, from, end, sizeBytes, epoch, round }
  }

  /** Memory or a wire may have been at fault; what is damaged on the disk stays so. */
  #isToBeFetchedAgain(partition: AssignedPartition, error: unknown): boolean {
    const isDamaged = error instanceof KafkaError && error.code === 'CORRUPT_DATA'
    if (!isDamaged || partition.damagedAt === partition.taken || partition.held > 0) return false
    partition.damagedAt = partition.taken
    return true
  }

  /** Whether what is done with the piece still counts. */
  isCurrent(held: HeldPiece): boolean {
    return held.partition.epoch === held.epoch
  }

  /** The program is done with the piece: it was seen, unless someone else keeps book of that. */
  done(held: HeldPiece, isSeen = true): void {
    const { partition } = held
    if (isSeen && this.isCurrent(held)) {
      partition.seen = held.end
      partition.seenEpoch = held.piece.leaderEpoch
    }
    this.#release(held)
  }

  /** The program goes without having seen all of the piece: the rest is delivered again. */
  giveBack(held: HeldPiece): void {
    const { partition, piece } = held
    const isWhole = partition.round === held.round && partition.seen >= held.from
    if (this.isCurrent(held) && isWhole && partition.held === 1) {
      partition.putBack(piece.data)
      this.held--
      partition.letGo()
      this.offer(partition)
      return
    }
    if (this.isCurrent(held)) this.rewind(partition)
    this.#release(held)
  }

  /** Goes back to what was seen, and fetches the rest again. */
  rewind(partition: AssignedPartition): void {
    const { seen, seenEpoch } = partition
    this.#fetcher.release(partition.moveTo(seen, seenEpoch, this.#clock.monotonicMs()))
  }

  #release(held: HeldPiece): void {
    const { partition, sizeBytes, round } = held
    if (partition.round === round) {
      partition.bufferedBytes -= sizeBytes
      this.#fetcher.release(sizeBytes)
    }
    this.held--
    partition.letGo()
    this.offer(partition)
    if (this.#fetcher.wants(partition)) this.#fetcher.pump()
  }
}
