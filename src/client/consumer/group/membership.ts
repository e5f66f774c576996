/**
 * Being a member of a consumer group, as the consumer sees it: partitions come and go by awaited
 * callbacks, and the rest goes on in the background. Two protocols stand behind it: the classic one
 * (classic-membership.ts) and that of KIP-848 (consumer-membership.ts); create-membership.ts picks.
 *
 * Invariant: `assignment` holds what the listener was told, no more and no less: a partition leaves
 * it when `onRevoked` has ended or when it is lost, and enters it before `onAssigned` is called.
 */
import type { Deadline } from '../../call.ts'
import type { KafkaError } from '../../kafka-error.ts'
import type { GroupSensors } from '../../metrics/group-sensors.ts'
import type { TopicPartition } from '../../topic.ts'
import type { Assignor } from '../assignors/assignor.ts'

/**
 * What the consumer gives a membership. Each is awaited; the membership goes on (joins, syncs,
 * acknowledges) only after. What they throw is logged, wrapped and handed to `onError`.
 */
export interface MembershipListener {
  /** The partitions are still owned: a commit is possible inside, until `signal` aborts. */
  onRevoked(partitions: readonly TopicPartition[], signal: AbortSignal): Promise<void>
  /** Only those that are new; called with none too, since a rebalance has ended. */
  onAssigned(partitions: readonly TopicPartition[]): Promise<void>
  /** Fenced, or the session expired: others may own them, and a commit is impossible. */
  onLost(partitions: readonly TopicPartition[]): Promise<void>
  /** The membership has ended with this error: the consumer's loops reject with it. */
  onError(error: KafkaError): void
  /**
   * The program did not ask for records within `rebalanceTimeoutMs`: the member has left its group,
   * and joins again at the next `progress`.
   */
  onStalled?(error: KafkaError): void
}

/** Who the member is in OffsetCommit, OffsetFetch and TxnOffsetCommit. */
export interface MemberIdentity {
  readonly groupId: string
  readonly memberId: string
  /** The generation of a classic group, the member's epoch in one of KIP-848. */
  readonly generationOrEpoch: number
  readonly instanceId: string | null
}

/** A regular expression in the syntax of RE2, which has to match the whole name of a topic. */
export interface ServerPattern {
  readonly pattern: string
}

/** Counts and times that the metrics are made of; the totals only grow. */
export interface MembershipStats {
  readonly heartbeatTotal: number
  /** When the last heartbeat was sent; -1 before the first. */
  readonly lastHeartbeatMs: number
  readonly heartbeatResponseTotal: number
  readonly heartbeatResponseTimeTotalMs: number
  readonly heartbeatResponseTimeMaxMs: number
  readonly joinTotal: number
  readonly joinTimeTotalMs: number
  readonly joinTimeMaxMs: number
  readonly syncTotal: number
  readonly syncTimeTotalMs: number
  readonly syncTimeMaxMs: number
  /** Those that ended well, with their whole durations. */
  readonly rebalanceTotal: number
  readonly rebalanceLatencyTotalMs: number
  readonly rebalanceLatencyMaxMs: number
  readonly failedRebalanceTotal: number
  /** When the last one ended well; -1 before the first. */
  readonly lastRebalanceMs: number
  readonly assignedPartitions: number
  /** What went wrong last since then, in words. */
  readonly lastProblem: string
  /** @internal The same by the last minute. */
  readonly sensors: GroupSensors
}

/** The options of a group that a membership needs, with all defaults filled in. */
export interface GroupOptions {
  readonly groupId: string
  /** A static member (KIP-345) where it is not null. */
  readonly instanceId: string | null
  /** 45,000 unless told. The broker of a KIP-848 group has its own. */
  readonly sessionTimeoutMs: number
  /** 3,000 unless told. The broker of a KIP-848 group has its own. */
  readonly heartbeatIntervalMs: number
  /** How long between two calls of `progress`, and how long a revocation may take. */
  readonly rebalanceTimeoutMs: number
  /** Of the classic protocol, the most wanted first. */
  readonly assignors: readonly Assignor[]
  /** Of KIP-848; null lets the broker choose. */
  readonly serverAssignor: string | null
  /** KIP-881 and KIP-392; null for none. */
  readonly rack: string | null
  readonly protocol: 'auto' | 'classic' | 'consumer'
}

/** One consumer's membership in one group. */
export interface Membership {
  /** Joins in the background, and rejoins by itself until `leave`. */
  start(): void
  /**
   * Names, a regular expression that this client matches (internal topics aside), or a pattern that
   * the broker matches, which KIP-848 has.
   */
  subscribe(topics: readonly string[] | RegExp | ServerPattern): void
  /**
   * The program asked for records: `rebalanceTimeoutMs` starts anew. While it waits for records,
   * nothing is asked: call it then and again, at least once in that time.
   */
  progress(): void
  /** The partitions that are owned now. */
  readonly assignment: readonly TopicPartition[]
  /** Null while it is in no generation: then there is nothing to commit as a member. */
  identity(): MemberIdentity | null
  /**
   * Takes note of an error code that an OffsetCommit or OffsetFetch answered; `sentAs` is what the
   * request said: where the member is in another generation by now, it has nothing to learn.
   */
  onOffsetError(errorCode: number, sentAs?: MemberIdentity): void
  /** Asks for a rebalance (KIP-568); `reason` is for people, and reaches the broker's log. */
  rejoin(reason: string): void
  /**
   * Revokes all (the listener is awaited), leaves the group unless the member is static, and stops
   * the heartbeats. Never rejects: what can't be done until the deadline is left to the session.
   */
  leave(deadline: Deadline): Promise<void>
  readonly stats: MembershipStats
}
