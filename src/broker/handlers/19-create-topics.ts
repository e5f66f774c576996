/** CreateTopics (19), versions 2-7: topics with ids, configs and placement (KIP-525, KIP-516). */
import {
  createTopicsRequest,
  createTopicsResponse,
} from '../../protocol/messages/19-create-topics.ts'
import { serve } from '../served-api.ts'

export const createTopics = serve(
  createTopicsRequest,
  createTopicsResponse,
  (broker, request, context) => {
    broker.metadata.submit(
      (controller) => controller.createTopics(request, context.apiVersion, broker.nowMs),
      (response) => context.reply(response),
    )
  },
  { changesMetadata: true },
)
