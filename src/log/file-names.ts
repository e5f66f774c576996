/**
 * Names in a log directory, byte for byte Kafka's, so that either can open what the other wrote.
 *
 * A segment's files are its base offset in 20 digits and an ending; a rename in progress shows as a
 * second ending (`.cleaned`, `.swap`, `.deleted`). A partition's directory is `topic-partition`,
 * and `topic-partition.<32 hex digits>-delete` (or `-stray`, `-future`) once it is on its way.
 */

export const LOG_SUFFIX = '.log'
export const OFFSET_INDEX_SUFFIX = '.index'
export const TIME_INDEX_SUFFIX = '.timeindex'
export const TRANSACTION_INDEX_SUFFIX = '.txnindex'
export const PRODUCER_SNAPSHOT_SUFFIX = '.snapshot'

export const CLEANED_SUFFIX = '.cleaned'
export const SWAP_SUFFIX = '.swap'
export const DELETED_SUFFIX = '.deleted'

export const LEADER_EPOCH_CHECKPOINT = 'leader-epoch-checkpoint'
export const PARTITION_METADATA = 'partition.metadata'

/** The endings of the files that make up one segment. */
export const SEGMENT_SUFFIXES = [
  LOG_SUFFIX,
  OFFSET_INDEX_SUFFIX,
  TIME_INDEX_SUFFIX,
  TRANSACTION_INDEX_SUFFIX,
] as const

const MAX_NAME_LENGTH = 255

/** `00000000000000000042` for 42. */
export function offsetPrefix(offset: number): string {
  return String(offset).padStart(20, '0')
}

/** The base offset that a file is named after, or -1 where its name has none. */
export function offsetOfName(name: string): number {
  const dot = name.indexOf('.')
  if (dot < 1) return -1
  const digits = name.slice(0, dot)
  if (!/^\d{1,20}$/.test(digits)) return -1
  const offset = Number(digits)
  return Number.isSafeInteger(offset) ? offset : -1
}

/** Why a partition directory bears a second name. */
export type DirectoryState = 'live' | 'delete' | 'stray' | 'future'

export interface PartitionDirectoryName {
  readonly topic: string
  readonly partition: number
  readonly state: DirectoryState
}

/** `topic-partition`. */
export function partitionDirectoryName(topic: string, partition: number): string {
  return `${topic}-${partition}`
}

/** The name a directory gets when it is to be deleted, or was found to belong to no topic. */
export function retiredDirectoryName(
  topic: string,
  partition: number,
  uniqueHex: string,
  state: 'delete' | 'stray',
): string {
  const ending = `-${partition}.${uniqueHex}-${state}`
  return topic.slice(0, MAX_NAME_LENGTH - ending.length) + ending
}

/** Reads a directory's name back; null where it isn't one of a partition. */
export function parsePartitionDirectoryName(name: string): PartitionDirectoryName | null {
  let state: DirectoryState = 'live'
  let base = name
  const retired = /^(\S+-\S+)\.\S+-(delete|stray|future)$/.exec(name)
  if (retired !== null) {
    base = retired[1]!
    state = retired[2] as DirectoryState
  } else if (/-(delete|stray|future)$/.test(name)) {
    return null
  }
  const dash = base.lastIndexOf('-')
  const digits = base.slice(dash + 1)
  if (dash < 1 || !/^\d{1,10}$/.test(digits)) return null
  return { topic: base.slice(0, dash), partition: Number(digits), state }
}
