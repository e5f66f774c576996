/**
 * Quotas of users, clients and addresses, and the SCRAM credentials of users, described and altered
 * as kafka-configs does.
 *
 * KIP-546 (quotas), KIP-612 (of addresses), KIP-554 (SCRAM).
 */
import { javaStringHash } from '../../base/java-hash.ts'
import type { QuotaDescription, QuotaEntity, QuotaFilter } from '../../client/admin/quotas.ts'
import type { ScramAlteration, ScramMechanism } from '../../client/admin/scram.ts'
import { javaInt } from '../flags.ts'
import { doubleText, javaDouble } from '../java-double.ts'
import { hashMapOrder, hashMapOrderBy } from '../java-order.ts'
import type { ConfigChanges } from './config-changes.ts'
import type { ConfigsAdmin } from './configs-admin.ts'
import type { Entities, EntityType } from './entities.ts'
import { PlainError } from './plain-error.ts'
import type { Output } from './resource-configs.ts'

const TIMEOUT_MS = 60_000

/** How a type is called in the protocol and in a sentence, in the order of printing. */
const QUOTA_TYPES = {
  users: { type: 'user', noun: 'user-principal' },
  clients: { type: 'client-id', noun: 'client-id' },
  ips: { type: 'ip', noun: 'ip' },
} as const
type QuotaEntityType = keyof typeof QUOTA_TYPES
const QUOTA_ENTITIES = Object.entries(QUOTA_TYPES)

const QUOTAS = [
  'producer_byte_rate',
  'consumer_byte_rate',
  'request_percentage',
  'controller_mutation_rate',
]
const ADDRESS_QUOTAS = ['connection_creation_rate']
const MECHANISMS: readonly string[] = ['SCRAM-SHA-256', 'SCRAM-SHA-512'] satisfies ScramMechanism[]

const LEAST_ITERATIONS = 4096
const NOT_SAID = '-1'

/** Prints the quotas of the entities, and of users the credentials too. */
export async function describeQuotas(
  admin: ConfigsAdmin,
  { out, isJson }: Output,
  entities: Entities,
): Promise<void> {
  const quotas = await quotasOf(admin, entities)
  if (!isJson) for (const each of quotas) out(quotaLine(each))
  const { types, names } = entities
  const hasUsers = types.includes('users') && !types.includes('clients') && !names.includes('')
  const credentials: object[] = []
  const users = hasUsers
    ? await admin.describeUserScramCredentials(names.length > 0 ? names : null)
    : []
  for (const user of users) {
    if (user.ok) {
      for (const each of user.value) credentials.push({ user: user.key, ...each })
      const texts = user.value.map((each) => `${each.mechanism}=iterations=${each.iterations}`)
      if (!isJson) {
        out(`SCRAM credential configs for user-principal '${user.key}' are ${texts.join(', ')}`)
      }
    } else if (user.error.code !== 'RESOURCE_NOT_FOUND') {
      const what = `Error retrieving SCRAM credential configs for user-principal '${user.key}'`
      if (isJson) throw user.error
      out(`${what}: ${user.error.code}: ${user.error.reason}`)
    }
  }
  if (isJson) out(JSON.stringify({ quotas: quotas.map(quotaJson), credentials }))
}

function quotaLine({ entity, quotas }: QuotaDescription): string {
  const whom = QUOTA_ENTITIES.flatMap(([, { type, noun }]) => {
    const name = entity[type]
    if (name === undefined) return []
    return [name === null ? `the default ${noun}` : `${noun} '${name}'`]
  })
  const names = hashMapOrder([...quotas.keys()], quotas.size)
  const texts = names.map((name) => `${name}=${doubleText(quotas.get(name)!)}`)
  return `Quota configs for ${whom.join(', ')} are ${texts.join(', ')}`
}

function quotaJson({ entity, quotas }: QuotaDescription): object {
  const whom = QUOTA_ENTITIES.flatMap(([type, { type: key }]) => {
    const name = entity[key]
    return name === undefined ? [] : [{ type, name }]
  })
  return { entity: whom, quotas: Object.fromEntries(quotas) }
}

/** The quotas of exactly these entities, in Kafka's order. */
async function quotasOf(
  admin: ConfigsAdmin,
  { types, names }: Entities,
): Promise<QuotaDescription[]> {
  if (names.length > types.length) {
    throw new PlainError('More entity names specified than entity types')
  }
  const filters = types.map((type, at): QuotaFilter => {
    const name = names[at]
    const key = QUOTA_TYPES[type as QuotaEntityType].type
    if (name === undefined) return { type: key, match: 'any' }
    return name === '' ? { type: key, match: 'default' } : { type: key, match: 'exact', name }
  })
  const found = await admin.describeClientQuotas(filters, { strict: true, timeoutMs: TIMEOUT_MS })
  return hashMapOrderBy(found, ({ entity }) => entityHash(entity), found.length)
}

/** ClientQuotaEntity.hashCode. */
function entityHash(entity: QuotaEntity): number {
  let sum = 31
  for (const [type, name] of Object.entries(entity)) {
    sum += javaStringHash(type) ^ (name === null ? 0 : javaStringHash(name))
  }
  return sum | 0
}

/** Changes quotas, or credentials of a user. */
export async function alterUserOrClient(
  admin: ConfigsAdmin,
  entities: Entities,
  changes: ConfigChanges,
): Promise<void> {
  const { types, names } = entities
  const added = sorted(changes.added.keys())
  const deleted = sorted(changes.deleted)
  if (types[0] === 'clients' || types.length === 2) checkOfClient(added, deleted)
  else checkOfUser(added, deleted, names)
  if (added.quotas.length + deleted.quotas.length > 0) return alterQuotas(admin, entities, changes)
  await alterCredentials(admin, names[0]!, changes)
}

/** Changes quotas of an address. */
export async function alterAddress(
  admin: ConfigsAdmin,
  entities: Entities,
  changes: ConfigChanges,
): Promise<void> {
  const unknown = [...changes.added.keys(), ...changes.deleted].filter((name) => {
    return !ADDRESS_QUOTAS.includes(name)
  })
  if (unknown.length > 0) {
    throw new PlainError(
      "Only connection quota configs can be added for 'ips' using --bootstrap-server. " +
        `Unexpected config names: ${unknown}`,
    )
  }
  await alterQuotas(admin, entities, changes)
}

interface Sorted {
  readonly quotas: readonly string[]
  readonly credentials: readonly string[]
  readonly unknown: readonly string[]
}

function sorted(names: Iterable<string>): Sorted {
  const all = [...names]
  return {
    quotas: all.filter((name) => QUOTAS.includes(name)),
    credentials: all.filter((name) => MECHANISMS.includes(name)),
    unknown: all.filter((name) => !QUOTAS.includes(name) && !MECHANISMS.includes(name)),
  }
}

/** Collections as Scala prints them: what is added in a set, what is deleted in a buffer. */
const setText = (names: readonly string[]) => `Set(${names.join(', ')})`
const bufferText = (names: readonly string[]) => `ArrayBuffer(${names.join(', ')})`

function checkOfClient(added: Sorted, deleted: Sorted): void {
  const wrong = (verb: string, names: string) =>
    new PlainError(
      `Only quota configs can be ${verb} for 'clients' using --bootstrap-server. ` +
        `Unexpected config names: ${names}`,
    )
  const unexpected = ({ unknown, credentials }: Sorted) => [...unknown, ...credentials]
  if (unexpected(added).length > 0) throw wrong('added', setText(unexpected(added)))
  if (unexpected(deleted).length > 0) throw wrong('deleted', bufferText(unexpected(deleted)))
}

function checkOfUser(added: Sorted, deleted: Sorted, names: readonly string[]): void {
  const wrong = (verb: string, unknown: string) =>
    new PlainError(
      `Only quota and SCRAM credential configs can be ${verb} for 'users' using ` +
        `--bootstrap-server. Unexpected config names: ${unknown}`,
    )
  if (added.unknown.length > 0) throw wrong('added', setText(added.unknown))
  if (deleted.unknown.length > 0) throw wrong('deleted', bufferText(deleted.unknown))
  if (added.credentials.length + deleted.credentials.length === 0) return
  if (names.includes('')) {
    throw new PlainError(
      'The use of --entity-default or --user-defaults is not allowed with User SCRAM Credentials ' +
        'using --bootstrap-server.',
    )
  }
  if (added.quotas.length + deleted.quotas.length === 0) return
  throw new PlainError(
    "Cannot alter both quota and SCRAM credential configs simultaneously for 'users' using " +
      '--bootstrap-server.',
  )
}

async function alterQuotas(
  admin: ConfigsAdmin,
  entities: Entities,
  { added, deleted }: ConfigChanges,
): Promise<void> {
  const existing = (await quotasOf(admin, entities))[0]?.quotas
  const unknown = deleted.filter((name) => !existing?.has(name))
  if (unknown.length > 0) throw new PlainError(`Invalid config(s): ${unknown}`)
  const entity = Object.fromEntries(
    entities.types.map((type, at) => {
      return [QUOTA_TYPES[type as QuotaEntityType].type, entities.names[at] || null]
    }),
  )
  const quotas: Record<string, number | null> = {}
  for (const [name, text] of added) {
    const value = javaDouble(text)
    if (value === null) {
      throw new PlainError(`Cannot parse quota configuration value for ${name}: ${text}`)
    }
    quotas[name] = value
  }
  for (const name of deleted) quotas[name] = null
  const results = await admin.alterClientQuotas([{ entity, quotas }], { timeoutMs: TIMEOUT_MS })
  results.orThrow()
}

async function alterCredentials(
  admin: ConfigsAdmin,
  user: string,
  { added, deleted }: ConfigChanges,
): Promise<void> {
  const deletions = deleted.map((mechanism): ScramAlteration => {
    return { user, mechanism: mechanism as ScramMechanism, delete: true }
  })
  const settings = [...added].map(([mechanism, text]): ScramAlteration => {
    return { user, mechanism: mechanism as ScramMechanism, ...credentialOf(mechanism, text) }
  })
  const results = await admin.alterUserScramCredentials([...deletions, ...settings], {
    timeoutMs: TIMEOUT_MS,
  })
  results.orThrow()
}

/** Reads `iterations=8192,password=secret`, of which the first may be left out. */
function credentialOf(mechanism: string, text: string) {
  const match = /^(?:iterations=(-?[0-9]*),)?password=(.*)$/.exec(text)
  if (match === null)
    throw new PlainError(`Invalid credential property ${kafkaName(mechanism)}=${text}`)
  const [, said = NOT_SAID, password] = match
  const iterations = said === NOT_SAID ? LEAST_ITERATIONS : javaInt(said)
  if (iterations === null) throw new PlainError(`For input string: "${said}"`)
  if (iterations < LEAST_ITERATIONS) {
    throw new PlainError(
      `Iterations ${iterations} is less than the minimum ${LEAST_ITERATIONS} required for ` +
        mechanism,
    )
  }
  return { iterations, password: password! }
}

/** As Java's constant is called. */
const kafkaName = (mechanism: string) => mechanism.replaceAll('-', '_')

/** Types that have quotas. */
export function hasQuotas(type: EntityType): type is QuotaEntityType {
  return type in QUOTA_TYPES
}
