/**
 * What a run of perf-produce is to do, of its flags, files and properties.
 *
 * Invariant: what does not fit is said in Kafka's order and words, before anything is sent.
 */

import { randomUUID } from 'node:crypto'
import { readFileSync, statSync } from 'node:fs'
import { resolve } from 'node:path'
import type { Arguments } from '../argparse-flags.ts'
import { CliError } from '../cli-error.ts'
import { type ConnectionSettings, settingsFrom } from '../connection-settings.ts'
import { deprecation } from '../renamed-flag.ts'
import type { ToolRun } from '../tool.ts'

/** A run, checked. */
export interface PerfPlan {
  readonly topic: string
  readonly records: number
  readonly warmupRecords: number
  readonly recordBytes: number | null
  readonly isMonotonic: boolean
  /** Of --payload-file; empty where there is none. */
  readonly payloads: readonly Buffer[]
  readonly recordsPerSecond: number
  readonly reportingIntervalMs: number
  readonly printsMetrics: boolean
  /** Null without transactions. */
  readonly transactionalId: string | null
  readonly transactionMs: number
  readonly settings: ConnectionSettings
}

const DEFAULT_TRANSACTION_MS = 3000
const CLIENT_ID = 'perf-producer-client'

/** Checks the flags. Throws an ArgumentError or a CliError. */
export function perfPlan(args: Arguments, run: ToolRun): PerfPlan {
  checkNumbers(args)
  checkSettings(args, run.isAlias)
  const transactionMs = args.number('transaction-duration-ms')
  if (transactionMs !== null && transactionMs <= 0) {
    throw args.error('--transaction-duration-ms should be greater than zero.')
  }
  if (args.number('reporting-interval')! <= 0) {
    throw args.error('--reporting-interval should be greater than zero.')
  }
  const tell = args.has('json') ? run.err : run.out
  const payloads = payloadsOf(args, tell)
  const settings = connection(args, run, tell)
  const givenId = args.text('transactional-id') ?? settings.properties.get('transactional.id')
  const hasTransactions = transactionMs !== null || givenId !== undefined
  return {
    topic: args.text('topic')!,
    records: args.number('num-records')!,
    warmupRecords: Math.max(args.number('warmup-records')!, 0),
    recordBytes: args.number('record-size'),
    isMonotonic: args.has('payload-monotonic'),
    payloads,
    recordsPerSecond: args.number('throughput')!,
    reportingIntervalMs: args.number('reporting-interval')!,
    printsMetrics: args.has('print-metrics'),
    transactionalId: hasTransactions ? (givenId ?? `performance-producer-${randomUUID()}`) : null,
    transactionMs: transactionMs ?? DEFAULT_TRANSACTION_MS,
    settings,
  }
}

function checkNumbers(args: Arguments): void {
  const records = args.number('num-records')!
  const recordBytes = args.number('record-size')
  if (records <= 0) throw args.error('--num-records should be greater than zero.')
  if (Math.max(args.number('warmup-records')!, 0) >= records) {
    throw args.error(
      'The value for --warmup-records must be strictly fewer than the number of records in the ' +
        'test, --num-records.',
    )
  }
  if (recordBytes !== null && recordBytes <= 0) {
    throw args.error('--record-size should be greater than zero.')
  }
}

/** That some flag says where to connect, and none says it twice. */
function checkSettings(args: Arguments, isAlias: boolean): void {
  const names = [
    '--bootstrap-server',
    '--command-property',
    '--producer-props',
    '--producer.config',
    '--command-config',
  ]
  if (isAlias && !names.some((name) => args.has(name.slice(2)))) {
    throw args.error(
      `At least one of ${names.slice(0, -1).join(', ')} or ${names.at(-1)} must be specified.`,
    )
  }
  for (const [name, old] of [
    ['command-property', 'producer-props'],
    ['command-config', 'producer.config'],
  ] as const) {
    if (!args.has(name) || !args.has(old)) continue
    throw args.error(`--${name} and --${old} cannot be specified together.`)
  }
}

function payloadsOf(args: Arguments, tell: (line: string) => void): Buffer[] {
  const file = args.text('payload-file')
  if (file === null) return []
  tell(`Reading payloads from: ${resolve(file)}`)
  if ((statSync(file, { throwIfNoEntry: false })?.size ?? 0) === 0) {
    throw new CliError('File does not exist or empty file provided.')
  }
  const delimiter = args.text('payload-delimiter')!
  const payloads = split(readFileSync(file, 'utf8'), delimiter === '\\n' ? '\n' : delimiter)
  tell(`Number of records read: ${payloads.length}`)
  return payloads.map((payload) => Buffer.from(payload))
}

/** The parts of a text as java.util.Scanner finds them: none before a first delimiter. */
function split(text: string, delimiter: string): string[] {
  const parts = text.split(new RegExp(delimiter, 'u'))
  if (parts[0] === '') parts.shift()
  if (parts.at(-1) === '') parts.pop()
  return parts
}

function connection(args: Arguments, run: ToolRun, tell: (line: string) => void) {
  const old = args.all('producer-props')
  const oldFile = args.text('producer.config')
  if (old !== null) tell(deprecation('producer-props', 'command-property'))
  if (oldFile !== null) tell(deprecation('producer.config', 'command-config'))
  const given = {
    brokers: args.text('bootstrap-server'),
    file: oldFile ?? args.text('command-config'),
    profile: args.text('profile'),
  }
  const { brokers, properties, origins } = settingsFrom(given, run.environment)
  const merged = new Map([['client.id', CLIENT_ID], ...properties])
  for (const pair of old ?? args.all('command-property') ?? []) {
    const parts = pair.replace(/=+$/, '').split('=')
    if (parts.length !== 2) throw new CliError(`Invalid property: ${pair}`)
    merged.set(parts[0]!, parts[1]!)
  }
  const ofProperties = given.brokers === null ? merged.get('bootstrap.servers') : undefined
  return { brokers: ofProperties ?? brokers, properties: merged, ...(origins && { origins }) }
}
