/**
 * `millrace perf-consume`, which is kafka-consumer-perf-test: how many records a second a consumer
 * reads.
 *
 * Invariant: lines and exit status are Kafka's, but for --help and --json. What is wrong with a
 * number is said when it is needed, which is behind the header, as in Kafka's.
 *
 * KIP-1147 (names of flags).
 */
import { randomInt } from 'node:crypto'
import type { Consumer } from '../../client/consumer/consumer.ts'
import { CliError } from '../cli-error.ts'
import { settingsFrom } from '../connection-settings.ts'
import {
  COMMON_FLAGS,
  type Flag,
  type Flags,
  parseFlags,
  refuseWith,
  requireFlags,
  UsageError,
} from '../flags.ts'
import { keyValues, longFlag, withOptionalNumbers } from '../java-flags.ts'
import { metricLines } from '../perf-produce/metrics-table.ts'
import { openProgress } from '../progress.ts'
import { common, type ToolHelp, type ToolRun } from '../tool.ts'
import { ConsumeStats, totalsText } from './consume-stats.ts'
import { javaDateFormat } from './java-date.ts'

const FLAGS: readonly Flag[] = [
  { name: 'topic', value: 'name', about: 'The topic to read.' },
  { name: 'include', value: 'pattern', about: 'Topics instead, as a regular expression.' },
  { name: 'num-records', value: 'count', about: 'How many records to read.' },
  { name: 'messages', value: 'count', about: '(DEPRECATED) The older name of --num-records.' },
  { name: 'group', value: 'id', about: 'Its group; perf-consumer- and a number if left out.' },
  { name: 'from-latest', about: 'Begin at the end where the group has committed nothing.' },
  {
    name: 'timeout',
    value: 'milliseconds',
    isOptional: true,
    about: 'How long no record may come before it ends; 10000 if left out.',
  },
  { name: 'command-property', value: 'name=value', about: 'A property of the consumer.' },
  { name: 'consumer.config', value: 'file', about: '(DEPRECATED) As --command-config.' },
  { name: 'fetch-size', value: 'bytes', about: 'Of a partition in one fetch; 1048576.' },
  { name: 'socket-buffer-size', value: 'bytes', about: 'Taken, and left to the system.' },
  { name: 'show-detailed-stats', about: 'Print a line each --reporting-interval.' },
  { name: 'reporting-interval', value: 'milliseconds', about: '5000 if left out.' },
  { name: 'date-format', value: 'pattern', about: 'Of times, as SimpleDateFormat has them.' },
  { name: 'hide-header', about: 'Leave the names of the columns out.' },
  { name: 'print-metrics', about: 'Print metrics of the consumer too.' },
]

const HELP: ToolHelp = {
  name: 'perf-consume',
  alias: 'kafka-consumer-perf-test',
  about: 'This tool is used to verify the consumer performance.',
  flags: FLAGS,
}

const COLUMNS =
  'data.consumed.in.MB, MB.sec, data.consumed.in.nMsg, nMsg.sec, rebalance.time.ms, ' +
  'fetch.time.ms, fetch.MB.sec, fetch.nMsg.sec'
const DATE_FORMAT = 'yyyy-MM-dd HH:mm:ss:SSS'
const POLL_MS = 100
const POLL_RECORDS = 500
const GROUPS = 100_000

/** Runs the command. */
export async function perfConsumeTool(run: ToolRun): Promise<number> {
  const args = withOptionalNumbers(run.args, ['timeout'])
  const flags = parseFlags(args, [...FLAGS, ...COMMON_FLAGS])
  const ended = common(run, HELP, (flag) => flags.has(flag))
  if (ended !== null) return ended
  checkFlags(flags, run)
  const isJson = flags.has('json')
  const isDetailed = flags.has('show-detailed-stats')
  if (!flags.has('hide-header') && !isJson) {
    run.out(`${isDetailed ? 'time, threadId' : 'start.time, end.time'}, ${COLUMNS}`)
  }
  return consume(flags, run)
}

function checkFlags(flags: Flags, run: ToolRun): void {
  if (run.isAlias) requireFlags(flags, ['bootstrap-server'])
  exactlyOne(flags, 'topic', 'include')
  exactlyOne(flags, 'messages', 'num-records')
  refuseWith(flags, 'consumer.config', ['command-config'])
  const tell = flags.has('json') ? run.err : run.out
  if (flags.has('messages')) tell('Warning: --messages is deprecated. Use --num-records instead.')
  if (flags.has('consumer.config')) {
    tell('Warning: --consumer.config is deprecated. Use --command-config instead.')
  }
}

function exactlyOne(flags: Flags, one: string, other: string): void {
  if (flags.has(one) !== flags.has(other)) return
  const names = `[${one}], [${other}]`
  throw new UsageError(`Exactly one of the following arguments is required: ${names}`)
}

async function consume(flags: Flags, run: ToolRun): Promise<number> {
  // The client is a large part, for which help need not wait.
  const { measureWithClient } = await import('../perf-produce/measure-with-client.ts')
  const { consumerOptions } = await import('../consume/consumer-properties.ts')
  const given = {
    brokers: flags.text('bootstrap-server'),
    file: flags.text('consumer.config') ?? flags.text('command-config'),
    profile: flags.text('profile'),
  }
  const settings = settingsFrom(given, run.environment)
  const properties = consumerProperties(flags, settings.properties)
  return measureWithClient({ ...settings, properties }, async (kafka) => {
    const stats = new ConsumeStats(Date.now)
    const topics = topicsOf(flags)
    const consumer = kafka.consumer<string>({
      ...consumerOptions(properties),
      topics,
      onAssigned: (partitions) => stats.onAssigned(partitions),
      onRevoked: (partitions) => stats.onRevoked(partitions),
      onLost: (partitions) => stats.onRevoked(partitions),
    })
    try {
      await read(consumer, stats, flags, run)
      print(consumer, stats, flags, run)
    } finally {
      await consumer.close()
    }
    const isShort = stats.records < wanted(flags)
    return isShort && !run.isAlias ? 1 : 0
  })
}

function consumerProperties(flags: Flags, file: ReadonlyMap<string, string>) {
  flags.integer('socket-buffer-size') // checked, and left to the system
  return new Map([
    ['client.id', 'perf-consumer-client'],
    ...file,
    ...keyValues(flags.all('command-property')),
    ['group.id', flags.text('group') ?? `perf-consumer-${randomInt(GROUPS)}`],
    ['max.partition.fetch.bytes', String(flags.integer('fetch-size') ?? 1024 * 1024)],
    ['auto.offset.reset', flags.has('from-latest') ? 'latest' : 'earliest'],
    ['check.crcs', 'false'],
  ])
}

function topicsOf(flags: Flags): string[] | RegExp {
  const topic = flags.text('topic')
  if (topic !== null) return [topic]
  const pattern = flags.text('include')!
  try {
    return new RegExp(`^(?:${pattern})$`)
  } catch {
    throw new CliError(`--include: ${pattern} is an invalid regex.`)
  }
}

/** How many records there have to be. */
function wanted(flags: Flags): number {
  return longFlag(flags, flags.has('messages') ? 'messages' : 'num-records')!
}

async function read(
  consumer: Consumer,
  stats: ConsumeStats,
  flags: Flags,
  run: ToolRun,
): Promise<void> {
  const records = wanted(flags)
  const timeoutMs = longFlag(flags, 'timeout') ?? 10_000
  const intervalMs = longFlag(flags, 'reporting-interval') ?? 5000
  if (intervalMs <= 0) throw new CliError('Reporting interval must be greater than 0.')
  const format = javaDateFormat(flags.text('date-format') ?? DATE_FORMAT)
  const isDetailed = flags.has('show-detailed-stats')
  const tell = flags.has('json') ? run.err : run.out
  // What is reported in lines needs no bar.
  const progress = isDetailed ? null : await openProgress(run, 'Reading', records)
  let nowMs = Date.now()
  let lastMs = nowMs
  try {
    while (stats.records < records && nowMs - lastMs <= timeoutMs) {
      const batches = await consumer.poll({ timeoutMs: POLL_MS, maxRecords: POLL_RECORDS })
      nowMs = Date.now()
      if (batches.length > 0) lastMs = nowMs
      for (const batch of batches) {
        for (const { key, value } of batch) {
          stats.records++
          stats.bytes += (key?.length ?? 0) + (value?.length ?? 0)
        }
      }
      progress?.update(stats.records)
      if (batches.length === 0) continue
      const line = stats.report(nowMs, intervalMs, format)
      if (line !== null && isDetailed) tell(line)
    }
  } finally {
    progress?.end()
  }
  if (stats.records >= records) return
  tell(
    'WARNING: Exiting before consuming the expected number of records: timeout ' +
      `(${timeoutMs} ms) exceeded. You can use the --timeout option to increase the timeout.`,
  )
}

function print(consumer: Consumer, stats: ConsumeStats, flags: Flags, run: ToolRun): void {
  const isJson = flags.has('json')
  if (isJson) run.out(JSON.stringify(stats.totals()))
  else if (!flags.has('show-detailed-stats')) {
    run.out(totalsText(stats.totals(), javaDateFormat(flags.text('date-format') ?? DATE_FORMAT)))
  }
  if (!flags.has('print-metrics')) return
  for (const line of metricLines(consumer.metrics())) {
    if (isJson) run.err(line)
    else run.out(line)
  }
}
