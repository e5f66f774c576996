/**
 * Metadata (API key 3). Brokers, topics, partitions and their leaders.
 *
 * From 1 on, null asks for all topics and an empty list for none; in 0, an empty list asks for
 * all. 4: whether the topic may be made by asking. 5: offline replicas (KIP-112). 7: leader epochs
 * (KIP-320). 8: authorized operations (KIP-430); those of the cluster moved to DescribeCluster
 * with 11 (KIP-700). 10: topic ids in the response; 12: they can be asked for (KIP-516). 13: an
 * error for the whole response (KIP-1102).
 */
import {
  array,
  bool,
  type Infer,
  type Input,
  int16,
  int32,
  message,
  string,
  uuid,
} from '../schema.ts'

export const metadataRequest = message(
  'MetadataRequest',
  { apiKey: 3, versions: '0-13', flexible: '9+', listeners: ['broker'] },
  {
    topics: array(
      {
        topicId: uuid({ versions: '10+', ignorable: true }),
        name: string({ nullable: '10+' }),
      },
      { nullable: '1+' },
    ),
    allowAutoTopicCreation: bool({ versions: '4+', default: true }),
    includeClusterAuthorizedOperations: bool({ versions: '8-10' }),
    includeTopicAuthorizedOperations: bool({ versions: '8+' }),
  },
)
export type MetadataRequest = Infer<typeof metadataRequest>

export const metadataResponse = message(
  'MetadataResponse',
  { apiKey: 3, versions: '0-13', flexible: '9+' },
  {
    throttleTimeMs: int32({ versions: '3+', default: 0, ignorable: true }),
    brokers: array({
      nodeId: int32(),
      host: string(),
      port: int32(),
      rack: string({ versions: '1+', nullable: '1+', default: null, ignorable: true }),
    }),
    clusterId: string({ versions: '2+', nullable: '2+', default: null, ignorable: true }),
    controllerId: int32({ versions: '1+', default: -1, ignorable: true }),
    topics: array({
      errorCode: int16(),
      name: string({ nullable: '12+' }),
      topicId: uuid({ versions: '10+', ignorable: true }),
      isInternal: bool({ versions: '1+', default: false, ignorable: true }),
      partitions: array({
        errorCode: int16(),
        partitionIndex: int32(),
        leaderId: int32(),
        leaderEpoch: int32({ versions: '7+', default: -1, ignorable: true }),
        replicaNodes: array(int32()),
        isrNodes: array(int32()),
        offlineReplicas: array(int32(), { versions: '5+', ignorable: true }),
      }),
      topicAuthorizedOperations: int32({ versions: '8+', default: -2147483648 }),
    }),
    clusterAuthorizedOperations: int32({ versions: '8-10', default: -2147483648 }),
    errorCode: int16({ versions: '13+', ignorable: true }),
  },
)
export type MetadataResponse = Input<typeof metadataResponse>
