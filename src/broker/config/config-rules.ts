/**
 * What the controller asks about configs, answered from the definitions here: whether overrides are
 * fine, which values are lists, and what holds where nothing is overridden.
 */
import { type ApiError, apiError } from '../../metadata/api-error.ts'
import {
  type ConfigResource,
  ConfigResourceType,
  type ConfigValidator,
  type ConfigValues,
  type EffectiveConfig,
  type TopicConfigLayers,
} from '../../metadata/config-validator.ts'
import { ErrorCode } from '../../protocol/errors.ts'
import { brokerKey } from './broker-keys.ts'
import { checkClientMetrics, clientMetricsKey } from './client-metrics-config.ts'
import type { ConfigKey } from './config-key.ts'
import { ConfigSource } from './describe-entry.ts'
import type { DynamicBrokerConfig } from './dynamic-broker-config.ts'
import { checkGroupConfig, groupKey } from './group-config.ts'
import { TOPIC_KEYS } from './keys/topic.ts'
import { checkTopicConfig, topicKey } from './topic-config.ts'
import { type TopicKeyName, topicSynonyms } from './topic-synonyms.ts'
import { defaultText } from './value-text.ts'

const { BROKER, CLIENT_METRICS, GROUP, TOPIC } = ConfigResourceType

export class ConfigRules implements ConfigValidator {
  readonly #broker: DynamicBrokerConfig

  constructor(broker: DynamicBrokerConfig) {
    this.#broker = broker
  }

  validate(
    { type, name }: ConfigResource,
    configs: ConfigValues,
    existing: ConfigValues,
  ): ApiError | null {
    const { current } = this.#broker
    switch (type) {
      case TOPIC:
        return invalidConfig(checkTopicConfig(configs, existing, current))
      case GROUP:
        return invalidConfig(checkGroupConfig(configs, current))
      case CLIENT_METRICS:
        return checkClientMetrics(name, configs)
      case BROKER:
        return null // a broker has looked at them (config-changes.ts)
      default:
        return apiError(ErrorCode.INVALID_REQUEST, `Unknown resource type ${type}`)
    }
  }

  isList(resourceType: number, key: string): boolean {
    // Kafka's controller knows the types of these two only.
    if (resourceType !== TOPIC && resourceType !== BROKER) return false
    return keyOf(resourceType, key)?.type === 'LIST'
  }

  defaultValue(resourceType: number, key: string): string | null {
    const known = keyOf(resourceType, key)
    return known === null ? null : defaultText(known)
  }

  topicConfig(key: string, layers: TopicConfigLayers): string {
    return this.#effective(key as TopicKeyName, layers).value ?? ''
  }

  effectiveTopicConfigs(layers: TopicConfigLayers): readonly EffectiveConfig[] {
    return (Object.keys(TOPIC_KEYS) as TopicKeyName[])
      .filter((name) => !TOPIC_KEYS[name].internal || layers.topic.has(name))
      .sort()
      .map((name) => this.#effective(name, layers))
  }

  /** The nearest layer that sets the config, under one of its names there. */
  #effective(name: TopicKeyName, layers: TopicConfigLayers): EffectiveConfig {
    const entry = (value: string | null, configSource: number): EffectiveConfig => ({
      name,
      value,
      readOnly: false,
      configSource,
      isSensitive: false,
    })
    const own = layers.topic.get(name)
    if (own !== undefined) return entry(own, ConfigSource.TOPIC)
    const below = [
      [layers.broker, ConfigSource.DYNAMIC_BROKER],
      [layers.cluster, ConfigSource.DYNAMIC_DEFAULT_BROKER],
      [this.#broker.static.properties, ConfigSource.STATIC_BROKER],
    ] as const
    for (const [values, source] of below) {
      for (const synonym of topicSynonyms(name)) {
        const value = values.get(synonym.name)
        if (value === undefined) continue
        const text = synonym.unitMs === 1 ? value : String(Number(value) * synonym.unitMs)
        return entry(text, source)
      }
    }
    return entry(defaultText(TOPIC_KEYS[name] as ConfigKey), ConfigSource.DEFAULT)
  }
}

/** The default of a broker's config as text; null where it has none. */
export function brokerDefault(key: string): string | null {
  const known = brokerKey(key)
  return known === null ? null : defaultText(known)
}

/** The config of a resource's key; null where there is none such. */
export function keyOf(resourceType: number, key: string): ConfigKey | null {
  if (resourceType === TOPIC) return topicKey(key)
  if (resourceType === BROKER) return brokerKey(key)
  if (resourceType === GROUP) return groupKey(key)
  return resourceType === CLIENT_METRICS ? clientMetricsKey(key) : null
}

function invalidConfig(message: string | null): ApiError | null {
  return message === null ? null : apiError(ErrorCode.INVALID_CONFIG, message)
}
