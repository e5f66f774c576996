/**
 * Offsets past their retention, groups that nothing keeps, and offsets of deleted topics:
 * tombstones.
 *
 * KIP-211: the offsets of a group with members stay while the group reads their topic; those of an
 * empty group go together, when it has been empty for the retention; those of a consumer that is
 * no member go one by one, when each was committed that long ago.
 */
import { ZERO_UUID } from '../../base/uuid.ts'
import type { GroupContext } from './context.ts'
import type { Group } from './group.ts'
import type { CommittedOffset } from './offset-store.ts'
import { type GroupRecord, groupRecord, offsetRecord } from './records.ts'

/** A topic that is gone; a new one may already have its name. */
export interface DeletedTopic {
  readonly name: string
  readonly topicId: string
}

/** Writes tombstones for what is past its retention. */
export function expireOffsets(context: GroupContext, nowMs: number): void {
  const records: GroupRecord[] = []
  for (const group of context.groups.values()) {
    const nothingLeft = expireOffsetsOf(context, group, nowMs, records)
    if (nothingLeft && group.isEmpty()) records.push(groupRecord(group.groupId, null))
  }
  context.journal.appendEach(records)
}

/**
 * Adds tombstones of a group's offsets; true where neither an offset nor a transaction keeps it.
 */
function expireOffsetsOf(
  context: GroupContext,
  group: Group,
  nowMs: number,
  records: GroupRecord[],
): boolean {
  const { groupId } = group
  let nothingLeft = !context.offsets.hasOpenTransaction(groupId)
  for (const [topic, partitions] of context.offsets.ofGroup(groupId) ?? []) {
    const isInUse = group.isSubscribedTo(topic)
    for (const [partition, offset] of partitions) {
      const stays =
        isInUse ||
        !isExpired(group, offset, context.config.offsetsRetentionMs, nowMs) ||
        context.offsets.isInTransaction(groupId, topic, partition)
      if (stays) nothingLeft = false
      else records.push(offsetRecord(groupId, topic, partition, null))
    }
  }
  return nothingLeft
}

function isExpired(
  group: Group,
  offset: CommittedOffset,
  retentionMs: number,
  nowMs: number,
): boolean {
  const startMs = group.offsetRetentionStartMs(offset.commitTimestampMs)
  if (startMs === null) return false
  if (offset.expireTimestampMs !== -1) return nowMs >= offset.expireTimestampMs
  return nowMs - startMs >= retentionMs
}

/** Tombstones for all offsets of a group, those of open transactions included. */
export function allOffsetTombstones(context: GroupContext, groupId: string): GroupRecord[] {
  const records: GroupRecord[] = []
  for (const [topic, partitions] of context.offsets.ofGroup(groupId) ?? []) {
    for (const partition of partitions.keys()) {
      records.push(offsetRecord(groupId, topic, partition, null))
    }
  }
  for (const { topic, partition } of context.offsets.inTransaction(groupId)) {
    if (context.offsets.get(groupId, topic, partition) === undefined) {
      records.push(offsetRecord(groupId, topic, partition, null))
    }
  }
  return records
}

/** Writes tombstones for the offsets of topics that are gone, but not of new ones of their name. */
export function removeOffsetsOfTopics(
  context: GroupContext,
  deleted: readonly DeletedTopic[],
): void {
  const idByName = new Map(deleted.map(({ name, topicId }) => [name, topicId]))
  const records: GroupRecord[] = []
  const visit = (groupId: string, topic: string, partition: number, offset: CommittedOffset) => {
    const topicId = idByName.get(topic)
    if (topicId === undefined) return
    // Records before version 4 don't say which topic of that name they are for.
    if (offset.topicId === ZERO_UUID || offset.topicId === topicId) {
      records.push(offsetRecord(groupId, topic, partition, null))
    }
  }
  context.offsets.forEachCommitted(visit)
  context.offsets.forEachPending(visit)
  context.journal.appendEach(records)
}
