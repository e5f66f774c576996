/**
 * Finds out where to go on for partitions that do not know: the group's offset, an end of the log,
 * a time; and, after a change of leader, whether the log still is what it was.
 *
 * Invariant: an answer counts only while the partition is where it was when the question was asked
 * (`epoch`) and nobody else was asked since: a seek of the program is never undone by an answer
 * that comes late. Each leader is asked for itself: one that hangs holds up no other's partitions.
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

/** What is being found out for a partition, and from whom. */
interface Question {
  readonly assigned: AssignedPartition
  readonly phase: AssignedPartition['phase']
  readonly epoch: number
  /** Of the partition; nobody's business where it is the group's coordinator that is asked. */
  leader: number
}

/** The leader of a partition of which the metadata do not know. */
const UNKNOWN = -2

export class Positions {
  readonly #cluster: Cluster
  readonly #settings: ConsumerSettings
  readonly #partitions: ReadonlyMap<string, AssignedPartition>
  readonly #commits: OffsetCommits | null
  readonly #listener: PositionListener
  readonly #closing = new AbortController()
  /** The newest question for each partition that was not answered yet. */
  readonly #asked = new Map<AssignedPartition, Question>()
  #isAwake = false
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

  /** Looks in a moment for what needs to be found out, once for all that happens until then. */
  kick(): void {
    if (this.#isAwake || this.#closing.signal.aborted) return
    this.#isAwake = true
    queueMicrotask(() => {
      this.#isAwake = false
      this.#run()
    })
  }

  close(): void {
    this.#closing.abort()
    this.#cancelRetry?.()
  }

  #run(): void {
    if (this.#closing.signal.aborted) return
    const committed = this.#due('committed')
    if (committed.length > 0) void this.#ask(committed, (asked) => this.#findCommitted(asked))
    for (const due of this.#byLeader(this.#due('reset'))) {
      void this.#ask(due, (asked) => this.#findOffsets(asked))
    }
    for (const due of this.#byLeader(this.#due('validate'))) {
      void this.#ask(due, (asked) => this.#validate(asked))
    }
    this.#scheduleRetry()
  }

  #byLeader(partitions: readonly AssignedPartition[]): Iterable<AssignedPartition[]> {
    return Map.groupBy(partitions, (partition) => this.#leaderOf(partition)).values()
  }

  #leaderOf({ topic, partition }: AssignedPartition): number {
    return this.#cluster.metadata.topic(topic)?.partitions[partition]?.leader ?? UNKNOWN
  }

  async #ask(
    partitions: readonly AssignedPartition[],
    ask: (asked: readonly Question[]) => Promise<void>,
  ): Promise<void> {
    const questions = partitions.map((assigned) => {
      const { phase, epoch } = assigned
      const question: Question = { assigned, phase, epoch, leader: this.#leaderOf(assigned) }
      this.#asked.set(assigned, question)
      return question
    })
    await ask(questions)
    for (const question of questions) {
      if (this.#asked.get(question.assigned) === question) this.#asked.delete(question.assigned)
    }
    this.kick()
  }

  #isAsked(partition: AssignedPartition): boolean {
    const question = this.#asked.get(partition)
    if (question?.epoch !== partition.epoch || question.phase !== partition.phase) return false
    return question.phase === 'committed' || question.leader === this.#leaderOf(partition)
  }

  #due(phase: AssignedPartition['phase']): AssignedPartition[] {
    const nowMs = this.#cluster.clock.monotonicMs()
    return [...this.#partitions.values()].filter(
      (partition) =>
        partition.phase === phase &&
        partition.retryAtMs <= nowMs &&
        !this.#isAsked(partition) &&
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
      const isWaiting = (isStarting && !isSought) || this.#isAsked(partition)
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

  async #findCommitted(questions: readonly Question[]): Promise<void> {
    const asked = questions.map(({ assigned }) => assigned)
    try {
      const deadline = this.#deadline('read committed offsets')
      const found = (await this.#commits?.fetchOnce(asked, deadline)) ?? []
      const byName = new Map(found.map((one) => [`${one.topic}/${one.partition}`, one]))
      for (const question of questions) {
        const { assigned } = question
        if (!this.#isCurrent(question)) continue
        const offset = byName.get(assigned.key)
        if (offset === undefined) {
          this.reset(assigned)
          continue
        }
        assigned.committed = offset.offset
        this.#moveTo(assigned, offset.offset, offset.leaderEpoch)
        // The leader may have changed since the commit.
        if (offset.leaderEpoch >= 0) assigned.enter('validate', this.#cluster.clock.monotonicMs())
      }
    } catch (error) {
      const problem = KafkaError.of(error, 'NETWORK_ERROR', 'read committed offsets')
      for (const question of questions) {
        if (this.#isCurrent(question)) this.#failed(question.assigned, problem)
      }
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

  async #findOffsets(asked: readonly Question[]): Promise<void> {
    const deadline = this.#deadline('find offsets')
    const current = await this.#withLeaders(asked, deadline)
    const nowMs = this.#cluster.clock.nowMs()
    const questions = current.map((question) => ({
      question,
      topic: question.assigned.topic,
      partition: question.assigned.partition,
      timestamp: timestampOf(question.assigned.target, nowMs),
    }))
    const { isReadCommitted } = this.#settings
    const answers = await listOffsets(this.#cluster, questions, isReadCommitted, deadline)
    for (const [{ question, timestamp }, answer] of answers) {
      if (!this.#isCurrent(question)) continue
      if (answer instanceof KafkaError) this.#failed(question.assigned, answer)
      else this.#found(question.assigned, timestamp, answer)
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

  async #validate(asked: readonly Question[]): Promise<void> {
    const deadline = this.#deadline('validate positions')
    const current = await this.#withLeaders(asked, deadline)
    const questions = current.map((question) => ({
      question,
      topic: question.assigned.topic,
      partition: question.assigned.partition,
      leaderEpoch: question.assigned.fetchEpoch,
      fetchOffset: question.assigned.fetchOffset,
    }))
    const answers = await epochEnds(this.#cluster, questions, deadline)
    for (const [{ question, fetchOffset }, answer] of answers) {
      const { assigned } = question
      if (!this.#isCurrent(question) || assigned.phase !== 'validate') continue
      // A fetch that was on its way has moved it on: that is what must be valid, and is asked next.
      if (assigned.fetchOffset !== fetchOffset) continue
      if (answer instanceof KafkaError) this.#failed(assigned, answer)
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

  /** The questions that still count once the metadata know their topics, as far as can be. */
  async #withLeaders(asked: readonly Question[], deadline: Deadline): Promise<Question[]> {
    const { metadata } = this.#cluster
    const missing = new Set<string>()
    for (const { assigned } of asked) {
      if (metadata.topic(assigned.topic) === undefined) missing.add(assigned.topic)
    }
    // What can't be had is reported by the question that needs it.
    await Promise.all([...missing].map((topic) => metadata.ensure(topic, deadline).catch(() => {})))
    const current = asked.filter((question) => this.#isCurrent(question))
    for (const question of current) question.leader = this.#leaderOf(question.assigned)
    return current
  }

  #isCurrent(question: Question): boolean {
    const { assigned, epoch } = question
    const isNewest = this.#asked.get(assigned) === question
    return isNewest && assigned.epoch === epoch && this.#partitions.get(assigned.key) === assigned
  }

  #failed(partition: AssignedPartition, error: KafkaError): void {
    if (this.#closing.signal.aborted) return
    partition.lastProblem = error
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
