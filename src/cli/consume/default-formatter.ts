/**
 * Records as Kafka's DefaultMessageFormatter prints them: the columns that --formatter-property
 * asks for, with separators, and bytes as they are.
 *
 * Invariant: byte for byte what Kafka prints. KIP-431 (more columns).
 */
import { utf8Bytes } from '../../base/bytes.ts'
import { type Deserializer, deserializerOf } from './deserializers.ts'
import type { Output } from './output.ts'
import type { BytesRecord, RecordFormatter } from './record-formatter.ts'

type Properties = ReadonlyMap<string, string>
/** Prints one column, without what stands behind it. */
type Column = (record: BytesRecord, output: Output) => void

/** Makes the formatter; `warn` is told of deserializers that can't be had. */
export function defaultFormatter(
  properties: Properties,
  warn: (line: string) => void,
): RecordFormatter {
  const bytesOf = (name: string, otherwise: string) => utf8Bytes(properties.get(name) ?? otherwise)
  const nullLiteral = bytesOf('null.literal', 'null')
  const keySeparator = bytesOf('key.separator', '\t')
  const lineSeparator = bytesOf('line.separator', '\n')
  const field = (name: string) => fieldWriter(properties, name, nullLiteral, warn)
  const writeKey = field('key.deserializer')
  const writeValue = field('value.deserializer')
  const writeHeader = field('headers.deserializer')
  const isOn = (name: string) => {
    const text = properties.get(name)
    return text === undefined ? null : text.trim().toLowerCase() === 'true'
  }
  const columns: Column[] = []
  if (isOn('print.timestamp')) columns.push(timestampColumn)
  if (isOn('print.partition')) columns.push((r, output) => output.text(`Partition:${r.partition}`))
  if (isOn('print.offset')) columns.push((r, output) => output.text(`Offset:${r.offset}`))
  if (isOn('print.delivery')) columns.push((_, output) => output.text('Delivery:NOT_PRESENT'))
  // The tool hands its formatter a copy of the record, from which the epoch is missing.
  if (isOn('print.epoch')) columns.push((_, output) => output.text('Epoch:NOT_PRESENT'))
  if (isOn('print.headers')) {
    columns.push(headersColumn(writeHeader, bytesOf('headers.separator', ',')))
  }
  if (isOn('print.key')) columns.push(({ key }, output) => writeKey(key, output))
  const printsValue = isOn('print.value') ?? true
  if (printsValue) columns.push(({ value }, output) => writeValue(value, output))
  const last = columns.length - 1
  return (record, output) => {
    for (let at = 0; at <= last; at++) {
      columns[at]!(record, output)
      output.put(at === last ? lineSeparator : keySeparator)
    }
  }
}

/** Prints a key, a value or a header's value. */
function fieldWriter(
  properties: Properties,
  name: string,
  nullLiteral: Uint8Array,
  warn: (line: string) => void,
): (bytes: Uint8Array | null, output: Output) => void {
  const className = properties.get(name)
  let deserialize: Deserializer | null = null
  if (className !== undefined) {
    const prefix = `${name}.`
    const settings = [...properties]
      .filter(([key]) => key.startsWith(prefix) && key.length > prefix.length)
      .map(([key, value]) => [key.slice(prefix.length), value] as const)
    const part = name === 'key.deserializer' ? 'key' : 'value'
    deserialize = deserializerOf(className, part, new Map(settings))
    if (deserialize === null) warn(`Unable to instantiate a deserializer from ${className}`)
  }
  if (deserialize === null) return (bytes, output) => output.put(bytes ?? nullLiteral)
  return (bytes, output) => {
    // The literal goes through the deserializer too, as in Kafka.
    const shown = deserialize(bytes ?? nullLiteral)
    if (typeof shown === 'string') output.text(shown)
    else output.put(shown)
  }
}

function timestampColumn({ timestamp, timestampType }: BytesRecord, output: Output): void {
  if (timestamp < 0) output.text('NO_TIMESTAMP')
  else output.text(`${timestampType}:${timestamp}`)
}

function headersColumn(
  write: (bytes: Uint8Array | null, output: Output) => void,
  separator: Uint8Array,
): Column {
  return ({ headers }, output) => {
    if (headers.size === 0) output.text('NO_HEADERS')
    let isFirst = true
    for (const [name, value] of headers) {
      if (!isFirst) output.put(separator)
      isFirst = false
      output.text(`${name}:`)
      write(value, output)
    }
  }
}
