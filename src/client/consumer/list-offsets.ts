/**
 * Offsets by time and at the ends of logs (ListOffsets), and where leader epochs end
 * (OffsetForLeaderEpoch): one request for each leader, an answer or an error for each partition.
 *
 * KIP-79, KIP-207 (a new leader does not answer before it knows its high watermark), KIP-320.
 */
import { ErrorCode } from '../../protocol/errors.ts'
import { listOffsetsRequest, listOffsetsResponse } from '../../protocol/messages/02-list-offsets.ts'
import {
  offsetForLeaderEpochRequest,
  offsetForLeaderEpochResponse,
} from '../../protocol/messages/23-offset-for-leader-epoch.ts'
import type { Deadline } from '../call.ts'
import type { Cluster } from '../cluster/cluster.ts'
import { KafkaError } from '../kafka-error.ts'
import type { TopicPartition } from '../topic.ts'

/** Questions to ListOffsets that are no times. */
export const LATEST = -1
export const EARLIEST = -2

/** An offset with the epoch and the time of its record; -1 where there is none. */
export interface FoundOffset {
  readonly offset: number
  readonly leaderEpoch: number
  readonly timestamp: number
}

/** The end of an epoch in a leader's log; both -1 where it is not known any more. */
export interface EpochEnd {
  readonly leaderEpoch: number
  readonly endOffset: number
}

export interface TimeQuestion extends TopicPartition {
  /** Milliseconds, `LATEST` or `EARLIEST`. */
  readonly timestamp: number
}

export interface EpochQuestion extends TopicPartition {
  readonly leaderEpoch: number
}

/** What each question was answered with; errors are told apart by `retriable`. */
export type Answers<Q, A> = Map<Q, A | KafkaError>

const LIST_OFFSETS = { request: listOffsetsRequest, response: listOffsetsResponse }
const EPOCH_ENDS = { request: offsetForLeaderEpochRequest, response: offsetForLeaderEpochResponse }
const CONSUMER = -1

/** Asks the leaders once. */
export function listOffsets<Q extends TimeQuestion>(
  cluster: Cluster,
  questions: readonly Q[],
  isReadCommitted: boolean,
  deadline: Deadline,
): Promise<Answers<Q, FoundOffset>> {
  return askLeaders(cluster, questions, 'ListOffsets', async (leader, asked, answers) => {
    const topics = topicsOf(asked).map(([name, ofTopic]) => ({
      name,
      partitions: ofTopic.map((question) => ({
        partitionIndex: question.partition,
        currentLeaderEpoch: leaderEpochOf(cluster, question),
        timestamp: question.timestamp,
      })),
    }))
    const isolationLevel = isReadCommitted ? 1 : 0
    const timeoutMs = Math.min(cluster.requestTimeoutMs, deadline.leftMs())
    const body = { replicaId: CONSUMER, isolationLevel, topics, timeoutMs }
    const answer = await cluster.request(leader, LIST_OFFSETS, body, { deadline })
    for (const { name, partitions } of answer.body.topics) {
      for (const { partitionIndex, errorCode, offset, leaderEpoch, timestamp } of partitions) {
        answers(name, partitionIndex, errorCode, { offset, leaderEpoch, timestamp })
      }
    }
  })
}

/** Asks the leaders once where epochs end. */
export function epochEnds<Q extends EpochQuestion>(
  cluster: Cluster,
  questions: readonly Q[],
  deadline: Deadline,
): Promise<Answers<Q, EpochEnd>> {
  return askLeaders(cluster, questions, 'OffsetForLeaderEpoch', async (leader, asked, answers) => {
    const topics = topicsOf(asked).map(([topic, ofTopic]) => ({
      topic,
      partitions: ofTopic.map((question) => ({
        partition: question.partition,
        currentLeaderEpoch: leaderEpochOf(cluster, question),
        leaderEpoch: question.leaderEpoch,
      })),
    }))
    const body = { replicaId: CONSUMER, topics }
    const answer = await cluster.request(leader, EPOCH_ENDS, body, { deadline })
    for (const { topic, partitions } of answer.body.topics) {
      for (const { partition, errorCode, leaderEpoch, endOffset } of partitions) {
        answers(topic, partition, errorCode, { leaderEpoch, endOffset })
      }
    }
  })
}

type Note<A> = (topic: string, partition: number, errorCode: number, answer: A) => void

async function askLeaders<Q extends TopicPartition, A>(
  cluster: Cluster,
  questions: readonly Q[],
  api: string,
  ask: (leader: number, asked: readonly Q[], note: Note<A>) => Promise<void>,
): Promise<Answers<Q, A>> {
  const answers: Answers<Q, A> = new Map()
  const byLeader = new Map<number, Q[]>()
  for (const question of questions) {
    const leader = leaderOf(cluster, question)
    if (leader instanceof KafkaError) answers.set(question, leader)
    else byLeader.set(leader, [...(byLeader.get(leader) ?? []), question])
  }
  const asking = [...byLeader].map(async ([leader, asked]) => {
    const byName = new Map(asked.map((question) => [nameOf(question), question]))
    const note: Note<A> = (topic, partition, errorCode, answer) => {
      const question = byName.get(nameOf({ topic, partition }))
      if (question === undefined) return
      const context = { api, broker: String(leader), topic, partition }
      const isFine = errorCode === ErrorCode.NONE
      answers.set(question, isFine ? answer : KafkaError.ofCode(errorCode, null, context))
    }
    try {
      await ask(leader, asked, note)
      const missing = new KafkaError('CORRUPT_DATA', `${api}: the answer left it out`)
      for (const question of asked) if (!answers.has(question)) answers.set(question, missing)
    } catch (error) {
      const problem = KafkaError.of(error, 'NETWORK_ERROR', api)
      for (const question of asked) answers.set(question, problem)
    }
  })
  await Promise.all(asking)
  if ([...answers.values()].some((answer) => answer instanceof KafkaError)) {
    cluster.metadata.markStale()
  }
  return answers
}

function leaderOf(cluster: Cluster, { topic, partition }: TopicPartition): number | KafkaError {
  const info = cluster.metadata.topic(topic)?.partitions[partition]
  if (info === undefined) {
    return KafkaError.ofCode(ErrorCode.UNKNOWN_TOPIC_OR_PARTITION, null, { topic, partition })
  }
  if (info.leader >= 0) return info.leader
  return KafkaError.ofCode(ErrorCode.LEADER_NOT_AVAILABLE, null, { topic, partition })
}

function leaderEpochOf(cluster: Cluster, { topic, partition }: TopicPartition): number {
  return cluster.metadata.topic(topic)?.partitions[partition]?.leaderEpoch ?? -1
}

function nameOf({ topic, partition }: TopicPartition): string {
  return `${topic}/${partition}`
}

/** By topic, in the order in which they came. */
export function topicsOf<Q extends TopicPartition>(partitions: readonly Q[]): [string, Q[]][] {
  const topics = new Map<string, Q[]>()
  for (const one of partitions) {
    const ofTopic = topics.get(one.topic)
    if (ofTopic === undefined) topics.set(one.topic, [one])
    else ofTopic.push(one)
  }
  return [...topics]
}
