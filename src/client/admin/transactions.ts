/**
 * Producers and their transactions: looking at them, and ending those that hang.
 *
 * KIP-664 (tools against hanging transactions), KIP-588, KIP-1152 (filter by pattern), KIP-939
 * (force termination).
 */

import { ErrorCode } from '../../protocol/errors.ts'
import {
  initProducerIdRequest,
  initProducerIdResponse,
} from '../../protocol/messages/22-init-producer-id.ts'
import {
  writeTxnMarkersRequest,
  writeTxnMarkersResponse,
} from '../../protocol/messages/27-write-txn-markers.ts'
import {
  describeProducersRequest,
  describeProducersResponse,
} from '../../protocol/messages/61-describe-producers.ts'
import {
  describeTransactionsRequest,
  describeTransactionsResponse,
} from '../../protocol/messages/65-describe-transactions.ts'
import {
  listTransactionsRequest,
  listTransactionsResponse,
} from '../../protocol/messages/66-list-transactions.ts'
import type { CallOptions } from '../call.ts'
import { KafkaError } from '../kafka-error.ts'
import type { TopicPartition } from '../topic.ts'
import { brokerTimeoutMs, type Caller, send } from './caller.ts'
import { allBrokers, coordinators, given, leaders } from './lookups.ts'
import { byTopic, partitionText } from './partitions.ts'
import { perKey, settleCoordinatorError, settleLeaderError } from './per-key.ts'
import type { Results } from './results.ts'

const producersCall = { request: describeProducersRequest, response: describeProducersResponse }
const describeCall = {
  request: describeTransactionsRequest,
  response: describeTransactionsResponse,
}
const listCall = { request: listTransactionsRequest, response: listTransactionsResponse }
const markersCall = { request: writeTxnMarkersRequest, response: writeTxnMarkersResponse }
const initCall = { request: initProducerIdRequest, response: initProducerIdResponse }

/** Since then transactions are filtered by how long they have been open. */
const DURATION_VERSION = 1
/** Since then they are filtered by a pattern of their ids. */
const PATTERN_VERSION = 2
/** Above, InitProducerId is of two-phase commit, which is not stable yet. */
const INIT_STABLE_VERSION = 5

const nameText = (transactionalId: string) => transactionalId

/** What `describeProducers` takes. */
export interface DescribeProducersOptions extends CallOptions {
  /** Ask this broker, leader or not; each partition's leader where left out. */
  readonly brokerId?: number | undefined
}

/** A producer that has written to a partition and is remembered there. */
export interface ProducerState {
  readonly producerId: number
  readonly producerEpoch: number
  readonly lastSequence: number
  /** Of its last record, in milliseconds since 1970. */
  readonly lastTimestamp: number
  /** Of the coordinator that ended its last transaction; null where there was none. */
  readonly coordinatorEpoch: number | null
  /** Where its open transaction begins; null where it has none. */
  readonly currentTransactionStartOffset: number | null
}

/** The producers of partitions. */
export function describeProducers(
  caller: Caller,
  partitions: readonly TopicPartition[],
  options: DescribeProducersOptions,
): Promise<Results<TopicPartition, readonly ProducerState[]>> {
  const deadline = caller.begin('describeProducers', options)
  const { brokerId } = options
  const byLeader = leaders<TopicPartition>(caller, true)
  return perKey<TopicPartition, readonly ProducerState[]>(caller, deadline, {
    keys: partitions.map(({ topic, partition }) => ({ topic, partition })),
    textOf: partitionText,
    lookup: brokerId === undefined ? byLeader : given(brokerId),
    async ask(target, keys, answers) {
      const topics = byTopic(keys).map(({ name, items }) => {
        return { name, partitionIndexes: items.map(({ partition }) => partition) }
      })
      const { body } = await send(caller, target, producersCall, { topics }, { deadline })
      for (const { name: topic, partitions: found } of body.topics) {
        for (const { partitionIndex, errorCode, errorMessage, activeProducers } of found) {
          const key = { topic, partition: partitionIndex }
          if (errorCode === 0) answers.succeed(key, activeProducers.map(toProducer))
          else {
            const context = { api: 'DescribeProducers', ...key }
            const error = KafkaError.ofCode(errorCode, errorMessage, context)
            if (brokerId === undefined) settleLeaderError(answers, key, error)
            else answers.fail(key, error)
          }
        }
      }
    },
  })
}

function toProducer(producer: {
  readonly producerId: number
  readonly producerEpoch: number
  readonly lastSequence: number
  readonly lastTimestamp: number
  readonly coordinatorEpoch: number
  readonly currentTxnStartOffset: number
}): ProducerState {
  const { coordinatorEpoch, currentTxnStartOffset } = producer
  return {
    producerId: producer.producerId,
    producerEpoch: producer.producerEpoch,
    lastSequence: producer.lastSequence,
    lastTimestamp: producer.lastTimestamp,
    coordinatorEpoch: coordinatorEpoch < 0 ? null : coordinatorEpoch,
    currentTransactionStartOffset: currentTxnStartOffset < 0 ? null : currentTxnStartOffset,
  }
}

/** How far a transaction is. */
export type TransactionState =
  | ('Empty' | 'Ongoing' | 'PrepareCommit' | 'PrepareAbort')
  | ('CompleteCommit' | 'CompleteAbort' | 'PrepareEpochFence' | 'Unknown')

const STATES: readonly TransactionState[] = [
  ...(['Empty', 'Ongoing', 'PrepareCommit', 'PrepareAbort'] as const),
  ...(['CompleteCommit', 'CompleteAbort', 'PrepareEpochFence'] as const),
]

function stateOf(name: string): TransactionState {
  return STATES.find((state) => state === name) ?? 'Unknown'
}

/** A transactional id with what it is doing. */
export interface TransactionDescription {
  readonly transactionalId: string
  readonly coordinatorId: number
  readonly state: TransactionState
  readonly producerId: number
  readonly producerEpoch: number
  readonly transactionTimeoutMs: number
  /** In milliseconds since 1970; null where none is open. */
  readonly transactionStartTimeMs: number | null
  /** What it has written to so far. */
  readonly partitions: readonly TopicPartition[]
}

/** What transactional ids are about. */
export function describeTransactions(
  caller: Caller,
  transactionalIds: readonly string[],
  options: CallOptions,
): Promise<Results<string, TransactionDescription>> {
  const deadline = caller.begin('describeTransactions', options)
  return perKey<string, TransactionDescription>(caller, deadline, {
    keys: transactionalIds,
    textOf: nameText,
    lookup: coordinators(caller, 'transaction', nameText),
    async ask(target, keys, answers) {
      const asked = { transactionalIds: keys }
      const { body, brokerId } = await send(caller, target, describeCall, asked, { deadline })
      for (const { transactionalId, errorCode, ...found } of body.transactionStates) {
        if (errorCode !== 0) {
          const error = KafkaError.ofCode(errorCode, null, { api: 'DescribeTransactions' })
          settleCoordinatorError(answers, transactionalId, error)
          continue
        }
        const startMs = found.transactionStartTimeMs
        answers.succeed(transactionalId, {
          transactionalId,
          coordinatorId: brokerId,
          state: stateOf(found.transactionState),
          producerId: found.producerId,
          producerEpoch: found.producerEpoch,
          transactionTimeoutMs: found.transactionTimeoutMs,
          transactionStartTimeMs: startMs < 0 ? null : startMs,
          partitions: found.topics.flatMap(({ topic, partitions }) => {
            return partitions.map((partition) => ({ topic, partition }))
          }),
        })
      }
    },
  })
}

/** What `listTransactions` takes. */
export interface ListTransactionsOptions extends CallOptions {
  readonly states?: readonly Exclude<TransactionState, 'Unknown'>[] | undefined
  readonly producerIds?: readonly number[] | undefined
  /** Only those that have been open for longer. */
  readonly durationMs?: number | undefined
  /** Only those whose ids match this regular expression of RE2. */
  readonly transactionalIdPattern?: string | undefined
}

/** A transactional id as lists tell of it. */
export interface TransactionListing {
  readonly transactionalId: string
  readonly producerId: number
  readonly state: TransactionState
}

/** The transactional ids of each broker, for each knows those that it coordinates. */
export async function listTransactions(
  caller: Caller,
  options: ListTransactionsOptions,
): Promise<Results<number, readonly TransactionListing[]>> {
  const deadline = caller.begin('listTransactions', options)
  const { durationMs, transactionalIdPattern } = options
  const asked = {
    stateFilters: options.states ?? [],
    producerIdFilters: options.producerIds ?? [],
    ...(durationMs !== undefined && { durationFilter: durationMs }),
    ...(transactionalIdPattern !== undefined && { transactionalIdPattern }),
  }
  const minVersion =
    transactionalIdPattern !== undefined
      ? PATTERN_VERSION
      : durationMs !== undefined
        ? DURATION_VERSION
        : 0
  const brokers = await allBrokers(caller, deadline)
  return perKey<number, readonly TransactionListing[]>(caller, deadline, {
    keys: brokers.map(({ id }) => id),
    textOf: String,
    lookup: given((id) => id),
    async ask(target, [id], answers) {
      const { body } = await send(caller, target, listCall, asked, { deadline, minVersion })
      if (body.errorCode !== 0) {
        const error = KafkaError.ofCode(body.errorCode, null, { api: 'ListTransactions' })
        if (body.errorCode === ErrorCode.COORDINATOR_LOAD_IN_PROGRESS) answers.retry(id!, error)
        else answers.fail(id!, error)
        return
      }
      const found = body.transactionStates.map(({ transactionalId, producerId, ...one }) => {
        return { transactionalId, producerId, state: stateOf(one.transactionState) }
      })
      answers.succeed(id!, found)
    },
  })
}

/** A transaction that hangs in a partition, as `describeProducers` tells of it. */
export interface TransactionToAbort extends TopicPartition {
  readonly producerId: number
  readonly producerEpoch: number
  /** That of the producer's last transaction; -1 where there was none. */
  readonly coordinatorEpoch: number
}

/** Writes the marker that ends a transaction in one partition, whatever its coordinator thinks. */
export async function abortTransaction(
  caller: Caller,
  transaction: TransactionToAbort,
  options: CallOptions,
): Promise<void> {
  const deadline = caller.begin('abortTransaction', options)
  const { topic, partition, producerId, producerEpoch, coordinatorEpoch } = transaction
  const key = { topic, partition }
  const topics = [{ name: topic, partitionIndexes: [partition] }]
  const marker = { producerId, producerEpoch, coordinatorEpoch, transactionResult: false, topics }
  const results = await perKey<TopicPartition, void>(caller, deadline, {
    keys: [key],
    textOf: partitionText,
    lookup: leaders(caller, true),
    async ask(target, _keys, answers) {
      const { body } = await send(caller, target, markersCall, { markers: [marker] }, { deadline })
      const own = body.markers
        .find((one) => one.producerId === producerId)
        ?.topics.find(({ name }) => name === topic)
        ?.partitions.find(({ partitionIndex }) => partitionIndex === partition)
      if (own === undefined) return
      if (own.errorCode === 0) answers.succeed(key, undefined)
      else {
        const error = KafkaError.ofCode(own.errorCode, null, { api: 'WriteTxnMarkers', ...key })
        settleLeaderError(answers, key, error)
      }
    },
  })
  results.orThrow()
}

/** What the producer that comes next will have. */
export interface FencedProducer {
  readonly producerId: number
  readonly producerEpoch: number
}

/** Fences off the producers that have these transactional ids, and aborts what they have open. */
export function fenceProducers(
  caller: Caller,
  transactionalIds: readonly string[],
  options: CallOptions,
): Promise<Results<string, FencedProducer>> {
  const deadline = caller.begin('fenceProducers', options)
  return perKey<string, FencedProducer>(caller, deadline, {
    keys: transactionalIds,
    textOf: nameText,
    lookup: coordinators(caller, 'transaction', nameText),
    async ask(target, keys, answers) {
      const each = async (transactionalId: string) => {
        const transactionTimeoutMs = brokerTimeoutMs(caller, deadline)
        const asked = { transactionalId, transactionTimeoutMs }
        const { body } = await send(caller, target, initCall, asked, {
          deadline,
          maxVersion: INIT_STABLE_VERSION,
        })
        const { errorCode, producerId, producerEpoch } = body
        if (errorCode === 0) answers.succeed(transactionalId, { producerId, producerEpoch })
        else {
          const error = KafkaError.ofCode(errorCode, null, { api: 'InitProducerId' })
          if (errorCode === ErrorCode.CONCURRENT_TRANSACTIONS) answers.retry(transactionalId, error)
          else settleCoordinatorError(answers, transactionalId, error)
        }
      }
      await Promise.all(keys.map(each))
    },
  })
}

/** Ends the transaction that is open under an id, whoever has it. */
export async function forceTerminateTransaction(
  caller: Caller,
  transactionalId: string,
  options: CallOptions,
): Promise<void> {
  const results = await fenceProducers(caller, [transactionalId], options)
  results.orThrow()
}
