/**
 * Levels of `metadata.version` and of the other features: which exist, which records and abilities
 * each brings, what a new cluster finalises. KIP-584, KIP-778, KIP-1022.
 */

export const METADATA_VERSION = 'metadata.version'
export const KRAFT_VERSION = 'kraft.version'
export const ELR_VERSION = 'eligible.leader.replicas.version'

/** The oldest level that any node of 4.x can run. */
export const MINIMUM_METADATA_VERSION = 7
/** 4.3-IV0, the level of a new cluster. */
export const LATEST_METADATA_VERSION = 30
/** 4.4-IV0, which changes nothing yet; only where `unstable.feature.versions.enable` is set. */
export const UNSTABLE_METADATA_VERSION = 31

/** Name, and whether the level changed metadata so that it can't be left downwards without loss. */
interface MetadataVersionRow {
  readonly level: number
  readonly name: string
  readonly changesMetadata: boolean
}

const VERSIONS: readonly MetadataVersionRow[] = [
  row(7, '3.3-IV3', true),
  row(8, '3.4-IV0', true),
  row(9, '3.5-IV0', false),
  row(10, '3.5-IV1', false),
  row(11, '3.5-IV2', true),
  row(12, '3.6-IV0', false),
  row(13, '3.6-IV1', true),
  row(14, '3.6-IV2', true),
  row(15, '3.7-IV0', true),
  row(16, '3.7-IV1', false),
  row(17, '3.7-IV2', true),
  row(18, '3.7-IV3', false),
  row(19, '3.7-IV4', false),
  row(20, '3.8-IV0', false),
  row(21, '3.9-IV0', false),
  row(22, '4.0-IV0', false),
  row(23, '4.0-IV1', true),
  row(24, '4.0-IV2', false),
  row(25, '4.0-IV3', false),
  row(26, '4.1-IV0', false),
  row(27, '4.1-IV1', false),
  row(28, '4.2-IV0', false),
  row(29, '4.2-IV1', false),
  row(30, '4.3-IV0', true),
  row(31, '4.4-IV0', false),
]

function row(level: number, name: string, changesMetadata: boolean): MetadataVersionRow {
  return { level, name, changesMetadata }
}

/** Levels from which an ability is there. */
const SCRAM = 11
const NO_EPOCH_BUMP_ON_ISR_SHRINK = 12
const TRANSACTIONS = 13
const DELEGATION_TOKENS = 14
const CONTROLLER_REGISTRATION = 15
const DIRECTORY_ASSIGNMENT = 17
const ELR = 23
const CORDONED_LOG_DIRS = 30

/** What a finalised `metadata.version` allows. */
export const supports = {
  scram: (level: number) => level >= SCRAM,
  transactions: (level: number) => level >= TRANSACTIONS,
  delegationTokens: (level: number) => level >= DELEGATION_TOKENS,
  controllerRegistration: (level: number) => level >= CONTROLLER_REGISTRATION,
  directoryAssignment: (level: number) => level >= DIRECTORY_ASSIGNMENT,
  elr: (level: number) => level >= ELR,
  cordonedLogDirs: (level: number) => level >= CORDONED_LOG_DIRS,
  /** Before 3.6 a shrunken ISR needed a new leader epoch (KAFKA-15021). */
  epochBumpOnIsrShrink: (level: number) => level < NO_EPOCH_BUMP_ON_ISR_SHRINK,
} as const

/** Version of RegisterBrokerRecord at a level. */
export function registerBrokerRecordVersion(level: number): number {
  if (level >= CORDONED_LOG_DIRS) return 4
  if (level >= DIRECTORY_ASSIGNMENT) return 3
  return level >= 8 ? 2 : 1
}

/** Version of PartitionRecord and PartitionChangeRecord at a level. */
export function partitionRecordVersion(level: number): number {
  if (level >= ELR) return 2
  return level >= DIRECTORY_ASSIGNMENT ? 1 : 0
}

/** `4.3-IV0` for 30; null for a level that does not exist. */
export function metadataVersionName(level: number): string | null {
  return VERSIONS.find((version) => version.level === level)?.name ?? null
}

/** Reads `4.3`, `4.3.1`, `4.3-IV0` as Kafka does; null where there is no such version. */
export function metadataVersionLevel(text: string): number | null {
  const key = text.split('.').slice(0, 2).join('.')
  const exact = VERSIONS.find((version) => version.name === key)
  const ofRelease = VERSIONS.findLast((version) => {
    return version.name.startsWith(`${key}-`) && version.level <= LATEST_METADATA_VERSION
  })
  return (exact ?? ofRelease)?.level ?? null
}

/** All names, for messages. */
export function metadataVersionNames(): readonly string[] {
  return VERSIONS.map((version) => version.name)
}

/** Whether going from one level down to another crosses one that changed metadata. */
export function losesMetadata(from: number, to: number): boolean {
  return VERSIONS.some(
    (version) => version.level > to && version.level <= from && version.changesMetadata,
  )
}

/** Levels of a feature that a node can run. */
export interface FeatureRange {
  readonly min: number
  readonly max: number
}

/** Ranges by feature name. */
export type FeatureRanges = ReadonlyMap<string, FeatureRange>

/** A feature other than metadata.version: its levels and the metadata.version that brings each. */
export interface FeatureDefinition {
  readonly name: string
  /** `bootstrapLevels[n]`: the metadata.version from which a new cluster has level n. */
  readonly bootstrapLevels: readonly number[]
  /** Features that level 1 and above need. */
  readonly needs: ReadonlyMap<string, number>
}

const NEEDS_NOTHING: ReadonlyMap<string, number> = new Map()

/** The features of 4.3 besides metadata.version, in the order in which Kafka knows them. */
export const FEATURES: readonly FeatureDefinition[] = [
  feature(KRAFT_VERSION, [7, 21]),
  feature('transaction.version', [7, 24, 24]),
  feature('group.version', [7, 22]),
  feature(ELR_VERSION, [7, 26], new Map([[METADATA_VERSION, ELR]])),
  feature('share.version', [7, 28]),
  feature('streams.version', [7, 29]),
]

function feature(
  name: string,
  bootstrapLevels: readonly number[],
  needs: ReadonlyMap<string, number> = NEEDS_NOTHING,
): FeatureDefinition {
  return { name, bootstrapLevels, needs }
}

/** All that Kafka 4.3 supports; a node hands in what it really does. */
export function allFeatureRanges(): FeatureRanges {
  return new Map([
    [METADATA_VERSION, { min: MINIMUM_METADATA_VERSION, max: LATEST_METADATA_VERSION }],
    ...FEATURES.map(
      ({ name, bootstrapLevels }) => [name, { min: 0, max: bootstrapLevels.length - 1 }] as const,
    ),
  ])
}

/** The level of a feature in a cluster made at a metadata.version, within what a node supports. */
export function defaultFeatureLevel(
  definition: FeatureDefinition,
  metadataVersion: number,
  range: FeatureRange,
): number {
  const level = definition.bootstrapLevels.findLastIndex((from) => from <= metadataVersion)
  return Math.min(level, range.max)
}

/** Why a level can't be set beside the others, in Kafka's words; null where it can. */
export function featureDependencyError(
  name: string,
  level: number,
  levels: ReadonlyMap<string, number>,
): string | null {
  const definition = FEATURES.find((candidate) => candidate.name === name)
  if (definition === undefined) return `Feature ${name} not found.`
  if (definition.bootstrapLevels[level] === undefined) {
    return `No feature:${name} with feature level ${level}`
  }
  if (level === 0) return null
  if ((levels.get(METADATA_VERSION) ?? 0) < MINIMUM_METADATA_VERSION) {
    const minimum = `${MINIMUM_METADATA_VERSION} (${metadataVersionName(MINIMUM_METADATA_VERSION)})`
    const needed = `${METADATA_VERSION}=${minimum}`
    return `${name} could not be set to ${level} because it depends on ${needed}`
  }
  for (const [needed, minimum] of definition.needs) {
    if ((levels.get(needed) ?? 0) < minimum) {
      return `${name} could not be set to ${level} because it depends on ${needed} level ${minimum}`
    }
  }
  return null
}
