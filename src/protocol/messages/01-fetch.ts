/**
 * Fetch (API key 1). Reads record batches of partitions, for consumers, followers and, on the
 * controller listener, raft.
 *
 * 3: a limit for the whole response, which makes the order of partitions count (KIP-74). 4:
 * isolation level and aborted transactions (KIP-98). 5: log start offset (KIP-107). 7: incremental
 * sessions (KIP-227). 9: leader epochs are checked (KIP-320). 10: zstd (KIP-110). 11: fetching
 * from the nearest replica (KIP-392). 12: the response tells where logs diverge (KIP-595). 13:
 * topic ids in place of names (KIP-516). 14: an offset may be in tiered storage (KIP-405). 15:
 * replica id and broker epoch in a field of their own (KIP-903). 16: addresses of new leaders
 * (KIP-951). 17: directory ids (KIP-853). 18: the follower's high watermark (KIP-1166).
 */
import {
  array,
  type Infer,
  type Input,
  int8,
  int16,
  int32,
  int64,
  message,
  records,
  string,
  struct,
  uuid,
} from '../schema.ts'

export const fetchRequest = message(
  'FetchRequest',
  { apiKey: 1, versions: '4-18', flexible: '12+', listeners: ['broker', 'controller'] },
  {
    clusterId: string({
      versions: '12+',
      nullable: '12+',
      default: null,
      tag: 0,
      taggedVersions: '12+',
      ignorable: true,
    }),
    replicaId: int32({ versions: '0-14', default: -1 }),
    replicaState: struct(
      {
        replicaId: int32({ versions: '15+', default: -1 }),
        replicaEpoch: int64({ versions: '15+', default: -1 }),
      },
      { versions: '15+', tag: 1, taggedVersions: '15+' },
    ),
    maxWaitMs: int32(),
    minBytes: int32(),
    maxBytes: int32({ versions: '3+', default: 2147483647, ignorable: true }),
    isolationLevel: int8({ versions: '4+', default: 0, ignorable: true }),
    sessionId: int32({ versions: '7+', default: 0, ignorable: true }),
    sessionEpoch: int32({ versions: '7+', default: -1, ignorable: true }),
    topics: array({
      topic: string({ versions: '0-12', ignorable: true }),
      topicId: uuid({ versions: '13+', ignorable: true }),
      partitions: array({
        partition: int32(),
        currentLeaderEpoch: int32({ versions: '9+', default: -1, ignorable: true }),
        fetchOffset: int64(),
        lastFetchedEpoch: int32({ versions: '12+', default: -1 }),
        logStartOffset: int64({ versions: '5+', default: -1, ignorable: true }),
        partitionMaxBytes: int32(),
        replicaDirectoryId: uuid({
          versions: '17+',
          tag: 0,
          taggedVersions: '17+',
          ignorable: true,
        }),
        highWatermark: int64({
          versions: '18+',
          default: 2 ** 63,
          tag: 1,
          taggedVersions: '18+',
          ignorable: true,
        }),
      }),
    }),
    forgottenTopicsData: array(
      {
        topic: string({ versions: '7-12', ignorable: true }),
        topicId: uuid({ versions: '13+', ignorable: true }),
        partitions: array(int32(), { versions: '7+' }),
      },
      { versions: '7+' },
    ),
    rackId: string({ versions: '11+', default: '', ignorable: true }),
  },
)
export type FetchRequest = Infer<typeof fetchRequest>

export const fetchResponse = message(
  'FetchResponse',
  { apiKey: 1, versions: '4-18', flexible: '12+' },
  {
    throttleTimeMs: int32({ versions: '1+', default: 0, ignorable: true }),
    errorCode: int16({ versions: '7+', ignorable: true }),
    sessionId: int32({ versions: '7+', default: 0 }),
    responses: array({
      topic: string({ versions: '0-12', ignorable: true }),
      topicId: uuid({ versions: '13+', ignorable: true }),
      partitions: array({
        partitionIndex: int32(),
        errorCode: int16(),
        highWatermark: int64(),
        lastStableOffset: int64({ versions: '4+', default: -1, ignorable: true }),
        logStartOffset: int64({ versions: '5+', default: -1, ignorable: true }),
        divergingEpoch: struct(
          {
            epoch: int32({ versions: '12+', default: -1 }),
            endOffset: int64({ versions: '12+', default: -1 }),
          },
          { versions: '12+', tag: 0, taggedVersions: '12+' },
        ),
        currentLeader: struct(
          {
            leaderId: int32({ versions: '12+', default: -1 }),
            leaderEpoch: int32({ versions: '12+', default: -1 }),
          },
          { versions: '12+', tag: 1, taggedVersions: '12+' },
        ),
        snapshotId: struct(
          {
            endOffset: int64({ default: -1 }),
            epoch: int32({ default: -1 }),
          },
          { versions: '12+', tag: 2, taggedVersions: '12+' },
        ),
        abortedTransactions: array(
          {
            producerId: int64({ versions: '4+' }),
            firstOffset: int64({ versions: '4+' }),
          },
          { versions: '4+', nullable: '4+', ignorable: true },
        ),
        preferredReadReplica: int32({ versions: '11+', default: -1 }),
        records: records({ nullable: '0+' }),
      }),
    }),
    nodeEndpoints: array(
      {
        nodeId: int32({ versions: '16+' }),
        host: string({ versions: '16+' }),
        port: int32({ versions: '16+' }),
        rack: string({ versions: '16+', nullable: '16+', default: null }),
      },
      { versions: '16+', tag: 0, taggedVersions: '16+' },
    ),
  },
)
export type FetchResponse = Input<typeof fetchResponse>
