/**
 * What a calculation needs to know of a group, asked and measured while it works: members,
 * partitions, rates and lag over some seconds, the broker's limits for its timeouts.
 *
 * Invariant: nothing is changed, and what the broker does not tell is null.
 */
import type { Admin } from '../../client/admin/admin.ts'
import type { ConsumerGroupDescription } from '../../client/admin/describe-groups.ts'
import type { TopicPartition } from '../../client/topic.ts'
import { CliError } from '../cli-error.ts'
import { CLASSIC_LIMITS, CONSUMER_LIMITS, type SessionLimits } from './session-timeout.ts'

/** What was seen. */
export interface LiveGroup {
  readonly groupId: string
  readonly protocol: 'classic' | 'consumer'
  readonly members: number
  /** Members that have partitions. */
  readonly working: number
  readonly partitions: number
  readonly topics: readonly string[]
  /** Events a second that the group committed. */
  readonly consumedRate: number
  /** Events a second that were written. */
  readonly producedRate: number
  readonly lag: number
  readonly limits: SessionLimits
  /** Settings of the group at the broker; null where members bring their own. */
  readonly sessionTimeoutMs: number | null
  readonly heartbeatMs: number | null
}

/** What is done meanwhile. */
export interface Measuring {
  readonly measureMs: number
  /** Waits; called several times with a part of the time. */
  readonly wait: (ms: number) => Promise<void>
  /** Told how much of the time is over. */
  readonly onProgress: (doneMs: number) => void
  readonly monotonicMs: () => number
}

/** Steps in which progress is told. */
const STEPS = 10

/** Looks at the group for `measureMs`. */
export async function liveGroup(
  admin: Admin,
  groupId: string,
  measuring: Measuring,
): Promise<LiveGroup> {
  const group = (await admin.describeConsumerGroups([groupId])).get(groupId)
  if (group.members.length === 0) {
    throw new CliError(
      `group ${groupId} has no members: start its consumers, or give the numbers as flags`,
    )
  }
  const partitions = await partitionsOf(admin, group)
  const before = await placeOf(admin, groupId, partitions, measuring)
  for (let step = 1; step <= STEPS; step++) {
    await measuring.wait(measuring.measureMs / STEPS)
    measuring.onProgress((measuring.measureMs * step) / STEPS)
  }
  const after = await placeOf(admin, groupId, partitions, measuring)
  const seconds = (after.atMs - before.atMs) / 1000
  return {
    groupId,
    protocol: group.type,
    members: group.members.length,
    working: group.members.filter(({ assignment }) => assignment.length > 0).length,
    partitions: partitions.length,
    topics: [...new Set(partitions.map(({ topic }) => topic))].sort(),
    consumedRate: sum(after.committed, before.committed) / seconds,
    producedRate: sum(after.ends, before.ends) / seconds,
    lag: lagOf(after),
    ...(await settingsOf(admin, group)),
  }
}

/** All partitions of the topics that members read. */
async function partitionsOf(
  admin: Admin,
  { members, groupId }: ConsumerGroupDescription,
): Promise<TopicPartition[]> {
  const assigned = members.flatMap(({ assignment }) => assignment)
  const topics = [...new Set(assigned.map(({ topic }) => topic))]
  if (topics.length === 0) {
    throw new CliError(`no member of group ${groupId} has partitions yet: try again in a moment`)
  }
  return (await admin.describeTopics(topics)).values().flatMap(({ name: topic, partitions }) => {
    return partitions.map(({ partition }) => ({ topic, partition }))
  })
}

/** Where the group and the ends of its partitions are, by partition, at a moment. */
interface Place {
  readonly atMs: number
  readonly committed: ReadonlyMap<string, number>
  readonly begins: ReadonlyMap<string, number>
  readonly ends: ReadonlyMap<string, number>
}

async function placeOf(
  admin: Admin,
  groupId: string,
  partitions: readonly TopicPartition[],
  { monotonicMs }: Measuring,
): Promise<Place> {
  const ask = (at: 'latest' | 'earliest') => {
    return admin.listOffsets(partitions.map((partition) => ({ ...partition, at })))
  }
  const query = { groupId, partitions }
  const [ends, begins, offsets] = await Promise.all([
    ask('latest'),
    ask('earliest'),
    admin.listConsumerGroupOffsets([query]),
  ])
  const committed = offsets.get(groupId).successes()
  const byName = (entries: Iterable<readonly [TopicPartition, { offset: number } | null]>) =>
    new Map(
      [...entries].flatMap(([{ topic, partition }, found]) =>
        found === null ? [] : [[`${topic}-${partition}`, found.offset] as const],
      ),
    )
  return {
    atMs: monotonicMs(),
    committed: byName(committed),
    begins: byName(begins.successes()),
    ends: byName(ends.successes()),
  }
}

/** By how much the numbers grew; those that went back, as after a reset, do not count. */
function sum(after: ReadonlyMap<string, number>, before: ReadonlyMap<string, number>): number {
  let grown = 0
  for (const [name, now] of after) grown += Math.max(0, now - (before.get(name) ?? now))
  return grown
}

function lagOf({ committed, begins, ends }: Place): number {
  let lag = 0
  for (const [name, end] of ends) {
    lag += Math.max(0, end - (committed.get(name) ?? begins.get(name) ?? end))
  }
  return lag
}

async function settingsOf(
  admin: Admin,
  { groupId, type, coordinator }: ConsumerGroupDescription,
): Promise<Pick<LiveGroup, 'limits' | 'sessionTimeoutMs' | 'heartbeatMs'>> {
  const broker = await configsOf(admin, 'BROKER', String(coordinator.id))
  const number = (name: string, fallback: number) => {
    const value = Number(broker.get(name) ?? '')
    return value > 0 ? value : fallback
  }
  if (type === 'classic') {
    const limits = {
      ...CLASSIC_LIMITS,
      minSessionMs: number('group.min.session.timeout.ms', CLASSIC_LIMITS.minSessionMs),
      maxSessionMs: number('group.max.session.timeout.ms', CLASSIC_LIMITS.maxSessionMs),
    }
    return { limits, sessionTimeoutMs: null, heartbeatMs: null } // members say them when they join
  }
  const group = await configsOf(admin, 'GROUP', groupId)
  const own = (name: string) => {
    const value = Number(group.get(`consumer.${name}`) ?? broker.get(`group.consumer.${name}`))
    return value > 0 ? value : null
  }
  const prefix = 'group.consumer'
  const limits = {
    minSessionMs: number(`${prefix}.min.session.timeout.ms`, CONSUMER_LIMITS.minSessionMs),
    maxSessionMs: number(`${prefix}.max.session.timeout.ms`, CONSUMER_LIMITS.maxSessionMs),
    minHeartbeatMs: number(`${prefix}.min.heartbeat.interval.ms`, CONSUMER_LIMITS.minHeartbeatMs),
    maxHeartbeatMs: number(`${prefix}.max.heartbeat.interval.ms`, CONSUMER_LIMITS.maxHeartbeatMs),
  }
  const sessionTimeoutMs = own('session.timeout.ms')
  return { limits, sessionTimeoutMs, heartbeatMs: own('heartbeat.interval.ms') }
}

/** Configs by name; none where this client may not see them. */
async function configsOf(
  admin: Admin,
  type: 'BROKER' | 'GROUP',
  name: string,
): Promise<Map<string, string | null>> {
  const outcome = (await admin.describeConfigs([{ type, name }])).outcome({ type, name })
  if (outcome?.ok !== true) return new Map()
  return new Map([...outcome.value.values()].map((entry) => [entry.name, entry.value]))
}
