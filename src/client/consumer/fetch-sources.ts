/**
 * Which broker each partition is fetched from: its leader, or a replica near by that the leader
 * names, and what an error of one partition says of that.
 *
 * Invariant: after an error there is a pause, unless another broker is known to be the right one by
 * then: a leader of a newer epoch. So brokers that name each other are not asked in a circle.
 *
 * KIP-392 (follower fetch), KIP-516 (topic ids), KIP-951 (new leaders in answers).
 */
import { ZERO_UUID } from '../../base/uuid.ts'
import { ErrorCode, isStaleMetadata } from '../../protocol/errors.ts'
import type { fetchResponse } from '../../protocol/messages/01-fetch.ts'
import type { Infer } from '../../protocol/schema.ts'
import type { Cluster, PartitionInfo, TopicInfo } from '../cluster/cluster.ts'
import { KafkaError } from '../kafka-error.ts'
import { backoffMs } from '../retry.ts'
import type { AssignedPartition } from './assigned-partition.ts'

/** What is told of partitions and their brokers. */
export interface SourceListener {
  /** The log has no such offset any more, or not yet. */
  onOutOfRange(partition: AssignedPartition): void
  /** Another leader: what is fetched next must be checked against its log (KIP-320). */
  onNewLeader(partition: AssignedPartition): void
  /** The topic is another one of the same name. */
  onNewTopic(partition: AssignedPartition, topicId: string): void
  /** To be told to the program. */
  onFailed(partition: AssignedPartition, error: KafkaError): void
}

type Response = Infer<typeof fetchResponse>
type PartitionResponse = Response['responses'][number]['partitions'][number]

/** How long a follower is read from before the leader is asked again. */
const REPLICA_MAX_AGE_MS = 300_000
/**
 * How long after a follower failed no leader is asked for one. It names the same one until the
 * controller has missed the broker, which takes 9 s where nothing is configured.
 */
const REPLICA_AVOIDED_MS = 10_000

export class FetchSources {
  readonly #cluster: Cluster
  readonly #listener: SourceListener

  constructor(cluster: Cluster, listener: SourceListener) {
    this.#cluster = cluster
    this.#listener = listener
  }

  /** The broker to fetch a partition from, or -1 where there is none for now. */
  of(partition: AssignedPartition, nowMs: number): number {
    const { metadata } = this.#cluster
    const topic = metadata.topic(partition.topic)
    const info = topic?.partitions[partition.partition]
    if (topic === undefined || info === undefined) return this.#noLeader(partition, 'not known')
    if (this.#isAnotherTopic(partition, topic)) return -1
    if (info.leader < 0) return this.#noLeader(partition, 'without a leader')
    if (info.leaderEpoch > partition.leaderEpoch) this.#learn(partition, info)
    if (partition.replica >= 0) {
      if (nowMs < partition.replicaUntilMs && metadata.brokers.has(partition.replica)) {
        return partition.replica
      }
      partition.replica = -1
    }
    return info.leader
  }

  /** Whether a fetch of these may have the leader name replicas near by. */
  mayFollow(partitions: readonly AssignedPartition[]): boolean {
    const nowMs = this.#cluster.clock.monotonicMs()
    return partitions.every(({ leaderUntilMs }) => leaderUntilMs <= nowMs)
  }

  /** The leader has named a replica near by. */
  follow(partition: AssignedPartition, replica: number): void {
    const nowMs = this.#cluster.clock.monotonicMs()
    if (replica === partition.replica || nowMs < partition.leaderUntilMs) return
    partition.replica = replica
    partition.replicaUntilMs = nowMs + REPLICA_MAX_AGE_MS
    this.#cluster.logger.debug(`${partition.name} is read from broker ${replica} from now on`)
  }

  /** Its broker has not answered. */
  lost(partition: AssignedPartition): void {
    if (partition.replica < 0) return
    partition.replica = -1
    partition.leaderUntilMs = this.#cluster.clock.monotonicMs() + REPLICA_AVOIDED_MS
  }

  /** A broker has answered with an error for this partition. */
  refused(
    partition: AssignedPartition,
    brokerId: number,
    { errorCode, currentLeader }: PartitionResponse,
    nodes: Response['nodeEndpoints'],
  ): void {
    const { topic, partition: index, fetchOffset: offset } = partition
    const { metadata, clock } = this.#cluster
    const context = { api: 'Fetch', broker: String(brokerId), topic, partition: index, offset }
    const error = KafkaError.ofCode(errorCode, null, context)
    partition.lastProblem = error
    this.#learnLeader(partition, currentLeader, nodes)
    const wasFollowing = partition.replica >= 0
    partition.replica = -1
    if (errorCode === ErrorCode.OFFSET_OUT_OF_RANGE) {
      // A follower may be behind: the leader has the last word.
      if (!wasFollowing) this.#listener.onOutOfRange(partition)
      return
    }
    if (!error.retriable && !isStaleMetadata(errorCode) && errorCode !== -1) {
      this.#listener.onFailed(partition, error)
      return
    }
    metadata.markStale()
    const leader = metadata.topic(topic)?.partitions[index]?.leader ?? -1
    const isElsewhere = leader >= 0 && leader !== brokerId
    if (isElsewhere && !wasFollowing && isStaleMetadata(errorCode)) return
    partition.retryAtMs = clock.monotonicMs() + backoffMs(this.#cluster, ++partition.attempts)
  }

  #learnLeader(
    { topic, partition }: AssignedPartition,
    { leaderId, leaderEpoch }: PartitionResponse['currentLeader'],
    nodes: Response['nodeEndpoints'],
  ): void {
    if (leaderId < 0) return
    const node = nodes.find(({ nodeId }) => nodeId === leaderId)
    const broker = node && { id: leaderId, host: node.host, port: node.port, rack: node.rack }
    this.#cluster.metadata.learnLeader(topic, partition, leaderId, leaderEpoch, broker)
  }

  #noLeader(partition: AssignedPartition, problem: string): -1 {
    partition.lastProblem = new KafkaError('LEADER_NOT_AVAILABLE', problem, { retriable: true })
    this.#cluster.metadata.markStale()
    return -1
  }

  #isAnotherTopic(partition: AssignedPartition, { id }: TopicInfo): boolean {
    if (id === ZERO_UUID || id === partition.topicId) return false
    const isFirst = partition.topicId === ''
    partition.topicId = id
    if (!isFirst) this.#listener.onNewTopic(partition, id)
    return !isFirst
  }

  #learn(partition: AssignedPartition, { leaderEpoch }: PartitionInfo): void {
    const isFirst = partition.leaderEpoch < 0
    partition.leaderEpoch = leaderEpoch
    if (!isFirst) this.#listener.onNewLeader(partition)
  }
}
