/**
 * Which brokers there are, and letting go of one that will not come back.
 *
 * KIP-700 (DescribeCluster), KIP-919 (controllers), KIP-1073 (fenced), KIP-631 (unregistering).
 */
import { metadataRequest, metadataResponse } from '../../protocol/messages/03-metadata.ts'
import {
  describeClusterRequest,
  describeClusterResponse,
} from '../../protocol/messages/60-describe-cluster.ts'
import {
  unregisterBrokerRequest,
  unregisterBrokerResponse,
} from '../../protocol/messages/64-unregister-broker.ts'
import type { CallOptions, Deadline } from '../call.ts'
import type { BrokerInfo } from '../cluster/cluster.ts'
import { KafkaError } from '../kafka-error.ts'
import { asking, type Caller, send, throwIfFailed } from './caller.ts'
import { type AclOperation, authorizedOperationsOf } from './names.ts'

const describeCall = { request: describeClusterRequest, response: describeClusterResponse }
const metadataCall = { request: metadataRequest, response: metadataResponse }
const unregisterCall = { request: unregisterBrokerRequest, response: unregisterBrokerResponse }

const ENDPOINT_TYPES = { brokers: 1, controllers: 2 } as const
/** Since then controllers can be asked for. */
const ENDPOINT_TYPE_VERSION = 1
/** Since then fenced brokers can be asked for. */
const FENCED_VERSION = 2
/** Versions of Metadata that tell what the client may do to the cluster. */
const METADATA_OPERATIONS_VERSIONS = { minVersion: 8, maxVersion: 10 }

/** What `describeCluster` takes. */
export interface DescribeClusterOptions extends CallOptions {
  readonly includeAuthorizedOperations?: boolean | undefined
  /** Whether to tell of brokers that are registered and fenced too (Kafka 4.0). */
  readonly includeFencedBrokers?: boolean | undefined
  /** Whether to tell of brokers, or of controllers, which only a controller answers. */
  readonly endpoints?: 'brokers' | 'controllers' | undefined
}

/** The brokers of a cluster and who controls it. */
export interface ClusterDescription {
  /** Null where the broker is too old to tell. */
  readonly clusterId: string | null
  /** -1 where there is none. A broker that is no controller names any broker, for that forwards. */
  readonly controllerId: number
  readonly brokers: readonly ClusterNode[]
  /** Null where it was not asked for. */
  readonly authorizedOperations: readonly AclOperation[] | null
}

/** A broker of a cluster. */
export interface ClusterNode extends BrokerInfo {
  /** False where the broker does not tell. */
  readonly isFenced: boolean
}

/** The nodes of the cluster. */
export function describeCluster(
  caller: Caller,
  options: DescribeClusterOptions,
): Promise<ClusterDescription> {
  const deadline = caller.begin('describeCluster', options)
  return asking(caller, deadline, async () => {
    try {
      return await describeByApi(caller, deadline, options)
    } catch (error) {
      const isOld = error instanceof KafkaError && error.code === 'UNSUPPORTED_BY_BROKER'
      const isSpecial = options.includeFencedBrokers || options.endpoints === 'controllers'
      if (!isOld || isSpecial) throw error
      return await describeByMetadata(caller, deadline, options)
    }
  })
}

async function describeByApi(
  caller: Caller,
  deadline: Deadline,
  options: DescribeClusterOptions,
): Promise<ClusterDescription> {
  const { includeAuthorizedOperations, includeFencedBrokers, endpoints = 'brokers' } = options
  const minVersion = includeFencedBrokers
    ? FENCED_VERSION
    : endpoints === 'controllers'
      ? ENDPOINT_TYPE_VERSION
      : 0
  const { body } = await send(
    caller,
    'any',
    describeCall,
    {
      includeClusterAuthorizedOperations: includeAuthorizedOperations ?? false,
      endpointType: ENDPOINT_TYPES[endpoints],
      includeFencedBrokers: includeFencedBrokers ?? false,
    },
    { deadline, minVersion },
  )
  throwIfFailed(body.errorCode, body.errorMessage, 'DescribeCluster')
  return {
    clusterId: body.clusterId,
    controllerId: body.controllerId,
    brokers: body.brokers.map(({ brokerId, host, port, rack, isFenced }) => {
      return { id: brokerId, host, port, rack, isFenced }
    }),
    authorizedOperations: authorizedOperationsOf(body.clusterAuthorizedOperations),
  }
}

async function describeByMetadata(
  caller: Caller,
  deadline: Deadline,
  options: DescribeClusterOptions,
): Promise<ClusterDescription> {
  const includeClusterAuthorizedOperations = options.includeAuthorizedOperations ?? false
  const { body } = await send(
    caller,
    'any',
    metadataCall,
    { topics: [], includeClusterAuthorizedOperations },
    {
      deadline,
      ...(includeClusterAuthorizedOperations ? METADATA_OPERATIONS_VERSIONS : { minVersion: 1 }),
    },
  )
  return {
    clusterId: body.clusterId,
    controllerId: body.controllerId,
    brokers: body.brokers.map(({ nodeId, host, port, rack }) => {
      return { id: nodeId, host, port, rack, isFenced: false }
    }),
    authorizedOperations: authorizedOperationsOf(body.clusterAuthorizedOperations),
  }
}

/** Removes the registration of a broker that is gone for good. */
export function unregisterBroker(
  caller: Caller,
  brokerId: number,
  options: CallOptions,
): Promise<void> {
  const deadline = caller.begin('unregisterBroker', options)
  return asking(caller, deadline, async () => {
    const { body } = await send(caller, 'any', unregisterCall, { brokerId }, { deadline })
    throwIfFailed(body.errorCode, body.errorMessage, 'UnregisterBroker')
  })
}
