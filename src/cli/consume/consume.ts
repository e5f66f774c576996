/**
 * `millrace consume`, which is kafka-console-consumer: prints records. Beyond Kafka's: formats with
 * kcat's tokens, JSON that `produce --json` takes back, and an end when all was read.
 *
 * Invariant: what Kafka's flags and formatters print, this prints, byte for byte. However it ends
 * (a limit, Ctrl-C, a closed pipe), what was written out is committed where there is a group that
 * commits, and the group is left. KIP-431, KIP-848.
 */
import { randomInt } from 'node:crypto'
import { CliError } from '../cli-error.ts'
import { type Flags, parseFlags, requireFlags, UsageError } from '../flags.ts'
import { longFlag, refuseBoth } from '../java-flags.ts'
import { withLongNames } from '../short-flags.ts'
import { common, type ToolHelp, type ToolRun } from '../tool.ts'
import {
  flagTable,
  givenProperties,
  KAFKA_FLAGS,
  namedGroup,
  OWN_FLAGS,
  offsetFlag,
  SHORT_FLAGS,
} from './consume-flags.ts'
import { checkFormatFlags, formatterOf } from './formatters.ts'
import type { OpenReading } from './open-reading.ts'
import type { RecordFormatter } from './record-formatter.ts'

const HELP: ToolHelp = {
  name: 'consume',
  alias: 'kafka-console-consumer',
  about: 'This tool helps to read data from Kafka topics and outputs it to standard output.',
  flags: [...KAFKA_FLAGS, ...OWN_FLAGS],
}

/** As many groups of the tool's own there may be. */
const OWN_GROUPS = 100_000
/** How long the group may take to be left. */
const CLOSE_TIMEOUT_MS = 30_000

/** Runs the command. */
export async function consumeTool(run: ToolRun): Promise<number> {
  const table = flagTable(run.isAlias)
  const args = run.isAlias ? run.args : withLongNames(run.args, SHORT_FLAGS, table)
  const flags = parseFlags(args, table)
  const ended = common(run, HELP, (flag) => flags.has(flag))
  if (ended !== null) return ended
  checkFlags(flags, run)
  const status = await consume(flags, run)
  if (flags.has('enable-systest-events')) run.out('shutdown_complete')
  return status
}

function checkFlags(flags: Flags, { isAlias }: ToolRun): void {
  if (flags.has('topic') === flags.has('include')) {
    throw new UsageError('Exactly one of the following arguments is required: [topic], [include]')
  }
  if (flags.has('partition')) {
    flags.integer('partition')
    if (!flags.has('topic')) {
      throw new UsageError('The topic is required when partition is specified.')
    }
    if (flags.has('from-beginning') && flags.has('offset')) {
      throw new UsageError('Options from-beginning and offset cannot be specified together.')
    }
  } else if (flags.has('offset')) {
    throw new UsageError('The partition is required when offset is specified.')
  }
  if (isAlias) requireFlags(flags, ['bootstrap-server'])
  refuseBoth(flags, 'consumer-property', 'command-property')
  refuseBoth(flags, 'consumer.config', 'command-config')
  checkFormatFlags(flags)
}

/** Tells of a flag whose name is an old one. */
function warnOfOld(flags: Flags, { isAlias, out, err }: ToolRun, old: string, name: string): void {
  if (!flags.has(old)) return
  const text = `Option --${old} is deprecated and will be removed in a future version. Use --${name} instead.`
  if (isAlias) out(text)
  else err(text)
}

/** What the command line asks for, checked. */
interface Asked {
  readonly properties: ReadonlyMap<string, string>
  readonly offset: number | 'earliest' | 'latest'
  readonly timeoutMs: number
  readonly maxMessages: number
  readonly format: RecordFormatter
}

/** Everything is checked in Kafka's order, since what is wrong first is what is told. */
function askedOf(
  flags: Flags,
  run: ToolRun,
  ofFile: ReadonlyMap<string, string>,
  formatterFile: () => ReadonlyMap<string, string>,
): Asked {
  const given = givenProperties(flags)
  const group = namedGroup(flags, ofFile, given)
  const properties = new Map([...ofFile, ...given])
  setReset(flags, properties)
  if (!properties.has('client.id')) properties.set('client.id', 'console-consumer')
  const isolation = flags.text('isolation-level')
  if (isolation !== null) properties.set('isolation.level', isolation)
  // Under our own name nobody is made to join a group for a topic: it reads sooner by itself. But
  // who reads by itself makes the topic, and that may not be wanted.
  const mayBeMade = properties.get('allow.auto.create.topics')?.trim().toLowerCase() !== 'false'
  const isOfTopic = !run.isAlias && flags.has('topic') && mayBeMade
  const isAlone = group === null && (flags.has('partition') || isOfTopic)
  if (isAlone) properties.delete('group.id')
  else properties.set('group.id', group ?? `console-consumer-${randomInt(OWN_GROUPS)}`)
  if (group === null && !properties.has('enable.auto.commit')) {
    properties.set('enable.auto.commit', 'false')
  }
  const offset = offsetFlag(flags)
  const timeoutMs = longFlag(flags, 'timeout-ms') ?? -1
  refuseBoth(flags, 'property', 'formatter-property')
  warnOfOld(flags, run, 'property', 'formatter-property')
  const format = formatterOf(flags, formatterFile(), run.isAlias, run.err)
  const maxMessages = flags.integer('max-messages') ?? -1
  return {
    ...{ properties, offset, format },
    timeoutMs: timeoutMs >= 0 ? timeoutMs : Infinity,
    maxMessages: maxMessages === -1 ? Infinity : maxMessages,
  }
}

function setReset(flags: Flags, properties: Map<string, string>): void {
  const isFromBeginning = flags.has('from-beginning')
  const reset = properties.get('auto.offset.reset')
  if (reset === undefined) {
    properties.set('auto.offset.reset', isFromBeginning ? 'earliest' : 'latest')
  } else if (isFromBeginning && reset !== 'earliest') {
    throw new CliError(
      `Can't simultaneously specify --from-beginning and 'auto.offset.reset=${reset}', ` +
        'please remove one option',
    )
  }
}

async function consume(flags: Flags, run: ToolRun): Promise<number> {
  // The client is a large part, for which help need not wait.
  const { errorText, isExpected, settingsFrom, withClient } = await import('../connection.ts')
  const { openReading } = await import('./open-reading.ts')
  const settings = settingsFrom(
    {
      brokers: flags.text('bootstrap-server'),
      file: flags.text('command-config') ?? flags.text('consumer.config'),
      profile: flags.text('profile'),
    },
    run.environment,
  )
  warnOfOld(flags, run, 'consumer-property', 'command-property')
  warnOfOld(flags, run, 'consumer.config', 'command-config')
  const file = flags.text('formatter-config')
  const formatterFile = () => settingsFrom({ brokers: null, file, profile: null }, {}).properties
  const asked = askedOf(flags, run, settings.properties, formatterFile)
  const signal = run.interrupted()
  const { properties } = asked
  return withClient({ ...settings, properties }, async (kafka) => {
    let reading: OpenReading | null = null
    let failure: unknown = null
    try {
      reading = openReading(kafka, flags, { ...asked, signal, run })
      await reading.run()
    } catch (error) {
      if (error instanceof CliError && reading === null) throw error
      failure = error
    }
    await reading?.close(CLOSE_TIMEOUT_MS)
    const isClosed = signal.aborted && signal.reason === 0
    if (isClosed && run.isAlias) run.err('Unable to write to standard out, closing consumer.')
    // A reader that has gone has seen enough.
    if (!isClosed || run.isAlias) run.err(`Processed a total of ${reading?.count ?? 0} messages`)
    if (failure !== null) {
      if (!isExpected(failure)) throw failure
      run.err(errorText(failure))
      // Kafka's tool logs what the consumer failed with, and is content.
      return run.isAlias && !reading?.isFormatting ? 0 : 1
    }
    return signal.aborted ? (signal.reason as number) : 0
  })
}
