/** DeleteTopics (20), versions 1-6: by name, or by id from v6 (KIP-516). */
import {
  deleteTopicsRequest,
  deleteTopicsResponse,
} from '../../protocol/messages/20-delete-topics.ts'
import { serve } from '../served-api.ts'

export const deleteTopics = serve(
  deleteTopicsRequest,
  deleteTopicsResponse,
  (broker, request, context) => {
    broker.metadata.submit(
      (controller) => controller.deleteTopics(request, context.apiVersion, broker.nowMs),
      (response) => context.reply(response),
    )
  },
  { changesMetadata: true },
)
