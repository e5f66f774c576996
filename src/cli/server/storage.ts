/** `millrace storage format|info|random-uuid`, with the flags and the words of kafka-storage. */
import type { BrokerConfig } from '../../broker/config/broker-config.ts'
import { FormatError, formatStorage, readIdentity } from '../../broker/format-storage.ts'
import { supportedRanges } from '../../broker/supported-features.ts'
import type { Io } from '../../io/io.ts'
import { nodeIo } from '../../io/node.ts'
import { META_PROPERTIES, type MetaProperties } from '../../log/meta-properties.ts'
import { METADATA_VERSION, metadataVersionLevel } from '../../metadata/metadata-version.ts'
import type { Voter } from '../../raft/quorum.ts'
import { CliError } from '../cli-error.ts'
import { parseInitialControllers, voter } from './initial-controllers.ts'
import { checkedConfig, nodeProperties } from './node-properties.ts'

export interface FormatCommand {
  readonly clusterId: string
  readonly file: string | null
  readonly ignoreFormatted: boolean
  readonly standalone: boolean
  readonly noInitialControllers: boolean
  readonly initialControllers: string | null
  /** Each `name=level`. */
  readonly features: readonly string[]
  readonly releaseVersion: string | null
}

/** Formats the data directories that the properties name. */
export function formatCommand(command: FormatCommand): void {
  const io = nodeIo()
  const config = readConfig(io, command.file)
  const voters = initialVoters(command, config, io)
  try {
    const lines = formatStorage({
      disk: io.disk,
      random: io.random,
      nowMs: io.clock.nowMs(),
      nodeId: config.get('node.id'),
      clusterId: command.clusterId,
      directories: directoriesOf(config),
      metadataDirectory: config.metadataLogDir,
      isDynamicQuorum: config.voters.length === 0,
      voters,
      features: featureLevels(command),
      supportedFeatures: supportedRanges(config.get('unstable.feature.versions.enable')),
      ignoreFormatted: command.ignoreFormatted,
    })
    print(lines.length > 0 ? lines : ['All of the log directories are already formatted.'])
  } catch (error) {
    if (error instanceof FormatError) throw new CliError(error.message)
    throw error
  }
}

/** The first voters of a dynamic quorum; null where the flags leave them open. */
function initialVoters(command: FormatCommand, config: BrokerConfig, io: Io): Voter[] | null {
  const { standalone, initialControllers, noInitialControllers } = command
  if ([standalone, initialControllers !== null, noInitialControllers].filter(Boolean).length > 1) {
    throw new CliError('give one of --standalone, --initial-controllers, --no-initial-controllers')
  }
  const listenerName = config.get('controller.listener.names')[0] as string
  if (config.voters.length > 0) {
    if (!standalone && initialControllers === null) return null
    throw new CliError(
      'You cannot specify controller.quorum.voters and format the node with ' +
        '--initial-controllers or --standalone. If you want to use dynamic quorum, please remove ' +
        'controller.quorum.voters and specify controller.quorum.bootstrap.servers instead.',
    )
  }
  if (initialControllers !== null) return parseInitialControllers(initialControllers, listenerName)
  if (standalone) {
    const listener = config.listeners.find(({ name }) => name === listenerName)
    const host = listener?.advertisedHost ?? listener?.host
    const port = listener?.advertisedPort ?? listener?.port ?? 0
    const id = config.get('node.id')
    return [voter(id, host || 'localhost', port, io.random.uuid(), listenerName)]
  }
  if (noInitialControllers) return null
  throw new CliError(
    'Because controller.quorum.voters is not set on this controller, you must specify one of the ' +
      'following: --standalone, --initial-controllers, or --no-initial-controllers.',
  )
}

function featureLevels({ features, releaseVersion }: FormatCommand): Map<string, number> {
  const levels = new Map(features.map(parseFeature))
  if (releaseVersion === null) return levels
  if (levels.has(METADATA_VERSION)) {
    throw new CliError(
      'Use --release-version instead of --feature metadata.version=X to avoid ambiguity.',
    )
  }
  const level = metadataVersionLevel(releaseVersion)
  if (level === null) throw new CliError(`Version ${releaseVersion} is not a valid version.`)
  return levels.set(METADATA_VERSION, level)
}

function parseFeature(text: string): [string, number] {
  const equals = text.indexOf('=')
  if (equals < 0)
    throw new CliError(`Can't parse feature=level string ${text}: equals sign not found.`)
  const level = text.slice(equals + 1).trim()
  if (/^\d{1,5}$/.test(level)) return [text.slice(0, equals).trim(), Number(level)]
  throw new CliError(
    `Can't parse feature=level string ${text}: unable to parse ${level} as a short.`,
  )
}

/** Prints what the data directories are; returns the exit code. */
export function infoCommand(file: string | null): number {
  const io = nodeIo()
  const config = readConfig(io, file)
  const found: string[] = []
  const problems: string[] = []
  let first: MetaProperties | null = null
  for (const directory of directoriesOf(config).sort()) {
    const stat = io.disk.stat(directory)
    if (stat?.isDirectory !== true) {
      problems.push(`${directory} ${stat === null ? 'does not exist' : 'is not a directory'}`)
      continue
    }
    found.push(directory)
    const identity = identityOf(io, directory, problems)
    if (identity === null) continue
    first ??= identity
    if (first.clusterId !== identity.clusterId) {
      problems.push('Mismatched cluster IDs between storage directories.')
    } else if (first.nodeId !== identity.nodeId) {
      problems.push('Mismatched node IDs between storage directories.')
    }
  }
  section(found, 'Found log directory:', 'Found log directories:')
  if (first !== null) print([`Found metadata: ${identityText(first)}`, ''])
  section(problems, 'Found problem:', 'Found problems:')
  return problems.length === 0 ? 0 : 1
}

function identityOf(io: Io, directory: string, problems: string[]): MetaProperties | null {
  try {
    const identity = readIdentity(io.disk, directory)
    if (identity === null) problems.push(`${directory} is not formatted.`)
    return identity
  } catch (error) {
    problems.push(`Error loading ${directory}/${META_PROPERTIES}: ${(error as Error).message}`)
    return null
  }
}

/** As Java prints a sorted map. */
function identityText({ clusterId, directoryId, nodeId, version }: MetaProperties): string {
  const directory = directoryId === null ? '' : `directory.id=${directoryId}, `
  return `{cluster.id=${clusterId}, ${directory}node.id=${nodeId}, version=${version}}`
}

function section(lines: readonly string[], one: string, many: string): void {
  if (lines.length === 0) return
  print([lines.length === 1 ? one : many, ...lines.map((line) => `  ${line}`), ''])
}

/** Prints a new id. */
export function randomUuidCommand(): void {
  print([nodeIo().random.uuid()])
}

function readConfig(io: Io, file: string | null): BrokerConfig {
  const sources = { disk: io.disk, file, environment: process.env, overrides: [] }
  // What the server warns about at every start is of no interest here.
  return checkedConfig(nodeProperties(sources), { strict: false, warn: () => {} })
}

function directoriesOf(config: BrokerConfig): string[] {
  return [...new Set([...config.logDirs, config.metadataLogDir])]
}

function print(lines: readonly string[]): void {
  process.stdout.write(lines.map((line) => `${line}\n`).join(''))
}
