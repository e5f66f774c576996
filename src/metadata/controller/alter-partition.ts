/**
 * Decides AlterPartition: a leader tells who is in sync (KIP-497), with the epochs of the brokers
 * it means (KIP-903), and that it is done recovering from an unclean election (KIP-704).
 */
import { ErrorCode } from '../../protocol/errors.ts'
import type {
  AlterPartitionRequest,
  AlterPartitionResponse,
} from '../../protocol/messages/56-alter-partition.ts'
import type { PartitionChangeRecord } from '../../protocol/persisted/metadata-records.ts'
import { containsAll } from '../reassignment.ts'
import type { Decision, MetadataRecord } from '../records.ts'
import {
  changedPartition,
  LeaderRecoveryState,
  NO_LEADER_CHANGE,
  type PartitionImage,
  type TopicImage,
} from '../topics.ts'
import { brokerEpochError } from './broker-heartbeat.ts'
import { allowsUncleanElection, type ControllerContext, changePartition } from './context.ts'

/** The version from which the ISR comes with broker epochs. */
const EPOCHS_VERSION = 3

type PartitionRequest = AlterPartitionRequest['topics'][number]['partitions'][number]
type PartitionResult = AlterPartitionResponse['topics'][number]['partitions'][number]
interface InSyncReplica {
  readonly brokerId: number
  readonly brokerEpoch: number
}

export function alterPartition(
  context: ControllerContext,
  request: AlterPartitionRequest,
  apiVersion: number,
): Decision<AlterPartitionResponse> {
  const stale = brokerEpochError(context, request.brokerId, request.brokerEpoch)
  if (stale !== null) return { records: [], response: { errorCode: stale.errorCode, topics: [] } }
  const records: MetadataRecord[] = []
  const topics = request.topics.map(({ topicId, partitions }) => {
    const topic = context.image.topics.byId.get(topicId)
    return {
      topicId,
      partitions: partitions.map((partition) => {
        if (topic === undefined) return failed(partition, ErrorCode.UNKNOWN_TOPIC_ID)
        const isr =
          apiVersion >= EPOCHS_VERSION
            ? partition.newIsrWithEpochs
            : partition.newIsr.map((brokerId) => ({ brokerId, brokerEpoch: -1 }))
        return decidePartition(context, request.brokerId, topic, partition, isr, records)
      }),
    }
  })
  return { records, response: { errorCode: ErrorCode.NONE, topics } }
}

function failed(request: PartitionRequest, errorCode: ErrorCode): PartitionResult {
  const { partitionIndex } = request
  return { partitionIndex, errorCode, leaderId: 0, leaderEpoch: 0, isr: [], partitionEpoch: 0 }
}

function decidePartition(
  context: ControllerContext,
  brokerId: number,
  topic: TopicImage,
  request: PartitionRequest,
  isr: readonly InSyncReplica[],
  records: MetadataRecord[],
): PartitionResult {
  const index = request.partitionIndex
  let partition = topic.partitions[index]
  if (partition === undefined) return failed(request, ErrorCode.UNKNOWN_TOPIC_OR_PARTITION)
  const error = partitionError(context, brokerId, partition, request, isr)
  if (error !== ErrorCode.NONE) return failed(request, error)
  const record = changePartition(
    context,
    { topic, index, partition },
    {
      election: allowsUncleanElection(context, topic.name) ? 'unclean' : 'online',
      isr: isr.map((replica) => replica.brokerId),
      leaderRecoveryState: request.leaderRecoveryState,
    },
  )
  if (record !== null) {
    records.push(record)
    const change = record.value as PartitionChangeRecord
    // A move that this ISR completes may take the leadership away from who asks.
    if (change.leader !== brokerId && change.leader !== NO_LEADER_CHANGE) {
      return failed(request, ErrorCode.NEW_LEADER_ELECTED)
    }
    partition = changedPartition(partition, change)
  }
  return {
    partitionIndex: index,
    errorCode: ErrorCode.NONE,
    leaderId: partition.leader,
    leaderEpoch: partition.leaderEpoch,
    isr: partition.isr,
    leaderRecoveryState: partition.leaderRecoveryState,
    partitionEpoch: partition.partitionEpoch,
  }
}

function partitionError(
  context: ControllerContext,
  brokerId: number,
  partition: PartitionImage,
  request: PartitionRequest,
  replicas: readonly InSyncReplica[],
): ErrorCode {
  // A leader that knows more than we do has heard of a newer controller.
  if (request.leaderEpoch > partition.leaderEpoch) return ErrorCode.NOT_CONTROLLER
  if (request.partitionEpoch > partition.partitionEpoch) return ErrorCode.NOT_CONTROLLER
  if (request.leaderEpoch < partition.leaderEpoch) return ErrorCode.FENCED_LEADER_EPOCH
  if (brokerId !== partition.leader) return ErrorCode.INVALID_REQUEST
  if (request.partitionEpoch < partition.partitionEpoch) return ErrorCode.INVALID_UPDATE_VERSION
  const isr = replicas.map((replica) => replica.brokerId)
  if (!isValidIsr(partition, isr)) return ErrorCode.INVALID_REQUEST
  const isRecovering = request.leaderRecoveryState === LeaderRecoveryState.RECOVERING
  const hasRecovered = partition.leaderRecoveryState === LeaderRecoveryState.RECOVERED
  if (isRecovering && (isr.length > 1 || hasRecovered)) return ErrorCode.INVALID_REQUEST
  const allEligible = replicas.every((replica) => isEligible(context, replica))
  return allEligible ? ErrorCode.NONE : ErrorCode.INELIGIBLE_REPLICA
}

function isValidIsr(partition: PartitionImage, isr: readonly number[]): boolean {
  return (
    isr.length > 0 &&
    new Set(isr).size === isr.length &&
    containsAll(partition.replicas, isr) &&
    isr.includes(partition.leader)
  )
}

function isEligible(context: ControllerContext, replica: InSyncReplica): boolean {
  const { cluster } = context.image
  if (!cluster.isActive(replica.brokerId)) return false
  const { epoch } = cluster.brokers.get(replica.brokerId)!
  return replica.brokerEpoch === -1 || replica.brokerEpoch === epoch
}
