/**
 * Decides CreateTopics: names, sizes, placements, configs (KIP-4, KIP-464 defaults, KIP-525 answer
 * with configs, KIP-516 ids). A topic fails or succeeds by itself.
 */
import { ErrorCode } from '../../protocol/errors.ts'
import type {
  CreateTopicsRequest,
  CreateTopicsResponse,
} from '../../protocol/messages/19-create-topics.ts'
import { topicRecord } from '../../protocol/persisted/metadata-records.ts'
import { type ApiError, apiError } from '../api-error.ts'
import { ConfigResourceType, type ConfigValues } from '../config-validator.ts'
import { type Decision, type MetadataRecord, metadataRecord } from '../records.ts'
import { CLUSTER_METADATA_TOPIC, topicNameError } from '../topic-name.ts'
import { type PartitionImage, partitionToRecord } from '../topics.ts'
import { decideConfigs } from './alter-configs.ts'
import { manualAssignmentError, newPartition, placedAssignments } from './assignments.ts'
import { type ConfigOperation, OpType } from './config-operations.ts'
import { type ControllerContext, MAX_RECORDS_PER_REQUEST } from './context.ts'

/** Partitions that one request may make; checked before anything is laid out. */
const MAX_PARTITIONS_PER_REQUEST = 10_000

type Topic = CreateTopicsRequest['topics'][number]
type TopicResult = CreateTopicsResponse['topics'][number]

/** A topic that can be made, laid out. */
interface NewTopic {
  readonly partitions: readonly PartitionImage[]
  readonly configRecords: readonly MetadataRecord[]
  readonly configs: ConfigValues
}

export function createTopics(
  context: ControllerContext,
  request: CreateTopicsRequest,
): Decision<CreateTopicsResponse> {
  const names = request.topics.map((topic) => topic.name)
  const duplicates = new Set(names.filter((name, index) => names.indexOf(name) !== index))
  const wanted = request.topics.filter(
    ({ name }) => !duplicates.has(name) && name !== CLUSTER_METADATA_TOPIC,
  )
  if (requestedPartitions(context, wanted) > MAX_PARTITIONS_PER_REQUEST) {
    const message = 'Excessively large number of partitions per request.'
    return refused(request, apiError(ErrorCode.POLICY_VIOLATION, message))
  }
  const records: MetadataRecord[] = []
  const results: TopicResult[] = wanted.map((topic) => decideTopic(context, topic, records))
  if (records.length > MAX_RECORDS_PER_REQUEST) {
    const message = 'Unable to perform excessively large batch operation.'
    return refused(request, apiError(ErrorCode.POLICY_VIOLATION, message))
  }
  for (const name of duplicates) {
    results.push(failed(name, apiError(ErrorCode.INVALID_REQUEST, 'Duplicate topic name.')))
  }
  if (names.includes(CLUSTER_METADATA_TOPIC) && !duplicates.has(CLUSTER_METADATA_TOPIC)) {
    const message = `Creation of internal topic ${CLUSTER_METADATA_TOPIC} is prohibited.`
    results.push(failed(CLUSTER_METADATA_TOPIC, apiError(ErrorCode.INVALID_REQUEST, message)))
  }
  return { records: request.validateOnly ? [] : records, response: { topics: results } }
}

function refused(request: CreateTopicsRequest, error: ApiError): Decision<CreateTopicsResponse> {
  return {
    records: [],
    response: { topics: request.topics.map(({ name }) => failed(name, error)) },
  }
}

function failed(name: string, error: ApiError): TopicResult {
  return { name, configs: [], ...error }
}

function requestedPartitions(context: ControllerContext, topics: readonly Topic[]): number {
  let total = 0
  for (const { assignments, numPartitions } of topics) {
    if (assignments.length > 0) total += assignments.length
    else if (numPartitions === -1) total += context.settings.defaultPartitionCount
    else if (numPartitions > 0) total += numPartitions
  }
  return total
}

function decideTopic(
  context: ControllerContext,
  topic: Topic,
  records: MetadataRecord[],
): TopicResult {
  const laidOut = nameError(context, topic.name) ?? layOut(context, topic)
  if ('errorCode' in laidOut) return failed(topic.name, laidOut)
  const { features, configs } = context.image
  const topicId = context.random.uuid()
  // Configs come before partitions: who makes a partition's log must know them.
  records.push(metadataRecord(topicRecord, { name: topic.name, topicId }), ...laidOut.configRecords)
  laidOut.partitions.forEach((partition, index) => {
    const { metadataVersion, elrEnabled } = features
    records.push(partitionToRecord(topicId, index, partition, metadataVersion, elrEnabled))
  })
  return {
    name: topic.name,
    topicId,
    errorCode: ErrorCode.NONE,
    errorMessage: null,
    topicConfigErrorCode: ErrorCode.NONE,
    numPartitions: laidOut.partitions.length,
    replicationFactor: laidOut.partitions[0]!.replicas.length,
    configs: context.configValidator.effectiveTopicConfigs({
      topic: laidOut.configs,
      broker: configs.broker(context.settings.nodeId),
      cluster: configs.cluster,
    }),
  }
}

function nameError(context: ControllerContext, name: string): ApiError | null {
  const { topics } = context.image
  if (topics.byName.has(name)) {
    return apiError(ErrorCode.TOPIC_ALREADY_EXISTS, `Topic '${name}' already exists.`)
  }
  const invalid = topicNameError(name)
  if (invalid !== null) return apiError(ErrorCode.INVALID_TOPIC_EXCEPTION, invalid)
  const colliding = topics.collidingTopic(name)
  if (colliding === undefined) return null
  const message = `Topic '${name}' collides with existing topic: ${colliding}`
  return apiError(ErrorCode.INVALID_TOPIC_EXCEPTION, message)
}

function layOut(context: ControllerContext, topic: Topic): NewTopic | ApiError {
  const nullKeys = topic.configs.filter(({ value }) => value === null).map(({ name }) => name)
  if (nullKeys.length > 0) {
    const message = `Null value not supported for topic configs: ${nullKeys.join(',')}`
    return apiError(ErrorCode.INVALID_CONFIG, message)
  }
  const configs = new Map(topic.configs.map(({ name, value }) => [name, value!]))
  const operations = new Map<string, ConfigOperation>()
  for (const [key, value] of configs) operations.set(key, { type: OpType.SET, value })
  const resource = { type: ConfigResourceType.TOPIC, name: topic.name }
  const configRecords: MetadataRecord[] = []
  if (operations.size > 0) {
    const decided = decideConfigs(context, resource, operations, { isNew: true })
    if ('errorCode' in decided) return decided
    configRecords.push(...decided.records)
  }
  const partitions =
    topic.assignments.length > 0
      ? manualPartitions(context, topic)
      : placedPartitions(context, topic)
  return 'errorCode' in partitions ? partitions : { partitions, configRecords, configs }
}

function manualPartitions(
  context: ControllerContext,
  topic: Topic,
): readonly PartitionImage[] | ApiError {
  const prefix = 'A manual partition assignment was specified, but '
  if (topic.replicationFactor !== -1) {
    const message = `${prefix}replication factor was not set to -1.`
    return apiError(ErrorCode.INVALID_REQUEST, message)
  }
  if (topic.numPartitions !== -1) {
    return apiError(ErrorCode.INVALID_REQUEST, `${prefix}numPartitions was not set to -1.`)
  }
  const partitions = new Map<number, PartitionImage>()
  let replicationFactor: number | null = null
  for (const { partitionIndex, brokerIds } of topic.assignments) {
    if (partitions.has(partitionIndex)) {
      const message = `Found multiple manual partition assignments for partition ${partitionIndex}`
      return apiError(ErrorCode.INVALID_REPLICA_ASSIGNMENT, message)
    }
    const error = manualAssignmentError(context, brokerIds, replicationFactor)
    if (error !== null) return error
    replicationFactor = brokerIds.length
    const partition = newPartition(context, brokerIds)
    if (partition === null) return noLiveBroker(partitionIndex)
    partitions.set(partitionIndex, partition)
  }
  const inOrder = Array.from({ length: partitions.size }, (_, index) => partitions.get(index))
  if (inOrder.every((partition) => partition !== undefined)) return inOrder
  const message = 'partitions should be a consecutive 0-based integer sequence'
  return apiError(ErrorCode.INVALID_REPLICA_ASSIGNMENT, message)
}

/** Where every broker that a client wants a partition on is fenced or leaving. */
export function noLiveBroker(partitionIndex: number): ApiError {
  return apiError(
    ErrorCode.INVALID_REPLICA_ASSIGNMENT,
    'All brokers specified in the manual partition assignment for partition ' +
      `${partitionIndex} are fenced or in controlled shutdown.`,
  )
}

function placedPartitions(
  context: ControllerContext,
  topic: Topic,
): readonly PartitionImage[] | ApiError {
  if (topic.replicationFactor < -1 || topic.replicationFactor === 0) {
    const message = 'Replication factor must be larger than 0, or -1 to use the default value.'
    return apiError(ErrorCode.INVALID_REPLICATION_FACTOR, message)
  }
  if (topic.numPartitions < -1 || topic.numPartitions === 0) {
    const message = 'Number of partitions was set to an invalid non-positive value.'
    return apiError(ErrorCode.INVALID_PARTITIONS, message)
  }
  const { defaultPartitionCount, defaultReplicationFactor } = context.settings
  const count = topic.numPartitions === -1 ? defaultPartitionCount : topic.numPartitions
  const factor = topic.replicationFactor === -1 ? defaultReplicationFactor : topic.replicationFactor
  const prefix = `Unable to replicate the partition ${factor} time(s): `
  const placed = placedAssignments(context, count, factor)
  if ('errorCode' in placed) {
    return apiError(placed.errorCode, prefix + placed.errorMessage)
  }
  const partitions = placed.map((replicas) => newPartition(context, replicas))
  if (partitions.every((partition) => partition !== null)) return partitions
  const message = `${prefix}All brokers are currently fenced or in controlled shutdown.`
  return apiError(ErrorCode.INVALID_REPLICATION_FACTOR, message)
}
