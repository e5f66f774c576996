/**
 * JoinGroup to a classic group: who may come in, under which id, and whether that starts a
 * rebalance.
 *
 * KIP-345 (static members), KIP-394 (a new member comes twice from version 4 on), KIP-814 (from
 * version 9 on a leader that comes back statically keeps the assignments), KIP-800 (reasons).
 */
import { assert } from '../../../base/assert.ts'
import { ErrorCode } from '../../../protocol/errors.ts'
import type {
  JoinGroupRequest,
  JoinGroupResponse,
} from '../../../protocol/messages/11-join-group.ts'
import { coordinatorError } from '../../coordinator-error.ts'
import type { GroupContext, RequestOrigin } from '../context.ts'
import { emptyGroupRecord, groupRecord, membersOf } from '../records.ts'
import { joinError, joined, syncError } from './answers.ts'
import type { ClassicGroup } from './group.ts'
import { ClassicMember, EMPTY_ASSIGNMENT, type MemberProtocol, type Waiter } from './member.ts'
import { newMemberId } from './member-id.ts'
import {
  answerJoin,
  cancelSession,
  maybeCompleteJoin,
  prepareRebalance,
  rebalanceOrCompleteJoin,
  respondSync,
  startNewMemberSession,
  startSession,
} from './rebalance.ts'

/** A new member has no id yet. */
const UNKNOWN_MEMBER_ID = ''

/** A JoinGroup on its way, its bytes copied off the frame. */
interface Join {
  readonly origin: RequestOrigin
  readonly request: JoinGroupRequest
  readonly protocols: readonly MemberProtocol[]
  readonly rebalanceTimeoutMs: number
  readonly waiter: Waiter<JoinGroupResponse>
}

export function joinGroup(
  context: GroupContext,
  origin: RequestOrigin,
  request: JoinGroupRequest,
  nowMs: number,
  reply: (response: JoinGroupResponse) => void,
): void {
  const join: Join = {
    origin,
    request,
    protocols: protocolsOf(request),
    // Version 0 had one timeout for both.
    rebalanceTimeoutMs:
      origin.apiVersion === 0 ? request.sessionTimeoutMs : request.rebalanceTimeoutMs,
    waiter: { apiVersion: origin.apiVersion, reply },
  }
  const { groupId, memberId } = request
  if (!context.groups.has(groupId)) {
    if (memberId !== UNKNOWN_MEMBER_ID) {
      refuse(context, join, memberId, ErrorCode.UNKNOWN_MEMBER_ID)
      return
    }
    const error = context.journal.append([emptyGroupRecord(groupId, nowMs)])
    if (error !== ErrorCode.NONE) {
      refuse(context, join, '', coordinatorError(error))
      return
    }
  }
  const group = context.groups.get(groupId)
  assert(group !== undefined, 'a group exists once its record is applied')
  if (!accepts(context, group, memberId)) {
    const member = group.members.get(memberId)
    if (member !== undefined) cancelSession(context, member)
    group.remove(memberId)
    refuse(context, join, UNKNOWN_MEMBER_ID, ErrorCode.GROUP_MAX_SIZE_REACHED)
  } else if (!group.supports(request.protocolType, join.protocols)) {
    refuse(context, join, memberId, ErrorCode.INCONSISTENT_GROUP_PROTOCOL)
  } else if (memberId === UNKNOWN_MEMBER_ID) {
    joinNew(context, group, join, nowMs)
  } else {
    joinKnown(context, group, join, nowMs)
  }
}

/** The protocols of a member: one that is named again would count as another member's. */
function protocolsOf({ protocols }: JoinGroupRequest): MemberProtocol[] {
  const byName = new Map<string, MemberProtocol>()
  for (const { name, metadata } of protocols) {
    if (!byName.has(name)) byName.set(name, { name, metadata: metadata.slice() })
  }
  return [...byName.values()]
}

/**
 * Whether there is room. While members gather, those that are there count, so that a group whose
 * limit was lowered shrinks to it; otherwise members do.
 */
function accepts(context: GroupContext, group: ClassicGroup, memberId: string): boolean {
  const { maxGroupSize } = context.config
  const member = group.members.get(memberId)
  switch (group.state) {
    case 'Empty':
      return true
    case 'PreparingRebalance':
      return (member?.awaitingJoin ?? null) !== null || group.awaitingJoinCount < maxGroupSize
    default:
      return member !== undefined || group.members.size < maxGroupSize
  }
}

function joinNew(context: GroupContext, group: ClassicGroup, join: Join, nowMs: number): void {
  const { origin, request } = join
  const { groupInstanceId } = request
  const memberId = newMemberId(context.random, groupInstanceId ?? origin.clientId)
  if (groupInstanceId !== null) {
    const known = group.staticMemberId(groupInstanceId)
    if (known === null) addMember(context, group, join, memberId, nowMs)
    else replaceStaticMember(context, group, join, known, memberId, nowMs)
  } else if (origin.apiVersion >= 4) {
    const timer = context.timers.add(nowMs + request.sessionTimeoutMs, {
      kind: 'session',
      group,
      memberId,
    })
    group.pendingJoin.set(memberId, timer)
    refuse(context, join, memberId, ErrorCode.MEMBER_ID_REQUIRED)
  } else {
    addMember(context, group, join, memberId, nowMs)
  }
}

function joinKnown(context: GroupContext, group: ClassicGroup, join: Join, nowMs: number): void {
  const { memberId, groupInstanceId } = join.request
  if (group.pendingJoin.has(memberId)) {
    // Ids are given out to dynamic members only.
    if (groupInstanceId !== null) refuse(context, join, '', ErrorCode.UNKNOWN_SERVER_ERROR)
    else addMember(context, group, join, memberId, nowMs)
    return
  }
  const error = group.validateMember(memberId, groupInstanceId)
  if (error !== ErrorCode.NONE) {
    refuse(context, join, memberId, error)
    return
  }
  const member = group.members.get(memberId)
  assert(member !== undefined, 'a valid member is in the group')
  const changed = !member.matches(join.protocols)
  if (group.state === 'PreparingRebalance') {
    updateMember(context, group, join, member)
    maybeCompleteJoin(context, group, nowMs)
  } else if (group.state === 'Stable' && group.isLeader(memberId)) {
    // A leader comes when what it shares out has changed, e.g. the partitions of a topic.
    rejoin(context, group, join, member, `leader ${memberId} joined again`, nowMs)
  } else if (changed) {
    rejoin(context, group, join, member, `member ${memberId} joined with other metadata`, nowMs)
  } else {
    // It did not get the answer of this generation, or missed nothing.
    respondJoin(context, join.waiter, joined(join.waiter, group, member))
  }
}

function rejoin(
  context: GroupContext,
  group: ClassicGroup,
  join: Join,
  member: ClassicMember,
  reason: string,
  nowMs: number,
): void {
  updateMember(context, group, join, member)
  prepareRebalance(context, group, withClientReason(reason, join), nowMs)
}

function addMember(
  context: GroupContext,
  group: ClassicGroup,
  join: Join,
  memberId: string,
  nowMs: number,
): void {
  const { origin, request } = join
  const member = new ClassicMember({
    memberId,
    groupInstanceId: request.groupInstanceId,
    clientId: origin.clientId,
    clientHost: origin.clientHost,
    rebalanceTimeoutMs: join.rebalanceTimeoutMs,
    sessionTimeoutMs: request.sessionTimeoutMs,
    protocols: join.protocols,
    assignment: EMPTY_ASSIGNMENT,
  })
  member.isNew = true
  member.awaitingJoin = join.waiter
  if (group.state === 'PreparingRebalance' && group.isInitialRebalance) group.newMemberAdded = true
  member.session = group.pendingJoin.get(memberId) ?? null
  group.add(member, request.protocolType)
  startNewMemberSession(context, group, member, nowMs)
  const reason = withClientReason(`member ${memberId} joined`, join)
  rebalanceOrCompleteJoin(context, group, reason, nowMs)
}

/** A static member came back without its id: it takes its old place, and the old one is fenced. */
function replaceStaticMember(
  context: GroupContext,
  group: ClassicGroup,
  join: Join,
  oldMemberId: string,
  memberId: string,
  nowMs: number,
): void {
  const oldLeaderId = group.leaderId ?? ''
  const oldMember = group.members.get(oldMemberId)
  assert(oldMember !== undefined, 'an instance id is that of a member')
  fence(context, group, oldMember)
  const member = new ClassicMember({ ...oldMember, memberId })
  group.replace(oldMember, member)
  startSession(context, group, member, member.sessionTimeoutMs, nowMs)
  updateMember(context, group, join, member)
  const { groupInstanceId } = join.request
  if (group.state === 'CompletingRebalance') {
    // The leader may be sharing out to the old id just now.
    const reason = withClientReason(
      `static member ${groupInstanceId} came back as ${memberId}`,
      join,
    )
    prepareRebalance(context, group, reason, nowMs)
  } else if (group.state === 'PreparingRebalance') {
    maybeCompleteJoin(context, group, nowMs)
  } else if (group.selectProtocol() !== group.protocolName) {
    const reason = `static member ${groupInstanceId} changed the choice of protocol`
    prepareRebalance(context, group, withClientReason(reason, join), nowMs)
  } else {
    keepGeneration(context, group, join, member, oldMember, oldLeaderId, nowMs)
  }
}

/** The group goes on as it is, the new id in the place of the old one, and says so in the log. */
function keepGeneration(
  context: GroupContext,
  group: ClassicGroup,
  join: Join,
  member: ClassicMember,
  oldMember: ClassicMember,
  oldLeaderId: string,
  nowMs: number,
): void {
  const record = groupRecord(group.groupId, {
    protocolType: group.protocolType ?? '',
    generation: group.generationId,
    protocol: group.protocolName,
    leader: group.leaderId,
    currentStateTimestamp: group.stateTimestampMs,
    members: membersOf(group, (each) => each.assignment),
  })
  const error = context.journal.append([record])
  const { waiter } = join
  if (error !== ErrorCode.NONE) {
    answerJoin(context, group, member, joinError(waiter.apiVersion, '', coordinatorError(error)))
    const { protocols, rebalanceTimeoutMs, sessionTimeoutMs } = oldMember
    group.update(member, protocols, rebalanceTimeoutMs, sessionTimeoutMs)
    group.replace(member, oldMember)
    cancelSession(context, member)
    startSession(context, group, oldMember, sessionTimeoutMs, nowMs)
    return
  }
  const response = joined(waiter, group, member)
  if (waiter.apiVersion >= 9) {
    const skipAssignment = group.isLeader(member.memberId)
    answerJoin(context, group, member, { ...response, skipAssignment })
  } else {
    // An old client that learned it is the leader would share out anew; so it learns the old id.
    answerJoin(context, group, member, { ...response, leader: oldLeaderId, members: [] })
  }
}

function fence(context: GroupContext, group: ClassicGroup, member: ClassicMember): void {
  cancelSession(context, member)
  const error = ErrorCode.FENCED_INSTANCE_ID
  const waiter = member.awaitingJoin
  if (waiter !== null) {
    answerJoin(context, group, member, joinError(waiter.apiVersion, member.memberId, error))
  }
  respondSync(context, member, syncError(error))
}

/**
 * Takes what a member says, and lets its request wait; one that waited before has lost its turn.
 */
function updateMember(
  context: GroupContext,
  group: ClassicGroup,
  join: Join,
  member: ClassicMember,
): void {
  const { waiter, protocols, rebalanceTimeoutMs, request } = join
  const before = member.awaitingJoin
  if (before !== null) {
    const error = ErrorCode.REBALANCE_IN_PROGRESS
    answerJoin(context, group, member, joinError(before.apiVersion, member.memberId, error))
  }
  group.update(member, protocols, rebalanceTimeoutMs, request.sessionTimeoutMs)
  member.awaitingJoin = waiter
  group.awaitingJoinCount++
}

function refuse(context: GroupContext, join: Join, memberId: string, error: ErrorCode): void {
  respondJoin(context, join.waiter, joinError(join.waiter.apiVersion, memberId, error))
}

function respondJoin(
  context: GroupContext,
  waiter: Waiter<JoinGroupResponse>,
  response: JoinGroupResponse,
): void {
  context.journal.respond(waiter.reply, response, (error) =>
    joinError(waiter.apiVersion, '', coordinatorError(error)),
  )
}

function withClientReason(reason: string, join: Join): string {
  const clientReason = join.request.reason
  return clientReason === null || clientReason === '' ? reason : `${reason}: ${clientReason}`
}
