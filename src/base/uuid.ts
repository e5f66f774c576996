/**
 * Uuids as Kafka prints them: 16 bytes as 22 characters of URL-safe base64 without padding. That
 * text is the form in which all of our code carries them; it is canonical (the 4 unused bits of the
 * last character are 0), so that two texts are equal exactly when the uuids are.
 *
 * KIP-516.
 */
import { BoundsError } from './bounds-error.ts'

/** "No uuid". */
export const ZERO_UUID = 'AAAAAAAAAAAAAAAAAAAAAA'

/** The topic id of __cluster_metadata. */
export const METADATA_TOPIC_ID = 'AAAAAAAAAAAAAAAAAAAAAQ'

/** Characters of a uuid's text. */
export const UUID_TEXT_LENGTH = 22

const ALPHABET = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_'

/** Character code of each 6-bit digit. */
const CODES = Uint8Array.from(ALPHABET, (character) => character.charCodeAt(0))

/** Digit of each character code below 128, or -1. */
const DIGITS = new Int8Array(128).fill(-1)
for (let digit = 0; digit < 64; digit++) DIGITS[CODES[digit]!] = digit

/** The text of the 16 bytes at `at`. One call with all 22 codes is twice as fast as base64. */
export function uuidFromBytes(bytes: Uint8Array, at = 0): string {
  if (at + 16 > bytes.length) throw new BoundsError('buffer underflow: a uuid has 16 bytes')
  const a = (bytes[at]! << 16) | (bytes[at + 1]! << 8) | bytes[at + 2]!
  const b = (bytes[at + 3]! << 16) | (bytes[at + 4]! << 8) | bytes[at + 5]!
  const c = (bytes[at + 6]! << 16) | (bytes[at + 7]! << 8) | bytes[at + 8]!
  const d = (bytes[at + 9]! << 16) | (bytes[at + 10]! << 8) | bytes[at + 11]!
  const e = (bytes[at + 12]! << 16) | (bytes[at + 13]! << 8) | bytes[at + 14]!
  const f = bytes[at + 15]!
  return String.fromCharCode(
    CODES[a >>> 18]!,
    CODES[(a >>> 12) & 63]!,
    CODES[(a >>> 6) & 63]!,
    CODES[a & 63]!,
    CODES[b >>> 18]!,
    CODES[(b >>> 12) & 63]!,
    CODES[(b >>> 6) & 63]!,
    CODES[b & 63]!,
    CODES[c >>> 18]!,
    CODES[(c >>> 12) & 63]!,
    CODES[(c >>> 6) & 63]!,
    CODES[c & 63]!,
    CODES[d >>> 18]!,
    CODES[(d >>> 12) & 63]!,
    CODES[(d >>> 6) & 63]!,
    CODES[d & 63]!,
    CODES[e >>> 18]!,
    CODES[(e >>> 12) & 63]!,
    CODES[(e >>> 6) & 63]!,
    CODES[e & 63]!,
    CODES[f >>> 2]!,
    CODES[(f << 4) & 63]!,
  )
}

/** Writes the 16 bytes of a uuid's text at `at`; the caller has made room. */
export function putUuid(target: Uint8Array, at: number, uuid: string): void {
  if (uuid.length !== UUID_TEXT_LENGTH) throwNotUuid(uuid)
  let position = at
  let invalid = 0 // negative once any digit was -1
  for (let i = 0; i < 20; i += 4) {
    const a = digitAt(uuid, i)
    const b = digitAt(uuid, i + 1)
    const c = digitAt(uuid, i + 2)
    const d = digitAt(uuid, i + 3)
    invalid |= a | b | c | d
    target[position++] = (a << 2) | (b >> 4)
    target[position++] = (b << 4) | (c >> 2)
    target[position++] = (c << 6) | d
  }
  const a = digitAt(uuid, 20)
  const b = digitAt(uuid, 21)
  if ((invalid | a | b) < 0 || (b & 15) !== 0) throwNotUuid(uuid)
  target[position] = (a << 2) | (b >> 4)
}

/** The 16 bytes of a uuid's text. */
export function uuidToBytes(uuid: string): Uint8Array {
  const bytes = new Uint8Array(16)
  putUuid(bytes, 0, uuid)
  return bytes
}

/** Whether `text` is the canonical text of a uuid. */
export function isValidUuid(text: string): boolean {
  if (text.length !== UUID_TEXT_LENGTH) return false
  for (let i = 0; i < UUID_TEXT_LENGTH; i++) {
    if (digitAt(text, i) < 0) return false
  }
  return (digitAt(text, UUID_TEXT_LENGTH - 1) & 15) === 0
}

/**
 * Reads a uuid that a person or another program wrote, as leniently as Kafka does (padding, unused
 * bits set), and returns its canonical text; null where it is none.
 */
export function parseUuid(text: string): string | null {
  const unpadded = text.endsWith('==') ? text.slice(0, -2) : text
  if (unpadded.length !== UUID_TEXT_LENGTH) return null
  const last = digitAt(unpadded, UUID_TEXT_LENGTH - 1)
  if (last < 0) return null
  const canonical = unpadded.slice(0, -1) + ALPHABET[last & 48]
  return isValidUuid(canonical) ? canonical : null
}

/**
 * The version 4 uuid made of 16 random bytes (which are changed), or null where Kafka would draw
 * again: no uuid it makes starts with a dash, which command lines take for an option.
 */
export function uuidFromRandomBytes(bytes: Uint8Array): string | null {
  bytes[6] = (bytes[6]! & 0x0f) | 0x40
  bytes[8] = (bytes[8]! & 0x3f) | 0x80
  const uuid = uuidFromBytes(bytes)
  return uuid.startsWith('-') ? null : uuid
}

function digitAt(text: string, index: number): number {
  const code = text.charCodeAt(index)
  return code < 128 ? DIGITS[code]! : -1
}

function throwNotUuid(text: string): never {
  throw new BoundsError(`not a uuid in base64: ${JSON.stringify(text.slice(0, 40))}`)
}
