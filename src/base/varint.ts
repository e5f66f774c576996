/**
 * Variable-length integers as in Protocol Buffers: 7 bits a byte, lowest first, top bit set on all
 * bytes but the last; the signed kinds are zigzagged. The free functions work in place on
 * (bytes, position), so that scanning records makes no object per record: `xxxAt` reads a value,
 * `varintEnd` says where the next field starts (an encoding may be longer than it has to be, so the
 * end can't be computed from the value).
 *
 * A varint has at most 5 bytes and a varlong 10; surplus high bits of the last byte are dropped, as
 * Kafka does.
 */
import { BoundsError, throwUnderflow } from './bounds-error.ts'
import { checkInt64, int64FromHalves, int64High, int64Low } from './int64.ts'

/** Most bytes that a 32-bit varint takes. */
export const MAX_VARINT_BYTES = 5

/** Most bytes that a 64-bit varint takes. */
export const MAX_VARLONG_BYTES = 10

/** The unsigned 32-bit varint at `at`. */
export function uvarintAt(bytes: Uint8Array, at: number, end: number = bytes.length): number {
  if (at >= end) throwUnderflow(1, at, end)
  let byte = bytes[at]!
  if (byte < 0x80) return byte
  let value = byte & 0x7f
  for (let shift = 7; shift < 35; shift += 7) {
    if (++at >= end) throwUnderflow(1, at, end)
    byte = bytes[at]!
    value |= (byte & 0x7f) << shift
    if (byte < 0x80) return value >>> 0
  }
  throw new BoundsError(`varint is longer than ${MAX_VARINT_BYTES} bytes`)
}

/** The signed (zigzag) 32-bit varint at `at`. */
export function varintAt(bytes: Uint8Array, at: number, end: number = bytes.length): number {
  const raw = uvarintAt(bytes, at, end)
  return (raw >>> 1) ^ -(raw & 1)
}

/** The signed (zigzag) 64-bit varint at `at`. */
export function varlongAt(bytes: Uint8Array, at: number, end: number = bytes.length): number {
  let shift = 0
  let low = 0 // bits 0 to 27
  for (; shift < 28; shift += 7) {
    if (at >= end) throwUnderflow(1, at, end)
    const byte = bytes[at++]!
    low |= (byte & 0x7f) << shift
    if (byte < 0x80) return (low >>> 1) ^ -(low & 1)
  }
  return longVarlong(bytes, at, end, low)
}

/** The rest of a varlong of 5 bytes and more; `low` holds its first 28 bits. */
function longVarlong(bytes: Uint8Array, at: number, end: number, low: number): number {
  let middle = 0 // bits 28 to 55
  let high = 0 // bits 56 to 63
  for (let shift = 28; shift < 70; shift += 7) {
    if (at >= end) throwUnderflow(1, at, end)
    const byte = bytes[at++]!
    if (shift < 56) middle |= (byte & 0x7f) << (shift - 28)
    else high |= (byte & 0x7f) << (shift - 56)
    if (byte < 0x80) {
      const rawLow = low | (middle << 28)
      const rawHigh = (middle >>> 4) | (high << 24)
      const sign = -(rawLow & 1)
      return int64FromHalves((rawHigh >>> 1) ^ sign, ((rawLow >>> 1) | (rawHigh << 31)) ^ sign)
    }
  }
  throw new BoundsError(`varlong is longer than ${MAX_VARLONG_BYTES} bytes`)
}

/** The position right after the varint (of `maxBytes` bytes at most) that starts at `at`. */
export function varintEnd(
  bytes: Uint8Array,
  at: number,
  end: number = bytes.length,
  maxBytes: number = MAX_VARINT_BYTES,
): number {
  const limit = at + maxBytes
  for (let position = at; position < limit; position++) {
    if (position >= end) throwUnderflow(1, position, end)
    if (bytes[position]! < 0x80) return position + 1
  }
  throw new BoundsError(`varint is longer than ${maxBytes} bytes`)
}

/** The position right after the varlong that starts at `at`. */
export function varlongEnd(bytes: Uint8Array, at: number, end: number = bytes.length): number {
  return varintEnd(bytes, at, end, MAX_VARLONG_BYTES)
}

/** Bytes that `value` (0 to 2^32 - 1, or an int32 taken as that) takes as an unsigned varint. */
export function sizeOfUvarint(value: number): number {
  const bits = value >>> 0
  if (bits < 0x80) return 1
  if (bits < 0x4000) return 2
  if (bits < 0x200000) return 3
  return bits < 0x10000000 ? 4 : 5
}

/** Bytes that an int32 takes as a zigzag varint. */
export function sizeOfVarint(value: number): number {
  return sizeOfUvarint((value << 1) ^ (value >> 31))
}

/** Bytes that an int64 takes as a zigzag varlong. */
export function sizeOfVarlong(value: number): number {
  if (value === (value | 0)) return sizeOfVarint(value)
  // n bytes carry 7n bits, one of which is the sign: values from -2^(7n-1) to 2^(7n-1) - 1.
  const magnitude = value < 0 ? -(value + 1) : value
  let size = 5
  for (let limit = 2 ** 34; size < MAX_VARLONG_BYTES && magnitude >= limit; limit *= 128) size++
  return size
}

/** Writes an unsigned 32-bit varint; the caller has made room. Returns the position after it. */
export function putUvarint(bytes: Uint8Array, at: number, value: number): number {
  let rest = value >>> 0
  while (rest > 0x7f) {
    bytes[at++] = rest | 0x80 // a store keeps the lowest 8 bits
    rest >>>= 7
  }
  bytes[at] = rest
  return at + 1
}

/** Writes an int32 as a zigzag varint; the caller has made room. Returns the position after it. */
export function putVarint(bytes: Uint8Array, at: number, value: number): number {
  return putUvarint(bytes, at, (value << 1) ^ (value >> 31))
}

/** Writes an int64 as a zigzag varlong; the caller has made room. Returns the position after it. */
export function putVarlong(bytes: Uint8Array, at: number, value: number): number {
  if (value === (value | 0)) return putVarint(bytes, at, value)
  checkInt64(value)
  const sign = value < 0 ? -1 : 0
  let low = (int64Low(value) << 1) ^ sign
  let high = ((int64High(value) << 1) | (int64Low(value) >>> 31)) ^ sign
  while (high !== 0 || low >>> 0 > 0x7f) {
    bytes[at++] = low | 0x80
    low = (low >>> 7) | (high << 25)
    high >>>= 7
  }
  bytes[at] = low
  return at + 1
}
