/**
 * Groups as `kafka-consumer-groups --describe` prints them.
 *
 * Invariant: lines and columns are Kafka's, whose widths follow what is in them.
 */
import type { ConsumerGroupDescription, GroupMember } from '../../client/admin/describe-groups.ts'
import type { TopicPartition } from '../../client/topic.ts'
import type { GroupOffsetRows } from './describe-groups.ts'
import type { GroupsRun } from './groups.ts'
import { JavaFailure } from './java-failure.ts'

const MISSING = '-'
const MIN_WIDTH = 15
const MIN_INSTANCE = 17
const MIN_ASSIGNMENT = 20
const MIN_COORDINATOR = 25

/** A line of columns; the last has no width. */
type Columns = readonly (readonly [text: string, width: number])[]

function lineOf(columns: Columns): string {
  return columns.map(([text, width]) => text.padEnd(width)).join(' ')
}

function widest(least: number, texts: readonly string[]): number {
  return Math.max(least, ...texts.map(({ length }) => length))
}

function textOf(value: number | boolean | null | undefined): string {
  return value === null || value === undefined ? MISSING : String(value)
}

/** Says what is the matter with a group; false where there is nothing to show of it. */
function hasRows(
  run: GroupsRun,
  group: ConsumerGroupDescription,
  rows: number,
  topic = '<topic>',
): boolean {
  const { groupId, state } = group
  if (state === 'Dead') run.fail(`Consumer group '${groupId}' does not exist.`)
  else if (state === 'Empty') {
    run.err('')
    run.err(`Consumer group '${groupId}' has no active members.`)
    if (!run.flags.has('all-groups')) {
      run.hint(`To have one: millrace consume --topic ${topic} --group ${groupId}`)
    }
  } else if (state === 'Unknown' || state === 'NotReady') {
    throw new JavaFailure(`Expected a valid consumer group state, but found '${state}'.`)
  } else if (state !== 'Stable') {
    run.err('')
    run.err(`Warning: Consumer group '${groupId}' is rebalancing.`)
  }
  return state !== 'Dead' && rows > 0
}

/** Prints offsets and lag. */
export function printOffsets(run: GroupsRun, groups: readonly GroupOffsetRows[]): void {
  const isVerbose = run.flags.has('verbose')
  for (const { group, rows } of groups) {
    if (!hasRows(run, group, rows.length, rows[0]?.topic)) continue
    const { groupId } = group
    const groupWidth = widest(MIN_WIDTH, [groupId])
    const topicWidth = widest(
      MIN_WIDTH,
      rows.map(({ topic }) => topic),
    )
    const idWidth = widest(
      MIN_WIDTH,
      rows.map(({ member }) => member?.memberId ?? ''),
    )
    const hostWidth = widest(
      MIN_WIDTH,
      rows.map(({ member }) => member?.host ?? ''),
    )
    const print = (id: string, topic: string, partition: string, more: readonly string[]) => {
      const [epoch, offset, end, lag, memberId, host, clientId] = more as readonly [
        ...(readonly [string, string, string, string, string, string, string]),
      ]
      const verbose: Columns = isVerbose ? [[epoch, MIN_WIDTH]] : []
      const head: Columns = [[id, groupWidth], [topic, topicWidth], [partition, 10], ...verbose]
      const numbers: Columns = [offset, end, lag].map((text) => [text, MIN_WIDTH] as const)
      const who: Columns = [
        [memberId, idWidth],
        [host, hostWidth],
        [clientId, 0],
      ]
      run.out(lineOf([...head, ...numbers, ...who]))
    }
    run.out('')
    const titles = ['LEADER-EPOCH', 'CURRENT-OFFSET', 'LOG-END-OFFSET', 'LAG']
    print('GROUP', 'TOPIC', 'PARTITION', [...titles, 'CONSUMER-ID', 'HOST', 'CLIENT-ID'])
    for (const { topic, partition, committed, logEndOffset, lag, member } of rows) {
      const numbers = [committed?.leaderEpoch, committed?.offset, logEndOffset, lag].map(textOf)
      const who = [member?.memberId, member?.host, member?.clientId].map((text) => text ?? MISSING)
      print(groupId, topic, String(partition), [...numbers, ...who])
    }
  }
}

/** Prints members. Of a group that is not there, Kafka prints the names of the columns too. */
export function printMembers(run: GroupsRun, groups: readonly ConsumerGroupDescription[]): void {
  for (const group of groups) {
    const isShown = hasRows(run, group, group.members.length)
    const columns = memberColumns(run, group, isShown)
    run.out('')
    run.out(`${lineOf(columns.titles)}${columns.after}`)
    for (const member of group.members) run.out(`${lineOf(columns.of(member))}${columns.after}`)
  }
}

function memberColumns(run: GroupsRun, group: ConsumerGroupDescription, isShown: boolean) {
  const { groupId, members, targetAssignmentEpoch } = group
  const isVerbose = run.flags.has('verbose')
  const widths = (least: number, text: (member: GroupMember) => string) => {
    return widest(least, isShown ? members.map(text) : [])
  }
  const hasInstance = isShown && members.some(({ instanceId }) => (instanceId ?? '') !== '')
  const isMixed =
    isShown && [true, false].every((each) => members.some(({ isUpgraded }) => isUpgraded === each))
  const current = ({ assignment }: GroupMember) => assignmentText(assignment)
  const target = ({ targetAssignment }: GroupMember) => assignmentText(targetAssignment ?? [])
  const groupWidth = isShown ? widest(MIN_WIDTH, [groupId]) : MIN_WIDTH
  const idWidth = widths(MIN_WIDTH, ({ memberId }) => memberId)
  const instanceWidth = widths(MIN_INSTANCE, ({ instanceId }) => instanceId ?? '')
  const hostWidth = widths(MIN_WIDTH, ({ host }) => host)
  const clientWidth = widths(MIN_WIDTH, ({ clientId }) => clientId)
  const currentWidth = widths(MIN_ASSIGNMENT, current)
  const targetWidth = widths(MIN_ASSIGNMENT, target)
  const line = (texts: Readonly<Record<string, string>>): Columns => [
    [texts.group!, groupWidth],
    [texts.id!, idWidth],
    ...(hasInstance ? [[texts.instance!, instanceWidth] as const] : []),
    [texts.host!, hostWidth],
    [texts.client!, clientWidth],
    [texts.count!, MIN_WIDTH],
    ...(isVerbose
      ? ([
          [texts.epoch!, MIN_WIDTH],
          [texts.current!, currentWidth],
          [texts.targetEpoch!, MIN_WIDTH],
          [texts.target!, targetWidth],
        ] as const)
      : []),
    ...(isVerbose && isMixed ? [[texts.upgraded!, 0] as const] : []),
  ]
  return {
    /** What stands behind the last column. */
    after: isVerbose ? '' : ' ',
    titles: line({
      ...{ group: 'GROUP', id: 'CONSUMER-ID', instance: 'GROUP-INSTANCE-ID', host: 'HOST' },
      ...{ client: 'CLIENT-ID', count: '#PARTITIONS', epoch: 'CURRENT-EPOCH' },
      ...{ current: 'CURRENT-ASSIGNMENT', targetEpoch: 'TARGET-EPOCH' },
      ...{ target: 'TARGET-ASSIGNMENT', upgraded: 'UPGRADED' },
    }),
    of: (member: GroupMember) =>
      line({
        ...{ group: groupId, id: member.memberId, instance: member.instanceId ?? '' },
        ...{ host: member.host, client: member.clientId, count: `${member.assignment.length}` },
        ...{ epoch: textOf(member.memberEpoch), current: current(member) },
        ...{ targetEpoch: textOf(targetAssignmentEpoch), target: target(member) },
        upgraded: textOf(member.isUpgraded),
      }),
  }
}

/** As `bills:0;orders:0,1`. */
function assignmentText(partitions: readonly TopicPartition[]): string {
  const byTopic = Map.groupBy(partitions, ({ topic }) => topic)
  const texts = [...byTopic].map(([topic, all]) => {
    const numbers = all.map(({ partition }) => partition).sort((a, b) => a - b)
    return `${topic}:${numbers.join(',')}`
  })
  return texts.length === 0 ? MISSING : texts.sort().join(';')
}

/** Prints states. */
export function printStates(run: GroupsRun, groups: readonly ConsumerGroupDescription[]): void {
  const isVerbose = run.flags.has('verbose')
  for (const group of groups) {
    if (!hasRows(run, group, 1)) continue
    const { groupId, coordinator, partitionAssignor, state, members } = group
    const where = `${coordinator.host}:${coordinator.port}  (${coordinator.id})`
    const widths = [
      widest(MIN_WIDTH, [groupId]),
      widest(MIN_COORDINATOR, [where]),
      ...(isVerbose ? [20, 20, 15, 25, 0] : [20, 20, 0]),
    ]
    const print = (head: readonly string[], epochs: readonly string[], count: string) => {
      const texts = [...head, ...(isVerbose ? epochs : []), count]
      run.out(lineOf(texts.map((text, at) => [text, widths[at]!] as const)))
    }
    run.out('')
    print(
      ['GROUP', 'COORDINATOR (ID)', 'ASSIGNMENT-STRATEGY', 'STATE'],
      ['GROUP-EPOCH', 'TARGET-ASSIGNMENT-EPOCH'],
      '#MEMBERS',
    )
    print(
      [groupId, where, partitionAssignor || MISSING, state],
      [group.groupEpoch, group.targetAssignmentEpoch].map(textOf),
      String(members.length),
    )
  }
}
