/**
 * The flags of kafka-consumer-groups, and which of them go together.
 *
 * Invariant: what is refused is refused in Kafka's words and order. Where Kafka's tool names a set
 * whose order is chance in Java, ours is that of the table.
 */
import { javaStringHash } from '../../base/java-hash.ts'
import { CliError } from '../cli-error.ts'
import { type Flag, type Flags, refuseWith, requireFlags, UsageError } from '../flags.ts'
import { hashMapOrderBy } from '../java-order.ts'
import type { ToolRun } from '../tool.ts'

export const ACTIONS = [
  'list',
  'describe',
  'delete',
  'reset-offsets',
  'delete-offsets',
  'validate-regex',
] as const

/** The ways to say where a group is to go on. */
export const SCENARIOS = [
  'to-offset',
  'shift-by',
  'to-datetime',
  'by-duration',
  'to-earliest',
  'to-latest',
  'to-current',
  'from-file',
] as const

/** Flags that are there only beside one of others. */
const NEEDS: Readonly<Record<string, readonly string[]>> = {
  members: ['describe'],
  verbose: ['describe'],
  offsets: ['describe'],
  state: ['describe', 'list'],
  type: ['list'],
}

const NO_EXECUTE =
  'WARN: No action will be performed as the --execute option is missing. In version 5.0, this ' +
  'command will require either --dry-run or --execute to be specified. You should add the ' +
  '--dry-run option explicitly if you are scripting this command and want to keep the current ' +
  'default behavior without prompting.'

export const FLAGS: readonly Flag[] = [
  { name: 'list', about: 'List groups of consumers; add --state and --type to see those.' },
  { name: 'describe', about: 'Show what groups have read, their members, or their state.' },
  { name: 'delete', about: 'Delete groups that have no members, with their offsets.' },
  { name: 'reset-offsets', about: 'Set where groups without members go on reading.' },
  { name: 'delete-offsets', about: 'Forget the offsets of topics that no member reads.' },
  {
    name: 'validate-regex',
    value: 'regex',
    about: 'Say whether it is a regular expression of RE2.',
  },
  { name: 'group', value: 'id', about: 'The group; may be repeated.' },
  { name: 'all-groups', about: 'All groups instead.' },
  {
    name: 'topic',
    value: 'topic',
    about: 'The topic; as orders:0,1 only these partitions. May be repeated.',
  },
  { name: 'all-topics', about: 'All topics of which the group has offsets.' },
  { name: 'offsets', about: 'Show offsets and lag, which --describe does by itself.' },
  { name: 'members', about: 'Show members.' },
  {
    name: 'state',
    value: 'states',
    isOptional: true,
    about: 'Show states; with --list, of groups in these states, as empty,stable.',
  },
  {
    name: 'type',
    value: 'types',
    isOptional: true,
    about: 'Show types; with --list, of groups of these types: classic,consumer.',
  },
  { name: 'verbose', about: 'Show more: leader epochs, assignments, epochs of the group.' },
  { name: 'to-offset', value: 'n', about: 'Go on at this offset.' },
  { name: 'shift-by', value: 'n', about: 'Go on so many records later, or with -n earlier.' },
  {
    name: 'to-datetime',
    value: 'time',
    about:
      'Go on at what was written at this time or later: 2026-11-21T18:00:00.000, of UTC, or with +01:00.',
  },
  {
    name: 'by-duration',
    value: 'duration',
    about: 'Go on that long before now, as PT1H30M or P7D.',
  },
  { name: 'to-earliest', about: 'Go on at the first record.' },
  { name: 'to-latest', about: 'Go on at the end.' },
  { name: 'to-current', about: 'Go on where the group is, or at the end where it has no offset.' },
  { name: 'from-file', value: 'file', about: 'Go on at offsets of a file that --export wrote.' },
  { name: 'dry-run', about: 'Only show what would be; so it is without --execute.' },
  { name: 'execute', about: 'Do it.' },
  { name: 'export', about: 'Print it as CSV.' },
  { name: 'timeout', value: 'ms', about: 'How long a call may take; 30000.' },
]

/** Refuses flags that need others, as the parser does. --help and --version stand above. */
export function checkAvailable(flags: Flags): void {
  if (flags.has('help') || flags.has('version')) return
  const wrong = Object.keys(NEEDS).filter((name) => {
    return flags.has(name) && !NEEDS[name]!.some((other) => flags.has(other))
  })
  if (wrong.length === 0) return
  // Java has each name in a list of its own as the key of a map.
  const order = hashMapOrderBy(wrong, (name) => (31 + javaStringHash(name)) | 0, null)
  throw new CliError(
    `Option(s) [${order.join(', ')}] are unavailable given other options on the command line`,
  )
}

/** Refuses what does not go together. */
export function checkFlags(flags: Flags, run: ToolRun): void {
  if (!flags.has('validate-regex') && run.isAlias) requireFlags(flags, ['bootstrap-server'])
  if (flags.has('describe')) checkDescribe(flags)
  if (flags.has('delete')) {
    needsGroups(flags, 'delete')
    if (flags.has('topic')) {
      throw new UsageError(
        'The consumer does not support topic-specific offset deletion from a consumer group.',
      )
    }
  }
  if (flags.has('delete-offsets') && !(flags.has('group') && flags.has('topic'))) {
    throw new UsageError('Option [delete-offsets] takes the following options: [group], [topic]')
  }
  if (flags.has('reset-offsets')) checkReset(flags, run)
  refuseWith(flags, 'group', ['all-groups', 'list'])
  refuseWith(flags, 'topic', ['list', 'describe'])
  if (ACTIONS.filter((action) => flags.has(action)).length !== 1) {
    const all = ACTIONS.map((action) => `--${action}`).join(', ')
    throw new UsageError(`Command must include exactly one action: ${all}`)
  }
}

function needsGroups(flags: Flags, action: string): void {
  if (flags.has('group') || flags.has('all-groups')) return
  throw new UsageError(`Option [${action}] takes one of these options: [group], [all-groups]`)
}

function checkDescribe(flags: Flags): void {
  needsGroups(flags, 'describe')
  const views = ['members', 'offsets', 'state']
  if (views.filter((view) => flags.has(view)).length > 1) {
    const all = views.map((view) => `[${view}]`).join(', ')
    throw new UsageError(`Option [describe] takes at most one of these options: ${all}`)
  }
  if (flags.text('state') !== null) {
    throw new UsageError('Option [describe] does not take a value for [state]')
  }
}

function checkReset(flags: Flags, run: ToolRun): void {
  if (flags.has('dry-run') && flags.has('execute')) {
    throw new UsageError('Option [reset-offsets] only accepts one of [execute] and [dry-run]')
  }
  if (!flags.has('dry-run') && !flags.has('execute')) run.err(NO_EXECUTE)
  needsGroups(flags, 'reset-offsets')
  for (const name of SCENARIOS) {
    refuseWith(
      flags,
      name,
      SCENARIOS.filter((other) => other !== name),
    )
  }
}
