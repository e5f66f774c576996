/** Lists of groups of consumers, as `kafka-consumer-groups --list` prints them. */
import type { Admin } from '../../client/admin/admin.ts'
import { GROUP_STATES, type GroupState, type GroupType } from '../../client/admin/group-states.ts'
import type { GroupListing, ListGroupsOptions } from '../../client/admin/groups.ts'
import { UsageError } from '../flags.ts'
import { hashMapOrder } from '../java-order.ts'
import type { GroupsRun } from './groups.ts'
import { type Depth, failing } from './java-failure.ts'
import { javaSplit } from './java-values.ts'

/** The states of groups of consumers. */
const STATES: readonly GroupState[] = GROUP_STATES.filter((state) => state !== 'NotReady')
const TYPES: readonly GroupType[] = ['classic', 'consumer']
/** That of groups that commit offsets only, and that of consumers. */
const PROTOCOL_TYPES = ['', 'consumer']
const MIN_GROUP = 15
const GROUP_MARGIN = 10
const COLUMN = 20

type Filters = Pick<ListGroupsOptions, 'types' | 'states'>

/** Prints the groups that are asked for. */
export async function listGroups(admin: Admin, run: GroupsRun): Promise<void> {
  const { flags, out } = run
  const hasType = flags.has('type')
  const hasState = flags.has('state')
  const types = hasType ? typesOf(flags.text('type') ?? '') : []
  const states = hasState ? statesOf(flags.text('state') ?? '') : []
  const isFiltered = hasType || hasState
  const filters: Filters = isFiltered ? { types, states } : { types: TYPES }
  const groups = await consumerGroups(admin, run, filters, isFiltered ? 1 : 2)
  if (run.isJson) {
    out(JSON.stringify({ groups: [...groups].sort(byId).map(jsonOf) }))
    return
  }
  if (!isFiltered) {
    for (const { groupId } of groups) out(groupId)
    return
  }
  const longest = Math.max(...groups.map(({ groupId }) => groupId.length), MIN_GROUP)
  const line = (groupId: string, type: string, state: string) => {
    const columns = [groupId.padEnd(longest + GROUP_MARGIN)]
    if (hasType) columns.push(type.padEnd(COLUMN))
    if (hasState) columns.push(state.padEnd(COLUMN))
    out(columns.join(' '))
  }
  line('GROUP', 'TYPE', 'STATE')
  for (const { groupId, type, state } of groups) {
    line(groupId, typeName(type), state ?? 'Unknown')
  }
}

/** The ids of all groups of consumers, in Kafka's order. */
export async function allGroupIds(admin: Admin, run: GroupsRun): Promise<string[]> {
  return (await consumerGroups(admin, run, { types: TYPES }, 2)).map(({ groupId }) => groupId)
}

async function consumerGroups(
  admin: Admin,
  { timeoutMs }: GroupsRun,
  filters: Filters,
  depth: Depth,
): Promise<GroupListing[]> {
  const options = { timeoutMs, protocolTypes: PROTOCOL_TYPES, ...filters }
  const lists = await failing(
    depth,
    admin.listGroups(options).then((results) => results.values()),
  )
  return inMapOrder(lists.flat())
}

/** Groups as a map of Java by their ids gives them. */
export function inMapOrder(groups: readonly GroupListing[]): GroupListing[] {
  const byName = new Map(groups.map((group) => [group.groupId, group]))
  return hashMapOrder([...byName.keys()], null).map((groupId) => byName.get(groupId)!)
}

/** As Kafka prints a type. */
export function typeName(type: GroupType | null): string {
  return type === null ? 'Unknown' : type[0]!.toUpperCase() + type.slice(1)
}

export function byId(a: GroupListing, b: GroupListing): number {
  return a.groupId < b.groupId ? -1 : 1
}

/** A group as --json has it in lists. */
export function jsonOf({ groupId, type, state, protocolType }: GroupListing) {
  return { groupId, type, state, protocolType }
}

function statesOf(text: string): GroupState[] {
  return namesOf(text, STATES, (valid) => {
    return `Invalid state list '${text}'. Valid states are: ${valid}`
  })
}

function typesOf(text: string): GroupType[] {
  return namesOf(text, TYPES, () => {
    return `Invalid types list '${text}'. Valid types are: ${TYPES.map(typeName).join(', ')}`
  })
}

function namesOf<N extends string>(
  text: string,
  known: readonly N[],
  problem: (valid: string) => string,
): N[] {
  if (text === '') return []
  const names = javaSplit(text, ',').map((name) => {
    return known.find((each) => each.toLowerCase() === name.trim().toLowerCase())
  })
  if (!names.includes(undefined)) return [...new Set(names as N[])]
  throw new UsageError(problem(known.join(', ')))
}
