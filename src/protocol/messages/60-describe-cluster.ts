/**
 * DescribeCluster (API key 60). Describes the cluster: its id, controller and nodes.
 *
 * 1: brokers or controllers (KIP-919). 2: fenced brokers too (KIP-1073). KIP-700.
 */
import {
  array,
  bool,
  type Infer,
  type Input,
  int8,
  int16,
  int32,
  message,
  string,
} from '../schema.ts'

export const describeClusterRequest = message(
  'DescribeClusterRequest',
  { apiKey: 60, versions: '0-2', flexible: '0+', listeners: ['broker', 'controller'] },
  {
    includeClusterAuthorizedOperations: bool(),
    endpointType: int8({ versions: '1+', default: 1 }),
    includeFencedBrokers: bool({ versions: '2+' }),
  },
)
export type DescribeClusterRequest = Infer<typeof describeClusterRequest>

export const describeClusterResponse = message(
  'DescribeClusterResponse',
  { apiKey: 60, versions: '0-2', flexible: '0+' },
  {
    throttleTimeMs: int32({ default: 0 }),
    errorCode: int16(),
    errorMessage: string({ nullable: '0+', default: null }),
    endpointType: int8({ versions: '1+', default: 1 }),
    clusterId: string(),
    controllerId: int32({ default: -1 }),
    brokers: array({
      brokerId: int32(),
      host: string(),
      port: int32(),
      rack: string({ nullable: '0+', default: null }),
      isFenced: bool({ versions: '2+' }),
    }),
    clusterAuthorizedOperations: int32({ default: -2147483648 }),
  },
)
export type DescribeClusterResponse = Input<typeof describeClusterResponse>
