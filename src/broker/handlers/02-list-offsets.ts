/**
 * ListOffsets (2), versions 1-11: by timestamp, and the special timestamps latest (-1), earliest
 * (-2), maximum (-3, KIP-734), earliest local (-4), latest tiered (-5), earliest pending upload
 * (-6). Without remote storage -4 is the earliest and -5 is unknown, as in Kafka.
 *
 * Under read_committed the latest offset is the last stable one.
 */
import { ErrorCode } from '../../protocol/errors.ts'
import {
  type ListOffsetsRequest,
  type ListOffsetsResponse,
  listOffsetsRequest,
  listOffsetsResponse,
} from '../../protocol/messages/02-list-offsets.ts'
import type { Broker } from '../broker.ts'
import type { Partition } from '../partition.ts'
import { serve } from '../served-api.ts'

const LATEST = -1
const EARLIEST = -2
const MAX_TIMESTAMP = -3
const EARLIEST_LOCAL = -4
const LATEST_TIERED = -5
const EARLIEST_PENDING_UPLOAD = -6
/** First version in which each special timestamp may be asked. */
const SINCE_VERSION = new Map([
  [LATEST, 1],
  [EARLIEST, 1],
  [MAX_TIMESTAMP, 7],
  [EARLIEST_LOCAL, 8],
  [LATEST_TIERED, 9],
  [EARLIEST_PENDING_UPLOAD, 11],
])
/** First version whose answers have a leader epoch (KIP-320). */
const EPOCH_SINCE = 4
const CONSUMER_REPLICA_ID = -1
const READ_COMMITTED = 1
const ISOLATION_LEVELS = [0, READ_COMMITTED]

type Asked = ListOffsetsRequest['topics'][number]['partitions'][number]
type Answer = ListOffsetsResponse['topics'][number]['partitions'][number]

export const listOffsets = serve(
  listOffsetsRequest,
  listOffsetsResponse,
  (broker, request, context) => {
    const repeated = repeatedPartitions(request)
    const answered = new Set<string>()
    context.reply({
      topics: request.topics.map((topic) => ({
        name: topic.name,
        partitions: topic.partitions.flatMap((asked) => {
          if (!ISOLATION_LEVELS.includes(request.isolationLevel)) {
            return failure(asked, ErrorCode.UNKNOWN_SERVER_ERROR)
          }
          const key = `${topic.name}:${asked.partitionIndex}`
          if (repeated.has(key)) {
            if (answered.has(key)) return []
            answered.add(key)
            return failure(asked, ErrorCode.INVALID_REQUEST)
          }
          const since = SINCE_VERSION.get(asked.timestamp) ?? Number.POSITIVE_INFINITY
          if (asked.timestamp < 0 && context.apiVersion < since) {
            return failure(asked, ErrorCode.UNSUPPORTED_VERSION)
          }
          const found = answerFor(broker, request, topic.name, asked)
          return context.apiVersion < EPOCH_SINCE ? { ...found, leaderEpoch: -1 } : found
        }),
      })),
    })
  },
)

function answerFor(
  broker: Broker,
  request: ListOffsetsRequest,
  topic: string,
  asked: Asked,
): Answer {
  const partition = broker.partitions.find(topic, asked.partitionIndex)
  if (partition === null)
    return failure(asked, broker.partitions.missingError(topic, asked.partitionIndex))
  const error = partition.checkLeaderEpoch(asked.currentLeaderEpoch)
  if (error !== ErrorCode.NONE) return failure(asked, error)
  const { log } = partition
  const end =
    request.replicaId !== CONSUMER_REPLICA_ID
      ? log.logEndOffset
      : request.isolationLevel === READ_COMMITTED
        ? log.lastStableOffset
        : log.highWatermark
  const found = partition.lookUp<Found | ErrorCode>(
    () => lookUp(partition, asked.timestamp, end) ?? ErrorCode.NONE,
    () => ErrorCode.KAFKA_STORAGE_ERROR,
  )
  if (typeof found === 'number') return failure(asked, found)
  const isEnd = asked.timestamp === LATEST
  const isStart = asked.timestamp === EARLIEST || asked.timestamp === EARLIEST_LOCAL
  if (!isEnd && !isStart && found.offset >= end) return failure(asked, ErrorCode.NONE)
  return {
    partitionIndex: asked.partitionIndex,
    errorCode: ErrorCode.NONE,
    timestamp: found.timestampMs,
    offset: found.offset,
    leaderEpoch: found.leaderEpoch,
  }
}

interface Found {
  readonly offset: number
  readonly timestampMs: number
  readonly leaderEpoch: number
}

function lookUp(partition: Partition, timestamp: number, end: number): Found | null {
  const { log } = partition
  switch (timestamp) {
    case LATEST:
      return { offset: end, timestampMs: -1, leaderEpoch: partition.leaderEpoch }
    case EARLIEST:
    case EARLIEST_LOCAL: {
      const leaderEpoch = log.epochOfOffset(log.logStartOffset)
      return { offset: log.logStartOffset, timestampMs: -1, leaderEpoch }
    }
    case MAX_TIMESTAMP:
      return log.offsetOfMaxTimestamp()
    case LATEST_TIERED:
    case EARLIEST_PENDING_UPLOAD:
      return { offset: -1, timestampMs: -1, leaderEpoch: -1 }
    default:
      return log.offsetForTimestamp(timestamp)
  }
}

function failure(asked: Asked, error: ErrorCode): Answer {
  return { partitionIndex: asked.partitionIndex, errorCode: error, timestamp: -1, offset: -1 }
}

function repeatedPartitions(request: ListOffsetsRequest): Set<string> {
  const seen = new Set<string>()
  const repeated = new Set<string>()
  for (const topic of request.topics) {
    for (const { partitionIndex } of topic.partitions) {
      const key = `${topic.name}:${partitionIndex}`
      if (seen.has(key)) repeated.add(key)
      seen.add(key)
    }
  }
  return repeated
}
