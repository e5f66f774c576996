/** `partition.metadata` of a partition's directory: which topic id it belongs to (KIP-516). */
import { utf8Bytes, utf8Text } from '../base/bytes.ts'
import { isValidUuid, ZERO_UUID } from '../base/uuid.ts'
import type { Disk } from '../io/io.ts'
import { PARTITION_METADATA } from './file-names.ts'

const VERSION = 0

export function encodePartitionMetadata(topicId: string): Uint8Array {
  return utf8Bytes(`version: ${VERSION}\ntopic_id: ${topicId}`)
}

/**
 * The topic id, or null where the content is none of ours; an empty file is one that a crash left.
 */
export function decodePartitionMetadata(content: Uint8Array): string | null {
  const match = /^version:\s+(\d+)\r?\ntopic_id:\s+(\S+)\s*$/.exec(utf8Text(content))
  const topicId = match?.[2]
  if (topicId === undefined || !isValidUuid(topicId) || topicId === ZERO_UUID) return null
  return topicId
}

/**
 * The topic id that a partition's directory has. Where it has none, `topicId` is written, unless
 * that is null. It is made durable with the first batch, since before that the directory has
 * nothing worth keeping. (So a crash can leave an empty file, which says nothing.)
 */
export function openTopicId(disk: Disk, directory: string, topicId: string | null): string | null {
  const path = `${directory}/${PARTITION_METADATA}`
  const found = disk.stat(path) === null ? null : decodePartitionMetadata(disk.readFile(path))
  if (found !== null || topicId === null) return found
  const file = disk.open(path, 'create')
  try {
    file.truncate(0)
    file.write([encodePartitionMetadata(topicId)], 0)
  } finally {
    file.close()
  }
  return topicId
}
