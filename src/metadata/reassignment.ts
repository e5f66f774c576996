/**
 * Moving replicas (KIP-455): what is being added and removed, when the move is complete, and how to
 * take it back.
 */
import type { PartitionImage } from './topics.ts'

/** The replica lists of a partition whose replicas move. */
export interface Reassignment {
  readonly removing: readonly number[]
  readonly adding: readonly number[]
  /** All replicas for as long as the move lasts: the new ones, then those to go. */
  readonly replicas: readonly number[]
}

/** The move from one set of replicas to another. */
export function reassignmentTo(
  current: readonly number[],
  target: readonly number[],
): Reassignment {
  const removing = without(current, target).sort((a, b) => a - b)
  const adding = without(target, current).sort((a, b) => a - b)
  return { removing, adding, replicas: [...target, ...removing] }
}

/** Replicas and ISR once the move is done, or null while it is not (or where there is none). */
export function completedReassignment(
  move: Reassignment,
  isr: readonly number[],
): { readonly replicas: readonly number[]; readonly isr: readonly number[] } | null {
  if (move.removing.length === 0 && move.adding.length === 0) return null
  const newIsr = without(isr, move.removing)
  const replicas = without(move.replicas, move.removing)
  if (newIsr.length === 0 || replicas.length === 0) return null
  // All that join must be in sync; where the factor shrinks, all that stay must be, or the move
  // would make the ISR smaller than it need be.
  if (!containsAll(newIsr, move.adding)) return null
  if (move.adding.length < move.removing.length && !containsAll(newIsr, replicas)) return null
  return { replicas, isr: newIsr }
}

/** What a partition goes back to when its move is cancelled. */
export interface RevertedReassignment {
  readonly replicas: readonly number[]
  readonly isr: readonly number[]
  /** True where none of the ISR was there before the move, so that data may be lost. */
  readonly unclean: boolean
}

/** Takes a move back; null where nothing would be left. */
export function revertedReassignment(partition: PartitionImage): RevertedReassignment | null {
  const replicas = without(partition.replicas, partition.addingReplicas)
  const isr = without(partition.isr, partition.addingReplicas)
  if (isr.length > 0) return { replicas, isr, unclean: false }
  return replicas.length === 0 ? null : { replicas, isr: [replicas[0]!], unclean: true }
}

function without(list: readonly number[], removed: readonly number[]): number[] {
  return list.filter((item) => !removed.includes(item))
}

/** Whether `list` has all of `items`. */
export function containsAll(list: readonly number[], items: readonly number[]): boolean {
  return items.every((item) => list.includes(item))
}
