/**
 * What all ways of reading have in common: the partitions that are assigned, and the parts that
 * find positions, fetch, hand over, and commit. The loops of a program (consumer.ts) stand on it.
 *
 * Invariant: `partitions` are those that the program may see records of. A partition that is
 * revoked leaves it only when the program has given back what it holds, its hook has run, and what
 * it has seen is committed, or when there is no more time for that.
 */
import { Deadline } from '../call.ts'
import type { Channel, Cluster } from '../cluster/cluster.ts'
import { KafkaError } from '../kafka-error.ts'
import type { Callback } from '../metrics/consumer-metrics.ts'
import { backoffMs } from '../retry.ts'
import { type AnyTopic, type TopicPartition, topicOf } from '../topic.ts'
import { AssignedPartition, type Phase, type SeekTarget } from './assigned-partition.ts'
import { ConsumerObserver } from './consumer-observer.ts'
import { Delivery, type HeldPiece, type TakeOptions } from './delivery.ts'
import { TopicReader } from './fetched-record.ts'
import { Fetcher, type FetchListener } from './fetcher.ts'
import type { Membership, MembershipListener } from './group/membership.ts'
import { type GroupOffset, OffsetCommits } from './offset-commits.ts'
import type { ConsumerOptions, ConsumerSettings, Stall } from './options.ts'
import { type PositionListener, Positions } from './positions.ts'
import { Watchdog } from './watchdog.ts'

/** Makes the membership of a consumer that has a group and topics. */
export type MembershipFactory = (listener: MembershipListener) => Membership

export type Hooks = Pick<ConsumerOptions, 'onAssigned' | 'onRevoked' | 'onLost' | 'onStalled'>

const TICK_MS = 1000

const HOOKS = { assigned: 'onAssigned', revoked: 'onRevoked', lost: 'onLost' } as const

export class ConsumerCore implements FetchListener, PositionListener, MembershipListener {
  readonly cluster: Cluster
  readonly settings: ConsumerSettings
  readonly partitions = new Map<string, AssignedPartition>()
  readonly fetcher: Fetcher
  readonly positions: Positions
  readonly delivery: Delivery
  readonly observer: ConsumerObserver
  /** Null without a group. */
  readonly commits: OffsetCommits | null
  membership: Membership | null = null
  /** The error after which nothing more comes. */
  fatal: KafkaError | null = null
  readonly closing = new AbortController()
  readonly #hooks: Hooks
  readonly #topics: Map<string, AnyTopic>
  readonly #readers = new Map<string, TopicReader>()
  readonly #watchdog: Watchdog
  readonly #stopWatching: () => void
  #positioned: (() => void)[] = []
  #cancelTick: (() => void) | null = null
  #autoCommitAtMs = 0
  #isAutoCommitting = false
  /** Counts what the program asked for; the tick notices when it moves. */
  asks = 0
  #asksAtTick = -1
  #askedAtMs: number
  /** Loops of the program that wait for records. */
  #waiting = 0

  constructor(
    cluster: Cluster,
    settings: ConsumerSettings,
    topics: readonly AnyTopic[],
    hooks: Hooks,
    channel: Channel,
  ) {
    this.cluster = cluster
    this.settings = settings
    this.#hooks = hooks
    this.#topics = new Map(topics.map((topic) => [topic.name, topic]))
    const { groupId, isReadCommitted } = settings
    this.commits =
      groupId === null
        ? null
        : new OffsetCommits(cluster, groupId, () => this.membership, isReadCommitted)
    this.fetcher = new Fetcher(cluster, settings, this.partitions, this, channel)
    this.positions = new Positions(cluster, settings, this.partitions, this.commits, this)
    this.delivery = new Delivery(this.fetcher, cluster.clock)
    this.#watchdog = new Watchdog(cluster, settings, this.fetcher, this.delivery, (stall) =>
      this.stalled(stall),
    )
    this.#askedAtMs = cluster.clock.monotonicMs()
    this.observer = new ConsumerObserver(cluster, this)
    this.#stopWatching = cluster.metadata.onChange(() => this.#onMetadata())
  }

  /** Says how keys and values of a topic are read; bytes where nothing was said. */
  readTopic(topic: AnyTopic): void {
    this.#topics.set(topic.name, topic)
  }

  /** The clocks of auto commit, liveness and watchdog begin with the first question for records. */
  startTicking(): void {
    if (this.#cancelTick !== null) return
    const { autoCommitMs } = this.settings
    this.#autoCommitAtMs = this.cluster.clock.monotonicMs() + autoCommitMs
    const everyMs = Math.max(1, Math.min(TICK_MS, autoCommitMs || TICK_MS))
    const tick = () => {
      this.#cancelTick = this.cluster.clock.after(everyMs, tick)
      this.#tick()
    }
    this.#cancelTick = this.cluster.clock.after(everyMs, tick)
  }

  #tick(): void {
    const nowMs = this.cluster.clock.monotonicMs()
    // Without partitions there is nothing that the program could be late with, but with what it
    // holds of those that have gone: who joins again with a handler that hangs blocks them again.
    const isFree = this.partitions.size === 0 && this.delivery.held === 0
    const isWaiting = this.#waiting > 0 || isFree
    if (isWaiting || this.asks !== this.#asksAtTick) {
      this.#asksAtTick = this.asks
      this.#askedAtMs = nowMs
      this.membership?.progress()
    }
    this.fetcher.pump()
    this.#watchdog.check(this.partitions.values(), isWaiting, this.#askedAtMs)
    this.#watchdog.checkAssignment(isWaiting ? this.whyUnassigned() : null)
    const { autoCommitMs } = this.settings
    if (autoCommitMs > 0 && nowMs >= this.#autoCommitAtMs && !this.#isAutoCommitting) {
      this.#autoCommitAtMs = nowMs + autoCommitMs
      void this.#autoCommit([...this.partitions.values()])
    }
  }

  /** Takes partitions on, at an offset where one is given. */
  add(partitions: readonly (TopicPartition & { offset?: number | undefined })[]) {
    const phase: Phase = this.commits === null ? 'reset' : 'committed'
    const nowMs = this.cluster.clock.monotonicMs()
    const added = partitions.map(({ topic, partition, offset }) => {
      const assigned = new AssignedPartition(this.#reader(topic), partition, phase, nowMs)
      const { autoOffsetReset } = this.settings
      assigned.target = autoOffsetReset
      if (offset !== undefined) assigned.moveTo(offset, -1, nowMs)
      else if (phase === 'reset' && autoOffsetReset === 'none') this.positions.reset(assigned)
      this.partitions.set(assigned.key, assigned)
      return assigned
    })
    this.#watchTopics()
    return added
  }

  #reader(topic: string): TopicReader {
    let reader = this.#readers.get(topic)
    if (reader === undefined) {
      reader = new TopicReader(this.#topics.get(topic) ?? topicOf(topic))
      this.#readers.set(topic, reader)
    }
    return reader
  }

  #watchTopics(): void {
    const names = new Set([...this.partitions.values()].map(({ topic }) => topic))
    this.cluster.metadata.watch(this, [...names])
  }

  remove(partitions: readonly AssignedPartition[], reason: string): void {
    for (const partition of partitions) {
      partition.isEnding = true
      partition.abort.abort(new KafkaError('ABORTED', `${partition.name} ${reason}`))
      if (this.partitions.get(partition.key) === partition) this.partitions.delete(partition.key)
      this.delivery.remove(partition)
    }
    this.#watchTopics()
    this.fetcher.pump()
  }

  /** Fetching can begin, or go on. */
  kick(): void {
    this.positions.kick()
    this.fetcher.pump()
    this.delivery.wake()
  }

  /** Resolves when partitions may have come or gone, or all is over. */
  waitForPartitions(signal: AbortSignal | undefined): Promise<void> {
    return this.delivery.changed(signal)
  }

  /** The partition as it is assigned; throws where it is not. */
  assigned({ topic, partition }: TopicPartition): AssignedPartition {
    const assigned = this.#ifAssigned({ topic, partition })
    if (assigned !== undefined) return assigned
    const text = `${topic}-${partition} is not assigned to this consumer`
    throw new KafkaError('INVALID_STATE', text, { topic, partition })
  }

  /** The next piece; null at the end, which is a closed consumer or an aborted `signal`. */
  async next(options: TakeOptions, signal?: AbortSignal): Promise<HeldPiece | null> {
    for (;;) {
      if (signal?.aborted) return null // however much there is
      const held = this.tryNext(options)
      if (held !== null) return held
      if (this.closing.signal.aborted) return null
      if (options.only?.isEnding) return null
      this.#waiting++
      const startMs = this.cluster.clock.monotonicMs()
      try {
        await this.delivery.changed(signal)
      } finally {
        this.#waiting--
        this.observer.waited(startMs)
      }
    }
  }

  /** The same where it can be had at once. */
  tryNext(options: TakeOptions): HeldPiece | null {
    this.asks++
    if (this.closing.signal.aborted) return null
    if (this.fatal !== null) throw this.fatal
    this.observer.asked()
    const held = this.delivery.take(options)
    if (held !== null) this.observer.delivered(held)
    return held
  }

  /** The program waits for records. */
  get isWaiting(): boolean {
    return this.#waiting > 0
  }

  /** Goes to another place; resolves when it is known where that is. */
  async seek(partition: AssignedPartition, to: SeekTarget, deadline: Deadline): Promise<void> {
    if (typeof to === 'number') {
      const dropped = partition.moveTo(to, -1, this.cluster.clock.monotonicMs())
      this.onPositioned(partition, dropped)
      return
    }
    partition.isSought = true
    this.positions.lookFor(partition, to)
    const { epoch } = partition
    deadline.lastFailure = () => partition.lastProblem ?? undefined
    while (partition.epoch === epoch && partition.phase !== 'active') {
      if (partition.failure !== null) throw partition.failure
      if (this.partitions.get(partition.key) !== partition) return
      await deadline.race(new Promise<void>((resolve) => this.#positioned.push(resolve)))
    }
  }

  /** What the program has seen of these partitions and what is not committed yet. */
  seen(partitions: Iterable<AssignedPartition>): (GroupOffset & { of: AssignedPartition })[] {
    const offsets: (GroupOffset & { of: AssignedPartition })[] = []
    for (const of of partitions) {
      const { topic, partition, seen: offset, seenEpoch: leaderEpoch, committed } = of
      if (offset >= 0 && offset !== committed) {
        offsets.push({ topic, partition, offset, leaderEpoch, of })
      }
    }
    return offsets
  }

  async commitSeen(partitions: Iterable<AssignedPartition>, deadline: Deadline): Promise<void> {
    await this.commit(this.seen(partitions), deadline)
  }

  /** Commits and notes what is committed. */
  async commit(offsets: readonly GroupOffset[], deadline: Deadline): Promise<void> {
    const { commits } = this
    if (commits === null) {
      throw new KafkaError('INVALID_STATE', 'a commit needs a groupId')
    }
    const places = offsets.map((one) => {
      const of = this.#ifAssigned(one)
      return { one, of, epoch: of?.epoch }
    })
    await commits.commit(offsets, deadline)
    for (const { one, of, epoch } of places) {
      const now = this.#ifAssigned(one)
      if (now === undefined) continue
      now.committed = one.offset
      // Unless the program went elsewhere meanwhile.
      if (now === of && now.epoch === epoch) now.seeUpTo(one)
    }
  }

  async #autoCommit(partitions: readonly AssignedPartition[]): Promise<void> {
    // Between two generations nothing can be committed, and what was seen was when the last ended.
    if (this.membership !== null && this.membership.identity() === null) return
    this.#isAutoCommitting = true
    const { clock, requestTimeoutMs, logger } = this.cluster
    const deadline = new Deadline(clock, 'auto commit', requestTimeoutMs)
    try {
      await this.commitSeen(partitions, deadline)
    } catch (error) {
      // The next one commits the same and more; what can't be committed is delivered again.
      logger.warn(`auto commit: ${KafkaError.of(error, 'NETWORK_ERROR', 'commit').message}`)
    } finally {
      this.#isAutoCommitting = false
    }
  }

  // What the membership tells.

  async onAssigned(partitions: readonly TopicPartition[]): Promise<void> {
    const added = this.add(partitions)
    for (const partition of added) partition.isStarting = true
    try {
      await this.#call('assigned', partitions, () => this.#hooks.onAssigned?.(partitions))
    } finally {
      for (const partition of added) partition.isStarting = false
      this.kick()
    }
  }

  async onRevoked(partitions: readonly TopicPartition[], signal: AbortSignal): Promise<void> {
    const gone = this.#find(partitions)
    for (const partition of gone) {
      partition.isEnding = true
      partition.abort.abort(new KafkaError('ABORTED', `${partition.name} was revoked`))
    }
    this.delivery.wake()
    // A loop that has called `close` itself can't give anything back.
    const over = AbortSignal.any([signal, this.closing.signal])
    const { clock, requestTimeoutMs } = this.cluster
    const deadline = new Deadline(clock, 'commit before a rebalance', requestTimeoutMs, { signal })
    const commit = () => this.commitSeen(gone, deadline)
    const isHeld = gone.some(({ held }) => held > 0)
    await Promise.all([
      ...gone.map((partition) => partition.idle(over)),
      // There may be no time for it once those that do not end have used it up.
      isHeld && this.settings.autoCommitMs > 0 ? this.#commitAtTheEnd(commit) : undefined,
    ])
    try {
      await this.#call('revoked', partitions, () =>
        this.#hooks.onRevoked?.(partitions, { signal, commit }),
      )
    } finally {
      if (this.settings.autoCommitMs > 0) await this.#commitAtTheEnd(commit)
      this.remove(gone, 'was revoked')
    }
  }

  async #commitAtTheEnd(commit: () => Promise<void>): Promise<void> {
    try {
      await commit()
    } catch (error) {
      const { message } = KafkaError.of(error, 'NETWORK_ERROR', 'commit')
      this.cluster.logger.warn(`what was seen of revoked partitions is not committed: ${message}`)
    }
  }

  async onLost(partitions: readonly TopicPartition[]): Promise<void> {
    this.remove(this.#find(partitions), 'was lost')
    await this.#call('lost', partitions, () => this.#hooks.onLost?.(partitions))
  }

  onError(error: KafkaError): void {
    this.fatal ??= error
    this.delivery.wake()
  }

  onStalled(error: KafkaError): void {
    const forMs = Math.floor(this.cluster.clock.monotonicMs() - this.#askedAtMs)
    this.stalled({ reason: 'left-group', partitions: [], forMs, message: error.message })
  }

  stalled(stall: Stall): void {
    try {
      this.#hooks.onStalled?.(stall)
    } catch (error) {
      this.onError(KafkaError.of(error, 'USER_CODE_FAILED', 'onStalled'))
    }
  }

  #ifAssigned({ topic, partition }: TopicPartition): AssignedPartition | undefined {
    return this.partitions.get(`${topic}/${partition}`)
  }

  #find(partitions: readonly TopicPartition[]): AssignedPartition[] {
    return partitions.flatMap((partition) => this.#ifAssigned(partition) ?? [])
  }

  async #call(
    event: Callback,
    partitions: readonly TopicPartition[],
    hook: () => unknown,
  ): Promise<void> {
    const startMs = this.cluster.clock.monotonicMs()
    try {
      await hook()
    } catch (error) {
      throw KafkaError.of(error, 'USER_CODE_FAILED', HOOKS[event])
    } finally {
      this.observer.called(event, partitions, startMs)
    }
  }

  // What the fetcher and the positions tell.

  onFetched(partition: AssignedPartition): void {
    this.delivery.offer(partition)
  }

  onOutOfRange(partition: AssignedPartition): void {
    if (partition.queue.length > 0 || partition.held > 0) {
      // The program first gets what there is; where to go on is found out after that.
      partition.attempts++
      const pauseMs = backoffMs(this.cluster, partition.attempts)
      partition.retryAtMs = this.cluster.clock.monotonicMs() + pauseMs
      return
    }
    const { topic, partition: index, fetchOffset: offset, name } = partition
    if (this.settings.autoOffsetReset === 'none') {
      const text = `${name} has no offset ${offset}, and autoOffsetReset is 'none'`
      const context = { topic, partition: index, offset }
      this.onFailed(partition, new KafkaError('OFFSET_OUT_OF_RANGE', text, context))
      return
    }
    this.cluster.logger.warn(`${name} has no offset ${offset}: its position is reset`)
    this.positions.reset(partition)
  }

  onNewLeader(partition: AssignedPartition): void {
    if (partition.fetchEpoch < 0 || partition.phase !== 'active') return
    partition.enter('validate', this.cluster.clock.monotonicMs())
    this.positions.kick()
  }

  onNewTopic(partition: AssignedPartition): void {
    const { topic, partition: index, name } = partition
    partition.leaderEpoch = -1
    partition.committed = -1
    partition.highWatermark = -1
    partition.lastStableOffset = -1
    partition.logStartOffset = -1
    if (this.settings.autoOffsetReset === 'none') {
      const text = `${topic} was created again: ${name} has no offset, and autoOffsetReset is 'none'`
      this.onFailed(partition, new KafkaError('NO_OFFSET', text, { topic, partition: index }))
      return
    }
    // All that is in it is new, so nothing of it may be skipped.
    this.cluster.logger.warn(`${topic} was created again: ${name} is read from its beginning`)
    this.positions.lookFor(partition, 'beginning')
  }

  onPositioned(partition: AssignedPartition, droppedBytes: number): void {
    this.fetcher.release(droppedBytes)
    for (const resolve of this.#positioned.splice(0)) resolve()
    if (partition.phase === 'active') this.fetcher.pump()
    else this.positions.kick()
  }

  onFailed(partition: AssignedPartition, error: KafkaError): void {
    this.delivery.fail(partition, error)
    for (const resolve of this.#positioned.splice(0)) resolve()
  }

  #onMetadata(): void {
    if (this.closing.signal.aborted) return
    this.onMetadata()
    this.kick()
  }

  /** Set by who assigns partitions by topics alone. */
  onMetadata: () => void = () => {}

  /** Set by who waits for an assignment: what it waits for, null while there is one. */
  whyUnassigned: () => string | null = () => null

  /** Ends everything but the membership; loops end at their next question. */
  beginClosing(): void {
    const closed = new KafkaError('CLOSED', 'the consumer was closed')
    this.closing.abort(closed)
    for (const { abort } of this.partitions.values()) abort.abort(closed)
    this.#cancelTick?.()
    this.fetcher.close()
    this.positions.close()
    this.delivery.wake()
  }

  /** The last of it. */
  endClosing(): void {
    this.remove([...this.partitions.values()], 'is closed')
    this.#stopWatching()
    this.observer.close()
    this.cluster.metadata.watch(this, [])
    for (const resolve of this.#positioned.splice(0)) resolve()
  }
}
