/**
 * BeginQuorumEpoch (API key 53). A new raft leader tells the voters of its epoch.
 *
 * 1: voter keys and endpoints (KIP-853). KIP-595.
 */
import {
  array,
  type Infer,
  type Input,
  int16,
  int32,
  message,
  string,
  uint16,
  uuid,
} from '../schema.ts'

export const beginQuorumEpochRequest = message(
  'BeginQuorumEpochRequest',
  { apiKey: 53, versions: '0-1', flexible: '1+', listeners: ['controller'] },
  {
    clusterId: string({ nullable: '0+', default: null }),
    voterId: int32({ versions: '1+', default: -1, ignorable: true }),
    topics: array({
      topicName: string(),
      partitions: array({
        partitionIndex: int32(),
        voterDirectoryId: uuid({ versions: '1+', ignorable: true }),
        leaderId: int32(),
        leaderEpoch: int32(),
      }),
    }),
    leaderEndpoints: array(
      {
        name: string({ versions: '1+' }),
        host: string({ versions: '1+' }),
        port: uint16({ versions: '1+' }),
      },
      { versions: '1+', ignorable: true },
    ),
  },
)
export type BeginQuorumEpochRequest = Infer<typeof beginQuorumEpochRequest>

export const beginQuorumEpochResponse = message(
  'BeginQuorumEpochResponse',
  { apiKey: 53, versions: '0-1', flexible: '1+' },
  {
    errorCode: int16(),
    topics: array({
      topicName: string(),
      partitions: array({
        partitionIndex: int32(),
        errorCode: int16(),
        leaderId: int32(),
        leaderEpoch: int32(),
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
export type BeginQuorumEpochResponse = Input<typeof beginQuorumEpochResponse>
