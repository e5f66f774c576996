/**
 * Headers of records: names with values of bytes, in order, a name as often as one likes (KIP-82).
 * `HeadersInput` is what a program may give, `RecordHeaders` what it reads.
 */
import { utf8Bytes, utf8Text } from '../base/bytes.ts'
import type { RecordHeader } from '../records/record-scan.ts'
import { KafkaError } from './kafka-error.ts'

/** The value of a header that is sent: text is sent as UTF-8. */
export type HeaderValue = string | Uint8Array | null

/** Headers to send: an object, whose values may be lists, or name and value pairs in order. */
export type HeadersInput =
  | { readonly [name: string]: HeaderValue | readonly HeaderValue[] | undefined }
  | Iterable<readonly [name: string, value: HeaderValue]>

const NONE: readonly RecordHeader[] = []

/** The headers of a record that was read. */
export class RecordHeaders implements Iterable<RecordHeader> {
  static readonly none: RecordHeaders = new RecordHeaders(NONE)
  readonly #entries: readonly RecordHeader[]

  constructor(entries: readonly RecordHeader[]) {
    this.#entries = entries
  }

  get size(): number {
    return this.#entries.length
  }

  /** The last value of that name, as Java's `lastHeader`; undefined where there is none. */
  get(name: string): Uint8Array | null | undefined {
    const entries = this.#entries
    for (let i = entries.length - 1; i >= 0; i--) {
      if (entries[i]![0] === name) return entries[i]![1]
    }
    return undefined
  }

  /** The same as text. */
  text(name: string): string | null | undefined {
    const value = this.get(name)
    return value === undefined || value === null ? value : utf8Text(value)
  }

  /** All values of that name, in order. */
  getAll(name: string): (Uint8Array | null)[] {
    return this.#entries.filter((entry) => entry[0] === name).map((entry) => entry[1])
  }

  has(name: string): boolean {
    return this.get(name) !== undefined
  }

  [Symbol.iterator](): Iterator<RecordHeader> {
    return this.#entries[Symbol.iterator]()
  }
}

/** What a program gave, as the batch takes it. */
export function headerEntries(input: HeadersInput | undefined): readonly RecordHeader[] {
  if (input === undefined) return NONE
  const entries: RecordHeader[] = []
  if (isIterable(input)) {
    for (const [name, value] of input) entries.push([name, valueBytes(name, value)])
    return entries
  }
  for (const name of Object.keys(input)) {
    const given = input[name]
    if (given === undefined) continue
    if (isList(given)) for (const value of given) entries.push([name, valueBytes(name, value)])
    else entries.push([name, valueBytes(name, given)])
  }
  return entries
}

function isIterable(
  input: HeadersInput,
): input is Iterable<readonly [name: string, value: HeaderValue]> {
  return Symbol.iterator in input
}

function isList(value: HeaderValue | readonly HeaderValue[]): value is readonly HeaderValue[] {
  return Array.isArray(value)
}

function valueBytes(name: string, value: HeaderValue): Uint8Array | null {
  if (typeof value === 'string') return utf8Bytes(value)
  if (value === null || value instanceof Uint8Array) return value
  throw new KafkaError(
    'SERIALIZATION_FAILED',
    `header ${name}: a ${typeof value} where a string, a Uint8Array or null is accepted`,
  )
}
