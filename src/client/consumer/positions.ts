/**
 * Finds out where to go on for partitions that do not know: the group's offset, an end of the log,
 * a time; and, after a change of leader, whether the log still is what it was.
 *
 * Invariant: an answer counts only while the partition is where it was when the question was asked
 * (`epoch`): a seek of the program is never undone by an answer that comes late.
 *
 * KIP-320 (truncation), KIP-1106 (reset by duration).
 */
import { ErrorCode } from '../../protocol/errors.ts'
import { Deadline } from '../call.ts'
import type { Cluster } from '../cluster/cluster.ts'
import { KafkaError } from '../kafka-error.ts'
import { backoffMs } from '../retry.ts'
import type { AssignedPartition } from './assigned-partition.ts'
import {
  EARLIEST,
  type EpochEnd,
  epochEnds,
  type FoundOffset,
  LATEST,
  listOffsets,
} from './list-offsets.ts'
import type { OffsetCommits } from './offset-commits.ts'
import type { AutoOffsetReset, ConsumerSettings } from './options.ts'

/** What the positions tell of. */
export interface PositionListener {
  /** It knows where to go on, or to look; bytes that were thrown away are to be released. */
  onPositioned(partition: AssignedPartition, droppedBytes: number): void
  onFailed(partition: AssignedPartition, error: KafkaError): void
}

/** Errors of a question that go by when the metadata are fresh. */
const PASSING: ReadonlySet<number> = new Set([
  ErrorCode.UNKNOWN_TOPIC_OR_PARTITION,
  ErrorCode.UNKNOWN_LEADER_EPOCH,
  ErrorCode.FENCED_LEADER_EPOCH,
])

export class Positions {
  readonly #cluster: Cluster
  readonly #settings: ConsumerSettings
  readonly #partitions: ReadonlyMap<string, AssignedPartition>
  readonly #commits: OffsetCommits | null
  readonly #listener: PositionListener
  readonly #closing = new AbortController()
  #isRunning = false
  #isWanted = false
  #cancelRetry: (() => void) | null = null

  constructor(
    cluster: Cluster,
    settings: ConsumerSettings,
    partitions: ReadonlyMap<string, AssignedPartition>,
    commits: OffsetCommits | null,
    listener: PositionListener,
  ) {
    this.#cluster = cluster
    this.#settings = settings
    this.#partitions = partitions
    this.#commits = commits
    this.#listener = listener
  }

  /** Looks for what needs to be found out, now or as soon as what is asked already is answered. */
  kick(): void {
    this.#isWanted = true
    if (!this.#isRunning && !this.#closing.signal.aborted) void this.#run()
  }

  close(): void {
    this.#closing.abort()
    this.#cancelRetry?.()
  }

  async #run(): Promise<void> {
    this.#isRunning = true
    while (this.#isWanted && !this.#closing.signal.aborted) {
      this.#isWanted = false
      await Promise.all([this.#findCommitted(), this.#findOffsets(), this.#validate()])
    }
    this.#isRunning = false
    this.#scheduleRetry()
  }

  #due(phase: AssignedPartition['phase']): AssignedPartition[] {
    const nowMs = this.#cluster.clock.monotonicMs()
    return [...this.#partitions.values()].filter(
      (partition) =>
        partition.phase === phase &&
        partition.retryAtMs <= nowMs &&
        partition.failure === null &&
        (!partition.isStarting || partition.isSought) &&
        !partition.isEnding,
    )
  }

  #scheduleRetry(): void {
    this.#cancelRetry?.()
    this.#cancelRetry = null
    let atMs = Infinity
    for (const partition of this.#partitions.values()) {
      const { phase, retryAtMs, failure, isStarting, isSought } = partition
      const isWaiting = isStarting && !isSought
      if (phase !== 'active' && failure === null && !isWaiting) atMs = Math.min(atMs, retryAtMs)
    }
    if (atMs === Infinity || this.#closing.signal.aborted) return
    const { clock } = this.#cluster
    this.#cancelRetry = clock.after(Math.max(1, atMs - clock.monotonicMs()), () => this.kick())
  }

  #deadline(what: string): Deadline {
    const { clock, requestTimeoutMs } = this.#cluster
    return new Deadline(clock, what, requestTimeoutMs, { signal: this.#closing.signal })
  }

  async #findCommitted(): Promise<void> {
    const asked = this.#due('committed')
    if (asked.length === 0) return
    const epochs = asked.map(({ epoch }) => epoch)
    const current = (at: number) => this.#isCurrent(asked[at]!, epochs[at]!)
    try {
      const commits = this.#commits
      const found =
        commits === null
          ? []
          : await commits.fetchOnce(asked, this.#deadline('read committed offsets'))
      const byName = new Map(found.map((one) => [`${one.topic}/${one.partition}`, one]))
      asked.forEach((partition, at) => {
        if (!current(at)) return
        const offset = byName.get(partition.key)
        if (offset === undefined) {
          this.reset(partition)
          return
        }
        partition.committed = offset.offset
        this.#moveTo(partition, offset.offset, offset.leaderEpoch)
        // The leader may have changed since the commit.
        if (offset.leaderEpoch >= 0) partition.enter('validate', this.#cluster.clock.monotonicMs())
      })
      this.#isWanted = true
    } catch (error) {
      const problem = KafkaError.of(error, 'NETWORK_ERROR', 'read committed offsets')
      asked.forEach((partition, at) => {
        if (current(at)) this.#failed(partition, problem)
      })
    }
  }

  /** Looks for an offset by `autoOffsetReset`; without one, says that there is none. */
  reset(partition: AssignedPartition): void {
    const { autoOffsetReset } = this.#settings
    if (autoOffsetReset === 'none') {
      const { topic, partition: index } = partition
      const text = `${partition.name} has no committed offset, and autoOffsetReset is 'none'`
      const error = new KafkaError('NO_OFFSET', text, { topic, partition: index })
      this.#listener.onFailed(partition, error)
      return
    }
    this.lookFor(partition, autoOffsetReset)
  }

  lookFor(partition: AssignedPartition, target: AssignedPartition['target']): void {
    const dropped = partition.lookFor(target, this.#cluster.clock.monotonicMs())
    this.#listener.onPositioned(partition, dropped)
    this.kick()
  }

  async #findOffsets(): Promise<void> {
    const asked = this.#due('reset')
    if (asked.length === 0) return
    const { clock } = this.#cluster
    const questions = asked.map((assigned) => ({
      assigned,
      epoch: assigned.epoch,
      topic: assigned.topic,
      partition: assigned.partition,
      timestamp: timestampOf(assigned.target, clock.nowMs()),
    }))
    const deadline = this.#deadline('find offsets')
    await this.#ensureTopics(asked, deadline)
    const answers = await listOffsets(
      this.#cluster,
      questions,
      this.#settings.isReadCommitted,
      deadline,
    )
    for (const [{ assigned, epoch, timestamp }, answer] of answers) {
      if (!this.#isCurrent(assigned, epoch)) continue
      if (answer instanceof KafkaError) this.#failed(assigned, answer)
      else this.#found(assigned, timestamp, answer)
    }
  }

  #found(assigned: AssignedPartition, timestamp: number, { offset, leaderEpoch }: FoundOffset) {
    if (offset >= 0) return this.#moveTo(assigned, offset, leaderEpoch)
    if (timestamp >= 0) {
      // Nothing is that young: the next record to come will be.
      this.lookFor(assigned, 'end')
      return
    }
    this.#failed(assigned, KafkaError.ofCode(ErrorCode.OFFSET_NOT_AVAILABLE))
  }

  async #validate(): Promise<void> {
    const asked = this.#due('validate')
    if (asked.length === 0) return
    const questions = asked.map((assigned) => ({
      assigned,
      epoch: assigned.epoch,
      topic: assigned.topic,
      partition: assigned.partition,
      leaderEpoch: assigned.fetchEpoch,
      fetchOffset: assigned.fetchOffset,
    }))
    const deadline = this.#deadline('validate positions')
    await this.#ensureTopics(asked, deadline)
    const answers = await epochEnds(this.#cluster, questions, deadline)
    for (const [{ assigned, epoch, fetchOffset }, answer] of answers) {
      if (!this.#isCurrent(assigned, epoch) || assigned.phase !== 'validate') continue
      // A fetch that was on its way has moved it on: that is what must be valid now.
      if (assigned.fetchOffset !== fetchOffset) this.#isWanted = true
      else if (answer instanceof KafkaError) this.#failed(assigned, answer)
      else this.#validated(assigned, answer)
    }
  }

  #validated(partition: AssignedPartition, { endOffset, leaderEpoch }: EpochEnd): void {
    const nowMs = this.#cluster.clock.monotonicMs()
    const isKnown = endOffset >= 0 && leaderEpoch >= 0
    if (isKnown && endOffset >= partition.fetchOffset) {
      partition.enter('active', nowMs)
      this.#listener.onPositioned(partition, 0)
      return
    }
    if (isKnown && endOffset >= partition.taken) {
      // Only what was fetched ahead is gone: it is fetched again from the new log.
      partition.fetchEpoch = leaderEpoch
      const dropped = partition.fetchAgain()
      partition.enter('active', nowMs)
      this.#listener.onPositioned(partition, dropped)
      return
    }
    const { topic, partition: index, taken: offset } = partition
    const where = isKnown ? `it ends at ${endOffset} now` : 'where it ends is not known'
    const text = `the log of ${partition.name} was truncated below offset ${offset}: ${where}`
    if (this.#settings.autoOffsetReset === 'none') {
      const error = new KafkaError('LOG_TRUNCATED', text, { topic, partition: index, offset })
      this.#listener.onFailed(partition, error)
      return
    }
    this.#cluster.logger.warn(text, { topic, partition: index })
    if (isKnown) this.#moveTo(partition, endOffset, leaderEpoch)
    else this.reset(partition)
  }

  #moveTo(partition: AssignedPartition, offset: number, leaderEpoch: number): void {
    const dropped = partition.moveTo(offset, leaderEpoch, this.#cluster.clock.monotonicMs())
    this.#listener.onPositioned(partition, dropped)
  }

  /** Topics that the metadata do not know yet are asked for: nothing can be asked without. */
  async #ensureTopics(asked: readonly AssignedPartition[], deadline: Deadline): Promise<void> {
    const { metadata } = this.#cluster
    const missing = [...new Set(asked.map(({ topic }) => topic))].filter(
      (topic) => metadata.topic(topic) === undefined,
    )
    // What can't be had is reported by the question that needs it.
    await Promise.all(missing.map((topic) => metadata.ensure(topic, deadline).catch(() => {})))
  }

  #isCurrent(partition: AssignedPartition, epoch: number): boolean {
    return partition.epoch === epoch && this.#partitions.get(partition.key) === partition
  }

  #failed(partition: AssignedPartition, error: KafkaError): void {
    if (this.#closing.signal.aborted) return
    partition.lastProblem = error.message
    const isPassing = error.retriable || error.code === 'TIMED_OUT' || PASSING.has(error.errorCode)
    if (!isPassing) {
      this.#listener.onFailed(partition, error)
      return
    }
    const { clock } = this.#cluster
    partition.attempts++
    partition.retryAtMs = clock.monotonicMs() + backoffMs(this.#cluster, partition.attempts)
  }
}

/** What to ask ListOffsets for. */
function timestampOf(target: AutoOffsetReset | AssignedPartition['target'], nowMs: number) {
  if (typeof target === 'object') {
    return 'timestamp' in target ? target.timestamp : Math.max(0, nowMs - target.durationMs)
  }
  return target === 'earliest' || target === 'beginning' ? EARLIEST : LATEST
}
