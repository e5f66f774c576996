/**
 * The requests about offsets as clients send them, brought to the form that offsets.ts works on:
 * topic names and ids completed, topics and partitions that don't exist answered, and answers put
 * in the shape of the version.
 *
 * KIP-516 (from version 10 on topics are named by id), KIP-709 (many groups in one OffsetFetch).
 */
import { ZERO_UUID } from '../../base/uuid.ts'
import { ErrorCode } from '../../protocol/errors.ts'
import type {
  OffsetCommitRequest,
  OffsetCommitResponse,
} from '../../protocol/messages/08-offset-commit.ts'
import type {
  OffsetFetchRequest,
  OffsetFetchResponse,
} from '../../protocol/messages/09-offset-fetch.ts'
import type {
  OffsetDeleteRequest,
  OffsetDeleteResponse,
} from '../../protocol/messages/47-offset-delete.ts'
import type { TopicLookup } from './context.ts'
import {
  type FetchedTopic,
  noOffset,
  type TopicCommit,
  type TopicResult,
  type TopicToDelete,
  type TopicToFetch,
} from './offsets.ts'

/** Topic ids instead of names. */
const TOPIC_ID_VERSION = 10
/** Many groups in one OffsetFetch. */
const GROUPS_VERSION = 8
/** Before it, OffsetFetch had no error for the whole request. */
const FETCH_ERROR_VERSION = 2

/** Results by topic: by its name, or by its id where it has none. */
export type ResultsByTopic = Map<string, TopicResult>

/** A request divided into what exists and what does not. */
export interface Resolved<Topic> {
  readonly topics: Topic[]
  readonly refused: ResultsByTopic
}

/** Finds the topics of an OffsetCommit; only partitions that exist can be committed for. */
export function resolveCommit(
  lookup: TopicLookup,
  request: OffsetCommitRequest,
  apiVersion: number,
): Resolved<TopicCommit> {
  const topics: TopicCommit[] = []
  const refused: ResultsByTopic = new Map()
  for (const topic of request.topics) {
    const byId = apiVersion >= TOPIC_ID_VERSION
    const name = byId ? lookup.topicName(topic.topicId) : topic.name
    const topicId = byId ? topic.topicId : lookup.topicId(topic.name)
    const { partitions } = topic
    if (name === null) {
      addRefused(refused, '', topic.topicId, partitions, ErrorCode.UNKNOWN_TOPIC_ID)
    } else if (topicId === null) {
      addRefused(refused, name, ZERO_UUID, partitions, ErrorCode.UNKNOWN_TOPIC_OR_PARTITION)
    } else {
      const count = lookup.partitionCount(name)
      const valid = partitions.filter(({ partitionIndex }) => isPartition(partitionIndex, count))
      if (valid.length > 0) topics.push({ name, topicId, partitions: valid })
      if (valid.length === partitions.length) continue
      const unknown = partitions.filter(({ partitionIndex }) => !isPartition(partitionIndex, count))
      addRefused(refused, name, topicId, unknown, ErrorCode.UNKNOWN_TOPIC_OR_PARTITION)
    }
  }
  return { topics, refused }
}

/** Finds the topics of an OffsetDelete. */
export function resolveDelete(
  lookup: TopicLookup,
  request: OffsetDeleteRequest,
): Resolved<TopicToDelete> {
  const topics: TopicToDelete[] = []
  const refused: ResultsByTopic = new Map()
  for (const { name, partitions } of request.topics) {
    const count = lookup.partitionCount(name)
    const valid = partitions.filter(({ partitionIndex }) => isPartition(partitionIndex, count))
    if (valid.length > 0) topics.push({ name, partitions: valid })
    if (valid.length === partitions.length && count > 0) continue
    const unknown = partitions.filter(({ partitionIndex }) => !isPartition(partitionIndex, count))
    addRefused(refused, name, ZERO_UUID, unknown, ErrorCode.UNKNOWN_TOPIC_OR_PARTITION)
  }
  return { topics, refused }
}

/** Puts the results of what existed behind what was refused; a topic comes once. */
export function mergeResults(
  refused: ResultsByTopic,
  results: readonly TopicResult[],
): readonly TopicResult[] {
  if (refused.size === 0) return results
  const rest = results.filter((result) => {
    const known = refused.get(result.name)
    known?.partitions.push(...result.partitions)
    return known === undefined
  })
  return [...refused.values(), ...rest]
}

/** The answer to an OffsetCommit of which nothing is done. */
export function commitError(
  topics: readonly TopicCommit[],
  refused: ResultsByTopic,
  errorCode: ErrorCode,
): OffsetCommitResponse {
  const results = topics.map(({ name, topicId, partitions }) => ({
    name,
    topicId,
    partitions: partitions.map(({ partitionIndex }) => ({ partitionIndex, errorCode })),
  }))
  return { topics: mergeResults(refused, results) }
}

/** The answer to an OffsetDelete of which nothing is done. */
export function deleteError(errorCode: ErrorCode): OffsetDeleteResponse {
  return { errorCode, topics: [] }
}

function addRefused(
  refused: ResultsByTopic,
  name: string,
  topicId: string,
  partitions: readonly { readonly partitionIndex: number }[],
  errorCode: ErrorCode,
): void {
  const key = name === '' ? topicId : name
  let result = refused.get(key)
  if (result === undefined) refused.set(key, (result = { name, topicId, partitions: [] }))
  for (const { partitionIndex } of partitions) result.partitions.push({ partitionIndex, errorCode })
}

function isPartition(index: number, count: number): boolean {
  return index >= 0 && index < count
}

/** One group of an OffsetFetch, in any version. */
export interface GroupToFetch {
  readonly groupId: string
  /** Null asks for all offsets of the group. */
  readonly topics: readonly TopicToFetch[] | null
}

/** What is answered for one group of an OffsetFetch. */
export interface FetchedGroup {
  readonly groupId: string
  readonly topics: FetchedTopic[]
  readonly errorCode: ErrorCode
}

/** The groups of an OffsetFetch, and topics that were named by an id that no topic has. */
export function groupsToFetch(request: OffsetFetchRequest, apiVersion: number): GroupToFetch[] {
  if (apiVersion >= GROUPS_VERSION) {
    return request.groups.map(({ groupId, topics }) => ({ groupId, topics }))
  }
  const topics = request.topics?.map(({ name, partitionIndexes }) => ({
    name,
    topicId: ZERO_UUID,
    partitionIndexes,
  }))
  return [{ groupId: request.groupId, topics: topics ?? null }]
}

/** Gives topics that are named by their id a name. */
export function resolveFetch(
  lookup: TopicLookup,
  topics: readonly TopicToFetch[],
  apiVersion: number,
): { readonly topics: readonly TopicToFetch[]; readonly refused: FetchedTopic[] } {
  if (apiVersion < TOPIC_ID_VERSION) return { topics, refused: [] }
  const known: TopicToFetch[] = []
  const refused: FetchedTopic[] = []
  for (const topic of topics) {
    const { topicId, partitionIndexes } = topic
    const name = lookup.topicName(topicId)
    if (name !== null) {
      known.push({ ...topic, name })
    } else {
      const error = ErrorCode.UNKNOWN_TOPIC_ID
      const partitions = partitionIndexes.map((index) => noOffset(index, error))
      refused.push({ name: '', topicId, partitions })
    }
  }
  return { topics: known, refused }
}

/** All topics of a group with the ids that they have now; without one they can't be told. */
export function withTopicIds(
  lookup: TopicLookup,
  topics: FetchedTopic[],
  apiVersion: number,
): FetchedTopic[] {
  if (apiVersion < TOPIC_ID_VERSION) return topics
  const found: FetchedTopic[] = []
  for (const topic of topics) {
    const topicId = lookup.topicId(topic.name)
    if (topicId !== null) found.push({ ...topic, topicId })
  }
  return found
}

/** What is answered for a group that can't be read. */
export function fetchError(
  group: GroupToFetch,
  errorCode: ErrorCode,
  apiVersion: number,
): FetchedGroup {
  const { groupId } = group
  if (apiVersion >= FETCH_ERROR_VERSION) return { groupId, topics: [], errorCode }
  const topics = (group.topics ?? []).map(({ name, topicId, partitionIndexes }) => ({
    name,
    topicId,
    partitions: partitionIndexes.map((index) => noOffset(index, errorCode)),
  }))
  return { groupId, topics, errorCode: ErrorCode.NONE }
}

/** An OffsetFetch's answer in the shape of its version. */
export function fetchResponse(
  groups: readonly FetchedGroup[],
  apiVersion: number,
): OffsetFetchResponse {
  if (apiVersion >= GROUPS_VERSION) return { groups }
  const { topics, errorCode } = groups[0]!
  return { topics, errorCode }
}
