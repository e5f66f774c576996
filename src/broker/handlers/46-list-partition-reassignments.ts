/** ListPartitionReassignments (46), version 0: the moves of replicas under way (KIP-455). */
import {
  listPartitionReassignmentsRequest,
  listPartitionReassignmentsResponse,
} from '../../protocol/messages/46-list-partition-reassignments.ts'
import { serve } from '../served-api.ts'

export const listPartitionReassignments = serve(
  listPartitionReassignmentsRequest,
  listPartitionReassignmentsResponse,
  (broker, request, context) => {
    context.reply(broker.metadata.controller.listPartitionReassignments(request))
  },
  { readsMetadata: true },
)
