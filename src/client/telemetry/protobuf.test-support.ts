/** Reads protobuf messages field by field, to see what was written: numbers with contents. */
import { utf8Text } from '../../base/bytes.ts'

/** The contents of a message's fields by their numbers, each as often as it comes. */
export type Fields = ReadonlyMap<number, readonly (Uint8Array | number)[]>

export function fieldsOf(bytes: Uint8Array): Fields {
  const fields = new Map<number, (Uint8Array | number)[]>()
  let at = 0
  const varint = () => {
    let value = 0
    for (let shift = 0; ; shift += 7) {
      const byte = bytes[at++]!
      value |= (byte & 0x7f) << shift
      if (byte < 0x80) return value
    }
  }
  while (at < bytes.length) {
    const tag = varint()
    const lengths: Record<number, () => number> = { 1: () => 8, 2: varint }
    const wire = tag & 7
    const content =
      wire === 0 ? varint() : ((length) => bytes.subarray(at, (at += length)))(lengths[wire]!())
    fields.set(tag >>> 3, [...(fields.get(tag >>> 3) ?? []), content])
  }
  return fields
}

export function only(fields: Fields, number: number): Fields {
  return fieldsOf(fields.get(number)![0] as Uint8Array)
}

export function all(fields: Fields, number: number): Fields[] {
  return (fields.get(number) ?? []).map((content) => fieldsOf(content as Uint8Array))
}

export function textOf(fields: Fields, number: number): string {
  return utf8Text(fields.get(number)![0] as Uint8Array)
}

function view(fields: Fields, number: number): DataView {
  const bytes = fields.get(number)![0] as Uint8Array
  return new DataView(bytes.buffer, bytes.byteOffset, bytes.length)
}

/** A metric as text: `name{a=b} kind value from to`, times in milliseconds. */
export function metricText(metric: Fields): string {
  const isSum = metric.has(7)
  const data = only(metric, isSum ? 7 : 5)
  const point = only(data, 1)
  const time = (number: number) =>
    point.has(number) ? Number(view(point, number).getBigUint64(0, true) / 1_000_000n) : '-'
  const kind = isSum ? `sum(${data.get(2)},${data.get(3)})` : 'gauge'
  const value = view(point, 4).getFloat64(0, true)
  return `${textOf(metric, 1)}{${attributesText(point, 7)}} ${kind} ${value} ${time(2)} ${time(3)}`
}

export function attributesText(fields: Fields, number: number): string {
  return all(fields, number)
    .map((attribute) => `${textOf(attribute, 1)}=${textOf(only(attribute, 2), 1)}`)
    .join(',')
}
