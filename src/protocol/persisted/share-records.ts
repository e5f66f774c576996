/**
 * Records of `__share_group_state`: whole states of share partitions, and updates between them
 * (KIP-932). How they are framed: framing.ts.
 */
import { array, type Infer, int8, int16, int32, int64, message, string, uuid } from '../schema.ts'

export const shareSnapshotKey = message(
  'ShareSnapshotKey',
  { apiKey: 0, versions: '0', flexible: 'none' },
  {
    groupId: string({ versions: '0' }),
    topicId: uuid({ versions: '0' }),
    partition: int32({ versions: '0' }),
  },
)
export type ShareSnapshotKey = Infer<typeof shareSnapshotKey>

export const shareSnapshotValue = message(
  'ShareSnapshotValue',
  { apiKey: 0, versions: '0', flexible: '0+' },
  {
    snapshotEpoch: int32(),
    stateEpoch: int32(),
    leaderEpoch: int32(),
    startOffset: int64(),
    deliveryCompleteCount: int32({ default: -1, tag: 0, taggedVersions: '0+' }),
    createTimestamp: int64(),
    writeTimestamp: int64(),
    stateBatches: array({
      firstOffset: int64(),
      lastOffset: int64(),
      deliveryState: int8(),
      deliveryCount: int16(),
    }),
  },
)
export type ShareSnapshotValue = Infer<typeof shareSnapshotValue>

export const shareUpdateKey = message(
  'ShareUpdateKey',
  { apiKey: 1, versions: '0', flexible: 'none' },
  {
    groupId: string({ versions: '0' }),
    topicId: uuid({ versions: '0' }),
    partition: int32({ versions: '0' }),
  },
)
export type ShareUpdateKey = Infer<typeof shareUpdateKey>

export const shareUpdateValue = message(
  'ShareUpdateValue',
  { apiKey: 1, versions: '0', flexible: '0+' },
  {
    snapshotEpoch: int32(),
    leaderEpoch: int32(),
    startOffset: int64(),
    deliveryCompleteCount: int32({ default: -1, tag: 0, taggedVersions: '0+' }),
    stateBatches: array({
      firstOffset: int64(),
      lastOffset: int64(),
      deliveryState: int8(),
      deliveryCount: int16(),
    }),
  },
)
export type ShareUpdateValue = Infer<typeof shareUpdateValue>
