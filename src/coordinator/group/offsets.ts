/**
 * OffsetCommit, OffsetFetch and OffsetDelete on the groups of one shard; topics are checked, and
 * their ids and names known, before (see offset-requests.ts).
 *
 * KIP-211 (expiry), KIP-320 (leader epochs), KIP-447 (offsets of open transactions), KIP-496
 * (delete).
 */
import { ZERO_UUID } from '../../base/uuid.ts'
import { ErrorCode } from '../../protocol/errors.ts'
import { ClassicGroup } from './classic/group.ts'
import { startSession } from './classic/rebalance.ts'
import type { GroupContext } from './context.ts'
import type { Committer } from './group.ts'
import type { CommittedOffset, GroupOffsets } from './offset-store.ts'
import { type GroupRecord, offsetRecord } from './records.ts'

/** A partition's result. */
export interface PartitionResult {
  readonly partitionIndex: number
  readonly errorCode: ErrorCode
}

/** A topic's results. */
export interface TopicResult {
  readonly name: string
  readonly topicId: string
  readonly partitions: PartitionResult[]
}

/** Offsets to commit for a topic that exists. */
export interface TopicCommit {
  readonly name: string
  readonly topicId: string
  readonly partitions: readonly {
    readonly partitionIndex: number
    readonly committedOffset: number
    readonly committedLeaderEpoch: number
    readonly committedMetadata: string | null
  }[]
}

/** Who commits what. */
export interface Commit extends Committer {
  readonly groupId: string
  readonly topics: readonly TopicCommit[]
  /** How long the offsets are to stay; -1 where the broker decides. */
  readonly retentionTimeMs: number
  readonly apiVersion: number
}

/** Commits offsets; a code where the whole request is refused. */
export function commitOffsets(
  context: GroupContext,
  commit: Commit,
  nowMs: number,
): TopicResult[] | ErrorCode {
  const refused = validateCommit(context, commit, nowMs)
  if (refused !== ErrorCode.NONE) return refused
  const { groupId, retentionTimeMs } = commit
  const expireTimestamp = retentionTimeMs === -1 ? -1 : nowMs + retentionTimeMs
  const maxMetadata = context.config.offsetMetadataMaxBytes
  const records: GroupRecord[] = []
  const results: TopicResult[] = []
  for (const { name, topicId, partitions } of commit.topics) {
    const partitionResults: PartitionResult[] = []
    for (const partition of partitions) {
      const { partitionIndex } = partition
      const metadata = partition.committedMetadata ?? ''
      if (metadata.length > maxMetadata) {
        const errorCode = ErrorCode.OFFSET_METADATA_TOO_LARGE
        partitionResults.push({ partitionIndex, errorCode })
        continue
      }
      partitionResults.push({ partitionIndex, errorCode: ErrorCode.NONE })
      records.push(
        offsetRecord(groupId, name, partitionIndex, {
          offset: partition.committedOffset,
          leaderEpoch: partition.committedLeaderEpoch,
          metadata,
          commitTimestamp: nowMs,
          expireTimestamp,
          topicId,
        }),
      )
    }
    results.push({ name, topicId, partitions: partitionResults })
  }
  const error = context.journal.append(records)
  return error === ErrorCode.NONE ? results : error
}

function validateCommit(context: GroupContext, commit: Commit, nowMs: number): ErrorCode {
  const group = context.groups.get(commit.groupId)
  if (group === undefined) {
    if (commit.generationIdOrMemberEpoch < 0) {
      // Whoever commits without being a member makes the group, also if none of it is taken.
      context.groups.set(commit.groupId, new ClassicGroup(commit.groupId))
      return ErrorCode.NONE
    }
    return commit.apiVersion >= 9 ? ErrorCode.GROUP_ID_NOT_FOUND : ErrorCode.ILLEGAL_GENERATION
  }
  const error = group.validateOffsetCommit(commit, false)
  if (error !== ErrorCode.NONE) return error
  // A commit is a sign of life.
  const member = group.members.get(commit.memberId)
  if (member !== undefined && group.state !== 'CompletingRebalance') {
    startSession(context, group, member, member.sessionTimeoutMs, nowMs)
  }
  return ErrorCode.NONE
}

/** What OffsetFetch answers for a partition. */
export interface FetchedOffset {
  readonly partitionIndex: number
  readonly committedOffset: number
  readonly committedLeaderEpoch: number
  readonly metadata: string
  readonly errorCode: ErrorCode
}

/** What OffsetFetch answers for a topic. */
export interface FetchedTopic {
  readonly name: string
  readonly topicId: string
  readonly partitions: FetchedOffset[]
}

/** Partitions whose offsets are asked for. */
export interface TopicToFetch {
  readonly name: string
  readonly topicId: string
  readonly partitionIndexes: readonly number[]
}

/** Reads the offsets of a group, which need not exist. */
export function fetchOffsets(
  context: GroupContext,
  groupId: string,
  topics: readonly TopicToFetch[],
  requireStable: boolean,
): FetchedTopic[] {
  const offsets = offsetsOf(context, groupId)
  return topics.map(({ name, topicId, partitionIndexes }) => {
    const ofTopic = offsets?.get(name)
    const partitions = partitionIndexes.map((partitionIndex) => {
      if (requireStable && context.offsets.isInTransaction(groupId, name, partitionIndex)) {
        return noOffset(partitionIndex, ErrorCode.UNSTABLE_OFFSET_COMMIT)
      }
      const offset = ofTopic?.get(partitionIndex)
      return offset === undefined || isOfOtherTopic(offset, topicId)
        ? noOffset(partitionIndex, ErrorCode.NONE)
        : fetched(partitionIndex, offset)
    })
    return { name, topicId, partitions }
  })
}

/**
 * Reads all offsets of a group. The topic ids are left to the caller, who knows the present ones.
 */
export function fetchAllOffsets(
  context: GroupContext,
  groupId: string,
  requireStable: boolean,
): FetchedTopic[] {
  return Array.from(offsetsOf(context, groupId) ?? [], ([name, ofTopic]) => ({
    name,
    topicId: ZERO_UUID,
    partitions: Array.from(ofTopic, ([partitionIndex, offset]) =>
      requireStable && context.offsets.isInTransaction(groupId, name, partitionIndex)
        ? noOffset(partitionIndex, ErrorCode.UNSTABLE_OFFSET_COMMIT)
        : fetched(partitionIndex, offset),
    ),
  }))
}

function offsetsOf(context: GroupContext, groupId: string): GroupOffsets | undefined {
  return context.groups.has(groupId) ? context.offsets.ofGroup(groupId) : undefined
}

/** A topic that was deleted and made anew has no offsets yet. */
function isOfOtherTopic(offset: CommittedOffset, topicId: string): boolean {
  return offset.topicId !== ZERO_UUID && topicId !== ZERO_UUID && offset.topicId !== topicId
}

function fetched(partitionIndex: number, offset: CommittedOffset): FetchedOffset {
  return {
    partitionIndex,
    committedOffset: offset.offset,
    committedLeaderEpoch: offset.leaderEpoch,
    metadata: offset.metadata,
    errorCode: ErrorCode.NONE,
  }
}

/** A partition without an offset that could be told. */
export function noOffset(partitionIndex: number, errorCode: ErrorCode): FetchedOffset {
  return {
    partitionIndex,
    committedOffset: -1,
    committedLeaderEpoch: -1,
    metadata: '',
    errorCode,
  }
}

/** Partitions whose offsets are to be deleted. */
export interface TopicToDelete {
  readonly name: string
  readonly partitions: readonly { readonly partitionIndex: number }[]
}

/** Deletes offsets of topics that the group does not read; a code where all is refused. */
export function deleteOffsets(
  context: GroupContext,
  groupId: string,
  topics: readonly TopicToDelete[],
): TopicResult[] | ErrorCode {
  const group = context.groups.get(groupId)
  if (group === undefined) return ErrorCode.GROUP_ID_NOT_FOUND
  const refused = group.validateOffsetDelete()
  if (refused !== ErrorCode.NONE) return refused
  const records: GroupRecord[] = []
  const results = topics.map(({ name, partitions }) => {
    const isInUse = group.isSubscribedTo(name)
    const errorCode = isInUse ? ErrorCode.GROUP_SUBSCRIBED_TO_TOPIC : ErrorCode.NONE
    for (const { partitionIndex } of partitions) {
      if (isInUse) continue
      const isThere =
        context.offsets.get(groupId, name, partitionIndex) !== undefined ||
        context.offsets.isInTransaction(groupId, name, partitionIndex)
      if (isThere) records.push(offsetRecord(groupId, name, partitionIndex, null))
    }
    const partitionResults = partitions.map(({ partitionIndex }) => ({ partitionIndex, errorCode }))
    return { name, topicId: ZERO_UUID, partitions: partitionResults }
  })
  const error = context.journal.append(records)
  return error === ErrorCode.NONE ? results : error
}
