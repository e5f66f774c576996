/**
 * ListGroups, DescribeGroups and DeleteGroups on one shard.
 *
 * KIP-518 (states), KIP-848 (types), KIP-1043 (from version 6 on a group that is not there is an
 * error).
 */
import { ErrorCode } from '../../protocol/errors.ts'
import type { DescribeGroupsResponse } from '../../protocol/messages/15-describe-groups.ts'
import type { ListGroupsResponse } from '../../protocol/messages/16-list-groups.ts'
import type { DeleteGroupsResponse } from '../../protocol/messages/42-delete-groups.ts'
import type { ClassicGroup } from './classic/group.ts'
import { EMPTY_ASSIGNMENT } from './classic/member.ts'
import type { GroupContext } from './context.ts'
import { allOffsetTombstones } from './expiry.ts'
import { type GroupRecord, groupRecord } from './records.ts'

export type ListedGroup = ListGroupsResponse['groups'][number]
export type DescribedGroup = DescribeGroupsResponse['groups'][number]
export type DeletedGroup = DeleteGroupsResponse['results'][number]

/** What ListGroups is asked for; empty filters let everything through. */
export interface ListFilter {
  /** In lower case. */
  readonly states: ReadonlySet<string>
  /** In lower case. */
  readonly types: ReadonlySet<string>
}

export function listGroups(context: GroupContext, filter: ListFilter): ListedGroup[] {
  const listed: ListedGroup[] = []
  for (const group of context.groups.values()) {
    if (filter.states.size > 0 && !filter.states.has(group.state.toLowerCase())) continue
    if (filter.types.size > 0 && !filter.types.has(group.type)) continue
    listed.push({
      groupId: group.groupId,
      protocolType: group.protocolType ?? '',
      groupState: group.state,
      groupType: group.type,
    })
  }
  return listed
}

export function describeGroup(
  context: GroupContext,
  groupId: string,
  apiVersion: number,
): DescribedGroup {
  const group = context.groups.get(groupId)
  if (group !== undefined) return described(group)
  const dead = describeError(groupId, ErrorCode.NONE, 'Dead')
  if (apiVersion < 6) return dead
  const errorMessage = `Group ${groupId} not found.`
  return { ...dead, errorCode: ErrorCode.GROUP_ID_NOT_FOUND, errorMessage }
}

/** A group of which nothing can be told. */
export function describeError(groupId: string, error: ErrorCode, groupState = ''): DescribedGroup {
  return {
    errorCode: error,
    groupId,
    groupState,
    protocolType: '',
    protocolData: '',
    members: [],
  }
}

/** What members said for the protocol is shown once the generation is complete. */
function described(group: ClassicGroup): DescribedGroup {
  const protocolName = group.state === 'Stable' ? group.protocolName : null
  return {
    errorCode: ErrorCode.NONE,
    groupId: group.groupId,
    groupState: group.state,
    protocolType: group.protocolType ?? '',
    protocolData: protocolName ?? '',
    members: Array.from(group.members.values(), (member) => ({
      memberId: member.memberId,
      groupInstanceId: member.groupInstanceId,
      clientId: member.clientId,
      clientHost: member.clientHost,
      memberMetadata:
        (protocolName === null ? null : member.metadata(protocolName)) ?? EMPTY_ASSIGNMENT,
      memberAssignment: member.assignment,
    })),
  }
}

/** Deletes groups and their offsets in one write: all of those that can be, or none. */
export function deleteGroups(
  context: GroupContext,
  groupIds: readonly string[],
): DeletedGroup[] | ErrorCode {
  const records: GroupRecord[] = []
  const results = groupIds.map((groupId) => {
    const group = context.groups.get(groupId)
    const errorCode = group === undefined ? ErrorCode.GROUP_ID_NOT_FOUND : group.validateDelete()
    if (errorCode === ErrorCode.NONE) {
      records.push(...allOffsetTombstones(context, groupId), groupRecord(groupId, null))
    }
    return { groupId, errorCode }
  })
  const error = context.journal.append(records)
  return error === ErrorCode.NONE ? results : error
}
