/**
 * DescribeQuorum (55), versions 0-2: leader, voters and observers of the metadata quorum (KIP-595,
 * KIP-836 times, KIP-853 directories and addresses).
 */
import {
  describeQuorumRequest,
  describeQuorumResponse,
} from '../../protocol/messages/55-describe-quorum.ts'
import { serve } from '../served-api.ts'

export const describeQuorum = serve(
  describeQuorumRequest,
  describeQuorumResponse,
  (broker, request, context) =>
    context.reply(broker.metadata.describeQuorum(request, context.apiVersion)),
)
