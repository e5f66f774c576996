/**
 * `millrace produce`, which is kafka-console-producer: makes records of lines of standard input.
 * Beyond Kafka's: files, key separators as kcat has them, and JSON as `consume --json` writes it.
 *
 * Invariant: what Kafka's flags and reader properties make of a line is what Kafka makes of it;
 * standard output, exit status and the first line of an error are Kafka's under its name. Under
 * ours the command fails where a record was not written.
 */
import { createReadStream } from 'node:fs'
import { CliError } from '../cli-error.ts'
import { type Flags, parseFlags, requireFlags, UsageError } from '../flags.ts'
import { checkAddresses, refuseBoth } from '../java-flags.ts'
import { withLongNames } from '../short-flags.ts'
import { common, type ToolHelp, type ToolRun } from '../tool.ts'
import { lineReader } from './line-reader.ts'
import {
  flagTable,
  KAFKA_FLAGS,
  OWN_FLAGS,
  producerProperties,
  readerProperties,
  SHORT_FLAGS,
} from './produce-flags.ts'

const READER = 'org.apache.kafka.tools.LineMessageReader'
/** Flags whose old names are told of on standard output. */
const DEPRECATED = [
  ['producer-property', 'command-property'],
  ['producer.config', 'command-config'],
  ['property', 'reader-property'],
] as const

const HELP: ToolHelp = {
  name: 'produce',
  alias: 'kafka-console-producer',
  about: 'This tool helps to read data from standard input and publish it to Kafka.',
  flags: [...KAFKA_FLAGS, ...OWN_FLAGS],
}

/** Runs the command. */
export async function produceTool(run: ToolRun): Promise<number> {
  const table = flagTable(run.isAlias)
  const args = run.isAlias ? run.args : withLongNames(run.args, SHORT_FLAGS, table)
  const flags = parseFlags(args, table)
  const ended = common(run, HELP, (flag) => flags.has(flag))
  if (ended !== null) return ended
  checkFlags(flags, run)
  return produce(flags, run)
}

function checkFlags(flags: Flags, { isAlias, out, err }: ToolRun): void {
  requireFlags(flags, ['topic'])
  refuseBoth(flags, 'command-config', 'producer.config')
  refuseBoth(flags, 'command-property', 'producer-property')
  refuseBoth(flags, 'reader-property', 'property')
  const warn = isAlias ? out : err
  for (const [old, name] of DEPRECATED) {
    if (!flags.has(old)) continue
    warn(
      `Warning: --${old} is deprecated and will be removed in a future version. Use --${name} instead.`,
    )
  }
  if (flags.has('max-partition-memory-bytes')) {
    warn(
      'Warning: --max-partition-memory-bytes is deprecated and will be removed in Apache Kafka ' +
        '5.0. Use --batch-size instead.',
    )
  }
  if (isAlias || flags.has('bootstrap-server')) checkAddresses(flags.text('bootstrap-server'))
  const reader = flags.text('line-reader') ?? READER
  if (reader !== READER) throw new UsageError(`--line-reader ${reader}: there is only ${READER}`)
  if (flags.has('json') && flags.has('key-separator')) {
    throw new UsageError('--json has the key in the line; --key-separator is for text')
  }
}

async function produce(flags: Flags, run: ToolRun): Promise<number> {
  // The client is a large part, for which help need not wait.
  const { settingsFrom, withClient } = await import('../connection.ts')
  const { producerOptions } = await import('./producer-properties.ts')
  const { Deliveries, sendLines } = await import('./sending.ts')
  const fileOf = (file: string | null) =>
    settingsFrom({ brokers: null, file, profile: null }, {}).properties
  const topic = flags.text('topic')!
  const readText = lineReader(readerProperties(flags, fileOf(flags.text('reader-config'))))
  const read = flags.has('json') ? (await import('./json-reader.ts')).readJsonLine : readText
  const settings = settingsFrom(
    {
      brokers: flags.text('bootstrap-server'),
      file: flags.text('command-config') ?? flags.text('producer.config'),
      profile: flags.text('profile'),
    },
    run.environment,
  )
  const properties = producerProperties(flags, settings.properties, run.isAlias)
  const deliveries = new Deliveries(run.err)
  const options = { ...producerOptions(properties), onDelivery: deliveries.onDelivery }
  const signal = run.interrupted()
  const isTyped = run.terminal.input && run.terminal.output && !flags.has('file')
  const sending = {
    ...{ topic, read, signal, isSync: flags.has('sync') },
    inputs: inputsOf(flags, run),
    prompt: isTyped ? '>' : null,
  }
  await withClient({ ...settings, properties }, async (kafka) => {
    const producer = kafka.producer(options)
    try {
      await sendLines(producer, sending, deliveries, run.write)
    } finally {
      await producer.flush() // what was read before a line that can't be
      await producer.close()
    }
  })
  deliveries.sum()
  const { written, failed } = deliveries
  if (flags.has('json')) run.out(JSON.stringify({ produced: written, failed }))
  if (signal.aborted) return signal.reason as number
  return failed > 0 && !run.isAlias ? 1 : 0
}

/** Standard input, or the files that are read instead. */
function* inputsOf(flags: Flags, run: ToolRun): Generator<AsyncIterable<Uint8Array>> {
  if (!flags.has('file')) yield run.input
  for (const path of flags.all('file')) yield readChunks(path)
}

async function* readChunks(path: string): AsyncGenerator<Uint8Array, void, undefined> {
  try {
    yield* createReadStream(path)
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException
    throw new CliError(`${path}: ${code === 'ENOENT' ? 'no such file' : `can't be read (${code})`}`)
  }
}
