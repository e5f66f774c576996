/**
 * ApiVersions (18), versions 0-4: what this listener serves, and the features of the cluster
 * (KIP-511, KIP-584). The answer's header is always version 0, and an unknown request version is
 * answered in version 0 with UNSUPPORTED_VERSION: see the dispatch in server.ts.
 *
 * Produce is announced from version 0 though 3 is its real minimum: librdkafka switches features
 * off otherwise (KAFKA-18659).
 */
import { ErrorCode } from '../../protocol/errors.ts'
import {
  type ApiVersionsResponse,
  apiVersionsRequest,
  apiVersionsResponse,
} from '../../protocol/messages/18-api-versions.ts'
import type { Broker } from '../broker.ts'
import type { ListenerEndpoint } from '../request-context.ts'
import { serve } from '../served-api.ts'

/** KIP-511: what a client may call itself. */
const SOFTWARE_NAME = /^[a-zA-Z0-9](?:[a-zA-Z0-9\-.]*[a-zA-Z0-9])?$/
const PRODUCE_KEY = 0

export const apiVersions = serve(
  apiVersionsRequest,
  apiVersionsResponse,
  (broker, request, context) => {
    const { clientSoftwareName: name, clientSoftwareVersion: version } = request
    if (context.apiVersion >= 3) {
      if (!SOFTWARE_NAME.test(name) || !SOFTWARE_NAME.test(version)) {
        context.reply({ errorCode: ErrorCode.INVALID_REQUEST, apiKeys: [] })
        return
      }
      context.connection.softwareName = name
      context.connection.softwareVersion = version
    }
    context.reply(versionsOf(broker, context.listener, context.apiVersion))
  },
)

/** The answer for one listener; also what an unsupported version is answered with. */
export function versionsOf(
  broker: Broker,
  listener: ListenerEndpoint,
  requestVersion: number,
): ApiVersionsResponse {
  const unstable = broker.settings.unstableApiVersions
  return {
    errorCode: ErrorCode.NONE,
    apiKeys: broker.apisOf(listener.kind).map((api) => ({
      apiKey: api.key,
      minVersion: api.key === PRODUCE_KEY ? 0 : api.minVersion,
      maxVersion: unstable ? api.maxUnstableVersion : api.maxVersion,
    })),
    // Before v4 a client may refuse a feature whose minimum is 0 (KAFKA-17011).
    supportedFeatures: broker.supportedFeatures
      .filter((feature) => requestVersion >= 4 || feature.minVersion > 0)
      .map(({ name, minVersion, maxVersion }) => ({ name, minVersion, maxVersion })),
    finalizedFeaturesEpoch: broker.cluster.image.lastOffset,
    finalizedFeatures: broker.finalizedFeatures().map(({ name, level }) => ({
      name,
      maxVersionLevel: level,
      minVersionLevel: level,
    })),
  }
}
