/**
 * The heartbeats of a classic member: by a timer, whatever the program does meanwhile. The same
 * timer watches that the program asks for records (KIP-62) and that the coordinator answers.
 *
 * Invariant: they run from the answer to JoinGroup until the generation is over, one at a time, and
 * an answer to one generation's heartbeat tells nothing to the next.
 */
import { ErrorCode } from '../../../protocol/errors.ts'
import { heartbeatRequest, heartbeatResponse } from '../../../protocol/messages/12-heartbeat.ts'
import type { Cluster } from '../../cluster/cluster.ts'
import { KafkaError } from '../../kafka-error.ts'
import { backoffMs } from '../../retry.ts'
import type { ClassicCoordinator, Generation } from './classic-coordinator.ts'
import { HeartbeatPace } from './heartbeat-pace.ts'
import type { GroupOptions } from './membership.ts'
import type { MembershipCounters } from './membership-counters.ts'

const CALL = { request: heartbeatRequest, response: heartbeatResponse }

export interface HeartbeatEvents {
  /** Any error but that the group rebalances; NOT_COORDINATOR and the like among them. */
  onHeartbeatError(errorCode: number): void
  onRebalance(): void
  /** The program did not ask for records for too long. */
  onStalled(): void
  onFatal(error: KafkaError): void
}

export class ClassicHeartbeats {
  readonly #cluster: Cluster
  readonly #options: GroupOptions
  readonly #coordinator: ClassicCoordinator
  readonly #counters: MembershipCounters
  readonly #events: HeartbeatEvents
  readonly #pace: HeartbeatPace
  /** Null while there is nothing to keep alive. */
  #generation: Generation | null = null
  #progressMs: number
  #cancelTimer: () => void = () => {}

  constructor(
    cluster: Cluster,
    options: GroupOptions,
    coordinator: ClassicCoordinator,
    counters: MembershipCounters,
    events: HeartbeatEvents,
  ) {
    this.#cluster = cluster
    this.#options = options
    this.#coordinator = coordinator
    this.#counters = counters
    this.#events = events
    this.#pace = new HeartbeatPace(options.heartbeatIntervalMs, options.sessionTimeoutMs)
    this.#progressMs = cluster.clock.monotonicMs()
  }

  /** The program asked for records. */
  progress(): void {
    this.#progressMs = this.#cluster.clock.monotonicMs()
  }

  /** From the answer to JoinGroup on. */
  start(generation: Generation): void {
    this.#generation = generation
    this.#pace.start(this.#cluster.clock.monotonicMs())
    this.#schedule()
  }

  /** The generation is over, or a join waits at the coordinator. */
  stop(): void {
    this.#generation = null
    this.#cancelTimer()
  }

  #schedule(): void {
    this.#cancelTimer()
    if (this.#generation === null) return
    const { clock } = this.#cluster
    const delayMs = Math.min(this.#pace.nextMs, this.#livenessEndMs) - clock.monotonicMs()
    this.#cancelTimer = clock.after(Math.max(0, delayMs), () => this.#tick())
  }

  get #livenessEndMs(): number {
    return this.#progressMs + this.#options.rebalanceTimeoutMs
  }

  #tick(): void {
    const nowMs = this.#cluster.clock.monotonicMs()
    if (this.#generation === null) return
    if (nowMs >= this.#livenessEndMs) {
      this.#events.onStalled()
      return
    }
    if (this.#pace.hasSessionEnded(nowMs)) {
      this.#cluster.logger.warn('no heartbeat was answered within the session timeout')
      this.#pace.sessionChecked(nowMs)
      this.#coordinator.lose() // ends the request that waits
    } else if (this.#pace.isDue(nowMs)) {
      void this.#beat(this.#generation)
    }
    this.#schedule()
  }

  async #beat(generation: Generation): Promise<void> {
    const { clock } = this.#cluster
    const { groupId, instanceId: groupInstanceId } = this.#options
    const startMs = clock.nowMs()
    this.#pace.sent(clock.monotonicMs())
    this.#counters.heartbeatSent(startMs)
    const { id: generationId, memberId } = generation
    const body = { groupId, generationId, memberId, groupInstanceId }
    try {
      const { errorCode } = await this.#coordinator.send(CALL, body)
      this.#counters.heartbeatAnswered(startMs, clock.nowMs())
      if (this.#generation === generation) this.#onAnswer(errorCode)
    } catch (error) {
      if (this.#generation !== generation) return
      const isLost = this.#coordinator.noteFailure(error)
      if (!isLost && error instanceof KafkaError && error.fatal) this.#events.onFatal(error)
      this.#pace.failed(clock.monotonicMs(), backoffMs(this.#cluster, 1))
    }
    if (this.#generation === generation) this.#schedule()
  }

  #onAnswer(errorCode: number): void {
    const nowMs = this.#cluster.clock.monotonicMs()
    const isRebalancing = errorCode === ErrorCode.REBALANCE_IN_PROGRESS
    if (errorCode === 0 || isRebalancing) this.#pace.answered(nowMs)
    else this.#pace.failed(nowMs, backoffMs(this.#cluster, 1))
    if (isRebalancing) this.#events.onRebalance()
    else if (errorCode !== 0) this.#events.onHeartbeatError(errorCode)
  }
}
