/**
 * Decoded messages in the JSON form of Kafka's own converters, as its tools print records of its
 * internal topics: bytes in base64, uuids as their text, 64-bit numbers with all digits.
 *
 * Invariant: what the version lacks is left out, and so are tagged fields with their default value,
 * as a reader of the record would not find them in its bytes either. KIP-482 (tagged fields).
 */
import { INT64_MAX, INT64_MIN } from '../../base/int64.ts'
import { type FieldLayout, isDefault, layoutOf, type StructLayout } from '../../protocol/layout.ts'
import type { Infer, Message } from '../../protocol/schema.ts'

type Members = Readonly<Record<string, unknown>>

/** What takes the place of a field that holds bytes; null for their base64. */
export type BytesJson = (path: string, bytes: Uint8Array) => string | null

/**
 * A message as Kafka's converter writes it, on one line. `ofBytes` may write bytes in which there
 * is another message.
 */
export function kafkaJson<M extends Message>(
  message: M,
  version: number,
  value: Infer<M>,
  ofBytes: BytesJson = () => null,
): string {
  return structJson(layoutOf(message, version), value as Members, ofBytes)
}

function structJson(layout: StructLayout, members: Members, ofBytes: BytesJson): string {
  const written: string[] = []
  for (const field of layout.fields) {
    const value = members[field.name]
    if (field.presence === 'absent') continue
    if (field.presence === 'tagged' && isDefault(field, value)) continue
    written.push(`"${field.name}":${fieldJson(field, value, ofBytes)}`)
  }
  return `{${written.join()}}`
}

function fieldJson(field: FieldLayout, value: unknown, ofBytes: BytesJson): string {
  if (value === null) return 'null'
  switch (field.kind) {
    case 'array': {
      const elements = (value as unknown[]).map((each) => fieldJson(field.element!, each, ofBytes))
      return `[${elements.join()}]`
    }
    case 'struct':
      return structJson(field.struct!, value as Members, ofBytes)
    case 'bytes':
    case 'records': {
      const bytes = value as Uint8Array
      const base64 = () =>
        Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length).toString('base64')
      return ofBytes(field.path, bytes) ?? `"${base64()}"`
    }
    case 'string':
    case 'uuid':
      return jacksonText(value as string)
    case 'int64':
      if (value === INT64_MAX) return `${2n ** 63n - 1n}`
      return value === INT64_MIN ? `${-(2n ** 63n)}` : String(value)
    case 'opaque64':
      return String(value)
    case 'float64':
      return Number.isInteger(value) ? `${value}.0` : String(value)
    default:
      return String(value)
  }
}

/** Text as Jackson quotes it: as JSON.stringify, but with capitals in the digits of escapes. */
export function jacksonText(text: string): string {
  return JSON.stringify(text).replace(/\\(u00[01][0-9a-f]|.)/g, (_, sequence: string) => {
    return `\\${sequence.length === 1 ? sequence : `u${sequence.slice(1).toUpperCase()}`}`
  })
}
