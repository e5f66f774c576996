/**
 * Decides ElectLeaders (KIP-460), and the controller's own elections: preferred leaders now and
 * then, unclean ones where a topic allows them and nobody leads.
 */
import { ErrorCode, errorMessage } from '../../protocol/errors.ts'
import type {
  ElectLeadersRequest,
  ElectLeadersResponse,
} from '../../protocol/messages/43-elect-leaders.ts'
import { type ApiError, apiError } from '../api-error.ts'
import type { Decision, MetadataRecord } from '../records.ts'
import { hasPreferredLeader, NO_LEADER, type TopicImage } from '../topics.ts'
import {
  allowsUncleanElection,
  type ControllerContext,
  changePartition,
  MAX_RECORDS_PER_REQUEST,
} from './context.ts'
import { leaderlessPartitions } from './leadership.ts'

/** Elections that the controller holds by itself in one go. */
const MAX_ELECTIONS_PER_ROUND = 1_000

const ElectionType = { PREFERRED: 0, UNCLEAN: 1 } as const

type TopicResult = ElectLeadersResponse['replicaElectionResults'][number]

export function electLeaders(
  context: ControllerContext,
  request: ElectLeadersRequest,
): Decision<ElectLeadersResponse> {
  const { electionType, topicPartitions } = request
  const isUnknownType =
    electionType !== ElectionType.PREFERRED && electionType !== ElectionType.UNCLEAN
  // Where there is nothing to elect Kafka does not ask how.
  if (isUnknownType && topicPartitions?.length !== 0) {
    const text = `Unknown election type ${electionType}`
    return refused(request, apiError(ErrorCode.INVALID_REQUEST, text))
  }
  const records: MetadataRecord[] = []
  const replicaElectionResults: TopicResult[] =
    topicPartitions === null
      ? electAll(context, electionType, records)
      : topicPartitions.map(({ topic, partitions }) => ({
          topic,
          partitionResult: partitions.map((partitionId) => ({
            partitionId,
            ...electLeader(context, topic, partitionId, electionType, records),
          })),
        }))
  if (records.length > MAX_RECORDS_PER_REQUEST) {
    const text = 'Unable to perform excessively large batch operation.'
    return refused(request, apiError(ErrorCode.POLICY_VIOLATION, text))
  }
  return { records, response: { errorCode: ErrorCode.NONE, replicaElectionResults } }
}

function refused(request: ElectLeadersRequest, error: ApiError): Decision<ElectLeadersResponse> {
  const replicaElectionResults = (request.topicPartitions ?? []).map(({ topic, partitions }) => ({
    topic,
    partitionResult: partitions.map((partitionId) => ({ partitionId, ...error })),
  }))
  return { records: [], response: { errorCode: error.errorCode, replicaElectionResults } }
}

/** All partitions; those that have the leader they should have are left out of the answer. */
function electAll(
  context: ControllerContext,
  electionType: number,
  records: MetadataRecord[],
): TopicResult[] {
  return [...context.image.topics.byName.values()].map(({ name, partitions }) => ({
    topic: name,
    partitionResult: partitions
      .map((_, partitionId) => ({
        partitionId,
        ...electLeader(context, name, partitionId, electionType, records),
      }))
      .filter(({ errorCode }) => errorCode !== ErrorCode.ELECTION_NOT_NEEDED),
  }))
}

function electLeader(
  context: ControllerContext,
  topicName: string,
  index: number,
  electionType: number,
  records: MetadataRecord[],
): ApiError {
  const topic = context.image.topics.byName.get(topicName)
  const unknown = (text: string): ApiError => apiError(ErrorCode.UNKNOWN_TOPIC_OR_PARTITION, text)
  if (topic === undefined) return unknown(`No such topic as ${topicName}`)
  const partition = topic.partitions[index]
  if (partition === undefined) return unknown(`No such partition as ${topicName}-${index}`)
  const isPreferred = electionType === ElectionType.PREFERRED
  const isFine = isPreferred ? hasPreferredLeader(partition) : partition.leader !== NO_LEADER
  if (isFine) return coded(ErrorCode.ELECTION_NOT_NEEDED)
  const record = electPartition(context, topic, index, isPreferred ? 'preferred' : 'unclean')
  if (record === null) {
    return coded(
      isPreferred
        ? ErrorCode.PREFERRED_LEADER_NOT_AVAILABLE
        : ErrorCode.ELIGIBLE_LEADERS_NOT_AVAILABLE,
    )
  }
  records.push(record)
  return apiError(ErrorCode.NONE)
}

function coded(code: ErrorCode): ApiError {
  return apiError(code, errorMessage(code))
}

function electPartition(
  context: ControllerContext,
  topic: TopicImage,
  index: number,
  election: 'preferred' | 'unclean',
): MetadataRecord | null {
  const partition = topic.partitions[index]!
  return changePartition(context, { topic, index, partition }, { election })
}

/** Gives preferred replicas their leadership back where they can take it. */
export function preferredElections(context: ControllerContext): MetadataRecord[] {
  const records: MetadataRecord[] = []
  for (const { topic, index, partition } of context.image.topics.partitions()) {
    if (records.length >= MAX_ELECTIONS_PER_ROUND) break
    if (hasPreferredLeader(partition)) continue
    const record = electPartition(context, topic, index, 'preferred')
    if (record !== null) records.push(record)
  }
  return records
}

/** Finds leaders, uncleanly, for partitions without one of topics that allow it. */
export function uncleanElections(context: ControllerContext): MetadataRecord[] {
  const records: MetadataRecord[] = []
  for (const { topic, index } of leaderlessPartitions(context)) {
    if (records.length >= MAX_ELECTIONS_PER_ROUND) break
    if (!allowsUncleanElection(context, topic.name)) continue
    const record = electPartition(context, topic, index, 'unclean')
    if (record !== null) records.push(record)
  }
  return records
}
