/**
 * The features of Kafka 4.3 as far as this node runs them (KIP-584). A feature that gets built
 * enters this table in the same commit; what is not here is neither finalised nor advertised.
 */
import {
  ELR_VERSION,
  type FeatureRanges,
  KRAFT_VERSION,
  LATEST_METADATA_VERSION,
  METADATA_VERSION,
  MINIMUM_METADATA_VERSION,
  UNSTABLE_METADATA_VERSION,
} from '../metadata/metadata-version.ts'
import type { SupportedFeature } from './broker.ts'

const SUPPORTED_FEATURES: readonly SupportedFeature[] = [
  {
    name: METADATA_VERSION,
    minVersion: MINIMUM_METADATA_VERSION,
    maxVersion: LATEST_METADATA_VERSION,
  },
  { name: KRAFT_VERSION, minVersion: 0, maxVersion: 1 },
  { name: ELR_VERSION, minVersion: 0, maxVersion: 1 },
]

/** What a node runs; `unstable` is its `unstable.feature.versions.enable`. */
export function supportedFeatures(unstable: boolean): readonly SupportedFeature[] {
  if (!unstable) return SUPPORTED_FEATURES
  return SUPPORTED_FEATURES.map((feature) =>
    feature.name === METADATA_VERSION
      ? { ...feature, maxVersion: UNSTABLE_METADATA_VERSION }
      : feature,
  )
}

/** The same for the controller. */
export function supportedRanges(unstable: boolean): FeatureRanges {
  return new Map(
    supportedFeatures(unstable).map(({ name, minVersion, maxVersion }) => [
      name,
      { min: minVersion, max: maxVersion },
    ]),
  )
}
