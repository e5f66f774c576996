/**
 * Offsets of a consumer group as a part of a transaction, so that what was read and what was
 * written because of it take effect together (KIP-98, KIP-447).
 */
import { ErrorCode } from '../../protocol/errors.ts'
import {
  addOffsetsToTxnRequest,
  addOffsetsToTxnResponse,
} from '../../protocol/messages/25-add-offsets-to-txn.ts'
import {
  txnOffsetCommitRequest,
  txnOffsetCommitResponse,
} from '../../protocol/messages/28-txn-offset-commit.ts'
import type { Deadline } from '../call.ts'
import type { Cluster } from '../cluster/cluster.ts'
import { KafkaError } from '../kafka-error.ts'
import { retrying } from '../retry.ts'
import type { TopicPartition } from '../topic.ts'
import type { Transactions } from './transactions.ts'

/** The member whose progress it is; the broker refuses members that were replaced. */
export interface TransactionGroup {
  readonly groupId: string
  readonly memberId?: string | undefined
  readonly generationOrEpoch?: number | undefined
  readonly instanceId?: string | null | undefined
}

/** Where a group goes on: the offset of the next record to read. */
export interface TransactionOffset extends TopicPartition {
  readonly offset: number
  readonly leaderEpoch?: number | undefined
  readonly metadata?: string | undefined
}

const ADD = { request: addOffsetsToTxnRequest, response: addOffsetsToTxnResponse }
const COMMIT = { request: txnOffsetCommitRequest, response: txnOffsetCommitResponse }
/** The newest before which the client adds the group itself. */
const NEWEST_COMMIT_V1 = 4
/** The oldest that fences by member and generation. */
const OLDEST_FENCING = 3

const MOVED: ReadonlySet<number> = new Set([
  ErrorCode.NOT_COORDINATOR,
  ErrorCode.COORDINATOR_NOT_AVAILABLE,
])

/** Makes the offsets a part of the open transaction. */
export async function commitOffsets(
  cluster: Cluster,
  transactions: Transactions,
  group: TransactionGroup,
  offsets: Iterable<TransactionOffset>,
  deadline: Deadline,
): Promise<void> {
  const { transactionalId, isV2 } = transactions
  const { producerId, producerEpoch } = transactions.current!
  const own = { transactionalId, producerId, producerEpoch }
  const { groupId } = group
  transactions.start()
  if (!isV2) {
    await asking(cluster, 'transaction', transactionalId, deadline, async (coordinator) => {
      const body = { ...own, groupId }
      const { body: answer } = await cluster.request(coordinator, ADD, body, { deadline })
      return answer.errorCode
    })
  }
  const body = {
    ...own,
    groupId,
    memberId: group.memberId ?? '',
    generationId: group.generationOrEpoch ?? -1,
    groupInstanceId: group.instanceId ?? null,
    topics: byTopic(offsets),
  }
  const options = {
    deadline,
    ...(isV2 ? { minVersion: NEWEST_COMMIT_V1 + 1 } : { maxVersion: NEWEST_COMMIT_V1 }),
    ...(!isV2 && group.memberId !== undefined ? { minVersion: OLDEST_FENCING } : {}),
  }
  await asking(cluster, 'group', groupId, deadline, async (coordinator) => {
    const { body: answer } = await cluster.request(coordinator, COMMIT, body, options)
    const codes = answer.topics.flatMap(({ partitions }) =>
      partitions.map((each) => each.errorCode),
    )
    return codes.find((code) => code !== ErrorCode.NONE) ?? ErrorCode.NONE
  })
}

function byTopic(offsets: Iterable<TransactionOffset>) {
  const topics = new Map<string, Parameters<typeof partitionOf>[0][]>()
  for (const each of offsets) topics.set(each.topic, [...(topics.get(each.topic) ?? []), each])
  return [...topics].map(([name, each]) => ({ name, partitions: each.map(partitionOf) }))
}

function partitionOf({ partition, offset, leaderEpoch, metadata }: TransactionOffset) {
  if (!Number.isSafeInteger(offset) || offset < 0) {
    throw new KafkaError('INVALID_ARGUMENT', `offset: ${offset} is not an integer from 0 up`)
  }
  return {
    partitionIndex: partition,
    committedOffset: offset,
    committedLeaderEpoch: leaderEpoch ?? -1,
    committedMetadata: metadata ?? '',
  }
}

/** Asks a coordinator until it answers without an error that passes by itself. */
function asking(
  cluster: Cluster,
  type: 'group' | 'transaction',
  key: string,
  deadline: Deadline,
  attempt: (coordinator: number) => Promise<number>,
): Promise<void> {
  return retrying(cluster, deadline, async () => {
    const coordinator = await cluster.coordinator(type, key, deadline)
    const code = await attempt(coordinator).catch((error: KafkaError) => {
      if (error.retriable) cluster.forgetCoordinator(type, key)
      throw error
    })
    if (code === ErrorCode.NONE) return
    if (MOVED.has(code)) cluster.forgetCoordinator(type, key)
    throw KafkaError.ofCode(code, null, { groupId: type === 'group' ? key : undefined })
  })
}
