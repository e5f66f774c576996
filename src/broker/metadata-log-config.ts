/** The log settings of `__cluster_metadata`: `metadata.log.*` over Kafka's defaults. */
import { DEFAULT_LOG_CONFIG, type LogConfig } from '../log/log-config.ts'
import type { BrokerConfig } from './config/broker-config.ts'

/** Batches of the metadata log may be as large as raft makes them. */
const MAX_BATCH_BYTES = 8 * 1024 * 1024

export function metadataLogConfig(config: BrokerConfig): LogConfig {
  return {
    ...DEFAULT_LOG_CONFIG,
    segmentBytes:
      config.get('internal.metadata.log.segment.bytes') ?? config.get('metadata.log.segment.bytes'),
    segmentMs: config.get('metadata.log.segment.ms'),
    maxMessageBytes: MAX_BATCH_BYTES,
    // What may be deleted is decided by snapshots, not by age or size.
    retentionMs: -1,
    retentionBytes: -1,
    cleanupPolicyDelete: true,
    fileDeleteDelayMs: 0,
  }
}
