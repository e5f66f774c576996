/**
 * xxHash-32, the checksum of LZ4 frames. Only frame headers (2 to 10 bytes) and the blocks of
 * frames that carry block checksums go through it, so it is plain JavaScript.
 */

const PRIME_1 = 0x9e3779b1 | 0
const PRIME_2 = 0x85ebca77 | 0
const PRIME_3 = 0xc2b2ae3d | 0
const PRIME_4 = 0x27d4eb2f
const PRIME_5 = 0x165667b1

/** The hash of `bytes[start, end)`, unsigned. */
export function xxhash32(bytes: Uint8Array, start: number, end: number, seed = 0): number {
  let at = start
  let hash: number
  if (end - start >= 16) {
    let v1 = (seed + PRIME_1 + PRIME_2) | 0
    let v2 = (seed + PRIME_2) | 0
    let v3 = seed
    let v4 = (seed - PRIME_1) | 0
    for (; at + 16 <= end; at += 16) {
      v1 = round(v1, word(bytes, at))
      v2 = round(v2, word(bytes, at + 4))
      v3 = round(v3, word(bytes, at + 8))
      v4 = round(v4, word(bytes, at + 12))
    }
    hash = (rotate(v1, 1) + rotate(v2, 7) + rotate(v3, 12) + rotate(v4, 18)) | 0
  } else {
    hash = (seed + PRIME_5) | 0
  }
  hash = (hash + (end - start)) | 0
  for (; at + 4 <= end; at += 4) {
    hash = (hash + Math.imul(word(bytes, at), PRIME_3)) | 0
    hash = Math.imul(rotate(hash, 17), PRIME_4)
  }
  for (; at < end; at++) {
    hash = (hash + Math.imul(bytes[at]!, PRIME_5)) | 0
    hash = Math.imul(rotate(hash, 11), PRIME_1)
  }
  hash = Math.imul(hash ^ (hash >>> 15), PRIME_2)
  hash = Math.imul(hash ^ (hash >>> 13), PRIME_3)
  return (hash ^ (hash >>> 16)) >>> 0
}

function round(lane: number, input: number): number {
  return Math.imul(rotate((lane + Math.imul(input, PRIME_2)) | 0, 13), PRIME_1)
}

function rotate(value: number, bits: number): number {
  return (value << bits) | (value >>> (32 - bits))
}

function word(bytes: Uint8Array, at: number): number {
  return bytes[at]! | (bytes[at + 1]! << 8) | (bytes[at + 2]! << 16) | (bytes[at + 3]! << 24)
}
