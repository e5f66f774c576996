/** One row of a DescribeConfigs answer, and the numbers in it. */
import type { DescribeConfigsResponse } from '../../protocol/messages/32-describe-configs.ts'
import type { ConfigKey } from './config-key.ts'

type Result = NonNullable<DescribeConfigsResponse['results']>[number]
export type DescribedConfig = NonNullable<Result['configs']>[number]
export type DescribedSynonym = NonNullable<DescribedConfig['synonyms']>[number]

/** Where a value comes from (`configSource`). */
export const ConfigSource = {
  TOPIC: 1,
  DYNAMIC_BROKER: 2,
  DYNAMIC_DEFAULT_BROKER: 3,
  STATIC_BROKER: 4,
  DEFAULT: 5,
  BROKER_LOGGER: 6,
  CLIENT_METRICS: 7,
  GROUP: 8,
} as const

/** Types of values (`configType`); 0 where the config is not known. */
const TYPE_IDS = {
  BOOLEAN: 1,
  STRING: 2,
  INT: 3,
  SHORT: 4,
  LONG: 5,
  DOUBLE: 6,
  LIST: 7,
  CLASS: 8,
  PASSWORD: 9,
} as const

/** What a DescribeConfigs request wants to see besides the values. */
export interface DescribeOptions {
  readonly includeSynonyms: boolean
  readonly includeDocumentation: boolean
  /** Null or empty: all. */
  readonly names: readonly string[] | null
}

/** A secret, or a config that might be one because it is not known. */
export function isSensitive(key: ConfigKey | null): boolean {
  return key === null || key.type === 'PASSWORD'
}

/** Builds the row: its source is that of its first synonym, the one that wins. */
export function describedConfig(
  name: string,
  key: ConfigKey | null,
  value: string | null,
  synonyms: readonly DescribedSynonym[],
  readOnly: boolean,
  options: DescribeOptions,
): DescribedConfig {
  const sensitive = isSensitive(key)
  return {
    name,
    value: sensitive ? null : value,
    readOnly,
    configSource: synonyms[0]?.source ?? ConfigSource.DEFAULT,
    isSensitive: sensitive,
    synonyms: options.includeSynonyms ? [...synonyms] : [],
    configType: key === null ? 0 : TYPE_IDS[key.type],
    documentation: options.includeDocumentation ? (key?.documentation ?? null) : null,
  }
}

/** Whether the request asks for this config. */
export function isAsked(name: string, { names }: DescribeOptions): boolean {
  return names === null || names.length === 0 || names.includes(name)
}
