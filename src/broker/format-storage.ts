/**
 * Formats data directories: gives each its identity, and the metadata one the records that bring
 * the cluster into being. `millrace storage format` and the first start of the development profile
 * come here.
 *
 * Invariant: `meta.properties` is written last, so a directory that has it is whole, and a format
 * that broke off is done again. Nothing is written before everything was checked.
 */
import type { Disk, Random } from '../io/io.ts'
import {
  decodeMetaProperties,
  META_PROPERTIES,
  type MetaProperties,
  MetaPropertiesError,
} from '../log/meta-properties.ts'
import {
  bootstrapCheckpoint,
  bootstrapFeatureLevels,
  bootstrapRecords,
  type FeatureLevels,
  metaPropertiesText,
  votersCheckpoint,
} from '../metadata/format.ts'
import {
  type FeatureRanges,
  METADATA_VERSION,
  metadataVersionName,
} from '../metadata/metadata-version.ts'
import type { Voter } from '../raft/quorum.ts'

const METADATA_DIRECTORY = '__cluster_metadata-0'
/** The snapshot before the first record: only its voters are of interest. */
const FIRST_SNAPSHOT = '00000000000000000000-0000000000.checkpoint'

/** The storage cannot be formatted as asked; the message says why. */
export class FormatError extends Error {
  override readonly name = 'FormatError'
}

export interface FormatRequest {
  readonly disk: Disk
  readonly random: Random
  readonly nowMs: number
  readonly nodeId: number
  readonly clusterId: string
  readonly directories: readonly string[]
  /** One of the directories. */
  readonly metadataDirectory: string
  /** Whether the quorum is kept in the metadata log (KIP-853) rather than in the properties. */
  readonly isDynamicQuorum: boolean
  /** The first voters of a dynamic quorum; null where they are not known yet. */
  readonly voters: readonly Voter[] | null
  readonly features: FeatureLevels
  readonly supportedFeatures: FeatureRanges
  /** Leaves formatted directories as they are instead of failing. */
  readonly ignoreFormatted: boolean
}

/** Formats what is not formatted yet; returns a line about each directory that was. */
export function formatStorage(request: FormatRequest): string[] {
  const levels = bootstrapFeatureLevels(
    request.features,
    request.supportedFeatures,
    request.isDynamicQuorum,
  )
  if (typeof levels === 'string') throw new FormatError(levels)
  const directories = [...new Set(request.directories)].sort()
  const formatted = directories.filter((directory) => isFormatted(request, directory))
  if (formatted.length > 0 && !request.ignoreFormatted) {
    throw new FormatError(
      `Log directory ${formatted[0]} is already formatted. ` +
        'Use --ignore-formatted to ignore this directory and format the others.',
    )
  }
  const version = metadataVersionName(levels.get(METADATA_VERSION) ?? 0)
  return directories
    .filter((directory) => !formatted.includes(directory))
    .map((directory) => {
      const kind = formatDirectory(request, directory, levels)
      return `Formatting ${kind} ${directory} with metadata.version ${version}.`
    })
}

/** What a directory says it is; null where it is not formatted. */
export function readIdentity(disk: Disk, directory: string): MetaProperties | null {
  const path = `${directory}/${META_PROPERTIES}`
  return disk.stat(path) === null ? null : decodeMetaProperties(disk.readFile(path), path)
}

/** Whether the directory is formatted, which it may only be for this node of this cluster. */
function isFormatted({ disk, clusterId, nodeId }: FormatRequest, directory: string): boolean {
  const stat = disk.stat(directory)
  if (stat !== null && !stat.isDirectory) throw new FormatError(`${directory} is not a directory`)
  const identity = stat === null ? null : identityOf(disk, directory)
  if (identity === null) return false
  if (identity.clusterId !== clusterId) {
    throw new FormatError(
      `Invalid cluster.id in: ${directory}/${META_PROPERTIES}. ` +
        `Expected ${clusterId}, but read ${identity.clusterId}`,
    )
  }
  if (identity.nodeId === nodeId) return true
  throw new FormatError(
    `Stored node id ${identity.nodeId} doesn't match previous node id ${nodeId} in ${directory}. ` +
      'If you moved your data, make sure your configured node id matches.',
  )
}

function identityOf(disk: Disk, directory: string): MetaProperties | null {
  try {
    return readIdentity(disk, directory)
  } catch (error) {
    if (error instanceof MetaPropertiesError) throw new FormatError(error.message)
    throw error
  }
}

function formatDirectory(request: FormatRequest, directory: string, levels: FeatureLevels): string {
  const { disk, nodeId, clusterId, nowMs, random } = request
  const voters = directory === request.metadataDirectory ? request.voters : null
  const self = voters?.find(({ id }) => id === nodeId)
  disk.makeDirectory(directory)
  disk.writeFileAtomic(
    `${directory}/bootstrap.checkpoint`,
    bootstrapCheckpoint(bootstrapRecords(levels), nowMs),
  )
  if (voters !== null) {
    disk.makeDirectory(`${directory}/${METADATA_DIRECTORY}`)
    disk.writeFileAtomic(
      `${directory}/${METADATA_DIRECTORY}/${FIRST_SNAPSHOT}`,
      votersCheckpoint(voters, nowMs),
    )
  }
  const directoryId = self?.directoryId ?? random.uuid()
  const identity = metaPropertiesText({ clusterId, nodeId, directoryId })
  disk.writeFileAtomic(`${directory}/${META_PROPERTIES}`, new TextEncoder().encode(identity))
  if (directory !== request.metadataDirectory) return 'data directory'
  if (voters === null) return 'metadata directory'
  return self === undefined ? 'dynamic metadata directory' : 'dynamic metadata voter directory'
}
