/**
 * Records from lines of JSON, in the form that `millrace consume --json` writes them, so that the
 * one can be piped into the other.
 *
 * Invariant: what was consumed is produced again with its key, value, headers, timestamp and
 * partition; topic and offset are for the reader. A line that can't be a record is refused with its
 * number and what is wrong.
 */
import type { HeaderValue } from '../../client/headers.ts'
import { CliError } from '../cli-error.ts'
import type { ReadRecord } from './line-reader.ts'

const KNOWN = ['topic', 'partition', 'offset', 'timestamp', 'timestampType', 'headers']
const FIELDS: readonly string[] = ['key', 'value', ...KNOWN]

/** Reads a line of JSON. */
export function readJsonLine(text: string, line: number): ReadRecord {
  const refuse = (problem: string) => new CliError(`line ${line}: ${problem}`)
  const json = parsed(text, refuse)
  if (!isObject(json)) throw refuse('not an object such as {"key":"k","value":"v"}')
  const unknown = Object.keys(json).find((name) => !FIELDS.includes(name))
  if (unknown !== undefined) {
    throw refuse(`${JSON.stringify(unknown)} is not one of ${FIELDS.join(', ')}`)
  }
  if (!('value' in json)) throw refuse('no "value"; null makes a tombstone')
  const { partition, timestamp } = json
  if (partition !== undefined && !isNatural(partition)) throw refuse('"partition" is no number')
  if (timestamp != null && !Number.isSafeInteger(timestamp)) {
    throw refuse('"timestamp" is no number of milliseconds')
  }
  return {
    key: bytesOf(json['key'] ?? null, 'key', refuse),
    value: bytesOf(json['value'], 'value', refuse),
    ...(json['headers'] !== undefined && { headers: headersOf(json['headers'], refuse) }),
    ...(partition !== undefined && { partition: partition as number }),
    // A record without a time has -1, and gets one.
    ...(typeof timestamp === 'number' && timestamp >= 0 && { timestamp }),
  }
}

type Refuse = (problem: string) => CliError

function parsed(text: string, refuse: Refuse): unknown {
  try {
    return JSON.parse(text)
  } catch (error) {
    throw refuse(`not JSON: ${(error as Error).message}`)
  }
}

function headersOf(headers: unknown, refuse: Refuse): [string, HeaderValue][] {
  const form = '"headers" is not a list such as [{"name":"n","value":"v"}]'
  if (!Array.isArray(headers)) throw refuse(form)
  return headers.map((header: unknown) => {
    if (!isObject(header) || typeof header['name'] !== 'string') throw refuse(form)
    return [header['name'], bytesOf(header['value'] ?? null, 'header', refuse)]
  })
}

function bytesOf(value: unknown, name: string, refuse: Refuse): string | Uint8Array | null {
  if (value === null || typeof value === 'string') return value
  const base64 = isObject(value) ? value['base64'] : undefined
  if (typeof base64 === 'string' && /^[\w+/-]*={0,2}$/.test(base64)) {
    return Buffer.from(base64, 'base64')
  }
  throw refuse(`"${name}" is not text, null or {"base64":"..."}`)
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}

function isNatural(value: unknown): boolean {
  return Number.isSafeInteger(value) && (value as number) >= 0
}
