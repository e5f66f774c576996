/**
 * Which brokers hold and lead partitions: moving replicas, and electing leaders.
 *
 * KIP-455 (reassignments), KIP-860 (without changing how many replicas), KIP-460 (elections).
 */
import {
  electLeadersRequest,
  electLeadersResponse,
} from '../../protocol/messages/43-elect-leaders.ts'
import {
  alterPartitionReassignmentsRequest,
  alterPartitionReassignmentsResponse,
} from '../../protocol/messages/45-alter-partition-reassignments.ts'
import {
  listPartitionReassignmentsRequest,
  listPartitionReassignmentsResponse,
} from '../../protocol/messages/46-list-partition-reassignments.ts'
import type { CallOptions } from '../call.ts'
import { KafkaError } from '../kafka-error.ts'
import type { TopicPartition } from '../topic.ts'
import { asking, brokerTimeoutMs, type Caller, send, throwIfFailed } from './caller.ts'
import { controller } from './lookups.ts'
import { byTopic, partitionText } from './partitions.ts'
import { checkDistinct, perKey, settleControllerError } from './per-key.ts'
import { type ResultEntry, Results } from './results.ts'

const alterCall = {
  request: alterPartitionReassignmentsRequest,
  response: alterPartitionReassignmentsResponse,
}
const listCall = {
  request: listPartitionReassignmentsRequest,
  response: listPartitionReassignmentsResponse,
}
const electCall = { request: electLeadersRequest, response: electLeadersResponse }

/** Since then a reassignment can be kept from changing how many replicas there are. */
const KEEP_FACTOR_VERSION = 1
/** Since then leaders other than preferred ones can be elected. */
const ELECTION_TYPE_VERSION = 1
const ELECTION_TYPES = { preferred: 0, unclean: 1 } as const

/** A partition and where it is to lie. */
export interface PartitionReassignment extends TopicPartition {
  /** The brokers that are to hold it; null calls off the reassignment that is going on. */
  readonly replicas: readonly number[] | null
}

/** What `alterPartitionReassignments` takes. */
export interface AlterReassignmentsOptions extends CallOptions {
  /** Whether there may be more or fewer replicas than before; true where left out. */
  readonly allowReplicationFactorChange?: boolean | undefined
}

/** Begins to move partitions, or calls it off. */
export function alterPartitionReassignments(
  caller: Caller,
  given: readonly PartitionReassignment[],
  options: AlterReassignmentsOptions,
): Promise<Results<TopicPartition, void>> {
  checkDistinct(given, partitionText)
  const replicas = new Map(given.map((one) => [partitionText(one), one.replicas]))
  const deadline = caller.begin('alterPartitionReassignments', options)
  const keepsFactor = options.allowReplicationFactorChange === false
  return perKey<TopicPartition, void>(caller, deadline, {
    keys: given.map(({ topic, partition }) => ({ topic, partition })),
    textOf: partitionText,
    lookup: controller(),
    async ask(target, keys, answers) {
      const topics = byTopic(keys).map(({ name, items }) => ({
        name,
        partitions: items.map((key) => {
          return { partitionIndex: key.partition, replicas: replicas.get(partitionText(key))! }
        }),
      }))
      const timeoutMs = brokerTimeoutMs(caller, deadline)
      const { body } = await send(
        caller,
        target,
        alterCall,
        keepsFactor
          ? { timeoutMs, topics, allowReplicationFactorChange: false }
          : { timeoutMs, topics },
        { deadline, ...(keepsFactor && { minVersion: KEEP_FACTOR_VERSION }) },
      )
      const context = { api: 'AlterPartitionReassignments' }
      if (body.errorCode !== 0) {
        const error = KafkaError.ofCode(body.errorCode, body.errorMessage, context)
        for (const key of keys) settleControllerError(answers, key, error, body)
        return
      }
      for (const { name: topic, partitions } of body.responses) {
        for (const { partitionIndex: partition, errorCode, errorMessage } of partitions) {
          const key = { topic, partition }
          if (errorCode === 0) answers.succeed(key, undefined)
          else {
            const error = KafkaError.ofCode(errorCode, errorMessage, { ...context, ...key })
            settleControllerError(answers, key, error, body)
          }
        }
      }
    },
  })
}

/** A partition that is on its way. */
export interface OngoingReassignment extends TopicPartition {
  /** The brokers that hold it now and those that come. */
  readonly replicas: readonly number[]
  readonly addingReplicas: readonly number[]
  readonly removingReplicas: readonly number[]
}

/** The reassignments that are going on, of these partitions or of all. */
export function listPartitionReassignments(
  caller: Caller,
  partitions: readonly TopicPartition[] | null,
  options: CallOptions,
): Promise<readonly OngoingReassignment[]> {
  const deadline = caller.begin('listPartitionReassignments', options)
  const topics =
    partitions === null
      ? null
      : byTopic(partitions).map(({ name, items }) => {
          return { name, partitionIndexes: items.map(({ partition }) => partition) }
        })
  return asking(caller, deadline, async () => {
    const timeoutMs = brokerTimeoutMs(caller, deadline)
    const { body } = await send(caller, 'controller', listCall, { timeoutMs, topics }, { deadline })
    throwIfFailed(body.errorCode, body.errorMessage, 'ListPartitionReassignments')
    return body.topics.flatMap(({ name, partitions: found }) => {
      return found.map(({ partitionIndex, replicas, addingReplicas, removingReplicas }) => {
        const partition = { topic: name, partition: partitionIndex }
        return { ...partition, replicas, addingReplicas, removingReplicas }
      })
    })
  })
}

/**
 * Has leaders elected: the preferred ones, or ones out of sync where there is no other. Of these
 * partitions, or of all that need it, and then the result tells of those. ELECTION_NOT_NEEDED
 * where the leader is the one that was to be.
 */
export function electLeaders(
  caller: Caller,
  type: 'preferred' | 'unclean',
  partitions: readonly TopicPartition[] | null,
  options: CallOptions,
): Promise<Results<TopicPartition, void>> {
  const deadline = caller.begin('electLeaders', options)
  const topicPartitions =
    partitions === null
      ? null
      : byTopic(partitions).map(({ name, items }) => {
          return { topic: name, partitions: items.map(({ partition }) => partition) }
        })
  return asking(caller, deadline, async () => {
    const timeoutMs = brokerTimeoutMs(caller, deadline)
    const electionType = ELECTION_TYPES[type]
    const { body } = await send(
      caller,
      'controller',
      electCall,
      (version) => {
        const isTyped = version >= ELECTION_TYPE_VERSION
        return { topicPartitions, timeoutMs, ...(isTyped && { electionType }) }
      },
      { deadline, ...(type !== 'preferred' && { minVersion: ELECTION_TYPE_VERSION }) },
    )
    throwIfFailed(body.errorCode, null, 'ElectLeaders')
    const entries: ResultEntry<TopicPartition, void>[] = []
    for (const { topic, partitionResult } of body.replicaElectionResults) {
      for (const { partitionId, errorCode, errorMessage } of partitionResult) {
        const key = { topic, partition: partitionId }
        const error = KafkaError.ofCode(errorCode, errorMessage, { api: 'ElectLeaders', ...key })
        const isDone = errorCode === 0
        entries.push(isDone ? { key, ok: true, value: undefined } : { key, ok: false, error })
      }
    }
    return new Results(partitionText, entries)
  })
}
