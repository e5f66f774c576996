/**
 * A record as a JSON object on a line, which `millrace produce --json` takes back. Keys and values
 * are text where they are UTF-8, else `{"base64": …}`, so that no byte is lost.
 */
import { isUtf8 } from 'node:buffer'
import type { RecordFormatter } from './record-formatter.ts'

export const jsonFormatter: RecordFormatter = (record, output) => {
  const { topic, partition, offset, timestamp, timestampType, key, value, headers } = record
  const json = {
    ...{ topic, partition, offset },
    ...{ timestamp: timestamp < 0 ? null : timestamp, timestampType },
    ...{ key: shown(key), value: shown(value) },
    headers: Array.from(headers, ([name, bytes]) => ({ name, value: shown(bytes) })),
  }
  output.text(JSON.stringify(json))
  output.endLine()
}

/** Bytes as JSON has them. */
function shown(bytes: Uint8Array | null): string | { readonly base64: string } | null {
  if (bytes === null) return null
  const buffer = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length)
  return isUtf8(buffer) ? buffer.toString() : { base64: buffer.toString('base64') }
}
