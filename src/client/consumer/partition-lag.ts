/** How far a partition has been read, from what its fetches told. */
import type { TopicPartition } from '../topic.ts'
import type { AssignedPartition } from './assigned-partition.ts'

/** How far a partition has been read. -1 where it is not known (yet). */
export interface PartitionLag extends TopicPartition {
  /** The next record for the program. */
  readonly position: number
  /** What was last committed, as far as this consumer knows. */
  readonly committed: number
  readonly logStartOffset: number
  readonly highWatermark: number
  readonly lastStableOffset: number
  /** Records between the position and the end of what this consumer may read. */
  readonly lag: number
  readonly isPaused: boolean
}

export function lagOf(assigned: AssignedPartition, isReadCommitted: boolean): PartitionLag {
  const { topic, partition, position, committed, isPaused } = assigned
  const { logStartOffset, highWatermark, lastStableOffset } = assigned
  const end = assigned.end(isReadCommitted)
  const lag = end < 0 || position < 0 ? -1 : Math.max(0, end - position)
  const ends = { logStartOffset, highWatermark, lastStableOffset }
  return { topic, partition, position, committed, ...ends, lag, isPaused }
}
