/**
 * FindCoordinator (10), versions 0-6: the leader of the partition of `__consumer_offsets` that
 * holds a group. The topic is created on first use, and the answer waits for it.
 *
 * Not done here: transaction and share coordinators; they get an error that clients do not retry.
 */
import { GROUP_METADATA_TOPIC } from '../../metadata/topic-name.ts'
import { ErrorCode, errorMessage } from '../../protocol/errors.ts'
import {
  type FindCoordinatorResponse,
  findCoordinatorRequest,
  findCoordinatorResponse,
} from '../../protocol/messages/10-find-coordinator.ts'
import type { Broker } from '../broker.ts'
import type { RequestContext } from '../request-context.ts'
import { serve } from '../served-api.ts'

const GROUP = 0
/** What has coordinators of the other types. */
const LATER: ReadonlyMap<number, string> = new Map([
  [1, 'transactions'],
  [2, 'share groups'],
])

export const findCoordinator = serve(
  findCoordinatorRequest,
  findCoordinatorResponse,
  (broker, request, context) => {
    const keys = context.apiVersion < 4 ? [request.key] : request.coordinatorKeys
    if (request.keyType !== GROUP) {
      const later = LATER.get(request.keyType)
      const error = ErrorCode.INVALID_REQUEST
      const message =
        later === undefined
          ? errorMessage(error)
          : `this broker does not serve ${later} yet: see docs/compatibility.md`
      reply(broker, context, keys, () => ({ error, message }))
      return
    }
    // Kafka's own words where nothing is wrong.
    const success = context.apiVersion < 4 ? 'NONE' : ''
    context.waiting = true
    broker.ensureInternalTopic(GROUP_METADATA_TOPIC, (error) => {
      reply(broker, context, keys, (key) => {
        const found =
          error === ErrorCode.NONE ? leaderFor(broker, key) : ErrorCode.COORDINATOR_NOT_AVAILABLE
        const message = found === ErrorCode.NONE ? success : errorMessage(found)
        return { error: found, message }
      })
    })
  },
  { readsMetadata: true },
)

function leaderFor(broker: Broker, groupId: string): ErrorCode {
  const index = broker.groups.partitionFor(groupId)
  const partition = broker.partitions.find(GROUP_METADATA_TOPIC, index)
  if (partition === null || partition.error !== ErrorCode.NONE) {
    return ErrorCode.COORDINATOR_NOT_AVAILABLE
  }
  return ErrorCode.NONE
}

function reply(
  broker: Broker,
  context: RequestContext<FindCoordinatorResponse>,
  keys: readonly string[],
  find: (key: string) => { error: ErrorCode; message: string | null },
): void {
  const node = broker.cluster.brokersFor(context).find(({ nodeId }) => nodeId === broker.nodeId)
  const coordinators = keys.map((key) => {
    const { error, message } = find(key)
    const known = error === ErrorCode.NONE && node !== undefined
    return {
      key,
      errorCode: error,
      errorMessage: message,
      nodeId: known ? node.nodeId : -1,
      host: known ? node.host : '',
      port: known ? node.port : -1,
    }
  })
  const first = coordinators[0]
  context.reply(context.apiVersion >= 4 || first === undefined ? { coordinators } : first)
}
