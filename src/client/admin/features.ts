/**
 * Features of the cluster: which levels brokers support, which are finalized, and changing them
 * (KIP-584, KIP-778 for downgrades, KIP-1022).
 */
import { apiVersionsRequest, apiVersionsResponse } from '../../protocol/messages/18-api-versions.ts'
import {
  updateFeaturesRequest,
  updateFeaturesResponse,
} from '../../protocol/messages/57-update-features.ts'
import type { CallOptions } from '../call.ts'
import { KafkaError } from '../kafka-error.ts'
import { SOFTWARE } from '../software.ts'
import { asking, brokerTimeoutMs, type Caller, send, throwIfFailed } from './caller.ts'
import { controller } from './lookups.ts'
import { NameTable } from './names.ts'
import { checkDistinct, perKey, settleControllerError } from './per-key.ts'
import type { Results } from './results.ts'

const describeCall = { request: apiVersionsRequest, response: apiVersionsResponse }
const updateCall = { request: updateFeaturesRequest, response: updateFeaturesResponse }

/** Since then ApiVersions tells of features. */
const FEATURES_VERSION = 3
/** Since then an update can be checked only, and can downgrade in two ways. */
const UPGRADE_TYPE_VERSION = 1

/** What `describeFeatures` takes. */
export interface DescribeFeaturesOptions extends CallOptions {
  /** Ask this broker; any where left out. */
  readonly brokerId?: number | undefined
}

/** Levels of a feature, both ends included. */
export interface LevelRange {
  readonly min: number
  readonly max: number
}

/** The features of a cluster, by name, with their levels (KIP-584). */
export interface FeaturesDescription {
  readonly finalized: ReadonlyMap<string, LevelRange>
  /** Null where nothing was finalized. */
  readonly finalizedEpoch: number | null
  /** What the broker supports. */
  readonly supported: ReadonlyMap<string, LevelRange>
}

/** Which levels of features hold, and which could. */
export function describeFeatures(
  caller: Caller,
  options: DescribeFeaturesOptions,
): Promise<FeaturesDescription> {
  const deadline = caller.begin('describeFeatures', options)
  const target = options.brokerId ?? 'any'
  return asking(caller, deadline, async () => {
    const { body } = await send(caller, target, describeCall, SOFTWARE, {
      deadline,
      minVersion: FEATURES_VERSION,
    })
    throwIfFailed(body.errorCode, null, 'ApiVersions')
    return {
      finalized: new Map(
        body.finalizedFeatures.map(({ name, minVersionLevel, maxVersionLevel }) => {
          return [name, { min: minVersionLevel, max: maxVersionLevel }]
        }),
      ),
      finalizedEpoch: body.finalizedFeaturesEpoch < 0 ? null : body.finalizedFeaturesEpoch,
      supported: new Map(
        body.supportedFeatures.map(({ name, minVersion, maxVersion }) => {
          return [name, { min: minVersion, max: maxVersion }]
        }),
      ),
    }
  })
}

const upgradeTypes = new NameTable<'upgrade' | 'safe-downgrade' | 'unsafe-downgrade'>('type', {
  upgrade: 1,
  'safe-downgrade': 2,
  'unsafe-downgrade': 3,
})

/** A feature and the level that it is to have. */
export interface FeatureUpdate {
  readonly feature: string
  /** 0 takes the feature away, which is a downgrade. */
  readonly maxLevel: number
  /** `'upgrade'` where left out. */
  readonly type?: 'upgrade' | 'safe-downgrade' | 'unsafe-downgrade' | undefined
}

/** What `updateFeatures` takes. */
export interface UpdateFeaturesOptions extends CallOptions {
  /** Have it checked only. */
  readonly validateOnly?: boolean | undefined
}

const nameText = (name: string) => name

/** Changes levels of features: all or none of them (since Kafka 4.0). */
export function updateFeatures(
  caller: Caller,
  updates: readonly FeatureUpdate[],
  options: UpdateFeaturesOptions,
): Promise<Results<string, void>> {
  const names = updates.map(({ feature }) => feature)
  checkDistinct(names, nameText)
  const deadline = caller.begin('updateFeatures', options)
  const isNew = options.validateOnly || updates.some(({ type }) => type?.endsWith('downgrade'))
  return perKey(caller, deadline, {
    keys: names,
    textOf: nameText,
    lookup: controller(),
    async ask(target, keys, answers) {
      const asked = updates.filter(({ feature }) => keys.includes(feature))
      const { body } = await send(
        caller,
        target,
        updateCall,
        (version) => ({
          timeoutMs: brokerTimeoutMs(caller, deadline),
          featureUpdates: asked.map(({ feature, maxLevel, type = 'upgrade' }) => ({
            feature,
            maxVersionLevel: maxLevel,
            ...(version >= UPGRADE_TYPE_VERSION && { upgradeType: upgradeTypes.code(type) }),
          })),
          ...(version >= UPGRADE_TYPE_VERSION && { validateOnly: options.validateOnly ?? false }),
        }),
        { deadline, ...(isNew && { minVersion: UPGRADE_TYPE_VERSION }) },
      )
      const context = { api: 'UpdateFeatures' }
      const each = new Map(body.results.map((result) => [result.feature, result]))
      for (const key of keys) {
        const own = body.errorCode === 0 && each.size > 0 ? each.get(key) : body
        if (own === undefined) continue
        if (own.errorCode === 0) answers.succeed(key, undefined)
        else {
          const error = KafkaError.ofCode(own.errorCode, own.errorMessage, context)
          settleControllerError(answers, key, error, body)
        }
      }
    },
  })
}
