/**
 * SyncGroup to a classic group: the leader hands in the assignments, which go to the log, and
 * everybody takes its own.
 *
 * KIP-345 (static members), KIP-559 (protocol type and name, checked from version 5 on).
 */
import { assert } from '../../../base/assert.ts'
import { ErrorCode } from '../../../protocol/errors.ts'
import type {
  SyncGroupRequest,
  SyncGroupResponse,
} from '../../../protocol/messages/14-sync-group.ts'
import { coordinatorError } from '../../coordinator-error.ts'
import type { GroupContext, RequestOrigin } from '../context.ts'
import { groupRecord, membersOf } from '../records.ts'
import { syncError, synced } from './answers.ts'
import type { ClassicGroup } from './group.ts'
import { EMPTY_ASSIGNMENT } from './member.ts'
import {
  answerSyncs,
  cancelSyncTimer,
  failSync,
  prepareRebalance,
  respondSync,
} from './rebalance.ts'

export function syncGroup(
  context: GroupContext,
  origin: RequestOrigin,
  request: SyncGroupRequest,
  nowMs: number,
  reply: (response: SyncGroupResponse) => void,
): void {
  const group = context.groups.get(request.groupId)
  const error =
    group === undefined || group.isEmpty() ? ErrorCode.UNKNOWN_MEMBER_ID : validate(group, request)
  const member = group?.members.get(request.memberId)
  if (error !== ErrorCode.NONE || group === undefined || member === undefined) {
    respond(context, reply, syncError(error))
    return
  }
  if (group.state === 'PreparingRebalance') {
    respond(context, reply, syncError(ErrorCode.REBALANCE_IN_PROGRESS))
    return
  }
  group.pendingSync.delete(member.memberId)
  if (group.pendingSync.size === 0) cancelSyncTimer(context, group)
  if (group.state === 'Stable') {
    respond(context, reply, synced(group, member))
    return
  }
  // One request of a member waits; one that came before has lost its turn.
  respondSync(context, member, syncError(ErrorCode.REBALANCE_IN_PROGRESS))
  member.awaitingSync = { apiVersion: origin.apiVersion, reply }
  if (group.isLeader(member.memberId)) storeAssignments(context, group, request, nowMs)
}

function validate(group: ClassicGroup, request: SyncGroupRequest): ErrorCode {
  const error = group.validateMember(request.memberId, request.groupInstanceId)
  if (error !== ErrorCode.NONE) return error
  if (request.generationId !== group.generationId) return ErrorCode.ILLEGAL_GENERATION
  return differs(request.protocolType, group.protocolType) ||
    differs(request.protocolName, group.protocolName)
    ? ErrorCode.INCONSISTENT_GROUP_PROTOCOL
    : ErrorCode.NONE
}

/** Old clients don't say what they expect. */
function differs(asked: string | null, actual: string | null): boolean {
  return asked !== null && actual !== null && asked !== actual
}

/** Writes the new generation to the log. Applying the record makes the group Stable. */
function storeAssignments(
  context: GroupContext,
  group: ClassicGroup,
  request: SyncGroupRequest,
  nowMs: number,
): void {
  assert(group.state === 'CompletingRebalance', 'assignments are stored once per generation')
  const assignments = new Map<string, Uint8Array>()
  for (const { memberId, assignment } of request.assignments) {
    assignments.set(memberId, assignment.slice())
  }
  const record = groupRecord(group.groupId, {
    protocolType: group.protocolType ?? '',
    generation: group.generationId,
    protocol: group.protocolName,
    leader: group.leaderId,
    currentStateTimestamp: group.stateTimestampMs,
    members: membersOf(group, (member) => assignments.get(member.memberId) ?? EMPTY_ASSIGNMENT),
  })
  const error = context.journal.append([record])
  if (error === ErrorCode.NONE) {
    answerSyncs(context, group, nowMs)
    return
  }
  failSync(context, group, coordinatorError(error), nowMs)
  const reason = `assignments of leader ${request.memberId} could not be stored`
  prepareRebalance(context, group, reason, nowMs)
}

function respond(
  context: GroupContext,
  reply: (response: SyncGroupResponse) => void,
  response: SyncGroupResponse,
): void {
  context.journal.respond(reply, response, (error) => syncError(coordinatorError(error)))
}
