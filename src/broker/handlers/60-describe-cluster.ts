/**
 * DescribeCluster (60), versions 0-2: brokers or controllers, by the endpoint type that is asked
 * (KIP-700, KIP-919). A controller listener knows controllers only.
 */
import { ErrorCode } from '../../protocol/errors.ts'
import {
  type DescribeClusterResponse,
  describeClusterRequest,
  describeClusterResponse,
} from '../../protocol/messages/60-describe-cluster.ts'
import { CLUSTER_OPERATIONS } from '../authorized-operations.ts'
import { serve } from '../served-api.ts'

const BROKERS = 1
const CONTROLLERS = 2

export const describeCluster = serve(
  describeClusterRequest,
  describeClusterResponse,
  (broker, request, context) => {
    const here = context.listener.kind === 'broker' ? BROKERS : CONTROLLERS
    if (request.endpointType !== here) {
      context.reply(wrongEndpoint(here, request.endpointType, context.apiVersion))
      return
    }
    const nodes =
      here === BROKERS
        ? broker.cluster
            .brokersFor(context)
            .filter((node) => !node.isFenced || request.includeFencedBrokers)
        : broker.cluster.controllersFor(context)
    context.reply({
      errorCode: ErrorCode.NONE,
      endpointType: here,
      clusterId: broker.cluster.id,
      controllerId: nodes[0]?.nodeId ?? -1,
      brokers: nodes.map(({ nodeId, host, port, rack, isFenced }) => ({
        brokerId: nodeId,
        host,
        port,
        rack,
        isFenced,
      })),
      clusterAuthorizedOperations: request.includeClusterAuthorizedOperations
        ? CLUSTER_OPERATIONS
        : -2147483648,
    })
  },
  { readsMetadata: true },
)

function nameOf(endpointType: number): string {
  return endpointType === BROKERS ? 'BROKER' : 'CONTROLLER'
}

function wrongEndpoint(here: number, asked: number, version: number): DescribeClusterResponse {
  const isKnown = asked === BROKERS || asked === CONTROLLERS
  const mismatch =
    `The request was sent to an endpoint of type ${nameOf(here)}, ` +
    `but we wanted an endpoint of type ${nameOf(asked)}`
  const mismatched = version === 0 ? ErrorCode.INVALID_REQUEST : ErrorCode.MISMATCHED_ENDPOINT_TYPE
  return {
    errorCode: isKnown ? mismatched : ErrorCode.UNSUPPORTED_ENDPOINT_TYPE,
    errorMessage: isKnown ? mismatch : `Unsupported endpoint type ${asked}`,
    // Kafka leaves the default, whichever listener was asked.
    endpointType: BROKERS,
    clusterId: '',
    brokers: [],
  }
}
