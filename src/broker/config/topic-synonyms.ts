/**
 * Where a topic's config takes its default from: configs of the broker, the one that wins first.
 * Invariant: values of topics count in milliseconds, so hours and minutes are converted on the way.
 */
import type { BrokerKeyName } from './broker-keys.ts'
import type { TOPIC_KEYS } from './keys/topic.ts'

export type TopicKeyName = keyof typeof TOPIC_KEYS

export interface TopicSynonym {
  readonly name: BrokerKeyName
  /** Milliseconds of one unit of the broker's config; 1 where nothing is converted. */
  readonly unitMs: number
}

const MINUTE_MS = 60 * 1000
const HOUR_MS = 60 * MINUTE_MS

const is = (name: BrokerKeyName, unitMs = 1): TopicSynonym => ({ name, unitMs })

// biome-ignore format: a table
const SYNONYMS: Partial<Record<TopicKeyName, readonly TopicSynonym[]>> = {
  'segment.bytes': [is('log.segment.bytes')],
  'segment.ms': [is('log.roll.ms'), is('log.roll.hours', HOUR_MS)],
  'segment.jitter.ms': [is('log.roll.jitter.ms'), is('log.roll.jitter.hours', HOUR_MS)],
  'segment.index.bytes': [is('log.index.size.max.bytes')],
  'flush.messages': [is('log.flush.interval.messages')],
  'flush.ms': [is('log.flush.interval.ms'), is('log.flush.scheduler.interval.ms')],
  'retention.bytes': [is('log.retention.bytes')],
  'retention.ms': [
    is('log.retention.ms'),
    is('log.retention.minutes', MINUTE_MS), is('log.retention.hours', HOUR_MS),
  ],
  'max.message.bytes': [is('message.max.bytes')],
  'index.interval.bytes': [is('log.index.interval.bytes')],
  'delete.retention.ms': [is('log.cleaner.delete.retention.ms')],
  'min.compaction.lag.ms': [is('log.cleaner.min.compaction.lag.ms')],
  'max.compaction.lag.ms': [is('log.cleaner.max.compaction.lag.ms')],
  'file.delete.delay.ms': [is('log.segment.delete.delay.ms')],
  'min.cleanable.dirty.ratio': [is('log.cleaner.min.cleanable.ratio')],
  'cleanup.policy': [is('log.cleanup.policy')],
  'unclean.leader.election.enable': [is('unclean.leader.election.enable')],
  'min.insync.replicas': [is('min.insync.replicas')],
  'compression.type': [is('compression.type')],
  'compression.gzip.level': [is('compression.gzip.level')],
  'compression.lz4.level': [is('compression.lz4.level')],
  'compression.zstd.level': [is('compression.zstd.level')],
  'preallocate': [is('log.preallocate')],
  'message.timestamp.type': [is('log.message.timestamp.type')],
  'message.timestamp.before.max.ms': [is('log.message.timestamp.before.max.ms')],
  'message.timestamp.after.max.ms': [is('log.message.timestamp.after.max.ms')],
  'local.retention.ms': [is('log.local.retention.ms')],
  'local.retention.bytes': [is('log.local.retention.bytes')],
}

/** The broker's configs behind a topic's; none for the few that only topics have. */
export function topicSynonyms(name: string): readonly TopicSynonym[] {
  return SYNONYMS[name as TopicKeyName] ?? []
}
