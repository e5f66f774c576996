/**
 * `millrace delete-records`, which is kafka-delete-records: lets the oldest records of partitions
 * go, down to the offsets that a file names.
 *
 * Invariant: standard output, exit status and the first line of an error are Kafka's, but for
 * --help, --json and what is said where no broker answers. Under the name of ours the exit status
 * tells of partitions that failed. What Kafka prints in an order of chance is sorted.
 *
 * KIP-107, KIP-204.
 */
import { readFileSync } from 'node:fs'
import type { Admin } from '../../client/admin/admin.ts'
import type { RecordsToDelete } from '../../client/admin/offsets.ts'
import { KafkaError } from '../../client/kafka-error.ts'
import { CliError } from '../cli-error.ts'
import { COMMON_FLAGS, type Flag, parseFlags, requireFlags } from '../flags.ts'
import { common, type ToolHelp, type ToolRun } from '../tool.ts'

const FLAGS: readonly Flag[] = [
  {
    name: 'offset-json-file',
    value: 'file',
    about:
      'What is to go, as {"partitions":[{"topic":"orders","partition":0,"offset":1200}],' +
      '"version":1}: the records before that offset; -1 for all there are.',
  },
]

const HELP: ToolHelp = {
  name: 'delete-records',
  alias: 'kafka-delete-records',
  about: 'This tool helps to delete records of the given partitions down to the specified offset.',
  flags: FLAGS,
}

/** Runs the command. */
export async function deleteRecordsTool(run: ToolRun): Promise<number> {
  const flags = parseFlags(run.args, [...FLAGS, ...COMMON_FLAGS])
  const ended = common(run, HELP, (flag) => flags.has(flag))
  if (ended !== null) return ended
  requireFlags(flags, run.isAlias ? ['bootstrap-server', 'offset-json-file'] : ['offset-json-file'])
  const { connectionSettings, errorText, isExpected, withClient } = await import('../connection.ts')
  const { recordsToDelete } = await import('./offset-file.ts')
  try {
    const settings = connectionSettings(flags, run)
    const wanted = recordsToDelete(fileText(flags.text('offset-json-file')!))
    const isDone = await withClient(settings, (kafka) => {
      return deleteRecords(kafka.admin(), wanted, run, flags.has('json'))
    })
    return isDone || run.isAlias ? 0 : 1
  } catch (error) {
    throw isExpected(error) ? new CliError(errorText(error)) : error
  }
}

function fileText(path: string): string {
  try {
    return readFileSync(path, 'utf8')
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException
    const why = code === 'ENOENT' ? 'no such file' : `it can't be read (${code})`
    throw new CliError(`Unable to read file ${path}\n${why}`)
  }
}

/** Deletes and tells of each partition; false where any failed. */
export async function deleteRecords(
  admin: Admin,
  wanted: readonly RecordsToDelete[],
  { out }: ToolRun,
  isJson: boolean,
): Promise<boolean> {
  if (!isJson) out('Executing records delete operation')
  const results = await admin.deleteRecords(wanted)
  const { exceptionName } = await import('../exception-names.ts')
  const sorted = [...results].sort(({ key: a }, { key: b }) => {
    return a.topic === b.topic ? a.partition - b.partition : a.topic < b.topic ? -1 : 1
  })
  if (isJson) {
    const partitions = sorted.map(({ key, ...outcome }) => {
      if (outcome.ok) return { ...key, lowWatermark: outcome.value.lowWatermark, error: null }
      const error = { code: outcome.error.code, message: reasonOf(outcome.error) }
      return { ...key, lowWatermark: null, error }
    })
    out(JSON.stringify({ partitions }))
    return results.ok
  }
  out('Records delete operation completed:')
  for (const { key, ...outcome } of sorted) {
    const text = outcome.ok
      ? `low_watermark: ${outcome.value.lowWatermark}`
      : `error: ${exceptionName(outcome.error.code)}: ${reasonOf(outcome.error)}`
    out(`partition: ${key.topic}-${key.partition}\t${text}`)
  }
  return results.ok
}

/** What happened; of what took too long, what it failed with at last: a topic may not be there. */
function reasonOf({ reason, cause }: KafkaError): string {
  return cause instanceof KafkaError ? `${reason}: ${cause.reason}` : reason
}
