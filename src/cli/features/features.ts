/**
 * `millrace features`, which is kafka-features: the features of a cluster and their levels, raising
 * and lowering them, and what releases and levels mean.
 *
 * Invariant: standard output, exit status and the first line of an error are Kafka's, but for
 * --help, --json and what is said where nobody answers.
 *
 * KIP-584, KIP-778, KIP-1022.
 */
import type { Admin } from '../../client/admin/admin.ts'
import { KafkaError } from '../../client/kafka-error.ts'
import {
  ArgumentError,
  type Arguments,
  argumentFailure,
  inUse,
  parseArguments,
} from '../argparse-flags.ts'
import { CliError } from '../cli-error.ts'
import type { ToolRun } from '../tool.ts'
import { featuresParser } from './features-flags.ts'

const NAME_WIDTH = 40
const LEVEL_WIDTH = 15

type Print = (line: string) => void

/** Runs the command. */
export async function featuresTool(run: ToolRun): Promise<number> {
  try {
    const args = parseArguments(run.args, inUse(featuresParser(run.isAlias), run.isAlias))
    if (args.command === 'version-mapping') await printRelease(args, run.out)
    else if (args.command === 'feature-dependencies') await printDependencies(args, run.out)
    else await work(args, run)
    return 0
  } catch (error) {
    // Kafka's tool exits with 0 after help that was asked for, as ours do.
    if (!(error instanceof ArgumentError)) return argumentFailure({ ...run, isAlias: false }, error)
    run.err(`Command line error: ${error.message}. Type --help for help.`)
    return 1
  }
}

async function work(args: Arguments, run: ToolRun): Promise<void> {
  const { errorText, isExpected, settingsFrom, withClient } = await import('../connection.ts')
  const { changeFeatures, featureUpdates } = await import('./feature-changes.ts')
  const [servers, controllers] = [args.text('bootstrap-server'), args.text('bootstrap-controller')]
  if (run.isAlias && servers === null && controllers === null) {
    throw args.error('You must specify either --bootstrap-controller or --bootstrap-server.')
  }
  const given = {
    brokers: servers ?? controllers,
    file: args.text('command-config'),
    profile: args.text('profile'),
  }
  const settings = settingsFrom(given, run.environment)
  const nodeId = args.number('node-id')
  if (nodeId !== null && nodeId < 0) {
    throw new CliError(`Invalid node id ${nodeId}: must be non-negative.`)
  }
  const isDescribing = args.command === 'describe'
  const updates = isDescribing ? [] : featureUpdates(args, args.has('json') ? run.err : run.out)
  const acting = (admin: Admin) => {
    if (isDescribing) return describe(admin, nodeId, run.out, args.has('json'))
    return changeFeatures(admin, args, updates, run)
  }
  const { withController } = await import('../controllers.ts')
  try {
    if (controllers === null) await withClient(settings, (kafka) => acting(kafka.admin()))
    else await withController(settings, nodeId ?? 'active', acting)
  } catch (error) {
    if (!isExpected(error)) throw error
    // Kafka's tool takes a broker that knows of no features for one that has none.
    const isOld = error instanceof KafkaError && error.code === 'UNSUPPORTED_BY_BROKER'
    if (!isOld || !isDescribing || !run.isAlias) throw new CliError(errorText(error))
  }
}

/** Prints the features of the cluster. */
export async function describe(
  admin: Admin,
  nodeId: number | null,
  out: Print,
  isJson: boolean,
): Promise<void> {
  const { levelText } = await import('./feature-levels.ts')
  const options = nodeId === null ? {} : { brokerId: nodeId }
  const { supported, finalized, finalizedEpoch } = await admin.describeFeatures(options)
  const names = [...supported.keys()].sort()
  if (isJson) {
    const features = names.map((name) => {
      const { min, max } = supported.get(name)!
      return { name, supportedMin: min, supportedMax: max, level: finalized.get(name)?.max ?? null }
    })
    out(JSON.stringify({ epoch: finalizedEpoch, features }))
    return
  }
  for (const feature of names) {
    const { min, max } = supported.get(feature)!
    const text = (level: number) => levelText({ feature, level }).padEnd(LEVEL_WIDTH)
    out(
      `Feature: ${feature.padEnd(NAME_WIDTH)}  SupportedMinVersion: ${text(min)}  ` +
        `SupportedMaxVersion: ${text(max)}  ` +
        `FinalizedVersionLevel: ${text(finalized.get(feature)?.max ?? 0)}  ` +
        `Epoch: ${finalizedEpoch ?? '-'}`,
    )
  }
}

async function printRelease(args: Arguments, out: Print): Promise<void> {
  const { latestRelease, levelsOfRelease } = await import('./feature-levels.ts')
  const release = args.text('release-version') ?? latestRelease()
  const levels = levelsOfRelease(release)
  if (args.has('json')) {
    const features = levels.map(({ feature: name, level }) => ({ name, level }))
    out(JSON.stringify({ release, features }))
    return
  }
  for (const [at, { feature, level }] of levels.entries()) {
    out(`${feature}=${level}${at === 0 ? ` (${release})` : ''}`)
  }
}

async function printDependencies(args: Arguments, out: Print): Promise<void> {
  const { dependencies, levelText, parseLevel } = await import('./feature-levels.ts')
  const { METADATA_VERSION } = await import('../../metadata/metadata-version.ts')
  const named = (of: { feature: string; level: number }) => {
    const name = of.feature === METADATA_VERSION ? ` (${levelText(of)})` : ''
    return `${of.feature}=${of.level}${name}`
  }
  const found: object[] = []
  for (const text of args.all('feature') ?? []) {
    const asked = parseLevel(text)
    const needed = dependencies(asked)
    found.push({
      name: asked.feature,
      level: asked.level,
      requires: needed.map(({ feature: name, level }) => ({ name, level })),
    })
    if (args.has('json')) continue
    if (needed.length === 0) out(`${named(asked)} has no dependencies.`)
    else out(`${named(asked)} requires:`)
    for (const each of needed) out(`    ${named(each)}`)
  }
  if (args.has('json')) out(JSON.stringify({ features: found }))
}
