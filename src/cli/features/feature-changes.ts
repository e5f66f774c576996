/** Raising, lowering and taking away features with the words of kafka-features. */
import type { Admin } from '../../client/admin/admin.ts'
import type { FeatureUpdate } from '../../client/admin/features.ts'
import { METADATA_VERSION } from '../../metadata/metadata-version.ts'
import type { Arguments } from '../argparse-flags.ts'
import { CliError } from '../cli-error.ts'
import { hashMapOrder } from '../java-order.ts'
import type { ToolRun } from '../tool.ts'
import { type FeatureLevel, levelsOfRelease, parseLevel, releaseLevel } from './feature-levels.ts'

/** What is to be done, in the words of the command line. */
export type ChangeVerb = 'upgrade' | 'downgrade' | 'disable'

/** The changes that a command line asks for; `warn` is told what is deprecated. */
export function featureUpdates(args: Arguments, warn: (line: string) => void): FeatureUpdate[] {
  const verb = args.command as ChangeVerb
  const wanted = verb === 'disable' ? disabled(args) : wantedLevels(args, verb, warn)
  const type =
    verb === 'upgrade' ? 'upgrade' : args.has('unsafe') ? 'unsafe-downgrade' : 'safe-downgrade'
  const updates = new Map<string, FeatureUpdate>()
  for (const { feature, level } of wanted) {
    checkLevel(level, verb)
    if (updates.has(feature)) throw new CliError(`Feature ${feature} was specified more than once.`)
    updates.set(feature, { feature, maxLevel: level, type })
  }
  if (updates.size === 0) throw new CliError(`You must specify at least one feature to ${verb}`)
  if ([...updates.keys()].some((feature) => feature.trim() === '')) {
    throw new CliError('Provided feature can not be empty.')
  }
  // Which of several the broker finds wrong first goes by the order in which they are sent.
  return hashMapOrder([...updates.keys()], null).map((feature) => updates.get(feature)!)
}

function disabled(args: Arguments): FeatureLevel[] {
  return (args.all('feature') ?? []).map((feature) => ({ feature, level: 0 }))
}

function wantedLevels(
  args: Arguments,
  verb: ChangeVerb,
  warn: (line: string) => void,
): FeatureLevel[] {
  const release = args.text('release-version')
  const metadata = args.text('metadata')
  const features = args.all('feature')
  if (release !== null) {
    if (metadata !== null || features !== null) {
      throw new CliError('Can not specify `release-version` with other feature flags.')
    }
    // What is not there yet is not raised to 0.
    return levelsOfRelease(release).filter(({ level }) => verb !== 'upgrade' || level > 0)
  }
  const wanted: FeatureLevel[] = []
  if (metadata !== null) {
    warn(' `metadata` flag is deprecated and may be removed in a future release.')
    wanted.push({ feature: METADATA_VERSION, level: releaseLevel(metadata) })
  }
  return [...wanted, ...(features ?? []).map(parseLevel)]
}

function checkLevel(level: number, verb: ChangeVerb): void {
  if (level < 0) throw new CliError('Cannot specify a negative version level.')
  if (level > 0 || verb !== 'upgrade') return
  throw new CliError(
    'The upgradeType flag should be set to SAFE_DOWNGRADE or UNSAFE_DOWNGRADE when the provided ' +
      'maxVersionLevel:0 is < 1.',
  )
}

/** Makes the changes and tells of each; throws where any failed. */
export async function changeFeatures(
  admin: Admin,
  args: Arguments,
  updates: readonly FeatureUpdate[],
  { out }: Pick<ToolRun, 'out'>,
): Promise<void> {
  const verb = args.command as ChangeVerb
  const isDryRun = args.has('dry-run')
  const results = await admin.updateFeatures(updates, { validateOnly: isDryRun })
  const sorted = updates.toSorted((a, b) => (a.feature < b.feature ? -1 : 1))
  if (args.has('json')) {
    const features = sorted.map(({ feature, maxLevel }) => {
      const outcome = results.outcome(feature)!
      const error = outcome.ok ? null : { code: outcome.error.code, message: outcome.error.reason }
      return { name: feature, level: maxLevel, error }
    })
    out(JSON.stringify({ dryRun: isDryRun, features }))
  } else {
    for (const { feature, maxLevel } of sorted) {
      const outcome = results.outcome(feature)!
      const level = verb === 'disable' ? '' : ` to ${maxLevel}`
      if (outcome.ok) out(`${feature} ${isDryRun ? 'can be' : 'was'} ${verb}d${level}.`)
      else {
        const helper = isDryRun ? 'Can not' : 'Could not'
        out(`${helper} ${verb} ${feature}${level}. ${outcome.error.reason}`)
      }
    }
  }
  const failed = results.failures().length
  if (failed === 0) return
  throw new CliError(`${failed} out of ${updates.length} operation(s) failed.`)
}
