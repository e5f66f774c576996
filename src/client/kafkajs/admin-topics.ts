/** kafkajs's admin: topics, their partitions, offsets and records. */
import type { OffsetSpec } from '../admin/offsets.ts'
import {
  type AdminCall,
  checkDistinctTopics,
  checkTopic,
  deadlineOf,
  valuesOf,
} from './admin-call.ts'
import type {
  ITopicConfig,
  ITopicMetadata,
  ITopicPartitionConfig,
  SeekEntry,
} from './admin-types.ts'
import {
  KafkaJSAggregateError,
  KafkaJSCreateTopicError,
  KafkaJSDeleteTopicRecordsError,
  type KafkaJSError,
  KafkaJSNonRetriableError,
  KafkaJSNumberOfRetriesExceeded,
} from './errors.ts'
import { anyOffsetOf } from './offset-text.ts'
import { likeProtocolError, translated } from './translated.ts'

/** All topics, Kafka's own among them. */
export async function listTopics({ native, timeoutMs }: AdminCall): Promise<string[]> {
  const topics = await native.listTopics({ listInternal: true, timeoutMs })
  return topics.map(({ name }) => name)
}

/** False where they were all there already. */
export async function createTopics(
  call: AdminCall,
  topics: readonly ITopicConfig[],
  options: { readonly validateOnly?: boolean; readonly waitForLeaders?: boolean },
): Promise<boolean> {
  checkDistinctTopics('topics', topics)
  const { native, timeoutMs } = call
  const { validateOnly = false, waitForLeaders = true } = options
  const results = await native.createTopics(topics.map(newTopicOf), { validateOnly, timeoutMs })
  const failures = results.failures()
  if (failures.length > 0) {
    if (failures.every(([, { code }]) => code === 'TOPIC_ALREADY_EXISTS')) return false
    const errors = failures.map(([topic, error]) => {
      return new KafkaJSCreateTopicError(likeProtocolError(error), topic)
    })
    throw new KafkaJSAggregateError('Topic creation errors', errors)
  }
  if (waitForLeaders && !validateOnly) await leadersOf(call, results.keys())
  return true
}

function newTopicOf({ topic, numPartitions, replicationFactor, ...rest }: ITopicConfig) {
  const { replicaAssignment = [], configEntries } = rest
  if (configEntries !== undefined && !Array.isArray(configEntries)) {
    const text = `Invalid configEntries for topic "${topic}", must be an array`
    throw new KafkaJSNonRetriableError(text)
  }
  for (const entry of configEntries ?? []) {
    if (typeof entry?.name === 'string' && typeof entry.value === 'string') continue
    const text = `Invalid configEntries for topic "${topic}": an entry has no name or no value`
    throw new KafkaJSNonRetriableError(text)
  }
  const assignments = [...replicaAssignment]
    .sort((a, b) => a.partition - b.partition)
    .map(({ replicas }) => replicas)
  return {
    name: topic,
    numPartitions: numPartitions === -1 ? undefined : numPartitions,
    replicationFactor: replicationFactor === -1 ? undefined : replicationFactor,
    assignments: assignments.length === 0 ? undefined : assignments,
    configs: Object.fromEntries((configEntries ?? []).map(({ name, value }) => [name, value])),
  }
}

/** Waits until every partition of these topics has a leader. */
async function leadersOf(call: AdminCall, names: readonly string[]): Promise<void> {
  const deadline = deadlineOf(call, 'wait for leaders')
  for (;;) {
    const described = await call.native.describeTopics(names, { timeoutMs: deadline.leftMs() })
    const isLed = names.every((name) => {
      const outcome = described.outcome(name)
      return outcome?.ok && outcome.value.partitions.every(({ leader }) => leader >= 0)
    })
    if (isLed) return
    await deadline.sleep(call.cluster.retryBackoffMs)
  }
}

export async function deleteTopics(call: AdminCall, topics: readonly string[]): Promise<void> {
  if (!Array.isArray(topics)) throw new KafkaJSNonRetriableError(`Invalid topics array ${topics}`)
  if (topics.some((topic) => typeof topic !== 'string')) {
    const text = 'Invalid topics array, the names must be a valid string'
    throw new KafkaJSNonRetriableError(text)
  }
  try {
    valuesOf(await call.native.deleteTopics(topics, { timeoutMs: call.timeoutMs }))
  } catch (error) {
    // kafkajs tries again what it will never find.
    const { type } = error as { type?: string }
    if (type !== 'UNKNOWN_TOPIC_OR_PARTITION') throw error
    throw new KafkaJSNumberOfRetriesExceeded(error as Error, { retryCount: 0, retryTime: 0 })
  }
}

export async function createPartitions(
  { native, timeoutMs }: AdminCall,
  topicPartitions: readonly ITopicPartitionConfig[],
  validateOnly: boolean,
): Promise<boolean> {
  checkDistinctTopics('topic partitions', topicPartitions)
  if (topicPartitions.length === 0) {
    throw new KafkaJSNonRetriableError('Empty topic partitions array')
  }
  const wanted = topicPartitions.map(({ topic, count, assignments }) => {
    return { topic, totalCount: count, assignments }
  })
  valuesOf(await native.createPartitions(wanted, { validateOnly, timeoutMs }))
  return true
}

/** Of all topics where none is named. */
export async function fetchTopicMetadata(
  call: AdminCall,
  topics: readonly string[],
): Promise<{ topics: ITopicMetadata[] }> {
  for (const topic of topics) checkTopic(topic)
  const { native, timeoutMs } = call
  const names = topics.length === 0 ? await listTopics(call) : topics
  const described = valuesOf(await native.describeTopics(names, { timeoutMs }))
  return {
    topics: described.map(({ name, partitions }) => ({
      name,
      partitions: partitions.map(({ partition, leader, replicas, isr, offlineReplicas }) => ({
        partitionErrorCode: 0,
        partitionId: partition,
        leader,
        replicas: [...replicas],
        isr: [...isr],
        offlineReplicas: [...offlineReplicas],
      })),
    })),
  }
}

/** The numbers of a topic's partitions. */
export async function partitionsOf(call: AdminCall, topic: string): Promise<number[]> {
  checkTopic(topic)
  const { native, timeoutMs } = call
  const [described] = valuesOf(await native.describeTopics([topic], { timeoutMs }))
  return described!.partitions.map(({ partition }) => partition)
}

async function offsetsAt(
  { native, timeoutMs }: AdminCall,
  topic: string,
  partitions: readonly number[],
  at: OffsetSpec,
): Promise<number[]> {
  const queries = partitions.map((partition) => ({ topic, partition, at }))
  return valuesOf(await native.listOffsets(queries, { timeoutMs })).map(({ offset }) => offset)
}

export async function fetchTopicOffsets(
  call: AdminCall,
  topic: string,
): Promise<(SeekEntry & { high: string; low: string })[]> {
  const partitions = await partitionsOf(call, topic)
  const high = await offsetsAt(call, topic, partitions, 'latest')
  const low = await offsetsAt(call, topic, partitions, 'earliest')
  return partitions.map((partition, i) => {
    return { partition, offset: `${high[i]}`, high: `${high[i]}`, low: `${low[i]}` }
  })
}

/** The end of partitions that have nothing so new. */
export async function fetchTopicOffsetsByTimestamp(
  call: AdminCall,
  topic: string,
  timestamp: number | undefined,
): Promise<SeekEntry[]> {
  const partitions = await partitionsOf(call, topic)
  const high = await offsetsAt(call, topic, partitions, 'latest')
  const at = timestamp === undefined ? 'latest' : { timestamp }
  const found = await offsetsAt(call, topic, partitions, at)
  return partitions.map((partition, i) => {
    return { partition, offset: String(found[i]! >= 0 ? found[i] : high[i]) }
  })
}

export async function deleteTopicRecords(
  { native, timeoutMs }: AdminCall,
  topic: string,
  partitions: readonly SeekEntry[],
): Promise<void> {
  checkTopic(topic)
  if (!partitions || partitions.length === 0) {
    throw new KafkaJSNonRetriableError('Invalid partitions')
  }
  const wanted = partitions.map(({ partition, offset }) => {
    return { topic, partition, beforeOffset: anyOffsetOf(offset) }
  })
  const results = await native.deleteRecords(wanted, { timeoutMs })
  const failed = results.failures().map(([{ partition }, error]) => {
    const { offset } = partitions.find((one) => one.partition === partition)!
    return { partition, offset, error: translated(error) as KafkaJSError }
  })
  if (failed.length > 0) throw new KafkaJSDeleteTopicRecordsError({ partitions: failed })
}
