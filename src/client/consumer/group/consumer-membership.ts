/**
 * A member of a group of the new protocol (KIP-848), as Kafka's ConsumerMembershipManager is one:
 * the broker assigns, and each member comes closer to its target by itself: it gives up what is not
 * its own any more, tells so by a heartbeat, and takes what is free by then. No member waits for
 * others.
 *
 * Invariant: one heartbeat at a time is on its way; one reconciliation at a time is under way, and
 * what it has reached is acknowledged only if the member has not joined anew meanwhile.
 *
 * KIP-345 (static members: they leave with epoch -2), 848, 1082 (the member makes its own id).
 */
import { ErrorCode } from '../../../protocol/errors.ts'
import {
  consumerGroupHeartbeatRequest,
  consumerGroupHeartbeatResponse,
} from '../../../protocol/messages/68-consumer-group-heartbeat.ts'
import type { Infer, Uuid } from '../../../protocol/schema.ts'
import { Deadline } from '../../call.ts'
import type { Cluster } from '../../cluster/cluster.ts'
import { KafkaError } from '../../kafka-error.ts'
import { backoffMs } from '../../retry.ts'
import type { TopicPartition } from '../../topic.ts'
import { stepAfterConsumerHeartbeat } from './consumer-errors.ts'
import { HeartbeatFields, type IdAssignment, samePartitions } from './consumer-heartbeat-fields.ts'
import type {
  GroupOptions,
  MemberIdentity,
  Membership,
  MembershipListener,
  MembershipStats,
  ServerPattern,
} from './membership.ts'
import { MembershipCounters } from './membership-counters.ts'
import { Ownership, partitionKey } from './ownership.ts'
import { stalledError } from './stalled.ts'
import { TopicSelection } from './topic-selection.ts'

type State =
  | 'joining'
  | 'reconciling'
  | 'acknowledging'
  | 'stable'
  /** Partitions are being lost, then it joins. */
  | 'fenced'
  /** The program asks for nothing: out of the group until it does. */
  | 'stale'
  /** Not started, or left, or failed. */
  | 'out'

const CALL = { request: consumerGroupHeartbeatRequest, response: consumerGroupHeartbeatResponse }
type HeartbeatAnswer = Infer<typeof consumerGroupHeartbeatResponse>

const JOIN_EPOCH = 0
const LEAVE_EPOCH = -1
const LEAVE_STATIC_EPOCH = -2
/** The first version with patterns that the broker matches. */
const PATTERN_VERSION = 1
/** Assignments that are only a part of the target count downwards from here. */
const FIRST_PARTIAL_EPOCH = -2
/** Until the broker has said its own. */
const FIRST_INTERVAL_MS = 1000

export class ConsumerMembership implements Membership {
  readonly #cluster: Cluster
  readonly #options: GroupOptions
  readonly #listener: MembershipListener
  readonly #channel: string
  readonly #counters = new MembershipCounters()
  readonly #ownership: Ownership
  readonly #selection: TopicSelection
  readonly #fields: HeartbeatFields
  readonly #ending = new AbortController()
  /** What it waits for is not moved when someone sets the date; metrics tell dates. */
  readonly #nowMs = () => this.#cluster.clock.monotonicMs()
  readonly #wallMs = () => this.#cluster.clock.nowMs()

  #state: State = 'out'
  #memberId: string
  #epoch = JOIN_EPOCH
  #intervalMs = FIRST_INTERVAL_MS
  /** What the broker wants it to own, and what it has told the broker that it does. */
  #target: IdAssignment | null = null
  #current: IdAssignment | null = null
  /** Names of assigned topics, for when metadata has lost sight of one. */
  #topicNames = new Map<Uuid, string>()
  #partials = 0
  #joins = 0
  #isBeating = false
  #isHurried = false
  #failures = 0
  #nextBeatMs = Infinity
  #progressMs: number
  #reconciling: Promise<void> | null = null
  #releasing: Promise<void> = Promise.resolve()
  #revoking: AbortController | null = null
  #isEnded = false
  #hasLeft = false
  #cancelTimer: () => void = () => {}
  #stopWatching: () => void = () => {}

  constructor(cluster: Cluster, options: GroupOptions, listener: MembershipListener) {
    this.#cluster = cluster
    this.#options = options
    this.#listener = listener
    this.#channel = `group-${cluster.random.uuid()}`
    this.#memberId = cluster.random.uuid()
    this.#ownership = new Ownership(listener, this.#counters)
    this.#selection = new TopicSelection(cluster.metadata)
    this.#fields = new HeartbeatFields(options)
    this.#progressMs = cluster.clock.monotonicMs()
  }

  get assignment(): readonly TopicPartition[] {
    return this.#ownership.partitions
  }

  get stats(): MembershipStats {
    return this.#counters
  }

  start(): void {
    this.#progressMs = this.#nowMs()
    this.#stopWatching = this.#cluster.metadata.onChange(() => this.#onMetadata())
    const join = () => {
      if (!this.#isEnded) this.#join()
    }
    if (!this.#selection.isExpression) join()
    // With the names of all topics the first heartbeat says what is wanted.
    else this.#cluster.metadata.refresh(this.#deadline()).then(join, join)
  }

  subscribe(topics: readonly string[] | RegExp | ServerPattern): void {
    this.#selection.set(topics)
    const { names, needsAllNames } = this.#selection
    this.#cluster.metadata.watch(this, needsAllNames ? 'all' : names)
    this.#beatSoon()
  }

  progress(): void {
    this.#progressMs = this.#nowMs()
    if (this.#state !== 'stale') return
    this.#state = 'fenced' // until what it had is released
    void this.#releasing.then(() => {
      if (this.#state === 'fenced') this.#join()
    })
  }

  identity(): MemberIdentity | null {
    if (this.#epoch <= 0) return null
    const { groupId, instanceId } = this.#options
    return { groupId, memberId: this.#memberId, generationOrEpoch: this.#epoch, instanceId }
  }

  onOffsetError(errorCode: number, sentAs?: MemberIdentity): void {
    if (sentAs !== undefined && sentAs.generationOrEpoch !== this.#epoch) return
    // A heartbeat tells what has become of the member.
    const { UNKNOWN_MEMBER_ID, FENCED_MEMBER_EPOCH, STALE_MEMBER_EPOCH } = ErrorCode
    const tells: readonly number[] = [UNKNOWN_MEMBER_ID, FENCED_MEMBER_EPOCH, STALE_MEMBER_EPOCH]
    if (tells.includes(errorCode)) this.#beatSoon()
  }

  rejoin(reason: string): void {
    const { groupId } = this.#options
    this.#cluster.logger.info(`group ${groupId} assigns by itself; no need to: ${reason}`)
  }

  async leave(deadline: Deadline): Promise<void> {
    if (this.#hasLeft) return
    this.#hasLeft = true
    const wasIn = !['out', 'stale', 'fenced'].includes(this.#state)
    const releasing = new AbortController()
    this.#end()
    const release = async () => {
      await this.#reconciling // a call of the listener's that is under way
      if (wasIn && this.#epoch > 0) {
        await this.#ownership.revoke(this.#ownership.partitions, releasing.signal)
      } else {
        await this.#ownership.lose()
      }
    }
    await deadline.race(release()).catch((error: unknown) => this.#warn('leaving', error))
    releasing.abort()
    this.#revoking?.abort()
    this.#state = 'out'
    if (wasIn) await this.#sendLeave(deadline)
    this.#epoch = JOIN_EPOCH
    this.#cluster.closeChannel(this.#channel)
  }

  // ---- heartbeats

  #join(): void {
    this.#joins++
    this.#epoch = JOIN_EPOCH
    this.#target = null
    this.#current = null
    this.#topicNames.clear()
    this.#state = 'joining'
    this.#beatSoon()
  }

  /** At once, or when the one under way has been answered. */
  #beatSoon(): void {
    if (this.#isBeating) this.#isHurried = true
    else this.#beatIn(0)
  }

  #beatIn(delayMs: number): void {
    this.#nextBeatMs = this.#nowMs() + delayMs
    this.#schedule()
  }

  get #isIn(): boolean {
    return !this.#isEnded && !['out', 'stale', 'fenced'].includes(this.#state)
  }

  #schedule(): void {
    this.#cancelTimer()
    if (!this.#isIn) return
    const { clock } = this.#cluster
    const nextMs = this.#isBeating
      ? this.#livenessEndMs
      : Math.min(this.#nextBeatMs, this.#livenessEndMs)
    this.#cancelTimer = clock.after(Math.max(0, nextMs - clock.monotonicMs()), () => this.#tick())
  }

  get #livenessEndMs(): number {
    return this.#progressMs + this.#options.rebalanceTimeoutMs
  }

  #tick(): void {
    if (!this.#isIn) return
    const nowMs = this.#nowMs()
    if (nowMs >= this.#livenessEndMs) this.#stall()
    else if (!this.#isBeating && nowMs >= this.#nextBeatMs) void this.#beat()
    this.#schedule()
  }

  async #beat(): Promise<void> {
    const { clock } = this.#cluster
    const startMs = clock.nowMs()
    const joins = this.#joins
    this.#isBeating = true
    this.#isHurried = false
    try {
      const coordinator = await this.#find(this.#deadline())
      if (!this.#isIn) return
      const body = this.#fields.next({
        memberId: this.#memberId,
        memberEpoch: this.#epoch,
        isJoining: this.#state === 'joining',
        names: this.#selection.names,
        serverPattern: this.#selection.serverPattern,
        assignment: this.#current,
      })
      if (this.#state === 'acknowledging') this.#acknowledge()
      this.#counters.heartbeatSent(startMs)
      const answer = await this.#cluster.request(coordinator, CALL, body, {
        deadline: this.#deadline(),
        channel: this.#channel,
        minVersion: this.#selection.serverPattern === null ? 0 : PATTERN_VERSION,
      })
      this.#counters.heartbeatAnswered(startMs, clock.nowMs())
      if (joins === this.#joins && this.#isIn) this.#onAnswer(answer.body)
    } catch (error) {
      if (!this.#isEnded) this.#onFailure(error)
    } finally {
      this.#isBeating = false
      if (this.#isHurried) this.#beatIn(0)
      else this.#schedule()
    }
  }

  /** Tells what was reached; there may be another target by now. */
  #acknowledge(): void {
    this.#state = 'stable'
    if (this.#current?.epoch === this.#target?.epoch) this.#counters.rebalanceEnded(this.#wallMs())
    else this.#reconcileNow()
  }

  #onFailure(error: unknown): void {
    this.#fields.reset()
    const { groupId } = this.#options
    const code = error instanceof KafkaError ? error.code : null
    if (code === 'NETWORK_ERROR' || code === 'TIMED_OUT') {
      this.#cluster.forgetCoordinator('group', groupId)
      if (code === 'TIMED_OUT') this.#cluster.closeChannel(this.#channel)
    } else if (!(error instanceof KafkaError && error.retriable)) {
      void this.#fail(error)
      return
    }
    this.#warn('the heartbeat', error)
    this.#nextBeatMs = this.#nowMs() + backoffMs(this.#cluster, ++this.#failures)
  }

  #onAnswer(answer: HeartbeatAnswer): void {
    if (answer.errorCode !== 0) {
      this.#onRefused(answer)
      return
    }
    this.#failures = 0
    this.#intervalMs = answer.heartbeatIntervalMs
    this.#nextBeatMs = this.#nowMs() + this.#intervalMs
    if (answer.memberEpoch < 0) return
    if (answer.memberId !== null && answer.memberId !== '') this.#memberId = answer.memberId
    this.#epoch = answer.memberEpoch
    if (answer.assignment !== null) this.#takeTarget(answer.assignment.topicPartitions)
  }

  #onRefused({ errorCode, errorMessage }: HeartbeatAnswer): void {
    this.#fields.reset()
    const { groupId } = this.#options
    const step = stepAfterConsumerHeartbeat(errorCode)
    if (step === 'fail') {
      void this.#fail(KafkaError.ofCode(errorCode, errorMessage, { groupId }))
    } else if (step === 'rejoin') {
      this.#counters.rebalanceFailed(this.#wallMs())
      void this.#rejoinFenced()
    } else {
      const isMoved = step === 'rediscover'
      if (isMoved) this.#cluster.forgetCoordinator('group', groupId)
      // One that moved is asked at once, but not again and again.
      const attempt = isMoved ? this.#failures++ : ++this.#failures
      this.#nextBeatMs = this.#nowMs() + (attempt === 0 ? 0 : backoffMs(this.#cluster, attempt))
    }
  }

  // ---- the assignment

  #takeTarget(topics: readonly { topicId: Uuid; partitions: readonly number[] }[]): void {
    const partitions = new Map(
      topics.map(({ topicId, partitions: numbers }) => {
        return [topicId, [...numbers].sort((a, b) => a - b)] as const
      }),
    )
    const isNew = this.#target === null || !samePartitions(this.#target.partitions, partitions)
    if (isNew) this.#target = { epoch: (this.#target?.epoch ?? -1) + 1, partitions }
    if (this.#current?.epoch !== this.#target?.epoch) this.#reconcileNow()
    else if (this.#state === 'joining' || this.#state === 'reconciling') this.#state = 'stable'
  }

  #reconcileNow(): void {
    if (this.#state !== 'acknowledging') this.#state = 'reconciling'
    this.#counters.rebalanceStarted(this.#wallMs())
    if (this.#reconciling !== null) return // it looks for a newer target when it is done
    this.#reconciling = this.#reconcile()
      .catch((error: unknown) => this.#fail(error))
      .finally(() => {
        this.#reconciling = null
      })
  }

  async #reconcile(): Promise<void> {
    while (this.#state === 'reconciling' && this.#target !== null) {
      const target = this.#target
      const joins = this.#joins
      const { partitions, reached } = this.#resolve(target)
      const isSame = this.#current !== null && samePartitions(this.#current.partitions, reached)
      if (isSame && !samePartitions(target.partitions, reached)) return // until metadata comes
      const keys = new Set(partitions.map(partitionKey))
      const going = this.#ownership.partitions.filter((owned) => !keys.has(partitionKey(owned)))
      await this.#revoke(going)
      if (this.#joins !== joins || this.#state !== 'reconciling') continue
      await this.#ownership.assign(partitions)
      if (this.#joins !== joins || this.#state !== 'reconciling') continue
      // A part of it only, where a topic is not known yet: the rest comes with the metadata.
      const isWhole = samePartitions(target.partitions, reached)
      const epoch = isWhole ? target.epoch : FIRST_PARTIAL_EPOCH - this.#partials++
      this.#current = { epoch, partitions: reached }
      this.#state = 'acknowledging'
      this.#beatSoon()
    }
  }

  /** What of the target has names; asks for metadata where something has none. */
  #resolve({ partitions }: IdAssignment) {
    const { metadata } = this.#cluster
    const resolved: TopicPartition[] = []
    const reached = new Map<Uuid, readonly number[]>()
    const names = new Map<Uuid, string>()
    for (const [id, numbers] of partitions) {
      const name = metadata.topicById(id)?.name ?? this.#topicNames.get(id)
      if (name === undefined) continue
      names.set(id, name)
      reached.set(id, numbers)
      for (const partition of numbers) resolved.push({ topic: name, partition })
    }
    this.#topicNames = names
    if (reached.size < partitions.size) {
      metadata.refresh(this.#deadline()).catch((error: unknown) => {
        if (!this.#isEnded) this.#warn('names of assigned topics', error)
      })
    }
    return { partitions: resolved, reached }
  }

  async #revoke(partitions: readonly TopicPartition[]): Promise<void> {
    if (partitions.length === 0) return
    const revoking = new AbortController()
    this.#revoking = revoking
    const abort = () => revoking.abort()
    const cancel = this.#cluster.clock.after(this.#options.rebalanceTimeoutMs, abort)
    try {
      await this.#ownership.revoke(partitions, revoking.signal)
    } finally {
      cancel()
      this.#revoking = null
    }
  }

  #onMetadata(): void {
    if (!this.#isIn) return
    const before = this.#selection.names
    this.#selection.refresh()
    if (before.join() !== this.#selection.names.join()) this.#beatSoon()
    if (this.#state === 'stable' || this.#state === 'reconciling') {
      if (this.#target !== null && this.#current?.epoch !== this.#target.epoch) this.#reconcileNow()
    }
  }

  // ---- out of the group

  async #rejoinFenced(): Promise<void> {
    this.#state = 'fenced'
    try {
      await this.#release()
    } catch (error) {
      await this.#fail(error)
      return
    }
    if (this.#state === 'fenced' && !this.#isEnded) this.#join()
  }

  #stall(): void {
    const error = stalledError(this.#options)
    this.#cluster.logger.warn(error.message)
    void this.#sendLeave(this.#deadline())
    this.#state = 'stale'
    this.#releasing = this.#release().catch((later: unknown) => this.#fail(later))
    this.#listener.onStalled?.(error)
  }

  async #release(): Promise<void> {
    this.#epoch = JOIN_EPOCH
    this.#joins++
    this.#revoking?.abort()
    await this.#ownership.lose()
  }

  async #sendLeave(deadline: Deadline): Promise<void> {
    const { groupId, instanceId } = this.#options
    const body = {
      groupId,
      memberId: this.#memberId,
      memberEpoch: instanceId === null ? LEAVE_EPOCH : LEAVE_STATIC_EPOCH,
      instanceId,
    }
    const options = { deadline, channel: this.#channel }
    try {
      await this.#cluster.request(await this.#find(deadline), CALL, body, options)
    } catch (error) {
      this.#warn('leaving', error)
    }
  }

  #find(deadline: Deadline): Promise<number> {
    return this.#cluster.coordinator('group', this.#options.groupId, deadline)
  }

  #end(): void {
    this.#isEnded = true
    this.#cancelTimer()
    this.#stopWatching()
    this.#cluster.metadata.watch(this, [])
    this.#ending.abort()
  }

  async #fail(reason: unknown): Promise<void> {
    if (this.#isEnded) return
    this.#end()
    this.#revoking?.abort()
    this.#counters.rebalanceFailed(this.#wallMs())
    this.#epoch = JOIN_EPOCH
    const error = KafkaError.of(reason, 'INVALID_STATE', 'the membership failed')
    await this.#ownership.lose().catch((later: unknown) => this.#warn('the end', later))
    this.#listener.onError(error)
  }

  #deadline(): Deadline {
    const { clock, requestTimeoutMs } = this.#cluster
    const what = `membership in group ${this.#options.groupId}`
    return new Deadline(clock, what, requestTimeoutMs, { signal: this.#ending.signal })
  }

  #warn(what: string, error: unknown): void {
    const text = this.#counters.noteProblem(what, error)
    this.#cluster.logger.warn(`group ${this.#options.groupId}: ${text}`)
  }
}
