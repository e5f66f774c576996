/**
 * With which settings a command connects: those of its flags, of the file of --command-config, of a
 * profile, of the environment, and what holds without any. The first that has a setting wins.
 *
 * Invariant: under the name of Kafka's script only the flags and the file count, so that a script
 * does what it does with Kafka's own. A profile is used when it was named, never by itself.
 */
import { readFileSync } from 'node:fs'
import { CliError } from './cli-error.ts'
import type { Flags } from './flags.ts'
import { type Profile, parseProfiles, profilesPath } from './profile-file.ts'
import { PropertiesError, type PropertyLine, propertyLines } from './properties-file.ts'
import { nearest } from './suggestion.ts'
import type { ToolRun } from './tool.ts'

/** Where a server is that was started without settings. */
export const DEFAULT_BROKERS = '127.0.0.1:9092'
const BROKERS = 'bootstrap.servers'

/** Where to connect. */
export interface ConnectionSettings {
  readonly brokers: string
  readonly properties: ReadonlyMap<string, string>
  /** Where a property comes from, as `file:line`, for who has to mend it. */
  readonly origins?: ReadonlyMap<string, string>
}

/** What the flags of a command say about it; null where they say nothing. */
export interface GivenSettings {
  readonly brokers: string | null
  readonly file: string | null
  readonly profile: string | null
}

/** Reads --bootstrap-server, --command-config and --profile with what stands behind them. */
export function connectionSettings(
  flags: Pick<Flags, 'text'>,
  run: Pick<ToolRun, 'isAlias' | 'environment'>,
): ConnectionSettings {
  const profile = flags.text('profile')
  if (run.isAlias && profile !== null) throw new CliError('profile is not a recognized option')
  const brokers = flags.text('bootstrap-server')
  return settingsFrom({ brokers, file: flags.text('command-config'), profile }, run.environment)
}

/** The same for a command whose flags have other names. */
export function settingsFrom(
  given: GivenSettings,
  environment: ToolRun['environment'],
  platform: string = process.platform,
): ConnectionSettings {
  const merged = new Merged()
  const ofEnvironment = variable(environment, 'MILLRACE_COMMAND_CONFIG')
  if (ofEnvironment !== null) merged.addFile(ofEnvironment)
  const brokers = variable(environment, 'MILLRACE_BOOTSTRAP_SERVERS')
  if (brokers !== null) merged.add(BROKERS, brokers, 'MILLRACE_BOOTSTRAP_SERVERS')
  const profile = given.profile ?? variable(environment, 'MILLRACE_PROFILE')
  if (profile !== null) {
    const path = profilesPath(environment, platform)
    if (path === null) throw new CliError(`profile ${profile}: MILLRACE_PROFILES names no file`)
    merged.addLines(path, readProfile(path, profile).values())
  }
  if (given.file !== null) merged.addFile(given.file)
  if (given.brokers !== null) merged.add(BROKERS, given.brokers, '--bootstrap-server')
  const { properties, origins } = merged
  return { brokers: properties.get(BROKERS) ?? DEFAULT_BROKERS, properties, origins }
}

/** Settings over which later ones win. */
class Merged {
  readonly properties = new Map<string, string>()
  readonly origins = new Map<string, string>()

  add(name: string, value: string, origin: string): void {
    this.properties.set(name, value)
    this.origins.set(name, origin)
  }

  addLines(path: string, lines: Iterable<PropertyLine>): void {
    for (const { key, value, line } of lines) this.add(key, value, `${path}:${line}`)
  }

  addFile(path: string): void {
    this.addLines(path, linesOf(path))
  }
}

/** The properties of a file in Java's format. */
export function readProperties(path: string): Map<string, string> {
  return new Map(linesOf(path).map(({ key, value }) => [key, value]))
}

function linesOf(path: string): PropertyLine[] {
  return reading(path, () => [...propertyLines(readFile(path))])
}

function variable(environment: ToolRun['environment'], name: string): string | null {
  return environment[name] || null // set to nothing is not set
}

function readProfile(path: string, name: string): Profile {
  const profiles = reading(path, () => parseProfiles(path, readFile(path)))
  const profile = profiles.get(name)
  if (profile !== undefined) return profile
  const near = nearest(name, [...profiles.keys()])
  const known = [...profiles.keys()].join(', ') || 'none'
  const meant = near === null ? '' : `; did you mean ${near}?`
  throw new CliError(`${path}: no profile [${name}]; there are: ${known}${meant}`)
}

function reading<R>(path: string, read: () => R): R {
  try {
    return read()
  } catch (error) {
    if (error instanceof PropertiesError) throw new CliError(`${path}: ${error.message}`)
    throw error
  }
}

/** The content of a file that settings name. */
export function readFile(path: string): Uint8Array {
  try {
    return readFileSync(path)
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException
    throw new CliError(`${path}: ${code === 'ENOENT' ? 'no such file' : `can't be read (${code})`}`)
  }
}
