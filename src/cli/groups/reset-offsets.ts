/**
 * Setting where groups go on reading, as `kafka-consumer-groups --reset-offsets` does.
 *
 * Invariant: nothing is changed without --execute, and nothing of a group that has members. Groups
 * and partitions come in the order in which Java's maps have them, but in JSON by name.
 */
import type { Admin } from '../../client/admin/admin.ts'
import type { ConsumerGroupDescription } from '../../client/admin/describe-groups.ts'
import type { Outcome } from '../../client/admin/results.ts'
import type { TopicPartition } from '../../client/topic.ts'
import { UsageError } from '../flags.ts'
import { hashMapOrder } from '../java-order.ts'
import { committedOffsets, leadersOf } from './describe-groups.ts'
import type { GroupsRun } from './groups.ts'
import { JavaFailure } from './java-failure.ts'
import { allGroupIds } from './list-groups.ts'
import { type NewOffset, newOffsets } from './reset-scenarios.ts'
import { byPlace, partitionName, partitionsOf } from './topic-partitions.ts'

const MIN_WIDTH = 15

/** The offsets that a group is to have. */
type Resets = ReadonlyMap<string, readonly NewOffset[]>

/** Resets what is asked for, and prints the new offsets. */
export async function resetOffsets(admin: Admin, run: GroupsRun): Promise<void> {
  const { flags, timeoutMs, isJson, out } = run
  const ids = flags.has('all-groups') ? await allGroupIds(admin, run) : flags.all('group')
  const described = await admin.describeConsumerGroups(ids, { timeoutMs })
  const resets = new Map<string, readonly NewOffset[]>()
  const errors = new Map<string, string>()
  for (const groupId of hashMapOrder([...new Set(ids)], null)) {
    const state = stateOf(described.outcome(groupId)!)
    if (state === 'Empty' || state === 'Dead') {
      resets.set(groupId, await resetGroup(admin, run, groupId))
      continue
    }
    const problem =
      `Assignments can only be reset if the group '${groupId}' is inactive, but the current ` +
      `state is ${state}.`
    run.fail(problem)
    errors.set(groupId, problem)
    run.hint(`End its members first: millrace groups --describe --members --group ${groupId}`)
    resets.set(groupId, [])
  }
  if (isJson) out(JSON.stringify(jsonOf(resets, errors, flags.has('execute'))))
  else if (flags.has('export')) printCsv(resets, ids.length === 1, out)
  else print(resets, out)
}

function stateOf(outcome: Outcome<ConsumerGroupDescription>): string {
  if (outcome.ok) return outcome.value.state
  if (outcome.error.code === 'GROUP_ID_NOT_FOUND') return 'Dead'
  throw JavaFailure.of(outcome.error, 2)
}

async function resetGroup(admin: Admin, run: GroupsRun, groupId: string): Promise<NewOffset[]> {
  const partitions = await scopeOf(admin, run, groupId)
  await checkPartitions(admin, run, partitions)
  const offsets = await newOffsets(admin, run, groupId, partitions)
  if (!run.flags.has('execute') || offsets.length === 0) return offsets
  const { timeoutMs } = run
  const results = await admin.alterConsumerGroupOffsets(groupId, offsets, { timeoutMs })
  const failures = results.failures()
  const first = failures[0]?.[1]
  if (first === undefined) return offsets
  const failed = failures.map(([key]) => partitionName(key)).join(', ')
  throw new JavaFailure(
    `${first.reason} [${failed}]`,
    `Failed altering group offsets for the following partitions: [${failed}]`,
  )
}

/** The partitions that are asked for; none where a file names them. */
async function scopeOf(
  admin: Admin,
  run: GroupsRun,
  groupId: string,
): Promise<readonly TopicPartition[]> {
  const { flags } = run
  if (flags.has('all-topics')) return (await committedOffsets(admin, run, groupId)).partitions
  if (flags.has('topic')) return partitionsOf(admin, run, flags.all('topic'))
  if (flags.has('from-file')) return []
  throw new UsageError('One of the reset scopes should be defined: --all-topics, --topic.')
}

async function checkPartitions(
  admin: Admin,
  run: GroupsRun,
  partitions: readonly TopicPartition[],
): Promise<void> {
  const leaders = await leadersOf(admin, run, partitions)
  const names = partitions.map(partitionName)
  const missing = names.filter((name) => !leaders.has(name))
  if (missing.length > 0) {
    throw new JavaFailure(`The partitions "${missing.join(',')}" do not exist`)
  }
  const wanted = new Set(names)
  const leaderless = [...leaders].filter(([name, leader]) => leader < 0 && wanted.has(name))
  if (leaderless.length > 0) {
    const list = leaderless.map(([name]) => name).join(',')
    throw new JavaFailure(`The partitions "${list}" have no leader`)
  }
}

function print(resets: Resets, out: (line: string) => void): void {
  const all = [...resets].flatMap(([group, offsets]) => offsets.map((one) => ({ group, ...one })))
  const groupWidth = Math.max(MIN_WIDTH, ...[...resets.keys()].map(({ length }) => length))
  const topicWidth = Math.max(MIN_WIDTH, ...all.map(({ topic }) => topic.length))
  const line = (group: string, topic: string, partition: string, offset: string) => {
    const columns = [group.padEnd(groupWidth), topic.padEnd(topicWidth), partition.padEnd(10)]
    out([...columns, offset].join(' '))
  }
  out('')
  if (resets.size === 0) return
  line('GROUP', 'TOPIC', 'PARTITION', 'NEW-OFFSET')
  for (const { group, topic, partition, offset } of all) {
    line(group, topic, String(partition), String(offset))
  }
}

function printCsv(resets: Resets, isOfOne: boolean, out: (line: string) => void): void {
  for (const [group, offsets] of resets) {
    for (const { topic, partition, offset } of offsets) {
      const fields = [...(isOfOne ? [] : [group]), topic].map(csvField)
      out([...fields, partition, offset].join(','))
    }
  }
  out('')
}

/** In quotes where it would not be read as it is. */
function csvField(text: string): string {
  return /[",\r\n]|^ | $/.test(text) ? `"${text.replaceAll('"', '""')}"` : text
}

function jsonOf(resets: Resets, errors: ReadonlyMap<string, string>, isExecuted: boolean) {
  const groups = [...resets].map(([groupId, offsets]) => {
    const error = errors.get(groupId) ?? null
    return { groupId, error, offsets: [...offsets].sort(byPlace) }
  })
  return { executed: isExecuted, groups: groups.sort((a, b) => (a.groupId < b.groupId ? -1 : 1)) }
}
