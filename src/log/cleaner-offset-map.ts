/**
 * The latest offset of every key in the part of a log that is being compacted. Memory is bounded
 * whatever the keys are: an entry is 24 bytes, 128 bits of the key's hash and the offset, in a
 * table made once. Two keys with one hash would cost a record; with 128 bits, five million keys
 * meet with a chance of 10^-25.
 *
 * Invariant: `latestOffset` is the offset up to which every key of the log is in the map; what lies
 * beyond must be kept.
 */
import { assert } from '../base/assert.ts'

const WORDS = 6
/** Bytes of an entry, as in Kafka, so that `log.cleaner.dedupe.buffer.size` means the same. */
export const OFFSET_MAP_ENTRY_BYTES = WORDS * 4

const TWO_32 = 2 ** 32

/** Keys by hash, in open addressing. */
export class CleanerOffsetMap {
  /** How many keys it takes. */
  readonly capacity: number
  size = 0
  latestOffset = -1
  readonly #slots: number
  /** Four words of hash, then offset + 1 in two: zeros are an empty slot. */
  readonly #words: Int32Array
  readonly #seed: number
  readonly #hash = new Int32Array(4)

  /** Room for `maxEntries` keys or `maxBytes` of memory, whichever is less. */
  constructor(maxBytes: number, loadFactor: number, maxEntries: number, seed: number) {
    const affordable = Math.floor(maxBytes / OFFSET_MAP_ENTRY_BYTES)
    this.#slots = Math.min(affordable, Math.ceil((maxEntries + 1) / loadFactor))
    // One slot stays empty, so that every search ends.
    this.capacity = Math.min(Math.floor(this.#slots * loadFactor), this.#slots - 1)
    assert(this.capacity >= 1, 'log.cleaner.dedupe.buffer.size holds not even one key')
    this.#words = new Int32Array(this.#slots * WORDS)
    this.#seed = seed
  }

  /** Remembers the offset of a key; false where there is no room for another one. */
  put(bytes: Uint8Array, start: number, length: number, offset: number): boolean {
    const slot = this.#find(bytes, start, length)
    const words = this.#words
    const at = slot * WORDS
    if (isEmpty(words, at)) {
      if (this.size >= this.capacity) return false
      this.size++
      words.set(this.#hash, at)
    }
    words[at + 4] = Math.floor((offset + 1) / TWO_32)
    words[at + 5] = offset + 1
    this.latestOffset = offset
    return true
  }

  /** The latest offset of a key, or -1. */
  get(bytes: Uint8Array, start: number, length: number): number {
    const at = this.#find(bytes, start, length) * WORDS
    const words = this.#words
    return words[at + 4]! * TWO_32 + (words[at + 5]! >>> 0) - 1
  }

  /** The slot of a key, or the empty one where it would go. */
  #find(bytes: Uint8Array, start: number, length: number): number {
    const hash = this.#hash
    hash128(bytes, start, length, this.#seed, hash)
    const words = this.#words
    let slot = (hash[0]! >>> 0) % this.#slots
    for (;;) {
      const at = slot * WORDS
      const isSame =
        words[at] === hash[0] &&
        words[at + 1] === hash[1] &&
        words[at + 2] === hash[2] &&
        words[at + 3] === hash[3]
      if (isSame || isEmpty(words, at)) return slot
      slot = slot + 1 === this.#slots ? 0 : slot + 1
    }
  }
}

function isEmpty(words: Int32Array, at: number): boolean {
  return words[at + 5] === 0 && words[at + 4] === 0
}

const C1 = 0x239b961b
const C2 = 0xab0e9789 | 0
const C3 = 0x38b34ae5
const C4 = 0xa1e38b93 | 0

/** MurmurHash3 (x86, 128 bits) of `bytes[start, start + length)` into `into`. */
export function hash128(
  bytes: Uint8Array,
  start: number,
  length: number,
  seed: number,
  into: Int32Array,
): void {
  let h1 = seed
  let h2 = seed
  let h3 = seed
  let h4 = seed
  const end = start + length
  let at = start
  for (; at + 16 <= end; at += 16) {
    h1 = (rotate(h1 ^ mix1(word(bytes, at)), 19) + h2) | 0
    h1 = (Math.imul(h1, 5) + 0x561ccd1b) | 0
    h2 = (rotate(h2 ^ mix2(word(bytes, at + 4)), 17) + h3) | 0
    h2 = (Math.imul(h2, 5) + 0x0bcaa747) | 0
    h3 = (rotate(h3 ^ mix3(word(bytes, at + 8)), 15) + h4) | 0
    h3 = (Math.imul(h3, 5) + (0x96cd1c35 | 0)) | 0
    h4 = (rotate(h4 ^ mix4(word(bytes, at + 12)), 13) + h1) | 0
    h4 = (Math.imul(h4, 5) + 0x32ac3b17) | 0
  }
  const rest = end - at
  if (rest > 12) h4 ^= mix4(partialWord(bytes, at + 12, end))
  if (rest > 8) h3 ^= mix3(partialWord(bytes, at + 8, end))
  if (rest > 4) h2 ^= mix2(partialWord(bytes, at + 4, end))
  if (rest > 0) h1 ^= mix1(partialWord(bytes, at, end))
  h1 ^= length
  h2 ^= length
  h3 ^= length
  h4 ^= length
  h1 = (h1 + h2 + h3 + h4) | 0
  h2 = (h2 + h1) | 0
  h3 = (h3 + h1) | 0
  h4 = (h4 + h1) | 0
  h1 = finish(h1)
  h2 = finish(h2)
  h3 = finish(h3)
  h4 = finish(h4)
  h1 = (h1 + h2 + h3 + h4) | 0
  into[0] = h1
  into[1] = h2 + h1
  into[2] = h3 + h1
  into[3] = h4 + h1
}

function mix1(k: number): number {
  return Math.imul(rotate(Math.imul(k, C1), 15), C2)
}

function mix2(k: number): number {
  return Math.imul(rotate(Math.imul(k, C2), 16), C3)
}

function mix3(k: number): number {
  return Math.imul(rotate(Math.imul(k, C3), 17), C4)
}

function mix4(k: number): number {
  return Math.imul(rotate(Math.imul(k, C4), 18), C1)
}

function finish(hash: number): number {
  let h = hash ^ (hash >>> 16)
  h = Math.imul(h, 0x85ebca6b)
  h ^= h >>> 13
  h = Math.imul(h, 0xc2b2ae35)
  return h ^ (h >>> 16)
}

function rotate(value: number, bits: number): number {
  return (value << bits) | (value >>> (32 - bits))
}

function word(bytes: Uint8Array, at: number): number {
  return bytes[at]! | (bytes[at + 1]! << 8) | (bytes[at + 2]! << 16) | (bytes[at + 3]! << 24)
}

/** Up to four bytes before `end`, the missing ones taken for zero. */
function partialWord(bytes: Uint8Array, at: number, end: number): number {
  let value = 0
  for (let i = Math.min(3, end - at - 1); i >= 0; i--) value = (value << 8) | bytes[at + i]!
  return value
}
