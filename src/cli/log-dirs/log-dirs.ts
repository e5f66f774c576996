/**
 * `millrace log-dirs`, which is kafka-log-dirs: the directories of brokers, and how much each
 * replica in them takes.
 *
 * Invariant: standard output, exit status and the first line of an error are Kafka's, but for
 * --help, --json and what is said where no broker answers. The order within Kafka's JSON is that of
 * Java's hash maps (java-order.ts).
 *
 * KIP-113.
 */
import type { Admin } from '../../client/admin/admin.ts'
import type { LogDirDescription, ReplicaDescription } from '../../client/admin/log-dirs.ts'
import { CliError } from '../cli-error.ts'
import { COMMON_FLAGS, type Flag, type Flags, javaInt, parseFlags, requireFlags } from '../flags.ts'
import { hashMapOrder, hashMapOrderBy, integerHash, partitionHash } from '../java-order.ts'
import { common, type ToolHelp, type ToolRun } from '../tool.ts'

const FLAGS: readonly Flag[] = [
  { name: 'describe', about: 'Show the directories, which is all that the command does.' },
  { name: 'topic-list', value: 'list', about: 'Topics, as a,b; all if left out.' },
  { name: 'broker-list', value: 'list', about: 'Ids of brokers, as 1,2; all if left out.' },
]

const HELP: ToolHelp = {
  name: 'log-dirs',
  alias: 'kafka-log-dirs',
  about: 'This tool helps to query log directory usage on the specified brokers.',
  flags: FLAGS,
}

/** Directories by broker and path, with the replicas that are asked for. */
type Described = ReadonlyMap<number, ReadonlyMap<string, LogDirDescription>>

/** Runs the command. */
export async function logDirsTool(run: ToolRun): Promise<number> {
  const flags = parseFlags(run.args, [...FLAGS, ...COMMON_FLAGS])
  const ended = common(run, HELP, (flag) => flags.has(flag))
  if (ended !== null) return ended
  requireFlags(flags, run.isAlias ? ['bootstrap-server', 'describe'] : ['describe'])
  const { connectionSettings, errorText, isExpected, withClient } = await import('../connection.ts')
  try {
    const settings = connectionSettings(flags, run)
    const topics = new Set(listed(flags, 'topic-list'))
    const brokers = brokerIds(listed(flags, 'broker-list'))
    await withClient(settings, async (kafka) => {
      await describeLogDirs(kafka.admin(), { brokers, topics }, run.out, flags.has('json'))
    })
    return 0
  } catch (error) {
    throw isExpected(error) ? new CliError(errorText(error)) : error
  }
}

function listed(flags: Flags, name: string): string[] {
  return (flags.text(name) ?? '').split(',').filter((part) => part !== '')
}

function brokerIds(texts: readonly string[]): number[] {
  return texts.map((text) => {
    const id = javaInt(text)
    if (id === null) throw new CliError(`For input string: "${text}"`)
    return id
  })
}

/** Asks brokers, all where none is named, for their directories and prints them. */
export async function describeLogDirs(
  admin: Admin,
  wanted: { readonly brokers: readonly number[]; readonly topics: ReadonlySet<string> },
  out: (line: string) => void,
  isJson: boolean,
): Promise<void> {
  const { brokers } = await admin.describeCluster()
  const existing = brokers.map(({ id }) => id)
  const ids = inOrder(wanted.brokers.length === 0 ? existing : wanted.brokers)
  const missing = ids.filter((id) => !existing.includes(id))
  if (missing.length > 0) {
    throw new CliError(
      `ERROR: The given brokers do not exist from --broker-list: ${missing}. ` +
        `Current existent brokers: ${inOrder(existing)}`,
    )
  }
  if (!isJson) out('Querying brokers for log directories information')
  const results = await admin.describeLogDirs(ids)
  for (const [, error] of results.failures()) throw error
  if (!isJson) out(`Received log directory information from brokers ${ids}`)
  const described: Described = new Map(
    ids.map((id) => [id, filtered(results.get(id), wanted.topics)]),
  )
  if (isJson) out(JSON.stringify(ownShape(described)))
  else out(JSON.stringify(await kafkaShape(described)))
}

/** Each once, in the order of a HashSet of Java. */
function inOrder(ids: readonly number[]): number[] {
  return hashMapOrderBy([...new Set(ids)], integerHash, null)
}

function filtered(
  directories: ReadonlyMap<string, LogDirDescription>,
  topics: ReadonlySet<string>,
): ReadonlyMap<string, LogDirDescription> {
  const isWanted = ({ topic }: ReplicaDescription) => topics.size === 0 || topics.has(topic)
  return new Map(
    [...directories].map(([path, directory]) => {
      const all = hashMapOrderBy(directory.replicas, partitionHash, null)
      return [path, { ...directory, replicas: all.filter(isWanted) }]
    }),
  )
}

/** What Kafka's tool prints. */
async function kafkaShape(described: Described): Promise<object> {
  const { exceptionName } = await import('../exception-names.ts')
  const brokers = [...described].map(([broker, directories]) => {
    const paths = hashMapOrder([...directories.keys()], directories.size)
    const logDirs = paths.map((logDir) => {
      const { error, replicas } = directories.get(logDir)!
      const partitions = hashMapOrderBy(replicas, partitionHash, null).map((replica) => ({
        partition: `${replica.topic}-${replica.partition}`,
        size: replica.sizeBytes,
        offsetLag: replica.offsetLag,
        isFuture: replica.isFuture,
      }))
      return { partitions, error: error === null ? null : exceptionName(error.code), logDir }
    })
    return { broker, logDirs }
  })
  return { brokers, version: 1 }
}

/** What --json prints. */
function ownShape(described: Described): object {
  const brokers = [...described].map(([id, directories]) => ({
    id,
    logDirs: [...directories].map(([path, { error, replicas, ...space }]) => ({
      path,
      error: error === null ? null : error.code,
      totalBytes: space.totalBytes,
      usableBytes: space.usableBytes,
      isCordoned: space.isCordoned,
      replicas: replicas.map(({ topic, partition, sizeBytes, offsetLag, isFuture }) => {
        return { topic, partition, sizeBytes, offsetLag, isFuture }
      }),
    })),
  }))
  return { brokers }
}
