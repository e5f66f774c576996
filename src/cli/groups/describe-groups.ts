/**
 * What groups of consumers have read, who is in them and how they are: the facts behind
 * `kafka-consumer-groups --describe`.
 *
 * Invariant: groups come by name, members with the most partitions first, and a group's partitions
 * by topic and number, first those that a member has.
 */
import type { Admin } from '../../client/admin/admin.ts'
import type { ConsumerGroupDescription, GroupMember } from '../../client/admin/describe-groups.ts'
import type { CommittedOffset } from '../../client/admin/group-offsets.ts'
import type { TopicPartition } from '../../client/topic.ts'
import { orFirstFailure } from '../first-failure.ts'
import { hashMapOrder } from '../java-order.ts'
import { printMembers, printOffsets, printStates } from './describe-text.ts'
import type { GroupsRun } from './groups.ts'
import { failing, JavaFailure } from './java-failure.ts'
import { allGroupIds } from './list-groups.ts'
import { byPlace, offsetsAt, partitionName } from './topic-partitions.ts'

/** A partition that a group reads or has read. */
export interface PartitionRow extends TopicPartition {
  readonly committed: CommittedOffset | null
  /** Null where the partition has no leader. */
  readonly logEndOffset: number | null
  /** Null where one of both is not known. */
  readonly lag: number | null
  /** Who reads it; null where nobody does. */
  readonly member: GroupMember | null
}

/** A group with the rows of its partitions. */
export interface GroupOffsetRows {
  readonly group: ConsumerGroupDescription
  readonly rows: readonly PartitionRow[]
}

/** What a group has committed. */
export interface CommittedOffsets {
  /** By the name of the partition. */
  readonly offsets: ReadonlyMap<string, CommittedOffset | null>
  /** In the order in which the broker told of them. */
  readonly partitions: readonly TopicPartition[]
}

/** Prints what is asked for. */
export async function describeGroups(admin: Admin, run: GroupsRun): Promise<void> {
  const { flags, timeoutMs, isJson, out } = run
  const ids = flags.has('all-groups') ? await allGroupIds(admin, run) : flags.all('group')
  const described = await admin.describeConsumerGroups(ids, { timeoutMs })
  // The failure that a map of Java comes to first is the one that is told.
  for (const groupId of hashMapOrder([...new Set(ids)], null)) {
    const outcome = described.outcome(groupId)!
    if (!outcome.ok) throw JavaFailure.of(outcome.error, 1)
  }
  const groups = described.values().sort((a, b) => (a.groupId < b.groupId ? -1 : 1))
  if (flags.has('members')) {
    if (isJson) out(JSON.stringify({ groups: groups.map(membersJson) }))
    else printMembers(run, groups)
  } else if (flags.has('state')) {
    if (isJson) out(JSON.stringify({ groups: groups.map(headJson) }))
    else printStates(run, groups)
  } else {
    const all = await withRows(admin, run, groups)
    if (isJson) out(JSON.stringify({ groups: all.map(offsetsJson) }))
    else printOffsets(run, all)
  }
}

/** What a group has committed. */
export async function committedOffsets(
  admin: Admin,
  run: GroupsRun,
  groupId: string,
): Promise<CommittedOffsets> {
  return (await committedByGroup(admin, run, [groupId])).get(groupId)!
}

/** The same of several groups at once. */
async function committedByGroup(
  admin: Admin,
  { timeoutMs }: GroupsRun,
  groupIds: readonly string[],
): Promise<Map<string, CommittedOffsets>> {
  if (groupIds.length === 0) return new Map()
  const queries = groupIds.map((groupId) => ({ groupId }))
  const results = await admin.listConsumerGroupOffsets(queries, { timeoutMs })
  const first = results.failures()[0]
  if (first !== undefined) throw JavaFailure.of(first[1], 2)
  return new Map(
    results.successes().map(([groupId, offsets]) => {
      const found = offsets.successes()
      const byName = new Map(found.map(([key, value]) => [partitionName(key), value]))
      return [groupId, { offsets: byName, partitions: found.map(([key]) => key) }]
    }),
  )
}

/** The leaders of topics' partitions, by the name of the partition; below 0 where there is none. */
export async function leadersOf(
  admin: Admin,
  { timeoutMs }: GroupsRun,
  partitions: readonly TopicPartition[],
): Promise<Map<string, number>> {
  const topics = [...new Set(partitions.map(({ topic }) => topic))]
  if (topics.length === 0) return new Map()
  const asked = admin.describeTopics(topics, { timeoutMs })
  const described = await failing(2, asked.then(orFirstFailure))
  return new Map(
    described.values().flatMap(({ name: topic, partitions: all }) => {
      return all.map(({ partition, leader }) => [partitionName({ topic, partition }), leader])
    }),
  )
}

/** Asks about all groups at once: there may be hundreds. */
async function withRows(
  admin: Admin,
  run: GroupsRun,
  groups: readonly ConsumerGroupDescription[],
): Promise<GroupOffsetRows[]> {
  const ids = groups.map(({ groupId }) => groupId)
  const committed = await committedByGroup(admin, run, ids)
  const owned = groups.flatMap(({ members }) => members.flatMap(({ assignment }) => assignment))
  const read = [...committed.values()].flatMap(({ partitions }) => partitions)
  const ends = await endOffsets(admin, run, [...owned, ...read])
  return groups.map((group) => {
    return { group, rows: rowsOf(group, committed.get(group.groupId)!, ends) }
  })
}

function rowsOf(
  group: ConsumerGroupDescription,
  { offsets, partitions }: CommittedOffsets,
  ends: ReadonlyMap<string, number>,
): PartitionRow[] {
  const members = group.members
    .filter(({ assignment }) => assignment.length > 0)
    .sort((a, b) => b.assignment.length - a.assignment.length)
  const owned = new Set(members.flatMap(({ assignment }) => assignment.map(partitionName)))
  const unowned = partitions.filter((partition) => !owned.has(partitionName(partition)))
  const rows = (of: readonly TopicPartition[], member: GroupMember | null) => {
    return [...of].sort(byPlace).map(({ topic, partition }): PartitionRow => {
      const name = partitionName({ topic, partition })
      const committed = offsets.get(name) ?? null
      const logEndOffset = ends.get(name) ?? null
      const isKnown = committed !== null && logEndOffset !== null
      const lag = isKnown ? logEndOffset - committed.offset : null
      return { topic, partition, committed, logEndOffset, lag, member }
    })
  }
  return [...members.flatMap((member) => rows(member.assignment, member)), ...rows(unowned, null)]
}

async function endOffsets(
  admin: Admin,
  run: GroupsRun,
  partitions: readonly TopicPartition[],
): Promise<Map<string, number>> {
  const leaders = await leadersOf(admin, run, partitions)
  const distinct = new Map(partitions.map((one) => [partitionName(one), one]))
  const led = [...distinct].filter(([name]) => leaders.has(name) && leaders.get(name)! >= 0)
  const partitionsLed = led.map(([, partition]) => partition)
  return offsetsAt(admin, run, partitionsLed, 'latest')
}

/** What every form of --describe --json says of a group. */
function headJson(group: ConsumerGroupDescription) {
  const { groupId, type, state, coordinator, partitionAssignor, members } = group
  const { groupEpoch, targetAssignmentEpoch } = group
  const { id, host, port } = coordinator
  return {
    ...{ groupId, type, state, coordinator: { id, host, port } },
    partitionAssignor: partitionAssignor === '' ? null : partitionAssignor,
    ...{ memberCount: members.length, groupEpoch, targetAssignmentEpoch },
  }
}

function membersJson(group: ConsumerGroupDescription) {
  return {
    ...headJson(group),
    members: group.members.map((member) => {
      const { memberId, instanceId, clientId, host, rackId, memberEpoch, isUpgraded } = member
      return {
        ...{ memberId, instanceId, clientId, host, rackId, memberEpoch, isUpgraded },
        assignment: [...member.assignment].sort(byPlace),
        targetAssignment: member.targetAssignment && [...member.targetAssignment].sort(byPlace),
      }
    }),
  }
}

function offsetsJson({ group, rows }: GroupOffsetRows) {
  return {
    ...headJson(group),
    offsets: rows.map(({ topic, partition, committed, logEndOffset, lag, member }) => ({
      ...{ topic, partition, currentOffset: committed?.offset ?? null },
      ...{ leaderEpoch: committed?.leaderEpoch ?? null, logEndOffset, lag },
      metadata: committed?.metadata ?? null,
      ...{ memberId: member?.memberId ?? null, clientId: member?.clientId ?? null },
      host: member?.host ?? null,
    })),
  }
}
