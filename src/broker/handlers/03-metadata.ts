/**
 * Metadata (3), versions 0-13: brokers, topics by name or id (KIP-516), automatic creation.
 *
 * A topic that the request may create is unknown in this answer and there a moment later, as in
 * Kafka.
 */
import { ZERO_UUID } from '../../base/uuid.ts'
import { isInternalTopic, topicNameError } from '../../metadata/topic-name.ts'
import { ErrorCode } from '../../protocol/errors.ts'
import {
  type MetadataRequest,
  type MetadataResponse,
  metadataRequest,
  metadataResponse,
} from '../../protocol/messages/03-metadata.ts'
import { CLUSTER_OPERATIONS, TOPIC_OPERATIONS } from '../authorized-operations.ts'
import type { Broker } from '../broker.ts'
import type { RequestContext } from '../request-context.ts'
import { serve } from '../served-api.ts'

type TopicAnswer = MetadataResponse['topics'][number]
const NOT_ASKED = -2147483648

export const metadata = serve(
  metadataRequest,
  metadataResponse,
  (broker, request, context) => {
    const all = asksForAll(request, context.apiVersion)
    const asked = all || request.topics === null ? [] : request.topics
    const formError = formErrorOf(asked, context.apiVersion)
    if (formError !== ErrorCode.NONE) {
      const topics = asked.map(({ name, topicId }) => failure(name ?? '', topicId, formError))
      const errorCode = formError
      context.reply({ brokers: [], topics, clusterAuthorizedOperations: NOT_ASKED, errorCode })
      return
    }
    const ids = new Set(asked.map(({ topicId }) => topicId))
    ids.delete(ZERO_UUID)
    const names = all
      ? [...broker.cluster.topicNames()]
      : ids.size > 0
        ? []
        : [...new Set(asked.map(({ name }) => name ?? ''))]
    const topics: TopicAnswer[] = [...ids].map((topicId) => {
      const name = broker.cluster.topicNameOf(topicId)
      return name === null
        ? failure(null, topicId, ErrorCode.UNKNOWN_TOPIC_ID)
        : topicAnswer(broker, request, name)
    })
    for (const name of names) topics.push(topicAnswer(broker, request, name))
    const missing = names.filter(
      (name) => broker.cluster.topic(name) === null && topicNameError(name) === null,
    )
    const mayCreate = broker.settings.autoCreateTopics && request.allowAutoTopicCreation && !all
    if (mayCreate) broker.createTopicsSoon(missing)
    answer(broker, request, context, topics)
  },
  { readsMetadata: true },
)

/** Null means all topics, and so does an empty list in version 0. */
function asksForAll(request: MetadataRequest, version: number): boolean {
  return request.topics === null || (version === 0 && request.topics.length === 0)
}

/** What Kafka says of topics without a name, or with an id where ids can't be asked for yet. */
function formErrorOf(asked: NonNullable<MetadataRequest['topics']>, version: number): ErrorCode {
  const hasId = asked.some(({ topicId }) => topicId !== ZERO_UUID)
  const hasNameless = asked.some(({ name }) => name === null)
  if (version < 12) return hasId || hasNameless ? ErrorCode.INVALID_REQUEST : ErrorCode.NONE
  return hasNameless && !hasId ? ErrorCode.UNKNOWN_SERVER_ERROR : ErrorCode.NONE
}

function failure(name: string | null, topicId: string, error: ErrorCode): TopicAnswer {
  return { errorCode: error, name, topicId, isInternal: false, partitions: [] }
}

function topicAnswer(broker: Broker, request: MetadataRequest, name: string): TopicAnswer {
  const topic = broker.cluster.topic(name)
  if (topic === null) {
    const unknown =
      topicNameError(name) === null
        ? ErrorCode.UNKNOWN_TOPIC_OR_PARTITION
        : ErrorCode.INVALID_TOPIC_EXCEPTION
    return {
      ...failure(name, ZERO_UUID, unknown),
      isInternal: isInternalTopic(name),
      topicAuthorizedOperations: operationsOf(request),
    }
  }
  return {
    errorCode: ErrorCode.NONE,
    name,
    topicId: topic.id,
    isInternal: isInternalTopic(name),
    partitions: topic.partitions.map((partition, partitionIndex) => ({
      errorCode: partition.leader === -1 ? ErrorCode.LEADER_NOT_AVAILABLE : ErrorCode.NONE,
      partitionIndex,
      leaderId: partition.leader,
      leaderEpoch: partition.leaderEpoch,
      replicaNodes: partition.replicas,
      isrNodes: partition.isr,
      offlineReplicas: broker.cluster.offlineReplicas(partition),
    })),
    topicAuthorizedOperations: operationsOf(request),
  }
}

function operationsOf(request: MetadataRequest): number {
  return request.includeTopicAuthorizedOperations ? TOPIC_OPERATIONS : NOT_ASKED
}

function answer(
  broker: Broker,
  request: MetadataRequest,
  context: RequestContext<MetadataResponse>,
  topics: readonly TopicAnswer[],
): void {
  const brokers = broker.cluster.brokersFor(context).filter((node) => !node.isFenced)
  context.reply({
    brokers: brokers.map(({ nodeId, host, port, rack }) => ({ nodeId, host, port, rack })),
    clusterId: broker.cluster.id,
    controllerId: brokers[0]?.nodeId ?? -1,
    topics,
    clusterAuthorizedOperations:
      context.apiVersion <= 10 && request.includeClusterAuthorizedOperations
        ? CLUSTER_OPERATIONS
        : NOT_ASKED,
  })
}
