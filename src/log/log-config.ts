/**
 * The settings of one log: a topic's configs resolved over the broker's (`broker/config` fills them
 * in). A log holds one and swaps it whole when a config changes, so a value never changes midway.
 */

/** What `compression.type` may be; `producer` keeps what the client sent. */
export type CompressionSetting = 'producer' | 'uncompressed' | 'gzip' | 'snappy' | 'lz4' | 'zstd'

export interface LogConfig {
  readonly segmentBytes: number
  readonly segmentMs: number
  readonly segmentJitterMs: number
  readonly segmentIndexBytes: number
  readonly indexIntervalBytes: number
  /** Negative: no limit. */
  readonly retentionMs: number
  /** Negative: no limit. */
  readonly retentionBytes: number
  readonly cleanupPolicyDelete: boolean
  readonly cleanupPolicyCompact: boolean
  readonly deleteRetentionMs: number
  readonly minCompactionLagMs: number
  readonly maxCompactionLagMs: number
  readonly minCleanableDirtyRatio: number
  readonly maxMessageBytes: number
  readonly flushMessages: number
  readonly flushMs: number
  readonly fileDeleteDelayMs: number
  readonly compressionType: CompressionSetting
  readonly compressionGzipLevel: number
  readonly compressionLz4Level: number
  readonly compressionZstdLevel: number
  readonly messageTimestampType: 'CreateTime' | 'LogAppendTime'
  readonly messageTimestampBeforeMaxMs: number
  readonly messageTimestampAfterMaxMs: number
  readonly preallocate: boolean
}

const DAY_MS = 24 * 60 * 60 * 1000
/** Java's Long.MAX_VALUE as a number that compares right: "never". */
const NEVER = 2 ** 63

/** Kafka's defaults. */
export const DEFAULT_LOG_CONFIG: LogConfig = Object.freeze({
  segmentBytes: 1024 * 1024 * 1024,
  segmentMs: 7 * DAY_MS,
  segmentJitterMs: 0,
  segmentIndexBytes: 10 * 1024 * 1024,
  indexIntervalBytes: 4096,
  retentionMs: 7 * DAY_MS,
  retentionBytes: -1,
  cleanupPolicyDelete: true,
  cleanupPolicyCompact: false,
  deleteRetentionMs: DAY_MS,
  minCompactionLagMs: 0,
  maxCompactionLagMs: NEVER,
  minCleanableDirtyRatio: 0.5,
  maxMessageBytes: 1024 * 1024 + 12,
  flushMessages: NEVER,
  flushMs: NEVER,
  fileDeleteDelayMs: 60_000,
  compressionType: 'producer',
  compressionGzipLevel: -1,
  compressionLz4Level: 9,
  compressionZstdLevel: 3,
  messageTimestampType: 'CreateTime',
  messageTimestampBeforeMaxMs: NEVER,
  messageTimestampAfterMaxMs: 60 * 60 * 1000,
  preallocate: false,
})

/**
 * After how long a segment is rolled: a compacted topic must not hold records back from cleaning.
 */
export function maxSegmentMs(config: LogConfig): number {
  return config.cleanupPolicyCompact && config.maxCompactionLagMs > 0
    ? Math.min(config.maxCompactionLagMs, config.segmentMs)
    : config.segmentMs
}
