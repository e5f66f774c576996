/**
 * Creating, listing, growing and deleting topics with the flags and the words of kafka-topics.
 */
import type { Admin } from '../../client/admin/admin.ts'
import { CliError } from '../cli-error.ts'
import { orFirstFailure } from '../first-failure.ts'
import { type Flags, javaInt } from '../flags.ts'
import { javaPattern } from '../java-pattern.ts'

type Print = (line: string) => void

const MAX_REPLICATION_FACTOR = 32_767
/** Which the broker sets on the topics that it keeps for itself. */
const INTERNAL = /^__(consumer_offsets|transaction_state|share_group_state)$/
const COLLISION_WARNING =
  "WARNING: Due to limitations in metric names, topics with a period ('.') or underscore ('_') " +
  'could collide. To avoid issues it is best to use either, but not both.'

/** Makes the topic of --topic. */
export async function createTopic(admin: Admin, flags: Flags, out: Print): Promise<void> {
  const name = flags.text('topic')!
  const numPartitions = flags.integer('partitions') ?? undefined
  const replicationFactor = flags.integer('replication-factor') ?? undefined
  const assignments = replicaAssignment(flags) ?? undefined
  const configs = await topicConfigs(flags)
  const isJson = flags.has('json')
  if (/[._]/.test(name) && !isJson) out(COLLISION_WARNING)
  checkCounts(numPartitions, replicationFactor)
  const results = await admin.createTopics(
    [{ name, numPartitions, replicationFactor, assignments, configs }],
    { retryOnQuotaViolation: false },
  )
  const outcome = results.outcome(name)!
  const isThere = !outcome.ok && outcome.error.code === 'TOPIC_ALREADY_EXISTS'
  if (!outcome.ok && !(isThere && flags.has('if-not-exists'))) throw outcome.error
  if (isJson) out(JSON.stringify({ created: outcome.ok ? [name] : [] }))
  else if (outcome.ok) out(`Created topic ${name}.`)
}

function checkCounts(partitions: number | undefined, replicationFactor: number | undefined): void {
  const factor = replicationFactor ?? 1
  if (factor < 1 || factor > MAX_REPLICATION_FACTOR) {
    throw new CliError(
      `The replication factor must be between 1 and ${MAX_REPLICATION_FACTOR} inclusive`,
    )
  }
  if (partitions !== undefined && partitions < 1) {
    throw new CliError('The partitions must be greater than 0')
  }
}

/** The brokers of each partition in --replica-assignment; null where it is not there. */
function replicaAssignment(flags: Flags): number[][] | null {
  const text = flags.text('replica-assignment')
  if (text === null || text === '') return null
  const partitions = javaSplit(text, ',').map((part) => {
    return javaSplit(part, ':').map((each) => {
      const id = javaInt(each.trim())
      if (id === null) throw new CliError(`For input string: "${each.trim()}"`)
      return id
    })
  })
  for (const [partition, brokers] of partitions.entries()) {
    const twice = [...new Set(brokers.filter((id, at) => brokers.indexOf(id) !== at))]
    if (twice.length > 0) {
      throw new CliError(
        `Partition replica lists may not contain duplicate entries: ${twice.join(',')}`,
      )
    }
    if (brokers.length !== partitions[0]!.length) {
      const list = `[${brokers.join(', ')}]`
      throw new CliError(`Partition ${partition} has different replication factor: ${list}`)
    }
  }
  return partitions
}

/** String.split, which leaves out what is empty at the end. */
function javaSplit(text: string, separator: string | RegExp): string[] {
  const parts = text.split(separator)
  while (parts.length > 1 && parts.at(-1) === '') parts.pop()
  return parts
}

async function topicConfigs(flags: Flags): Promise<Record<string, string>> {
  const pairs = flags.all('config').map((text) => javaSplit(text, /\s*=\s*/))
  if (pairs.some(({ length }) => length !== 2)) {
    throw new CliError(
      'requirement failed: Invalid topic config: all configs to be added must be in the format ' +
        '"key=val".',
    )
  }
  const configs = new Map(pairs.map(([name, value]) => [name!.trim(), value!.trim()]))
  if (configs.size > 0) {
    const { topicConfigError } = await import('../../broker/config/topic-config.ts')
    const problem = topicConfigError(configs)
    if (problem !== null) throw new CliError(problem)
  }
  return Object.fromEntries(configs)
}

/** Names of topics in order, those that match --topic where it is there. */
export async function matchingTopics(admin: Admin, flags: Flags): Promise<string[]> {
  const isExcluding = flags.has('exclude-internal')
  const topics = await admin.listTopics({ listInternal: !isExcluding })
  const text = flags.text('topic')
  const pattern = text === null ? null : javaPattern(text)
  return topics
    .map(({ name }) => name)
    .filter((name) => pattern?.test(name) ?? true)
    .filter((name) => !isExcluding || !INTERNAL.test(name))
    .sort()
}

/** Throws where --topic matched nothing, unless --if-exists allows for it. */
export function checkFound(found: readonly string[], flags: Flags): void {
  const topic = flags.text('topic')
  if (topic === null || topic === '' || flags.has('if-exists') || found.length > 0) return
  throw new CliError(`Topic '${topic}' does not exist as expected`)
}

/** Prints the names of topics. */
export async function listTopics(admin: Admin, flags: Flags, out: Print): Promise<void> {
  const names = await matchingTopics(admin, flags)
  out(flags.has('json') ? JSON.stringify({ topics: names }) : names.join('\n'))
}

/** Gives topics more partitions. */
export async function alterTopics(admin: Admin, flags: Flags, out: Print): Promise<void> {
  const totalCount = flags.integer('partitions')!
  flags.integer('replication-factor')
  const assignments = replicaAssignment(flags)
  const names = await matchingTopics(admin, flags)
  checkFound(names, flags)
  const described = assignments === null ? null : (await admin.describeTopics(names)).orThrow()
  const wanted = names.map((topic) => {
    const existing = described?.get(topic).partitions.length ?? 0
    return { topic, totalCount, assignments: assignments?.slice(existing) }
  })
  if (wanted.length > 0) {
    orFirstFailure(await admin.createPartitions(wanted, { retryOnQuotaViolation: false }))
  }
  if (flags.has('json')) out(JSON.stringify({ altered: names }))
}

/** Deletes topics. */
export async function deleteTopics(admin: Admin, flags: Flags, out: Print): Promise<void> {
  const names = await matchingTopics(admin, flags)
  checkFound(names, flags)
  if (names.length > 0) {
    orFirstFailure(await admin.deleteTopics(names, { retryOnQuotaViolation: false }))
  }
  if (flags.has('json')) out(JSON.stringify({ deleted: names }))
}
