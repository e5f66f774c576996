/** Replica lists for new partitions: those that a client asks for, and those that are placed. */
import { ErrorCode } from '../../protocol/errors.ts'
import { type ApiError, apiError } from '../api-error.ts'
import { hasUncordonedDirectory } from '../cluster.ts'
import { placeReplicas, type UsableBroker } from '../placement.ts'
import { LeaderRecoveryState, type PartitionImage } from '../topics.ts'
import type { ControllerContext } from './context.ts'

/** Why a client's replica list can't be used; null where it can. */
export function manualAssignmentError(
  context: ControllerContext,
  replicas: readonly number[],
  replicationFactor: number | null,
): ApiError | null {
  const message = manualAssignmentMessage(context, replicas, replicationFactor)
  return message === null ? null : apiError(ErrorCode.INVALID_REPLICA_ASSIGNMENT, message)
}

function manualAssignmentMessage(
  context: ControllerContext,
  replicas: readonly number[],
  replicationFactor: number | null,
): string | null {
  if (replicas.length === 0) {
    return 'The manual partition assignment includes an empty replica list.'
  }
  let previous = Number.NaN
  for (const id of replicas.toSorted((a, b) => a - b)) {
    const broker = context.image.cluster.brokers.get(id)
    const prefix = `The manual partition assignment includes broker ${id}, but `
    if (broker === undefined) return `${prefix}no such broker is registered.`
    if (!hasUncordonedDirectory(broker)) return `${prefix}all its log directories are cordoned.`
    if (id === previous) {
      return `The manual partition assignment includes the broker ${id} more than once.`
    }
    previous = id
  }
  if (replicationFactor === null || replicas.length === replicationFactor) return null
  return (
    `The manual partition assignment includes a partition with ${replicas.length} replica(s), ` +
    'but this is not consistent with previous partitions, which have ' +
    `${replicationFactor} replica(s).`
  )
}

/** Replica lists for partitions that the controller places itself. */
export function placedAssignments(
  context: ControllerContext,
  partitionCount: number,
  replicationFactor: number,
): readonly (readonly number[])[] | ApiError {
  return placeReplicas(usableBrokers(context), partitionCount, replicationFactor, context.random)
}

function* usableBrokers(context: ControllerContext): Generator<UsableBroker> {
  for (const broker of context.image.cluster.brokers.values()) {
    if (context.sessions.isShuttingDown(broker.id) || !hasUncordonedDirectory(broker)) continue
    yield broker
  }
}

/** A new partition on these replicas, or null where none of them can lead it. */
export function newPartition(
  context: ControllerContext,
  replicas: readonly number[],
): PartitionImage | null {
  const { cluster } = context.image
  const isr = replicas.filter((id) => cluster.isActive(id))
  if (isr.length === 0) return null
  return {
    replicas,
    directories: replicas.map((id) => cluster.defaultDirectory(id)),
    isr,
    removingReplicas: [],
    addingReplicas: [],
    elr: [],
    lastKnownElr: [],
    leader: isr[0]!,
    leaderRecoveryState: LeaderRecoveryState.RECOVERED,
    leaderEpoch: 0,
    partitionEpoch: 0,
  }
}
