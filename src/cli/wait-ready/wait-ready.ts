/**
 * `millrace wait-ready`: ends when a cluster can be worked with. For scripts that start a server
 * and go on: it prints nothing unless it fails.
 *
 * Ready is: so many brokers answer for the cluster that are not fenced, and every partition of the
 * topics that were named has a leader.
 *
 * Invariant: it ends within --timeout, with 0 where all of that was so at one moment and 1 where it
 * was not, or where waiting longer can't help, as with a wrong password.
 */
import { setTimeout } from 'node:timers/promises'
import type { Admin } from '../../client/admin/admin.ts'
import { CliError } from '../cli-error.ts'
import { COMMON_FLAGS, type Flag, type Flags, parseFlags } from '../flags.ts'
import { milliseconds, whole } from '../plan/quantities.ts'
import { common, type ToolHelp, type ToolRun } from '../tool.ts'

const FLAGS: readonly Flag[] = [
  { name: 'timeout', value: 'time', about: 'How long to wait at most, as 30s or 2m; 60s.' },
  { name: 'brokers', value: 'n', about: 'How many brokers there have to be; 1.' },
  {
    name: 'topics',
    value: 'name,...',
    about: 'Topics that have to be there, with a leader for each partition.',
  },
]

const HELP: ToolHelp = {
  name: 'wait-ready',
  alias: null,
  about: 'Wait until a cluster can be worked with, for scripts.',
  flags: FLAGS,
  runsBare: true,
}

const TIMEOUT_MS = 60_000
const PAUSE_MS = 100
/** What an attempt may take, so that what is missing is known at the end. */
const ATTEMPT_MS = 5000

/** What there has to be. */
interface Wanted {
  readonly brokers: number
  readonly topics: readonly string[]
}

/** Runs the command. */
export async function waitReadyTool(run: ToolRun): Promise<number> {
  const flags = parseFlags(run.args, [...FLAGS, ...COMMON_FLAGS])
  const ended = common(run, HELP, (flag) => flags.has(flag))
  if (ended !== null) return ended
  const timeoutMs = milliseconds(flags, 'timeout') ?? TIMEOUT_MS
  const wanted = { brokers: whole(flags, 'brokers') ?? 1, topics: topicsOf(flags) }
  const begin = performance.now()
  const elapsedMs = () => Math.round(performance.now() - begin)
  const { connectionSettings, errorText, isExpected, openClient } = await import('../connection.ts')
  const settings = connectionSettings(flags, run)
  const kafka = openClient(settings)
  let missing: string | null = null
  try {
    missing = await waited(kafka.admin(), wanted, () => timeoutMs - elapsedMs())
  } catch (error) {
    throw isExpected(error) ? new CliError(`${settings.brokers}: ${errorText(error)}`) : error
  } finally {
    await kafka.close({ timeoutMs: 1000 })
  }
  const isReady = missing === null
  if (flags.has('json')) {
    run.out(JSON.stringify({ ready: isReady, missing, waitedMs: elapsedMs() }))
  } else if (!isReady) {
    run.err(`${settings.brokers} is not ready after ${timeoutMs / 1000} s: ${missing}`)
  }
  return isReady ? 0 : 1
}

function topicsOf(flags: Flags): string[] {
  return (flags.text('topics') ?? '').split(',').filter((name) => name !== '')
}

/** Null once all is there; what was missing last when the time is over. */
async function waited(admin: Admin, wanted: Wanted, leftMs: () => number): Promise<string | null> {
  for (;;) {
    const missing = await missingOf(admin, wanted, Math.min(ATTEMPT_MS, Math.max(1, leftMs())))
    if (missing === null) return null
    if (leftMs() <= PAUSE_MS) return missing
    await setTimeout(PAUSE_MS)
  }
}

async function missingOf(admin: Admin, wanted: Wanted, timeoutMs: number): Promise<string | null> {
  const { KafkaError } = await import('../../client/kafka-error.ts')
  try {
    const { brokers } = await admin.describeCluster({ timeoutMs })
    const there = brokers.filter(({ isFenced }) => !isFenced).length
    if (there < wanted.brokers) return `${there} of ${wanted.brokers} brokers are there`
    if (wanted.topics.length === 0) return null
    const described = await admin.describeTopics(wanted.topics, { timeoutMs })
    for (const [name, error] of described.failures()) return `topic ${name}: ${error.reason}`
    for (const { name, partitions } of described.values()) {
      const without = partitions.filter(({ leader }) => leader < 0).length
      if (without > 0) return `topic ${name}: ${without} partitions have no leader`
    }
    return null
  } catch (error) {
    if (!(error instanceof KafkaError)) throw error
    const { cause } = error
    // The server is there, and will not change its mind.
    if (cause instanceof KafkaError && cause.code === 'AUTHENTICATION_FAILED') throw cause
    if (error.code === 'TIMED_OUT' || error.retriable) return 'no broker answers'
    throw error
  }
}
