/**
 * The rows of DescribeConfigs: for each config its value, where that comes from, and everything
 * below that it would fall back to. Rows are sorted by name (Kafka's order is that of a Java hash
 * map, and its own clients put them into one again).
 */

import type { Properties } from './broker-config.ts'
import type { BrokerKeyName } from './broker-keys.ts'
import { BROKER_KEYS, brokerKey, keyOfName, synonymsWithListener } from './broker-keys.ts'
import type { ConfigKey, ConfigKeys } from './config-key.ts'
import {
  ConfigSource,
  type DescribedConfig,
  type DescribedSynonym,
  type DescribeOptions,
  describedConfig,
  isAsked,
  isSensitive,
} from './describe-entry.ts'
import type { DynamicBrokerConfig } from './dynamic-broker-config.ts'
import { type GroupKeyName, groupDefaultText, groupSynonym } from './group-config.ts'
import { CLIENT_METRICS_KEYS } from './keys/client-metrics.ts'
import { GROUP_KEYS } from './keys/group.ts'
import { TOPIC_KEYS } from './keys/topic.ts'
import { topicDefaultText } from './topic-config.ts'
import { type TopicKeyName, topicSynonyms } from './topic-synonyms.ts'
import { defaultText, parseValue } from './value-text.ts'

/** Configs of this node, all of them. */
export function describeBroker(
  broker: DynamicBrokerConfig,
  options: DescribeOptions,
): DescribedConfig[] {
  const { properties } = broker.current
  const shown = (name: string, key: ConfigKey) => !key.internal || properties.has(name)
  const defined = Object.entries(BROKER_KEYS as ConfigKeys)
    .filter(([name, key]) => shown(name, key))
    .map(([name]) => name)
  const others = [...properties.keys()].filter((name) => brokerKey(name) === null)
  return [...defined, ...others]
    .filter((name) => isAsked(name, options))
    .sort()
    .map((name) => {
      const key = keyOfName(name)
      const value =
        brokerKey(name) === null || key?.internal
          ? (properties.get(name) ?? null)
          : broker.current.text(name as BrokerKeyName)
      return describedConfig(name, key, value, synonyms(broker, name), isReadOnly(name), options)
    })
}

/** The dynamic default of all brokers: only what is set. */
export function describeCluster(
  broker: DynamicBrokerConfig,
  options: DescribeOptions,
): DescribedConfig[] {
  return [...broker.cluster]
    .filter(([name]) => isAsked(name, options))
    .sort(([a], [b]) => (a < b ? -1 : 1))
    .map(([name, value]) => {
      const chain = synonyms(broker, name).filter(
        ({ source }) => source === ConfigSource.DYNAMIC_DEFAULT_BROKER,
      )
      return describedConfig(name, keyOfName(name), value, chain, isReadOnly(name), options)
    })
}

/** Configs of a topic with these overrides. */
export function describeTopic(
  broker: DynamicBrokerConfig,
  overrides: Properties,
  options: DescribeOptions,
): DescribedConfig[] {
  return rows(TOPIC_KEYS, overrides, options, ConfigSource.TOPIC, (name) => {
    const [first] = topicSynonyms(name)
    return {
      below: first === undefined ? [] : synonyms(broker, first.name),
      value: topicDefaultText(name as TopicKeyName, broker.current),
    }
  })
}

/** Configs of a group with these overrides. */
export function describeGroup(
  broker: DynamicBrokerConfig,
  overrides: Properties,
  options: DescribeOptions,
): DescribedConfig[] {
  return rows(GROUP_KEYS, overrides, options, ConfigSource.GROUP, (name, key) => {
    const synonym = groupSynonym(name)
    const own = { name, value: defaultText(key), source: ConfigSource.DEFAULT }
    return {
      below: synonym === null ? [own] : synonyms(broker, synonym),
      value: groupDefaultText(name as GroupKeyName, broker.current),
    }
  })
}

/** Configs of a subscription to metrics of clients. */
export function describeClientMetrics(
  overrides: Properties,
  options: DescribeOptions,
): DescribedConfig[] {
  return rows(CLIENT_METRICS_KEYS, overrides, options, ConfigSource.CLIENT_METRICS, (_, key) => ({
    below: [],
    value: defaultText(key),
  }))
}

interface Fallback {
  readonly below: readonly DescribedSynonym[]
  readonly value: string | null
}

function rows(
  keys: ConfigKeys,
  overrides: Properties,
  options: DescribeOptions,
  source: number,
  fallback: (name: string, key: ConfigKey) => Fallback,
): DescribedConfig[] {
  return Object.entries(keys)
    .filter(([name, key]) => !key.internal || overrides.has(name))
    .filter(([name]) => isAsked(name, options))
    .sort(([a], [b]) => (a < b ? -1 : 1))
    .map(([name, key]) => {
      const { below, value } = fallback(name, key)
      const raw = overrides.get(name)
      if (raw === undefined) return describedConfig(name, key, value, below, false, options)
      const own = parseValue(name, key, raw).text ?? raw
      return describedConfig(
        name,
        key,
        own,
        [{ name, value: own, source }, ...below],
        false,
        options,
      )
    })
}

/** Everything that sets a config of the broker under one of its names, what wins first. */
function synonyms(broker: DynamicBrokerConfig, name: string): DescribedSynonym[] {
  const layers = [
    [broker.broker, ConfigSource.DYNAMIC_BROKER],
    [broker.cluster, ConfigSource.DYNAMIC_DEFAULT_BROKER],
    [broker.static.properties, ConfigSource.STATIC_BROKER],
    [null, ConfigSource.DEFAULT],
  ] as const
  const hidden = isSensitive(keyOfName(name))
  const found: DescribedSynonym[] = []
  for (const [values, source] of layers) {
    for (const synonym of synonymsWithListener(name)) {
      const value = values === null ? builtIn(synonym) : values.get(synonym)
      if (value == null) continue
      found.push({ name: synonym, value: hidden ? null : value, source })
    }
  }
  const own = found.findIndex((synonym) => synonym.name === name)
  return own < 0 ? [] : found.slice(own)
}

function builtIn(name: string): string | null {
  const key = brokerKey(name)
  return key === null ? null : defaultText(key)
}

function isReadOnly(name: string): boolean {
  return (keyOfName(name)?.updateMode ?? 'read-only') === 'read-only' || isBehindListener(name)
}

function isBehindListener(name: string): boolean {
  return name.startsWith('listener.name.')
}
