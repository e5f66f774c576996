/**
 * LeaveGroup to a classic group: members go, by member id or, as admin tools do it, by instance id.
 *
 * KIP-345 (many at once from version 3 on, static members), KIP-394 (pending members), KIP-800.
 */
import { assert } from '../../../base/assert.ts'
import { ErrorCode } from '../../../protocol/errors.ts'
import type { GroupContext } from '../context.ts'
import type { ClassicGroup } from './group.ts'
import { rebalanceOrCompleteJoin, removeMember } from './rebalance.ts'

/** Someone who leaves. */
export interface Leaver {
  readonly memberId: string
  readonly groupInstanceId: string | null
  readonly reason: string | null
}

/** What became of it. */
export interface LeftMember {
  readonly memberId: string
  readonly groupInstanceId: string | null
  readonly errorCode: ErrorCode
}

/** Takes members out of a group; null where there is no such group. */
export function leaveGroup(
  context: GroupContext,
  groupId: string,
  leavers: readonly Leaver[],
  nowMs: number,
): LeftMember[] | null {
  const group = context.groups.get(groupId)
  if (group === undefined) return null
  const reasons: string[] = []
  const left = leavers.map(({ memberId, groupInstanceId, reason }): LeftMember => {
    const found = find(group, memberId, groupInstanceId)
    if (found.error === ErrorCode.NONE) {
      take(context, group, found.memberId)
      reasons.push(
        reason === null || reason === '' ? found.memberId : `${found.memberId} (${reason})`,
      )
    }
    return { memberId, groupInstanceId, errorCode: found.error }
  })
  if (reasons.length > 0 && !group.isEmpty()) {
    rebalanceOrCompleteJoin(context, group, `${reasons.join(', ')} left`, nowMs)
  }
  return left
}

/** Which member is meant. */
function find(
  group: ClassicGroup,
  memberId: string,
  groupInstanceId: string | null,
): { readonly error: ErrorCode; readonly memberId: string } {
  if (memberId === '') {
    const known = groupInstanceId === null ? null : group.staticMemberId(groupInstanceId)
    return known === null
      ? { error: ErrorCode.UNKNOWN_MEMBER_ID, memberId }
      : { error: ErrorCode.NONE, memberId: known }
  }
  if (group.pendingJoin.has(memberId)) return { error: ErrorCode.NONE, memberId }
  return { error: group.validateMember(memberId, groupInstanceId), memberId }
}

function take(context: GroupContext, group: ClassicGroup, memberId: string): void {
  const pending = group.pendingJoin.get(memberId)
  if (pending !== undefined) {
    context.timers.cancel(pending)
    group.remove(memberId)
    return
  }
  const member = group.members.get(memberId)
  assert(member !== undefined, 'who leaves is in the group')
  removeMember(context, group, member)
}
