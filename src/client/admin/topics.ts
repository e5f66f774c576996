/**
 * Topics: create, delete, list, describe, more partitions.
 *
 * KIP-4, KIP-195 (partitions), KIP-525 (configs of created topics), KIP-516 (ids), KIP-599
 * (quota of the controller), KIP-966 (DescribeTopicPartitions, eligible leader replicas).
 */
import { ZERO_UUID } from '../../base/uuid.ts'
import { metadataRequest, metadataResponse } from '../../protocol/messages/03-metadata.ts'
import {
  createTopicsRequest,
  createTopicsResponse,
} from '../../protocol/messages/19-create-topics.ts'
import {
  deleteTopicsRequest,
  deleteTopicsResponse,
} from '../../protocol/messages/20-delete-topics.ts'
import {
  createPartitionsRequest,
  createPartitionsResponse,
} from '../../protocol/messages/37-create-partitions.ts'
import type { Infer, Uuid } from '../../protocol/schema.ts'
import type { CallOptions } from '../call.ts'
import { KafkaError } from '../kafka-error.ts'
import { asking, brokerTimeoutMs, type Caller, send } from './caller.ts'
import { controller } from './lookups.ts'
import { type ConfigSource, configSources } from './names.ts'
import { checkDistinct, perKey, type QuotaOptions, settleControllerError } from './per-key.ts'
import type { Results } from './results.ts'

const createTopicsCall = { request: createTopicsRequest, response: createTopicsResponse }
const deleteTopicsCall = { request: deleteTopicsRequest, response: deleteTopicsResponse }
const createPartitionsCall = {
  request: createPartitionsRequest,
  response: createPartitionsResponse,
}
const metadataCall = { request: metadataRequest, response: metadataResponse }

/** Since then brokers fill in the number of partitions and of replicas (KIP-464). */
const DEFAULTS_VERSION = 4
/** Since then null asks for all topics, and an empty list for none. */
const ALL_TOPICS_VERSION = 1
/** Since then topics are deleted by id. */
const DELETE_BY_ID_VERSION = 6

/** A topic that is to be made. */
export interface NewTopic {
  readonly name: string
  /** The broker's `num.partitions` where left out. */
  readonly numPartitions?: number | undefined
  /** The broker's `default.replication.factor` where left out. */
  readonly replicationFactor?: number | undefined
  /** The brokers of each partition, the preferred leader first; instead of the two numbers. */
  readonly assignments?: readonly (readonly number[])[] | undefined
  readonly configs?: Readonly<Record<string, string>> | undefined
}

/** What `createTopics` takes. */
export interface CreateTopicsOptions extends CallOptions, QuotaOptions {
  /** Have it checked only. */
  readonly validateOnly?: boolean | undefined
}

/** A topic that was made. */
export interface CreatedTopic {
  readonly name: string
  /** The zero uuid where nothing was made or the broker is too old for ids. */
  readonly topicId: Uuid
  /** -1 where the broker does not tell (before Kafka 2.4, or not authorized). */
  readonly numPartitions: number
  readonly replicationFactor: number
  readonly configs: readonly CreatedTopicConfig[]
  /** Why the broker does not tell the configs; null where it does. */
  readonly configsError: KafkaError | null
}

/** A setting of a topic that was made. */
export interface CreatedTopicConfig {
  readonly name: string
  readonly value: string | null
  readonly source: ConfigSource | 'UNKNOWN'
  readonly isReadOnly: boolean
  readonly isSensitive: boolean
}

const nameText = (name: string) => name

/** Makes topics. */
export function createTopics(
  caller: Caller,
  topics: readonly NewTopic[],
  options: CreateTopicsOptions,
): Promise<Results<string, CreatedTopic>> {
  const names = topics.map(({ name }) => name)
  checkDistinct(names, nameText)
  const deadline = caller.begin('createTopics', options)
  const usesDefaults = topics.some((topic) => {
    return topic.assignments === undefined && (!topic.numPartitions || !topic.replicationFactor)
  })
  return perKey(caller, deadline, {
    keys: names,
    textOf: nameText,
    lookup: controller(),
    async ask(target, keys, answers) {
      const asked = new Set(keys)
      const { body } = await send(
        caller,
        target,
        createTopicsCall,
        {
          topics: topics.filter(({ name }) => asked.has(name)).map(toCreatable),
          timeoutMs: brokerTimeoutMs(caller, deadline),
          validateOnly: options.validateOnly ?? false,
        },
        { deadline, ...(usesDefaults && { minVersion: DEFAULTS_VERSION }) },
      )
      for (const topic of body.topics) {
        const { name, errorCode, errorMessage } = topic
        if (errorCode === 0) answers.succeed(name, toCreated(topic))
        else {
          const context = { api: 'CreateTopics', topic: name }
          const error = KafkaError.ofCode(errorCode, errorMessage, context)
          const { throttleTimeMs } = body
          settleControllerError(answers, name, error, { ...options, throttleTimeMs })
        }
      }
    },
  })
}

function toCreatable({ name, numPartitions, replicationFactor, assignments, configs }: NewTopic) {
  const isManual = assignments !== undefined
  if (isManual && (numPartitions !== undefined || replicationFactor !== undefined)) {
    const text = `topic ${name}: assignments say how many partitions and replicas there are`
    throw new KafkaError('INVALID_ARGUMENT', text)
  }
  return {
    name,
    numPartitions: numPartitions ?? -1,
    replicationFactor: replicationFactor ?? -1,
    assignments: (assignments ?? []).map((brokerIds, partitionIndex) => {
      return { partitionIndex, brokerIds }
    }),
    configs: Object.entries(configs ?? {}).map(([key, value]) => ({ name: key, value })),
  }
}

function toCreated(topic: Infer<typeof createTopicsResponse>['topics'][number]): CreatedTopic {
  const { name, topicId, numPartitions, replicationFactor, topicConfigErrorCode } = topic
  return {
    name,
    topicId,
    numPartitions,
    replicationFactor,
    configs: (topic.configs ?? []).map((config) => ({
      name: config.name,
      value: config.value,
      source: configSources.name(config.configSource),
      isReadOnly: config.readOnly,
      isSensitive: config.isSensitive,
    })),
    configsError:
      topicConfigErrorCode === 0
        ? null
        : KafkaError.ofCode(topicConfigErrorCode, null, { api: 'CreateTopics', topic: name }),
  }
}

/** What `deleteTopics` takes. */
export interface DeleteTopicsOptions extends CallOptions, QuotaOptions {}

/** Deletes topics by name. */
export function deleteTopics(
  caller: Caller,
  names: readonly string[],
  options: DeleteTopicsOptions,
): Promise<Results<string, void>> {
  return deleteBy(caller, names, false, options)
}

/** Deletes topics by id. */
export function deleteTopicsById(
  caller: Caller,
  ids: readonly Uuid[],
  options: DeleteTopicsOptions,
): Promise<Results<Uuid, void>> {
  return deleteBy(caller, ids, true, options)
}

function deleteBy(
  caller: Caller,
  given: readonly string[],
  isById: boolean,
  options: DeleteTopicsOptions,
): Promise<Results<string, void>> {
  const deadline = caller.begin('deleteTopics', options)
  return perKey(caller, deadline, {
    keys: given,
    textOf: nameText,
    lookup: controller(),
    async ask(target, keys, answers) {
      const timeoutMs = brokerTimeoutMs(caller, deadline)
      const { body } = await send(
        caller,
        target,
        deleteTopicsCall,
        (version) => {
          if (version < DELETE_BY_ID_VERSION) return { topicNames: keys, timeoutMs }
          const topics = keys.map((key) => {
            return isById ? { name: null, topicId: key } : { name: key, topicId: ZERO_UUID }
          })
          return { topics, timeoutMs }
        },
        { deadline, ...(isById && { minVersion: DELETE_BY_ID_VERSION }) },
      )
      for (const { name, topicId, errorCode, errorMessage } of body.responses) {
        const key = isById ? topicId : name
        if (key === null) continue
        if (errorCode === 0) answers.succeed(key, undefined)
        else {
          const context = { api: 'DeleteTopics', topic: name ?? undefined }
          const error = KafkaError.ofCode(errorCode, errorMessage, context)
          const { throttleTimeMs } = body
          settleControllerError(answers, key, error, { ...options, throttleTimeMs })
        }
      }
    },
  })
}

/** What `listTopics` takes. */
export interface ListTopicsOptions extends CallOptions {
  /** Whether to list Kafka's own topics too, as __consumer_offsets. */
  readonly listInternal?: boolean | undefined
}

/** A topic as lists tell of it. */
export interface TopicListing {
  readonly name: string
  /** The zero uuid where the broker is too old for ids. */
  readonly topicId: Uuid
  readonly isInternal: boolean
}

/** All topics that this client may describe. */
export function listTopics(
  caller: Caller,
  options: ListTopicsOptions,
): Promise<readonly TopicListing[]> {
  const deadline = caller.begin('listTopics', options)
  return asking(caller, deadline, async () => {
    const { body } = await send(
      caller,
      'any',
      metadataCall,
      { topics: null },
      { deadline, minVersion: ALL_TOPICS_VERSION },
    )
    return body.topics
      .map(({ name, topicId, isInternal }) => ({ name: name ?? '', topicId, isInternal }))
      .filter(({ isInternal }) => options.listInternal === true || !isInternal)
  })
}

/** How many partitions a topic is to have. */
export interface NewPartitions {
  readonly topic: string
  /** How many there are then, not how many come. */
  readonly totalCount: number
  /** The brokers of each partition that comes, the preferred leader first. */
  readonly assignments?: readonly (readonly number[])[] | undefined
}

/** What `createPartitions` takes. */
export interface CreatePartitionsOptions extends CallOptions, QuotaOptions {
  /** Have it checked only. */
  readonly validateOnly?: boolean | undefined
}

/** Gives topics more partitions. */
export function createPartitions(
  caller: Caller,
  given: readonly NewPartitions[],
  options: CreatePartitionsOptions,
): Promise<Results<string, void>> {
  const names = given.map(({ topic }) => topic)
  checkDistinct(names, nameText)
  const deadline = caller.begin('createPartitions', options)
  return perKey(caller, deadline, {
    keys: names,
    textOf: nameText,
    lookup: controller(),
    async ask(target, keys, answers) {
      const asked = new Set(keys)
      const topics = given.filter(({ topic }) => asked.has(topic))
      const { body } = await send(
        caller,
        target,
        createPartitionsCall,
        {
          topics: topics.map(({ topic, totalCount, assignments }) => ({
            name: topic,
            count: totalCount,
            assignments: assignments?.map((brokerIds) => ({ brokerIds })) ?? null,
          })),
          timeoutMs: brokerTimeoutMs(caller, deadline),
          validateOnly: options.validateOnly ?? false,
        },
        { deadline },
      )
      for (const { name, errorCode, errorMessage } of body.results) {
        if (errorCode === 0) answers.succeed(name, undefined)
        else {
          const context = { api: 'CreatePartitions', topic: name }
          const error = KafkaError.ofCode(errorCode, errorMessage, context)
          const { throttleTimeMs } = body
          settleControllerError(answers, name, error, { ...options, throttleTimeMs })
        }
      }
    },
  })
}
