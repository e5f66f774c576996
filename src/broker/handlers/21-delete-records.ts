/**
 * DeleteRecords (21), versions 0-2: moves the log start offset (KIP-107). The answer carries the
 * new low watermark; with one replica that is the log start offset.
 */
import { isInternalTopic } from '../../metadata/topic-name.ts'
import { ErrorCode } from '../../protocol/errors.ts'
import {
  deleteRecordsRequest,
  deleteRecordsResponse,
} from '../../protocol/messages/21-delete-records.ts'
import type { Broker } from '../broker.ts'
import { serve } from '../served-api.ts'

/** Stands for the high watermark. */
const HIGH_WATERMARK = -1

export const deleteRecords = serve(
  deleteRecordsRequest,
  deleteRecordsResponse,
  (broker, request, context) => {
    context.reply({
      topics: request.topics.map((topic) => ({
        name: topic.name,
        partitions: topic.partitions.map(({ partitionIndex, offset }) => {
          const { error, lowWatermark } = deleteBefore(broker, topic.name, partitionIndex, offset)
          return { partitionIndex, lowWatermark, errorCode: error }
        }),
      })),
    })
  },
)

function deleteBefore(
  broker: Broker,
  topic: string,
  index: number,
  offset: number,
): { error: ErrorCode; lowWatermark: number } {
  const refuse = (error: ErrorCode) => ({ error, lowWatermark: -1 })
  const partition = broker.partitions.find(topic, index)
  if (partition === null) return refuse(broker.partitions.missingError(topic, index))
  if (isInternalTopic(topic)) return refuse(ErrorCode.INVALID_TOPIC_EXCEPTION)
  if (partition.error !== ErrorCode.NONE) return refuse(partition.error)
  const { log } = partition
  if (!log.config.cleanupPolicyDelete && log.config.cleanupPolicyCompact) {
    return refuse(ErrorCode.POLICY_VIOLATION)
  }
  const target = offset === HIGH_WATERMARK ? log.highWatermark : offset
  if (target < 0 || target > log.highWatermark) return refuse(ErrorCode.OFFSET_OUT_OF_RANGE)
  if (target <= log.logStartOffset)
    return { error: ErrorCode.NONE, lowWatermark: log.logStartOffset }
  const error = broker.partitions.deleteRecordsBelow(partition, target)
  return error === ErrorCode.NONE ? { error, lowWatermark: log.logStartOffset } : refuse(error)
}
