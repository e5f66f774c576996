/**
 * Fetch (1), versions 4-18: long poll, minimum and maximum bytes, isolation levels, incremental
 * sessions (KIP-227), leader epochs (KIP-320), topic ids (KIP-516), divergence (KIP-595).
 *
 * Not done here: fetches of followers and of the metadata log (one node), preferred read replicas
 * (KIP-392).
 */
import { ErrorCode } from '../../protocol/errors.ts'
import {
  type FetchRequest,
  type FetchResponse,
  fetchRequest,
  fetchResponse,
} from '../../protocol/messages/01-fetch.ts'
import { FetchOperation } from '../fetch-operation.ts'
import { serve } from '../served-api.ts'

const ISOLATION_LEVELS = [0, 1]

export const fetch = serve(fetchRequest, fetchResponse, (broker, request, context) => {
  const scope = broker.fetchSessions.open(
    request,
    context.apiVersion,
    (id) => broker.cluster.topicNameOf(id),
    broker.nowMs,
  )
  if (scope.error !== ErrorCode.NONE) {
    context.reply({ errorCode: scope.error, sessionId: 0, responses: [] })
    return
  }
  if (!ISOLATION_LEVELS.includes(request.isolationLevel)) {
    // Kafka comes to look at it once there is something to be read.
    const isRead = [...scope.partitions.values()].some(({ topic, index }) => {
      return broker.partitions.find(topic, index) !== null
    })
    if (isRead) {
      context.reply(unknownIsolation(request, context.apiVersion))
      return
    }
  }
  new FetchOperation(broker, request, context, scope).start()
})

/** What Kafka answers to an isolation level that does not exist. */
function unknownIsolation(request: FetchRequest, version: number): FetchResponse {
  const errorCode = ErrorCode.UNKNOWN_SERVER_ERROR
  const failed = ({ partition }: { readonly partition: number }) => ({
    partitionIndex: partition,
    errorCode,
    highWatermark: -1,
    records: [],
  })
  // Clients of before topic ids may not look at the error of the whole.
  const topics = version < 13 ? request.topics : []
  const responses = topics.map(({ topic, partitions }) => {
    return { topic, partitions: partitions.map(failed) }
  })
  return { errorCode, sessionId: request.sessionId, responses }
}
