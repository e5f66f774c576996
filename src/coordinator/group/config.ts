/**
 * The settings of the group coordinator, by their Kafka names. Read at each use: some are dynamic.
 */
import type { CompressionType } from '../runtime.ts'

export interface GroupConfig {
  /** `group.min.session.timeout.ms` */
  readonly minSessionTimeoutMs: number
  /** `group.max.session.timeout.ms` */
  readonly maxSessionTimeoutMs: number
  /** `group.initial.rebalance.delay.ms` */
  readonly initialRebalanceDelayMs: number
  /** `group.max.size` */
  readonly maxGroupSize: number
  /** `offset.metadata.max.bytes`; as in Kafka it counts UTF-16 units. */
  readonly offsetMetadataMaxBytes: number
  /** `offsets.retention.minutes`, in milliseconds */
  readonly offsetsRetentionMs: number
  /** `offsets.retention.check.interval.ms` */
  readonly offsetsRetentionCheckIntervalMs: number
  /** `offsets.commit.timeout.ms`: how long an answer waits for its records to be committed. */
  readonly commitTimeoutMs: number
  /** `offsets.topic.compression.codec` */
  readonly offsetsTopicCompression: CompressionType
}

/** Kafka's defaults. */
export function defaultGroupConfig(): GroupConfig {
  return {
    minSessionTimeoutMs: 6_000,
    maxSessionTimeoutMs: 1_800_000,
    initialRebalanceDelayMs: 3_000,
    maxGroupSize: 2_147_483_647,
    offsetMetadataMaxBytes: 4_096,
    offsetsRetentionMs: 7 * 24 * 60 * 60_000,
    offsetsRetentionCheckIntervalMs: 600_000,
    commitTimeoutMs: 5_000,
    offsetsTopicCompression: 'none',
  }
}
