/**
 * Decides UpdateFeatures: all of a request or nothing (KIP-584, KIP-778 for metadata.version,
 * KIP-853 for kraft.version, KIP-966 for what enabling ELR brings with it).
 */
import { javaHashMapOrder } from '../../base/java-hash.ts'
import { ErrorCode, errorMessage } from '../../protocol/errors.ts'
import type {
  UpdateFeaturesRequest,
  UpdateFeaturesResponse,
} from '../../protocol/messages/57-update-features.ts'
import { configRecord, noOpRecord } from '../../protocol/persisted/metadata-records.ts'
import { type ApiError, apiError } from '../api-error.ts'
import { ConfigResourceType } from '../config-validator.ts'
import { featureRecord } from '../features.ts'
import {
  ELR_VERSION,
  type FeatureRange,
  featureDependencyError,
  KRAFT_VERSION,
  losesMetadata,
  METADATA_VERSION,
  metadataVersionName,
  supports,
} from '../metadata-version.ts'
import { type Decision, type MetadataRecord, metadataRecord } from '../records.ts'
import type { ControllerContext } from './context.ts'

/** How far a client will go to get the level it asks for. */
const UpgradeType = { UPGRADE: 1, SAFE_DOWNGRADE: 2, UNSAFE_DOWNGRADE: 3 } as const

/** Up to this version the answer lists each feature. */
const LAST_VERSION_WITH_RESULTS = 1

type Update = UpdateFeaturesRequest['featureUpdates'][number]

const UNSUPPORTED: FeatureRange = { min: 0, max: 0 }

export function updateFeatures(
  context: ControllerContext,
  request: UpdateFeaturesRequest,
  apiVersion: number,
): Decision<UpdateFeaturesResponse> {
  const proposed = new Map(context.image.features.levels)
  for (const { feature, maxVersionLevel } of request.featureUpdates) {
    proposed.set(feature, maxVersionLevel)
  }
  const records: MetadataRecord[] = []
  let upgradesQuorumTo: number | null = null
  const byFeature = new Map(request.featureUpdates.map((update) => [update.feature, update]))
  for (const feature of javaHashMapOrder(byFeature.keys())) {
    const update = byFeature.get(feature)!
    const decided = decideUpdate(context, update, proposed)
    if ('errorCode' in decided) {
      const prefix = 'The update failed for all features since the following feature had an error: '
      const response = { ...decided, errorMessage: prefix + decided.errorMessage, results: [] }
      return { records: [], response }
    }
    records.push(...decided.records)
    if (update.feature === KRAFT_VERSION && decided.records.length > 0) {
      upgradesQuorumTo = update.maxVersionLevel
    }
  }
  const results =
    apiVersion > LAST_VERSION_WITH_RESULTS
      ? []
      : request.featureUpdates.map(({ feature }) => ({
          feature,
          errorCode: ErrorCode.NONE,
          errorMessage: errorMessage(ErrorCode.NONE),
        }))
  const response = { errorCode: ErrorCode.NONE, errorMessage: null, results }
  if (request.validateOnly) return { records: [], response }
  if (upgradesQuorumTo !== null) context.quorum.upgradeKRaftVersion(upgradesQuorumTo)
  const enablesElr = request.featureUpdates.some(
    ({ feature, maxVersionLevel }) => feature === ELR_VERSION && maxVersionLevel > 0,
  )
  return { records: [...(enablesElr ? elrSafetyRecords(context) : []), ...records], response }
}

function decideUpdate(
  context: ControllerContext,
  update: Update,
  proposed: ReadonlyMap<string, number>,
): { readonly records: readonly MetadataRecord[] } | ApiError {
  const { feature, maxVersionLevel: level, upgradeType } = update
  const current = currentLevel(context, feature)
  const error = updateError(context, update, current)
  if (error !== null) return invalidUpdate(feature, level, error)
  if (feature === METADATA_VERSION) return decideMetadataVersion(current, level, upgradeType)
  if (feature === KRAFT_VERSION) return decideKRaftVersion(context, current, update)
  const dependency = featureDependencyError(feature, level, proposed)
  if (dependency !== null) return invalidUpdate(feature, level, dependency)
  return { records: [featureRecord(feature, level)] }
}

function currentLevel(context: ControllerContext, feature: string): number {
  if (feature === KRAFT_VERSION) return context.quorum.kraftVersion
  return context.image.features.levels.get(feature) ?? 0
}

function updateError(context: ControllerContext, update: Update, current: number): string | null {
  const { feature, maxVersionLevel: level, upgradeType } = update
  if (upgradeType < UpgradeType.UPGRADE || upgradeType > UpgradeType.UNSAFE_DOWNGRADE) {
    return 'The controller does not support the given upgrade type.'
  }
  if (level < 0) return 'A feature version cannot be less than 0.'
  const unsupported = unsupportedReason(context, feature, level)
  if (unsupported !== null) return unsupported
  if (level < current && upgradeType === UpgradeType.UPGRADE) {
    return (
      "Can't downgrade the version of this feature without setting the upgrade type to either " +
      'safe or unsafe downgrade.'
    )
  }
  if (level > current && upgradeType !== UpgradeType.UPGRADE) {
    return "Can't downgrade to a newer version."
  }
  return null
}

/** Every broker and controller must be able to run the level. */
function unsupportedReason(
  context: ControllerContext,
  feature: string,
  level: number,
): string | null {
  const { nodeId, supportedFeatures } = context.settings
  const { cluster, features } = context.image
  const own = `Local controller ${nodeId}`
  const reason = outOfRange(own, supportedFeatures.get(feature), level)
  if (reason !== null) return reason
  for (const broker of cluster.brokers.values()) {
    const unsupported = outOfRange(`Broker ${broker.id}`, broker.features.get(feature), level)
    if (unsupported !== null) return unsupported
  }
  if (!supports.controllerRegistration(features.metadataVersion)) return null
  for (const controller of cluster.controllers.values()) {
    if (controller.id === nodeId) continue
    const who = `Controller ${controller.id}`
    const unsupported = outOfRange(who, controller.features.get(feature), level)
    if (unsupported !== null) return unsupported
  }
  const unknown = context.quorum.voterIds.find(
    (id) => id !== nodeId && !cluster.controllers.has(id),
  )
  if (unknown === undefined) return null
  return `controller ${unknown} has not registered, and may not support this feature`
}

function outOfRange(who: string, range: FeatureRange | undefined, level: number): string | null {
  const { min, max } = range ?? UNSUPPORTED
  if (level >= min && level <= max) return null
  if (max === 0) return `${who} does not support this feature.`
  return `${who} only supports versions ${min === max ? min : `${min}-${max}`}`
}

function decideMetadataVersion(
  current: number,
  level: number,
  upgradeType: number,
): { readonly records: readonly MetadataRecord[] } | ApiError {
  if (level < current && losesMetadata(current, level)) {
    const why =
      upgradeType === UpgradeType.UNSAFE_DOWNGRADE
        ? 'Unsafe metadata downgrade is not supported in this version.'
        : 'Refusing to perform the requested downgrade because it might delete metadata ' +
          'information.'
    return apiError(
      ErrorCode.INVALID_UPDATE_VERSION,
      `Unsupported metadata.version downgrade from ${current} to ${level}. ${why}`,
    )
  }
  if (metadataVersionName(level) === null) {
    return apiError(ErrorCode.INVALID_UPDATE_VERSION, `Invalid metadata.version ${level}.`)
  }
  return { records: [featureRecord(METADATA_VERSION, level)] }
}

function decideKRaftVersion(
  context: ControllerContext,
  current: number,
  update: Update,
): { readonly records: readonly MetadataRecord[] } | ApiError {
  const { maxVersionLevel: level, upgradeType } = update
  if (upgradeType !== UpgradeType.UPGRADE) {
    if (level === current) return { records: [] }
    const message = "Can't downgrade the version of this feature."
    return invalidUpdate(KRAFT_VERSION, level, message)
  }
  const error = context.quorum.kraftVersionError(level)
  if (error !== null) return invalidUpdate(KRAFT_VERSION, level, error)
  // Raft writes the level itself; this gives the answer an offset to wait for.
  return { records: [metadataRecord(noOpRecord, {})] }
}

function invalidUpdate(feature: string, level: number, why: string): ApiError {
  const message = `Invalid update version ${level} for feature ${feature}. ${why}`
  return apiError(ErrorCode.INVALID_UPDATE_VERSION, message)
}

/** ELR needs one min.insync.replicas for the cluster, and none of a single broker. */
export function elrSafetyRecords(context: ControllerContext): MetadataRecord[] {
  const key = 'min.insync.replicas'
  const { configs } = context.image
  const change = (resourceName: string, value: string | null): MetadataRecord =>
    metadataRecord(configRecord, {
      resourceType: ConfigResourceType.BROKER,
      resourceName,
      name: key,
      value,
    })
  const records: MetadataRecord[] = []
  if (!configs.cluster.has(key)) {
    records.push(change('', String(context.settings.minInSyncReplicas)))
  }
  for (const [broker, values] of configs.resources(ConfigResourceType.BROKER)) {
    if (broker !== '' && values.has(key)) records.push(change(broker, null))
  }
  return records
}
