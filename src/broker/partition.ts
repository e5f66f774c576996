/**
 * One partition that this node leads: its log, who waits for its next bytes, and who waits for its
 * high watermark. With one replica the high watermark is what has been written this turn.
 *
 * Invariant: nothing is acknowledged, and nothing shown to a consumer, above the high watermark.
 */
import type { AppendOrigin, AppendResult, UnifiedLog } from '../log/unified-log.ts'
import { ErrorCode } from '../protocol/errors.ts'
import type { Uuid } from '../protocol/schema.ts'
import type { FetchWaiter } from './fetch-purgatory.ts'

/** An append whose answer waits for the high watermark. */
interface AppendWaiter {
  readonly requiredOffset: number
  readonly done: (error: ErrorCode) => void
}

export class Partition {
  readonly topic: string
  readonly topicId: Uuid
  readonly index: number
  readonly log: UnifiedLog
  leaderEpoch: number
  /** Long fetches that wait for bytes of this partition. */
  readonly fetchWaiters = new Set<FetchWaiter>()
  /** Set once its log directory failed or the topic was deleted; answers carry this code. */
  error: ErrorCode = ErrorCode.NONE
  /** True while in the list of logs to be written this turn. */
  dirty = false
  #appendWaiters: AppendWaiter[] = []
  /** Bytes appended and not yet below the high watermark. */
  #uncommittedBytes = 0

  constructor(topic: string, topicId: Uuid, index: number, log: UnifiedLog, leaderEpoch: number) {
    this.topic = topic
    this.topicId = topicId
    this.index = index
    this.log = log
    this.leaderEpoch = leaderEpoch
  }

  /** Begins to lead in its epoch: with one replica everything in the log is committed. */
  lead(): void {
    this.log.assignEpoch(this.leaderEpoch)
    if (!this.dirty) this.commit()
  }

  /** Checks the epoch that a client believes in; -1 means that it does not say (KIP-320). */
  checkLeaderEpoch(currentLeaderEpoch: number): ErrorCode {
    if (this.error !== ErrorCode.NONE) return this.error
    if (currentLeaderEpoch === -1 || currentLeaderEpoch === this.leaderEpoch) return ErrorCode.NONE
    return currentLeaderEpoch < this.leaderEpoch
      ? ErrorCode.FENCED_LEADER_EPOCH
      : ErrorCode.UNKNOWN_LEADER_EPOCH
  }

  /** What `look` finds in the log's files; `failed` where the disk fails over that. */
  lookUp<T>(look: (log: UnifiedLog) => T, failed: () => T): T {
    try {
      return look(this.log)
    } catch (error) {
      // A log that can't be read has told its directory.
      if (this.log.failure === null) throw error
      return failed()
    }
  }

  /** Appends record batches as the leader; visible to consumers once `commit` ran. */
  append(records: Uint8Array, origin: AppendOrigin, nowMs: number): AppendResult {
    const result = this.log.appendAsLeader(records, {
      leaderEpoch: this.leaderEpoch,
      nowMs,
      origin,
    })
    if (result.error === ErrorCode.NONE) this.#uncommittedBytes += records.length
    return result
  }

  /** Calls `done` when everything below `requiredOffset` is committed. */
  whenCommitted(requiredOffset: number, done: (error: ErrorCode) => void): void {
    if (this.log.highWatermark >= requiredOffset) done(ErrorCode.NONE)
    else this.#appendWaiters.push({ requiredOffset, done })
  }

  /** Raises the high watermark to what is written and completes those who waited for it. */
  commit(): void {
    const before = this.log.highWatermark
    this.log.advanceHighWatermark(this.log.logEndOffset)
    if (this.log.highWatermark === before) return
    const bytes = this.#uncommittedBytes
    this.#uncommittedBytes = 0
    for (const waiter of this.fetchWaiters) waiter.arrived(bytes)
    const waiters = this.#appendWaiters
    if (waiters.length === 0) return
    this.#appendWaiters = waiters.filter((waiter) => waiter.requiredOffset > this.log.highWatermark)
    for (const waiter of waiters) {
      if (waiter.requiredOffset <= this.log.highWatermark) waiter.done(ErrorCode.NONE)
    }
  }

  /** Ends the partition's service here: every waiter is told why. */
  fail(error: ErrorCode): void {
    this.error = error
    const waiters = this.#appendWaiters
    this.#appendWaiters = []
    for (const waiter of waiters) waiter.done(error)
    for (const waiter of [...this.fetchWaiters]) waiter.complete()
  }
}
