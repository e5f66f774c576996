/** Answers of the classic group APIs, in the shape of the version that was asked in. */
import { ErrorCode } from '../../../protocol/errors.ts'
import type { JoinGroupResponse } from '../../../protocol/messages/11-join-group.ts'
import type { SyncGroupResponse } from '../../../protocol/messages/14-sync-group.ts'
import type { ClassicGroup } from './group.ts'
import { type ClassicMember, EMPTY_ASSIGNMENT, type Waiter } from './member.ts'

/** A JoinGroup that did not get in. */
export function joinError(
  apiVersion: number,
  memberId: string,
  error: ErrorCode,
): JoinGroupResponse {
  return {
    errorCode: error,
    generationId: -1,
    protocolType: null,
    protocolName: noProtocolName(apiVersion),
    leader: '',
    memberId,
    members: [],
  }
}

/** A member of the present generation; only the leader is told who the others are. */
export function joined(
  waiter: Waiter<JoinGroupResponse>,
  group: ClassicGroup,
  member: ClassicMember,
): JoinGroupResponse {
  return {
    errorCode: ErrorCode.NONE,
    generationId: group.generationId,
    protocolType: group.protocolType,
    protocolName: group.protocolName ?? noProtocolName(waiter.apiVersion),
    leader: group.leaderId ?? '',
    memberId: member.memberId,
    members: group.isLeader(member.memberId) ? memberList(group) : [],
  }
}

/** What the leader needs to share the partitions out. */
export function memberList(group: ClassicGroup): JoinGroupResponse['members'] {
  return Array.from(group.members.values(), (member) => ({
    memberId: member.memberId,
    groupInstanceId: member.groupInstanceId,
    metadata: member.metadata(group.protocolName ?? '') ?? EMPTY_ASSIGNMENT,
  }))
}

export function syncError(error: ErrorCode): SyncGroupResponse {
  return { errorCode: error, protocolType: null, protocolName: null, assignment: EMPTY_ASSIGNMENT }
}

export function synced(group: ClassicGroup, member: ClassicMember): SyncGroupResponse {
  return {
    errorCode: ErrorCode.NONE,
    protocolType: group.protocolType,
    protocolName: group.protocolName,
    assignment: member.assignment,
  }
}

/** Before version 7 the name of the protocol could not be null. */
function noProtocolName(apiVersion: number): string | null {
  return apiVersion < 7 ? '' : null
}
