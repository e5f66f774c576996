/**
 * Fetch (1), versions 4-18: long poll, minimum and maximum bytes, isolation levels, incremental
 * sessions (KIP-227), leader epochs (KIP-320), topic ids (KIP-516), divergence (KIP-595).
 *
 * Not done here: fetches of followers and of the metadata log (one node), preferred read replicas
 * (KIP-392).
 */
import { ErrorCode } from '../../protocol/errors.ts'
import { fetchRequest, fetchResponse } from '../../protocol/messages/01-fetch.ts'
import { FetchOperation } from '../fetch-operation.ts'
import { serve } from '../served-api.ts'

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
  new FetchOperation(broker, request, context, scope).start()
})
