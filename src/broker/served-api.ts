/**
 * How a handler file declares the API it serves. ApiVersions, dispatch and the compatibility page
 * read the same value, so that what is advertised is what is there.
 */
import type { Infer, Input, Message } from '../protocol/schema.ts'
import { apiName, parseVersions } from '../protocol/schema.ts'
import type { Broker } from './broker.ts'
import type { RequestContext } from './request-context.ts'

export interface ServedApi {
  readonly key: number
  readonly name: string
  readonly request: Message
  readonly response: Message
  readonly minVersion: number
  readonly maxVersion: number
  /** The newest version where `unstable.api.versions.enable` is set. */
  readonly maxUnstableVersion: number
  readonly listeners: readonly ('broker' | 'controller')[]
  /** True where the answer tells of metadata: it waits until that is committed. */
  readonly readsMetadata: boolean
  /** True where the answer waits for a record of the metadata: what comes behind it waits too. */
  readonly changesMetadata: boolean
  /** True where nothing refers to the bytes of a request once it is answered. */
  readonly releasesRequest: boolean
  readonly handle: (broker: Broker, request: never, context: RequestContext) => void
}

export type ServeOptions = Partial<
  Pick<ServedApi, 'readsMetadata' | 'changesMetadata' | 'releasesRequest'>
>

/** Declares a handler; the version range is the schema's, which is Kafka 4.3's. */
export function serve<Q extends Message, S extends Message>(
  request: Q,
  response: S,
  handle: (broker: Broker, request: Infer<Q>, context: RequestContext<Input<S>>) => void,
  { readsMetadata = false, changesMetadata = false, releasesRequest = false }: ServeOptions = {},
): ServedApi {
  const { min, max } = parseVersions(request.versions)
  return {
    key: request.apiKey,
    name: apiName(request),
    request,
    response,
    minVersion: min,
    maxVersion: request.latestVersionUnstable ? max - 1 : max,
    maxUnstableVersion: max,
    listeners: request.listeners,
    readsMetadata,
    changesMetadata,
    releasesRequest,
    handle: handle as ServedApi['handle'],
  }
}
