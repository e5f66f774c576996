/**
 * What a formatted log directory holds, as content only: `meta.properties`, `bootstrap.checkpoint`,
 * and for a dynamic quorum (KIP-853) the first snapshot, which names its voters. `storage format`
 * and the automatic format at a first start write it; Apache Kafka reads it, and this reads Apache
 * Kafka's.
 */
import { encodeMetadataRecord } from '../protocol/persisted/framing.ts'
import { type Voter, VoterSet } from '../raft/quorum.ts'
import { encodeSnapshot } from '../raft/snapshot.ts'
import { featureRecord } from './features.ts'
import {
  defaultFeatureLevel,
  FEATURES,
  type FeatureRanges,
  featureDependencyError,
  KRAFT_VERSION,
  LATEST_METADATA_VERSION,
  METADATA_VERSION,
  metadataVersionName,
} from './metadata-version.ts'
import type { MetadataRecord } from './records.ts'

/** The identity of a log directory. */
export interface DirectoryIdentity {
  readonly clusterId: string
  readonly nodeId: number
  readonly directoryId: string
}

/** The text of `meta.properties`, version 1. */
export function metaPropertiesText(identity: DirectoryIdentity): string {
  const { clusterId, nodeId, directoryId } = identity
  const lines = [`node.id=${nodeId}`, `directory.id=${directoryId}`, 'version=1']
  return `${[...lines, `cluster.id=${clusterId}`].join('\n')}\n`
}

/** Levels by feature name, kraft.version and metadata.version included. */
export type FeatureLevels = ReadonlyMap<string, number>

/**
 * The levels that a new cluster starts with: those asked for, and for the rest what its
 * metadata.version brings, as far as the node supports it. A text says why they can't be.
 */
export function bootstrapFeatureLevels(
  asked: FeatureLevels,
  supported: FeatureRanges,
  isDynamicQuorum: boolean,
): FeatureLevels | string {
  const range = supported.get(METADATA_VERSION)
  const metadataVersion =
    asked.get(METADATA_VERSION) ?? Math.min(range?.max ?? 0, LATEST_METADATA_VERSION)
  if (metadataVersionName(metadataVersion) === null) {
    return `No MetadataVersion with feature level ${metadataVersion}.`
  }
  const levels = new Map([[METADATA_VERSION, metadataVersion]])
  for (const definition of FEATURES) {
    const { name } = definition
    const own = supported.get(name) ?? { min: 0, max: 0 }
    const byDefault =
      name === KRAFT_VERSION
        ? Math.min(isDynamicQuorum ? 1 : 0, own.max)
        : defaultFeatureLevel(definition, metadataVersion, own)
    levels.set(name, asked.get(name) ?? byDefault)
  }
  const unknown = [...asked.keys()].find((name) => !levels.has(name))
  if (unknown !== undefined) {
    const known = FEATURES.map(({ name }) => name)
      .sort()
      .join(', ')
    return `Unsupported feature: ${unknown}. Supported features are: ${known}`
  }
  return levelsError(levels, supported) ?? levels
}

function levelsError(levels: FeatureLevels, supported: FeatureRanges): string | null {
  for (const [name, level] of levels) {
    const { min, max } = supported.get(name) ?? { min: 0, max: 0 }
    if (level < min || level > max) {
      return `${name} ${level} is not supported: this node runs ${min} to ${max}.`
    }
    const error = name === METADATA_VERSION ? null : featureDependencyError(name, level, levels)
    if (error !== null) return error
  }
  return null
}

/** The records that bring a new cluster into being, in Kafka's order. */
export function bootstrapRecords(levels: FeatureLevels): MetadataRecord[] {
  const others = [...levels]
    .filter(([name, level]) => name !== METADATA_VERSION && name !== KRAFT_VERSION && level > 0)
    .sort(([a], [b]) => (a < b ? -1 : 1))
  return [
    featureRecord(METADATA_VERSION, levels.get(METADATA_VERSION)!),
    ...others.map(([name, level]) => featureRecord(name, level)),
  ]
}

/** The bytes of `bootstrap.checkpoint`. */
export function bootstrapCheckpoint(records: readonly MetadataRecord[], nowMs: number): Uint8Array {
  return joined({
    epoch: 0,
    lastContainedLogTimestampMs: 0,
    kraftVersion: 0,
    voters: null,
    values: records.map(encodeMetadataRecord),
    nowMs,
  })
}

/** The bytes of the first snapshot of a dynamic quorum, which says who its voters are. */
export function votersCheckpoint(voters: readonly Voter[], nowMs: number): Uint8Array {
  return joined({
    epoch: 0,
    lastContainedLogTimestampMs: nowMs,
    kraftVersion: 1,
    voters: new VoterSet(voters),
    values: [],
    nowMs,
  })
}

function joined(content: Parameters<typeof encodeSnapshot>[0]): Uint8Array {
  const batches = [...encodeSnapshot(content)]
  const bytes = new Uint8Array(batches.reduce((sum, { length }) => sum + length, 0))
  let position = 0
  for (const each of batches) {
    bytes.set(each, position)
    position += each.length
  }
  return bytes
}
