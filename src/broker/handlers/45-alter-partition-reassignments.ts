/**
 * AlterPartitionReassignments (45), versions 0-1: moves replicas, and takes moves back (KIP-455,
 * KIP-860). A node that is alone has nowhere to move them to, and says so.
 */
import {
  alterPartitionReassignmentsRequest,
  alterPartitionReassignmentsResponse,
} from '../../protocol/messages/45-alter-partition-reassignments.ts'
import { serve } from '../served-api.ts'

export const alterPartitionReassignments = serve(
  alterPartitionReassignmentsRequest,
  alterPartitionReassignmentsResponse,
  (broker, request, context) => {
    broker.metadata.submit(
      (controller) =>
        controller.alterPartitionReassignments(request, context.apiVersion, broker.nowMs),
      (response) => context.reply(response),
    )
  },
  { changesMetadata: true },
)
