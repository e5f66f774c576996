/**
 * FetchSnapshot (API key 59). Reads a snapshot of a raft log.
 *
 * 1: directory ids and endpoints (KIP-853). KIP-630.
 */
import {
  array,
  type Infer,
  type Input,
  int16,
  int32,
  int64,
  message,
  records,
  string,
  struct,
  uint16,
  uuid,
} from '../schema.ts'

export const fetchSnapshotRequest = message(
  'FetchSnapshotRequest',
  { apiKey: 59, versions: '0-1', flexible: '0+', listeners: ['controller'] },
  {
    clusterId: string({ nullable: '0+', default: null, tag: 0, taggedVersions: '0+' }),
    replicaId: int32({ default: -1 }),
    maxBytes: int32({ default: 2147483647 }),
    topics: array({
      name: string(),
      partitions: array({
        partition: int32(),
        currentLeaderEpoch: int32(),
        snapshotId: struct({
          endOffset: int64(),
          epoch: int32(),
        }),
        position: int64(),
        replicaDirectoryId: uuid({ versions: '1+', tag: 0, taggedVersions: '1+', ignorable: true }),
      }),
    }),
  },
)
export type FetchSnapshotRequest = Infer<typeof fetchSnapshotRequest>

export const fetchSnapshotResponse = message(
  'FetchSnapshotResponse',
  { apiKey: 59, versions: '0-1', flexible: '0+' },
  {
    throttleTimeMs: int32({ default: 0, ignorable: true }),
    errorCode: int16(),
    topics: array({
      name: string(),
      partitions: array({
        index: int32(),
        errorCode: int16(),
        snapshotId: struct({
          endOffset: int64(),
          epoch: int32(),
        }),
        currentLeader: struct(
          {
            leaderId: int32(),
            leaderEpoch: int32(),
          },
          { tag: 0, taggedVersions: '0+' },
        ),
        size: int64(),
        position: int64(),
        unalignedRecords: records(),
      }),
    }),
    nodeEndpoints: array(
      {
        nodeId: int32({ versions: '1+' }),
        host: string({ versions: '1+' }),
        port: uint16({ versions: '1+' }),
      },
      { versions: '1+', tag: 0, taggedVersions: '1+' },
    ),
  },
)
export type FetchSnapshotResponse = Input<typeof fetchSnapshotResponse>
