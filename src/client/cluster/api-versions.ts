/**
 * Which versions of which APIs a broker speaks (KIP-35), cut to those that we know, and the
 * finalized features that it told along with them (KIP-584).
 */
import { apiOf } from '../../protocol/apis.ts'
import type { apiVersionsResponse } from '../../protocol/messages/18-api-versions.ts'
import { apiName, type Infer, type Message, parseVersions } from '../../protocol/schema.ts'
import { KafkaError } from '../kafka-error.ts'

export interface SupportedRange {
  readonly min: number
  readonly max: number
}

/** What a caller accepts, where that is less than what we know. */
export interface WantedRange {
  readonly minVersion?: number | undefined
  readonly maxVersion?: number | undefined
}

/** The versions of a message that we may send: unstable ones never. */
export function knownVersions({ versions, latestVersionUnstable }: Message): SupportedRange {
  const { min, max } = parseVersions(versions)
  return { min, max: latestVersionUnstable ? max - 1 : max }
}

export class ApiVersions {
  readonly features: ReadonlyMap<string, number>
  /** By API key: what the broker says, and what we both speak; null for nothing. */
  readonly #said = new Map<number, SupportedRange>()
  readonly #common = new Map<number, SupportedRange | null>()

  constructor({ apiKeys, finalizedFeatures }: Infer<typeof apiVersionsResponse>) {
    for (const { apiKey, minVersion, maxVersion } of apiKeys) {
      this.#said.set(apiKey, { min: minVersion, max: maxVersion })
    }
    this.features = new Map(finalizedFeatures.map((each) => [each.name, each.maxVersionLevel]))
  }

  /** The versions that both sides speak, null for none. */
  common(apiKey: number): SupportedRange | null {
    let common = this.#common.get(apiKey)
    if (common === undefined) {
      common = this.#intersect(apiKey)
      this.#common.set(apiKey, common)
    }
    return common
  }

  /** The newest version that both sides speak and the caller accepts. */
  choose(request: Message, wanted: WantedRange, brokerName: () => string): number {
    const common = this.common(request.apiKey)
    const min = Math.max(common?.min ?? 0, wanted.minVersion ?? 0)
    const max = Math.min(common?.max ?? -1, wanted.maxVersion ?? Infinity)
    if (max >= min) return max
    const api = apiName(request)
    const broker = brokerName()
    const said = this.#said.get(request.apiKey)
    const has = said === undefined ? 'does not have it' : `speaks ${said.min} to ${said.max}`
    const known = knownVersions(request)
    const needed = [
      Math.max(known.min, wanted.minVersion ?? 0),
      Math.min(known.max, wanted.maxVersion ?? Infinity),
    ]
    throw new KafkaError(
      'UNSUPPORTED_BY_BROKER',
      `${api} is needed in version ${needed.join(' to ')}; broker ${broker} ${has}`,
      { api, broker },
    )
  }

  #intersect(apiKey: number): SupportedRange | null {
    const said = this.#said.get(apiKey)
    const api = apiOf(apiKey)
    if (said === undefined || api === undefined) return null
    const known = knownVersions(api.request)
    const [min, max] = [Math.max(said.min, known.min), Math.min(said.max, known.max)]
    return min <= max ? { min, max } : null
  }
}
