/**
 * Decides AlterPartitionReassignments and answers ListPartitionReassignments (KIP-455, KIP-860). A
 * move adds replicas, waits until they are in sync (alter-partition.ts), and then drops the old.
 */
import { ErrorCode } from '../../protocol/errors.ts'
import type {
  AlterPartitionReassignmentsRequest,
  AlterPartitionReassignmentsResponse,
} from '../../protocol/messages/45-alter-partition-reassignments.ts'
import type {
  ListPartitionReassignmentsRequest,
  ListPartitionReassignmentsResponse,
} from '../../protocol/messages/46-list-partition-reassignments.ts'
import { type ApiError, apiError } from '../api-error.ts'
import { reassignmentTo, revertedReassignment } from '../reassignment.ts'
import type { Decision, MetadataRecord } from '../records.ts'
import { isReassigning, type LocatedPartition, type TopicImage } from '../topics.ts'
import { manualAssignmentError } from './assignments.ts'
import {
  allowsUncleanElection,
  type ControllerContext,
  changePartition,
  MAX_RECORDS_PER_REQUEST,
} from './context.ts'

export function alterPartitionReassignments(
  context: ControllerContext,
  request: AlterPartitionReassignmentsRequest,
): Decision<AlterPartitionReassignmentsResponse> {
  const { allowReplicationFactorChange } = request
  // What Kafka answers then says nothing of what was asked.
  if (request.topics.length === 0) {
    return { records: [], response: { errorCode: ErrorCode.NONE, errorMessage: '', responses: [] } }
  }
  const records: MetadataRecord[] = []
  const responses = request.topics.map(({ name, partitions }) => ({
    name,
    partitions: partitions.map(({ partitionIndex, replicas }) => {
      const located = locate(context, name, partitionIndex)
      const decided =
        'errorCode' in located
          ? located
          : replicas === null
            ? cancelReassignment(context, located)
            : reassign(context, located, replicas, allowReplicationFactorChange)
      if (decided !== null && 'errorCode' in decided) return { partitionIndex, ...decided }
      if (decided !== null) records.push(decided)
      return { partitionIndex, ...apiError(ErrorCode.NONE) }
    }),
  }))
  if (records.length > MAX_RECORDS_PER_REQUEST) {
    const message = 'Unable to perform excessively large batch operation.'
    const error = apiError(ErrorCode.POLICY_VIOLATION, message)
    return { records: [], response: { ...error, allowReplicationFactorChange, responses: [] } }
  }
  const response = { ...apiError(ErrorCode.NONE), allowReplicationFactorChange, responses }
  return { records, response }
}

function locate(
  context: ControllerContext,
  name: string,
  index: number,
): LocatedPartition | ApiError {
  const topic = context.image.topics.byName.get(name)
  const unknown = (text: string): ApiError => apiError(ErrorCode.UNKNOWN_TOPIC_OR_PARTITION, text)
  if (topic === undefined) return unknown(`Unable to find a topic named ${name}.`)
  const partition = topic.partitions[index]
  if (partition === undefined) return unknown(`Unable to find partition ${name}:${index}.`)
  return { topic, index, partition }
}

function cancelReassignment(
  context: ControllerContext,
  located: LocatedPartition,
): MetadataRecord | ApiError | null {
  const { topic, index, partition } = located
  if (!isReassigning(partition)) {
    return apiError(ErrorCode.NO_REASSIGNMENT_IN_PROGRESS)
  }
  const reverted = revertedReassignment(partition)
  if (reverted === null) {
    const message = 'Invalid replica assignment: addingReplicas contains all replicas.'
    return apiError(ErrorCode.INVALID_REPLICA_ASSIGNMENT, message)
  }
  const allowsUnclean = allowsUncleanElection(context, topic.name)
  if (reverted.unclean && !allowsUnclean) {
    return apiError(
      ErrorCode.INVALID_REPLICA_ASSIGNMENT,
      `Unable to revert partition assignment for ${topic.name}:${index} because it would require ` +
        'an unclean leader election.',
    )
  }
  const { isr, replicas } = reverted
  const election = allowsUnclean ? 'unclean' : 'online'
  return changePartition(context, located, { election, isr, replicas, removing: [], adding: [] })
}

function reassign(
  context: ControllerContext,
  located: LocatedPartition,
  target: readonly number[],
  allowReplicationFactorChange: boolean,
): MetadataRecord | ApiError | null {
  const error = manualAssignmentError(context, target, null)
  if (error !== null) return error
  const { partition } = located
  const { replicas, adding, removing } = reassignmentTo(partition.replicas, target)
  if (!allowReplicationFactorChange) {
    const factor = replicationFactor(located)
    if (factor !== target.length) {
      const message = `The replication factor is changed from ${factor} to ${target.length}`
      return apiError(ErrorCode.INVALID_REPLICATION_FACTOR, message)
    }
  }
  return changePartition(context, located, {
    replicas,
    ...(removing.length > 0 && { removing }),
    ...(adding.length > 0 && { adding }),
  })
}

/** The factor that the partition has, or will have when its move is done. */
function replicationFactor({ partition }: LocatedPartition): number {
  const replicas = new Set([...partition.replicas, ...partition.addingReplicas])
  for (const removed of partition.removingReplicas) replicas.delete(removed)
  return replicas.size
}

/** The moves under way. */
export function listPartitionReassignments(
  context: ControllerContext,
  request: ListPartitionReassignmentsRequest,
): ListPartitionReassignmentsResponse {
  const { byName } = context.image.topics
  const asked =
    request.topics?.map(({ name, partitionIndexes }) => ({
      topic: byName.get(name),
      indexes: partitionIndexes,
    })) ?? [...byName.values()].map((topic) => ({ topic, indexes: [...topic.partitions.keys()] }))
  const topics = asked
    .filter((entry): entry is { topic: TopicImage; indexes: number[] } => entry.topic !== undefined)
    .map(({ topic, indexes }) => ({ name: topic.name, partitions: movesOf(topic, indexes) }))
    .filter(({ partitions }) => partitions.length > 0)
  return { ...apiError(ErrorCode.NONE), topics }
}

function movesOf(topic: TopicImage, indexes: readonly number[]) {
  return indexes.flatMap((partitionIndex) => {
    const partition = topic.partitions[partitionIndex]
    if (partition === undefined || !isReassigning(partition)) return []
    const { replicas, addingReplicas, removingReplicas } = partition
    return [{ partitionIndex, replicas, addingReplicas, removingReplicas }]
  })
}
