/**
 * Metrics as OTLP: the protobuf message MetricsData (opentelemetry.proto.metrics.v1), of which only
 * what KIP-714 has is written: sums and gauges of one double each, with attributes of text.
 * docs/decisions/0010-otlp-encoder.md says why it is written here.
 *
 * Invariant: fields are written in the order of their numbers; what is empty is left out.
 */

/** Text by name. */
export type Attributes = Readonly<Record<string, string>>

export interface OtlpPoint {
  readonly name: string
  readonly attributes: Attributes
  readonly value: number
  readonly timeMs: number
  /** Of a sum, since when it is counted; null makes it a gauge. */
  readonly sum: { readonly startMs: number; readonly isDelta: boolean } | null
}

/** The metrics of one part of the client, with what is known of it. */
export interface OtlpResource {
  readonly attributes: Attributes
  readonly points: readonly OtlpPoint[]
}

const LENGTH_DELIMITED = 2
const FIXED64 = 1
const VARINT = 0
const TEMPORALITY_DELTA = 1
const TEMPORALITY_CUMULATIVE = 2

type Bytes = Uint8Array

const text = new TextEncoder()

/** The MetricsData message. */
export function encodeMetricsData(
  resources: readonly OtlpResource[],
  scope: { readonly name: string; readonly version: string },
): Bytes {
  const written = bytesOf([string(1, scope.name), string(2, scope.version)])
  return bytesOf(
    resources.map(({ attributes, points }) =>
      message(1, [
        message(1, attributesOf(1, attributes)),
        message(2, [field(1, written), ...points.map((point) => message(2, metric(point)))]),
      ]),
    ),
  )
}

function metric({ name, attributes, value, timeMs, sum }: OtlpPoint): Bytes[] {
  const point = message(1, [
    ...(sum === null ? [] : [fixed64(2, nanoseconds(sum.startMs))]),
    fixed64(3, nanoseconds(timeMs)),
    fixed64(4, double(value)),
    ...attributesOf(7, attributes),
  ])
  if (sum === null) return [string(1, name), message(5, [point])]
  const temporality = sum.isDelta ? TEMPORALITY_DELTA : TEMPORALITY_CUMULATIVE
  return [string(1, name), message(7, [point, varintField(2, temporality), varintField(3, 1)])]
}

function attributesOf(number: number, attributes: Attributes): Bytes[] {
  return Object.entries(attributes).map(([key, value]) =>
    message(number, [string(1, key), message(2, [string(1, value)])]),
  )
}

function message(number: number, fields: readonly Bytes[]): Bytes {
  return field(number, bytesOf(fields))
}

function string(number: number, value: string): Bytes {
  return field(number, text.encode(value))
}

function field(number: number, content: Bytes): Bytes {
  return bytesOf([varint((number << 3) | LENGTH_DELIMITED), varint(content.length), content])
}

function varintField(number: number, value: number): Bytes {
  return bytesOf([varint((number << 3) | VARINT), varint(value)])
}

function fixed64(number: number, content: Bytes): Bytes {
  return bytesOf([varint((number << 3) | FIXED64), content])
}

/** Milliseconds since 1970 as nanoseconds, which are beyond what a number holds exactly. */
function nanoseconds(timeMs: number): Bytes {
  const bytes = new Uint8Array(8)
  const nanos = BigInt(Math.round(timeMs)) * 1_000_000n
  new DataView(bytes.buffer).setBigUint64(0, nanos, true)
  return bytes
}

function double(value: number): Bytes {
  const bytes = new Uint8Array(8)
  new DataView(bytes.buffer).setFloat64(0, value, true)
  return bytes
}

function varint(value: number): Bytes {
  const bytes: number[] = []
  let left = value
  while (left > 0x7f) {
    bytes.push((left & 0x7f) | 0x80)
    left >>>= 7
  }
  bytes.push(left)
  return Uint8Array.from(bytes)
}

function bytesOf(pieces: readonly Bytes[]): Bytes {
  const all = new Uint8Array(pieces.reduce((sum, { length }) => sum + length, 0))
  let at = 0
  for (const piece of pieces) {
    all.set(piece, at)
    at += piece.length
  }
  return all
}
