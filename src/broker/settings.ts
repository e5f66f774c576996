/**
 * What the broker's parts need of the configuration, in their own units. Made anew when a dynamic
 * config changes, so a value read in one turn is of one configuration.
 */
import type { GroupConfig } from '../coordinator/group/config.ts'
import type { CleanerConfig } from '../log/cleaner.ts'
import type { LogDirectorySettings } from '../log/log-directory.ts'
import type { ControllerSettings } from '../metadata/controller/context.ts'
import type { SnapshotPolicy } from '../metadata/metadata-node.ts'
import { GROUP_METADATA_TOPIC } from '../metadata/topic-name.ts'
import type { CreateTopicsRequest } from '../protocol/messages/19-create-topics.ts'
import type { BrokerConfig } from './config/broker-config.ts'
import type { ConnectionLimits } from './connection-quotas.ts'

const MINUTE_MS = 60_000
/** Codecs of `offsets.topic.compression.codec` by id. */
const CODECS = ['none', 'gzip', 'snappy', 'lz4', 'zstd'] as const

type CreatableTopic = CreateTopicsRequest['topics'][number]

export interface BrokerSettings {
  readonly fetchMaxBytes: number
  readonly fetchSessionSlots: number
  readonly autoCreateTopics: boolean
  /** How long after it was asked for a topic is created automatically. */
  readonly autoCreateDelayMs: number
  readonly unstableApiVersions: boolean
  readonly requestPartitionsMax: number
  readonly requestTimeoutMs: number
  readonly connectionLimits: ConnectionLimits
  /** Internal topics that are created on first use, as they are to be. */
  readonly internalTopics: ReadonlyMap<string, CreatableTopic>
}

export function brokerSettings(config: BrokerConfig): BrokerSettings {
  return {
    fetchMaxBytes: config.get('fetch.max.bytes'),
    fetchSessionSlots: config.get('max.incremental.fetch.session.cache.slots'),
    autoCreateTopics: config.get('auto.create.topics.enable'),
    autoCreateDelayMs: config.get('controller.quorum.append.linger.ms'),
    unstableApiVersions: config.get('unstable.api.versions.enable'),
    requestPartitionsMax: config.get('max.request.partition.size.limit'),
    requestTimeoutMs: config.get('request.timeout.ms'),
    connectionLimits: connectionLimits(config),
    internalTopics: new Map([[GROUP_METADATA_TOPIC, offsetsTopic(config)]]),
  }
}

function connectionLimits(config: BrokerConfig): ConnectionLimits {
  const listeners = config.listeners.filter(({ kind }) => kind === 'broker')
  const ownLimits = (key: string): ReadonlyMap<string, number> => {
    const limits = new Map<string, number>()
    for (const { name } of config.listeners) {
      const value = config.properties.get(`listener.name.${name.toLowerCase()}.${key}`)
      if (value !== undefined) limits.set(name, Number(value))
    }
    return limits
  }
  return {
    connectionsMax: config.get('max.connections'),
    listenerConnectionsMax: ownLimits('max.connections'),
    connectionsPerSecondMax: config.get('max.connection.creation.rate'),
    listenerConnectionsPerSecondMax: ownLimits('max.connection.creation.rate'),
    rateWindows: {
      count: config.get('quota.window.num'),
      lengthMs: config.get('quota.window.size.seconds') * 1000,
    },
    connectionsPerHostMax: config.get('max.connections.per.ip'),
    connectionsPerHostOverrides: config.connectionOverrides ?? new Map(),
    protectedListener: listeners.length > 1 ? config.interBrokerListenerName : null,
    waitingMax: config.get('socket.listen.backlog.size'),
    idleMs: config.get('connections.max.idle.ms'),
    frameBytesMax: config.get('socket.request.max.bytes'),
  }
}

function offsetsTopic(config: BrokerConfig): CreatableTopic {
  return {
    name: GROUP_METADATA_TOPIC,
    numPartitions: config.get('offsets.topic.num.partitions'),
    replicationFactor: config.get('offsets.topic.replication.factor'),
    assignments: [],
    configs: [
      { name: 'cleanup.policy', value: 'compact' },
      { name: 'compression.type', value: 'producer' },
      { name: 'segment.bytes', value: String(config.get('offsets.topic.segment.bytes')) },
    ],
  }
}

export function groupSettings(config: BrokerConfig): GroupConfig {
  return {
    minSessionTimeoutMs: config.get('group.min.session.timeout.ms'),
    maxSessionTimeoutMs: config.get('group.max.session.timeout.ms'),
    initialRebalanceDelayMs: config.get('group.initial.rebalance.delay.ms'),
    maxGroupSize: config.get('group.max.size'),
    offsetMetadataMaxBytes: config.get('offset.metadata.max.bytes'),
    offsetsRetentionMs: config.get('offsets.retention.minutes') * MINUTE_MS,
    offsetsRetentionCheckIntervalMs: config.get('offsets.retention.check.interval.ms'),
    commitTimeoutMs: config.get('offsets.commit.timeout.ms'),
    offsetsTopicCompression: CODECS[config.get('offsets.topic.compression.codec')] ?? 'none',
  }
}

export function logDirectorySettings(config: BrokerConfig): LogDirectorySettings {
  return {
    retentionCheckMs: config.get('log.retention.check.interval.ms'),
    recoveryPointCheckpointMs: config.get('log.flush.offset.checkpoint.interval.ms'),
    logStartOffsetCheckpointMs: config.get('log.flush.start.offset.checkpoint.interval.ms'),
    highWatermarkCheckpointMs: config.get('replica.high.watermark.checkpoint.interval.ms'),
    producerIdExpirationMs: config.get('producer.id.expiration.ms'),
    producerIdExpirationCheckMs: config.get('producer.id.expiration.check.interval.ms'),
  }
}

export function cleanerSettings(config: BrokerConfig): CleanerConfig {
  return {
    isEnabled: config.get('log.cleaner.enable'),
    dedupeBufferBytes: config.get('log.cleaner.dedupe.buffer.size'),
    dedupeBufferLoadFactor: config.get('log.cleaner.io.buffer.load.factor'),
    ioBufferBytes: config.get('log.cleaner.io.buffer.size'),
    ioMaxBytesPerSecond: config.get('log.cleaner.io.max.bytes.per.second'),
    backoffMs: config.get('log.cleaner.backoff.ms'),
  }
}

export function snapshotSettings(config: BrokerConfig): SnapshotPolicy {
  return {
    maxBytesBetween: config.get('metadata.log.max.record.bytes.between.snapshots'),
    maxIntervalMs: config.get('metadata.log.max.snapshot.interval.ms'),
    retentionBytes: config.get('metadata.max.retention.bytes'),
    retentionMs: config.get('metadata.max.retention.ms'),
  }
}

export function controllerSettings(
  config: BrokerConfig,
  clusterId: string,
  supportedFeatures: ControllerSettings['supportedFeatures'],
): ControllerSettings {
  const rebalances = config.get('auto.leader.rebalance.enable')
  return {
    nodeId: config.get('node.id'),
    clusterId,
    defaultPartitionCount: config.get('num.partitions'),
    defaultReplicationFactor: config.get('default.replication.factor'),
    deleteTopicEnable: config.get('delete.topic.enable'),
    brokerSessionTimeoutMs: config.get('broker.session.timeout.ms'),
    maxIdleIntervalMs: config.get('metadata.max.idle.interval.ms'),
    leaderImbalanceCheckIntervalMs: rebalances
      ? config.get('leader.imbalance.check.interval.seconds') * 1000
      : 0,
    uncleanElectionIntervalMs: config.get('unclean.leader.election.interval.ms'),
    supportedFeatures,
    minInSyncReplicas: config.get('min.insync.replicas'),
  }
}
