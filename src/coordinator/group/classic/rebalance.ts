/**
 * The turn of generations of a classic group: begin a rebalance, gather the members, start the next
 * generation, and see to it that nobody waits forever for a member that is gone.
 *
 * KIP-134 (initial delay), KIP-345 (static members keep their place while they are away).
 */
import { assert } from '../../../base/assert.ts'
import { ErrorCode } from '../../../protocol/errors.ts'
import { coordinatorError } from '../../coordinator-error.ts'
import type { GroupContext } from '../context.ts'
import { groupRecord } from '../records.ts'
import { joinError, joined, syncError, synced } from './answers.ts'
import type { ClassicGroup } from './group.ts'
import { type ClassicMember, EMPTY_ASSIGNMENT } from './member.ts'
import { subscribedTopics } from './subscriptions.ts'

/** How long a new member's first JoinGroup may wait; a client that is still there tries again. */
const NEW_MEMBER_JOIN_TIMEOUT_MS = 5 * 60_000

/** Begins a rebalance, or, in one already, ends the join phase if all are there. */
export function rebalanceOrCompleteJoin(
  context: GroupContext,
  group: ClassicGroup,
  reason: string,
  nowMs: number,
): void {
  if (group.state === 'PreparingRebalance') maybeCompleteJoin(context, group, nowMs)
  else prepareRebalance(context, group, reason, nowMs)
}

/** Begins a rebalance: every member has to join again. */
export function prepareRebalance(
  context: GroupContext,
  group: ClassicGroup,
  reason: string,
  nowMs: number,
): void {
  if (group.state === 'CompletingRebalance') {
    failSync(context, group, ErrorCode.REBALANCE_IN_PROGRESS, nowMs)
  }
  cancelSyncTimer(context, group)
  group.pendingSync.clear()
  context.onRebalance({
    groupId: group.groupId,
    generationId: group.generationId,
    reason,
    atMs: nowMs,
  })
  group.isInitialRebalance = group.isEmpty()
  group.newMemberAdded = false
  group.moveTo('PreparingRebalance', nowMs)
  if (group.isInitialRebalance) {
    const delayMs = context.config.initialRebalanceDelayMs
    const remainingMs = Math.max(group.rebalanceTimeoutMs() - delayMs, 0)
    scheduleInitialJoin(context, group, delayMs, remainingMs, nowMs)
  } else if (group.hasAllMembersJoined()) {
    completeJoin(context, group, nowMs)
  } else {
    scheduleJoin(context, group, nowMs)
  }
}

/** Ends the join phase if all are there. The initial rebalance has its own clock. */
export function maybeCompleteJoin(context: GroupContext, group: ClassicGroup, nowMs: number): void {
  if (group.state !== 'PreparingRebalance' || group.isInitialRebalance) return
  if (group.hasAllMembersJoined()) completeJoin(context, group, nowMs)
}

/** The initial delay is over: goes on, or waits again if someone came meanwhile. */
export function completeOrExtendInitialJoin(
  context: GroupContext,
  group: ClassicGroup,
  delayMs: number,
  remainingMs: number,
  nowMs: number,
): void {
  group.joinTimer = null
  if (!group.newMemberAdded || remainingMs === 0) {
    completeJoin(context, group, nowMs)
    return
  }
  group.newMemberAdded = false
  const nextDelayMs = Math.min(context.config.initialRebalanceDelayMs, remainingMs)
  const nextRemainingMs = Math.max(remainingMs - delayMs, 0)
  scheduleInitialJoin(context, group, nextDelayMs, nextRemainingMs, nowMs)
}

/**
 * Ends the join phase. Dynamic members that did not rejoin are out; with the others the next
 * generation starts. If nobody rejoined, it waits for sessions to expire.
 */
export function completeJoin(context: GroupContext, group: ClassicGroup, nowMs: number): void {
  assert(group.state === 'PreparingRebalance', 'only a rebalance can complete its join phase')
  cancelJoinTimer(context, group)
  for (const member of [...group.members.values()]) {
    if (member.awaitingJoin !== null || member.groupInstanceId !== null) continue
    group.remove(member.memberId)
    cancelSession(context, member)
  }
  if (group.members.size === 0) becomeEmpty(context, group, nowMs)
  else if (electJoinedLeader(group)) startGeneration(context, group, nowMs)
  else scheduleJoin(context, group, nowMs)
}

/** A leader has to be there to share the partitions out. False where no member is there. */
function electJoinedLeader(group: ClassicGroup): boolean {
  const leader = group.members.get(group.leaderId ?? '')
  if (leader === undefined) return false
  if (leader.awaitingJoin !== null) return true
  for (const member of group.members.values()) {
    if (member.awaitingJoin === null) continue
    group.leaderId = member.memberId
    return true
  }
  return false
}

function becomeEmpty(context: GroupContext, group: ClassicGroup, nowMs: number): void {
  const record = groupRecord(group.groupId, {
    protocolType: group.protocolType ?? '',
    generation: group.generationId + 1,
    protocol: null,
    leader: null,
    currentStateTimestamp: nowMs,
    members: [],
  })
  const error = context.journal.append([record])
  assert(error !== ErrorCode.MESSAGE_TOO_LARGE, 'the record of an empty group fits in a batch')
}

function startGeneration(context: GroupContext, group: ClassicGroup, nowMs: number): void {
  group.generationId++
  group.protocolName = group.selectProtocol()
  group.topics = subscribedTopics(group)
  group.moveTo('CompletingRebalance', nowMs)
  group.pendingSync.clear()
  for (const member of group.members.values()) {
    const waiter = member.awaitingJoin
    if (waiter !== null) answerJoin(context, group, member, joined(waiter, group, member))
    startSession(context, group, member, member.sessionTimeoutMs, nowMs)
    member.isNew = false
    group.pendingSync.add(member.memberId)
  }
  group.syncTimer = context.timers.add(nowMs + group.rebalanceTimeoutMs(), {
    kind: 'sync',
    group,
    generationId: group.generationId,
  })
}

/** Members that have not asked for their assignment in time are out. */
export function expirePendingSync(
  context: GroupContext,
  group: ClassicGroup,
  generationId: number,
  nowMs: number,
): void {
  group.syncTimer = null
  if (generationId !== group.generationId || group.pendingSync.size === 0) return
  if (group.state !== 'CompletingRebalance' && group.state !== 'Stable') return
  const late = [...group.pendingSync]
  const reason = `${late.join(', ')} did not sync within ${group.rebalanceTimeoutMs()} ms`
  for (const memberId of late) {
    const member = group.members.get(memberId)
    if (member !== undefined) cancelSession(context, member)
    group.remove(memberId)
  }
  prepareRebalance(context, group, reason, nowMs)
}

/** The session of a member, or the wait for a pending member, is over. */
export function expireSession(
  context: GroupContext,
  group: ClassicGroup,
  memberId: string,
  nowMs: number,
): void {
  if (group.pendingJoin.has(memberId)) {
    group.remove(memberId)
    completeJoinOfRest(context, group, nowMs)
    return
  }
  const member = group.members.get(memberId)
  if (member === undefined) return
  member.session = null
  if (member.hasSatisfiedHeartbeat()) return
  const timeoutMs = member.isNew ? NEW_MEMBER_JOIN_TIMEOUT_MS : member.sessionTimeoutMs
  removeMember(context, group, member)
  if (group.state === 'PreparingRebalance') {
    completeJoinOfRest(context, group, nowMs)
  } else {
    const reason = `session of ${memberId} expired after ${timeoutMs} ms`
    rebalanceOrCompleteJoin(context, group, reason, nowMs)
  }
}

/** One that all waited for is gone: unlike a join, this ends an initial rebalance too. */
function completeJoinOfRest(context: GroupContext, group: ClassicGroup, nowMs: number): void {
  if (group.state === 'PreparingRebalance' && group.hasAllMembersJoined()) {
    completeJoin(context, group, nowMs)
  }
}

/** Takes a member out; its request that waits is told to start anew. */
export function removeMember(
  context: GroupContext,
  group: ClassicGroup,
  member: ClassicMember,
): void {
  cancelSession(context, member)
  const waiter = member.awaitingJoin
  if (waiter !== null) {
    const response = joinError(waiter.apiVersion, '', ErrorCode.UNKNOWN_MEMBER_ID)
    answerJoin(context, group, member, response)
  }
  respondSync(context, member, syncError(ErrorCode.UNKNOWN_MEMBER_ID))
  group.remove(member.memberId)
}

/** Gives a member its assignment, if it waits for it. */
export function answerSyncs(context: GroupContext, group: ClassicGroup, nowMs: number): void {
  for (const member of group.members.values()) {
    answerSync(context, group, member, synced(group, member), nowMs)
  }
}

/** Tells all that wait for their assignment that they won't get it, and forgets assignments. */
export function failSync(
  context: GroupContext,
  group: ClassicGroup,
  error: ErrorCode,
  nowMs: number,
): void {
  for (const member of group.members.values()) {
    member.assignment = EMPTY_ASSIGNMENT
    answerSync(context, group, member, syncError(error), nowMs)
  }
}

function answerSync(
  context: GroupContext,
  group: ClassicGroup,
  member: ClassicMember,
  response: ReturnType<typeof synced>,
  nowMs: number,
): void {
  if (!respondSync(context, member, response)) return
  // Its session may have run out unnoticed while it waited.
  startSession(context, group, member, member.sessionTimeoutMs, nowMs)
}

/** Answers a member's SyncGroup, if one waits. */
export function respondSync(
  context: GroupContext,
  member: ClassicMember,
  response: ReturnType<typeof synced>,
): boolean {
  const waiter = member.awaitingSync
  if (waiter === null) return false
  member.awaitingSync = null
  context.journal.respond(waiter.reply, response, (error) => syncError(coordinatorError(error)))
  return true
}

/** Answers a member's JoinGroup that waits. */
export function answerJoin(
  context: GroupContext,
  group: ClassicGroup,
  member: ClassicMember,
  response: ReturnType<typeof joined>,
): void {
  const waiter = member.awaitingJoin
  assert(waiter !== null, 'an answer to a JoinGroup that does not wait')
  member.awaitingJoin = null
  group.awaitingJoinCount--
  context.journal.respond(waiter.reply, response, (error) =>
    joinError(waiter.apiVersion, '', coordinatorError(error)),
  )
}

/** Starts a member's session anew. */
export function startSession(
  context: GroupContext,
  group: ClassicGroup,
  member: ClassicMember,
  timeoutMs: number,
  nowMs: number,
): void {
  const deadlineMs = nowMs + timeoutMs
  if (member.session !== null && context.timers.move(member.session, deadlineMs)) return
  const { memberId } = member
  member.session = context.timers.add(deadlineMs, { kind: 'session', group, memberId })
}

/** Starts the wait for a new member to be answered. */
export function startNewMemberSession(
  context: GroupContext,
  group: ClassicGroup,
  member: ClassicMember,
  nowMs: number,
): void {
  startSession(context, group, member, NEW_MEMBER_JOIN_TIMEOUT_MS, nowMs)
}

export function cancelSession(context: GroupContext, member: ClassicMember): void {
  if (member.session !== null) context.timers.cancel(member.session)
  member.session = null
}

export function cancelSyncTimer(context: GroupContext, group: ClassicGroup): void {
  if (group.syncTimer !== null) context.timers.cancel(group.syncTimer)
  group.syncTimer = null
}

function cancelJoinTimer(context: GroupContext, group: ClassicGroup): void {
  if (group.joinTimer !== null) context.timers.cancel(group.joinTimer)
  group.joinTimer = null
}

function scheduleJoin(context: GroupContext, group: ClassicGroup, nowMs: number): void {
  cancelJoinTimer(context, group)
  const deadlineMs = nowMs + group.rebalanceTimeoutMs()
  group.joinTimer = context.timers.add(deadlineMs, { kind: 'join', group })
}

function scheduleInitialJoin(
  context: GroupContext,
  group: ClassicGroup,
  delayMs: number,
  remainingMs: number,
  nowMs: number,
): void {
  const timer = { kind: 'initial-join', group, delayMs, remainingMs } as const
  group.joinTimer = context.timers.add(nowMs + delayMs, timer)
}
