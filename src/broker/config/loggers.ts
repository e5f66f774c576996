/**
 * The node's log level as clients see and change it (BROKER_LOGGER, KIP-412). Kafka has a logger
 * for each of its classes; here is one, `root`, which all lines come from. A change lasts until the
 * node ends. Messages are Kafka's.
 */
import type { LogLevel, LogThreshold } from '../../base/logger.ts'
import { type ApiError, apiError } from '../../metadata/api-error.ts'
import { ErrorCode } from '../../protocol/errors.ts'
import type { IncrementalAlterConfigsRequest } from '../../protocol/messages/44-incremental-alter-configs.ts'
import { ConfigSource, type DescribedConfig } from './describe-entry.ts'

type Change = IncrementalAlterConfigsRequest['resources'][number]['configs'][number]

const ROOT = 'root'
const SET = 0
const DELETE = 1
const OPERATIONS = ['SET', 'DELETE', 'APPEND', 'SUBTRACT']
/** Kafka's levels, as the nearest of ours. */
const LEVELS: ReadonlyMap<string, LogLevel> = new Map([
  ['DEBUG', 'debug'],
  ['ERROR', 'error'],
  ['FATAL', 'error'],
  ['INFO', 'info'],
  ['TRACE', 'debug'],
  ['WARN', 'warn'],
])

/** The loggers with their levels, or those of them that are named. */
export function describeLoggers(
  { level }: LogThreshold,
  names: readonly string[] | null,
): DescribedConfig[] {
  if (names !== null && names.length > 0 && !names.includes(ROOT)) return []
  const value = level.toUpperCase()
  const configSource = ConfigSource.BROKER_LOGGER
  return [{ name: ROOT, value, readOnly: false, configSource, isSensitive: false, synonyms: [] }]
}

/** Checks all changes, then makes them; nothing is changed where one of them is wrong. */
export function alterLoggers(
  threshold: LogThreshold,
  changes: readonly Change[],
  validateOnly: boolean,
): ApiError {
  for (const change of changes) {
    const error = problemOf(change)
    if (error !== null) return error
  }
  for (const { value } of validateOnly ? [] : changes) {
    threshold.level = LEVELS.get(value ?? '') ?? threshold.level
  }
  return apiError(ErrorCode.NONE)
}

/** Why the id in a resource's name is not this node's, or null. */
export function nodeIdError(name: string, nodeId: number): ApiError | null {
  if (!/^[+-]?\d+$/.test(name)) {
    return apiError(ErrorCode.INVALID_REQUEST, `Node id must be an integer, but it is: ${name}`)
  }
  if (Number(name) === nodeId) return null
  const message = `Unexpected node id. Expected ${nodeId}, but received ${Number(name)}`
  return apiError(ErrorCode.INVALID_REQUEST, message)
}

function problemOf({ name, configOperation, value }: Change): ApiError | null {
  if (configOperation !== SET && configOperation !== DELETE) {
    const operation = OPERATIONS[configOperation]
    const subject =
      operation === undefined
        ? `Unknown operation type ${configOperation} is`
        : `${operation} operation is`
    const message = `${subject} not allowed for the BROKER_LOGGER resource`
    return apiError(ErrorCode.INVALID_REQUEST, message)
  }
  if (name !== ROOT) {
    return apiError(ErrorCode.INVALID_CONFIG, `Logger ${name} does not exist!`)
  }
  if (configOperation === DELETE) {
    const message = 'Removing the log level of the root logger is not allowed'
    return apiError(ErrorCode.INVALID_REQUEST, message)
  }
  if (value !== null && LEVELS.has(value)) return null
  return apiError(
    ErrorCode.INVALID_CONFIG,
    `Cannot set the log level of ${name} to ${value} as it is not a supported log level. ` +
      `Valid log levels are ${[...LEVELS.keys()].join(', ')}`,
  )
}
