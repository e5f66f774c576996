/**
 * Whom kafka-configs is about: types and names from --entity-type, --entity-name and
 * --entity-default, or from the short flags (--topic, --user-defaults …), with Kafka's checks in
 * Kafka's order.
 *
 * Invariant: what is checked here needs no broker. The name '' stands for the default of a type.
 */
import { CliError } from '../cli-error.ts'
import { type Flags, javaInt, refuseWith, UsageError } from '../flags.ts'

/** What has configs, in Kafka's order. */
export const ENTITY_TYPES = [
  'topics',
  'clients',
  'users',
  'brokers',
  'ips',
  'client-metrics',
  'groups',
  'broker-loggers',
] as const
export type EntityType = (typeof ENTITY_TYPES)[number]

/** Whom a command line is about: a type, or a user with a client; as many names or fewer. */
export interface Entities {
  readonly types: readonly EntityType[]
  readonly names: readonly string[]
}

/** Flags that are a type and a name in one, in Kafka's order. */
const NAMED = {
  topic: 'topics',
  client: 'clients',
  user: 'users',
  broker: 'brokers',
  'broker-logger': 'broker-loggers',
  ip: 'ips',
  'client-metrics': 'client-metrics',
  group: 'groups',
} as const
const DEFAULTS = {
  'client-defaults': 'clients',
  'user-defaults': 'users',
  'broker-defaults': 'brokers',
  'ip-defaults': 'ips',
} as const

/** Types that have a default of their own. */
const WITH_DEFAULT: readonly string[] = ['users', 'clients', 'brokers', 'ips']

/** Checks the command line and says whom it is about. `needsServer` is false where one is known. */
export async function checkedEntities(flags: Flags, needsServer: boolean): Promise<Entities> {
  if (flags.has('alter') === flags.has('describe')) {
    throw new UsageError('Command must include exactly one action: --describe, --alter')
  }
  refuseWith(flags, 'describe', ['add-config', 'delete-config'])
  const types = entityTypes(flags)
  const hasServer = flags.has('bootstrap-server') || flags.has('bootstrap-controller')
  const twice = types.filter((type, at) => types.indexOf(type) !== at)
  if (twice.length > 0) throw new CliError(`Duplicate entity type(s) specified: ${twice.join(',')}`)
  if (needsServer && !hasServer) {
    throw new CliError('Either --bootstrap-server or --bootstrap-controller must be specified.')
  }
  checkTypes(types)
  checkStyle(flags)
  const names = entityNames(flags)
  if (flags.has('bootstrap-server') && flags.has('bootstrap-controller')) {
    throw new CliError('Only one of --bootstrap-server or --bootstrap-controller can be specified')
  }
  if (names.some((name) => name !== '')) await checkNames(flags, types)
  checkDescribe(flags, types, names)
  checkAlter(flags, types, names)
  return { types: types as EntityType[], names }
}

function entityTypes(flags: Flags): string[] {
  const short = Object.entries({ ...NAMED, ...DEFAULTS }).filter(([flag]) => flags.has(flag))
  return [...flags.all('entity-type'), ...short.map(([, type]) => type)]
}

function entityNames(flags: Flags): string[] {
  const given = flags.all('entity-name').values()
  return [
    ...flags.order
      .filter((flag) => flag === 'entity-name' || flag === 'entity-default')
      .map((flag) => (flag === 'entity-name' ? given.next().value! : '')),
    ...Object.keys(NAMED).flatMap((flag) => flags.text(flag) ?? []),
    ...Object.keys(DEFAULTS).flatMap((flag) => (flags.has(flag) ? [''] : [])),
  ]
}

function checkTypes(types: readonly string[]): void {
  const unknown = types.find((type) => !ENTITY_TYPES.includes(type as EntityType))
  if (unknown !== undefined) {
    throw new CliError(
      `Invalid entity type ${unknown}, the entity type must be one of ${ENTITY_TYPES.join(', ')} ` +
        'with a --bootstrap-server or --bootstrap-controller argument',
    )
  }
  if (types.length === 0) throw new CliError('At least one entity type must be specified')
  if (types.length > 1 && types.some((type) => type !== 'users' && type !== 'clients')) {
    throw new CliError("Only 'users' and 'clients' entity types may be specified together")
  }
}

function checkStyle(flags: Flags): void {
  const isLong = ['entity-name', 'entity-type', 'entity-default'].some((flag) => flags.has(flag))
  if (!isLong || !Object.keys({ ...NAMED, ...DEFAULTS }).some((flag) => flags.has(flag))) return
  throw new CliError(
    '--entity-{type,name,default} should not be used in conjunction with specific entity flags',
  )
}

async function checkNames(flags: Flags, types: readonly string[]): Promise<void> {
  const given = (names: readonly string[]) => names.flatMap((name) => flags.text(name) ?? [])
  if (types.includes('brokers') || types.includes('broker-loggers')) {
    const wrong = given(['entity-name', 'broker', 'broker-logger']).find((name) => {
      return javaInt(name) === null
    })
    if (wrong !== undefined) {
      throw new CliError(
        `The entity name for ${types[0]} must be a valid integer broker id, but it is: ${wrong}`,
      )
    }
  }
  if (!types.includes('ips')) return
  for (const name of given(['entity-name', 'ip'])) {
    if (await isAddress(name)) continue
    throw new CliError(
      `The entity name for ${types[0]} must be a valid IP or resolvable host, but it is: ${name}`,
    )
  }
}

/** Whether it is an address, or a name that has one. */
async function isAddress(name: string): Promise<boolean> {
  if (name === '') return true // what Java takes for this host
  const { lookup } = await import('node:dns/promises')
  try {
    await lookup(name)
    return true
  } catch {
    return false
  }
}

function checkDescribe(flags: Flags, types: readonly string[], names: readonly string[]): void {
  if (!flags.has('describe')) return
  if (!types.some((type) => WITH_DEFAULT.includes(type)) && flags.has('entity-default')) {
    throw new CliError(`--entity-default must not be specified with --describe of ${types}`)
  }
  if (types.includes('broker-loggers') && !names.some((name) => name !== '')) {
    throw new CliError(`An entity name must be specified with --describe of ${types}`)
  }
}

function checkAlter(flags: Flags, types: readonly string[], names: readonly string[]): void {
  if (!flags.has('alter')) return
  if (types.some((type) => WITH_DEFAULT.includes(type))) {
    if (names.length === 0) {
      throw new CliError(
        'An entity-name or default entity must be specified with --alter of users, clients, ' +
          'brokers or ips',
      )
    }
  } else if (!names.some((name) => name !== '')) {
    throw new CliError(`An entity name must be specified with --alter of ${types}`)
  }
  if (flags.has('add-config') && flags.has('add-config-file')) {
    throw new CliError('Only one of --add-config or --add-config-file must be specified')
  }
  if (!['add-config', 'add-config-file', 'delete-config'].some((flag) => flags.has(flag))) {
    throw new CliError(
      'At least one of --add-config, --add-config-file, or --delete-config must be specified ' +
        'with --alter',
    )
  }
}
