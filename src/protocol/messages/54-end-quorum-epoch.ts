/**
 * EndQuorumEpoch (API key 54). A raft leader resigns, and says who may follow.
 *
 * 1: candidates with directory ids, endpoints (KIP-853). KIP-595.
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

export const endQuorumEpochRequest = message(
  'EndQuorumEpochRequest',
  { apiKey: 54, versions: '0-1', flexible: '1+', listeners: ['controller'] },
  {
    clusterId: string({ nullable: '0+', default: null }),
    topics: array({
      topicName: string(),
      partitions: array({
        partitionIndex: int32(),
        leaderId: int32(),
        leaderEpoch: int32(),
        preferredSuccessors: array(int32(), { versions: '0', ignorable: true }),
        preferredCandidates: array(
          {
            candidateId: int32({ versions: '1+' }),
            candidateDirectoryId: uuid({ versions: '1+' }),
          },
          { versions: '1+', ignorable: true },
        ),
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
export type EndQuorumEpochRequest = Infer<typeof endQuorumEpochRequest>

export const endQuorumEpochResponse = message(
  'EndQuorumEpochResponse',
  { apiKey: 54, versions: '0-1', flexible: '1+' },
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
export type EndQuorumEpochResponse = Input<typeof endQuorumEpochResponse>
