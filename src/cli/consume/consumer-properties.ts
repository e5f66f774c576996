/**
 * Properties of Kafka's Java consumer as options of ours, with Java's defaults where ours differ:
 * the classic protocol, and range before cooperative-sticky.
 *
 * Invariant: what Java refuses is refused, in its words; what has no counterpart in our consumer is
 * passed over.
 */
import {
  assignorNamed,
  cooperativeStickyAssignor,
  rangeAssignor,
} from '../../client/consumer/assignors/assignors.ts'
import type { AutoOffsetReset, ConsumerOptions } from '../../client/consumer/options.ts'
import { CliError } from '../cli-error.ts'
import { boolean, integer, oneOf } from '../produce/producer-properties.ts'

type Properties = ReadonlyMap<string, string>
/** The options without `readonly`, while they are made. */
type Making = { -readonly [K in keyof ConsumerOptions]: ConsumerOptions[K] }
type NumberOption = 'sessionTimeoutMs' | 'heartbeatIntervalMs' | 'maxProcessingMs'
type FetchOption = 'fetchMinBytes' | 'fetchMaxWaitMs' | 'fetchBytes' | 'partitionFetchBytes'

const NUMBERS: readonly (readonly [string, NumberOption | FetchOption, number])[] = [
  ['session.timeout.ms', 'sessionTimeoutMs', 1],
  ['heartbeat.interval.ms', 'heartbeatIntervalMs', 1],
  ['max.poll.interval.ms', 'maxProcessingMs', 1],
  ['fetch.min.bytes', 'fetchMinBytes', 0],
  ['fetch.max.wait.ms', 'fetchMaxWaitMs', 0],
  ['fetch.max.bytes', 'fetchBytes', 0],
  ['max.partition.fetch.bytes', 'partitionFetchBytes', 0],
]
const ISOLATIONS = ['read_committed', 'read_uncommitted'] as const
const PROTOCOLS = ['classic', 'consumer'] as const
const ASSIGNORS: Readonly<Record<string, Parameters<typeof assignorNamed>[0]>> = {
  'org.apache.kafka.clients.consumer.RangeAssignor': 'range',
  'org.apache.kafka.clients.consumer.RoundRobinAssignor': 'roundrobin',
  'org.apache.kafka.clients.consumer.StickyAssignor': 'sticky',
  'org.apache.kafka.clients.consumer.CooperativeStickyAssignor': 'cooperative-sticky',
}
const DURATION = /^P(?:(\d+)D)?(?:T(?:(\d+)H)?(?:(\d+)M)?(?:(\d+(?:\.\d+)?)S)?)?$/i
const DAY_MS = 86_400_000
const HOUR_MS = 3_600_000
const MINUTE_MS = 60_000

/** The options that these properties stand for, but for the topics. */
export function consumerOptions(properties: Properties): ConsumerOptions {
  const options: Making = {
    isolation: oneOf(properties, 'isolation.level', ISOLATIONS) ?? 'read_uncommitted',
    autoOffsetReset: resetOf(properties.get('auto.offset.reset') ?? 'latest'),
  }
  for (const [name, option, least] of NUMBERS) {
    const value = integer(properties, name, 'INT', least)
    if (value !== null) options[option] = Math.max(value, option.startsWith('fetchM') ? 0 : 1)
  }
  const checksCrcs = boolean(properties, 'check.crcs')
  if (checksCrcs !== null) options.checkCrcs = checksCrcs
  const rack = properties.get('client.rack')
  if (rack) options.rack = rack
  addGroup(options, properties)
  return options
}

function addGroup(options: Making, properties: Properties): void {
  const groupId = properties.get('group.id')
  if (groupId === undefined) return
  options.groupId = groupId
  const isCommitting = boolean(properties, 'enable.auto.commit') ?? true
  const intervalMs = integer(properties, 'auto.commit.interval.ms', 'INT', 0) ?? 5000
  options.autoCommit = isCommitting && { intervalMs: Math.max(intervalMs, 1) }
  const instanceId = properties.get('group.instance.id')
  if (instanceId) options.instanceId = instanceId
  const protocol = properties.get('group.protocol')?.toLowerCase()
  const named = new Map(protocol === undefined ? [] : [['group.protocol', protocol]])
  options.protocol = oneOf(named, 'group.protocol', PROTOCOLS) ?? 'classic'
  if (options.protocol === 'classic') options.assignors = assignorsOf(properties)
  else {
    const assignor = properties.get('group.remote.assignor')
    if (assignor) options.serverAssignor = assignor
  }
}

function assignorsOf(properties: Properties) {
  const text = properties.get('partition.assignment.strategy')
  if (text === undefined) return [rangeAssignor, cooperativeStickyAssignor]
  return text.split(',').map((each) => {
    const name = each.trim()
    const assignor = Object.hasOwn(ASSIGNORS, name) ? assignorNamed(ASSIGNORS[name]!) : undefined
    if (assignor !== undefined) return assignor
    const known = Object.keys(ASSIGNORS).join(', ')
    throw new CliError(`partition.assignment.strategy: ${name} is not one of ${known}`)
  })
}

function resetOf(text: string): AutoOffsetReset {
  if (text === 'earliest' || text === 'latest' || text === 'none') return text
  const durationMs = /^by_duration:/.test(text) ? durationOf(text.slice(12)) : null
  if (durationMs !== null) return { durationMs }
  throw new CliError(
    `Invalid value ${text} for configuration auto.offset.reset: Invalid value \`${text}\` for ` +
      "configuration auto.offset.reset. The value must be either 'earliest', 'latest', 'none' " +
      "or of the format 'by_duration:<PnDTnHnMn.nS.>'.",
  )
}

/** A duration of ISO 8601 in milliseconds; null for what is none. */
function durationOf(text: string): number | null {
  const match = DURATION.exec(text)
  if (match === null || /[PT]$/i.test(text)) return null
  const [days, hours, minutes, seconds] = match.slice(1).map((part) => Number(part ?? 0))
  return days! * DAY_MS + hours! * HOUR_MS + minutes! * MINUTE_MS + Math.floor(seconds! * 1000)
}
