/**
 * Offsets of partitions: where they begin and end, what stands at a time, and deleting what is
 * older. Asked of each partition's leader.
 *
 * KIP-79, KIP-107 (DeleteRecords), KIP-396 (ListOffsets), KIP-734 (max timestamp), KIP-405 and
 * KIP-1005 (tiered storage), KIP-1023 (earliest pending upload).
 */
import { listOffsetsRequest, listOffsetsResponse } from '../../protocol/messages/02-list-offsets.ts'
import {
  deleteRecordsRequest,
  deleteRecordsResponse,
} from '../../protocol/messages/21-delete-records.ts'
import type { CallOptions, Deadline } from '../call.ts'
import type { Target } from '../cluster/cluster.ts'
import { KafkaError } from '../kafka-error.ts'
import type { TopicPartition } from '../topic.ts'
import { brokerTimeoutMs, type Caller, send } from './caller.ts'
import { leaders } from './lookups.ts'
import { byTopic, partitionText } from './partitions.ts'
import { type Answers, checkDistinct, perKey, settleLeaderError } from './per-key.ts'
import type { Results } from './results.ts'

const listCall = { request: listOffsetsRequest, response: listOffsetsResponse }
const deleteCall = { request: deleteRecordsRequest, response: deleteRecordsResponse }

/** Since then ListOffsets has an isolation level. */
const ISOLATION_VERSION = 2
const CONSUMER_REPLICA_ID = -1

/** The timestamps that stand for a place, and the first version of ListOffsets that knows them. */
const PLACES = {
  latest: { timestamp: -1, minVersion: 1 },
  earliest: { timestamp: -2, minVersion: 1 },
  'max-timestamp': { timestamp: -3, minVersion: 7 },
  'earliest-local': { timestamp: -4, minVersion: 8 },
  'latest-tiered': { timestamp: -5, minVersion: 9 },
  'earliest-pending-upload': { timestamp: -6, minVersion: 11 },
} as const

/**
 * Which offset of a partition: its end (`latest`), its begin (`earliest`), the first record not
 * older than a time in milliseconds, the record with the largest timestamp, or, with tiered
 * storage, the first on the leader's disk, the last in the remote store, or the first to be copied.
 */
export type OffsetSpec = keyof typeof PLACES | { readonly timestamp: number }

/** A partition and which of its offsets is asked for. */
export interface OffsetQuery extends TopicPartition {
  readonly at: OffsetSpec
}

/** What `listOffsets` takes. */
export interface ListOffsetsOptions extends CallOptions {
  /** With `'read_committed'`, `latest` is the last stable offset. */
  readonly isolation?: 'read_uncommitted' | 'read_committed' | undefined
}

/** An offset that was asked for. */
export interface ListedOffset {
  /** -1 where there is no such record. */
  readonly offset: number
  /** That of the record, where a record was asked for; -1 else. */
  readonly timestamp: number
  /** Null where it is not known. */
  readonly leaderEpoch: number | null
}

/** Looks up offsets, one in each partition. */
export function listOffsets(
  caller: Caller,
  queries: readonly OffsetQuery[],
  options: ListOffsetsOptions,
): Promise<Results<TopicPartition, ListedOffset>> {
  checkDistinct(queries, partitionText)
  const places = new Map(queries.map((query) => [partitionText(query), placeOf(query)]))
  const deadline = caller.begin('listOffsets', options)
  return perKey<TopicPartition, ListedOffset>(caller, deadline, {
    keys: queries.map(({ topic, partition }) => ({ topic, partition })),
    textOf: partitionText,
    lookup: leaders(caller, false),
    // A place that the broker is too old for must not fail the others: one request a version.
    async ask(target, keys, answers) {
      const versions = new Set(keys.map((key) => places.get(partitionText(key))!.minVersion))
      const asked = [...versions].map(async (minVersion) => {
        const own = keys.filter((key) => places.get(partitionText(key))!.minVersion === minVersion)
        const times = own.map((key) => ({ ...key, ...places.get(partitionText(key))! }))
        try {
          await listSome({ caller, deadline, target, times, answers, minVersion, options })
        } catch (error) {
          if (!(error instanceof KafkaError) || error.code !== 'UNSUPPORTED_BY_BROKER') throw error
          for (const key of own) answers.fail(key, error)
        }
      })
      await Promise.all(asked)
    },
  })
}

function placeOf({ at }: OffsetQuery): { timestamp: number; minVersion: number } {
  if (typeof at !== 'string') {
    if (Number.isSafeInteger(at.timestamp) && at.timestamp >= 0) {
      return { timestamp: at.timestamp, minVersion: 1 }
    }
    throw new KafkaError('INVALID_ARGUMENT', `timestamp: ${at.timestamp} is no milliseconds`)
  }
  if (Object.hasOwn(PLACES, at)) return PLACES[at]
  const known = Object.keys(PLACES).join(', ')
  throw new KafkaError('INVALID_ARGUMENT', `at: ${at} is none of ${known}, { timestamp }`)
}

interface ListOffsetsAsked {
  readonly caller: Caller
  readonly deadline: Deadline
  readonly target: Target
  readonly times: readonly (TopicPartition & { readonly timestamp: number })[]
  readonly answers: Answers<TopicPartition, ListedOffset>
  readonly minVersion: number
  readonly options: ListOffsetsOptions
}

async function listSome(asked: ListOffsetsAsked): Promise<void> {
  const { caller, deadline, target, times, answers, minVersion, options } = asked
  const isCommitted = options.isolation === 'read_committed'
  const { body } = await send(
    caller,
    target,
    listCall,
    {
      replicaId: CONSUMER_REPLICA_ID,
      isolationLevel: isCommitted ? 1 : 0,
      topics: byTopic(times).map(({ name, items }) => ({
        name,
        partitions: items.map(({ partition, timestamp }) => {
          return { partitionIndex: partition, timestamp }
        }),
      })),
      timeoutMs: brokerTimeoutMs(caller, deadline),
    },
    { deadline, minVersion: isCommitted ? Math.max(minVersion, ISOLATION_VERSION) : minVersion },
  )
  for (const { name: topic, partitions } of body.topics) {
    for (const { partitionIndex: partition, errorCode, ...found } of partitions) {
      const key = { topic, partition }
      const { offset, timestamp, leaderEpoch } = found
      if (errorCode === 0) {
        const epoch = leaderEpoch < 0 ? null : leaderEpoch
        answers.succeed(key, { offset, timestamp, leaderEpoch: epoch })
      } else {
        const error = KafkaError.ofCode(errorCode, null, { api: 'ListOffsets', ...key })
        settleLeaderError(answers, key, error)
      }
    }
  }
}

/** A partition and up to where its records are to go. */
export interface RecordsToDelete extends TopicPartition {
  /** Everything below is deleted; -1 for everything that is replicated. */
  readonly beforeOffset: number
}

/** What is left of a partition after records were deleted. */
export interface DeletedRecords {
  /** The offset at which the partition begins now. */
  readonly lowWatermark: number
}

/** Deletes the oldest records of partitions. */
export function deleteRecords(
  caller: Caller,
  given: readonly RecordsToDelete[],
  options: CallOptions,
): Promise<Results<TopicPartition, DeletedRecords>> {
  checkDistinct(given, partitionText)
  const offsets = new Map(given.map((one) => [partitionText(one), one.beforeOffset]))
  const deadline = caller.begin('deleteRecords', options)
  return perKey<TopicPartition, DeletedRecords>(caller, deadline, {
    keys: given.map(({ topic, partition }) => ({ topic, partition })),
    textOf: partitionText,
    lookup: leaders(caller, true),
    async ask(target, keys, answers) {
      const topics = byTopic(keys).map(({ name, items }) => ({
        name,
        partitions: items.map((key) => {
          return { partitionIndex: key.partition, offset: offsets.get(partitionText(key))! }
        }),
      }))
      const timeoutMs = brokerTimeoutMs(caller, deadline)
      const { body } = await send(caller, target, deleteCall, { topics, timeoutMs }, { deadline })
      for (const { name: topic, partitions } of body.topics) {
        for (const { partitionIndex: partition, errorCode, lowWatermark } of partitions) {
          const key = { topic, partition }
          if (errorCode === 0) answers.succeed(key, { lowWatermark })
          else {
            const error = KafkaError.ofCode(errorCode, null, { api: 'DeleteRecords', ...key })
            settleLeaderError(answers, key, error)
          }
        }
      }
    },
  })
}
