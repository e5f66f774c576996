/** Configs of a subscription to metrics of clients (KIP-714), and the rules they must keep. */

import type { ApiError } from '../../metadata/api-error.ts'
import { apiError } from '../../metadata/api-error.ts'
import { ErrorCode } from '../../protocol/errors.ts'
import type { Properties } from './broker-config.ts'
import type { ConfigKey } from './config-key.ts'
import { CLIENT_METRICS_KEYS } from './keys/client-metrics.ts'
import { parseValue } from './value-text.ts'

const INTERVAL_MIN_MS = 100
const INTERVAL_MAX_MS = 3_600_000

/** Attributes by which clients are picked. */
const ATTRIBUTES = [
  'client_instance_id',
  'client_id',
  'client_software_name',
  'client_software_version',
  'client_source_address',
  'client_source_port',
]

/** The config of exactly this name; null where subscriptions have none such. */
export function clientMetricsKey(name: string): ConfigKey | null {
  const keys: Readonly<Record<string, ConfigKey>> = CLIENT_METRICS_KEYS
  return Object.hasOwn(keys, name) ? (keys[name] as ConfigKey) : null
}

/** What is wrong with the configs that a subscription would have; null where they are fine. */
export function checkClientMetrics(subscription: string, configs: Properties): ApiError | null {
  if (subscription === '') {
    return apiError(ErrorCode.INVALID_REQUEST, "Subscription name can't be empty")
  }
  for (const name of configs.keys()) {
    if (clientMetricsKey(name) !== null) continue
    return apiError(ErrorCode.INVALID_REQUEST, `Unknown client metrics configuration: ${name}`)
  }
  for (const [name, raw] of configs) {
    const parsed = parseValue(name, clientMetricsKey(name) as ConfigKey, raw)
    if (parsed.error !== null) return apiError(ErrorCode.INVALID_CONFIG, parsed.error)
    if (name === 'interval.ms') {
      const intervalMs = parsed.value as number
      if (intervalMs >= INTERVAL_MIN_MS && intervalMs <= INTERVAL_MAX_MS) continue
      const message =
        `Invalid value ${intervalMs} for interval.ms, ` +
        `interval must be between ${INTERVAL_MIN_MS} and ${INTERVAL_MAX_MS} (1 hour)`
      return apiError(ErrorCode.INVALID_REQUEST, message)
    }
    if (name !== 'match') continue
    const bad = (parsed.value as readonly string[]).find((pattern) => !isPattern(pattern))
    if (bad === undefined) continue
    return apiError(ErrorCode.INVALID_CONFIG, `Illegal client matching pattern: ${bad}`)
  }
  return null
}

function isPattern(pattern: string): boolean {
  const [attribute, expression, ...rest] = pattern.split('=')
  if (attribute === undefined || expression === undefined || expression === '') return false
  if (rest.length > 0 || !ATTRIBUTES.includes(attribute.trim())) return false
  try {
    new RegExp(expression.trim())
    return true
  } catch {
    return false
  }
}
