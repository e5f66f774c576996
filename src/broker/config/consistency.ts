/**
 * Rules between configs: what `KafkaConfig` and the coordinators' configs check when a node starts
 * and when its configs change. Messages are Kafka's.
 */

import type { BrokerConfig } from './broker-config.ts'
import { BROKER_KEYS, type BrokerKeyName } from './broker-keys.ts'
import type { ConfigIssue } from './issue.ts'
import { parseValue } from './value-text.ts'

const GROUP_TYPES = ['consumer', 'share', 'streams']
const BOUNDED = ['heartbeat.interval.ms', 'session.timeout.ms', 'assignment.interval.ms']

/** [larger, smaller]: the first must be at least the second. */
const AT_LEAST: readonly (readonly [string, string])[] = [
  ...GROUP_TYPES.flatMap((type) => BOUNDED.flatMap((name) => bounds(`group.${type}.`, name))),
  ['group.share.max.delivery.count.limit', 'group.share.delivery.count.limit'],
  ['group.share.delivery.count.limit', 'group.share.min.delivery.count.limit'],
  ['group.share.max.partition.max.record.locks', 'group.share.partition.max.record.locks'],
  ['group.share.partition.max.record.locks', 'group.share.min.partition.max.record.locks'],
  ['group.share.record.lock.duration.ms', 'group.share.min.record.lock.duration.ms'],
  ['group.share.max.record.lock.duration.ms', 'group.share.record.lock.duration.ms'],
  ['group.share.max.share.sessions', 'group.share.max.size'],
  ['group.streams.max.standby.replicas', 'group.streams.num.standby.replicas'],
]

/**
 * A value and its bounds; the value, as the later of a pair, is named first when it is too small.
 */
function bounds(prefix: string, name: string): [string, string][] {
  const [max, value, min] = [`${prefix}max.${name}`, `${prefix}${name}`, `${prefix}min.${name}`]
  return [
    [max, min],
    [value, min],
    [max, value],
  ]
}

/** [smaller, larger]: the first must be less than the second. */
const LESS_THAN = GROUP_TYPES.map(
  (type) => [`group.${type}.heartbeat.interval.ms`, `group.${type}.session.timeout.ms`] as const,
)

/** Everything that does not fit together. */
export function consistencyIssues(config: BrokerConfig): ConfigIssue[] {
  return [
    ...orderIssues(config),
    ...logIssues(config),
    ...replicationIssues(config),
    ...socketIssues(config),
    ...groupIssues(config),
  ]
}

function orderIssues(config: BrokerConfig): ConfigIssue[] {
  const value = (name: string) => config.get(name as BrokerKeyName) as number
  const issues: ConfigIssue[] = []
  for (const [larger, smaller] of AT_LEAST) {
    if (value(larger) >= value(smaller)) continue
    issues.push(issue(config, larger, `${larger} must be greater than or equal to ${smaller}`))
  }
  for (const [smaller, larger] of LESS_THAN) {
    if (value(smaller) < value(larger)) continue
    issues.push(issue(config, smaller, `${smaller} must be less than ${larger}`))
  }
  return issues
}

const MIB = 1024 * 1024

function logIssues(config: BrokerConfig): ConfigIssue[] {
  const issues: ConfigIssue[] = []
  const rollMs = config.get('log.roll.ms')
  if (rollMs !== null && rollMs < 1) {
    issues.push(issue(config, 'log.roll.ms', 'log.roll.ms must be greater than or equal to 1'))
  }
  const jitterMs = config.get('log.roll.jitter.ms')
  if (jitterMs !== null && jitterMs < 0) {
    const message = 'log.roll.jitter.ms must be greater than or equal to 0'
    issues.push(issue(config, 'log.roll.jitter.ms', message))
  }
  const retention = ['log.retention.ms', 'log.retention.minutes', 'log.retention.hours'] as const
  const retentionName = retention.find((name) => config.get(name) !== null)
  if (retentionName !== undefined && config.get(retentionName) === 0) {
    const message = 'log.retention.ms must be unlimited (-1) or, greater than or equal to 1'
    issues.push(issue(config, retentionName, message))
  }
  const cleaners = config.get('log.cleaner.threads')
  if (cleaners > 0 && config.get('log.cleaner.dedupe.buffer.size') / cleaners <= MIB) {
    const message = 'log.cleaner.dedupe.buffer.size must be at least 1MB per cleaner thread.'
    issues.push(issue(config, 'log.cleaner.dedupe.buffer.size', message))
  }
  return [...issues, ...cordonIssues(config)]
}

function cordonIssues(config: BrokerConfig): ConfigIssue[] {
  const cordoned = config.get('cordoned.log.dirs')
  if (cordoned.includes('*')) {
    if (cordoned.length === 1) return []
    const message = 'When cordoned.log.dirs is set to *, it must not contain other values'
    return [issue(config, 'cordoned.log.dirs', message)]
  }
  const missing = cordoned.filter((directory) => !config.logDirs.includes(directory))
  if (missing.length === 0) return []
  const message =
    'All entries in cordoned.log.dirs must be present in log.dirs or log.dir. ' +
    `Missing entries : ${missing.join(', ')}`
  return [issue(config, 'cordoned.log.dirs', message)]
}

function replicationIssues(config: BrokerConfig): ConfigIssue[] {
  const waitMs = config.get('replica.fetch.wait.max.ms')
  const issues: ConfigIssue[] = []
  if (waitMs > config.get('replica.socket.timeout.ms')) {
    const message =
      'replica.socket.timeout.ms should always be at least replica.fetch.wait.max.ms' +
      ' to prevent unnecessary socket timeouts'
    issues.push(issue(config, 'replica.socket.timeout.ms', message))
  }
  if (waitMs > config.get('replica.lag.time.max.ms')) {
    const message =
      'replica.fetch.wait.max.ms should always be less than or equal to replica.lag.time.max.ms' +
      ' to prevent frequent changes in ISR'
    issues.push(issue(config, 'replica.fetch.wait.max.ms', message))
  }
  return issues
}

function socketIssues(config: BrokerConfig): ConfigIssue[] {
  const issues: ConfigIssue[] = []
  const queued = config.get('queued.max.request.bytes')
  if (queued > 0 && queued < config.get('socket.request.max.bytes')) {
    const message = 'queued.max.request.bytes must be larger or equal to socket.request.max.bytes'
    issues.push(issue(config, 'queued.max.request.bytes', message))
  }
  const overrides = config.get('max.connections.per.ip.overrides')
  const key = 'max.connections.per.ip.overrides'
  if (config.get('max.connections.per.ip') === 0 && overrides === '') {
    const message = `max.connections.per.ip can be set to zero only if ${key} property is set.`
    issues.push(issue(config, 'max.connections.per.ip', message))
  }
  if (config.connectionOverrides === null) {
    issues.push(issue(config, key, `${key} must be a comma-separated list of host:number`))
  }
  for (const { name } of config.listeners) {
    for (const key of ['max.connections', 'max.connection.creation.rate'] as const) {
      const own = `listener.name.${name.toLowerCase()}.${key}`
      const value = config.properties.get(own)
      const { error } = parseValue(own, BROKER_KEYS[key], value ?? '1')
      if (error !== null) issues.push({ key: own, value: value ?? null, message: error })
    }
  }
  const idleMs = config.get('connections.max.idle.ms')
  const delayMs = config.get('connection.failed.authentication.delay.ms')
  if (idleMs >= 0 && delayMs >= idleMs) {
    const message =
      `connection.failed.authentication.delay.ms=${delayMs} should always be less than ` +
      `connections.max.idle.ms=${idleMs} to prevent failed authentication responses from timing out`
    issues.push(issue(config, 'connections.max.idle.ms', message))
  }
  return issues
}

function groupIssues(config: BrokerConfig): ConfigIssue[] {
  const issues: ConfigIssue[] = []
  const protocols = 'group.coordinator.rebalance.protocols'
  if (!config.get(protocols).includes('classic')) {
    issues.push(issue(config, protocols, "Disabling the 'CLASSIC' protocol is not supported."))
  }
  const assignors = config.get('group.share.assignors')
  if (assignors.length !== 1) {
    const found = assignors.length
    const message = `group.share.assignors must contain exactly one assignor, but found ${found}`
    issues.push(issue(config, 'group.share.assignors', message))
  }
  return issues
}

function issue(config: BrokerConfig, key: string, message: string): ConfigIssue {
  return { key, value: config.text(key as BrokerKeyName), message }
}
