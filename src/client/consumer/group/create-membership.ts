/**
 * Makes the membership that the options ask for. `auto` is the protocol of KIP-848 where the
 * cluster has finalized `group.version` 1 and its brokers serve the heartbeat, and the classic one
 * else: it asks when it starts, and keeps what it is told until it knows. Where the broker refuses
 * the new one all the same, switched off or not allowed for a group that is classic, it takes the
 * classic one.
 */
import { consumerGroupHeartbeatRequest } from '../../../protocol/messages/68-consumer-group-heartbeat.ts'
import { Deadline } from '../../call.ts'
import type { Cluster } from '../../cluster/cluster.ts'
import { KafkaError, type KafkaErrorCode } from '../../kafka-error.ts'
import { backoffMs } from '../../retry.ts'
import type { TopicPartition } from '../../topic.ts'
import { ClassicMembership } from './classic-membership.ts'
import { ConsumerMembership } from './consumer-membership.ts'
import type {
  GroupOptions,
  MemberIdentity,
  Membership,
  MembershipListener,
  MembershipStats,
  ServerPattern,
} from './membership.ts'
import { MembershipCounters } from './membership-counters.ts'

/** A membership that has not begun. */
export function createMembership(
  cluster: Cluster,
  options: GroupOptions,
  listener: MembershipListener,
): Membership {
  switch (options.protocol) {
    case 'classic':
      return new ClassicMembership(cluster, options, listener)
    case 'consumer':
      return new ConsumerMembership(cluster, options, listener)
    case 'auto':
      return new AutoMembership(cluster, options, listener)
  }
}

/** Whether groups of KIP-848 can be had. */
async function hasConsumerGroups(cluster: Cluster, deadline: Deadline): Promise<boolean> {
  const level = (await cluster.features(deadline)).get('group.version') ?? 0
  if (level < 1) return false
  const { apiKey } = consumerGroupHeartbeatRequest
  return (await cluster.versionsOf('any', apiKey, deadline)) !== null
}

/** The broker has the protocol switched off, or the group may not be moved to it. */
const REFUSALS: ReadonlySet<KafkaErrorCode> = new Set(['UNSUPPORTED_VERSION', 'GROUP_ID_NOT_FOUND'])

class AutoMembership implements Membership {
  readonly #cluster: Cluster
  readonly #options: GroupOptions
  readonly #listener: MembershipListener
  readonly #ending = new AbortController()
  readonly #noStats = new MembershipCounters()
  #chosen: Membership | null = null
  #choosing: Promise<void> = Promise.resolve()
  #topics: readonly string[] | RegExp | ServerPattern = []

  constructor(cluster: Cluster, options: GroupOptions, listener: MembershipListener) {
    this.#cluster = cluster
    this.#options = options
    this.#listener = listener
  }

  get assignment(): readonly TopicPartition[] {
    return this.#chosen?.assignment ?? []
  }

  get stats(): MembershipStats {
    return this.#chosen?.stats ?? this.#noStats
  }

  start(): void {
    this.#choosing = this.#choose().catch((error: unknown) => {
      if (this.#ending.signal.aborted) return
      this.#listener.onError(KafkaError.of(error, 'INVALID_STATE', 'the membership failed'))
    })
  }

  subscribe(topics: readonly string[] | RegExp | ServerPattern): void {
    this.#topics = topics
    this.#chosen?.subscribe(topics)
  }

  progress(): void {
    this.#chosen?.progress()
  }

  identity(): MemberIdentity | null {
    return this.#chosen?.identity() ?? null
  }

  onOffsetError(errorCode: number, sentAs?: MemberIdentity): void {
    this.#chosen?.onOffsetError(errorCode, sentAs)
  }

  rejoin(reason: string): void {
    this.#chosen?.rejoin(reason)
  }

  async leave(deadline: Deadline): Promise<void> {
    this.#ending.abort()
    await this.#choosing
    await this.#chosen?.leave(deadline)
  }

  #make(isNew: boolean): Membership {
    const options = { ...this.#options, protocol: isNew ? 'consumer' : 'classic' } as const
    return createMembership(this.#cluster, options, isNew ? this.#withFallBack() : this.#listener)
  }

  /** The consumer's listener, but for a refusal of the new protocol before it was ever joined. */
  #withFallBack(): MembershipListener {
    const listener = this.#listener
    let hasJoined = false
    return {
      onRevoked: (partitions, signal) => listener.onRevoked(partitions, signal),
      onAssigned: (partitions) => {
        hasJoined = true
        return listener.onAssigned(partitions)
      },
      onLost: (partitions) => listener.onLost(partitions),
      onStalled: (error) => listener.onStalled?.(error),
      onError: (error) => {
        const isRefused = !hasJoined && REFUSALS.has(error.code) && !('pattern' in this.#topics)
        if (!isRefused || this.#ending.signal.aborted) {
          listener.onError(error)
          return
        }
        const { logger } = this.#cluster
        logger.info(`group ${this.#options.groupId} is classic, since: ${error.message}`)
        this.#chosen = this.#make(false)
        this.#chosen.subscribe(this.#topics)
        this.#chosen.start()
      },
    }
  }

  async #choose(): Promise<void> {
    const { signal } = this.#ending
    for (let attempt = 1; ; attempt++) {
      const { clock, requestTimeoutMs } = this.#cluster
      const deadline = new Deadline(clock, 'the features of the cluster', requestTimeoutMs, {
        signal,
      })
      try {
        const isNew = await hasConsumerGroups(this.#cluster, deadline)
        if (signal.aborted) return
        this.#chosen = this.#make(isNew)
        break
      } catch (error) {
        const isPassing =
          error instanceof KafkaError && (error.retriable || error.code === 'TIMED_OUT')
        if (!isPassing) throw error
        const text = this.#noStats.noteProblem('choosing the protocol', error)
        this.#cluster.logger.warn(`group ${this.#options.groupId}: ${text}`)
      }
      const pause = new Deadline(clock, 'the features of the cluster', requestTimeoutMs, { signal })
      await pause.sleep(backoffMs(this.#cluster, attempt))
    }
    this.#chosen.subscribe(this.#topics)
    this.#chosen.start()
  }
}
