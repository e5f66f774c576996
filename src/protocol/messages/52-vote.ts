/**
 * Vote (API key 52). Asks for a vote in an election of the raft leader.
 *
 * 1: voters are known by directory id too (KIP-853). 2: pre-votes (KIP-996). KIP-595.
 */
import {
  array,
  bool,
  type Infer,
  type Input,
  int16,
  int32,
  int64,
  message,
  string,
  uint16,
  uuid,
} from '../schema.ts'

export const voteRequest = message(
  'VoteRequest',
  { apiKey: 52, versions: '0-2', flexible: '0+', listeners: ['controller'] },
  {
    clusterId: string({ nullable: '0+', default: null }),
    voterId: int32({ versions: '1+', default: -1, ignorable: true }),
    topics: array({
      topicName: string(),
      partitions: array({
        partitionIndex: int32(),
        replicaEpoch: int32(),
        replicaId: int32(),
        replicaDirectoryId: uuid({ versions: '1+', ignorable: true }),
        voterDirectoryId: uuid({ versions: '1+', ignorable: true }),
        lastOffsetEpoch: int32(),
        lastOffset: int64(),
        preVote: bool({ versions: '2+' }),
      }),
    }),
  },
)
export type VoteRequest = Infer<typeof voteRequest>

export const voteResponse = message(
  'VoteResponse',
  { apiKey: 52, versions: '0-2', flexible: '0+' },
  {
    errorCode: int16(),
    topics: array({
      topicName: string(),
      partitions: array({
        partitionIndex: int32(),
        errorCode: int16(),
        leaderId: int32(),
        leaderEpoch: int32(),
        voteGranted: bool(),
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
export type VoteResponse = Input<typeof voteResponse>
