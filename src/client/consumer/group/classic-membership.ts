/**
 * A member of a classic group, as Kafka's ConsumerCoordinator is one: joins, syncs, and beats by
 * timers of its own, so that a handler that takes long costs no membership. One loop does all
 * joining; heartbeats and metadata only say that it has to.
 *
 * Invariant: between the answer to JoinGroup and `onAssigned`, and after each await, the generation
 * is compared with the one that began: what an older one brought changes nothing.
 *
 * KIP-62 (the program's liveness apart from heartbeats), 345 (static members), 394 (member id
 * first), 429 (cooperative), 559, 568, 800 (reasons), 814 (a static leader keeps the assignment),
 * 881 (racks).
 */
import { ErrorCode, errorName } from '../../../protocol/errors.ts'
import { Deadline } from '../../call.ts'
import type { Cluster } from '../../cluster/cluster.ts'
import { KafkaError } from '../../kafka-error.ts'
import { backoffMs } from '../../retry.ts'
import type { TopicPartition } from '../../topic.ts'
import type { OwnAssignment } from '../assignors/assignor.ts'
import { ClassicCoordinator, type Generation, NO_GENERATION } from './classic-coordinator.ts'
import {
  type ErrorStep,
  stepAfterError,
  stepAfterHeartbeat,
  stepAfterOffsets,
} from './classic-errors.ts'
import { ClassicHeartbeats } from './classic-heartbeats.ts'
import { decodeAssignment } from './consumer-protocol.ts'
import { assignGroup, readMembers, snapshotOf, topicsOfGroup } from './leader.ts'
import type {
  GroupOptions,
  MemberIdentity,
  Membership,
  MembershipListener,
  MembershipStats,
  ServerPattern,
} from './membership.ts'
import { MembershipCounters } from './membership-counters.ts'
import { Ownership } from './ownership.ts'
import { isCooperative } from './rebalance-protocol.ts'
import { stalledError } from './stalled.ts'
import { TopicSelection } from './topic-selection.ts'

type State = 'unjoined' | 'preparing' | 'completing' | 'stable'

export class ClassicMembership implements Membership {
  readonly #cluster: Cluster
  readonly #options: GroupOptions
  readonly #listener: MembershipListener
  readonly #isCooperative: boolean
  readonly #counters = new MembershipCounters()
  readonly #ownership: Ownership
  readonly #selection: TopicSelection
  readonly #coordinator: ClassicCoordinator
  readonly #heartbeats: ClassicHeartbeats
  /** What this member was last assigned, by assignor. */
  readonly #lastAssigned = new Map<string, OwnAssignment>()
  readonly #ending = new AbortController()

  #state: State = 'unjoined'
  #generation: Generation = NO_GENERATION
  #needsRejoin = true
  #reason = ''
  /** The topics with which this member joined. */
  #joinedTopics: readonly string[] = []
  /** Of the leader: what the group reads, and how it was when it was assigned. */
  #groupTopics: readonly string[] | null = null
  #snapshot: string | null = null
  #hasFreshNames = false
  #isStalled = false
  #isEnded = false
  #hasLeft = false
  #running: Promise<void> = Promise.resolve()
  #revoking: AbortController | null = null
  #wake: () => void = () => {}
  #stopWatching: () => void = () => {}

  constructor(cluster: Cluster, options: GroupOptions, listener: MembershipListener) {
    this.#cluster = cluster
    this.#options = options
    this.#listener = listener
    this.#isCooperative = isCooperative(options.assignors)
    this.#ownership = new Ownership(listener, this.#counters)
    this.#selection = new TopicSelection(cluster.metadata)
    const { signal } = this.#ending
    this.#coordinator = new ClassicCoordinator(cluster, options, signal)
    this.#heartbeats = new ClassicHeartbeats(cluster, options, this.#coordinator, this.#counters, {
      onHeartbeatError: (code) => this.#take(stepAfterHeartbeat(code), code, 'heartbeat'),
      onRebalance: () => this.#onRebalance(),
      onStalled: () => this.#stall(),
      onFatal: (error) => void this.#fail(error),
    })
  }

  get assignment(): readonly TopicPartition[] {
    return this.#ownership.partitions
  }

  get stats(): MembershipStats {
    return this.#counters
  }

  start(): void {
    this.#heartbeats.progress()
    this.#stopWatching = this.#cluster.metadata.onChange(() => this.#onMetadata())
    this.#running = this.#run().catch((error: unknown) => this.#fail(error))
  }

  subscribe(topics: readonly string[] | RegExp | ServerPattern): void {
    if ('pattern' in topics) {
      const why = 'a pattern that the broker matches needs the protocol of KIP-848'
      throw new KafkaError('INVALID_ARGUMENT', `${why}; group ${this.#options.groupId} is classic`)
    }
    this.#selection.set(topics)
    this.#hasFreshNames = false
    this.#watch()
    if (this.#state === 'stable') this.#checkSubscription()
  }

  progress(): void {
    this.#heartbeats.progress()
    if (!this.#isStalled) return
    this.#isStalled = false
    this.#wake()
  }

  identity(): MemberIdentity | null {
    if (this.#state !== 'stable') return null
    const { groupId, instanceId } = this.#options
    const { id, memberId } = this.#generation
    return { groupId, memberId, generationOrEpoch: id, instanceId }
  }

  onOffsetError(errorCode: number, sentAs?: MemberIdentity): void {
    const step = stepAfterOffsets(errorCode)
    if (step === null || this.#isEnded || this.#state !== 'stable') return
    const { id, memberId } = this.#generation
    const isOld = sentAs?.generationOrEpoch !== id || sentAs.memberId !== memberId
    if (sentAs !== undefined && isOld) return
    this.#take(step, errorCode, 'offset commit')
  }

  rejoin(reason: string): void {
    this.#requestRejoin(reason)
  }

  async leave(deadline: Deadline): Promise<void> {
    if (this.#hasLeft) return
    this.#hasLeft = true
    const isMember = this.#state === 'stable' && this.#generation !== NO_GENERATION
    const wasEnded = this.#isEnded
    this.#end()
    const releasing = new AbortController()
    const release = async () => {
      await this.#running // a call of the listener's that is under way
      if (isMember && !wasEnded) {
        await this.#ownership.revoke(this.#ownership.partitions, releasing.signal)
      } else {
        await this.#ownership.lose()
      }
    }
    await deadline.race(release()).catch((error: unknown) => this.#warn('leaving', error))
    releasing.abort()
    this.#revoking?.abort()
    await this.#sendLeave(deadline, 'the consumer is being closed')
    this.#generation = NO_GENERATION
    this.#state = 'unjoined'
    this.#cluster.closeChannel(this.#coordinator.channel)
  }

  // ---- the loop

  async #run(): Promise<void> {
    for (let failures = 0; !this.#isEnded; ) {
      if (this.#isStalled) await this.#ownership.lose()
      if (!this.#needsRejoin || this.#isStalled) {
        await this.#woken()
        continue
      }
      const isLater = await this.#attempt()
      failures = isLater ? failures + 1 : 0
      if (isLater) await this.#pause(backoffMs(this.#cluster, failures))
    }
  }

  #woken(): Promise<void> {
    if (this.#isEnded || (this.#needsRejoin && !this.#isStalled)) return Promise.resolve()
    return new Promise((resolve) => {
      this.#wake = resolve
    })
  }

  /** Ends early with the membership. */
  #pause(delayMs: number): Promise<void> {
    const pausing = this.#deadline('the pause before joining again').sleep(delayMs)
    return pausing.catch(() => {})
  }

  /** One attempt to become a member of a generation; true where the next one should wait. */
  async #attempt(): Promise<boolean> {
    try {
      await this.#coordinator.find()
      if (this.#selection.isExpression && !this.#hasFreshNames) await this.#freshenNames()
      await this.#prepare()
      if (this.#isEnded || this.#isStalled) return false
      return await this.#join()
    } catch (error) {
      if (this.#isEnded) return false
      const isLost = this.#coordinator.noteFailure(error)
      if (!isLost && !(error instanceof KafkaError && error.retriable)) throw error
      this.#warn('joining', error)
      this.#counters.rebalanceFailed(this.#nowMs())
      if (this.#state !== 'stable') this.#state = 'unjoined'
      return true
    }
  }

  async #freshenNames(): Promise<void> {
    await this.#cluster.metadata.refresh(this.#deadline('the names of all topics'))
    this.#selection.refresh()
    this.#hasFreshNames = true
  }

  /** Gives up what may not be kept through the next generation. */
  async #prepare(): Promise<void> {
    if (this.#generation.id < 0 || this.#generation.memberId === '') {
      await this.#ownership.lose()
      return
    }
    const owned = this.#ownership.partitions
    await this.#revoke(
      this.#isCooperative ? owned.filter(({ topic }) => !this.#selection.includes(topic)) : owned,
    )
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

  async #join(): Promise<boolean> {
    const generation = this.#generation
    const startMs = this.#nowMs()
    this.#heartbeats.stop()
    this.#state = 'preparing'
    this.#counters.rebalanceStarted(startMs)
    this.#joinedTopics = this.#selection.names
    const answer = await this.#coordinator.join({
      generation,
      topics: this.#joinedTopics,
      owned: this.#ownership.partitions,
      lastAssigned: this.#lastAssigned,
      reason: this.#reason,
    })
    if (answer.errorCode === ErrorCode.MEMBER_ID_REQUIRED) {
      this.#generation = { ...NO_GENERATION, memberId: answer.memberId }
      this.#reason = 'need to re-join with the given member-id'
      return false
    }
    if (answer.errorCode !== 0) return this.#onRefused('join', answer.errorCode, generation)
    this.#counters.joined(startMs, this.#nowMs())
    if (this.#isOver('preparing', generation)) return true
    const { generationId: id, memberId, protocolName } = answer
    if (!this.#options.assignors.some(({ name }) => name === protocolName)) {
      throw KafkaError.ofCode(ErrorCode.INCONSISTENT_GROUP_PROTOCOL, `chosen: ${protocolName}`)
    }
    this.#generation = { id, memberId, protocol: protocolName }
    this.#state = 'completing'
    this.#heartbeats.start(this.#generation)
    if (answer.leader === memberId) return this.#sync(await this.#lead(answer))
    this.#groupTopics = null // of a former leader
    this.#watch()
    return this.#sync([])
  }

  /** What the leader sends with its SyncGroup. */
  async #lead(answer: {
    members: Parameters<typeof readMembers>[0]
    skipAssignment: boolean
    protocolName: string | null
  }) {
    const { metadata } = this.#cluster
    const { members, unreadable } = readMembers(answer.members)
    for (const id of unreadable) this.#cluster.logger.warn(`member ${id} told nothing readable`)
    this.#groupTopics = topicsOfGroup(members)
    this.#watch()
    if (this.#groupTopics.some((topic) => metadata.topic(topic) === undefined)) {
      const refreshed = metadata.refresh(this.#deadline('metadata of the topics of the group'))
      await refreshed.catch((error: unknown) => this.#warn('assigning', error))
    }
    this.#snapshot = snapshotOf(this.#groupTopics, metadata, this.#options.rack !== null)
    if (answer.skipAssignment) return []
    const assignor = this.#options.assignors.find(({ name }) => name === answer.protocolName)!
    return assignGroup(assignor, members, metadata, this.#isCooperative)
  }

  async #sync(assignments: { memberId: string; assignment: Uint8Array }[]): Promise<boolean> {
    const generation = this.#generation
    const startMs = this.#nowMs()
    const answer = await this.#coordinator.sync(generation, assignments)
    if (answer.errorCode !== 0) return this.#onRefused('sync', answer.errorCode, generation)
    this.#counters.synced(startMs, this.#nowMs())
    if (this.#isOver('completing', generation)) {
      this.#counters.rebalanceFailed(this.#nowMs())
      return false
    }
    if (answer.protocolName !== null && answer.protocolName !== generation.protocol) {
      throw KafkaError.ofCode(ErrorCode.INCONSISTENT_GROUP_PROTOCOL)
    }
    this.#state = 'stable'
    this.#needsRejoin = false
    this.#reason = ''
    this.#counters.rebalanceEnded(this.#nowMs())
    return this.#takeAssignment(generation, answer.assignment)
  }

  async #takeAssignment(generation: Generation, bytes: Uint8Array): Promise<boolean> {
    const partitions = decodeAssignment(bytes)
    if (partitions === null) {
      throw new KafkaError('CORRUPT_DATA', 'the leader sent an assignment that can not be read')
    }
    if (!partitions.every(({ topic }) => this.#selection.includes(topic))) {
      this.#requestRejoin('received assignment does not match the current subscription')
      return true
    }
    const assigned = new Set(partitions.map(({ topic, partition }) => `${topic} ${partition}`))
    const going = this.#ownership.partitions.filter(
      ({ topic, partition }) => !assigned.has(`${topic} ${partition}`),
    )
    if (going.length > 0) {
      await this.#revoke(going)
      this.#requestRejoin('need to revoke partitions and re-join')
    }
    if (this.#generation !== generation || this.#isEnded) return false
    const topics = [...new Set(partitions.map(({ topic }) => topic))]
    this.#selection.learn(topics)
    if (this.#selection.isExpression) {
      this.#joinedTopics = [...new Set([...this.#joinedTopics, ...topics])].sort()
    }
    this.#lastAssigned.set(generation.protocol!, { partitions, generationId: generation.id })
    await this.#ownership.assign(partitions)
    if (this.#state === 'stable') this.#checkSubscription()
    return false
  }

  /** The generation or the state was changed meanwhile. */
  #isOver(state: State, generation: Generation): boolean {
    return this.#state !== state || this.#generation !== generation
  }

  #onRefused(api: 'join' | 'sync', errorCode: number, generation: Generation): boolean {
    const step = stepAfterError(api, errorCode)
    this.#counters.rebalanceFailed(this.#nowMs())
    if (step.next === 'fail') {
      throw KafkaError.ofCode(errorCode, null, { groupId: this.#options.groupId })
    }
    if (this.#generation === generation) this.#forget(step.forget)
    if (step.rediscovers) this.#coordinator.forget()
    this.#requestRejoin(`rebalance failed due to ${errorName(errorCode)}`)
    return step.next === 'later'
  }

  #requestRejoin(reason: string): void {
    this.#needsRejoin = true
    this.#reason = reason
    this.#wake()
  }

  #forget(what: ErrorStep['forget']): void {
    if (what === 'nothing') return
    const { memberId } = this.#generation
    this.#generation = what === 'memberId' ? NO_GENERATION : { ...NO_GENERATION, memberId }
    this.#state = 'unjoined'
    this.#heartbeats.stop()
    this.#revoking?.abort()
  }

  // ---- what the brokers tell of topics

  #watch(): void {
    const { names, needsAllNames } = this.#selection
    const topics = [...new Set([...names, ...(this.#groupTopics ?? [])])]
    this.#cluster.metadata.watch(this, needsAllNames ? 'all' : topics)
  }

  #onMetadata(): void {
    if (this.#isEnded) return
    this.#selection.refresh()
    if (this.#state === 'stable') this.#checkSubscription()
  }

  /** Joins again where the subscription or, for the leader, the group's topics have changed. */
  #checkSubscription(): void {
    if (this.#needsRejoin) return
    const { metadata } = this.#cluster
    if (this.#selection.names.join() !== this.#joinedTopics.join()) {
      this.#requestRejoin('subscription has changed')
    } else if (this.#groupTopics !== null) {
      const snapshot = snapshotOf(this.#groupTopics, metadata, this.#options.rack !== null)
      if (snapshot !== this.#snapshot) this.#requestRejoin('cached metadata has changed')
    }
  }

  // ---- what heartbeats and commits tell

  #onRebalance(): void {
    if (this.#state === 'stable') this.#requestRejoin('group is already rebalancing')
  }

  #take(step: ErrorStep, errorCode: number, api: string): void {
    if (step.next === 'fail') {
      void this.#fail(KafkaError.ofCode(errorCode, null, { groupId: this.#options.groupId }))
      return
    }
    if (step.rediscovers) this.#coordinator.forget()
    this.#forget(step.forget)
    if (step.next === 'now') this.#requestRejoin(`${api} was answered with ${errorName(errorCode)}`)
  }

  /** The program has not asked for records for too long: others shall have the partitions. */
  #stall(): void {
    const error = stalledError(this.#options)
    this.#cluster.logger.warn(error.message)
    void this.#sendLeave(this.#deadline('leaving'), 'consumer poll timeout has expired.')
    this.#isStalled = true
    this.#forget('memberId')
    this.#requestRejoin('consumer pro-actively leaving the group')
    this.#listener.onStalled?.(error)
  }

  // ---- the end

  async #sendLeave(deadline: Deadline, reason: string): Promise<void> {
    const { memberId } = this.#generation
    if (memberId === '' || this.#options.instanceId !== null) return
    const sent = this.#coordinator.leave(memberId, reason, deadline)
    await sent.catch((error: unknown) => this.#warn('leaving', error))
  }

  #end(): void {
    this.#isEnded = true
    this.#heartbeats.stop()
    this.#stopWatching()
    this.#cluster.metadata.watch(this, [])
    this.#ending.abort()
    this.#wake()
  }

  async #fail(reason: unknown): Promise<void> {
    if (this.#isEnded) return
    const error = KafkaError.of(reason, 'INVALID_STATE', 'the membership failed')
    this.#end()
    this.#revoking?.abort()
    await this.#ownership.lose().catch((later: unknown) => this.#warn('the end', later))
    this.#state = 'unjoined'
    this.#listener.onError(error)
  }

  #deadline(what: string): Deadline {
    const { clock, requestTimeoutMs } = this.#cluster
    return new Deadline(clock, what, requestTimeoutMs, { signal: this.#ending.signal })
  }

  #nowMs(): number {
    return this.#cluster.clock.nowMs()
  }

  #warn(what: string, error: unknown): void {
    const text = this.#counters.noteProblem(what, error)
    this.#cluster.logger.warn(`group ${this.#options.groupId}: ${text}`)
  }
}
