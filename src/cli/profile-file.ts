/**
 * The file of profiles: sections that begin with `[name]`, in each the properties of Kafka's
 * clients, written as in their own files.
 *
 *     # where we try things
 *     [staging]
 *     bootstrap.servers=kafka.staging.example:9093
 *     security.protocol=SSL
 *
 * Invariant: what is wrong with the file is said with its name and the line; a value is not
 * printed, since it may be a password.
 */
import { isAbsolute, join } from 'node:path'
import { CliError } from './cli-error.ts'
import { type PropertyLine, propertyLines } from './properties-file.ts'

/** One section: its lines by the name of the property. */
export type Profile = ReadonlyMap<string, PropertyLine>

type Environment = Readonly<Record<string, string | undefined>>

/** Where profiles are kept: $MILLRACE_PROFILES, else in the folder for settings of programs. */
export function profilesPath(environment: Environment, platform: string): string | null {
  const given = environment['MILLRACE_PROFILES']
  if (given !== undefined && given !== '') return given
  const settings = settingsFolder(environment, platform)
  return settings === null ? null : join(settings, 'millrace', 'profiles.properties')
}

function settingsFolder(environment: Environment, platform: string): string | null {
  if (platform === 'win32') return environment['APPDATA'] ?? null
  const xdg = environment['XDG_CONFIG_HOME']
  if (xdg !== undefined && isAbsolute(xdg)) return xdg // the specification ignores relative ones
  const home = environment['HOME']
  return home === undefined ? null : join(home, '.config')
}

/** Reads the content of the file at `path`; PropertiesError for an escape that is none. */
export function parseProfiles(path: string, content: Uint8Array): Map<string, Profile> {
  const profiles = new Map<string, Map<string, PropertyLine>>()
  let current: Map<string, PropertyLine> | null = null
  for (const property of propertyLines(content)) {
    const { text, line, key } = property
    if (text.startsWith('[')) {
      const name = /^\[\s*([^\]\s]+)\s*\]\s*$/.exec(text)?.[1]
      if (name === undefined) throw new CliError(`${path}:${line}: ${text}: a profile is [name]`)
      if (profiles.has(name)) throw new CliError(`${path}:${line}: [${name}] is there twice`)
      current = new Map()
      profiles.set(name, current)
    } else if (current === null) {
      throw new CliError(`${path}:${line}: ${key} stands above the first [name] of a profile`)
    } else {
      current.set(key, property)
    }
  }
  return profiles
}
