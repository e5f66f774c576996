/**
 * Committed offsets of all groups of a shard, and those of open transactions, which become visible
 * when the transaction's end marker says so. Changed by replay only.
 *
 * KIP-98 (transactional offsets). Invariant: no empty map is kept for a group, topic or producer.
 */

/** An offset that a group has committed. */
export class CommittedOffset {
  readonly offset: number
  /** -1 where the client did not say. */
  readonly leaderEpoch: number
  readonly metadata: string
  readonly commitTimestampMs: number
  /** When it goes, if the client said so (OffsetCommit up to version 4); otherwise -1. */
  readonly expireTimestampMs: number
  /** Id of the topic that it was committed for; ZERO_UUID where the record does not say. */
  readonly topicId: string
  /** Offset of its record in the internal topic. */
  readonly recordOffset: number

  constructor(
    offset: number,
    leaderEpoch: number,
    metadata: string,
    commitTimestampMs: number,
    expireTimestampMs: number,
    topicId: string,
    recordOffset: number,
  ) {
    this.offset = offset
    this.leaderEpoch = leaderEpoch
    this.metadata = metadata
    this.commitTimestampMs = commitTimestampMs
    this.expireTimestampMs = expireTimestampMs
    this.topicId = topicId
    this.recordOffset = recordOffset
  }
}

/** Offsets of one topic, by partition. */
export type PartitionOffsets = ReadonlyMap<number, CommittedOffset>
/** Offsets of one group, by topic. */
export type GroupOffsets = ReadonlyMap<string, PartitionOffsets>

/** Group, then topic, then partition. */
class OffsetTable<Value> {
  readonly groups = new Map<string, Map<string, Map<number, Value>>>()

  get(groupId: string, topic: string, partition: number): Value | undefined {
    return this.groups.get(groupId)?.get(topic)?.get(partition)
  }

  put(groupId: string, topic: string, partition: number, value: Value): void {
    let topics = this.groups.get(groupId)
    if (topics === undefined) this.groups.set(groupId, (topics = new Map()))
    let partitions = topics.get(topic)
    if (partitions === undefined) topics.set(topic, (partitions = new Map()))
    partitions.set(partition, value)
  }

  remove(groupId: string, topic: string, partition: number): void {
    const topics = this.groups.get(groupId)
    const partitions = topics?.get(topic)
    if (topics === undefined || partitions === undefined) return
    partitions.delete(partition)
    if (partitions.size === 0) topics.delete(topic)
    if (topics.size === 0) this.groups.delete(groupId)
  }

  forEach(action: (groupId: string, topic: string, partition: number, value: Value) => void): void {
    for (const [groupId, topics] of this.groups) {
      for (const [topic, partitions] of topics) {
        for (const [partition, value] of partitions) action(groupId, topic, partition, value)
      }
    }
  }
}

export class OffsetStore {
  readonly #committed = new OffsetTable<CommittedOffset>()
  /** Offsets of open transactions, by producer id. */
  readonly #pending = new Map<number, OffsetTable<CommittedOffset>>()
  /** Producers with an open transaction on an offset. */
  readonly #open = new OffsetTable<Set<number>>()

  get(groupId: string, topic: string, partition: number): CommittedOffset | undefined {
    return this.#committed.get(groupId, topic, partition)
  }

  /** Offsets of a group; undefined where it has none. */
  ofGroup(groupId: string): GroupOffsets | undefined {
    return this.#committed.groups.get(groupId)
  }

  forEachCommitted(
    action: (groupId: string, topic: string, partition: number, offset: CommittedOffset) => void,
  ): void {
    this.#committed.forEach(action)
  }

  /** Whether a transaction is about to change an offset of the group. */
  hasOpenTransaction(groupId: string): boolean {
    return this.#open.groups.has(groupId)
  }

  isInTransaction(groupId: string, topic: string, partition: number): boolean {
    return this.#open.get(groupId, topic, partition) !== undefined
  }

  /** Offsets that open transactions are about to change. */
  inTransaction(groupId: string): { readonly topic: string; readonly partition: number }[] {
    const found: { topic: string; partition: number }[] = []
    for (const [topic, partitions] of this.#open.groups.get(groupId) ?? []) {
      for (const partition of partitions.keys()) found.push({ topic, partition })
    }
    return found
  }

  /** Offsets of open transactions, whoever commits them. */
  forEachPending(
    action: (groupId: string, topic: string, partition: number, offset: CommittedOffset) => void,
  ): void {
    for (const table of this.#pending.values()) table.forEach(action)
  }

  commit(groupId: string, topic: string, partition: number, offset: CommittedOffset): void {
    this.#committed.put(groupId, topic, partition, offset)
  }

  /** An offset that counts once the producer's transaction commits. */
  commitInTransaction(
    producerId: number,
    groupId: string,
    topic: string,
    partition: number,
    offset: CommittedOffset,
  ): void {
    let table = this.#pending.get(producerId)
    if (table === undefined) this.#pending.set(producerId, (table = new OffsetTable()))
    table.put(groupId, topic, partition, offset)
    const producers = this.#open.get(groupId, topic, partition)
    if (producers === undefined) this.#open.put(groupId, topic, partition, new Set([producerId]))
    else producers.add(producerId)
  }

  /** A tombstone: it takes what transactions hold for the partition too. */
  remove(groupId: string, topic: string, partition: number): void {
    this.#committed.remove(groupId, topic, partition)
    for (const producerId of this.#open.get(groupId, topic, partition) ?? []) {
      this.#pending.get(producerId)?.remove(groupId, topic, partition)
    }
    this.#open.remove(groupId, topic, partition)
  }

  /** The end of a producer's transaction. Of two commits the one later in the log stays. */
  endTransaction(producerId: number, committed: boolean): void {
    const table = this.#pending.get(producerId)
    if (table === undefined) return
    this.#pending.delete(producerId)
    table.forEach((groupId, topic, partition, offset) => {
      const producers = this.#open.get(groupId, topic, partition)
      producers?.delete(producerId)
      if (producers?.size === 0) this.#open.remove(groupId, topic, partition)
      if (!committed) return
      const present = this.#committed.get(groupId, topic, partition)
      if (present === undefined || offset.recordOffset > present.recordOffset) {
        this.#committed.put(groupId, topic, partition, offset)
      }
    })
  }
}
