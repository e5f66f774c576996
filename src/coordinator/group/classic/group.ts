/**
 * A classic group: its state, its members and what they chose. It only keeps the books; who may
 * do what, and when, is in join.ts, sync.ts, heartbeat.ts, leave.ts and rebalance.ts.
 *
 * Two kinds of state live here. Durable is what the last GroupMetadata record says: generation,
 * protocol, leader, members, assignments; `install` alone sets it, live as on a load. Volatile is
 * the rebalance in progress: who joins, who waits, what a new generation will be. A crash forgets
 * it, and the group is then as its last record says. In Stable and Empty both are the same.
 *
 * KIP-345 (static members), KIP-394 (pending members), KIP-211 (expiry of offsets). A group that is
 * not there is reported as Dead, so that no object has that state.
 */
import { assert } from '../../../base/assert.ts'
import type { DeadlineHandle } from '../../../base/deadlines.ts'
import { ErrorCode } from '../../../protocol/errors.ts'
import type { GroupMetadataValue } from '../../../protocol/persisted/group-records.ts'
import type { AnyGroup, Committer } from '../group.ts'
import type { GroupTimer } from '../timers.ts'
import { ClassicMember, type MemberProtocol } from './member.ts'
import { CONSUMER_PROTOCOL_TYPE, subscribedTopics } from './subscriptions.ts'

export type ClassicGroupState = 'Empty' | 'PreparingRebalance' | 'CompletingRebalance' | 'Stable'

const PREVIOUS_STATES: Record<ClassicGroupState, readonly ClassicGroupState[]> = {
  Empty: ['PreparingRebalance'],
  PreparingRebalance: ['Stable', 'CompletingRebalance', 'Empty'],
  CompletingRebalance: ['PreparingRebalance'],
  Stable: ['CompletingRebalance'],
}

export class ClassicGroup implements AnyGroup {
  readonly type = 'classic'
  readonly groupId: string
  state: ClassicGroupState = 'Empty'
  /** When it came to its state; -1 where an old record did not say. */
  stateTimestampMs = -1
  generationId = 0
  protocolType: string | null = null
  protocolName: string | null = null
  leaderId: string | null = null
  /** In the order in which they came. */
  readonly members = new Map<string, ClassicMember>()
  /** Topics that members read; null where that can't be known. */
  topics: ReadonlySet<string> | null = null

  /** In PreparingRebalance: the group was empty before, so that it waits for more to come. */
  isInitialRebalance = false
  /** A member came during the initial rebalance: the delay is extended. */
  newMemberAdded = false
  /** Member ids given out and not come back yet (KIP-394), with the time they have. */
  readonly pendingJoin = new Map<string, DeadlineHandle<GroupTimer>>()
  /** Members that have not asked for their assignment yet. */
  readonly pendingSync = new Set<string>()
  /** Members whose JoinGroup waits. */
  awaitingJoinCount = 0
  joinTimer: DeadlineHandle<GroupTimer> | null = null
  syncTimer: DeadlineHandle<GroupTimer> | null = null
  readonly #memberByInstance = new Map<string, string>()
  /** How many members support a protocol. */
  readonly #supporters = new Map<string, number>()

  constructor(groupId: string) {
    this.groupId = groupId
  }

  /** Takes over what a record says; members that were there keep what they wait for. */
  install(record: GroupMetadataValue): void {
    const before = new Map(this.members)
    this.members.clear()
    this.#memberByInstance.clear()
    this.#supporters.clear()
    for (const value of record.members) {
      const member = before.get(value.memberId) ?? memberOf(value, record.protocol ?? '')
      member.assignment = value.assignment
      this.members.set(member.memberId, member)
      if (member.groupInstanceId !== null) {
        this.#memberByInstance.set(member.groupInstanceId, member.memberId)
      }
      this.#countProtocols(member, 1)
    }
    this.generationId = record.generation
    this.protocolType = record.protocolType === '' ? null : record.protocolType
    this.protocolName = record.protocol
    this.leaderId = record.leader
    this.state = this.members.size === 0 ? 'Empty' : 'Stable'
    this.stateTimestampMs = record.currentStateTimestamp
    this.topics = subscribedTopics(this)
  }

  moveTo(state: ClassicGroupState, nowMs: number): void {
    assert(PREVIOUS_STATES[state].includes(this.state), 'a group skips no state')
    this.state = state
    this.stateTimestampMs = nowMs
  }

  isEmpty(): boolean {
    return this.state === 'Empty'
  }

  isLeader(memberId: string): boolean {
    return this.leaderId === memberId
  }

  staticMemberId(groupInstanceId: string): string | null {
    return this.#memberByInstance.get(groupInstanceId) ?? null
  }

  /** Longest that any member may take to rejoin. */
  rebalanceTimeoutMs(): number {
    let longest = 0
    for (const member of this.members.values()) {
      longest = Math.max(longest, member.rebalanceTimeoutMs)
    }
    return longest
  }

  hasAllMembersJoined(): boolean {
    return this.members.size === this.awaitingJoinCount && this.pendingJoin.size === 0
  }

  add(member: ClassicMember, protocolType: string): void {
    if (this.members.size === 0) this.protocolType = protocolType
    assert(this.protocolType === protocolType, 'members are of one protocol type')
    if (member.groupInstanceId !== null) {
      assert(!this.#memberByInstance.has(member.groupInstanceId), 'an instance id is one member')
      this.#memberByInstance.set(member.groupInstanceId, member.memberId)
    }
    this.leaderId ??= member.memberId
    this.members.set(member.memberId, member)
    this.#countProtocols(member, 1)
    if (member.awaitingJoin !== null) this.awaitingJoinCount++
    this.pendingJoin.delete(member.memberId)
  }

  /** Removes a member or a pending member; nothing happens where there is neither. */
  remove(memberId: string): void {
    const member = this.members.get(memberId)
    if (member !== undefined) {
      this.members.delete(memberId)
      this.#countProtocols(member, -1)
      if (member.awaitingJoin !== null) this.awaitingJoinCount--
      if (member.groupInstanceId !== null) this.#memberByInstance.delete(member.groupInstanceId)
    }
    if (this.isLeader(memberId)) this.leaderId = this.members.keys().next().value ?? null
    this.pendingJoin.delete(memberId)
    this.pendingSync.delete(memberId)
  }

  /** Puts a member that says the same under a new id in the place of an old one (KIP-345). */
  replace(oldMember: ClassicMember, newMember: ClassicMember): void {
    const { groupInstanceId } = oldMember
    assert(groupInstanceId !== null, 'only a static member is replaced')
    assert(oldMember.awaitingJoin === null, 'a member that waits is answered before')
    const members = [...this.members.values()]
    this.members.clear()
    for (const member of members) {
      const kept = member === oldMember ? newMember : member
      this.members.set(kept.memberId, kept)
    }
    this.#memberByInstance.set(groupInstanceId, newMember.memberId)
    if (this.isLeader(oldMember.memberId)) this.leaderId = newMember.memberId
  }

  /** Takes what a member says as it joins again. */
  update(
    member: ClassicMember,
    protocols: readonly MemberProtocol[],
    rebalanceTimeoutMs: number,
    sessionTimeoutMs: number,
  ): void {
    this.#countProtocols(member, -1)
    member.protocols = protocols
    this.#countProtocols(member, 1)
    member.rebalanceTimeoutMs = rebalanceTimeoutMs
    member.sessionTimeoutMs = sessionTimeoutMs
  }

  /** Checks that a member is who it says. */
  validateMember(memberId: string, groupInstanceId: string | null): ErrorCode {
    if (groupInstanceId !== null) {
      const known = this.staticMemberId(groupInstanceId)
      if (known === null) return ErrorCode.UNKNOWN_MEMBER_ID
      if (known !== memberId) return ErrorCode.FENCED_INSTANCE_ID
    }
    return this.members.has(memberId) ? ErrorCode.NONE : ErrorCode.UNKNOWN_MEMBER_ID
  }

  /** Whether someone of this type, with these protocols, can be a member. */
  supports(protocolType: string, protocols: readonly MemberProtocol[]): boolean {
    if (this.isEmpty()) return protocolType !== '' && protocols.length > 0
    if (this.protocolType !== protocolType) return false
    return protocols.some(
      (protocol) => (this.#supporters.get(protocol.name) ?? 0) === this.members.size,
    )
  }

  /** The protocol that most members like best among those that all support. */
  selectProtocol(): string {
    const candidates = new Set<string>()
    for (const [name, supporters] of this.#supporters) {
      if (supporters === this.members.size) candidates.add(name)
    }
    const votes = new Map<string, number>()
    for (const member of this.members.values()) {
      const vote = member.vote(candidates)
      assert(vote !== null, 'members of one group share a protocol')
      votes.set(vote, (votes.get(vote) ?? 0) + 1)
    }
    let selected = ''
    let most = 0
    for (const [name, count] of votes) {
      if (count > most) [selected, most] = [name, count]
    }
    assert(most > 0, 'a group without members has no protocol')
    return selected
  }

  validateOffsetCommit(committer: Committer, isTransactional: boolean): ErrorCode {
    const { memberId, groupInstanceId, generationIdOrMemberEpoch: generationId } = committer
    // Admin tools and consumers that assign partitions themselves say nothing of membership.
    if (generationId < 0 && this.isEmpty()) return ErrorCode.NONE
    if (generationId >= 0 || memberId !== '' || groupInstanceId !== null) {
      const error = this.validateMember(memberId, groupInstanceId)
      if (error !== ErrorCode.NONE) return error
      if (generationId !== this.generationId) return ErrorCode.ILLEGAL_GENERATION
    } else if (!isTransactional && !this.isEmpty()) {
      return ErrorCode.UNKNOWN_MEMBER_ID
    }
    if (!isTransactional && this.state === 'CompletingRebalance') {
      return ErrorCode.REBALANCE_IN_PROGRESS
    }
    return ErrorCode.NONE
  }

  validateOffsetDelete(): ErrorCode {
    // Of a consumer group in use, offsets of topics that nobody reads may go; see isSubscribedTo.
    if (this.isEmpty() || this.protocolType === CONSUMER_PROTOCOL_TYPE) return ErrorCode.NONE
    return ErrorCode.NON_EMPTY_GROUP
  }

  validateDelete(): ErrorCode {
    return this.isEmpty() ? ErrorCode.NONE : ErrorCode.NON_EMPTY_GROUP
  }

  isSubscribedTo(topic: string): boolean {
    if (this.topics !== null) return this.topics.has(topic)
    return this.protocolType === CONSUMER_PROTOCOL_TYPE
  }

  offsetRetentionStartMs(commitTimestampMs: number): number | null {
    if (this.protocolType === null) return commitTimestampMs
    if (this.isEmpty()) {
      return this.stateTimestampMs === -1 ? commitTimestampMs : this.stateTimestampMs
    }
    const knowsTopics = this.protocolType === CONSUMER_PROTOCOL_TYPE && this.topics !== null
    return knowsTopics && this.state === 'Stable' ? commitTimestampMs : null
  }

  #countProtocols(member: ClassicMember, by: number): void {
    for (const { name } of member.protocols) {
      const count = (this.#supporters.get(name) ?? 0) + by
      if (count === 0) this.#supporters.delete(name)
      else this.#supporters.set(name, count)
    }
  }
}

function memberOf(
  value: GroupMetadataValue['members'][number],
  protocolName: string,
): ClassicMember {
  return new ClassicMember({
    memberId: value.memberId,
    groupInstanceId: value.groupInstanceId,
    clientId: value.clientId,
    clientHost: value.clientHost,
    rebalanceTimeoutMs:
      value.rebalanceTimeout === -1 ? value.sessionTimeout : value.rebalanceTimeout,
    sessionTimeoutMs: value.sessionTimeout,
    protocols: [{ name: protocolName, metadata: value.subscription }],
    assignment: value.assignment,
  })
}
