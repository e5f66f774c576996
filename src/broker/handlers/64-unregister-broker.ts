/** UnregisterBroker (64), version 0: forgets a broker that is gone for good (KIP-631). */
import {
  unregisterBrokerRequest,
  unregisterBrokerResponse,
} from '../../protocol/messages/64-unregister-broker.ts'
import { serve } from '../served-api.ts'

export const unregisterBroker = serve(
  unregisterBrokerRequest,
  unregisterBrokerResponse,
  (broker, request, context) => {
    broker.metadata.submit(
      (controller) => controller.unregisterBroker(request, context.apiVersion, broker.nowMs),
      (response) => context.reply(response),
    )
  },
  { changesMetadata: true },
)
