/**
 * DescribeQuorum (API key 55). Describes the raft quorum.
 *
 * 1: when replicas last fetched and were caught up (KIP-836). 2: directory ids, nodes, error
 * messages (KIP-853). KIP-595.
 */
import {
  array,
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

export const describeQuorumRequest = message(
  'DescribeQuorumRequest',
  { apiKey: 55, versions: '0-2', flexible: '0+', listeners: ['broker', 'controller'] },
  {
    topics: array({
      topicName: string(),
      partitions: array({
        partitionIndex: int32(),
      }),
    }),
  },
)
export type DescribeQuorumRequest = Infer<typeof describeQuorumRequest>

const replicaState = {
  replicaId: int32(),
  replicaDirectoryId: uuid({ versions: '2+' }),
  logEndOffset: int64(),
  lastFetchTimestamp: int64({ versions: '1+', default: -1, ignorable: true }),
  lastCaughtUpTimestamp: int64({ versions: '1+', default: -1, ignorable: true }),
}

export const describeQuorumResponse = message(
  'DescribeQuorumResponse',
  { apiKey: 55, versions: '0-2', flexible: '0+' },
  {
    errorCode: int16(),
    errorMessage: string({ versions: '2+', nullable: '2+', ignorable: true }),
    topics: array({
      topicName: string(),
      partitions: array({
        partitionIndex: int32(),
        errorCode: int16(),
        errorMessage: string({ versions: '2+', nullable: '2+', ignorable: true }),
        leaderId: int32(),
        leaderEpoch: int32(),
        highWatermark: int64(),
        currentVoters: array(replicaState),
        observers: array(replicaState),
      }),
    }),
    nodes: array(
      {
        nodeId: int32({ versions: '2+' }),
        listeners: array(
          {
            name: string({ versions: '2+' }),
            host: string({ versions: '2+' }),
            port: uint16({ versions: '2+' }),
          },
          { versions: '2+' },
        ),
      },
      { versions: '2+' },
    ),
  },
)
export type DescribeQuorumResponse = Input<typeof describeQuorumResponse>
