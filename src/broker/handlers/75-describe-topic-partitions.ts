/**
 * DescribeTopicPartitions (75), version 0: topics page by page, with the eligible leader replicas
 * (KIP-966). A cursor names the first partition of the next page.
 */
import { ZERO_UUID } from '../../base/uuid.ts'
import { isInternalTopic, topicNameError } from '../../metadata/topic-name.ts'
import { ErrorCode } from '../../protocol/errors.ts'
import {
  type DescribeTopicPartitionsRequest,
  type DescribeTopicPartitionsResponse,
  describeTopicPartitionsRequest,
  describeTopicPartitionsResponse,
} from '../../protocol/messages/75-describe-topic-partitions.ts'
import { TOPIC_OPERATIONS } from '../authorized-operations.ts'
import type { Broker } from '../broker.ts'
import { serve } from '../served-api.ts'

type TopicAnswer = DescribeTopicPartitionsResponse['topics'][number]

export const describeTopicPartitions = serve(
  describeTopicPartitionsRequest,
  describeTopicPartitionsResponse,
  (broker, request, context) => {
    const { cursor } = request
    const all = request.topics.length === 0
    const named = all ? [...broker.cluster.topicNames()] : request.topics.map(({ name }) => name)
    const cursorIsNamed = cursor === null || all || named.includes(cursor.topicName)
    if (!cursorIsNamed || (cursor !== null && cursor.partitionIndex < 0)) {
      context.reply(refusal(request, ErrorCode.INVALID_REQUEST))
      return
    }
    const names = [...new Set(named)].filter((name) => name >= (cursor?.topicName ?? '')).sort()
    if (names.includes('')) {
      context.reply(refusal(request, ErrorCode.UNKNOWN_SERVER_ERROR))
      return
    }
    context.reply(page(broker, request, names, all))
  },
  { readsMetadata: true },
)

function page(
  broker: Broker,
  request: DescribeTopicPartitionsRequest,
  names: readonly string[],
  all: boolean,
): DescribeTopicPartitionsResponse {
  const limit = Math.min(broker.settings.requestPartitionsMax, request.responsePartitionLimit)
  let room = Math.max(1, limit)
  const topics: TopicAnswer[] = []
  for (const name of names) {
    if (room === 0) return { topics, nextCursor: { topicName: name, partitionIndex: 0 } }
    const first = request.cursor?.topicName === name ? request.cursor.partitionIndex : 0
    const topic = broker.cluster.topic(name)
    if (topic === null) {
      if (!all) topics.push(unknown(name))
      continue
    }
    const end = Math.min(topic.partitions.length, first + room)
    topics.push(describe(broker, name, first, end))
    if (end < topic.partitions.length) {
      return { topics, nextCursor: { topicName: name, partitionIndex: end } }
    }
    room -= Math.max(0, end - first)
  }
  return { topics }
}

/** The answer to a cursor that is none of the topics asked for, and to a topic without a name. */
function refusal(
  { topics }: DescribeTopicPartitionsRequest,
  errorCode: ErrorCode,
): DescribeTopicPartitionsResponse {
  const refused = ({ name }: { readonly name: string }): TopicAnswer => {
    return { errorCode, name, topicId: ZERO_UUID, isInternal: false, partitions: [] }
  }
  return { topics: topics.map(refused) }
}

function unknown(name: string): TopicAnswer {
  return {
    errorCode:
      topicNameError(name) === null
        ? ErrorCode.UNKNOWN_TOPIC_OR_PARTITION
        : ErrorCode.INVALID_TOPIC_EXCEPTION,
    name,
    topicId: ZERO_UUID,
    isInternal: isInternalTopic(name),
    partitions: [],
    topicAuthorizedOperations: TOPIC_OPERATIONS,
  }
}

function describe(broker: Broker, name: string, first: number, end: number): TopicAnswer {
  const topic = broker.cluster.topic(name)
  return {
    errorCode: ErrorCode.NONE,
    name,
    topicId: topic?.id ?? ZERO_UUID,
    isInternal: isInternalTopic(name),
    partitions: (topic?.partitions ?? []).slice(first, end).map((partition, at) => ({
      errorCode: partition.leader === -1 ? ErrorCode.LEADER_NOT_AVAILABLE : ErrorCode.NONE,
      partitionIndex: first + at,
      leaderId: partition.leader,
      leaderEpoch: partition.leaderEpoch,
      replicaNodes: partition.replicas,
      isrNodes: partition.isr,
      eligibleLeaderReplicas: partition.elr,
      lastKnownElr: partition.lastKnownElr,
      offlineReplicas: broker.cluster.offlineReplicas(partition),
    })),
    topicAuthorizedOperations: TOPIC_OPERATIONS,
  }
}
