/** Asks a broker for all versions that it speaks; the client itself keeps those that it knows. */
import { Deadline } from '../../client/call.ts'
import type { Cluster } from '../../client/cluster/cluster.ts'
import { KafkaError } from '../../client/kafka-error.ts'
import { SOFTWARE } from '../../client/software.ts'
import { apiVersionsRequest, apiVersionsResponse } from '../../protocol/messages/18-api-versions.ts'
import type { ServedApi } from './api-lines.ts'

const call = { request: apiVersionsRequest, response: apiVersionsResponse }

/** What the broker says, whole. */
export async function servedApis(
  cluster: Cluster,
  brokerId: number,
  timeoutMs: number,
): Promise<readonly ServedApi[]> {
  const deadline = new Deadline(cluster.clock, 'broker-api-versions', timeoutMs, {})
  const { body } = await cluster.request(brokerId, call, SOFTWARE, { deadline })
  if (body.errorCode !== 0) throw KafkaError.ofCode(body.errorCode, null, { api: 'ApiVersions' })
  return body.apiKeys
}
