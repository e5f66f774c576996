/**
 * The offsets of a group at its coordinator: commits, and what was committed.
 *
 * Invariant: requests of one consumer go one after another, so an older commit never overtakes a
 * newer one. What a coordinator that moved or a lost connection leaves open is tried again until
 * the deadline; commits are safe to repeat.
 *
 * Where the broker takes ids (version 10) offsets of a topic that was deleted never become those of
 * another one of its name: the id is that of when the commit was asked for.
 *
 * KIP-320 (leader epochs), KIP-345 (static members), KIP-447 (offsets of open transactions),
 * KIP-848 (member epochs, topic ids).
 */
import { ZERO_UUID } from '../../base/uuid.ts'
import { ErrorCode } from '../../protocol/errors.ts'
import {
  offsetCommitRequest,
  offsetCommitResponse,
} from '../../protocol/messages/08-offset-commit.ts'
import { offsetFetchRequest, offsetFetchResponse } from '../../protocol/messages/09-offset-fetch.ts'
import type { Uuid } from '../../protocol/schema.ts'
import type { Deadline } from '../call.ts'
import type { Cluster } from '../cluster/cluster.ts'
import { diagnosticChannels } from '../diagnostics.ts'
import { KafkaError } from '../kafka-error.ts'
import { Sensor } from '../metrics/sensor.ts'
import { retrying } from '../retry.ts'
import type { TopicPartition } from '../topic.ts'
import type { MemberIdentity, Membership } from './group/membership.ts'
import { topicsOf } from './list-offsets.ts'
import { TopicIds } from './topic-ids.ts'

/** An offset of a group: the next record to read. */
export interface GroupOffset extends TopicPartition {
  readonly offset: number
  /** The epoch of the record before it; -1 where it is not known. */
  readonly leaderEpoch?: number | undefined
  /** A few words of the program's own. */
  readonly metadata?: string | undefined
}

/** An offset as the group has it. */
export interface CommittedOffset extends TopicPartition {
  readonly offset: number
  readonly leaderEpoch: number
  readonly metadata: string
}

const OFFSET_COMMIT = { request: offsetCommitRequest, response: offsetCommitResponse }
const OFFSET_FETCH = { request: offsetFetchRequest, response: offsetFetchResponse }
/** From here on a request names several groups. */
const VERSION_WITH_GROUPS = 8
const VERSION_WITH_MEMBER_EPOCHS = 9

const COORDINATOR_MOVED: ReadonlySet<number> = new Set([
  ErrorCode.NOT_COORDINATOR,
  ErrorCode.COORDINATOR_NOT_AVAILABLE,
  ErrorCode.REQUEST_TIMED_OUT,
])

/** What the membership has to hear of. */
const MEMBER_ERRORS: ReadonlySet<number> = new Set([
  ErrorCode.UNKNOWN_MEMBER_ID,
  ErrorCode.ILLEGAL_GENERATION,
  ErrorCode.FENCED_INSTANCE_ID,
  ErrorCode.FENCED_MEMBER_EPOCH,
  ErrorCode.STALE_MEMBER_EPOCH,
  ErrorCode.REBALANCE_IN_PROGRESS,
])

export class OffsetCommits {
  readonly #cluster: Cluster
  readonly #groupId: string
  readonly #membership: () => Membership | null
  readonly #isReadCommitted: boolean
  #last: Promise<unknown> = Promise.resolve()
  readonly latency = new Sensor()
  /** How long reading what is committed took. */
  fetchTimeTotalMs = 0
  commits = 0
  commitTimeTotalMs = 0
  commitTimeMaxMs = 0

  constructor(
    cluster: Cluster,
    groupId: string,
    membership: () => Membership | null,
    isReadCommitted: boolean,
  ) {
    this.#cluster = cluster
    this.#groupId = groupId
    this.#membership = membership
    this.#isReadCommitted = isReadCommitted
  }

  /** Commits; rejects with the first error there is for one of the partitions. */
  async commit(offsets: readonly GroupOffset[], deadline: Deadline): Promise<void> {
    if (offsets.length === 0) return
    const before = this.#last
    const ids = new TopicIds(this.#cluster.metadata, offsets)
    const committed = (async () => {
      await deadline.race(before)
      const startMs = this.#cluster.clock.monotonicMs()
      try {
        await retrying(this.#cluster, deadline, () => this.#commitOnce(offsets, ids, deadline))
      } catch (error) {
        this.#tell(offsets, startMs, error)
        throw error
      }
      const nowMs = this.#cluster.clock.monotonicMs()
      const tookMs = nowMs - startMs
      this.latency.record(tookMs, nowMs)
      this.#tell(offsets, startMs, null)
      this.commits++
      this.commitTimeTotalMs += tookMs
      this.commitTimeMaxMs = Math.max(this.commitTimeMaxMs, tookMs)
    })()
    this.#last = committed.catch(() => {}) // the caller hears of it
    await committed
  }

  #tell(offsets: readonly GroupOffset[], startMs: number, cause: unknown): void {
    if (!diagnosticChannels.consumerCommit.hasSubscribers) return
    const { clientId, clock } = this.#cluster
    const durationMs = clock.monotonicMs() - startMs
    const error = cause === null ? null : KafkaError.of(cause, 'NETWORK_ERROR', 'commit')
    const groupId = this.#groupId
    diagnosticChannels.consumerCommit.publish({ clientId, groupId, offsets, durationMs, error })
  }

  async #commitOnce(
    offsets: readonly GroupOffset[],
    ids: TopicIds,
    deadline: Deadline,
  ): Promise<void> {
    const groupId = this.#groupId
    const member = this.#identity()
    const topics = topicsOf(offsets).map(([name, ofTopic]) => ({
      name,
      topicId: ids.of(name),
      partitions: ofTopic.map(({ partition, offset, leaderEpoch = -1, metadata = '' }) => ({
        partitionIndex: partition,
        committedOffset: offset,
        committedLeaderEpoch: leaderEpoch,
        committedMetadata: metadata,
      })),
    }))
    const body = {
      groupId,
      generationIdOrMemberEpoch: member.generationOrEpoch,
      memberId: member.memberId,
      groupInstanceId: member.instanceId,
      topics,
    }
    const options = { deadline, ...ids.versions }
    const answer = await this.#atCoordinator(deadline, (coordinator) =>
      this.#cluster.request(coordinator, OFFSET_COMMIT, body, options),
    )
    let problem: KafkaError | null = null
    for (const { name, topicId, partitions } of answer.body.topics) {
      const topic = ids.nameOf(name, topicId)
      for (const { partitionIndex: partition, errorCode } of partitions) {
        if (errorCode === ErrorCode.NONE) continue
        const context = { api: 'OffsetCommit', topic, partition, groupId }
        const error = ids.isGone(topic, errorCode)
          ? topicIsGone(context)
          : this.#failed(errorCode, context, { groupId, ...member })
        // What can't be tried again is what the program has to know.
        if (problem === null || (problem.retriable && !error.retriable)) problem = error
      }
    }
    if (problem !== null) throw problem
  }

  /** What is committed; partitions without an offset are left out. */
  async fetch(
    partitions: readonly TopicPartition[],
    deadline: Deadline,
  ): Promise<CommittedOffset[]> {
    const { clock } = this.#cluster
    const startMs = clock.monotonicMs()
    try {
      return await retrying(this.#cluster, deadline, () => this.fetchOnce(partitions, deadline))
    } finally {
      this.fetchTimeTotalMs += clock.monotonicMs() - startMs
    }
  }

  /** The same in one attempt. */
  async fetchOnce(
    partitions: readonly TopicPartition[],
    deadline: Deadline,
  ): Promise<CommittedOffset[]> {
    const groupId = this.#groupId
    const ids = new TopicIds(this.#cluster.metadata, partitions)
    const asked = topicsOf(partitions).map(([name, ofTopic]) => ({
      name,
      topicId: ids.of(name),
      partitionIndexes: ofTopic.map(({ partition }) => partition),
    }))
    const body = (version: number) => {
      const requireStable = this.#isReadCommitted && version >= 7
      if (version < VERSION_WITH_GROUPS) return { groupId, topics: asked, requireStable }
      const member =
        version < VERSION_WITH_MEMBER_EPOCHS ? null : (this.#membership()?.identity() ?? null)
      const who =
        member === null ? {} : { memberId: member.memberId, memberEpoch: member.generationOrEpoch }
      return { groups: [{ groupId, ...who, topics: asked }], requireStable }
    }
    const options = { deadline, ...ids.versions }
    const { body: answer, version } = await this.#atCoordinator(deadline, (coordinator) =>
      this.#cluster.request(coordinator, OFFSET_FETCH, body, options),
    )
    const group = version < VERSION_WITH_GROUPS ? answer : answer.groups[0]
    const errorCode = group?.errorCode ?? ErrorCode.UNKNOWN_SERVER_ERROR
    if (errorCode !== ErrorCode.NONE) throw this.#failed(errorCode, { api: 'OffsetFetch', groupId })
    const found: CommittedOffset[] = []
    for (const answered of group?.topics ?? []) {
      const id = 'topicId' in answered ? (answered.topicId as Uuid) : ZERO_UUID
      const topic = ids.nameOf(answered.name, id)
      for (const one of answered.partitions) {
        const { partitionIndex: partition, committedOffset, metadata, errorCode } = one
        if (errorCode !== ErrorCode.NONE) {
          throw this.#failed(errorCode, { api: 'OffsetFetch', topic, partition, groupId })
        }
        if (committedOffset < 0) continue
        const leaderEpoch = one.committedLeaderEpoch
        const text = metadata ?? ''
        found.push({ topic, partition, offset: committedOffset, leaderEpoch, metadata: text })
      }
    }
    return found
  }

  #identity() {
    const membership = this.#membership()
    // Without a membership the group is only a place to keep offsets.
    if (membership === null) return { memberId: '', generationOrEpoch: -1, instanceId: null }
    const identity = membership.identity()
    if (identity !== null) return identity
    throw new KafkaError(
      'REBALANCE_IN_PROGRESS',
      `this consumer is no member of group ${this.#groupId} for now: its partitions may be others'`,
      { groupId: this.#groupId },
    )
  }

  async #atCoordinator<A>(deadline: Deadline, ask: (coordinator: number) => Promise<A>) {
    const coordinator = await this.#cluster.coordinator('group', this.#groupId, deadline)
    try {
      return await ask(coordinator)
    } catch (error) {
      if (error instanceof KafkaError && error.retriable) this.#forget()
      throw error
    }
  }

  #failed(errorCode: number, context: object, sentAs?: MemberIdentity): KafkaError {
    if (COORDINATOR_MOVED.has(errorCode)) this.#forget()
    if (errorCode === ErrorCode.UNKNOWN_TOPIC_ID) this.#cluster.metadata.markStale()
    if (MEMBER_ERRORS.has(errorCode)) this.#membership()?.onOffsetError(errorCode, sentAs)
    const error = KafkaError.ofCode(errorCode, null, context)
    if (errorCode !== ErrorCode.STALE_MEMBER_EPOCH) return error
    // The next heartbeat brings the new epoch: then the same commit is right.
    return new KafkaError(error.code, error.message, { ...context, retriable: true })
  }

  #forget(): void {
    this.#cluster.forgetCoordinator('group', this.#groupId)
  }
}

function topicIsGone(context: { readonly topic: string }): KafkaError {
  const text = `topic ${context.topic} was deleted: its offsets mean nothing now`
  return new KafkaError('UNKNOWN_TOPIC_ID', text, { ...context, retriable: false })
}
