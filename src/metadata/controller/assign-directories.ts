/**
 * Decides AssignReplicasToDirs: a broker with several log directories tells into which one it put
 * a replica (KIP-858). One that is offline counts as lost at once.
 */
import { ErrorCode } from '../../protocol/errors.ts'
import type {
  AssignReplicasToDirsRequest,
  AssignReplicasToDirsResponse,
} from '../../protocol/messages/73-assign-replicas-to-dirs.ts'
import type { Uuid } from '../../protocol/schema.ts'
import { supports } from '../metadata-version.ts'
import type { Decision, MetadataRecord } from '../records.ts'
import { brokerEpochError } from './broker-heartbeat.ts'
import { allowsUncleanElection, type ControllerContext, changePartition } from './context.ts'

export function assignReplicasToDirs(
  context: ControllerContext,
  request: AssignReplicasToDirsRequest,
): Decision<AssignReplicasToDirsResponse> {
  const { brokerId, brokerEpoch } = request
  if (!supports.directoryAssignment(context.image.features.metadataVersion)) {
    const errorCode = ErrorCode.UNSUPPORTED_VERSION
    return { records: [], response: { errorCode, directories: [] } }
  }
  const stale = brokerEpochError(context, brokerId, brokerEpoch)
  if (stale !== null) {
    return { records: [], response: { errorCode: stale.errorCode, directories: [] } }
  }
  const records: MetadataRecord[] = []
  const directories = request.directories.map(({ id, topics }) => ({
    id,
    topics: topics.map(({ topicId, partitions }) => ({
      topicId,
      partitions: partitions.map(({ partitionIndex }) => ({
        partitionIndex,
        errorCode: assign(context, brokerId, id, topicId, partitionIndex, records),
      })),
    })),
  }))
  return { records, response: { errorCode: ErrorCode.NONE, directories } }
}

function assign(
  context: ControllerContext,
  brokerId: number,
  directory: Uuid,
  topicId: Uuid,
  index: number,
  records: MetadataRecord[],
): ErrorCode {
  const { cluster, topics } = context.image
  const topic = topics.byId.get(topicId)
  if (topic === undefined) return ErrorCode.UNKNOWN_TOPIC_ID
  const partition = topic.partitions[index]
  if (partition === undefined) return ErrorCode.UNKNOWN_TOPIC_OR_PARTITION
  if (!partition.replicas.includes(brokerId)) return ErrorCode.NOT_LEADER_OR_FOLLOWER
  const isOnline = cluster.hasOnlineDirectory(brokerId, directory)
  const record = changePartition(
    context,
    { topic, index, partition },
    {
      directories: new Map([[brokerId, directory]]),
      ...(!isOnline && {
        election: allowsUncleanElection(context, topic.name) ? 'unclean' : 'online',
        isr: partition.isr.filter((id) => id !== brokerId),
      }),
    },
    (id) => cluster.isActive(id) && (isOnline || id !== brokerId),
  )
  if (record !== null) records.push(record)
  return ErrorCode.NONE
}
