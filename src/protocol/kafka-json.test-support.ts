/**
 * For tests: messages in the JSON form that Kafka's own JsonConverter classes read and write. Bytes
 * are base64, uuids their usual text; fields that the version lacks are left out.
 */
import { INT64_MAX, INT64_MIN } from '../base/int64.ts'
import { type FieldLayout, makeDefault, type StructLayout } from './layout.ts'

type Members = Record<string, unknown>

/** A value as Kafka's JSON. */
export function toKafkaJson(layout: StructLayout, value: Members): string {
  const members: string[] = []
  for (const field of layout.fields) {
    if (field.presence === 'absent') continue
    members.push(`${JSON.stringify(field.name)}:${fieldToJson(field, value[field.name])}`)
  }
  return `{${members.join()}}`
}

function fieldToJson(field: FieldLayout, value: unknown): string {
  if (value === null) return 'null'
  switch (field.kind) {
    case 'array':
      return `[${(value as unknown[]).map((each) => fieldToJson(field.element!, each)).join()}]`
    case 'struct':
      return toKafkaJson(field.struct!, value as Members)
    case 'bytes':
    case 'records':
      return JSON.stringify(Buffer.from(value as Uint8Array).toString('base64'))
    case 'int64':
      if (value === INT64_MAX) return `${2n ** 63n - 1n}`
      return value === INT64_MIN ? `${-(2n ** 63n)}` : String(value)
    case 'opaque64':
      return String(value)
    case 'float64': {
      const text = Object.is(value, -0) ? '-0' : String(value)
      return /^-?\d+$/.test(text) ? `${text}.0` : text
    }
    default:
      return JSON.stringify(value)
  }
}

/** A value from Kafka's JSON, as a decoder would give it. */
export function fromKafkaJson(layout: StructLayout, json: string): Members {
  return structFromJson(layout, parseExactly(json) as Members)
}

/** Large integers come as bigint: a number would round them. */
function parseExactly(json: string): unknown {
  const quoted = json.replace(/"(?:[^"\\]|\\.)*"|(?<![\d.])-?\d{16,}(?![\d.eE])/g, (token) =>
    token.startsWith('"') ? token : `{"big":"${token}"}`,
  )
  return JSON.parse(quoted, (_, value) =>
    typeof value?.big === 'string' ? BigInt(value.big) : value,
  )
}

function structFromJson(layout: StructLayout, json: Members): Members {
  const members: Members = {}
  for (const field of layout.fields) {
    const value = json[field.name]
    members[field.name] = value === undefined ? makeDefault(field) : fieldFromJson(field, value)
  }
  return members
}

function fieldFromJson(field: FieldLayout, json: unknown): unknown {
  if (json === null) return null
  switch (field.kind) {
    case 'array':
      return (json as unknown[]).map((each) => fieldFromJson(field.element!, each))
    case 'struct':
      return structFromJson(field.struct!, json as Members)
    case 'bytes':
    case 'records':
      return new Uint8Array(Buffer.from(json as string, 'base64'))
    case 'int64':
      return Number(json)
    case 'opaque64':
      return BigInt(json as number)
    default:
      return json
  }
}
