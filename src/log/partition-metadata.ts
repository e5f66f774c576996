/** `partition.metadata` of a partition's directory: which topic id it belongs to (KIP-516). */
import { utf8Bytes, utf8Text } from '../base/bytes.ts'
import { isValidUuid, ZERO_UUID } from '../base/uuid.ts'

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
