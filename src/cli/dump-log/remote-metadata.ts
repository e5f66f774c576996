/**
 * Records of `__remote_log_metadata` as kafka-dump-log shows them: which segments of which
 * partitions are in a remote storage, and what became of them. KIP-405.
 */
import {
  type RemoteLogSegmentMetadataRecord,
  type RemoteLogSegmentMetadataUpdateRecord,
  type RemotePartitionDeleteMetadataRecord,
  remoteLogSegmentMetadataRecord,
  remoteLogSegmentMetadataUpdateRecord,
  remotePartitionDeleteMetadataRecord,
} from '../../protocol/persisted/storage-records.ts'
import { readFramed } from './metadata-frame.ts'

const SEGMENT_STATES = [
  'COPY_SEGMENT_STARTED',
  'COPY_SEGMENT_FINISHED',
  'DELETE_SEGMENT_STARTED',
  'DELETE_SEGMENT_FINISHED',
]
const PARTITION_STATES = [
  'DELETE_PARTITION_MARKED',
  'DELETE_PARTITION_STARTED',
  'DELETE_PARTITION_FINISHED',
]

interface Partition {
  readonly name: string
  readonly id: string
  readonly partition: number
}

interface SegmentId {
  readonly topicIdPartition: Partition
  readonly id: string
}

const MESSAGES = [
  remoteLogSegmentMetadataRecord,
  remoteLogSegmentMetadataUpdateRecord,
  remotePartitionDeleteMetadataRecord,
]

/** The record in these bytes. Throws a FrameError. */
export function remoteMetadataText(bytes: Uint8Array): string {
  const { message, value } = readFramed(bytes, MESSAGES)
  if (message === remoteLogSegmentMetadataRecord) {
    return segmentText(value as RemoteLogSegmentMetadataRecord)
  }
  if (message === remoteLogSegmentMetadataUpdateRecord) {
    return updateText(value as RemoteLogSegmentMetadataUpdateRecord)
  }
  return deletionText(value as RemotePartitionDeleteMetadataRecord)
}

function segmentText(record: RemoteLogSegmentMetadataRecord): string {
  const epochs = [...record.segmentLeaderEpochs]
    .sort((a, b) => a.leaderEpoch - b.leaderEpoch)
    .map(({ leaderEpoch, offset }) => `${leaderEpoch}=${offset}`)
  return textOf('RemoteLogSegmentMetadata', {
    remoteLogSegmentId: segmentIdText(record.remoteLogSegmentId),
    startOffset: record.startOffset,
    endOffset: record.endOffset,
    brokerId: record.brokerId,
    maxTimestampMs: record.maxTimestampMs,
    eventTimestampMs: record.eventTimestampMs,
    segmentLeaderEpochs: `{${epochs.join(', ')}}`,
    segmentSizeInBytes: record.segmentSizeInBytes,
    customMetadata: customText(record.customMetadata),
    state: SEGMENT_STATES[record.remoteLogSegmentState] ?? null,
    txnIdxEmpty: record.txnIndexEmpty,
  })
}

function updateText(record: RemoteLogSegmentMetadataUpdateRecord): string {
  return textOf('RemoteLogSegmentMetadataUpdate', {
    remoteLogSegmentId: segmentIdText(record.remoteLogSegmentId),
    customMetadata: customText(record.customMetadata),
    state: SEGMENT_STATES[record.remoteLogSegmentState] ?? null,
    eventTimestampMs: record.eventTimestampMs,
    brokerId: record.brokerId,
  })
}

function deletionText(record: RemotePartitionDeleteMetadataRecord): string {
  return textOf('RemotePartitionDeleteMetadata', {
    topicPartition: partitionText(record.topicIdPartition),
    state: PARTITION_STATES[record.remotePartitionDeleteState] ?? null,
    eventTimestampMs: record.eventTimestampMs,
    brokerId: record.brokerId,
  })
}

const segmentIdText = ({ topicIdPartition, id }: SegmentId) =>
  textOf('RemoteLogSegmentId', { topicIdPartition: partitionText(topicIdPartition), id })

const partitionText = ({ id, name, partition }: Partition) => `${id}:${name}-${partition}`

const customText = (bytes: Uint8Array | null) =>
  bytes === null ? 'Optional.empty' : `Optional[CustomMetadata{${bytes.length} bytes}]`

function textOf(name: string, fields: Readonly<Record<string, unknown>>): string {
  const pairs = Object.entries(fields).map(([field, value]) => `${field}=${value}`)
  return `${name}{${pairs.join(', ')}}`
}
