/**
 * The feature levels that this node can run (KIP-584): what ApiVersions and the broker's
 * registration say, and what a new cluster starts with. A feature whose APIs are not built stays at
 * 0, so that no client is led to use it.
 */
import {
  ELR_VERSION,
  type FeatureRange,
  KRAFT_VERSION,
  LATEST_METADATA_VERSION,
  METADATA_VERSION,
  MINIMUM_METADATA_VERSION,
} from '../metadata/metadata-version.ts'

export const SUPPORTED_FEATURES: ReadonlyMap<string, FeatureRange> = new Map([
  [METADATA_VERSION, { min: MINIMUM_METADATA_VERSION, max: LATEST_METADATA_VERSION }],
  [KRAFT_VERSION, { min: 0, max: 1 }],
  [ELR_VERSION, { min: 0, max: 1 }],
])
