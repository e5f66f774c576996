/**
 * `millrace cluster`, which is kafka-cluster: the id of a cluster, where its nodes are, and letting
 * go of a broker that is gone for good.
 *
 * Invariant: standard output, exit status and the first line of an error are Kafka's, but for
 * --help, --json and what is said where nobody answers. Under the name of ours a cluster that is
 * too old for what is asked is a failure.
 *
 * KIP-919 (controllers), KIP-1073 (fenced brokers), KIP-1147 (names of flags).
 */
import type { Admin } from '../../client/admin/admin.ts'
import type { ClusterNode } from '../../client/admin/describe-cluster.ts'
import { KafkaError } from '../../client/kafka-error.ts'
import { type Arguments, argumentsOrStatus } from '../argparse-flags.ts'
import { CliError } from '../cli-error.ts'
import { hashMapOrderBy, integerHash } from '../java-order.ts'
import { deprecation } from '../renamed-flag.ts'
import type { ToolRun } from '../tool.ts'
import { clusterParser } from './cluster-flags.ts'

const TOO_OLD = ['UNSUPPORTED_BY_BROKER', 'UNSUPPORTED_VERSION']
/** Widths of columns of which nothing is known. */
const HOST_WIDTH = 100
const RACK_WIDTH = 10

/** Runs the command. */
export async function clusterTool(run: ToolRun): Promise<number> {
  const args = argumentsOrStatus(run, clusterParser(run.isAlias))
  if (typeof args === 'number') return args
  const { errorText, isExpected, withClient } = await import('../connection.ts')
  try {
    const settings = await settingsOf(args, run)
    const isOfControllers = args.has('bootstrap-controller')
    if (
      args.command === 'list-endpoints' &&
      isOfControllers &&
      args.has('include-fenced-brokers')
    ) {
      throw new CliError(
        'The option --include-fenced-brokers is only supported with --bootstrap-server option',
      )
    }
    const acting = (admin: Admin) => runCommand(args, admin, run)
    const { withController } = await import('../controllers.ts')
    const isDone = isOfControllers
      ? await withController(settings, 'active', acting)
      : await withClient(settings, (kafka) => acting(kafka.admin()))
    return isDone || run.isAlias ? 0 : 1
  } catch (error) {
    throw isExpected(error) ? new CliError(errorText(error)) : error
  }
}

async function settingsOf(args: Arguments, run: ToolRun) {
  const { settingsFrom } = await import('../connection.ts')
  if (args.has('config') && args.has('command-config')) {
    throw new CliError('--config and --command-config cannot be specified together.')
  }
  if (args.has('config')) {
    const text = deprecation('config', 'command-config')
    if (args.has('json')) run.err(text)
    else run.out(text)
  }
  const given = {
    brokers: args.text('bootstrap-server') ?? args.text('bootstrap-controller'),
    file: args.text('config') ?? args.text('command-config'),
    profile: args.text('profile'),
  }
  return settingsFrom(given, run.environment)
}

/** Does what is asked and tells of it; false where the cluster is too old. */
export async function runCommand(
  args: Arguments,
  admin: Admin,
  { out, err }: Pick<ToolRun, 'out' | 'err'>,
): Promise<boolean> {
  const isJson = args.has('json')
  const endpoints = args.has('bootstrap-controller') ? 'controllers' : 'brokers'
  switch (args.command) {
    case 'cluster-id': {
      const { clusterId } = await admin.describeCluster({ endpoints })
      const text =
        clusterId === null
          ? 'No cluster ID found. The Kafka version is probably too old.'
          : `Cluster ID: ${clusterId}`
      out(isJson ? JSON.stringify({ clusterId }) : text)
      return clusterId !== null
    }
    case 'unregister': {
      const id = args.number('id')!
      const tooOld = 'The target cluster does not support the broker unregistration API.'
      const isDone = await unlessTooOld(admin.unregisterBroker(id), () => {
        if (isJson) err(tooOld)
        else out(tooOld)
      })
      if (isDone === null) return false
      out(isJson ? JSON.stringify({ unregistered: id }) : `Broker ${id} is no longer registered.`)
      return true
    }
    default: {
      const includeFencedBrokers = args.has('include-fenced-brokers')
      const described = admin.describeCluster({ endpoints, includeFencedBrokers })
      const cluster = await unlessTooOld(described, (error) => {
        if (isJson) err(error.reason)
        else out(error.reason)
      })
      if (cluster === null) return false
      printEndpoints(cluster.value.brokers, endpoints, out, isJson)
      return true
    }
  }
}

/** What came of a call; null where the cluster is too old for it. */
async function unlessTooOld<R>(
  call: Promise<R>,
  tell: (error: KafkaError) => void,
): Promise<{ readonly value: R } | null> {
  try {
    return { value: await call }
  } catch (error) {
    if (!(error instanceof KafkaError) || !TOO_OLD.includes(error.code)) throw error
    tell(error)
    return null
  }
}

function printEndpoints(
  brokers: readonly ClusterNode[],
  endpoints: 'brokers' | 'controllers',
  out: (line: string) => void,
  isJson: boolean,
): void {
  const type = endpoints === 'brokers' ? 'broker' : 'controller'
  const nodes = hashMapOrderBy(brokers, ({ id }) => integerHash(id), null)
  if (isJson) {
    const listed = nodes.map(({ id, host, port, rack, isFenced }) => {
      return { id, host, port, rack, isFenced: type === 'broker' ? isFenced : null, type }
    })
    out(JSON.stringify({ endpoints: listed }))
    return
  }
  const racks = nodes.flatMap(({ rack }) => (rack === null ? [] : [rack.length]))
  const widths = [
    10,
    nodes.length === 0 ? HOST_WIDTH : Math.max(...nodes.map(({ host }) => host.length)),
    10,
    racks.length === 0 ? RACK_WIDTH : Math.max(...racks),
    ...(type === 'broker' ? [10] : []),
    15,
  ]
  const row = (cells: readonly unknown[]) => {
    out(cells.map((cell, at) => String(cell).padEnd(widths[at]!)).join(' '))
  }
  const state = (text: string) => (type === 'broker' ? [text] : [])
  row(['ID', 'HOST', 'PORT', 'RACK', ...state('STATE'), 'ENDPOINT_TYPE'])
  for (const { id, host, port, rack, isFenced } of nodes) {
    row([id, host, port, rack, ...state(isFenced ? 'fenced' : 'unfenced'), type])
  }
}
