/**
 * What the controller asks about configs. The broker owns the definitions of all keys and hands an
 * implementation in, so that the controller knows no key but the few it acts on itself.
 */
import type { ApiError } from './api-error.ts'

/** Ids of config resources (ConfigRecord, AlterConfigs, DescribeConfigs). */
export const ConfigResourceType = {
  UNKNOWN: 0,
  TOPIC: 2,
  BROKER: 4,
  BROKER_LOGGER: 8,
  CLIENT_METRICS: 16,
  GROUP: 32,
} as const

/** A thing that has configs; the name is '' for the default of all brokers. */
export interface ConfigResource {
  readonly type: number
  readonly name: string
}

/** Overrides by key. */
export type ConfigValues = ReadonlyMap<string, string>

/** The dynamic layers that a topic's effective config is resolved from, nearest first. */
export interface TopicConfigLayers {
  readonly topic: ConfigValues
  /** Dynamic config of the node that answers. */
  readonly broker: ConfigValues
  /** Dynamic default of all brokers. */
  readonly cluster: ConfigValues
}

/** One config of a created topic, as CreateTopics answers it (KIP-525). */
export interface EffectiveConfig {
  readonly name: string
  /** Null where the value is sensitive. */
  readonly value: string | null
  readonly readOnly: boolean
  /** 1 topic, 2 broker, 3 all brokers, 4 the broker's file, 5 default. */
  readonly configSource: number
  readonly isSensitive: boolean
}

export interface ConfigValidator {
  /**
   * Checks the whole set of overrides that the resource would have; null where they are fine. Names
   * of resources are checked by the controller. Errors of a value are INVALID_CONFIG with Kafka's
   * message; a bad client-metrics or group resource may be another code. Values for a broker are
   * that broker's to check, before the controller is asked.
   */
  validate(resource: ConfigResource, configs: ConfigValues, existing: ConfigValues): ApiError | null
  /** Whether APPEND and SUBTRACT apply to the key. */
  isList(resourceType: number, key: string): boolean
  /** The default that APPEND and SUBTRACT start from; null where there is none. */
  defaultValue(resourceType: number, key: string): string | null
  /** The effective value of a topic config, the broker's file and the defaults included. */
  topicConfig(key: string, layers: TopicConfigLayers): string
  /** All effective configs of a topic, sorted by name; internal keys only where overridden. */
  effectiveTopicConfigs(layers: TopicConfigLayers): readonly EffectiveConfig[]
}
