/** What goes into a Produce request, and what its answer says of single records. */
import { ErrorCode } from '../../protocol/errors.ts'
import type { produceRequest, produceResponse } from '../../protocol/messages/00-produce.ts'
import type { Infer, Input } from '../../protocol/schema.ts'
import type { ClusterMetadata } from '../cluster/cluster.ts'
import { KafkaError } from '../kafka-error.ts'
import type { ProducerBatch } from './batch.ts'

/** What an answer says of one partition. */
export type PartitionAnswer = TopicAnswer['partitionResponses'][number]
type TopicAnswer = Infer<typeof produceResponse>['responses'][number]

export interface ProduceOptions {
  readonly transactionalId: string | null
  readonly acks: number
  readonly timeoutMs: number
}

/** The body of a request with these batches; `wires` are their bytes, in the same order. */
export function produceBody(
  batches: readonly ProducerBatch[],
  wires: readonly Uint8Array[],
  metadata: ClusterMetadata,
  options: ProduceOptions,
): Input<typeof produceRequest> {
  const [first] = batches
  if (batches.length === 1) return { ...options, topicData: [topicOf(first!, wires[0]!, metadata)] }
  const topics = new Map<string, { index: number; records: Uint8Array }[]>()
  for (const [i, { topic, partition }] of batches.entries()) {
    const data = { index: partition, records: wires[i]! }
    const partitions = topics.get(topic)
    if (partitions === undefined) topics.set(topic, [data])
    else partitions.push(data)
  }
  const topicData = []
  for (const [name, partitionData] of topics) {
    const topicId = metadata.topic(name)?.id
    topicData.push({ name, ...(topicId === undefined ? {} : { topicId }), partitionData })
  }
  return { ...options, topicData }
}

/** Where a program awaits each record: without the maps, which cost as much as the rest of it. */
function topicOf(
  { topic: name, partition: index }: ProducerBatch,
  records: Uint8Array,
  metadata: ClusterMetadata,
) {
  const partitionData = [{ index, records }]
  const topicId = metadata.topic(name)?.id
  return topicId === undefined ? { name, partitionData } : { name, topicId, partitionData }
}

/** The errors of single records by their index in the batch (KIP-467); null for none. */
export function recordErrors(
  batch: ProducerBatch,
  answer: PartitionAnswer,
): ReadonlyMap<number, KafkaError> | null {
  const told = answer.recordErrors
  if (told.length === 0) return null
  const context = { api: 'Produce', topic: batch.topic, partition: batch.partition }
  // The code is that of the whole batch: among several, it is not each one's.
  const code = told.length === 1 ? answer.errorCode : ErrorCode.INVALID_RECORD
  return new Map(
    told.map(({ batchIndex, batchIndexErrorMessage }) => [
      batchIndex,
      KafkaError.ofCode(code, batchIndexErrorMessage ?? answer.errorMessage, context),
    ]),
  )
}

/** Finds partitions in the answer to a request with `topicData`. */
export class Answers {
  readonly #topics = new Map<string, Map<number, PartitionAnswer>>()
  /** The answer to one batch, which needs no looking for. */
  readonly #single: PartitionAnswer | null = null

  constructor(
    topicData: Input<typeof produceRequest>['topicData'],
    responses: readonly TopicAnswer[],
  ) {
    const [topic] = topicData
    const [answer] = responses
    if (topicData.length === 1 && responses.length === 1 && topic!.partitionData!.length === 1) {
      const { name, topicId } = answer!
      const isOf = name === '' ? topicId === topic!.topicId : name === topic!.name
      const [only, ...others] = answer!.partitionResponses
      if (isOf && only !== undefined && others.length === 0) {
        this.#single = only
        return
      }
    }
    // By name up to version 12, by id from 13 on.
    const names = new Map(topicData.map(({ name, topicId }) => [topicId, name]))
    for (const { name, topicId, partitionResponses } of responses) {
      const topic = name === '' ? (names.get(topicId) ?? '') : name
      const partitions = this.#topics.get(topic) ?? new Map<number, PartitionAnswer>()
      this.#topics.set(topic, partitions)
      for (const answer of partitionResponses) partitions.set(answer.index, answer)
    }
  }

  of({ topic, partition }: ProducerBatch): PartitionAnswer | undefined {
    if (this.#single !== null) return this.#single.index === partition ? this.#single : undefined
    return this.#topics.get(topic)?.get(partition)
  }
}
