/**
 * Files and topics of the storage layer: the snapshot of producer states beside a segment
 * (KIP-98), and the records of `__remote_log_metadata` (KIP-405).
 */
import {
  array,
  bool,
  bytes,
  type Infer,
  int8,
  int16,
  int32,
  int64,
  message,
  string,
  struct,
  uint32,
  uuid,
} from '../schema.ts'

export const producerSnapshot = message(
  'ProducerSnapshot',
  { versions: '1', flexible: 'none' },
  {
    crc: uint32({ versions: '1' }),
    producerEntries: array(
      {
        producerId: int64({ versions: '1' }),
        epoch: int16({ versions: '1' }),
        lastSequence: int32({ versions: '1' }),
        lastOffset: int64({ versions: '1' }),
        offsetDelta: int32({ versions: '1' }),
        timestamp: int64({ versions: '1' }),
        coordinatorEpoch: int32({ versions: '1' }),
        currentTxnFirstOffset: int64({ versions: '1' }),
      },
      { versions: '1' },
    ),
  },
)
export type ProducerSnapshot = Infer<typeof producerSnapshot>

export const remoteLogSegmentMetadataRecord = message(
  'RemoteLogSegmentMetadataRecord',
  { apiKey: 0, versions: '0', flexible: '0+' },
  {
    remoteLogSegmentId: struct({
      topicIdPartition: struct({
        name: string(),
        id: uuid(),
        partition: int32(),
      }),
      id: uuid(),
    }),
    startOffset: int64(),
    endOffset: int64(),
    brokerId: int32(),
    maxTimestampMs: int64(),
    eventTimestampMs: int64(),
    segmentLeaderEpochs: array({
      leaderEpoch: int32(),
      offset: int64(),
    }),
    segmentSizeInBytes: int32(),
    customMetadata: bytes({ nullable: '0+', default: null }),
    remoteLogSegmentState: int8(),
    txnIndexEmpty: bool({ tag: 0, taggedVersions: '0+' }),
  },
)
export type RemoteLogSegmentMetadataRecord = Infer<typeof remoteLogSegmentMetadataRecord>

export const remoteLogSegmentMetadataSnapshotRecord = message(
  'RemoteLogSegmentMetadataSnapshotRecord',
  { apiKey: 3, versions: '0', flexible: '0+' },
  {
    segmentId: uuid(),
    startOffset: int64(),
    endOffset: int64(),
    brokerId: int32(),
    maxTimestampMs: int64(),
    eventTimestampMs: int64(),
    segmentLeaderEpochs: array({
      leaderEpoch: int32(),
      offset: int64(),
    }),
    segmentSizeInBytes: int32(),
    customMetadata: bytes({ nullable: '0+', default: null }),
    remoteLogSegmentState: int8(),
    txnIndexEmpty: bool({ tag: 0, taggedVersions: '0+' }),
  },
)
export type RemoteLogSegmentMetadataSnapshotRecord = Infer<
  typeof remoteLogSegmentMetadataSnapshotRecord
>

export const remoteLogSegmentMetadataUpdateRecord = message(
  'RemoteLogSegmentMetadataUpdateRecord',
  { apiKey: 1, versions: '0', flexible: '0+' },
  {
    remoteLogSegmentId: struct({
      topicIdPartition: struct({
        name: string(),
        id: uuid(),
        partition: int32(),
      }),
      id: uuid(),
    }),
    brokerId: int32(),
    eventTimestampMs: int64(),
    customMetadata: bytes({ nullable: '0+', default: null }),
    remoteLogSegmentState: int8(),
  },
)
export type RemoteLogSegmentMetadataUpdateRecord = Infer<
  typeof remoteLogSegmentMetadataUpdateRecord
>

export const remotePartitionDeleteMetadataRecord = message(
  'RemotePartitionDeleteMetadataRecord',
  { apiKey: 2, versions: '0', flexible: '0+' },
  {
    topicIdPartition: struct({
      name: string(),
      id: uuid(),
      partition: int32(),
    }),
    brokerId: int32(),
    eventTimestampMs: int64(),
    remotePartitionDeleteState: int8(),
  },
)
export type RemotePartitionDeleteMetadataRecord = Infer<typeof remotePartitionDeleteMetadataRecord>
