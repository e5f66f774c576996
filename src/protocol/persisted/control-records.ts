/**
 * Keys and values of control records, which a log holds between those of its users: transaction
 * markers (KIP-98), and in a raft log leader changes (KIP-595), the ends of snapshots (KIP-630),
 * the version of the raft protocol and its voters (KIP-853).
 */
import {
  array,
  type Infer,
  int16,
  int32,
  int64,
  message,
  string,
  struct,
  uint16,
  uuid,
} from '../schema.ts'

export const controlRecordTypeSchema = message(
  'ControlRecordTypeSchema',
  { versions: '0', flexible: 'none' },
  {
    type: int16(),
  },
)
export type ControlRecordTypeSchema = Infer<typeof controlRecordTypeSchema>

export const endTxnMarker = message(
  'EndTxnMarker',
  { versions: '0', flexible: 'none' },
  {
    coordinatorEpoch: int32(),
  },
)
export type EndTxnMarker = Infer<typeof endTxnMarker>

const leaderChangeMessageVoter = {
  voterId: int32(),
  voterDirectoryId: uuid({ versions: '1+' }),
}

export const leaderChangeMessage = message(
  'LeaderChangeMessage',
  { versions: '0-1', flexible: '0+' },
  {
    version: int16(),
    leaderId: int32(),
    voters: array(leaderChangeMessageVoter),
    grantingVoters: array(leaderChangeMessageVoter),
  },
)
export type LeaderChangeMessage = Infer<typeof leaderChangeMessage>

export const snapshotHeaderRecord = message(
  'SnapshotHeaderRecord',
  { versions: '0', flexible: '0+' },
  {
    version: int16(),
    lastContainedLogTimestamp: int64(),
  },
)
export type SnapshotHeaderRecord = Infer<typeof snapshotHeaderRecord>

export const snapshotFooterRecord = message(
  'SnapshotFooterRecord',
  { versions: '0', flexible: '0+' },
  {
    version: int16(),
  },
)
export type SnapshotFooterRecord = Infer<typeof snapshotFooterRecord>

export const kRaftVersionRecord = message(
  'KRaftVersionRecord',
  { versions: '0', flexible: '0+' },
  {
    version: int16(),
    kRaftVersion: int16(),
  },
)
export type KRaftVersionRecord = Infer<typeof kRaftVersionRecord>

export const votersRecord = message(
  'VotersRecord',
  { versions: '0', flexible: '0+' },
  {
    version: int16(),
    voters: array({
      voterId: int32(),
      voterDirectoryId: uuid(),
      endpoints: array({
        name: string(),
        host: string(),
        port: uint16(),
      }),
      kRaftVersionFeature: struct({
        minSupportedVersion: int16(),
        maxSupportedVersion: int16(),
      }),
    }),
  },
)
export type VotersRecord = Infer<typeof votersRecord>
