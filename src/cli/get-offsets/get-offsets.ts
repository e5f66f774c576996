/**
 * `millrace get-offsets`, which is kafka-get-offsets: where partitions begin and end, and what
 * stands there at a time.
 *
 * Invariant: standard output, exit status and the first line of an error are Kafka's, but for
 * --help, --json and what is said where no broker answers.
 *
 * KIP-815 (max-timestamp), KIP-1005 (tiered storage).
 */
import type { Admin } from '../../client/admin/admin.ts'
import type { OffsetSpec } from '../../client/admin/offsets.ts'
import { CliError } from '../cli-error.ts'
import { COMMON_FLAGS, type Flag, type Flags, javaInt, parseFlags, requireFlags } from '../flags.ts'
import { javaPattern } from '../java-pattern.ts'
import { common, type ToolHelp, type ToolRun } from '../tool.ts'

const FLAGS: readonly Flag[] = [
  { name: 'topic', value: 'pattern', about: 'Topics, as a regular expression for whole names.' },
  { name: 'partitions', value: 'list', about: 'Numbers of partitions, as 0,1; all if left out.' },
  {
    name: 'topic-partitions',
    value: 'list',
    about:
      'Instead of the two: topics with partitions, as orders:1,bills:0-3,stock:5-,other:-3. ' +
      'The upper end is not in it.',
  },
  {
    name: 'time',
    value: 'when',
    about:
      'Milliseconds since 1970, or -1 latest (if left out), -2 earliest, -3 max-timestamp, ' +
      '-4 earliest-local, -5 latest-tiered, -6 earliest-pending-upload.',
  },
  { name: 'exclude-internal-topics', about: "Pass over Kafka's own topics." },
]

const HELP: ToolHelp = {
  name: 'get-offsets',
  alias: 'kafka-get-offsets',
  about: 'An interactive shell for getting topic-partition offsets.',
  flags: FLAGS,
}

const TIMES: Readonly<Record<string, OffsetSpec>> = {
  '-1': 'latest',
  '-2': 'earliest',
  '-3': 'max-timestamp',
  '-4': 'earliest-local',
  '-5': 'latest-tiered',
  '-6': 'earliest-pending-upload',
}
const MAX_INT = 0x7fffffff
const ADDRESS = /^(?:[\w%.-]*:\/\/)?\[?[\w%.:-]*\]?:\d+$/

/** Which partitions are asked about. */
interface Filter {
  readonly topic: RegExp
  readonly allows: (partition: number) => boolean
}

interface Found {
  readonly topic: string
  readonly partition: number
  readonly offset: number
}

/** Runs the command. */
export async function getOffsetsTool(run: ToolRun): Promise<number> {
  try {
    const flags = parsed(run)
    const ended = common(run, HELP, (flag) => flags.has(flag))
    if (ended !== null) return ended
    if (run.isAlias) requireFlags(flags, ['bootstrap-server'])
    const broken = flags
      .text('bootstrap-server')
      ?.split(',')
      .some((each) => !ADDRESS.test(each))
    if (broken) throw new CliError('Please provide valid host:port like host1:9091,host2:9092')
    return await query(run, flags)
  } catch (error) {
    if (!(error instanceof OccurredError)) throw error
    run.err(`Error occurred: ${error.message}`)
    return 1
  }
}

/** What Kafka's tool puts "Error occurred" before. */
class OccurredError extends Error {}

function parsed({ args }: ToolRun): Flags {
  try {
    return parseFlags(args, [...FLAGS, ...COMMON_FLAGS])
  } catch (error) {
    throw error instanceof CliError ? new OccurredError(error.message) : error
  }
}

async function query(run: ToolRun, flags: Flags): Promise<number> {
  const { out, err } = run
  // The client is a large part, for which help need not wait.
  const { connectionSettings, errorText, isExpected, withClient } = await import('../connection.ts')
  try {
    if (flags.has('topic-partitions') && (flags.has('topic') || flags.has('partitions'))) {
      throw new CliError('--topic-partitions cannot be used with --topic or --partitions')
    }
    const at = offsetSpec(flags.text('time') ?? 'latest')
    const filters = filtersOf(flags)
    const found = await withClient(connectionSettings(flags, run), (kafka) => {
      return offsets(kafka.admin(), filters, at, flags.has('exclude-internal-topics'), err)
    })
    if (flags.has('json')) out(JSON.stringify({ offsets: found }))
    else for (const { topic, partition, offset } of found) out(`${topic}:${partition}:${offset}`)
    return 0
  } catch (error) {
    throw isExpected(error) ? new OccurredError(errorText(error)) : error
  }
}

function offsetSpec(text: string): OffsetSpec {
  const place = Object.values(TIMES).find((each) => each === text) ?? TIMES[text]
  if (place !== undefined) return place
  if (/^\+?\d+$/.test(text) && Number.isSafeInteger(Number(text)))
    return { timestamp: Number(text) }
  const places = Object.entries(TIMES).map(([time, name]) => `${time} or ${name}`)
  throw new CliError(
    `Malformed time argument ${text}. Please use ${places.join(' / ')}, ` +
      'or a specified long format timestamp',
  )
}

function filtersOf(flags: Flags): Filter[] {
  const list = flags.text('topic-partitions')
  if (list !== null) return list.split(',').map(ruleOf)
  const partitions = partitionNumbers(flags.text('partitions') ?? '')
  const allows = (partition: number) => partitions.size === 0 || partitions.has(partition)
  return [{ topic: javaPattern(flags.text('topic') ?? '.*'), allows }]
}

function partitionNumbers(text: string): Set<number> {
  const numbers = text === '' ? [] : text.split(',').map(javaInt)
  if (!numbers.includes(null)) return new Set(numbers as number[])
  throw new CliError(
    `--partitions expects a comma separated list of numeric partition ids, but received: ${text}`,
  )
}

/** One of --topic-partitions: `topic`, `topic:1`, `topic:1-3`, `topic:1-`, `topic:-3`, `:1`. */
function ruleOf(rule: string): Filter {
  const match = /^([^:,]*)(?::(?:(\d*)|(?:(\d*)-(\d*))))?$/.exec(rule)
  if (match === null) throw new CliError(`Invalid rule specification: ${rule}`)
  const [, name, one, from, to] = match
  const topic = javaPattern(name || '.*')
  if (one) return { topic, allows: (partition) => partition === Number(one) }
  const [lower, upper] = [Number(from || 0), Number(to || MAX_INT)]
  return { topic, allows: (partition) => partition >= lower && partition < upper }
}

/** The offsets in the order of the partitions' names. */
async function offsets(
  admin: Admin,
  filters: readonly Filter[],
  at: OffsetSpec,
  isExcluding: boolean,
  err: (line: string) => void,
): Promise<Found[]> {
  const names = (await admin.listTopics({ listInternal: !isExcluding }))
    .map(({ name }) => name)
    .filter((name) => filters.some(({ topic }) => topic.test(name)))
  const described = names.length === 0 ? [] : (await admin.describeTopics(names)).values()
  const queries = described.flatMap(({ name: topic, partitions }) => {
    return partitions
      .filter(({ partition }) => {
        return filters.some((each) => each.topic.test(topic) && each.allows(partition))
      })
      .map(({ partition }) => ({ topic, partition, at }))
  })
  if (queries.length === 0) {
    throw new CliError('Could not match any topic-partitions with the specified filters')
  }
  const found: Found[] = []
  for (const { key, ...outcome } of await admin.listOffsets(queries)) {
    const { topic, partition } = key
    if (outcome.ok) {
      if (outcome.value.offset >= 0) found.push({ topic, partition, offset: outcome.value.offset })
    } else {
      const { reason } = outcome.error
      const place = `${topic}-${partition}`
      err(`Skip getting offsets for topic-partition ${place} due to error: ${reason}`)
    }
  }
  const nameOf = ({ topic, partition }: Found) => `${topic}-${partition}`
  return found.sort((a, b) => (nameOf(a) < nameOf(b) ? -1 : 1))
}
