/** Answers DescribeQuorum (KIP-595; timestamps KIP-836; directories and nodes KIP-853). */
import { ZERO_UUID } from '../base/uuid.ts'
import { ErrorCode, errorMessage } from '../protocol/errors.ts'
import type {
  DescribeQuorumRequest,
  DescribeQuorumResponse,
} from '../protocol/messages/55-describe-quorum.ts'
import type { QuorumDescription, ReplicaProgress } from './leader.ts'

const METADATA_TOPIC = '__cluster_metadata'

type Partition = DescribeQuorumResponse['topics'][number]['partitions'][number]

/** Versions before have no place for directories and addresses. */
const DIRECTORIES_VERSION = 2

/** `quorum` is null where this node does not lead. */
export function describeQuorum(
  request: DescribeQuorumRequest,
  apiVersion: number,
  quorum: QuorumDescription | null,
): DescribeQuorumResponse {
  const [topic, ...others] = request.topics
  const asksForMetadata =
    others.length === 0 &&
    topic?.topicName === METADATA_TOPIC &&
    topic.partitions.length === 1 &&
    topic.partitions[0]!.partitionIndex === 0
  if (!asksForMetadata) return failed(request, ErrorCode.UNKNOWN_TOPIC_OR_PARTITION)
  if (quorum === null) return failed(request, ErrorCode.NOT_LEADER_OR_FOLLOWER)
  const hasDirectories = apiVersion >= DIRECTORIES_VERSION
  const state = (replica: ReplicaProgress) => replicaState(replica, hasDirectories)
  const partition: Partition = {
    partitionIndex: 0,
    errorCode: ErrorCode.NONE,
    errorMessage: '',
    leaderId: quorum.leaderId,
    leaderEpoch: quorum.leaderEpoch,
    highWatermark: quorum.highWatermark,
    currentVoters: quorum.voters.map(state),
    observers: quorum.observers.map(state),
  }
  return {
    errorCode: ErrorCode.NONE,
    errorMessage: '',
    topics: [{ topicName: METADATA_TOPIC, partitions: [partition] }],
    nodes: hasDirectories
      ? quorum.voters.map(({ key, endpoints }) => ({ nodeId: key.id, listeners: endpoints }))
      : [],
  }
}

function failed(request: DescribeQuorumRequest, errorCode: ErrorCode): DescribeQuorumResponse {
  const topics = request.topics.map(({ topicName, partitions }) => ({
    topicName,
    partitions: partitions.map(({ partitionIndex }) => ({
      partitionIndex,
      errorCode,
      errorMessage: errorMessage(errorCode),
      leaderId: 0,
      leaderEpoch: 0,
      highWatermark: 0,
      currentVoters: [],
      observers: [],
    })),
  }))
  return { errorCode: ErrorCode.NONE, errorMessage: '', topics, nodes: [] }
}

function replicaState(replica: ReplicaProgress, hasDirectories: boolean) {
  return {
    replicaId: replica.key.id,
    replicaDirectoryId: hasDirectories ? replica.key.directoryId : ZERO_UUID,
    logEndOffset: replica.endOffset,
    lastFetchTimestamp: replica.lastFetchMs,
    lastCaughtUpTimestamp: replica.lastCaughtUpMs,
  }
}
