/** UpdateFeatures (57), versions 0-2: raises or lowers finalised features (KIP-584). */
import {
  updateFeaturesRequest,
  updateFeaturesResponse,
} from '../../protocol/messages/57-update-features.ts'
import { serve } from '../served-api.ts'

export const updateFeatures = serve(
  updateFeaturesRequest,
  updateFeaturesResponse,
  (broker, request, context) => {
    broker.metadata.submit(
      (controller) => controller.updateFeatures(request, context.apiVersion, broker.nowMs),
      (response) => context.reply(response),
    )
  },
  { changesMetadata: true },
)
