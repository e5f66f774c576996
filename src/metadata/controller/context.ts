/**
 * What every decision of the controller reads: the image, the node's settings, and the soft state
 * that no record carries.
 */
import type { ConfigValidator } from '../config-validator.ts'
import type { MetadataImage } from '../image.ts'
import type { FeatureRanges } from '../metadata-version.ts'
import { type PartitionTargets, partitionChange } from '../partition-change.ts'
import type { MetadataRecord } from '../records.ts'
import { directoryOf, type LocatedPartition } from '../topics.ts'
import type { BrokerSessions } from './broker-sessions.ts'

/** Records that one request may make; more is refused whole, as Kafka does. */
export const MAX_RECORDS_PER_REQUEST = 10_000

export interface ControllerSettings {
  readonly nodeId: number
  readonly clusterId: string
  /** `num.partitions`. */
  readonly defaultPartitionCount: number
  /** `default.replication.factor`. */
  readonly defaultReplicationFactor: number
  /** `delete.topic.enable`. */
  readonly deleteTopicEnable: boolean
  /** `broker.session.timeout.ms`. */
  readonly brokerSessionTimeoutMs: number
  /** `metadata.max.idle.interval.ms`; 0 writes no NoOpRecord. */
  readonly maxIdleIntervalMs: number
  /** `leader.imbalance.check.interval.seconds`; 0 where `auto.leader.rebalance.enable` is off. */
  readonly leaderImbalanceCheckIntervalMs: number
  /** `unclean.leader.election.interval.ms`. */
  readonly uncleanElectionIntervalMs: number
  /** Levels of each feature that this node really runs. */
  readonly supportedFeatures: FeatureRanges
  /** `min.insync.replicas` of the node's file, or its default. */
  readonly minInSyncReplicas: number
}

/** Randomness of the controller: ids of topics, starts of placement. */
export interface ControllerRandom {
  int(bound: number): number
  uuid(): string
}

/** What the controller needs of the quorum that it leads; `RaftDriver` is one. */
export interface ControllerQuorum {
  /** The offset that the next record gets. */
  readonly logEndOffset: number
  /** kraft.version, which raft keeps in records of its own. */
  readonly kraftVersion: number
  /** Ids of the quorum's controllers. */
  readonly voterIds: readonly number[]
  /** Why kraft.version can't be raised to a level, or null where it can. */
  kraftVersionError(level: number): string | null
  /** Raises it: raft appends its control records before what the decision appends. */
  upgradeKRaftVersion(level: number): void
}

export interface ControllerContext {
  readonly image: MetadataImage
  readonly settings: ControllerSettings
  readonly configValidator: ConfigValidator
  readonly random: ControllerRandom
  readonly quorum: ControllerQuorum
  readonly sessions: BrokerSessions
}

/** The effective value of a topic's config on this cluster. */
export function topicConfig(context: ControllerContext, topic: string, key: string): string {
  const { configs } = context.image
  return context.configValidator.topicConfig(key, {
    topic: configs.topic(topic),
    broker: configs.broker(context.settings.nodeId),
    cluster: configs.cluster,
  })
}

/** min.insync.replicas of a topic, no more than it has replicas. */
export function effectiveMinIsr(context: ControllerContext, located: LocatedPartition): number {
  const configured = Number(topicConfig(context, located.topic.name, 'min.insync.replicas'))
  const replicas = located.topic.partitions[0]?.replicas ?? located.partition.replicas
  return Math.min(configured, replicas.length)
}

export function allowsUncleanElection(context: ControllerContext, topic: string): boolean {
  return topicConfig(context, topic, 'unclean.leader.election.enable') === 'true'
}

/** Works out a partition's next state; `mayLead` is asked beside the broker's directories. */
export function changePartition(
  context: ControllerContext,
  located: LocatedPartition,
  targets: PartitionTargets,
  mayLead: (brokerId: number) => boolean = (id) => context.image.cluster.isActive(id),
): MetadataRecord | null {
  const { cluster, features } = context.image
  const { topic, index, partition } = located
  return partitionChange(
    {
      topicId: topic.id,
      partitionId: index,
      partition,
      metadataVersion: features.metadataVersion,
      elrEnabled: features.elrEnabled,
      minIsr: effectiveMinIsr(context, located),
      isAcceptableLeader: (id) => {
        const directory = directoryOf(partition, id)
        return directory !== null && mayLead(id) && cluster.hasOnlineDirectory(id, directory)
      },
      defaultDirectory: (id) => cluster.defaultDirectory(id),
    },
    targets,
  )
}
