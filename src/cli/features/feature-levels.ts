/**
 * Levels of features as the command line has them: `name=level`, releases, and what a release or a
 * level means in Kafka 4.3. Nobody has to be asked for that.
 */
import {
  FEATURES,
  type FeatureDefinition,
  LATEST_METADATA_VERSION,
  METADATA_VERSION,
  metadataVersionLevel,
  metadataVersionName,
  metadataVersionNames,
} from '../../metadata/metadata-version.ts'
import { CliError } from '../cli-error.ts'
import { javaInt } from '../flags.ts'

const MAX_SHORT = 0x7fff

/** A feature and a level of it. */
export interface FeatureLevel {
  readonly feature: string
  readonly level: number
}

/** A level as Kafka's tool prints it: metadata.version has names. */
export function levelText({ feature, level }: FeatureLevel): string {
  if (feature !== METADATA_VERSION) return String(level)
  return metadataVersionName(level) ?? `UNKNOWN ${level}`
}

/** Reads `name=level`. */
export function parseLevel(text: string): FeatureLevel {
  const at = text.indexOf('=')
  const problem = `Can't parse feature=level string ${text}: `
  if (at < 0) throw new CliError(`${problem}equals sign not found.`)
  const levelString = text.slice(at + 1).trim()
  const level = javaInt(levelString)
  if (level === null || level > MAX_SHORT || level < -MAX_SHORT - 1) {
    throw new CliError(`${problem}unable to parse ${levelString} as a short.`)
  }
  return { feature: text.slice(0, at).trim(), level }
}

/** The level of metadata.version that a release has. */
export function releaseLevel(release: string): number {
  const level = metadataVersionLevel(release)
  if (level !== null) return level
  throw new CliError(
    `Unknown metadata.version '${release}'. Supported metadata.version are: ` +
      metadataVersionNames().join(', '),
  )
}

/** Every feature with its level in a release, metadata.version first. */
export function levelsOfRelease(release: string): FeatureLevel[] {
  const metadata = releaseLevel(release)
  const others = FEATURES.map((definition) => {
    return { feature: definition.name, level: levelAt(definition, metadata) }
  })
  return [{ feature: METADATA_VERSION, level: metadata }, ...others]
}

function levelAt({ bootstrapLevels }: FeatureDefinition, metadata: number): number {
  return bootstrapLevels.findLastIndex((from) => from <= metadata)
}

/** The newest stable release, as 4.3-IV0. */
export function latestRelease(): string {
  return metadataVersionName(LATEST_METADATA_VERSION)!
}

/** What a level needs of other features. */
export function dependencies({ feature, level }: FeatureLevel): readonly FeatureLevel[] {
  if (feature === METADATA_VERSION) {
    if (metadataVersionName(level) !== null) return []
    throw new CliError(`Unknown metadata.version ${level}`)
  }
  const definition = FEATURES.find(({ name }) => name === feature)
  if (definition === undefined) throw new CliError(`Unknown feature: ${feature}`)
  if (definition.bootstrapLevels[level] === undefined) {
    throw new CliError(`No feature:${feature} with feature level ${level}`)
  }
  if (level === 0) return []
  return [...definition.needs].map(([name, needed]) => ({ feature: name, level: needed }))
}
