/**
 * What topics consist of: by name with DescribeTopicPartitions, page by page, so that no answer
 * grows with the cluster (KIP-966), or with Metadata where the broker is older; by id with Metadata
 * (KIP-516).
 */
import { ErrorCode } from '../../protocol/errors.ts'
import { metadataRequest, metadataResponse } from '../../protocol/messages/03-metadata.ts'
import {
  describeTopicPartitionsRequest,
  describeTopicPartitionsResponse,
} from '../../protocol/messages/75-describe-topic-partitions.ts'
import type { Infer, Uuid } from '../../protocol/schema.ts'
import type { CallOptions, Deadline } from '../call.ts'
import { KafkaError } from '../kafka-error.ts'
import { type Caller, send } from './caller.ts'
import { given, NO_AUTO_CREATION_VERSION } from './lookups.ts'
import { type AclOperation, authorizedOperationsOf } from './names.ts'
import { type Answers, perKey } from './per-key.ts'
import type { Results } from './results.ts'

const describeCall = {
  request: describeTopicPartitionsRequest,
  response: describeTopicPartitionsResponse,
}
const metadataCall = { request: metadataRequest, response: metadataResponse }

/** Partitions of one answer, as Java asks for. */
const DEFAULT_PAGE_PARTITIONS = 2000
/** Since then Metadata tells what the client may do to a topic. */
const METADATA_OPERATIONS_VERSION = 8
/** Since then Metadata answers by id. */
const METADATA_BY_ID_VERSION = 12

/** What `describeTopics` takes. */
export interface DescribeTopicsOptions extends CallOptions {
  readonly includeAuthorizedOperations?: boolean | undefined
  /** How many partitions one answer may tell of; the broker may choose less. */
  readonly partitionSizeLimitPerResponse?: number | undefined
}

/** A topic with its partitions. */
export interface TopicDescription {
  readonly name: string
  /** The zero uuid where the broker is too old for ids. */
  readonly topicId: Uuid
  readonly isInternal: boolean
  /** By number. */
  readonly partitions: readonly PartitionDescription[]
  /** Null where it was not asked for. */
  readonly authorizedOperations: readonly AclOperation[] | null
}

/** A partition with where it lies. */
export interface PartitionDescription {
  readonly partition: number
  /** Id of a broker; -1 where there is none. */
  readonly leader: number
  /** -1 where the broker does not tell. */
  readonly leaderEpoch: number
  readonly replicas: readonly number[]
  readonly isr: readonly number[]
  readonly offlineReplicas: readonly number[]
  /** Eligible leader replicas; null where the broker does not tell. */
  readonly elr: readonly number[] | null
  readonly lastKnownElr: readonly number[] | null
}

type DescribedTopic = Infer<typeof describeTopicPartitionsResponse>['topics'][number]
type MetadataTopic = Infer<typeof metadataResponse>['topics'][number]

const nameText = (name: string) => name

/** Describes topics by name. */
export function describeTopics(
  caller: Caller,
  names: readonly string[],
  options: DescribeTopicsOptions,
): Promise<Results<string, TopicDescription>> {
  const deadline = caller.begin('describeTopics', options)
  return perKey(caller, deadline, {
    keys: names,
    textOf: nameText,
    lookup: given('any'),
    async ask(_target, keys, answers) {
      try {
        await describePages(caller, keys, answers, deadline, options)
      } catch (error) {
        if (!(error instanceof KafkaError) || error.code !== 'UNSUPPORTED_BY_BROKER') throw error
        await describeByMetadata(caller, keys, answers, deadline, options)
      }
    },
  })
}

/** Describes topics by id. */
export function describeTopicsById(
  caller: Caller,
  ids: readonly Uuid[],
  options: DescribeTopicsOptions,
): Promise<Results<Uuid, TopicDescription>> {
  const deadline = caller.begin('describeTopicsById', options)
  const includesOperations = options.includeAuthorizedOperations ?? false
  return perKey(caller, deadline, {
    keys: ids,
    textOf: nameText,
    lookup: given('any'),
    async ask(target, keys, answers) {
      const { body } = await send(
        caller,
        target,
        metadataCall,
        {
          topics: keys.map((topicId) => ({ topicId, name: null })),
          allowAutoTopicCreation: false,
          includeTopicAuthorizedOperations: includesOperations,
        },
        { deadline, minVersion: METADATA_BY_ID_VERSION },
      )
      for (const topic of body.topics) settleTopic(topic.topicId, topic, answers)
    },
  })
}

/** Asks for page after page; a topic may begin on one and end on another. */
async function describePages(
  caller: Caller,
  names: readonly string[],
  answers: Answers<string, TopicDescription>,
  deadline: Deadline,
  options: DescribeTopicsOptions,
): Promise<void> {
  const parts = new Map<string, { topic: DescribedTopic; partitions: PartitionDescription[] }>()
  let topics = [...names].sort().map((name) => ({ name }))
  const responsePartitionLimit = options.partitionSizeLimitPerResponse ?? DEFAULT_PAGE_PARTITIONS
  let cursor: Cursor | null = null
  for (;;) {
    const page: Infer<typeof describeTopicPartitionsResponse> = (
      await send(
        caller,
        'any',
        describeCall,
        { topics, responsePartitionLimit, cursor },
        { deadline },
      )
    ).body
    for (const topic of page.topics) {
      const name = topic.name ?? ''
      if (topic.errorCode !== 0) answers.fail(name, topicError(topic.errorCode, name))
      const known = parts.get(name)
      const partitions = topic.partitions.map(fromDescribed)
      if (known === undefined) parts.set(name, { topic, partitions })
      else known.partitions.push(...partitions)
    }
    if (page.nextCursor === null) break
    if (cursor !== null && !isBefore(cursor, page.nextCursor)) {
      throw new KafkaError('CORRUPT_DATA', 'DescribeTopicPartitions: the cursor does not advance')
    }
    const next: Cursor = page.nextCursor
    topics = topics.filter(({ name }) => name >= next.topicName) // the others are told of
    cursor = next
  }
  for (const [name, { topic, partitions }] of parts) {
    answers.succeed(name, {
      name,
      topicId: topic.topicId,
      isInternal: topic.isInternal,
      partitions,
      authorizedOperations:
        options.includeAuthorizedOperations === true
          ? authorizedOperationsOf(topic.topicAuthorizedOperations)
          : null,
    })
  }
}

interface Cursor {
  readonly topicName: string
  readonly partitionIndex: number
}

function isBefore(a: Cursor, b: Cursor): boolean {
  return a.topicName === b.topicName
    ? a.partitionIndex < b.partitionIndex
    : a.topicName < b.topicName
}

async function describeByMetadata(
  caller: Caller,
  names: readonly string[],
  answers: Answers<string, TopicDescription>,
  deadline: Deadline,
  options: DescribeTopicsOptions,
): Promise<void> {
  const { body } = await send(
    caller,
    'any',
    metadataCall,
    {
      topics: names.map((name) => ({ name })),
      allowAutoTopicCreation: false,
      includeTopicAuthorizedOperations: options.includeAuthorizedOperations ?? false,
    },
    {
      deadline,
      minVersion: options.includeAuthorizedOperations
        ? METADATA_OPERATIONS_VERSION
        : NO_AUTO_CREATION_VERSION,
    },
  )
  for (const topic of body.topics) settleTopic(topic.name ?? '', topic, answers)
}

function settleTopic(
  key: string,
  topic: MetadataTopic,
  answers: Answers<string, TopicDescription>,
): void {
  const { errorCode, topicId, isInternal } = topic
  const name = topic.name ?? ''
  if (errorCode === ErrorCode.LEADER_NOT_AVAILABLE) {
    answers.retry(key, topicError(errorCode, key)) // it is being made
    return
  }
  if (errorCode !== 0) {
    answers.fail(key, topicError(errorCode, key))
    return
  }
  const partitions = topic.partitions.map(fromMetadata)
  partitions.sort((a, b) => a.partition - b.partition)
  const authorizedOperations = authorizedOperationsOf(topic.topicAuthorizedOperations)
  answers.succeed(key, { name, topicId, isInternal, partitions, authorizedOperations })
}

function topicError(errorCode: number, topic: string): KafkaError {
  return KafkaError.ofCode(errorCode, null, { topic })
}

function fromDescribed(partition: DescribedTopic['partitions'][number]): PartitionDescription {
  return {
    partition: partition.partitionIndex,
    leader: partition.leaderId,
    leaderEpoch: partition.leaderEpoch,
    replicas: partition.replicaNodes,
    isr: partition.isrNodes,
    offlineReplicas: partition.offlineReplicas,
    elr: partition.eligibleLeaderReplicas,
    lastKnownElr: partition.lastKnownElr,
  }
}

function fromMetadata(partition: MetadataTopic['partitions'][number]): PartitionDescription {
  return {
    partition: partition.partitionIndex,
    leader: partition.leaderId,
    leaderEpoch: partition.leaderEpoch,
    replicas: partition.replicaNodes,
    isr: partition.isrNodes,
    offlineReplicas: partition.offlineReplicas,
    elr: null,
    lastKnownElr: null,
  }
}
