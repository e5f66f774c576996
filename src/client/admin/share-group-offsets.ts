/** Start offsets of share groups (KIP-932, KIP-1226 for lag): reading, setting, deleting. */
import { ErrorCode } from '../../protocol/errors.ts'
import {
  describeShareGroupOffsetsRequest,
  describeShareGroupOffsetsResponse,
} from '../../protocol/messages/90-describe-share-group-offsets.ts'
import {
  alterShareGroupOffsetsRequest,
  alterShareGroupOffsetsResponse,
} from '../../protocol/messages/91-alter-share-group-offsets.ts'
import {
  deleteShareGroupOffsetsRequest,
  deleteShareGroupOffsetsResponse,
} from '../../protocol/messages/92-delete-share-group-offsets.ts'
import type { Infer } from '../../protocol/schema.ts'
import type { CallOptions } from '../call.ts'
import { KafkaError } from '../kafka-error.ts'
import type { TopicPartition } from '../topic.ts'
import { type Caller, send } from './caller.ts'
import type { GroupOffsetsQuery } from './group-offsets.ts'
import { coordinators } from './lookups.ts'
import { byTopic, partitionText } from './partitions.ts'
import { type Answers, checkDistinct, perKey, settleCoordinatorError } from './per-key.ts'
import { type ResultEntry, Results } from './results.ts'

const describeCall = {
  request: describeShareGroupOffsetsRequest,
  response: describeShareGroupOffsetsResponse,
}
const alterCall = {
  request: alterShareGroupOffsetsRequest,
  response: alterShareGroupOffsetsResponse,
}
const deleteCall = {
  request: deleteShareGroupOffsetsRequest,
  response: deleteShareGroupOffsetsResponse,
}

/** How far a share group has got in a partition. */
export interface ShareGroupOffset {
  /** The first record that is not done with. */
  readonly startOffset: number
  /** Null where it is not known. */
  readonly leaderEpoch: number | null
  /** How many records are yet to be done; null where the broker does not tell. */
  readonly lag: number | null
}

/** Offsets of a share group by partition; null where it has none yet. */
export type ShareGroupOffsets = Results<TopicPartition, ShareGroupOffset | null>

const nameText = (name: string) => name

/** The start offsets of share groups. */
export function listShareGroupOffsets(
  caller: Caller,
  queries: readonly GroupOffsetsQuery[],
  options: CallOptions,
): Promise<Results<string, ShareGroupOffsets>> {
  const groupIds = queries.map(({ groupId }) => groupId)
  checkDistinct(groupIds, nameText)
  const partitions = new Map(queries.map((query) => [query.groupId, query.partitions ?? null]))
  const deadline = caller.begin('listShareGroupOffsets', options)
  return perKey<string, ShareGroupOffsets>(caller, deadline, {
    keys: groupIds,
    textOf: nameText,
    lookup: coordinators(caller, 'group', nameText),
    async ask(target, keys, answers) {
      const groups = keys.map((groupId) => {
        const own = partitions.get(groupId) ?? null
        const topics =
          own === null
            ? null
            : byTopic(own).map(({ name, items }) => {
                return { topicName: name, partitions: items.map(({ partition }) => partition) }
              })
        return { groupId, topics }
      })
      const { body } = await send(caller, target, describeCall, { groups }, { deadline })
      for (const { groupId, errorCode, errorMessage, topics } of body.groups) {
        const context = { api: 'DescribeShareGroupOffsets', groupId }
        if (errorCode === 0) answers.succeed(groupId, toOffsets(topics, context))
        else {
          const error = KafkaError.ofCode(errorCode, errorMessage, context)
          settleCoordinatorError(answers, groupId, error)
        }
      }
    },
  })
}

type DescribedGroup = Infer<typeof describeShareGroupOffsetsResponse>['groups'][number]

function toOffsets(topics: DescribedGroup['topics'], context: { api: string; groupId: string }) {
  const entries: ResultEntry<TopicPartition, ShareGroupOffset | null>[] = []
  for (const { topicName: topic, partitions } of topics) {
    for (const { partitionIndex: partition, errorCode, errorMessage, ...found } of partitions) {
      const key = { topic, partition }
      if (errorCode !== 0) {
        const error = KafkaError.ofCode(errorCode, errorMessage, { ...context, ...key })
        entries.push({ key, ok: false, error })
      } else {
        const { startOffset, leaderEpoch: epoch, lag } = found
        const leaderEpoch = epoch < 0 ? null : epoch
        const offset = { startOffset, leaderEpoch, lag: lag < 0 ? null : lag }
        entries.push({ key, ok: true, value: startOffset < 0 ? null : offset })
      }
    }
  }
  return new Results(partitionText, entries)
}

/** A partition and where a share group is to begin. */
export interface ShareOffsetToSet extends TopicPartition {
  readonly startOffset: number
}

/** Sets start offsets of a share group. NON_EMPTY_GROUP while it has members. */
export function alterShareGroupOffsets(
  caller: Caller,
  groupId: string,
  offsets: readonly ShareOffsetToSet[],
  options: CallOptions,
): Promise<Results<TopicPartition, void>> {
  checkDistinct(offsets, partitionText)
  const given = new Map(offsets.map((one) => [partitionText(one), one.startOffset]))
  const deadline = caller.begin('alterShareGroupOffsets', options)
  return perKey<TopicPartition, void>(caller, deadline, {
    keys: offsets.map(({ topic, partition }) => ({ topic, partition })),
    textOf: partitionText,
    lookup: coordinators(caller, 'group', () => groupId),
    async ask(target, keys, answers) {
      const topics = byTopic(keys).map(({ name, items }) => ({
        topicName: name,
        partitions: items.map((key) => {
          return { partitionIndex: key.partition, startOffset: given.get(partitionText(key))! }
        }),
      }))
      const { body } = await send(caller, target, alterCall, { groupId, topics }, { deadline })
      const context = { api: 'AlterShareGroupOffsets', groupId }
      if (body.errorCode !== 0) {
        const error = KafkaError.ofCode(body.errorCode, body.errorMessage, context)
        for (const key of keys) settleGroupError(answers, key, error)
        return
      }
      for (const { topicName: topic, partitions } of body.responses) {
        for (const { partitionIndex: partition, errorCode, errorMessage } of partitions) {
          const key = { topic, partition }
          const error = KafkaError.ofCode(errorCode, errorMessage, { ...context, ...key })
          if (errorCode === 0) answers.succeed(key, undefined)
          else settleGroupError(answers, key, error)
        }
      }
    },
  })
}

/** Makes a share group forget topics. NON_EMPTY_GROUP while it has members. */
export function deleteShareGroupOffsets(
  caller: Caller,
  groupId: string,
  topics: readonly string[],
  options: CallOptions,
): Promise<Results<string, void>> {
  const deadline = caller.begin('deleteShareGroupOffsets', options)
  return perKey<string, void>(caller, deadline, {
    keys: topics,
    textOf: nameText,
    lookup: coordinators(caller, 'group', () => groupId),
    async ask(target, keys, answers) {
      const asked = { groupId, topics: keys.map((topicName) => ({ topicName })) }
      const { body } = await send(caller, target, deleteCall, asked, { deadline })
      const context = { api: 'DeleteShareGroupOffsets', groupId }
      if (body.errorCode !== 0) {
        const error = KafkaError.ofCode(body.errorCode, body.errorMessage, context)
        for (const key of keys) settleGroupError(answers, key, error)
        return
      }
      for (const { topicName: topic, errorCode, errorMessage } of body.responses) {
        const error = KafkaError.ofCode(errorCode, errorMessage, { ...context, topic })
        if (errorCode === 0) answers.succeed(topic, undefined)
        else settleGroupError(answers, topic, error)
      }
    },
  })
}

/** Of a group or of a part of it: the coordinator of its state may be starting or moving too. */
function settleGroupError<K>(answers: Answers<K, void>, key: K, error: KafkaError): void {
  if (error.errorCode === ErrorCode.REBALANCE_IN_PROGRESS) answers.retry(key, error)
  else settleCoordinatorError(answers, key, error)
}
