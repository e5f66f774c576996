/**
 * Where a node's properties come from: `--override` wins over the environment, the environment over
 * the file, and the development profile stands where there is no file.
 */
import { BrokerConfig } from '../../broker/config/broker-config.ts'
import { issueLine } from '../../broker/config/issue.ts'
import type { Disk } from '../../io/io.ts'
import { CliError } from '../cli-error.ts'
import { PropertiesError, parseProperties } from '../properties-file.ts'
import { developmentProperties } from './development-profile.ts'
import { environmentProperties } from './environment.ts'

export interface PropertySources {
  readonly disk: Disk
  /** Null: the development profile. */
  readonly file: string | null
  readonly environment: Readonly<Record<string, string | undefined>>
  /** Each `name=value`. */
  readonly overrides: readonly string[]
}

/** All properties of the node. */
export function nodeProperties(sources: PropertySources): Map<string, string> {
  const overrides = sources.overrides.map(parseOverride)
  const above = new Map([...environmentProperties(sources.environment), ...overrides])
  if (sources.file === null) return developmentProperties(above)
  return new Map([...readFile(sources.disk, sources.file), ...above])
}

/** Reads a .properties file; what is wrong with it is one line. */
function readFile(disk: Disk, path: string): Map<string, string> {
  if (disk.stat(path)?.isDirectory !== false) {
    throw new CliError(`${path}: ${disk.stat(path) === null ? 'no such file' : 'is a directory'}`)
  }
  try {
    return parseProperties(disk.readFile(path))
  } catch (error) {
    if (error instanceof PropertiesError) throw new CliError(`${path}: ${error.message}`)
    throw error
  }
}

function parseOverride(override: string): [string, string] {
  const equals = override.indexOf('=')
  if (equals > 0) return [override.slice(0, equals).trim(), override.slice(equals + 1)]
  throw new CliError(`--override ${override}: give it as name=value`)
}

/** Checks the properties; everything that is wrong with them is in one CliError, a line each. */
export function checkedConfig(
  properties: ReadonlyMap<string, string>,
  { strict, warn }: { readonly strict: boolean; readonly warn: (line: string) => void },
): BrokerConfig {
  const { config, errors, warnings } = BrokerConfig.parse(properties, { strict })
  for (const warning of warnings) warn(warning)
  if (config === null) throw new CliError(errors.map(issueLine).join('\n'))
  return config
}
