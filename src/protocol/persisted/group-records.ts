/**
 * Records of `__consumer_offsets` for committed offsets and for classic groups (types 0 to 2).
 * Types 0 and 1 are both offset commits: Kafka reads 0, which its own versions before 0.9 wrote, as
 * if it were 1. How the records are framed: framing.ts.
 *
 * Value versions of an offset commit: 1 has an expiry of its own (before KIP-211), 3 the leader
 * epoch (KIP-320), 4 the topic id. Of a group: 2 has the time of its last change (KIP-211), 3 the
 * instance ids of static members (KIP-345), 4 is flexible.
 */
import { array, bytes, type Infer, int32, int64, message, string, uuid } from '../schema.ts'

export const legacyOffsetCommitKey = message(
  'LegacyOffsetCommitKey',
  { apiKey: 0, versions: '0', flexible: 'none' },
  {
    group: string({ versions: '0' }),
    topic: string({ versions: '0' }),
    partition: int32({ versions: '0' }),
  },
)
export type LegacyOffsetCommitKey = Infer<typeof legacyOffsetCommitKey>

export const legacyOffsetCommitValue = message(
  'LegacyOffsetCommitValue',
  { apiKey: 0, versions: '0', flexible: 'none' },
  {
    offset: int64({ versions: '0' }),
    metadata: string({ versions: '0' }),
    commitTimestamp: int64({ versions: '0' }),
  },
)
export type LegacyOffsetCommitValue = Infer<typeof legacyOffsetCommitValue>

export const offsetCommitKey = message(
  'OffsetCommitKey',
  { apiKey: 1, versions: '0', flexible: 'none' },
  {
    group: string({ versions: '0' }),
    topic: string({ versions: '0' }),
    partition: int32({ versions: '0' }),
  },
)
export type OffsetCommitKey = Infer<typeof offsetCommitKey>

export const offsetCommitValue = message(
  'OffsetCommitValue',
  { apiKey: 1, versions: '0-4', flexible: '4+' },
  {
    offset: int64(),
    leaderEpoch: int32({ versions: '3+', default: -1, ignorable: true }),
    metadata: string(),
    commitTimestamp: int64(),
    expireTimestamp: int64({ versions: '1', default: -1, ignorable: true }),
    topicId: uuid({ versions: '4+', tag: 0, taggedVersions: '4+', ignorable: true }),
  },
)
export type OffsetCommitValue = Infer<typeof offsetCommitValue>

export const groupMetadataKey = message(
  'GroupMetadataKey',
  { apiKey: 2, versions: '0', flexible: 'none' },
  {
    group: string({ versions: '0' }),
  },
)
export type GroupMetadataKey = Infer<typeof groupMetadataKey>

const groupMetadataValueMemberMetadata = {
  memberId: string(),
  groupInstanceId: string({ versions: '3+', nullable: '3+', default: null, ignorable: true }),
  clientId: string(),
  clientHost: string(),
  rebalanceTimeout: int32({ versions: '1+', default: -1, ignorable: true }),
  sessionTimeout: int32(),
  subscription: bytes(),
  assignment: bytes(),
}

export const groupMetadataValue = message(
  'GroupMetadataValue',
  { apiKey: 2, versions: '0-4', flexible: '4+' },
  {
    protocolType: string(),
    generation: int32(),
    protocol: string({ nullable: '0+' }),
    leader: string({ nullable: '0+' }),
    currentStateTimestamp: int64({ versions: '2+', default: -1, ignorable: true }),
    members: array(groupMetadataValueMemberMetadata),
  },
)
export type GroupMetadataValue = Infer<typeof groupMetadataValue>
