/** CreatePartitions (37), versions 0-3: more partitions for topics (KIP-195). */
import {
  createPartitionsRequest,
  createPartitionsResponse,
} from '../../protocol/messages/37-create-partitions.ts'
import { serve } from '../served-api.ts'

export const createPartitions = serve(
  createPartitionsRequest,
  createPartitionsResponse,
  (broker, request, context) => {
    broker.metadata.submit(
      (controller) => controller.createPartitions(request, context.apiVersion, broker.nowMs),
      (response) => context.reply(response),
    )
  },
  { changesMetadata: true },
)
