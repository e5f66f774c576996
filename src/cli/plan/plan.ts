/**
 * `millrace plan session-timeout`, `plan throughput` and `plan topic`: calculations from the
 * practice of running groups, each number with its formula. What flags leave out, `--group` takes
 * from the live group; flags win over it.
 *
 * Invariant: nothing is changed; without --group nothing is connected to.
 */
import { setTimeout } from 'node:timers/promises'
import { CliError } from '../cli-error.ts'
import {
  COMMON_FLAGS,
  type Flag,
  type Flags,
  OFFLINE_FLAGS,
  parseFlags,
  UsageError,
} from '../flags.ts'
import { common, type ToolHelp, type ToolRun } from '../tool.ts'
import type { LiveGroup } from './live-group.ts'
import {
  bytes,
  count,
  margin,
  milliseconds,
  shownBytes,
  shownNumber,
  shownTime,
  whole,
} from './quantities.ts'
import { type Input, type InputSource, type Plan, printPlan } from './recommendation.ts'
import { CLASSIC_LIMITS, CONSUMER_LIMITS, sessionTimeoutPlan } from './session-timeout.ts'
import { throughputPlan } from './throughput.ts'
import { topicPlan } from './topic.ts'

const GROUP_FLAGS: readonly Flag[] = [
  {
    name: 'group',
    value: 'id',
    about: 'A group at work: what is not given is asked and measured there.',
  },
  { name: 'measure', value: 'time', about: 'How long the group is looked at; 6s.' },
]
const WORK_FLAGS: readonly Flag[] = [
  {
    name: 'processing-time',
    value: 'time',
    about: 'How long the records of one poll take to be processed, as 250ms or 2s.',
  },
  { name: 'records-per-poll', value: 'n', about: 'max.poll.records, or the size of a batch; 500.' },
]
const MARGIN: Flag = { name: 'margin', value: 'share', about: 'What to have to spare, as 50%.' }
const PARTITIONS: Flag = {
  name: 'partitions',
  value: 'n',
  about: 'Partitions that the group reads.',
}
const CONSUMERS: Flag = { name: 'consumers', value: 'n', about: 'Members of the group.' }
const RATE_PER_CONSUMER: Flag = {
  name: 'rate-per-consumer',
  value: 'n',
  about: 'Events a second that one consumer gets through, as 5000 or 5k.',
}
const RATE: Flag = { name: 'rate', value: 'n', about: 'Events a second, as 100000 or 100k.' }

const SESSION: ToolHelp = {
  name: 'plan session-timeout',
  alias: null,
  about: 'Reckon session.timeout.ms, heartbeat.interval.ms and the limits of a poll.',
  flags: [
    ...WORK_FLAGS,
    PARTITIONS,
    CONSUMERS,
    MARGIN,
    {
      name: 'background-heartbeats',
      about: 'Heartbeats go out while records are processed, as in Java and librdkafka.',
    },
    { name: 'protocol', value: 'classic|consumer', about: 'consumer for groups of KIP-848.' },
    ...GROUP_FLAGS,
  ],
}
const THROUGHPUT: ToolHelp = {
  name: 'plan throughput',
  alias: null,
  about: 'Reckon how many consumers and partitions a rate needs.',
  flags: [
    RATE,
    RATE_PER_CONSUMER,
    ...WORK_FLAGS,
    PARTITIONS,
    CONSUMERS,
    MARGIN,
    { name: 'lag', value: 'n', about: 'Events that wait.' },
    { name: 'catch-up', value: 'time', about: 'How soon those are to be done; 1h.' },
    ...GROUP_FLAGS,
  ],
}
const TOPIC: ToolHelp = {
  name: 'plan topic',
  alias: null,
  about: 'Reckon the partitions, disk and network of a topic.',
  flags: [
    RATE,
    RATE_PER_CONSUMER,
    MARGIN,
    { name: 'record-size', value: 'bytes', about: 'Key and value of a record, as 1KB.' },
    { name: 'compression', value: 'share', about: 'What compression leaves, as 0.4; 1.' },
    { name: 'retention', value: 'time', about: 'How long records are kept; 7d.' },
    { name: 'replication', value: 'n', about: 'Replicas of each partition; 3.' },
    { name: 'groups', value: 'n', about: 'Groups that read all of it; 1.' },
    { name: 'brokers', value: 'n', about: 'Brokers, for what each has to bear.' },
    {
      name: 'partition-rate',
      value: 'bytes',
      about: 'What one partition is to be written with in a second; 10MB.',
    },
    { name: 'segment-size', value: 'bytes', about: 'segment.bytes; 1GiB.' },
  ],
  isOffline: true,
}

const RECORDS_PER_POLL = 500
const MEASURE_MS = 6000
const TIME_MARGIN = 1.5

/** Runs `plan session-timeout`. */
export function planSessionTimeout(run: ToolRun): Promise<number> {
  return planning(run, SESSION, sessionTimeout)
}

/** Runs `plan throughput`. */
export function planThroughput(run: ToolRun): Promise<number> {
  return planning(run, THROUGHPUT, throughput)
}

/** Runs `plan topic`. */
export function planTopic(run: ToolRun): Promise<number> {
  return planning(run, TOPIC, topic)
}

async function planning(
  run: ToolRun,
  help: ToolHelp,
  reckon: (flags: Flags, group: LiveGroup | null) => Plan,
): Promise<number> {
  const flags = parseFlags(run.args, [
    ...help.flags,
    ...(help.isOffline ? OFFLINE_FLAGS : COMMON_FLAGS),
  ])
  const ended = common(run, help, (flag) => flags.has(flag))
  if (ended !== null) return ended
  const group = await measured(run, flags)
  await printPlan(run, reckon(flags, group), flags.has('json'))
  return 0
}

/** Looks at the group of --group; null where there is none. */
async function measured(run: ToolRun, flags: Flags): Promise<LiveGroup | null> {
  const groupId = flags.text('group')
  if (groupId === null) return null
  const measureMs = milliseconds(flags, 'measure') ?? MEASURE_MS
  const { connectionSettings, errorText, isExpected, withClient } = await import('../connection.ts')
  const [{ liveGroup }, { openProgress }] = await Promise.all([
    import('./live-group.ts'),
    import('../progress.ts'),
  ])
  const progress = await openProgress(run, `Looking at group ${groupId}`, measureMs)
  try {
    return await withClient(connectionSettings(flags, run), (kafka) => {
      return liveGroup(kafka.admin(), groupId, {
        measureMs,
        wait: (ms) => setTimeout(ms),
        onProgress: (done) => progress.update(done),
        monotonicMs: () => performance.now(),
      })
    })
  } catch (error) {
    throw isExpected(error) ? new CliError(errorText(error)) : error
  } finally {
    progress.end()
  }
}

/** Collects what a calculation begins with, and from where each number is. */
class Inputs {
  readonly list: Input[] = []

  /** The flag's value, else the group's, else the default; null where there is none of them. */
  take<D extends number | null>(
    name: string,
    flag: number | null,
    group: number | null,
    fallback: D,
    shown: (value: number) => string = shownNumber,
  ): number | D {
    const found: readonly [number | null, InputSource][] = [
      [flag, 'flag'],
      [group, 'group'],
      [fallback, 'default'],
    ]
    const [value, from] = found.find(([each]) => each !== null) ?? [null, 'default']
    if (value === null) return fallback
    this.list.push({ name, value, shown: shown(value), from })
    return value
  }
}

const factor = (value: number) => `${Math.round((value - 1) * 1000) / 10} %`

function sessionTimeout(flags: Flags, group: LiveGroup | null): Plan {
  const inputs = new Inputs()
  const perPoll = whole(flags, 'records-per-poll')
  const recordsPerPoll = inputs.take('records per poll', perPoll, null, RECORDS_PER_POLL)
  const notes = group === null ? [] : rateNotes(group)
  const given = milliseconds(flags, 'processing-time')
  const observed = group === null ? null : batchTime(group, recordsPerPoll)
  const batchMs = inputs.take('processing time', given, observed, null, shownTime)
  if (batchMs === null) {
    throw group === null
      ? new UsageError('Missing required argument "[processing-time]", or [group]')
      : new CliError(
          `group ${group.groupId} read nothing while it was looked at: add --processing-time`,
        )
  }
  const consumers = inputs.take('consumers', whole(flags, 'consumers'), group?.members ?? null, 1)
  const partitions = whole(flags, 'partitions')
  const protocol = protocolOf(flags, group)
  return sessionTimeoutPlan({
    batchMs,
    recordsPerPoll,
    consumers,
    partitions: inputs.take('partitions', partitions, group?.partitions ?? null, consumers),
    margin: inputs.take('margin', flagMargin(flags), null, TIME_MARGIN, factor),
    isBackground: flags.has('background-heartbeats'),
    protocol,
    groupId: group?.groupId ?? null,
    limits: group?.limits ?? (protocol === 'consumer' ? CONSUMER_LIMITS : CLASSIC_LIMITS),
    now: {
      sessionTimeoutMs: group?.sessionTimeoutMs ?? null,
      heartbeatMs: group?.heartbeatMs ?? null,
    },
    inputs: inputs.list,
    notes,
  })
}

const flagMargin = (flags: Flags) => (flags.has('margin') ? margin(flags, 1) : null)

function protocolOf(flags: Flags, group: LiveGroup | null): 'classic' | 'consumer' {
  const text = flags.text('protocol')
  if (text === null) return group?.protocol ?? 'classic'
  if (text === 'classic' || text === 'consumer') return text
  throw new CliError(`--protocol ${text}: neither classic nor consumer`)
}

/** How long a member took for so many records; null where none were read. */
function batchTime({ consumedRate, working }: LiveGroup, records: number): number | null {
  return consumedRate === 0 ? null : (records / (consumedRate / working)) * 1000
}

/** What the measured rate means. */
function rateNotes({ groupId, consumedRate, working, lag }: LiveGroup): string[] {
  if (consumedRate === 0 || lag > consumedRate) return []
  return [
    `Group ${groupId} keeps up (lag ${shownNumber(lag)}), so ${shownNumber(consumedRate / working)} events a second ` +
      'a member is what came, not what it could do: give --processing-time or --rate-per-consumer if you know better.',
  ]
}

function throughput(flags: Flags, group: LiveGroup | null): Plan {
  const inputs = new Inputs()
  const rate = inputs.take(
    'events per second',
    count(flags, 'rate'),
    group?.producedRate ?? null,
    null,
  )
  if (rate === null) throw new UsageError('Missing required argument "[rate]", or [group]')
  const speed = speedOf(flags, inputs, group)
  const members = inputs.take('consumers', whole(flags, 'consumers'), group?.members ?? null, null)
  const read = whole(flags, 'partitions')
  const partitions = inputs.take('partitions', read, group?.partitions ?? null, null)
  const lag = inputs.take('lag', count(flags, 'lag'), group?.lag || null, null)
  const withinMs =
    lag === null
      ? null
      : inputs.take('catch up time', milliseconds(flags, 'catch-up'), null, 3_600_000, shownTime)
  return throughputPlan({
    rate,
    ...speed,
    margin: inputs.take('margin', flagMargin(flags), null, 1, factor),
    partitions,
    consumers: members,
    backlog: lag === null || withinMs === null ? null : { lag, withinMs },
    inputs: inputs.list,
    notes: group === null ? [] : rateNotes(group),
  })
}

function speedOf(flags: Flags, inputs: Inputs, group: LiveGroup | null) {
  const given = count(flags, 'rate-per-consumer')
  const batchMs = milliseconds(flags, 'processing-time')
  if (given === null && batchMs !== null) {
    const perPoll = whole(flags, 'records-per-poll')
    const records = inputs.take('records per poll', perPoll, null, RECORDS_PER_POLL)
    inputs.take('processing time', batchMs, null, null, shownTime)
    const rateFormula = `${records} records / ${shownTime(batchMs)}`
    return { ratePerConsumer: records / (batchMs / 1000), rateFormula }
  }
  const observed = group && group.consumedRate > 0 ? group.consumedRate / group.working : null
  const ratePerConsumer = inputs.take('rate per consumer', given, observed, null)
  if (ratePerConsumer !== null) return { ratePerConsumer, rateFormula: null }
  throw group === null
    ? new UsageError('Missing required argument "[rate-per-consumer]", or [processing-time]')
    : new CliError(
        `group ${group.groupId} read nothing while it was looked at: add --rate-per-consumer`,
      )
}

function topic(flags: Flags): Plan {
  const inputs = new Inputs()
  const rate = inputs.take('events per second', count(flags, 'rate'), null, null)
  if (rate === null) throw new UsageError('Missing required argument "[rate]"')
  const perConsumer = count(flags, 'rate-per-consumer')
  const recordBytes = bytes(flags, 'record-size')
  if (perConsumer === null && recordBytes === null) {
    throw new UsageError('Missing required argument "[rate-per-consumer]", or [record-size]')
  }
  const share = flags.text('compression')
  const compression = Number(share ?? 1)
  if (!(compression > 0 && compression <= 1)) {
    throw new CliError(`--compression ${share}: not a share above 0 and up to 1, as 0.4`)
  }
  const replication = whole(flags, 'replication')
  return topicPlan({
    rate,
    ratePerConsumer: inputs.take('rate per consumer', perConsumer, null, null),
    margin: inputs.take('margin', flagMargin(flags), null, 1, factor),
    recordBytes: inputs.take('record size', recordBytes, null, null, shownBytes),
    compression,
    retentionMs: inputs.take(
      'retention',
      milliseconds(flags, 'retention'),
      null,
      604_800_000,
      shownTime,
    ),
    replication: inputs.take('replicas', replication, null, 3),
    groups: inputs.take('groups', whole(flags, 'groups'), null, 1),
    brokers: inputs.take('brokers', whole(flags, 'brokers'), null, null),
    partitionBytes: bytes(flags, 'partition-rate') ?? 10e6,
    segmentBytes: bytes(flags, 'segment-size') ?? 2 ** 30,
    inputs: inputs.list,
  })
}
