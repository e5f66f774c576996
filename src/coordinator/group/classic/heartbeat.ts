/** Heartbeat to a classic group: keeps a member's session, and tells it of a rebalance. KIP-345. */
import { assert } from '../../../base/assert.ts'
import { ErrorCode } from '../../../protocol/errors.ts'
import type { HeartbeatRequest } from '../../../protocol/messages/12-heartbeat.ts'
import type { GroupContext } from '../context.ts'
import { startSession } from './rebalance.ts'

export function heartbeat(
  context: GroupContext,
  request: HeartbeatRequest,
  nowMs: number,
): ErrorCode {
  const group = context.groups.get(request.groupId)
  if (group === undefined) return ErrorCode.UNKNOWN_MEMBER_ID
  const error = group.validateMember(request.memberId, request.groupInstanceId)
  if (error !== ErrorCode.NONE) return error
  if (request.generationId !== group.generationId) return ErrorCode.ILLEGAL_GENERATION
  const member = group.members.get(request.memberId)
  assert(member !== undefined, 'a valid member is in the group')
  startSession(context, group, member, member.sessionTimeoutMs, nowMs)
  return group.state === 'PreparingRebalance' ? ErrorCode.REBALANCE_IN_PROGRESS : ErrorCode.NONE
}
