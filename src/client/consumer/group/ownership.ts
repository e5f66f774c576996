/**
 * The partitions that a member owns, and the calls that tell the consumer of each change.
 *
 * Invariant: at most one call is under way; a partition stays owned until `onRevoked` has ended,
 * is not owned any more when `onLost` is called, and is owned when `onAssigned` is called.
 */
import { KafkaError } from '../../kafka-error.ts'
import type { TopicPartition } from '../../topic.ts'
import { comparePartitions } from './consumer-protocol.ts'
import type { MembershipListener } from './membership.ts'
import type { MembershipCounters } from './membership-counters.ts'

/** A partition in a word; names of topics have no spaces. */
export function partitionKey({ topic, partition }: TopicPartition): string {
  return `${topic} ${partition}`
}

export class Ownership {
  readonly #listener: MembershipListener
  readonly #counters: MembershipCounters
  #owned: readonly TopicPartition[] = []
  #keys: ReadonlySet<string> = new Set()
  #last: Promise<void> = Promise.resolve()

  constructor(listener: MembershipListener, counters: MembershipCounters) {
    this.#listener = listener
    this.#counters = counters
  }

  /** By topic and number. */
  get partitions(): readonly TopicPartition[] {
    return this.#owned
  }

  has(partition: TopicPartition): boolean {
    return this.#keys.has(partitionKey(partition))
  }

  /** Tells that `partitions` have to go, and takes them away when the consumer is done. */
  revoke(partitions: readonly TopicPartition[], signal: AbortSignal): Promise<void> {
    return this.#inTurn(async () => {
      const going = partitions.filter((partition) => this.has(partition))
      if (going.length === 0) return
      try {
        await this.#listener.onRevoked(going, signal)
      } finally {
        const gone = new Set(going.map(partitionKey))
        this.#set(this.#owned.filter((partition) => !gone.has(partitionKey(partition))))
      }
    }, 'onRevoked')
  }

  /** Takes all away; others may have them. */
  lose(): Promise<void> {
    return this.#inTurn(async () => {
      const lost = this.#owned
      if (lost.length === 0) return
      this.#set([])
      await this.#listener.onLost(lost)
    }, 'onLost')
  }

  /** Owns exactly `partitions` from now on, and tells which of them are new. */
  assign(partitions: readonly TopicPartition[]): Promise<void> {
    return this.#inTurn(async () => {
      const added = partitions.filter((partition) => !this.has(partition))
      this.#set([...partitions].sort(comparePartitions))
      await this.#listener.onAssigned(added.sort(comparePartitions))
    }, 'onAssigned')
  }

  /** What was begun has ended. */
  settled(): Promise<void> {
    return this.#last
  }

  #set(partitions: readonly TopicPartition[]): void {
    this.#owned = partitions
    this.#keys = new Set(partitions.map(partitionKey))
    this.#counters.assignedPartitions = partitions.length
  }

  #inTurn(change: () => Promise<void>, what: string): Promise<void> {
    const done = this.#last.then(change)
    this.#last = done.catch(() => {})
    return done.catch((error: unknown) => {
      throw KafkaError.of(error, 'USER_CODE_FAILED', `${what} of the consumer failed`)
    })
  }
}
