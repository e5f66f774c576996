/**
 * Records of Kafka's internal topics as its formatters print them: one JSON object for each record
 * of the types that a formatter is for, and nothing for others. Kafka prints nothing between them.
 */
import { CliError } from '../cli-error.ts'
import {
  type Coordinator,
  type CoordinatorRecord,
  DamagedRecordError,
  decodeCoordinatorRecord,
  messageJson,
  UnknownTypeError,
} from '../internal-records/coordinator-records.ts'
import type { BytesRecord, RecordFormatter } from './record-formatter.ts'

/** Prints records of `types`, of all where they are null, with `separator` behind each. */
export function coordinatorFormatter(
  coordinator: Coordinator,
  types: readonly number[] | null,
  separator: string,
): RecordFormatter {
  return (record, output) => {
    const read = readRecord(coordinator, record)
    if (read === null || (types !== null && !types.includes(read.type))) return
    output.text(jsonOf(read) + separator)
  }
}

function readRecord(
  coordinator: Coordinator,
  { key, value, offset }: BytesRecord,
): CoordinatorRecord | null {
  if (key === null) return null
  try {
    return decodeCoordinatorRecord(coordinator, key, value)
  } catch (error) {
    if (error instanceof UnknownTypeError) return null
    if (!(error instanceof DamagedRecordError)) throw error
    throw new CliError(`Could not read record at offset ${offset} due to: ${error.message}`)
  }
}

function jsonOf({ type, key, value }: CoordinatorRecord): string {
  const ofKey = `{"type":${type},"data":${messageJson(key)}}`
  const ofValue =
    value === null ? 'null' : `{"version":${value.version},"data":${messageJson(value)}}`
  return `{"key":${ofKey},"value":${ofValue}}`
}
