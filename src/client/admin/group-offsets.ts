/**
 * Committed offsets of groups of consumers and of streams groups: reading, setting, deleting. They
 * are set and deleted while no member reads the topic.
 *
 * KIP-222, KIP-447 (stable offsets), KIP-496 (deletion), KIP-709 (several groups at once).
 */

import { ErrorCode } from '../../protocol/errors.ts'
import {
  offsetCommitRequest,
  offsetCommitResponse,
} from '../../protocol/messages/08-offset-commit.ts'
import { offsetFetchRequest, offsetFetchResponse } from '../../protocol/messages/09-offset-fetch.ts'
import {
  offsetDeleteRequest,
  offsetDeleteResponse,
} from '../../protocol/messages/47-offset-delete.ts'
import type { CallOptions, Deadline } from '../call.ts'
import type { Target } from '../cluster/cluster.ts'
import { KafkaError } from '../kafka-error.ts'
import type { TopicPartition } from '../topic.ts'
import { type Caller, send } from './caller.ts'
import { coordinators } from './lookups.ts'
import { byTopic, partitionText } from './partitions.ts'
import { type Answers, checkDistinct, perKey, settleCoordinatorError } from './per-key.ts'
import { type ResultEntry, Results } from './results.ts'

const fetchCall = { request: offsetFetchRequest, response: offsetFetchResponse }
const commitCall = { request: offsetCommitRequest, response: offsetCommitResponse }
const deleteCall = { request: offsetDeleteRequest, response: offsetDeleteResponse }

/** Since then one request asks for several groups. */
const BATCHED_VERSION = 8
/** Since then offsets that a transaction may still change can be waited for. */
const STABLE_VERSION = 7
/** Versions above speak of topics by id, where a program says names. */
const NAMES_VERSION = 9
/** Since then all topics of a group can be asked for. */
const ALL_TOPICS_VERSION = 2

/** A group with the partitions that are asked for; all where left out or null. */
export interface GroupOffsetsQuery {
  readonly groupId: string
  readonly partitions?: readonly TopicPartition[] | null | undefined
}

/** What `listConsumerGroupOffsets` takes. */
export interface ListGroupOffsetsOptions extends CallOptions {
  /** Refuses offsets that an open transaction may change, with UNSTABLE_OFFSET_COMMIT. */
  readonly requireStable?: boolean | undefined
}

/** What a group has committed of a partition. */
export interface CommittedOffset {
  readonly offset: number
  /** Null where the program that committed it did not tell. */
  readonly leaderEpoch: number | null
  readonly metadata: string
}

/** Offsets of a group by partition; null where it has committed none. */
export type GroupOffsets = Results<TopicPartition, CommittedOffset | null>

const groupText = (groupId: string) => groupId

/** The committed offsets of groups. */
export function listConsumerGroupOffsets(
  caller: Caller,
  queries: readonly GroupOffsetsQuery[],
  options: ListGroupOffsetsOptions,
): Promise<Results<string, GroupOffsets>> {
  const groupIds = queries.map(({ groupId }) => groupId)
  checkDistinct(groupIds, groupText)
  const partitions = new Map(queries.map((query) => [query.groupId, query.partitions ?? null]))
  const deadline = caller.begin('listConsumerGroupOffsets', options)
  return perKey<string, GroupOffsets>(caller, deadline, {
    keys: groupIds,
    textOf: groupText,
    lookup: coordinators(caller, 'group', groupText),
    async ask(target, keys, answers) {
      const groups = keys.map((groupId) => ({ groupId, partitions: partitions.get(groupId)! }))
      const asked = { caller, deadline, target, options, answers }
      try {
        await fetchTogether(asked, groups)
      } catch (error) {
        if (!(error instanceof KafkaError) || error.code !== 'UNSUPPORTED_BY_BROKER') throw error
        await Promise.all(groups.map((group) => fetchOne(asked, group)))
      }
    },
  })
}

interface Asked {
  readonly caller: Caller
  readonly deadline: Deadline
  readonly target: Target
  readonly options: ListGroupOffsetsOptions
  readonly answers: Answers<string, GroupOffsets>
}

interface AskedGroup {
  readonly groupId: string
  readonly partitions: readonly TopicPartition[] | null
}

function toTopics({ partitions }: AskedGroup) {
  if (partitions === null) return null
  return byTopic(partitions).map(({ name, items }) => {
    return { name, partitionIndexes: items.map(({ partition }) => partition) }
  })
}

async function fetchTogether(asked: Asked, groups: readonly AskedGroup[]): Promise<void> {
  const { caller, deadline, target, options, answers } = asked
  const { body } = await send(
    caller,
    target,
    fetchCall,
    {
      groups: groups.map((group) => ({ groupId: group.groupId, topics: toTopics(group) })),
      requireStable: options.requireStable ?? false,
    },
    { deadline, minVersion: BATCHED_VERSION, maxVersion: NAMES_VERSION },
  )
  for (const group of body.groups) settleGroup(group.groupId, group, answers)
}

async function fetchOne(asked: Asked, group: AskedGroup): Promise<void> {
  const { caller, deadline, target, options, answers } = asked
  const { groupId } = group
  const requireStable = options.requireStable ?? false
  const { body } = await send(
    caller,
    target,
    fetchCall,
    (version) => {
      const topics = toTopics(group)
      return version < STABLE_VERSION ? { groupId, topics } : { groupId, topics, requireStable }
    },
    {
      deadline,
      minVersion: requireStable ? STABLE_VERSION : ALL_TOPICS_VERSION,
      maxVersion: BATCHED_VERSION - 1,
    },
  )
  settleGroup(groupId, body, answers)
}

interface FetchedTopic {
  readonly name: string
  readonly partitions: readonly {
    readonly partitionIndex: number
    readonly committedOffset: number
    readonly committedLeaderEpoch: number
    readonly metadata: string | null
    readonly errorCode: number
  }[]
}

function settleGroup(
  groupId: string,
  { errorCode, topics }: { readonly errorCode: number; readonly topics: readonly FetchedTopic[] },
  answers: Answers<string, GroupOffsets>,
): void {
  const context = { api: 'OffsetFetch', groupId }
  if (errorCode !== 0) {
    settleCoordinatorError(answers, groupId, KafkaError.ofCode(errorCode, null, context))
    return
  }
  const entries: ResultEntry<TopicPartition, CommittedOffset | null>[] = []
  for (const { name: topic, partitions } of topics) {
    for (const { partitionIndex: partition, ...found } of partitions) {
      const key = { topic, partition }
      if (found.errorCode !== 0) {
        const error = KafkaError.ofCode(found.errorCode, null, { ...context, ...key })
        entries.push({ key, ok: false, error })
      } else {
        const { committedOffset: offset, committedLeaderEpoch: epoch, metadata } = found
        const leaderEpoch = epoch < 0 ? null : epoch
        const value = offset < 0 ? null : { offset, leaderEpoch, metadata: metadata ?? '' }
        entries.push({ key, ok: true, value })
      }
    }
  }
  answers.succeed(groupId, new Results(partitionText, entries))
}

/** An offset that a group is to begin at: that of the next record it is to read. */
export interface OffsetToCommit extends TopicPartition {
  readonly offset: number
  readonly leaderEpoch?: number | null | undefined
  readonly metadata?: string | undefined
}

/** Sets offsets of a group. UNKNOWN_MEMBER_ID while it has members. */
export function alterConsumerGroupOffsets(
  caller: Caller,
  groupId: string,
  offsets: readonly OffsetToCommit[],
  options: CallOptions,
): Promise<Results<TopicPartition, void>> {
  checkDistinct(offsets, partitionText)
  const given = new Map(offsets.map((one) => [partitionText(one), one]))
  const deadline = caller.begin('alterConsumerGroupOffsets', options)
  return perKey<TopicPartition, void>(caller, deadline, {
    keys: offsets.map(({ topic, partition }) => ({ topic, partition })),
    textOf: partitionText,
    lookup: coordinators(caller, 'group', () => groupId),
    async ask(target, keys, answers) {
      const topics = byTopic(keys).map(({ name, items }) => ({
        name,
        partitions: items.map((key) => {
          const { offset, leaderEpoch, metadata } = given.get(partitionText(key))!
          return {
            partitionIndex: key.partition,
            committedOffset: offset,
            committedLeaderEpoch: leaderEpoch ?? -1,
            committedMetadata: metadata ?? '',
          }
        }),
      }))
      const { body } = await send(
        caller,
        target,
        commitCall,
        { groupId, generationIdOrMemberEpoch: -1, memberId: '', topics },
        { deadline, maxVersion: NAMES_VERSION },
      )
      for (const { name: topic, partitions } of body.topics) {
        for (const { partitionIndex: partition, errorCode } of partitions) {
          const key = { topic, partition }
          const context = { api: 'OffsetCommit', groupId, ...key }
          if (errorCode === 0) answers.succeed(key, undefined)
          else if (errorCode === ErrorCode.REBALANCE_IN_PROGRESS) {
            answers.retry(key, KafkaError.ofCode(errorCode, null, context))
          } else settleCoordinatorError(answers, key, KafkaError.ofCode(errorCode, null, context))
        }
      }
    },
  })
}

/** Deletes offsets of a group. GROUP_SUBSCRIBED_TO_TOPIC while a member reads the topic. */
export function deleteConsumerGroupOffsets(
  caller: Caller,
  groupId: string,
  given: readonly TopicPartition[],
  options: CallOptions,
): Promise<Results<TopicPartition, void>> {
  const deadline = caller.begin('deleteConsumerGroupOffsets', options)
  return perKey<TopicPartition, void>(caller, deadline, {
    keys: given.map(({ topic, partition }) => ({ topic, partition })),
    textOf: partitionText,
    lookup: coordinators(caller, 'group', () => groupId),
    async ask(target, keys, answers) {
      const topics = byTopic(keys).map(({ name, items }) => {
        return { name, partitions: items.map(({ partition }) => ({ partitionIndex: partition })) }
      })
      const { body } = await send(caller, target, deleteCall, { groupId, topics }, { deadline })
      const context = { api: 'OffsetDelete', groupId }
      if (body.errorCode !== 0) {
        const error = KafkaError.ofCode(body.errorCode, null, context)
        for (const key of keys) settleCoordinatorError(answers, key, error)
        return
      }
      for (const { name: topic, partitions } of body.topics) {
        for (const { partitionIndex: partition, errorCode } of partitions) {
          const key = { topic, partition }
          if (errorCode === 0) answers.succeed(key, undefined)
          else answers.fail(key, KafkaError.ofCode(errorCode, null, { ...context, ...key }))
        }
      }
    },
  })
}
