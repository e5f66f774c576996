/** `partition.metadata` of a partition's directory: which topic id it belongs to (KIP-516). */
import { utf8Bytes, utf8Text } from '../base/bytes.ts'
import { isValidUuid, ZERO_UUID } from '../base/uuid.ts'
import type { Disk } from '../io/io.ts'
import { PARTITION_METADATA } from './file-names.ts'

const VERSION = 0

export function encodePartitionMetadata(topicId: string): Uint8Array {
  return utf8Bytes(`version: ${VERSION}\ntopic_id: ${topicId}`)
}

/** The topic id, or null where the content is none of ours; an empty file is one that a crash left. */
export function decodePartitionMetadata(content: Uint8Array): string | null {
  const match = /^version:\s+(\d+)\r?\ntopic_id:\s+(\S+)\s*$/.exec(utf8Text(content))
  const topicId = match?.[2]
  if (topicId === undefined || !isValidUuid(topicId) || topicId === ZERO_UUID) return null
  return topicId
}

/** What the file of a partition says, or null where it says nothing. */
export function readTopicId(disk: Disk, directory: string): string | null {
  const path = `${directory}/${PARTITION_METADATA}`
  return disk.stat(path) === null ? null : decodePartitionMetadata(disk.readFile(path))
}

/**
 * Writes the file, without making it durable: that is due with the first flush, since before it the
 * directory has nothing worth keeping.
 */
export function writeTopicId(disk: Disk, directory: string, topicId: string): void {
  const path = `${directory}/${PARTITION_METADATA}`
  const file = disk.open(`${path}.tmp`, 'create')
  try {
    file.write([encodePartitionMetadata(topicId)], 0)
  } finally {
    file.close()
  }
  disk.rename(`${path}.tmp`, path)
}

/** Makes the file durable, if there is one. */
export function syncTopicId(disk: Disk, directory: string): void {
  const path = `${directory}/${PARTITION_METADATA}`
  if (disk.stat(path) === null) return
  const file = disk.open(path, 'write')
  try {
    file.syncNow()
  } finally {
    file.close()
  }
}
