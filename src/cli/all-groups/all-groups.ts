/**
 * `millrace all-groups`, which is kafka-groups: the groups of every type, those of consumers, of
 * share consumers, of Streams, and classic ones of other protocols, as of workers of Connect.
 *
 * Invariant: standard output, exit status and the first line of an error are Kafka's, but for
 * --help, --json and what is said where no broker answers.
 *
 * KIP-1043.
 */
import type { Admin } from '../../client/admin/admin.ts'
import { GROUP_TYPES, type GroupType } from '../../client/admin/group-states.ts'
import type { GroupListing } from '../../client/admin/groups.ts'
import { CliError } from '../cli-error.ts'
import {
  COMMON_FLAGS,
  type Flag,
  type Flags,
  parseFlags,
  refuseWith,
  UsageError,
} from '../flags.ts'
import { byId, inMapOrder, jsonOf, typeName } from '../groups/list-groups.ts'
import { common, type ToolHelp, type ToolRun } from '../tool.ts'

const FLAGS: readonly Flag[] = [
  { name: 'list', about: 'List the groups.' },
  {
    name: 'group-type',
    value: 'type',
    about: 'Only groups of this type: classic, consumer, share or streams.',
  },
  { name: 'protocol', value: 'protocol', about: 'Only groups of this protocol, as connect.' },
  { name: 'consumer', about: 'Only groups of consumers, with those that have offsets only.' },
  { name: 'share', about: 'Only share groups.' },
  { name: 'streams', about: 'Only groups of Streams.' },
]

const HELP: ToolHelp = {
  name: 'all-groups',
  alias: 'kafka-groups',
  about: 'This tool helps to list groups of all types.',
  flags: FLAGS,
}

const TIMEOUT_MS = 30_000
const MIN_WIDTH = 20

/** Runs the command. */
export async function allGroupsTool(run: ToolRun): Promise<number> {
  const flags = parseFlags(run.args, [...FLAGS, ...COMMON_FLAGS])
  const isAsking = flags.has('help') || flags.has('version') || run.onHelp !== undefined
  if (run.isAlias && !flags.has('bootstrap-server') && !isAsking) {
    throw new UsageError('Missing required option(s) [bootstrap-server]')
  }
  const ended = common(run, HELP, (flag) => flags.has(flag))
  if (ended !== null) return ended
  const type = checkFlags(flags)
  // The client is a large part, for which help need not wait.
  const { connectionSettings, errorText, isExpected, withClient } = await import('../connection.ts')
  const settings = connectionSettings(flags, run)
  try {
    const isWanted = filterOf(flags, type)
    await withClient(settings, (kafka) => listGroups(kafka.admin(), isWanted, flags, run.out))
    return 0
  } catch (error) {
    if (!isExpected(error)) throw error
    const line = `Error while executing groups command : ${errorText(error)}`
    if (flags.has('json')) run.err(line)
    else run.out(line)
    return 1
  }
}

/** Refuses what does not go together; gives the type that is asked for. */
function checkFlags(flags: Flags): GroupType | null {
  if (!flags.has('list')) {
    throw new UsageError('Command must include exactly one action: --list.')
  }
  const name = flags.text('group-type')
  const type = GROUP_TYPES.find((each) => each === name?.toLowerCase()) ?? null
  if (name !== null && type === null) {
    throw new CliError('--group-type must be a valid group type.')
  }
  refuseWith(flags, 'consumer', ['group-type', 'protocol', 'share', 'streams'])
  refuseWith(flags, 'share', ['consumer', 'group-type', 'protocol', 'streams'])
  refuseWith(flags, 'streams', ['consumer', 'group-type', 'protocol', 'share'])
  return type
}

function filterOf(flags: Flags, wanted: GroupType | null): (group: GroupListing) => boolean {
  const protocol = flags.text('protocol')
  if (wanted !== null || protocol !== null) {
    return ({ type, protocolType }) => {
      return (wanted ?? type) === type && (protocol ?? protocolType) === protocolType
    }
  }
  if (flags.has('consumer')) {
    return ({ type, protocolType }) => {
      return protocolType === 'consumer' || protocolType === '' || type === 'consumer'
    }
  }
  if (flags.has('share')) return ({ type }) => type === 'share'
  if (flags.has('streams')) return ({ type }) => type === 'streams'
  return () => true
}

async function listGroups(
  admin: Admin,
  isWanted: (group: GroupListing) => boolean,
  flags: Flags,
  out: (line: string) => void,
): Promise<void> {
  const lists = await admin.listGroups({ timeoutMs: TIMEOUT_MS })
  const groups = inMapOrder(lists.values().flat()).filter(isWanted)
  if (flags.has('json')) {
    out(JSON.stringify({ groups: groups.sort(byId).map(jsonOf) }))
    return
  }
  const rows = groups.map(({ groupId, type, protocolType }) => {
    return [groupId, type === null ? '' : typeName(type), protocolType]
  })
  const width = Math.max(MIN_WIDTH, ...rows.flat().map(({ length }) => length))
  const line = (texts: readonly string[]) => texts.map((text) => text.padEnd(width)).join(' ')
  out(line(['GROUP', 'TYPE', 'PROTOCOL']))
  for (const row of rows) out(`${line(row)} `)
}
