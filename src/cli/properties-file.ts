/**
 * Java's .properties format, as `server.properties` is written in: comments (# and !), `=`, `:` or
 * space between key and value, escapes, `\uXXXX`, and lines that go on after a backslash.
 *
 * Invariant: reads every file as java.util.Properties does, but that a file in UTF-8 is read as
 * such (Java reads Latin-1, which is what a file that is no UTF-8 is taken for here too).
 */

/** A file that is no .properties file; the message says where. */
export class PropertiesError extends Error {
  override readonly name = 'PropertiesError'
}

const ESCAPES: Readonly<Record<string, string>> = { t: '\t', n: '\n', r: '\r', f: '\f' }
const SPACE = /[ \t\f]/

/** One property of a file. */
export interface PropertyLine {
  readonly key: string
  readonly value: string
  /** Number of its first line in the file. */
  readonly line: number
  /** As it stands there, joined where it goes on. */
  readonly text: string
}

/** Reads the content of a file. Where a key stands twice, the last one counts. */
export function parseProperties(content: Uint8Array): Map<string, string> {
  return new Map([...propertyLines(content)].map(({ key, value }) => [key, value]))
}

/** The properties of a file, in their order, with where they stand. */
export function* propertyLines(content: Uint8Array): Generator<PropertyLine> {
  for (const { text, line } of logicalLines(decode(content))) {
    const split = keyEnd(text)
    const key = unescaped(text.slice(0, split), line)
    yield { key, value: unescaped(text.slice(valueStart(text, split)), line), line, text }
  }
}

function decode(content: Uint8Array): string {
  try {
    return new TextDecoder('utf-8', { fatal: true }).decode(content)
  } catch {
    return new TextDecoder('latin1').decode(content)
  }
}

interface LogicalLine {
  readonly text: string
  /** Number of its first line in the file. */
  readonly line: number
}

/** Lines without comments and blank ones, joined where one ends in an odd number of backslashes. */
function* logicalLines(content: string): Generator<LogicalLine> {
  let joined: LogicalLine | null = null
  for (const [index, raw] of content.split(/\r\n|\n|\r/).entries()) {
    const text = raw.replace(/^[ \t\f]+/, '')
    if (joined === null && (text === '' || text[0] === '#' || text[0] === '!')) continue
    const line: LogicalLine =
      joined === null ? { text, line: index + 1 } : { text: joined.text + text, line: joined.line }
    const backslashes = /\\*$/.exec(text)?.[0].length ?? 0
    joined = backslashes % 2 === 1 ? { ...line, text: line.text.slice(0, -1) } : null
    if (joined === null) yield line
  }
  if (joined !== null) yield joined
}

/** Where the key ends: at the first space, `=` or `:` that is not escaped. */
function keyEnd(text: string): number {
  for (let at = 0; at < text.length; at++) {
    const character = text[at] as string
    if (character === '\\') at++
    else if (character === '=' || character === ':' || SPACE.test(character)) return at
  }
  return text.length
}

/** Where the value begins: behind spaces and at most one `=` or `:`. */
function valueStart(text: string, keyEnds: number): number {
  return keyEnds + (/^[ \t\f]*[=:]?[ \t\f]*/.exec(text.slice(keyEnds))?.[0].length ?? 0)
}

function unescaped(text: string, line: number): string {
  if (!text.includes('\\')) return text
  return text.replace(/\\(u.{0,4}|.|$)/gs, (_, escaped: string) => {
    if (escaped[0] !== 'u') return ESCAPES[escaped] ?? escaped
    if (!/^u[0-9a-fA-F]{4}$/.test(escaped)) {
      throw new PropertiesError(`line ${line}: \\${escaped} is not \\u and four hex digits`)
    }
    return String.fromCharCode(Number.parseInt(escaped.slice(1), 16))
  })
}
