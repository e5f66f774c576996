/**
 * The events of a consumer that runs. Heartbeats and fetches go on in the background here, where
 * kafkajs sends them between batches: they are looked at from time to time, and a fetch is told as
 * the program sees it, from asking for a batch to having one.
 */
import type { Cluster } from '../cluster/cluster.ts'
import type { Consumer as NativeConsumer } from '../consumer/consumer.ts'
import type { GroupOptions, Membership } from '../consumer/group/membership.ts'
import type { GroupOffset } from '../consumer/offset-commits.ts'
import type { TopicPartition } from '../topic.ts'
import type { TopicPartitions } from './consumer-types.ts'
import type { Emitter, TopicOffsets } from './events.ts'

export interface RunEventsParts {
  readonly cluster: Cluster
  readonly group: GroupOptions
  readonly emitter: Emitter
  /** Whether this member dealt out the partitions of the present generation. */
  readonly wasLeader: () => boolean
}

export class RunEvents {
  readonly #parts: RunEventsParts
  readonly #native: () => NativeConsumer
  /** Set when the group's membership is made. */
  membership: Membership | null = null
  #joiningSinceMs: number
  #fetchStartMs: number
  #fetches = 0
  #heartbeatMs = -1

  constructor(parts: RunEventsParts, native: () => NativeConsumer) {
    this.#parts = parts
    this.#native = native
    this.#joiningSinceMs = this.#nowMs()
    this.#fetchStartMs = this.#nowMs()
  }

  #nowMs(): number {
    return this.#parts.cluster.clock.monotonicMs()
  }

  #identity() {
    const identity = this.membership?.identity() ?? null
    return {
      memberId: identity?.memberId ?? '',
      groupGenerationId: identity?.generationOrEpoch ?? -1,
    }
  }

  /** `isOver`: the consumer leaves by itself, which kafkajs does not tell. */
  rebalancing(isOver: boolean): void {
    this.#joiningSinceMs = this.#nowMs()
    if (isOver) return
    const { emitter, group } = this.#parts
    const { memberId } = this.#identity()
    emitter.emit('consumer.rebalancing', { groupId: group.groupId, memberId })
  }

  joined(): void {
    const { emitter, group, wasLeader } = this.#parts
    const { memberId } = this.#identity()
    const isLeader = wasLeader()
    const assignment = byTopic(this.#native().assignment)
    emitter.emit('consumer.group_join', {
      duration: Math.round(this.#nowMs() - this.#joiningSinceMs),
      groupId: group.groupId,
      isLeader,
      leaderId: isLeader ? memberId : '',
      groupProtocol: group.assignors[0]!.name,
      memberId,
      memberAssignment: Object.fromEntries(
        assignment.map(({ topic, partitions }) => [topic, partitions]),
      ),
    })
  }

  committed(offsets: readonly GroupOffset[]): void {
    const { emitter, group } = this.#parts
    const topics = topicOffsetsOf(offsets)
    emitter.emit('consumer.commit_offsets', {
      groupId: group.groupId,
      ...this.#identity(),
      topics,
    })
  }

  fetchStarted(nodeId = -1): void {
    this.#fetchStartMs = this.#nowMs()
    this.#parts.emitter.emit('consumer.fetch_start', { nodeId })
  }

  fetched(batch: TopicPartition): void {
    this.#fetches = this.#native().stats.fetchTotal
    this.#fetch(1, this.leaderOf(batch))
  }

  /** The broker that a partition is read from, as far as it is known. */
  leaderOf({ topic, partition }: TopicPartition): number {
    return this.#parts.cluster.metadata.topic(topic)?.partitions[partition]?.leader ?? -1
  }

  /** To be called every so often. */
  look(isIdle: boolean): void {
    const { membership, fetchTotal } = this.#native().stats
    const lastMs = membership?.lastHeartbeatMs ?? -1
    if (lastMs !== this.#heartbeatMs) {
      this.#heartbeatMs = lastMs
      const { emitter, group } = this.#parts
      emitter.emit('consumer.heartbeat', { groupId: group.groupId, ...this.#identity() })
    }
    if (!isIdle || fetchTotal === this.#fetches) return
    this.#fetches = fetchTotal
    this.#fetch(0, -1)
    this.fetchStarted()
  }

  #fetch(numberOfBatches: number, nodeId: number): void {
    const duration = Math.round(this.#nowMs() - this.#fetchStartMs)
    this.#parts.emitter.emit('consumer.fetch', { numberOfBatches, duration, nodeId })
  }
}

/** Partitions under their topics, by number. */
export function byTopic(partitions: readonly TopicPartition[]): TopicPartitions[] {
  const topics = new Map<string, number[]>()
  for (const { topic, partition } of partitions) {
    topics.set(
      topic,
      [...(topics.get(topic) ?? []), partition].sort((a, b) => a - b),
    )
  }
  return [...topics].map(([topic, own]) => ({ topic, partitions: own }))
}

function topicOffsetsOf(offsets: readonly GroupOffset[]): TopicOffsets[] {
  const topics = new Map<string, TopicOffsets>()
  for (const { topic, partition, offset } of offsets) {
    const of = topics.get(topic) ?? { topic, partitions: [] }
    of.partitions.push({ partition, offset: String(offset) })
    topics.set(topic, of)
  }
  return [...topics.values()]
}
