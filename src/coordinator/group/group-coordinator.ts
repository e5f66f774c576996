/**
 * The group coordinator as the broker's handlers see it: one method for each API. It checks what
 * Kafka checks before looking at a group, finds the shard, and gives the answer in the shape of the
 * version that was asked in. Answers come by callback, now or once their records are committed.
 *
 * APIs: OffsetCommit 8, OffsetFetch 9, JoinGroup 11, Heartbeat 12, LeaveGroup 13, SyncGroup 14,
 * DescribeGroups 15, ListGroups 16, DeleteGroups 42, OffsetDelete 47. Groups are of the classic
 * kind.
 */
import { coordinatorPartition } from '../../base/java-hash.ts'
import type { Random } from '../../io/io.ts'
import { ErrorCode } from '../../protocol/errors.ts'
import type {
  OffsetCommitRequest,
  OffsetCommitResponse,
} from '../../protocol/messages/08-offset-commit.ts'
import type {
  OffsetFetchRequest,
  OffsetFetchResponse,
} from '../../protocol/messages/09-offset-fetch.ts'
import type { JoinGroupRequest, JoinGroupResponse } from '../../protocol/messages/11-join-group.ts'
import type { HeartbeatRequest, HeartbeatResponse } from '../../protocol/messages/12-heartbeat.ts'
import type {
  LeaveGroupRequest,
  LeaveGroupResponse,
} from '../../protocol/messages/13-leave-group.ts'
import type { SyncGroupRequest, SyncGroupResponse } from '../../protocol/messages/14-sync-group.ts'
import type {
  DescribeGroupsRequest,
  DescribeGroupsResponse,
} from '../../protocol/messages/15-describe-groups.ts'
import type {
  ListGroupsRequest,
  ListGroupsResponse,
} from '../../protocol/messages/16-list-groups.ts'
import type {
  DeleteGroupsRequest,
  DeleteGroupsResponse,
} from '../../protocol/messages/42-delete-groups.ts'
import type {
  OffsetDeleteRequest,
  OffsetDeleteResponse,
} from '../../protocol/messages/47-offset-delete.ts'
import { coordinatorError } from '../coordinator-error.ts'
import type { LoadResult } from '../loader.ts'
import { type CoordinatorLog, CoordinatorRuntime } from '../runtime.ts'
import {
  type DeletedGroup,
  type DescribedGroup,
  deleteGroups,
  describeError,
  describeGroup,
  type ListedGroup,
  listGroups,
} from './admin.ts'
import { joinError, syncError } from './classic/answers.ts'
import { heartbeat } from './classic/heartbeat.ts'
import { joinGroup } from './classic/join.ts'
import { type Leaver, leaveGroup } from './classic/leave.ts'
import { syncGroup } from './classic/sync.ts'
import type { GroupConfig } from './config.ts'
import type { RebalanceEvent, RequestOrigin, TopicLookup } from './context.ts'
import { type DeletedTopic, removeOffsetsOfTopics } from './expiry.ts'
import {
  commitError,
  deleteError,
  type FetchedGroup,
  fetchError,
  fetchResponse,
  type GroupToFetch,
  groupsToFetch,
  mergeResults,
  resolveCommit,
  resolveDelete,
  resolveFetch,
  withTopicIds,
} from './offset-requests.ts'
import { commitOffsets, deleteOffsets, fetchAllOffsets, fetchOffsets } from './offsets.ts'
import { type GroupRecord, groupRecordCodec } from './records.ts'
import { GroupShard } from './shard.ts'

export interface GroupCoordinatorOptions {
  /** Partitions of `__consumer_offsets`. */
  readonly partitionCount: number
  readonly config: GroupConfig
  readonly topics: TopicLookup
  readonly random: Pick<Random, 'bytes'>
  readonly log: CoordinatorLog
  /** Told whenever a group begins a rebalance, and why. */
  readonly onRebalance?: (event: RebalanceEvent) => void
}

type Reply<Response> = (response: Response) => void

export class GroupCoordinator {
  readonly #partitionCount: number
  readonly #config: GroupConfig
  readonly #topics: TopicLookup
  readonly #runtime: CoordinatorRuntime<GroupRecord, GroupShard>

  constructor(options: GroupCoordinatorOptions) {
    const { config, random, log, onRebalance = () => {} } = options
    this.#partitionCount = options.partitionCount
    this.#config = config
    this.#topics = options.topics
    this.#runtime = new CoordinatorRuntime({
      log,
      codec: groupRecordCodec,
      createShard: (journal) => new GroupShard({ config, random, onRebalance }, journal),
      commitTimeoutMs: () => config.commitTimeoutMs,
      compression: () => config.offsetsTopicCompression,
    })
  }

  /** The partition of `__consumer_offsets` whose leader coordinates a group. */
  partitionFor(groupId: string): number {
    return coordinatorPartition(groupId, this.#partitionCount)
  }

  /** Loads a partition that this node now leads, from all batches of its log. */
  load(
    partition: number,
    leaderEpoch: number,
    batches: Iterable<Uint8Array>,
    nowMs: number,
  ): LoadResult {
    this.#runtime.beginLoad(partition, leaderEpoch)
    for (const bytes of batches) this.#runtime.loadBatches(partition, bytes)
    return this.#runtime.finishLoad(partition, nowMs)
  }

  /** `load` in steps, for a log that is read asynchronously; see CoordinatorRuntime. */
  beginLoad(partition: number, leaderEpoch: number): void {
    this.#runtime.beginLoad(partition, leaderEpoch)
  }

  loadBatches(partition: number, bytes: Uint8Array): void {
    this.#runtime.loadBatches(partition, bytes)
  }

  finishLoad(
    partition: number,
    nowMs: number,
    options?: { readonly endOffset?: number; readonly highWatermark?: number },
  ): LoadResult {
    return this.#runtime.finishLoad(partition, nowMs, options)
  }

  /** Forgets a partition that this node leads no more; who waits is sent to the new coordinator. */
  unload(partition: number): void {
    this.#runtime.unload(partition)
  }

  /** Everything below `offset` of the partition is committed. */
  onHighWatermark(partition: number, offset: number): void {
    this.#runtime.onHighWatermark(partition, offset)
  }

  /** Hands what was written since the last call to the log: once per turn. */
  flush(nowMs: number): void {
    this.#runtime.flush(nowMs)
  }

  nextDeadlineMs(): number {
    return this.#runtime.nextDeadlineMs()
  }

  /** Runs what is due. What that wrote has then been handed to the log. */
  expire(nowMs: number): void {
    this.#runtime.expire(nowMs)
  }

  joinGroup(
    origin: RequestOrigin,
    request: JoinGroupRequest,
    nowMs: number,
    reply: Reply<JoinGroupResponse>,
  ): void {
    const { groupId, memberId, sessionTimeoutMs } = request
    const { apiVersion } = origin
    const { minSessionTimeoutMs, maxSessionTimeoutMs } = this.#config
    if (groupId === '') {
      reply(joinError(apiVersion, memberId, ErrorCode.INVALID_GROUP_ID))
    } else if (sessionTimeoutMs < minSessionTimeoutMs || sessionTimeoutMs > maxSessionTimeoutMs) {
      reply(joinError(apiVersion, memberId, ErrorCode.INVALID_SESSION_TIMEOUT))
    } else {
      const error = this.#run(groupId, nowMs, (shard) =>
        joinGroup(shard, origin, request, nowMs, reply),
      )
      if (error !== ErrorCode.NONE) reply(joinError(apiVersion, '', error))
    }
  }

  syncGroup(
    origin: RequestOrigin,
    request: SyncGroupRequest,
    nowMs: number,
    reply: Reply<SyncGroupResponse>,
  ): void {
    const { groupId, protocolType, protocolName } = request
    if (origin.apiVersion >= 5 && (protocolType === null || protocolName === null)) {
      reply(syncError(ErrorCode.INCONSISTENT_GROUP_PROTOCOL))
    } else if (groupId === '') {
      reply(syncError(ErrorCode.INVALID_GROUP_ID))
    } else {
      const error = this.#run(groupId, nowMs, (shard) =>
        syncGroup(shard, origin, request, nowMs, reply),
      )
      if (error !== ErrorCode.NONE) reply(syncError(error))
    }
  }

  heartbeat(
    _origin: RequestOrigin,
    request: HeartbeatRequest,
    nowMs: number,
    reply: Reply<HeartbeatResponse>,
  ): void {
    const { groupId } = request
    if (groupId === '') {
      reply({ errorCode: ErrorCode.INVALID_GROUP_ID })
      return
    }
    const error = this.#run(groupId, nowMs, (shard) => {
      const errorCode = heartbeat(shard, request, nowMs)
      shard.journal.respond(reply, { errorCode }, (failure) => ({
        errorCode: coordinatorError(failure),
      }))
    })
    // Members are not to rebalance only because their group is being loaded.
    const isLoading = error === ErrorCode.COORDINATOR_LOAD_IN_PROGRESS
    if (error !== ErrorCode.NONE) reply({ errorCode: isLoading ? ErrorCode.NONE : error })
  }

  leaveGroup(
    origin: RequestOrigin,
    request: LeaveGroupRequest,
    nowMs: number,
    reply: Reply<LeaveGroupResponse>,
  ): void {
    const { groupId } = request
    if (groupId === '') {
      reply({ errorCode: ErrorCode.INVALID_GROUP_ID, members: [] })
      return
    }
    const isBatch = origin.apiVersion >= 3
    const leavers: readonly Leaver[] = isBatch
      ? request.members
      : [{ memberId: request.memberId, groupInstanceId: null, reason: null }]
    const error = this.#run(groupId, nowMs, (shard) => {
      const members =
        leaveGroup(shard, groupId, leavers, nowMs) ??
        leavers.map(({ memberId, groupInstanceId }) => ({
          memberId,
          groupInstanceId,
          errorCode: ErrorCode.UNKNOWN_MEMBER_ID,
        }))
      const response = isBatch
        ? { errorCode: ErrorCode.NONE, members }
        : { errorCode: members[0]!.errorCode, members: [] }
      shard.journal.respond<LeaveGroupResponse>(reply, response, (failure) => ({
        errorCode: coordinatorError(failure),
        members: [],
      }))
    })
    if (error !== ErrorCode.NONE) reply({ errorCode: error, members: [] })
  }

  offsetCommit(
    origin: RequestOrigin,
    request: OffsetCommitRequest,
    nowMs: number,
    reply: Reply<OffsetCommitResponse>,
  ): void {
    const { apiVersion } = origin
    const { topics, refused } = resolveCommit(this.#topics, request, apiVersion)
    if (topics.length === 0) {
      reply({ topics: [...refused.values()] })
      return
    }
    const failed = (error: ErrorCode) => commitError(topics, refused, coordinatorError(error))
    const { groupId, memberId, groupInstanceId, retentionTimeMs } = request
    const { generationIdOrMemberEpoch } = request
    const error = this.#run(groupId, nowMs, (shard) => {
      const result = commitOffsets(
        shard,
        {
          groupId,
          memberId,
          groupInstanceId,
          generationIdOrMemberEpoch,
          retentionTimeMs,
          topics,
          apiVersion,
        },
        nowMs,
      )
      const response =
        typeof result === 'number' ? failed(result) : { topics: mergeResults(refused, result) }
      shard.journal.respond(reply, response, failed)
    })
    if (error !== ErrorCode.NONE) reply(failed(error))
  }

  offsetFetch(
    origin: RequestOrigin,
    request: OffsetFetchRequest,
    nowMs: number,
    reply: Reply<OffsetFetchResponse>,
  ): void {
    const { apiVersion } = origin
    const groups = groupsToFetch(request, apiVersion)
    gather<FetchedGroup>(
      groups.map((group) => (done) => {
        this.#fetchGroup(group, request.requireStable, apiVersion, nowMs, done)
      }),
      (fetched) => reply(fetchResponse(fetched, apiVersion)),
    )
  }

  offsetDelete(
    _origin: RequestOrigin,
    request: OffsetDeleteRequest,
    nowMs: number,
    reply: Reply<OffsetDeleteResponse>,
  ): void {
    const { groupId } = request
    if (groupId === '') {
      reply(deleteError(ErrorCode.INVALID_GROUP_ID))
      return
    }
    const { topics, refused } = resolveDelete(this.#topics, request)
    const failed = (error: ErrorCode) => deleteError(coordinatorError(error))
    const error = this.#run(groupId, nowMs, (shard) => {
      const result = deleteOffsets(shard, groupId, topics)
      const response: OffsetDeleteResponse =
        typeof result === 'number'
          ? failed(result)
          : { errorCode: ErrorCode.NONE, topics: mergeResults(refused, result) }
      shard.journal.respond(reply, response, failed)
    })
    if (error !== ErrorCode.NONE) reply(failed(error))
  }

  describeGroups(
    origin: RequestOrigin,
    request: DescribeGroupsRequest,
    nowMs: number,
    reply: Reply<DescribeGroupsResponse>,
  ): void {
    gather<DescribedGroup>(
      request.groups.map((groupId) => (done) => {
        const failed = (error: ErrorCode) => describeError(groupId, coordinatorError(error))
        const error = this.#run(groupId, nowMs, (shard) => {
          const described = describeGroup(shard, groupId, origin.apiVersion)
          shard.journal.respond(done, described, failed)
        })
        if (error !== ErrorCode.NONE) done(failed(error))
      }),
      (groups) => reply({ groups }),
    )
  }

  listGroups(
    _origin: RequestOrigin,
    request: ListGroupsRequest,
    nowMs: number,
    reply: Reply<ListGroupsResponse>,
  ): void {
    const filter = {
      states: new Set(request.statesFilter.map((state) => state.toLowerCase().trim())),
      types: new Set(request.typesFilter.map((type) => type.toLowerCase())),
    }
    gather<ListedGroup[] | ErrorCode>(
      Array.from(this.#runtime.partitions(), (partition) => (done) => {
        const error = this.#runtime.run(partition, nowMs, (shard) => {
          const listed: ListedGroup[] | ErrorCode = listGroups(shard, filter)
          shard.journal.respond<ListedGroup[] | ErrorCode>(done, listed, coordinatorError)
        })
        if (error !== ErrorCode.NONE) done(error)
      }),
      (parts) => {
        const groups: ListedGroup[] = []
        for (const part of parts) {
          if (typeof part !== 'number') groups.push(...part)
          // The groups of a partition that went elsewhere are listed there.
          else if (part !== ErrorCode.NOT_COORDINATOR) {
            reply({ errorCode: part, groups: [] })
            return
          }
        }
        reply({ errorCode: ErrorCode.NONE, groups })
      },
    )
  }

  deleteGroups(
    _origin: RequestOrigin,
    request: DeleteGroupsRequest,
    nowMs: number,
    reply: Reply<DeleteGroupsResponse>,
  ): void {
    const byPartition = Map.groupBy(new Set(request.groupsNames), (groupId) =>
      this.partitionFor(groupId),
    )
    gather<readonly DeletedGroup[]>(
      Array.from(byPartition, ([partition, groupIds]) => (done) => {
        const failed = (error: ErrorCode) => {
          const errorCode = coordinatorError(error)
          return groupIds.map((groupId) => ({ groupId, errorCode }))
        }
        const error = this.#runtime.run(partition, nowMs, (shard) => {
          const result = deleteGroups(shard, groupIds)
          const results = typeof result === 'number' ? failed(result) : result
          shard.journal.respond<readonly DeletedGroup[]>(done, results, failed)
        })
        if (error !== ErrorCode.NONE) done(failed(error))
      }),
      (parts) => reply({ results: parts.flat() }),
    )
  }

  /** Forgets the offsets of topics that are gone. */
  onTopicsDeleted(deleted: readonly DeletedTopic[], nowMs: number): void {
    for (const partition of [...this.#runtime.partitions()]) {
      this.#runtime.run(partition, nowMs, (shard) => removeOffsetsOfTopics(shard, deleted))
    }
  }

  #run(groupId: string, nowMs: number, operation: (shard: GroupShard) => void): ErrorCode {
    return this.#runtime.run(this.partitionFor(groupId), nowMs, operation)
  }

  #fetchGroup(
    group: GroupToFetch,
    requireStable: boolean,
    apiVersion: number,
    nowMs: number,
    done: Reply<FetchedGroup>,
  ): void {
    const { groupId } = group
    const lookup = this.#topics
    const failed = (error: ErrorCode) => {
      const known = coordinatorError(error)
      // Consumers before 3.9 don't know what to do about COORDINATOR_NOT_AVAILABLE here.
      const isAway = known === ErrorCode.COORDINATOR_NOT_AVAILABLE
      return fetchError(group, isAway ? ErrorCode.NOT_COORDINATOR : known, apiVersion)
    }
    const error = this.#run(groupId, nowMs, (shard) => {
      let topics: FetchedGroup['topics']
      if (group.topics === null) {
        const all = fetchAllOffsets(shard, groupId, requireStable)
        topics = withTopicIds(lookup, all, apiVersion)
      } else {
        const resolved = resolveFetch(lookup, group.topics, apiVersion)
        topics = fetchOffsets(shard, groupId, resolved.topics, requireStable)
        topics.push(...resolved.refused)
      }
      const fetched = { groupId, topics, errorCode: ErrorCode.NONE }
      shard.journal.respond<FetchedGroup>(done, fetched, failed)
    })
    if (error !== ErrorCode.NONE) done(failed(error))
  }
}

/** Runs parts that answer in any order, and gives their answers in theirs once all are there. */
function gather<Part>(
  parts: readonly ((done: (part: Part) => void) => void)[],
  complete: (parts: Part[]) => void,
): void {
  const answers = new Array<Part>(parts.length)
  let remaining = parts.length
  if (remaining === 0) complete(answers)
  parts.forEach((part, index) => {
    part((answer) => {
      answers[index] = answer
      if (--remaining === 0) complete(answers)
    })
  })
}
