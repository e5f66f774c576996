/**
 * DescribeLogDirs (35), versions 1-5: sizes of partitions by log directory (KIP-113, KIP-827), and
 * whether new ones may go there (KIP-1066).
 */
import type { LogDirectory } from '../../log/log-directory.ts'
import { supports } from '../../metadata/metadata-version.ts'
import { ErrorCode } from '../../protocol/errors.ts'
import {
  type DescribeLogDirsRequest,
  describeLogDirsRequest,
  describeLogDirsResponse,
} from '../../protocol/messages/35-describe-log-dirs.ts'
import type { Partition } from '../partition.ts'
import { serve } from '../served-api.ts'
import { isSystemError } from '../startup-error.ts'

export const describeLogDirs = serve(
  describeLogDirsRequest,
  describeLogDirsResponse,
  (broker, request, context) => {
    const wanted = wantedPartitions(request)
    const { metadataVersion } = broker.metadata.image.features
    const tellsCordoned = supports.cordonedLogDirs(metadataVersion)
    context.reply({
      errorCode: ErrorCode.NONE,
      results: broker.logDirectories.map((directory) => {
        const space = spaceOf(directory)
        if (space === null) {
          return {
            errorCode: ErrorCode.KAFKA_STORAGE_ERROR,
            logDir: directory.path,
            topics: [],
          }
        }
        const partitions = broker.partitions.inDirectory(directory).filter(wanted)
        return {
          errorCode: ErrorCode.NONE,
          logDir: directory.path,
          topics: byTopic(partitions),
          totalBytes: space.totalBytes,
          usableBytes: space.usableBytes,
          isCordoned: directory.cordoned && tellsCordoned,
        }
      }),
    })
  },
)

/** Null where the directory is offline, or its disk does not even tell this. */
function spaceOf({ disk, offline, path }: LogDirectory) {
  if (offline) return null
  try {
    return disk.space(path)
  } catch (error) {
    if (!isSystemError(error)) throw error
    return null
  }
}

function wantedPartitions(request: DescribeLogDirsRequest): (partition: Partition) => boolean {
  if (request.topics === null) return () => true
  const wanted = new Map(
    request.topics.map(({ topic, partitions }) => [topic, new Set(partitions)] as const),
  )
  return (partition) => wanted.get(partition.topic)?.has(partition.index) ?? false
}

function byTopic(partitions: readonly Partition[]) {
  const topics = new Map<string, Partition[]>()
  for (const partition of partitions) {
    const list = topics.get(partition.topic)
    if (list === undefined) topics.set(partition.topic, [partition])
    else list.push(partition)
  }
  return [...topics].map(([name, list]) => ({
    name,
    partitions: list.map(({ index, log }) => ({
      partitionIndex: index,
      partitionSize: log.sizeBytes,
      offsetLag: Math.max(0, log.highWatermark - log.logEndOffset),
      isFutureKey: false,
    })),
  }))
}
