/**
 * The records of `__consumer_offsets` that this coordinator writes and reads, in the very form of
 * Kafka 4.3: offsets (key type 1; type 0 is an old form, read only) and classic groups (type 2).
 */
import { ZERO_UUID } from '../../base/uuid.ts'
import {
  decodeRecordKey,
  decodeRecordValue,
  encodeRecordKey,
  encodeRecordValue,
  recordTypeOf,
} from '../../protocol/persisted/framing.ts'
import {
  type GroupMetadataValue,
  groupMetadataKey,
  groupMetadataValue,
  legacyOffsetCommitKey,
  legacyOffsetCommitValue,
  type OffsetCommitValue,
  offsetCommitKey,
  offsetCommitValue,
} from '../../protocol/persisted/group-records.ts'
import type { RecordCodec } from '../journal.ts'
import type { ClassicGroup } from './classic/group.ts'
import { type ClassicMember, EMPTY_ASSIGNMENT } from './classic/member.ts'

/** An offset that a group commits, or, without a value, forgets. */
export interface OffsetRecord {
  readonly type: 'offset'
  readonly groupId: string
  readonly topic: string
  readonly partition: number
  readonly value: OffsetCommitValue | null
}

/** A classic group as it is now, or, without a value, its end. */
export interface ClassicGroupRecord {
  readonly type: 'classic-group'
  readonly groupId: string
  readonly value: GroupMetadataValue | null
}

export type GroupRecord = OffsetRecord | ClassicGroupRecord

/** Kafka writes version 3 of groups: 4 is flexible, and older brokers can't read it. */
const GROUP_VALUE_VERSION = 3
/** The first version with topic ids. */
const OFFSET_VALUE_VERSION = 4
/** The only version with a time to expire at. */
const EXPIRING_OFFSET_VALUE_VERSION = 1

export function offsetRecord(
  groupId: string,
  topic: string,
  partition: number,
  value: OffsetCommitValue | null,
): OffsetRecord {
  return { type: 'offset', groupId, topic, partition, value }
}

export function groupRecord(groupId: string, value: GroupMetadataValue | null): ClassicGroupRecord {
  return { type: 'classic-group', groupId, value }
}

/** A group that was just made, before anyone is in it. */
export function emptyGroupRecord(groupId: string, nowMs: number): ClassicGroupRecord {
  return groupRecord(groupId, {
    protocolType: '',
    generation: 0,
    protocol: null,
    leader: null,
    currentStateTimestamp: nowMs,
    members: [],
  })
}

/** The members of a group as its record holds them: their metadata for the chosen protocol only. */
export function membersOf(
  group: ClassicGroup,
  assignmentOf: (member: ClassicMember) => Uint8Array,
): GroupMetadataValue['members'] {
  return Array.from(group.members.values(), (member) => ({
    memberId: member.memberId,
    groupInstanceId: member.groupInstanceId,
    clientId: member.clientId,
    clientHost: member.clientHost,
    rebalanceTimeout: member.rebalanceTimeoutMs,
    sessionTimeout: member.sessionTimeoutMs,
    subscription: member.metadata(group.protocolName ?? '') ?? EMPTY_ASSIGNMENT,
    assignment: assignmentOf(member),
  }))
}

/** Bytes of these records. */
export const groupRecordCodec: RecordCodec<GroupRecord> = {
  encodeKey(record) {
    if (record.type === 'classic-group') {
      return encodeRecordKey(groupMetadataKey, { group: record.groupId })
    }
    const { groupId, topic, partition } = record
    return encodeRecordKey(offsetCommitKey, { group: groupId, topic, partition })
  },

  encodeValue(record) {
    if (record.value === null) return null
    if (record.type === 'classic-group') {
      return encodeRecordValue(groupMetadataValue, GROUP_VALUE_VERSION, record.value)
    }
    const expires = record.value.expireTimestamp !== -1
    const version = expires ? EXPIRING_OFFSET_VALUE_VERSION : OFFSET_VALUE_VERSION
    return encodeRecordValue(offsetCommitValue, version, record.value)
  },

  decode(key, value) {
    switch (recordTypeOf(key)) {
      case legacyOffsetCommitKey.apiKey: {
        const { group, topic, partition } = decodeRecordKey(legacyOffsetCommitKey, key)
        return offsetRecord(group, topic, partition, value === null ? null : legacyValue(value))
      }
      case offsetCommitKey.apiKey: {
        const { group, topic, partition } = decodeRecordKey(offsetCommitKey, key)
        const decoded = value === null ? null : decodeRecordValue(offsetCommitValue, value)
        return offsetRecord(group, topic, partition, decoded)
      }
      case groupMetadataKey.apiKey: {
        const { group } = decodeRecordKey(groupMetadataKey, key)
        return groupRecord(group, value === null ? null : groupValue(value))
      }
      default:
        return null
    }
  },
}

/** Version 0 of an offset, before leader epochs. */
function legacyValue(value: Uint8Array): OffsetCommitValue {
  const { offset, metadata, commitTimestamp } = decodeRecordValue(legacyOffsetCommitValue, value)
  return {
    offset,
    leaderEpoch: -1,
    metadata,
    commitTimestamp,
    expireTimestamp: -1,
    topicId: ZERO_UUID,
  }
}

/** Decoded bytes are views of the log's buffer, and a group outlives it. */
function groupValue(value: Uint8Array): GroupMetadataValue {
  return decodeRecordValue(groupMetadataValue, value.slice())
}
