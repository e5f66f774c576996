/**
 * Groups of all types: listing them, deleting them, and removing members.
 *
 * KIP-518 and KIP-848 (filters by state and type), KIP-1043 (all types), KIP-229 (deletion),
 * KIP-345 (removal of static members), KIP-571 (of all), KIP-800 (reasons).
 */
import { leaveGroupRequest, leaveGroupResponse } from '../../protocol/messages/13-leave-group.ts'
import { listGroupsRequest, listGroupsResponse } from '../../protocol/messages/16-list-groups.ts'
import {
  deleteGroupsRequest,
  deleteGroupsResponse,
} from '../../protocol/messages/42-delete-groups.ts'
import type { CallOptions } from '../call.ts'
import { KafkaError } from '../kafka-error.ts'
import { type Caller, send } from './caller.ts'
import { describeConsumerGroups } from './describe-groups.ts'
import {
  GROUP_STATES,
  GROUP_TYPES,
  type GroupState,
  type GroupType,
  groupStateOf,
  groupTypeOf,
} from './group-states.ts'
import { allBrokers, coordinators, given } from './lookups.ts'
import { perKey, settleCoordinatorError } from './per-key.ts'
import type { Results } from './results.ts'

const listCall = { request: listGroupsRequest, response: listGroupsResponse }
const deleteCall = { request: deleteGroupsRequest, response: deleteGroupsResponse }
const leaveCall = { request: leaveGroupRequest, response: leaveGroupResponse }

/** Since then groups are filtered by state. */
const STATES_VERSION = 4
/** Since then groups are filtered by type; brokers that are older have classic ones only. */
const TYPES_VERSION = 5
/** Since then one request removes several members, static ones too. */
const MEMBERS_VERSION = 3

const DEFAULT_REASON = 'member was removed by an admin'
const MAX_REASON_CHARS = 255

/** What `listGroups` takes. */
export interface ListGroupsOptions extends CallOptions {
  /** Only groups of these types; of all where left out. */
  readonly types?: readonly GroupType[] | undefined
  /** Only groups in these states; in all where left out. */
  readonly states?: readonly GroupState[] | undefined
  /** Only groups with these protocol types; `''` is that of groups that commit offsets only. */
  readonly protocolTypes?: readonly string[] | undefined
}

/** A group as lists tell of it. */
export interface GroupListing {
  readonly groupId: string
  /** Null where the broker does not tell. */
  readonly type: GroupType | null
  /** `consumer`, `connect`, `share`, `streams`, or `''` for groups without a protocol. */
  readonly protocolType: string
  /** Null where the broker does not tell. */
  readonly state: GroupState | null
  /** Whether it has offsets only, of a program that assigns its partitions by itself. */
  readonly isSimple: boolean
}

const groupText = (groupId: string) => groupId

/**
 * The groups of each broker, for each knows those that it coordinates:
 * `(await admin.listGroups()).values().flat()` are all, or an error.
 */
export async function listGroups(
  caller: Caller,
  options: ListGroupsOptions,
): Promise<Results<number, readonly GroupListing[]>> {
  const deadline = caller.begin('listGroups', options)
  const { types = [], states = [], protocolTypes } = options
  checkAmong('types', types, GROUP_TYPES)
  checkAmong('states', states, GROUP_STATES)
  // Older brokers have classic groups only, so that a filter that lets those pass is not needed.
  const needsTypes = types.length > 0 && !types.includes('classic')
  const minVersion = needsTypes ? TYPES_VERSION : states.length > 0 ? STATES_VERSION : 0
  const brokers = await allBrokers(caller, deadline)
  return perKey<number, readonly GroupListing[]>(caller, deadline, {
    keys: brokers.map(({ id }) => id),
    textOf: String,
    lookup: given((id) => id),
    async ask(target, [id], answers) {
      const { body } = await send(
        caller,
        target,
        listCall,
        (version) => ({
          ...(version >= STATES_VERSION && { statesFilter: states }),
          ...(version >= TYPES_VERSION && { typesFilter: types }),
        }),
        { deadline, minVersion },
      )
      if (body.errorCode !== 0) {
        const error = KafkaError.ofCode(body.errorCode, null, { api: 'ListGroups' })
        if (error.retriable) answers.retry(id!, error)
        else answers.fail(id!, error)
        return
      }
      const groups = body.groups.map(toListing)
      const isWanted = ({ protocolType }: GroupListing) =>
        protocolTypes === undefined || protocolTypes.includes(protocolType)
      answers.succeed(id!, groups.filter(isWanted))
    },
  })
}

function checkAmong(what: string, names: readonly string[], known: readonly string[]): void {
  const wrong = names.find((name) => !known.includes(name))
  if (wrong === undefined) return
  throw new KafkaError('INVALID_ARGUMENT', `${what}: ${wrong} is none of ${known.join(', ')}`)
}

function toListing(group: {
  readonly groupId: string
  readonly protocolType: string
  readonly groupState: string
  readonly groupType: string
}): GroupListing {
  const { groupId, protocolType, groupState, groupType } = group
  const type = groupTypeOf(groupType)
  return {
    groupId,
    type,
    protocolType,
    state: groupState === '' ? null : groupStateOf(groupState),
    isSimple: protocolType === '' && (type === 'classic' || type === null),
  }
}

/** Deletes groups of any type with their offsets. NON_EMPTY_GROUP while they have members. */
export function deleteGroups(
  caller: Caller,
  groupIds: readonly string[],
  options: CallOptions,
): Promise<Results<string, void>> {
  const deadline = caller.begin('deleteGroups', options)
  return perKey(caller, deadline, {
    keys: groupIds,
    textOf: groupText,
    lookup: coordinators(caller, 'group', groupText),
    async ask(target, keys, answers) {
      const { body } = await send(caller, target, deleteCall, { groupsNames: keys }, { deadline })
      for (const { groupId, errorCode } of body.results) {
        if (errorCode === 0) answers.succeed(groupId, undefined)
        else {
          const error = KafkaError.ofCode(errorCode, null, { api: 'DeleteGroups', groupId })
          settleCoordinatorError(answers, groupId, error)
        }
      }
    },
  })
}

/** A member by the id that its program gave it, or by the one that the coordinator did. */
export type MemberToRemove = { readonly instanceId: string } | { readonly memberId: string }

/** What `removeMembers` takes. */
export interface RemoveMembersOptions extends CallOptions {
  /** For the coordinator's log. */
  readonly reason?: string | undefined
}

function memberText(member: MemberToRemove): string {
  return 'instanceId' in member ? `instance ${member.instanceId}` : `member ${member.memberId}`
}

/** Removes members from a group, or all that it has now; its partitions go to the others. */
export async function removeMembers(
  caller: Caller,
  groupId: string,
  members: readonly MemberToRemove[] | 'all',
  options: RemoveMembersOptions,
): Promise<Results<MemberToRemove, void>> {
  const deadline = caller.begin('removeMembers', options)
  const leftMs = { signal: options.signal, timeoutMs: deadline.leftMs() }
  const keys = members === 'all' ? await membersOf(caller, groupId, leftMs) : members
  const reason = (options.reason || DEFAULT_REASON).slice(0, MAX_REASON_CHARS)
  return perKey(caller, deadline, {
    keys,
    textOf: memberText,
    lookup: coordinators(caller, 'group', () => groupId),
    async ask(target, asked, answers) {
      const { body } = await send(
        caller,
        target,
        leaveCall,
        {
          groupId,
          members: asked.map((key) => {
            if (!('instanceId' in key)) return { memberId: key.memberId, reason }
            return { memberId: '', groupInstanceId: key.instanceId, reason }
          }),
        },
        { deadline, minVersion: MEMBERS_VERSION },
      )
      const context = { api: 'LeaveGroup', groupId }
      if (body.errorCode !== 0) {
        const error = KafkaError.ofCode(body.errorCode, null, context)
        for (const key of asked) settleCoordinatorError(answers, key, error)
        return
      }
      for (const { memberId, groupInstanceId, errorCode } of body.members) {
        const key = groupInstanceId === null ? { memberId } : { instanceId: groupInstanceId }
        if (errorCode === 0) answers.succeed(key, undefined)
        else answers.fail(key, KafkaError.ofCode(errorCode, null, context))
      }
    },
  })
}

async function membersOf(
  caller: Caller,
  groupId: string,
  options: CallOptions,
): Promise<MemberToRemove[]> {
  const described = await describeConsumerGroups(caller, [groupId], options)
  return described.get(groupId).members.map(({ memberId, instanceId }) => {
    return instanceId === null ? { memberId } : { instanceId }
  })
}
