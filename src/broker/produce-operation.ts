/**
 * One Produce from its first append to its answer: each partition is appended to in this turn, and
 * the answer leaves once all of them are committed.
 */
import { ZERO_UUID } from '../base/uuid.ts'
import { isInternalTopic } from '../metadata/topic-name.ts'
import { ErrorCode } from '../protocol/errors.ts'
import type { ProduceRequest, ProduceResponse } from '../protocol/messages/00-produce.ts'
import type { Broker } from './broker.ts'
import type { Partition } from './partition.ts'
import {
  batchProblem,
  firstBatch,
  holdsTransaction,
  type Refusal,
  unreadableBatch,
} from './produced-batch.ts'
import type { RequestContext } from './request-context.ts'

type TopicRequest = ProduceRequest['topicData'][number]
type PartitionRequest = TopicRequest['partitionData'][number]
type TopicAnswer = ProduceResponse['responses'][number]
type PartitionAnswer = TopicAnswer['partitionResponses'][number]
type Mutable<T> = { -readonly [K in keyof T]: T[K] }

const ACKS_ALL = -1
/** Refused without a look at the log, so that its start is not told. */
const NEVER_AT_THE_LOG: ReadonlySet<ErrorCode> = new Set([
  ErrorCode.CORRUPT_MESSAGE,
  ErrorCode.MESSAGE_TOO_LARGE,
  ErrorCode.RECORD_LIST_TOO_LARGE,
])
/** The client id of Kafka's own tools that may write internal topics. */
const ADMIN_CLIENT_ID = '__admin_client'

/** One Produce from its first append to its answer. */
export class ProduceOperation {
  readonly #broker: Broker
  readonly #request: ProduceRequest
  readonly #context: RequestContext<ProduceResponse>
  readonly #responses: { name: string; topicId: string; partitionResponses: PartitionAnswer[] }[] =
    []
  #pending = 1
  #failed = false

  constructor(broker: Broker, request: ProduceRequest, context: RequestContext<ProduceResponse>) {
    this.#broker = broker
    this.#request = request
    this.#context = context
  }

  start(): void {
    const unreadable = this.#unreadableBatch()
    const isUnauthorized = unreadable === null && this.#writesTransactionsWithoutId()
    const usesId = this.#context.apiVersion >= 13
    for (const topic of asWritten(this.#request.topicData, usesId)) {
      const name = usesId ? this.#broker.cluster.topicNameOf(topic.topicId) : topic.name
      const answer = {
        name: topic.name,
        topicId: topic.topicId,
        partitionResponses: [] as PartitionAnswer[],
      }
      this.#responses.push(answer)
      for (const { index, records } of topic.partitionData) {
        answer.partitionResponses.push(
          unreadable !== null
            ? this.#failure(index, unreadable.error, unreadable.message)
            : isUnauthorized
              ? this.#failure(index, ErrorCode.TRANSACTIONAL_ID_AUTHORIZATION_FAILED)
              : name === null
                ? this.#failure(index, ErrorCode.UNKNOWN_TOPIC_ID)
                : this.#append(name, index, records),
        )
      }
    }
    this.#settle()
  }

  /** Kafka looks at all first batches before it takes any, so one of these fails everything. */
  #unreadableBatch(): Refusal | null {
    for (const { partitionData } of this.#request.topicData) {
      for (const { records } of partitionData) {
        const unreadable = unreadableBatch(records)
        if (unreadable !== null) return unreadable
      }
    }
    return null
  }

  /** Whether nobody may write what is here: a batch of a transaction that names no transaction. */
  #writesTransactionsWithoutId(): boolean {
    if (this.#request.transactionalId !== null) return false
    for (const { partitionData } of this.#request.topicData) {
      for (const { records } of partitionData) if (holdsTransaction(records)) return true
    }
    return false
  }

  #append(topic: string, index: number, records: Uint8Array | null): PartitionAnswer {
    const partition = this.#broker.partitions.find(topic, index)
    if (partition === null)
      return this.#failure(index, this.#broker.partitions.missingError(topic, index))
    const refused = this.#refusal(partition, records)
    if (refused !== null || records === null) {
      return this.#failure(
        index,
        refused?.error ?? ErrorCode.INVALID_RECORD,
        refused?.message ?? null,
      )
    }
    const result = this.#broker.partitions.append(
      partition,
      firstBatch(records),
      'client',
      this.#broker.nowMs,
    )
    if (result.error !== ErrorCode.NONE) {
      const failure = this.#failure(index, result.error, result.errorMessage)
      if (!NEVER_AT_THE_LOG.has(result.error)) failure.logStartOffset = result.logStartOffset
      failure.recordErrors = result.recordErrors.map((error) => ({
        batchIndex: error.batchIndex,
        batchIndexErrorMessage: error.message,
      }))
      return failure
    }
    const answer: Mutable<PartitionAnswer> = {
      index,
      errorCode: ErrorCode.NONE,
      baseOffset: result.firstOffset,
      logAppendTimeMs: result.logAppendTimeMs,
      logStartOffset: result.logStartOffset,
    }
    if (this.#request.acks === 0) return answer
    this.#pending += 1
    partition.whenCommitted(result.lastOffset + 1, (error) => {
      if (error !== ErrorCode.NONE) Object.assign(answer, this.#failure(index, error))
      this.#settle()
    })
    return answer
  }

  /** What Kafka refuses before it looks into the batch. */
  #refusal(partition: Partition, records: Uint8Array | null): Refusal | null {
    const { acks } = this.#request
    if (partition.error !== ErrorCode.NONE) return { error: partition.error, message: null }
    const problem = batchProblem(records, this.#context.apiVersion)
    if (problem !== null) return problem
    if (acks !== 0 && acks !== 1 && acks !== ACKS_ALL) {
      return { error: ErrorCode.INVALID_REQUIRED_ACKS, message: null }
    }
    if (isInternalTopic(partition.topic) && this.#context.clientId !== ADMIN_CLIENT_ID) {
      const message = `Cannot append to internal topic ${partition.topic}`
      return { error: ErrorCode.INVALID_TOPIC_EXCEPTION, message }
    }
    return null
  }

  #failure(
    index: number,
    error: ErrorCode,
    message: string | null = null,
  ): Mutable<PartitionAnswer> {
    this.#failed = true
    return {
      index,
      errorCode: error,
      baseOffset: -1,
      logAppendTimeMs: -1,
      logStartOffset: -1,
      errorMessage: message,
    }
  }

  #settle(): void {
    this.#pending -= 1
    if (this.#pending > 0) return
    if (this.#request.acks !== 0) {
      this.#context.reply({ responses: this.#responses })
      return
    }
    // With acks=0 the only way to tell a producer of an error is to end the connection.
    if (this.#failed) this.#context.disconnect('a produce request with acks=0 failed')
    else this.#context.noReply()
  }
}

/**
 * What to write, by topic. A partition that is named twice is written and answered once, with what
 * comes last, and a topic without partitions is not answered at all.
 */
function asWritten(topics: readonly TopicRequest[], usesIds: boolean): readonly TopicRequest[] {
  const [first] = topics
  if (topics.length === 1 && first?.partitionData.length === 1) return topics
  const byTopic = new Map<string, Map<number, PartitionRequest>>()
  for (const { name, topicId, partitionData } of topics) {
    if (partitionData.length === 0) continue
    const key = usesIds ? topicId : name
    const partitions = byTopic.get(key) ?? new Map<number, PartitionRequest>()
    byTopic.set(key, partitions)
    for (const partition of partitionData) partitions.set(partition.index, partition)
  }
  return [...byTopic].map(([key, partitions]) => ({
    name: usesIds ? '' : key,
    topicId: usesIds ? key : ZERO_UUID,
    partitionData: [...partitions.values()],
  }))
}
