/**
 * Records from lines of text, as Kafka's LineMessageReader reads them: headers, key and value with
 * separators between them.
 *
 * Invariant: a line gives the same record as with Kafka, or the same complaint. KIP-810 (null
 * markers), KIP-798 (headers).
 */
import type { HeaderValue } from '../../client/headers.ts'
import { CliError } from '../cli-error.ts'

/** A record as it was read; what is left out is for the producer to choose. */
export interface ReadRecord {
  readonly key: string | Uint8Array | null
  readonly value: string | Uint8Array | null
  readonly headers?: readonly (readonly [string, HeaderValue])[]
  readonly partition?: number
  readonly timestamp?: number
}

/** Reads a line; `line` is its number, from 1 up. */
export type LineReader = (text: string, line: number) => ReadRecord

interface LineSettings {
  readonly parsesKey: boolean
  readonly keySeparator: string
  readonly parsesHeaders: boolean
  readonly headersDelimiter: string
  readonly headersSeparator: string
  readonly headersKeySeparator: string
  readonly ignoresErrors: boolean
  readonly nullMarker: string | null
}

/** Makes a reader of Kafka's --reader-property settings; throws for those that can't be. */
export function lineReader(properties: ReadonlyMap<string, string>): LineReader {
  const settings = settingsOf(properties)
  const { parsesKey, parsesHeaders, nullMarker } = settings
  if (!parsesKey && !parsesHeaders) {
    return (text) => ({ key: null, value: text === nullMarker ? null : text })
  }
  const split = headerSplitter(settings.headersSeparator)
  return (text, line) => readLine(text, line, settings, split)
}

function settingsOf(properties: ReadonlyMap<string, string>): LineSettings {
  const isOn = (name: string) => properties.get(name)?.trim().toLowerCase() === 'true'
  const settings: LineSettings = {
    parsesKey: isOn('parse.key'),
    keySeparator: properties.get('key.separator') ?? '\t',
    parsesHeaders: isOn('parse.headers'),
    headersDelimiter: properties.get('headers.delimiter') ?? '\t',
    headersSeparator: properties.get('headers.separator') ?? ',',
    headersKeySeparator: properties.get('headers.key.separator') ?? ':',
    ignoresErrors: isOn('ignore.error'),
    nullMarker: properties.get('null.marker') ?? null,
  }
  const { headersDelimiter, headersSeparator, headersKeySeparator, keySeparator } = settings
  const { nullMarker } = settings
  const pairs: readonly (readonly [string, string, string | null, string])[] = [
    ['headers.delimiter', headersDelimiter, headersSeparator, 'headers.separator'],
    ['headers.delimiter', headersDelimiter, headersKeySeparator, 'headers.key.separator'],
    ['headers.separator', headersSeparator, headersKeySeparator, 'headers.key.separator'],
    ['null.marker', keySeparator, nullMarker, 'key.separator'],
    ['null.marker', headersSeparator, nullMarker, 'headers.separator'],
    ['null.marker', headersDelimiter, nullMarker, 'headers.delimiter'],
    ['null.marker', headersKeySeparator, nullMarker, 'headers.key.separator'],
  ]
  for (const [name, value, other, otherName] of pairs) {
    if (value === other) throw new CliError(`${name} and ${otherName} may not be equal`)
  }
  return settings
}

function readLine(
  text: string,
  line: number,
  settings: LineSettings,
  split: (headers: string) => string[],
): ReadRecord {
  const { headersDelimiter, keySeparator, nullMarker } = settings
  const orNull = (part: string) => (part === nullMarker ? null : part)
  let at = 0
  const upTo = (separator: string, name: string): string | null => {
    const end = text.indexOf(separator, at)
    if (end < 0) {
      if (settings.ignoresErrors) return null
      throw new CliError(`No ${name} found on line number ${line}: '${text}'`)
    }
    const part = text.slice(at, end)
    at = end + separator.length
    return part
  }
  const headers = settings.parsesHeaders ? upTo(headersDelimiter, 'headers delimiter') : null
  const key = settings.parsesKey ? upTo(keySeparator, 'key separator') : null
  const record = { key: key === null ? null : orNull(key), value: orNull(text.slice(at)) }
  if (headers === null || headers === nullMarker) return record
  return { ...record, headers: split(headers).map((pair) => headerOf(pair, line, settings)) }
}

function headerOf(pair: string, line: number, settings: LineSettings) {
  const { headersKeySeparator: separator, ignoresErrors, nullMarker } = settings
  const at = pair.indexOf(separator)
  if (at < 0) {
    if (ignoresErrors) return [pair, null] as const
    throw new CliError(`No header key separator found in pair '${pair}' on line number ${line}`)
  }
  const name = pair.slice(0, at)
  if (name === nullMarker) {
    throw new CliError(
      `Header keys should not be equal to the null marker '${name}' as they can't be null`,
    )
  }
  const value = pair.slice(at + separator.length)
  return [name, value === nullMarker ? null : value] as const
}

/** Splits as Java does at a regular expression: empty pieces at the end are dropped. */
function headerSplitter(separator: string): (headers: string) => string[] {
  const expression = expressionOf(separator)
  return (headers) => {
    const pieces = headers.split(expression)
    if (pieces.length === 1) return pieces
    while (pieces.length > 0 && pieces.at(-1) === '') pieces.pop()
    return pieces
  }
}

function expressionOf(separator: string): RegExp {
  try {
    return new RegExp(separator)
  } catch {
    throw new CliError(`headers.separator: ${separator} is an invalid regex.`)
  }
}
