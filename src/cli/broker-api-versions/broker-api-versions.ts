/**
 * `millrace broker-api-versions`, which is kafka-broker-api-versions: which versions of which APIs
 * each broker speaks.
 *
 * Invariant: standard output, exit status and the first line of an error are Kafka's, but for
 * --help, --json and what is said where no broker answers. Under the name of ours the exit status
 * tells of a broker that did not answer.
 *
 * KIP-35, KIP-97.
 */
import { javaStringHash } from '../../base/java-hash.ts'
import type { ClusterNode } from '../../client/admin/describe-cluster.ts'
import type { Kafka } from '../../client/kafka.ts'
import { CliError } from '../cli-error.ts'
import { COMMON_FLAGS, parseFlags, requireFlags } from '../flags.ts'
import { hashMapOrderBy } from '../java-order.ts'
import { common, type ToolHelp, type ToolRun } from '../tool.ts'
import type { ToldApi } from './api-lines.ts'

const HELP: ToolHelp = {
  name: 'broker-api-versions',
  alias: 'kafka-broker-api-versions',
  about: 'This tool helps to retrieve broker version information.',
  flags: [],
}
const TIMEOUT_MS = 60_000
/** Boolean.hashCode of false. */
const FALSE_HASH = 1237

/** A broker with what it said, or why it did not. */
interface Told {
  readonly broker: ClusterNode
  readonly apis: readonly ToldApi[]
  readonly error: string | null
}

/** Runs the command. */
export async function brokerApiVersionsTool(run: ToolRun): Promise<number> {
  const flags = parseFlags(run.args, COMMON_FLAGS)
  // Ours needs no flags to know where to look.
  const needsNone = run.args.length === 0 && !run.isAlias && run.onHelp === undefined
  const ended = needsNone ? null : common(run, HELP, (flag) => flags.has(flag))
  if (ended !== null) return ended
  if (run.isAlias) requireFlags(flags, ['bootstrap-server'])
  const { connectionSettings, errorText, isExpected, withClient } = await import('../connection.ts')
  try {
    const settings = connectionSettings(flags, run)
    const told = await withClient(settings, async (kafka) => {
      const { brokers } = await kafka.admin().describeCluster()
      const ordered = hashMapOrderBy(brokers, nodeHash, null)
      return Promise.all(ordered.map((broker) => ask(kafka, broker)))
    })
    if (flags.has('json')) run.out(JSON.stringify({ brokers: told.map(jsonOf) }))
    else await print(told, run.out)
    return run.isAlias || told.every(({ error }) => error === null) ? 0 : 1
  } catch (error) {
    throw isExpected(error) ? new CliError(errorText(error)) : error
  }
}

async function ask(kafka: Kafka, broker: ClusterNode): Promise<Told> {
  const { errorText, isExpected } = await import('../connection.ts')
  const { servedApis } = await import('./served-apis.ts')
  const { toldApis } = await import('./api-lines.ts')
  try {
    const apis = toldApis(await servedApis(kafka.cluster, broker.id, TIMEOUT_MS))
    return { broker, apis, error: null }
  } catch (error) {
    if (!isExpected(error)) throw error
    return { broker, apis: [], error: errorText(error) }
  }
}

async function print(told: readonly Told[], out: (line: string) => void): Promise<void> {
  const { apiLine } = await import('./api-lines.ts')
  for (const { broker, apis, error } of told) {
    const { id, host, port, rack } = broker
    const node = `${host}:${port} (id: ${id} rack: ${rack} isFenced: false)`
    const lines = apis.map((api) => `\t${apiLine(api)}`)
    if (error === null) out(`${node} -> (\n${lines.join(',\n')}\n)`)
    else out(`${node} -> ERROR: ${error}`)
  }
}

function jsonOf({ broker: { id, host, port, rack }, apis, error }: Told): object {
  const listed = apis.map(({ key, name, min, max, usable }) => ({ key, name, min, max, usable }))
  return { id, host, port, rack, error, apis: listed }
}

/** Node.hashCode, by which Kafka's tool orders brokers. */
function nodeHash({ id, host, port, rack }: ClusterNode): number {
  const parts = [id, port, rack === null ? 0 : javaStringHash(rack), FALSE_HASH]
  return parts.reduce((hash, part) => (Math.imul(31, hash) + part) | 0, 31 + javaStringHash(host))
}
