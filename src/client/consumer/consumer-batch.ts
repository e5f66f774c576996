/**
 * Records of one partition that came together, as the program gets them: iterate it, as often as
 * you like. What a batch has been read to is the loop's business, not the batch's.
 */
import type { CallOptions } from '../call.ts'
import type { ConsumerRecord } from '../record.ts'
import type { TopicLike, TopicPartition } from '../topic.ts'
import type { HeldPiece } from './delivery.ts'
import { PieceIterator } from './fetched-data.ts'

/** What `batch.commit` calls. */
export type BatchCommit = (held: HeldPiece, options: CallOptions) => Promise<void>

/** A batch of one partition, at least one record long. */
export class ConsumerBatch<T extends TopicLike = string>
  implements Iterable<ConsumerRecord<T>>, TopicPartition
{
  readonly topic: string
  readonly partition: number
  /** How many records it has. */
  readonly length: number
  /** Its first offset; none of its records has a smaller one. */
  readonly firstOffset: number
  /** Where the partition goes on behind it, and what `commit` commits. */
  readonly nextOffset: number
  /** The leader epoch of its last record, -1 where it is not known. */
  readonly leaderEpoch: number
  /** The end of the log when it was handed over; -1 where it is not known. */
  readonly highWatermark: number
  /** Aborts when the partition is revoked or lost, and when the consumer is closed. */
  readonly signal: AbortSignal
  readonly #held: HeldPiece
  readonly #commit: BatchCommit

  constructor(held: HeldPiece, commit: BatchCommit) {
    const { partition, piece, end } = held
    this.topic = partition.topic
    this.partition = partition.partition
    this.length = piece.count
    this.firstOffset = piece.firstOffset
    this.nextOffset = end
    this.leaderEpoch = piece.leaderEpoch
    this.highWatermark = partition.highWatermark
    this.signal = partition.abort.signal
    this.#held = held
    this.#commit = commit
  }

  [Symbol.iterator](): IterableIterator<ConsumerRecord<T>> {
    const { data, segments } = this.#held.piece
    return new PieceIterator(data, segments) as unknown as IterableIterator<ConsumerRecord<T>>
  }

  /** Its records as a list. */
  records(): ConsumerRecord<T>[] {
    return [...this]
  }

  /** Commits all of it: a consumer that comes after this one begins behind it. */
  commit(options: CallOptions = {}): Promise<void> {
    return this.#commit(this.#held, options)
  }
}
