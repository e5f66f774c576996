/**
 * Segments and snapshots of the metadata, batch by batch and record by record.
 *
 * Invariant: nothing of a file is printed that is behind the first thing that can't be a batch.
 * KIP-630 (snapshots).
 */
import { isUtf8 } from 'node:buffer'
import { basename } from 'node:path'
import { LOG_SUFFIX } from '../../log/file-names.ts'
import { CliError } from '../cli-error.ts'
import {
  type BatchFacts,
  batchText,
  factsOf,
  type RecordFacts,
  recordsOf,
  recordText,
} from './batch-facts.ts'
import { BatchFile, type FileBatch } from './batch-file.ts'
import { controlText } from './control-text.ts'
import type { DumpFaults, DumpOutput } from './dump-output.ts'
import type { Payload, PayloadDecoder } from './payloads.ts'

/** What is to be printed of a log. */
export interface LogDumpOptions {
  readonly isDeep: boolean
  /** Null where keys and values are not to be printed. */
  readonly decoder: PayloadDecoder | null
  /** Keys and values are printed as they are: what is no UTF-8 is base64 in JSON. */
  readonly isPlain: boolean
  readonly skipsMetadata: boolean
  readonly maxBytes: number
}

/** Kafka's way to say that there is no limit. */
export const NO_LIMIT = 0x7fffffff
const BOOTSTRAP = 'bootstrap.checkpoint'

/** Dumps a segment or a snapshot. */
export async function dumpLog(
  path: string,
  options: LogDumpOptions,
  out: DumpOutput,
  faults: DumpFaults,
): Promise<void> {
  await out.text(beginning(basename(path)))
  const file = new BatchFile(path)
  let validBytes = 0
  const last = { offset: -1 }
  try {
    for (const batch of file.batches(0, options.maxBytes)) {
      const facts = factsOf(batch)
      await out.text(batchText(facts))
      const records = options.isDeep
        ? await dumpRecords(path, batch, facts, options, out, faults, last)
        : null
      if (out.isJson) await out.print('', batchJson(path, facts, records))
      validBytes += batch.bytes.length
    }
    const trailing = Math.min(file.sizeBytes, options.maxBytes) - validBytes
    if (trailing <= 0 || options.maxBytes !== NO_LIMIT) return
    const text = `Found ${trailing} invalid bytes at the end of ${basename(path)}`
    await out.print(text, { file: path, type: 'trailing', invalidBytes: trailing })
  } finally {
    file.close()
  }
}

/** The first line, from the name of the file. */
function beginning(name: string): string {
  if (name.endsWith(LOG_SUFFIX)) return `Log starting offset: ${offsetIn(name)}`
  if (name === BOOTSTRAP) return 'KRaft bootstrap snapshot'
  const id = /^(\d{20})-(\d{10})\.checkpoint$/.exec(name)
  if (id === null) {
    throw new CliError(`${name} is not named as a snapshot is: <end offset>-<epoch>.checkpoint`)
  }
  return `Snapshot end offset: ${Number(id[1])}, epoch: ${Number(id[2])}`
}

/** The offset that a file is named after. */
export function offsetIn(name: string): number {
  const digits = name.split('.')[0]!
  if (/^[+-]?\d+$/.test(digits)) return Number(digits)
  throw new CliError(`For input string: "${digits}"`)
}

async function dumpRecords(
  path: string,
  batch: FileBatch,
  facts: BatchFacts,
  { decoder, isPlain, skipsMetadata }: LogDumpOptions,
  out: DumpOutput,
  faults: DumpFaults,
  last: { offset: number },
): Promise<object[]> {
  const isControl = facts.modern?.isControl === true
  const found: object[] = []
  for (const record of recordsOf(batch)) {
    if (record.offset !== last.offset + 1) faults.gaps.set(path, [last.offset, record.offset])
    last.offset = record.offset
    const metadata = skipsMetadata ? '' : recordText(record, facts)
    const control = isControl && !skipsMetadata ? controlText(record) : null
    const payload =
      decoder !== null && !isControl ? await decoded(record, decoder, metadata, out) : null
    if (out.isJson) {
      const shown = isPlain && payload !== null ? plainJson(record) : payload
      found.push(recordJson(record, control, shown))
      continue
    }
    const shown = [
      control,
      payload?.key == null ? null : `key: ${payload.key}`,
      payload?.value == null ? null : `payload: ${payload.value}`,
    ].filter((part) => part !== null)
    const start = skipsMetadata && shown.length > 0 ? '|' : metadata
    await out.text([start, ...shown].join(' '))
  }
  return found
}

/** What stands before a payload is printed though the payload ends the dump. */
async function decoded(
  record: RecordFacts,
  decoder: PayloadDecoder,
  metadata: string,
  out: DumpOutput,
): Promise<Payload> {
  try {
    return decoder(record)
  } catch (error) {
    await out.beginning(metadata)
    throw error
  }
}

function batchJson(file: string, facts: BatchFacts, records: object[] | null): object {
  const { modern, ...common } = facts
  return { file, type: 'batch', ...common, ...modern, records }
}

function recordJson(
  { key, value, legacy, ...record }: RecordFacts,
  control: string | null,
  payload: object | null,
): object {
  const sizes = { keySize: key?.length ?? -1, valueSize: value?.length ?? -1 }
  return { ...record, ...sizes, ...legacy, control, ...payload }
}

function plainJson({ key, value }: RecordFacts): object {
  const text = (bytes: Uint8Array | null) => {
    if (bytes === null) return null
    const buffer = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length)
    return isUtf8(buffer) ? buffer.toString() : { base64: buffer.toString('base64') }
  }
  return { key: text(key), value: text(value) }
}
