/**
 * Configs of a topic: what it overrides over what the broker says (`topic-synonyms.ts`), the rules
 * they must keep, and the settings that its logs run with.
 */
import type { CompressionSetting, LogConfig } from '../../log/log-config.ts'
import type { BrokerConfig, Properties } from './broker-config.ts'
import type { ConfigKey, ConfigValue, ValueOf } from './config-key.ts'
import { TOPIC_KEYS } from './keys/topic.ts'
import { type TopicKeyName, topicSynonyms } from './topic-synonyms.ts'
import { parseValue, valueText } from './value-text.ts'

/** The config of exactly this name; null where topics have none such. */
export function topicKey(name: string): ConfigKey | null {
  return Object.hasOwn(TOPIC_KEYS, name) ? (TOPIC_KEYS[name as TopicKeyName] as ConfigKey) : null
}

/** The value that a topic without an override has. */
export function topicDefault(name: TopicKeyName, broker: BrokerConfig): ConfigValue {
  const key = TOPIC_KEYS[name] as ConfigKey
  for (const synonym of topicSynonyms(name)) {
    const value = broker.get(synonym.name)
    if (value === null) continue
    const converted = synonym.unitMs === 1 ? value : Number(value) * synonym.unitMs
    return name === 'retention.ms' && Number(converted) < 0 ? -1 : converted
  }
  return key.defaultValue
}

/** The same as text; null where there is no value. */
export function topicDefaultText(name: TopicKeyName, broker: BrokerConfig): string | null {
  return valueText(topicDefault(name, broker), TOPIC_KEYS[name].type)
}

/** Reads a topic's config; an override that cannot be read counts as not set. */
export function topicValue<Name extends TopicKeyName>(
  name: Name,
  overrides: Properties,
  broker: BrokerConfig,
): ValueOf<typeof TOPIC_KEYS, Name> {
  const raw = overrides.get(name)
  const parsed = raw === undefined ? null : parseValue(name, TOPIC_KEYS[name] as ConfigKey, raw)
  const value = parsed?.error === null ? parsed.value : topicDefault(name, broker)
  return value as ValueOf<typeof TOPIC_KEYS, Name>
}

/** Kafka's message about a name or a value that no topic can have; null where all can be. */
export function topicConfigError(overrides: Properties): string | null {
  for (const name of overrides.keys()) {
    if (topicKey(name) === null) return `Unknown topic config name: ${name}`
  }
  for (const [name, key] of Object.entries(TOPIC_KEYS) as [string, ConfigKey][]) {
    const raw = overrides.get(name)
    const parsed = raw === undefined ? null : parseValue(name, key, raw)
    if (parsed !== null && parsed.error !== null) return parsed.error
  }
  return null
}

/** Kafka's message about the overrides that a topic would have; null where they are fine. */
export function checkTopicConfig(
  overrides: Properties,
  existing: Properties,
  broker: BrokerConfig,
): string | null {
  const problem = topicConfigError(overrides)
  if (problem !== null) return problem
  const lag = (name: 'min.compaction.lag.ms' | 'max.compaction.lag.ms') =>
    topicValue(name, overrides, broker)
  const [min, max] = [lag('min.compaction.lag.ms'), lag('max.compaction.lag.ms')]
  if (min > max) {
    const text = (value: number) => valueText(value, 'LONG')
    return (
      `conflict topic config setting min.compaction.lag.ms (${text(min)}) > ` +
      `max.compaction.lag.ms (${text(max)})`
    )
  }
  return tieringProblem(overrides, existing, broker)
}

function tieringProblem(
  overrides: Properties,
  existing: Properties,
  broker: BrokerConfig,
): string | null {
  if (topicValue('remote.storage.enable', overrides, broker)) {
    return (
      'Tiered Storage functionality is disabled in the broker. ' +
      'Topic cannot be configured with remote log storage.'
    )
  }
  const was = existing.get('remote.storage.enable')?.toLowerCase() === 'true'
  if (!was || topicValue('remote.log.delete.on.disable', overrides, broker)) return null
  return (
    'It is invalid to disable remote storage without deleting remote data. If you want to keep ' +
    'the remote data and turn to read only, please set ' +
    '`remote.storage.enable=true,remote.log.copy.disable=true`. If you want to disable remote ' +
    'storage and delete all remote data, please set ' +
    '`remote.storage.enable=false,remote.log.delete.on.disable=true`.'
  )
}

/** The settings of a topic's logs: its overrides over what the broker says now. */
export function logConfigFor(overrides: Properties, broker: BrokerConfig): LogConfig {
  const get = <Name extends TopicKeyName>(name: Name) => topicValue(name, overrides, broker)
  const policy = get('cleanup.policy')
  return {
    segmentBytes: get('internal.segment.bytes') ?? get('segment.bytes'),
    segmentMs: get('segment.ms'),
    segmentJitterMs: get('segment.jitter.ms'),
    segmentIndexBytes: get('segment.index.bytes'),
    indexIntervalBytes: get('index.interval.bytes'),
    retentionMs: get('retention.ms'),
    retentionBytes: get('retention.bytes'),
    cleanupPolicyDelete: policy.includes('delete'),
    cleanupPolicyCompact: policy.includes('compact'),
    deleteRetentionMs: get('delete.retention.ms'),
    minCompactionLagMs: get('min.compaction.lag.ms'),
    maxCompactionLagMs: get('max.compaction.lag.ms'),
    minCleanableDirtyRatio: get('min.cleanable.dirty.ratio'),
    maxMessageBytes: get('max.message.bytes'),
    flushMessages: get('flush.messages'),
    flushMs: get('flush.ms'),
    fileDeleteDelayMs: get('file.delete.delay.ms'),
    compressionType: get('compression.type') as CompressionSetting,
    compressionGzipLevel: get('compression.gzip.level'),
    compressionLz4Level: get('compression.lz4.level'),
    compressionZstdLevel: get('compression.zstd.level'),
    messageTimestampType: get('message.timestamp.type') as 'CreateTime' | 'LogAppendTime',
    messageTimestampBeforeMaxMs: get('message.timestamp.before.max.ms'),
    messageTimestampAfterMaxMs: get('message.timestamp.after.max.ms'),
    preallocate: get('preallocate'),
  }
}
