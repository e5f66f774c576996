/**
 * `millrace dump-log`, which is kafka-dump-log: what is in the files of a data directory, for a
 * look at a log that seems damaged. It needs no server and changes nothing.
 *
 * Invariant: standard output and exit status are Kafka's, but for --help, --json and what is said
 * of files that are not there.
 */
import { basename } from 'node:path'
import {
  LOG_SUFFIX,
  OFFSET_INDEX_SUFFIX,
  PRODUCER_SNAPSHOT_SUFFIX,
  TIME_INDEX_SUFFIX,
  TRANSACTION_INDEX_SUFFIX,
} from '../../log/file-names.ts'
import { type Flag, type Flags, OFFLINE_FLAGS, parseFlags, requireFlags } from '../flags.ts'
import { common, type ToolHelp, type ToolRun } from '../tool.ts'
import { DumpFaults, DumpOutput } from './dump-output.ts'
import { dumpIndex, dumpTimeIndex, type IndexDumpOptions } from './index-dump.ts'
import { dumpLog, type LogDumpOptions, NO_LIMIT } from './log-dump.ts'
import { DECODER_FLAGS, payloadDecoder } from './payloads.ts'
import { dumpProducerSnapshot, dumpTransactionIndex } from './state-dump.ts'

const FLAGS: readonly Flag[] = [
  { name: 'files', value: 'list', about: 'Files to dump, separated by commas.' },
  { name: 'print-data-log', about: 'Print keys and values of records too.' },
  {
    name: 'deep-iteration',
    about: 'Look into batches, at each record; a decoder and --print-data-log do so too.',
  },
  { name: 'skip-record-metadata', about: 'Print keys and values alone, and no control records.' },
  {
    name: 'key-decoder-class',
    value: 'class',
    isOptional: true,
    about: 'String-, Integer-, Long- or DefaultDecoder of org.apache.kafka.tools.api.',
  },
  {
    name: 'value-decoder-class',
    value: 'class',
    isOptional: true,
    about: 'The same for values; strings if left out.',
  },
  { name: 'offsets-decoder', about: 'The files are of __consumer_offsets.' },
  { name: 'transaction-log-decoder', about: 'The files are of __transaction_state.' },
  { name: 'cluster-metadata-decoder', about: 'The files are of __cluster_metadata.' },
  { name: 'share-group-state-decoder', about: 'The files are of __share_group_state.' },
  { name: 'remote-log-metadata-decoder', about: 'The files are of __remote_log_metadata.' },
  {
    name: 'index-sanity-check',
    about: 'Check indexes as a server does that starts, and print no entries.',
  },
  {
    name: 'verify-index-only',
    about: 'Hold indexes against their segment, and print no entries.',
  },
  {
    name: 'max-message-size',
    value: 'bytes',
    about: 'The largest batch that an index may point at; 5242880 if left out.',
  },
  { name: 'max-bytes', value: 'bytes', about: 'Read so much of each segment at most.' },
]

const HELP: ToolHelp = {
  name: 'dump-log',
  alias: 'kafka-dump-log',
  about:
    'This tool helps to parse a log file and dump its contents to the console, useful for debugging ' +
    'a seemingly corrupt log segment.',
  flags: FLAGS,
  isOffline: true,
}

const CHECKPOINT_SUFFIX = '.checkpoint'
const DEFAULT_MAX_MESSAGE_BYTES = 5 * 1024 * 1024

/** Runs the command. */
export async function dumpLogTool(run: ToolRun): Promise<number> {
  const flags = parseFlags(run.args, [...FLAGS, ...OFFLINE_FLAGS])
  const ended = common(run, HELP, (flag) => flags.has(flag))
  if (ended !== null) return ended
  requireFlags(flags, ['files'])
  const out = new DumpOutput(run, flags.has('json'))
  const faults = new DumpFaults()
  try {
    for (const file of filesOf(flags)) await dumpFile(file, flags, out, faults, run.err)
  } finally {
    await out.flush()
  }
  for (const line of faults.lines()) run.err(line)
  return 0
}

/** The names as Java shows them; empty ones at the end are none. */
function filesOf(flags: Flags): string[] {
  const names = flags.text('files')!.split(',')
  while (names.length > 1 && names.at(-1) === '') names.pop()
  return names.map((name) => name.replace(/\/+/g, '/').replace(/(?<=.)\/$/, ''))
}

async function dumpFile(
  file: string,
  flags: Flags,
  out: DumpOutput,
  faults: DumpFaults,
  err: (line: string) => void,
): Promise<void> {
  await out.text(`Dumping ${file}`)
  const name = basename(file)
  const dot = name.lastIndexOf('.')
  switch (dot < 0 ? '' : name.slice(dot)) {
    case LOG_SUFFIX:
    case CHECKPOINT_SUFFIX:
      return dumpLog(file, logOptions(flags), out, faults)
    case OFFSET_INDEX_SUFFIX:
      return dumpIndex(file, indexOptions(flags), out, faults)
    case TIME_INDEX_SUFFIX:
      return dumpTimeIndex(file, indexOptions(flags), out, faults)
    case PRODUCER_SNAPSHOT_SUFFIX:
      return dumpProducerSnapshot(file, out, err)
    case TRANSACTION_INDEX_SUFFIX:
      return dumpTransactionIndex(file, out)
    default:
      err(`Ignoring unknown file ${file}`)
  }
}

function logOptions(flags: Flags): LogDumpOptions {
  const printing = ['print-data-log', ...DECODER_FLAGS]
  const isPrinting = printing.some((flag) => flags.has(flag))
  const decoder = payloadDecoder(flags)
  return {
    isDeep: isPrinting || flags.has('deep-iteration'),
    decoder: isPrinting ? decoder : null,
    isPlain: !DECODER_FLAGS.some((flag) => flags.has(flag)),
    skipsMetadata: flags.has('skip-record-metadata'),
    maxBytes: flags.integer('max-bytes') ?? NO_LIMIT,
  }
}

function indexOptions(flags: Flags): IndexDumpOptions {
  return {
    isSanityOnly: flags.has('index-sanity-check'),
    isVerifyOnly: flags.has('verify-index-only'),
    maxMessageBytes: flags.integer('max-message-size') ?? DEFAULT_MAX_MESSAGE_BYTES,
  }
}
