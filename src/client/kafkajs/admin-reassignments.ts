/** kafkajs's admin: partitions that move to other brokers. */
import { type AdminCall, checkDistinctTopics } from './admin-call.ts'
import type {
  ListPartitionReassignmentsResponse,
  OngoingTopicReassignment,
  PartitionReassignment,
} from './admin-types.ts'
import type { TopicPartitions } from './consumer-types.ts'
import {
  KafkaJSAggregateError,
  KafkaJSAlterPartitionReassignmentsError,
  KafkaJSNonRetriableError,
} from './errors.ts'
import { likeProtocolError } from './translated.ts'

export async function alterPartitionReassignments(
  { native, timeoutMs }: AdminCall,
  topics: readonly PartitionReassignment[],
): Promise<void> {
  checkDistinctTopics('topics', topics)
  for (const { topic, partitionAssignment } of topics) checkAssignment(topic, partitionAssignment)
  const wanted = topics.flatMap(({ topic, partitionAssignment }) => {
    return partitionAssignment.map((one) => ({ topic, ...one }))
  })
  const results = await native.alterPartitionReassignments(wanted, { timeoutMs })
  const failures = results.failures()
  if (failures.length === 0) return
  throw new KafkaJSAggregateError(
    'Errors altering partition reassignments',
    failures.map(([{ topic, partition }, error]) => {
      const like = likeProtocolError(error)
      return new KafkaJSAlterPartitionReassignmentsError(like, topic, partition)
    }),
  )
}

/** All that go on where no topics are named. */
export async function listPartitionReassignments(
  { native, timeoutMs }: AdminCall,
  topics: readonly TopicPartitions[] | null,
): Promise<ListPartitionReassignmentsResponse> {
  if (topics !== null) {
    checkDistinctTopics('topics', topics)
    for (const { topic, partitions } of topics) checkPartitions(topic, partitions)
  }
  const wanted = topics?.flatMap(({ topic, partitions }) => {
    return partitions.map((partition) => ({ topic, partition }))
  })
  const found = await native.listPartitionReassignments(wanted ?? null, { timeoutMs })
  const byTopic = new Map<string, OngoingTopicReassignment>()
  for (const { topic, partition, replicas, addingReplicas, removingReplicas } of found) {
    // kafkajs gives `name` and `partition` where its types say otherwise: here are both.
    const of = byTopic.get(topic) ?? { topic, name: topic, partitions: [] }
    of.partitions.push({
      partitionIndex: partition,
      partition,
      replicas: [...replicas],
      addingReplicas: [...addingReplicas],
      removingReplicas: [...removingReplicas],
    })
    byTopic.set(topic, of)
  }
  return { topics: [...byTopic.values()] }
}

const isCount = (value: unknown) => typeof value === 'number' && value >= 0

function refused(what: string, value: unknown, topic: string, more = ''): KafkaJSNonRetriableError {
  return new KafkaJSNonRetriableError(`Invalid ${what}: ${value} for topic: ${topic}${more}`)
}

function checkAssignment(
  topic: string,
  assignment: PartitionReassignment['partitionAssignment'],
): void {
  if (!Array.isArray(assignment)) throw refused('partitions array', assignment, topic)
  for (const { partition, replicas } of assignment) {
    if (!isCount(partition)) throw refused('partitions index', partition, topic)
    const where = ` on partition: ${partition}`
    if (!Array.isArray(replicas)) throw refused('replica assignment', replicas, topic, where)
    if (replicas.every(isCount)) continue
    const why = `${where}. Replicas must be a non negative number`
    throw refused('replica assignment', replicas, topic, why)
  }
}

function checkPartitions(topic: string, partitions: readonly number[]): void {
  if (!Array.isArray(partitions)) throw refused('partition array', partitions, topic)
  if (partitions.every(isCount)) return
  const why = '. The partition indices have to be a valid number greater than 0.'
  throw refused('partition array', partitions, topic, why)
}
