/**
 * The groups and offsets of one partition of `__consumer_offsets`: applies records, and does what
 * is due. Requests come through the files of classic/ and the offset files here.
 *
 * Invariant: a group with committed offsets exists; the first commit of a consumer that is no
 * member makes an empty group without a protocol, as Kafka does.
 */
import { unreachable } from '../../base/assert.ts'
import { Deadlines } from '../../base/deadlines.ts'
import type { Random } from '../../io/io.ts'
import type { ErrorCode } from '../../protocol/errors.ts'
import type { Journal } from '../journal.ts'
import type { CoordinatorShard } from '../runtime.ts'
import { joinError, syncError } from './classic/answers.ts'
import { ClassicGroup } from './classic/group.ts'
import {
  completeJoin,
  completeOrExtendInitialJoin,
  expirePendingSync,
  expireSession,
  prepareRebalance,
  startSession,
} from './classic/rebalance.ts'
import type { GroupConfig } from './config.ts'
import type { GroupContext, RebalanceEvent } from './context.ts'
import { expireOffsets } from './expiry.ts'
import type { Group } from './group.ts'
import { CommittedOffset, OffsetStore } from './offset-store.ts'
import type { ClassicGroupRecord, GroupRecord, OffsetRecord } from './records.ts'
import type { GroupTimer } from './timers.ts'

/** What a shard is handed. */
export interface GroupShardOptions {
  readonly config: GroupConfig
  readonly random: Pick<Random, 'bytes'>
  readonly onRebalance: (event: RebalanceEvent) => void
}

export class GroupShard implements CoordinatorShard<GroupRecord>, GroupContext {
  readonly config: GroupConfig
  readonly random: Pick<Random, 'bytes'>
  readonly onRebalance: (event: RebalanceEvent) => void
  readonly journal: Journal<GroupRecord>
  readonly timers = new Deadlines<GroupTimer>()
  readonly groups = new Map<string, Group>()
  readonly offsets = new OffsetStore()
  #isLoaded = false

  constructor(options: GroupShardOptions, journal: Journal<GroupRecord>) {
    this.config = options.config
    this.random = options.random
    this.onRebalance = options.onRebalance
    this.journal = journal
  }

  replay(record: GroupRecord, offset: number, producerId: number): void {
    if (record.type === 'offset') this.#replayOffset(record, offset, producerId)
    else this.#replayGroup(record)
  }

  replayEndTransaction(producerId: number, committed: boolean): void {
    this.offsets.endTransaction(producerId, committed)
  }

  loaded(nowMs: number): void {
    this.#isLoaded = true
    for (const group of this.groups.values()) {
      for (const member of group.members.values()) {
        startSession(this, group, member, member.sessionTimeoutMs, nowMs)
      }
      const { maxGroupSize } = this.config
      if (group.members.size > maxGroupSize) {
        const reason = `${group.members.size} members were loaded, and ${maxGroupSize} may be`
        prepareRebalance(this, group, reason, nowMs)
      }
    }
    this.#scheduleRetention(nowMs)
  }

  unloaded(error: ErrorCode): void {
    for (const group of this.groups.values()) {
      for (const { memberId, awaitingJoin, awaitingSync } of group.members.values()) {
        awaitingJoin?.reply(joinError(awaitingJoin.apiVersion, memberId, error))
        awaitingSync?.reply(syncError(error))
      }
    }
  }

  nextDeadlineMs(): number {
    return this.timers.nextMs()
  }

  expire(nowMs: number): void {
    for (;;) {
      const timer = this.timers.popExpired(nowMs)
      if (timer === undefined) return
      this.#expireTimer(timer, nowMs)
    }
  }

  #expireTimer(timer: GroupTimer, nowMs: number): void {
    if (timer.kind === 'retention') {
      expireOffsets(this, nowMs)
      this.#scheduleRetention(nowMs)
      return
    }
    const { group } = timer
    if (this.groups.get(group.groupId) !== group) return
    switch (timer.kind) {
      case 'session':
        expireSession(this, group, timer.memberId, nowMs)
        break
      case 'join':
        completeJoin(this, group, nowMs)
        break
      case 'initial-join':
        completeOrExtendInitialJoin(this, group, timer.delayMs, timer.remainingMs, nowMs)
        break
      case 'sync':
        expirePendingSync(this, group, timer.generationId, nowMs)
        break
      default:
        unreachable(timer)
    }
  }

  #scheduleRetention(nowMs: number): void {
    const deadlineMs = nowMs + this.config.offsetsRetentionCheckIntervalMs
    this.timers.add(deadlineMs, { kind: 'retention' })
  }

  #replayGroup(record: ClassicGroupRecord): void {
    const { groupId, value } = record
    if (value === null) {
      this.groups.delete(groupId)
      return
    }
    // In the log a record is all there is to know; live, members also wait and like other
    // protocols.
    const live = this.#isLoaded ? this.groups.get(groupId) : undefined
    const group = live ?? new ClassicGroup(groupId)
    this.groups.set(groupId, group)
    group.install(value)
  }

  #replayOffset(record: OffsetRecord, recordOffset: number, producerId: number): void {
    const { groupId, topic, partition, value } = record
    if (value === null) {
      this.offsets.remove(groupId, topic, partition)
      return
    }
    if (!this.groups.has(groupId)) this.groups.set(groupId, new ClassicGroup(groupId))
    const offset = new CommittedOffset(
      value.offset,
      value.leaderEpoch,
      value.metadata,
      value.commitTimestamp,
      value.expireTimestamp,
      value.topicId,
      recordOffset,
    )
    if (producerId === -1) this.offsets.commit(groupId, topic, partition, offset)
    else this.offsets.commitInTransaction(producerId, groupId, topic, partition, offset)
  }
}
