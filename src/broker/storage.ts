/**
 * Who a node's log directories say that it is. An empty directory is formatted at the first start,
 * as `millrace storage format` would; one that is another node's, or of another cluster, or holds
 * logs without saying whose, is refused.
 *
 * `meta.properties` is written last: a crash while formatting leaves a directory that is formatted
 * again.
 */
import { isValidUuid } from '../base/uuid.ts'
import type { Disk, Random } from '../io/io.ts'
import type { LogDirectory } from '../log/log-directory.ts'
import {
  META_PROPERTIES,
  type MetaProperties,
  MetaPropertiesError,
} from '../log/meta-properties.ts'
import {
  bootstrapCheckpoint,
  bootstrapFeatureLevels,
  bootstrapRecords,
  votersCheckpoint,
} from '../metadata/format.ts'
import type { FeatureRanges } from '../metadata/metadata-version.ts'
import type { MetadataRecord } from '../metadata/records.ts'
import { CLUSTER_METADATA_TOPIC } from '../metadata/topic-name.ts'
import { decodeMetadataRecord } from '../protocol/persisted/framing.ts'
import type { Uuid } from '../protocol/schema.ts'
import type { Voter } from '../raft/quorum.ts'
import { BOOTSTRAP_FILE, BOOTSTRAP_SNAPSHOT, snapshotName } from '../raft/snapshot.ts'
import { readSnapshotFile } from '../raft/snapshot-store.ts'
import { isSystemError, StartupError } from './startup-error.ts'

export interface IdentityOptions {
  readonly disk: Disk
  readonly random: Random
  readonly nowMs: number
  readonly nodeId: number
  /** The one that holds the metadata log. */
  readonly metadataDirectory: LogDirectory
  /** `CLUSTER_ID` of the environment; null where the first start may choose. */
  readonly wantedClusterId: string | null
  readonly supportedFeatures: FeatureRanges
  /**
   * This node as the first voter of a dynamic quorum, given its directory; null for a static one.
   */
  readonly firstVoter: ((directoryId: Uuid) => Voter) | null
}

export interface NodeIdentity {
  readonly clusterId: string
  readonly directoryIds: ReadonlyMap<LogDirectory, Uuid>
  /** True where this start formatted the node. */
  readonly isNew: boolean
}

export function identify(
  directories: readonly LogDirectory[],
  options: IdentityOptions,
): NodeIdentity {
  const known = new Map<LogDirectory, MetaProperties>()
  const directoryIds = new Map<LogDirectory, Uuid>()
  /** A disk that fails takes its directory offline; only that of the metadata is indispensable. */
  const forEach = (action: (directory: LogDirectory) => void): void => {
    for (const directory of ordered) {
      if (directory.offline) continue
      try {
        action(directory)
      } catch (error) {
        if (directory === options.metadataDirectory || !isSystemError(error)) throw error
        directory.fail(error)
      }
    }
  }
  // The metadata directory comes first: it is what makes the node a formatted one.
  const ordered = [...directories].sort(
    (a, b) => Number(b === options.metadataDirectory) - Number(a === options.metadataDirectory),
  )
  forEach((directory) => {
    const properties = read(directory)
    if (properties !== null) known.set(directory, properties)
    else refuseForeign(directory)
  })
  const clusterId = agreedClusterId(known, options)
  forEach((directory) => {
    const properties = known.get(directory)
    if (properties === undefined) directoryIds.set(directory, format(directory, clusterId, options))
    else directoryIds.set(directory, checked(directory, properties, options))
  })
  return { clusterId, directoryIds, isNew: !known.has(options.metadataDirectory) }
}

/** What a new cluster starts with: from `bootstrap.checkpoint`, as any kafka-storage wrote it. */
export function readBootstrap(directory: LogDirectory, supported: FeatureRanges): MetadataRecord[] {
  const path = `${directory.path}/${BOOTSTRAP_FILE}`
  if (directory.disk.stat(path) === null) return bootstrapRecords(defaultLevels(supported, false))
  const records: MetadataRecord[] = []
  readSnapshotFile(directory.disk, path, (value) => records.push(decodeMetadataRecord(value)))
  return records
}

function read(directory: LogDirectory): MetaProperties | null {
  try {
    return directory.readMetaProperties()
  } catch (error) {
    if (!(error instanceof MetaPropertiesError)) throw error
    throw new StartupError(error.message)
  }
}

/** A directory without `meta.properties` must hold nothing that looks like somebody's logs. */
function refuseForeign(directory: LogDirectory): void {
  const { disk, path } = directory
  const found = disk
    .list(path)
    .find((name) => /-\d+$/.test(name) && disk.stat(`${path}/${name}`)?.isDirectory === true)
  // What an interrupted format leaves: the metadata log's directory with its first snapshot only.
  if (found === undefined || isInterruptedFormat(directory, found)) return
  throw new StartupError(
    `${path} holds logs (${found}) but no ${META_PROPERTIES}: it is not a directory that Millrace ` +
      'or Apache Kafka formatted. Name another directory in log.dirs, or format it.',
  )
}

function isInterruptedFormat({ disk, path }: LogDirectory, found: string): boolean {
  if (found !== `${CLUSTER_METADATA_TOPIC}-0`) return false
  return disk.list(`${path}/${found}`).every((name) => name.includes('.checkpoint'))
}

function agreedClusterId(
  known: ReadonlyMap<LogDirectory, MetaProperties>,
  { wantedClusterId, random }: IdentityOptions,
): string {
  let clusterId = wantedClusterId
  let from = 'CLUSTER_ID'
  for (const [directory, properties] of known) {
    const path = `${directory.path}/${META_PROPERTIES}`
    if (clusterId !== null && properties.clusterId !== clusterId) {
      throw new StartupError(
        `Invalid cluster.id in: ${path}. Expected ${clusterId} (from ${from}), but read ` +
          `${properties.clusterId}`,
      )
    }
    clusterId = properties.clusterId
    from = path
  }
  return clusterId ?? random.uuid()
}

function checked(
  directory: LogDirectory,
  properties: MetaProperties,
  { nodeId, random }: IdentityOptions,
): Uuid {
  const path = `${directory.path}/${META_PROPERTIES}`
  if (properties.nodeId !== nodeId) {
    throw new StartupError(
      `Stored node id ${properties.nodeId} doesn't match previous node id ${nodeId} in ${path}. ` +
        'If you moved your data, make sure your configured node id matches. If you intend to ' +
        'create a new node, you should remove all data in your data directories.',
    )
  }
  if (properties.directoryId !== null && isValidUuid(properties.directoryId)) {
    return properties.directoryId
  }
  const directoryId = random.uuid()
  directory.writeMetaProperties({ ...properties, version: 1, directoryId })
  return directoryId
}

function defaultLevels(supported: FeatureRanges, isDynamic: boolean) {
  const levels = bootstrapFeatureLevels(new Map(), supported, isDynamic)
  if (typeof levels === 'string') throw new StartupError(levels)
  return levels
}

function format(directory: LogDirectory, clusterId: string, options: IdentityOptions): Uuid {
  const { disk, random, nowMs, nodeId, metadataDirectory, supportedFeatures } = options
  const { firstVoter } = options
  const { path } = directory
  const directoryId = random.uuid()
  if (directory === metadataDirectory) {
    const levels = defaultLevels(supportedFeatures, firstVoter !== null)
    const records = bootstrapRecords(levels)
    disk.writeFileAtomic(`${path}/${BOOTSTRAP_FILE}`, bootstrapCheckpoint(records, nowMs))
    if (firstVoter !== null) {
      const log = `${path}/${CLUSTER_METADATA_TOPIC}-0`
      disk.makeDirectory(log)
      const content = votersCheckpoint([firstVoter(directoryId)], nowMs)
      disk.writeFileAtomic(`${log}/${snapshotName(BOOTSTRAP_SNAPSHOT)}`, content)
    }
  }
  directory.writeMetaProperties({ version: 1, clusterId, nodeId, directoryId })
  return directoryId
}
