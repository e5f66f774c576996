/** Decides CreatePartitions: more of them for a topic, placed or as the client lists (KIP-195). */
import { ErrorCode } from '../../protocol/errors.ts'
import type {
  CreatePartitionsRequest,
  CreatePartitionsResponse,
} from '../../protocol/messages/37-create-partitions.ts'
import { type ApiError, apiError } from '../api-error.ts'
import type { Decision, MetadataRecord } from '../records.ts'
import { partitionToRecord, type TopicImage } from '../topics.ts'
import { manualAssignmentError, newPartition, placedAssignments } from './assignments.ts'
import { type ControllerContext, MAX_RECORDS_PER_REQUEST } from './context.ts'
import { noLiveBroker } from './create-topics.ts'

type TopicRequest = CreatePartitionsRequest['topics'][number]
type TopicResult = CreatePartitionsResponse['results'][number]

export function createPartitions(
  context: ControllerContext,
  request: CreatePartitionsRequest,
): Decision<CreatePartitionsResponse> {
  const names = request.topics.map((topic) => topic.name)
  const duplicates = new Set(names.filter((name, index) => names.indexOf(name) !== index))
  const results: TopicResult[] = [...duplicates].map((name) => ({
    name,
    ...apiError(ErrorCode.INVALID_REQUEST, 'Duplicate topic name.'),
  }))
  const records: MetadataRecord[] = []
  for (const topic of request.topics) {
    if (duplicates.has(topic.name)) continue
    const added = morePartitions(context, topic)
    if ('errorCode' in added) {
      results.push({ name: topic.name, ...added })
      continue
    }
    records.push(...added)
    results.push({ name: topic.name, errorCode: ErrorCode.NONE, errorMessage: null })
  }
  if (records.length > MAX_RECORDS_PER_REQUEST) {
    const message = 'Unable to perform excessively large batch operation.'
    const error = apiError(ErrorCode.POLICY_VIOLATION, message)
    return { records: [], response: { results: names.map((name) => ({ name, ...error })) } }
  }
  return { records: request.validateOnly ? [] : records, response: { results } }
}

function morePartitions(
  context: ControllerContext,
  request: TopicRequest,
): readonly MetadataRecord[] | ApiError {
  const topic = context.image.topics.byName.get(request.name)
  if (topic === undefined) {
    // Kafka leaves the text out where it is the code's own.
    return apiError(ErrorCode.UNKNOWN_TOPIC_OR_PARTITION)
  }
  const current = topic.partitions.length
  const error = countError(request, current)
  if (error !== null) return error
  const additional = request.count - current
  if (additional > MAX_RECORDS_PER_REQUEST) {
    const message = 'Unable to perform excessively large batch operation.'
    return apiError(ErrorCode.POLICY_VIOLATION, message)
  }
  const replicationFactor = topic.partitions[0]!.replicas.length
  if (request.assignments !== null) {
    const assignments = request.assignments.map(({ brokerIds }) => brokerIds)
    for (const replicas of assignments) {
      const invalid = manualAssignmentError(context, replicas, replicationFactor)
      if (invalid !== null) return invalid
    }
    return partitionRecords(context, topic, assignments, (index) => noLiveBroker(index))
  }
  const placed = placedAssignments(context, additional, replicationFactor)
  if ('errorCode' in placed) return placed
  return partitionRecords(context, topic, placed, () =>
    apiError(
      ErrorCode.INVALID_REPLICATION_FACTOR,
      `Unable to replicate the partition ${replicationFactor} time(s): All brokers are currently ` +
        'fenced or in controlled shutdown.',
    ),
  )
}

function countError(request: TopicRequest, current: number): ApiError | null {
  if (request.count === current) {
    const message = `Topic already has ${current} partition(s).`
    return apiError(ErrorCode.INVALID_PARTITIONS, message)
  }
  if (request.count < current) {
    const message =
      `The topic ${request.name} currently has ${current} partition(s); ${request.count} would ` +
      'not be an increase.'
    return apiError(ErrorCode.INVALID_PARTITIONS, message)
  }
  const additional = request.count - current
  if (request.assignments === null || request.assignments.length === additional) return null
  const message =
    `Attempted to add ${additional} additional partition(s), but only ` +
    `${request.assignments.length} assignment(s) were specified.`
  return apiError(ErrorCode.INVALID_REPLICA_ASSIGNMENT, message)
}

function partitionRecords(
  context: ControllerContext,
  topic: TopicImage,
  assignments: readonly (readonly number[])[],
  nobodyLeads: (index: number) => ApiError,
): readonly MetadataRecord[] | ApiError {
  const { metadataVersion, elrEnabled } = context.image.features
  const records: MetadataRecord[] = []
  for (const replicas of assignments) {
    const index = topic.partitions.length + records.length
    const partition = newPartition(context, replicas)
    if (partition === null) return nobodyLeads(index)
    records.push(partitionToRecord(topic.id, index, partition, metadataVersion, elrEnabled))
  }
  return records
}
