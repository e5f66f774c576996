/**
 * Records in a format with kcat's tokens: %s value, %S its length, %R its length in four bytes, %k
 * key, %K its length, %T timestamp, %h headers, %t topic, %p partition, %o offset, %% itself, and
 * backslashes for what can't be typed.
 *
 * Invariant: prints what kcat prints for the same format. A key or value that is not there is
 * nothing, and -1 bytes long.
 */
import { UsageError } from '../flags.ts'
import { unescaped } from '../short-flags.ts'
import type { Output } from './output.ts'
import type { BytesRecord, RecordFormatter } from './record-formatter.ts'

type Piece = (record: BytesRecord, output: Output) => void

const TOKENS: Readonly<Record<string, Piece>> = {
  '%': (_, output) => output.text('%'),
  s: ({ value }, output) => value !== null && output.put(value),
  S: ({ value }, output) => output.text(String(value?.length ?? -1)),
  R: ({ value }, output) => {
    const length = Buffer.alloc(4)
    length.writeInt32BE(value?.length ?? -1)
    output.put(length)
  },
  k: ({ key }, output) => key !== null && output.put(key),
  K: ({ key }, output) => output.text(String(key?.length ?? -1)),
  T: ({ timestamp }, output) => output.text(String(timestamp)),
  h: putHeaders,
  t: ({ topic }, output) => output.text(topic),
  p: ({ partition }, output) => output.text(String(partition)),
  o: ({ offset }, output) => output.text(String(offset)),
}

/** Makes the formatter of a format. */
export function kcatFormatter(format: string): RecordFormatter {
  const pieces: Piece[] = []
  for (const [, token, text] of format.matchAll(/%(.?)|((?:[^%\\]|\\.|\\$)+)/gs)) {
    if (text !== undefined) {
      const bytes = Buffer.from(unescaped(text))
      pieces.push((_, output) => output.put(bytes))
      continue
    }
    const piece = TOKENS[token!]
    if (piece === undefined) {
      const known = Object.keys(TOKENS).map((each) => `%${each}`)
      throw new UsageError(`--format: %${token} is not one of ${known.join(' ')}`)
    }
    pieces.push(piece)
  }
  return (record, output) => {
    for (const piece of pieces) piece(record, output)
  }
}

function putHeaders({ headers }: BytesRecord, output: Output): void {
  let isFirst = true
  for (const [name, value] of headers) {
    output.text(`${isFirst ? '' : ','}${name}=`)
    isFirst = false
    if (value === null) output.text('NULL')
    else output.put(value)
  }
}
