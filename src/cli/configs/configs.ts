/**
 * `millrace configs`, which is kafka-configs: shows and changes configs of topics, brokers,
 * loggers, groups and telemetry subscriptions, quotas, and SCRAM credentials.
 *
 * Invariant: standard output, exit status and the first line of an error are Kafka's, but for
 * --help, --json and what is said where no broker answers. Under the name of ours an error is the
 * reason alone: the words of the command line, which Kafka's begins with, may have a password.
 */
import type { KafkaError } from '../../client/kafka-error.ts'
import { COMMON_FLAGS, type Flag, type Flags, parseFlags } from '../flags.ts'
import { common, type ToolHelp, type ToolRun } from '../tool.ts'
import type { ConfigChanges } from './config-changes.ts'
import type { ConfigsAdmin } from './configs-admin.ts'
import { checkedEntities, type Entities } from './entities.ts'
import { PlainError } from './plain-error.ts'
import type { Output } from './resource-configs.ts'

const FLAGS: readonly Flag[] = [
  { name: 'describe', about: 'Show configs.' },
  { name: 'alter', about: 'Change configs.' },
  { name: 'all', about: 'Show all configs, not only those that were set on the entity itself.' },
  { name: 'topic', value: 'name', about: 'The topic.' },
  { name: 'broker', value: 'id', about: 'The broker.' },
  { name: 'broker-defaults', about: 'What holds for all brokers.' },
  { name: 'broker-logger', value: 'id', about: 'The broker whose log levels it is about.' },
  { name: 'group', value: 'id', about: 'The group.' },
  { name: 'client-metrics', value: 'name', about: 'The subscription to metrics of clients.' },
  { name: 'user', value: 'name', about: 'The user; with --client, that client of the user.' },
  { name: 'user-defaults', about: 'Users who have no quotas of their own.' },
  { name: 'client', value: 'id', about: 'The client id.' },
  { name: 'client-defaults', about: 'Clients that have no quotas of their own.' },
  { name: 'ip', value: 'address', about: 'The address that clients connect from.' },
  { name: 'ip-defaults', about: 'Addresses that have no quotas of their own.' },
  {
    name: 'entity-type',
    value: 'type',
    about:
      'The long way to say the same: topics, brokers, broker-loggers, groups, client-metrics, ' +
      'users, clients or ips; users and clients together.',
  },
  { name: 'entity-name', value: 'name', about: 'The name that goes with --entity-type.' },
  { name: 'entity-default', about: 'In place of --entity-name: the default of the type.' },
  {
    name: 'add-config',
    value: 'list',
    about:
      "What to set, as 'k1=v1,k2=[a,b]'; of a user also 'SCRAM-SHA-512=[iterations=8192," +
      "password=secret]'.",
  },
  { name: 'add-config-file', value: 'file', about: 'Instead: a properties file of what to set.' },
  { name: 'delete-config', value: 'list', about: "What to take away, as 'k1,k2'." },
  {
    name: 'bootstrap-controller',
    value: 'host:port,...',
    about: 'Instead of brokers: controllers to begin at, for configs of nodes and for changes.',
  },
]

const HELP: ToolHelp = {
  name: 'configs',
  alias: 'kafka-configs',
  about:
    'This tool helps to manipulate and describe entity config for a topic, client, user, broker, ' +
    'ip, client-metrics or group',
  flags: FLAGS,
}

/** Flags that may be given once only. */
const SINGLE = [
  'command-config',
  'bootstrap-server',
  'bootstrap-controller',
  'add-config-file',
  'add-config',
]

/** Runs the command. */
export async function configsTool(run: ToolRun): Promise<number> {
  const flags = parseFlags(run.args, [...FLAGS, ...COMMON_FLAGS])
  const ended = common(run, HELP, (flag) => flags.has(flag))
  if (ended !== null) return ended
  const entities = await checkedEntities(flags, run.isAlias)
  for (const name of SINGLE) flags.text(name) // which refuses a second value
  // The client is a large part, for which help need not wait.
  const { errorText, isExpected } = await import('../connection.ts')
  try {
    return await work(run, flags, entities)
  } catch (error) {
    if (error instanceof PlainError || !isExpected(error)) throw error
    if (run.isAlias) {
      run.err(`Error while executing config command with args '${run.args.join(' ')}'`)
    }
    run.err(missingText(error) ?? errorText(error))
    return 1
  }
}

/** What brokers may not have; Millrace's have neither. */
const OPTIONAL_APIS: Readonly<Record<string, string>> = {
  DescribeClientQuotas: 'quotas',
  AlterClientQuotas: 'quotas',
  DescribeUserScramCredentials: 'SCRAM credentials',
  AlterUserScramCredentials: 'SCRAM credentials',
}

/** What to say where the cluster has no such thing; null where that is not what happened. */
function missingText(error: unknown): string | null {
  const { code, api } = error as Partial<KafkaError>
  const what = code === 'UNSUPPORTED_BY_BROKER' ? OPTIONAL_APIS[api ?? ''] : undefined
  if (what === undefined) return null
  return `this cluster has no ${what}: its brokers do not serve ${api} (Apache Kafka's do since 2.7)`
}

type Act = <R>(work: (admin: ConfigsAdmin) => Promise<R>) => Promise<R>

/** How to ask brokers, or controllers. */
async function acting(run: ToolRun, flags: Flags): Promise<Act> {
  const { connectionSettings, withClient } = await import('../connection.ts')
  const settings = connectionSettings(flags, run)
  const controllers = flags.text('bootstrap-controller')
  if (controllers === null) return (work) => withClient(settings, (kafka) => work(kafka.admin()))
  const { controllersAdmin } = await import('./configs-admin.ts')
  return (work) => work(controllersAdmin({ ...settings, brokers: controllers }))
}

async function work(run: ToolRun, flags: Flags, entities: Entities): Promise<number> {
  const act = await acting(run, flags)
  const isJson = flags.has('json')
  if (flags.has('describe')) {
    const output = { out: run.out, err: run.err, isJson }
    const isThere = await act((admin) => describe(admin, output, entities, flags.has('all')))
    return isThere || run.isAlias ? 0 : 1
  }
  const { types, names } = entities
  if (types.length !== names.length) {
    throw new PlainError('An entity name must be specified for every entity type')
  }
  const { configChanges } = await import('./config-changes.ts')
  const changes = configChanges(flags)
  await act((admin) => alter(admin, entities, changes))
  if (isJson) {
    const altered = types.map((type, at) => ({ type, name: names[at] || null }))
    run.out(JSON.stringify({ altered }))
  } else if (names[0] === '') {
    run.out(`Completed updating default config for ${types[0]} in the cluster.`)
  } else run.out(`Completed updating config for ${types[0]!.slice(0, -1)} ${names[0]}.`)
  return 0
}

/** False where what it is about is not there. */
async function describe(
  admin: ConfigsAdmin,
  output: Output,
  entities: Entities,
  isAll: boolean,
): Promise<boolean> {
  const { describeQuotas, hasQuotas } = await import('./quotas.ts')
  const type = entities.types[0]!
  if (!hasQuotas(type)) {
    const { describeResources } = await import('./resource-configs.ts')
    return describeResources(admin, output, type, entities.names[0], isAll)
  }
  await describeQuotas(admin, output, entities)
  return true
}

async function alter(
  admin: ConfigsAdmin,
  entities: Entities,
  changes: ConfigChanges,
): Promise<void> {
  const { alterAddress, alterUserOrClient, hasQuotas } = await import('./quotas.ts')
  const type = entities.types[0]!
  if (type === 'ips') return alterAddress(admin, entities, changes)
  if (hasQuotas(type)) return alterUserOrClient(admin, entities, changes)
  const { alterResource } = await import('./resource-configs.ts')
  return alterResource(admin, type, entities.names[0]!, changes)
}
