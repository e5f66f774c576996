/**
 * CRC-32C (Castagnoli), the checksum of record batches. A native module does big inputs with the
 * processor's own instruction; small ones are faster in JavaScript, since a native call alone costs
 * 150 ns (measured crossover: 200 bytes). Where the native module can't load, JavaScript does all.
 *
 * The module takes 5 MB and some milliseconds, so a process that sums little never loads it.
 */
import { loadPackage } from './native-package.ts'

type NativeCrc32c = (bytes: Uint8Array, previous?: number) => number

/** Inputs of fewer bytes than this are done in JavaScript. */
const NATIVE_FROM_BYTES = 200

/** Bytes that are summed in JavaScript before the native module is loaded. */
const LOAD_AFTER_BYTES = 256 * 1024

/** Eight tables of 256 after one another, for eight bytes a step ("slicing by 8"). */
const TABLE = makeTable()
/** The native module: not loaded yet (with what was summed so far), or not there (null). */
const native: { summedBytes: number; crc32c: NativeCrc32c | null | undefined } = {
  summedBytes: 0,
  crc32c: undefined,
}

/** The CRC-32C of `bytes[start, end)`, unsigned. */
export function crc32c(bytes: Uint8Array, start = 0, end: number = bytes.length): number {
  return crc32cUpdate(0, bytes, start, end)
}

/** Continues `previous`, the CRC-32C of what comes before, over `bytes[start, end)`. */
export function crc32cUpdate(
  previous: number,
  bytes: Uint8Array,
  start = 0,
  end: number = bytes.length,
): number {
  const length = end - start
  const crc = length < NATIVE_FROM_BYTES ? null : nativeFor(length)
  if (crc === null) return crc32cPortable(previous, bytes, start, end)
  const whole = start === 0 && end === bytes.length
  return crc(whole ? bytes : bytes.subarray(start, end), previous)
}

function nativeFor(length: number): NativeCrc32c | null {
  if (native.crc32c !== undefined) return native.crc32c
  native.summedBytes += length
  if (native.summedBytes < LOAD_AFTER_BYTES) return null
  native.crc32c = loadNative()
  return native.crc32c
}

/** The same in JavaScript alone; exported so that a test can hold one against the other. */
export function crc32cPortable(
  previous: number,
  bytes: Uint8Array,
  start: number,
  end: number,
): number {
  const table = TABLE
  let crc = ~previous
  let at = start
  for (; at + 8 <= end; at += 8) {
    crc ^= bytes[at]! | (bytes[at + 1]! << 8) | (bytes[at + 2]! << 16) | (bytes[at + 3]! << 24)
    crc =
      table[1792 + (crc & 255)]! ^
      table[1536 + ((crc >>> 8) & 255)]! ^
      table[1280 + ((crc >>> 16) & 255)]! ^
      table[1024 + (crc >>> 24)]! ^
      table[768 + bytes[at + 4]!]! ^
      table[512 + bytes[at + 5]!]! ^
      table[256 + bytes[at + 6]!]! ^
      table[bytes[at + 7]!]!
  }
  for (; at < end; at++) crc = table[(crc ^ bytes[at]!) & 255]! ^ (crc >>> 8)
  return ~crc >>> 0
}

function makeTable(): Int32Array {
  const table = new Int32Array(8 * 256)
  for (let byte = 0; byte < 256; byte++) {
    let crc = byte
    for (let bit = 0; bit < 8; bit++) crc = crc & 1 ? (crc >>> 1) ^ 0x82f63b78 : crc >>> 1
    table[byte] = crc
  }
  for (let at = 256; at < table.length; at++) {
    const shorter = table[at - 256]!
    table[at] = table[shorter & 255]! ^ (shorter >>> 8)
  }
  return table
}

function loadNative(): NativeCrc32c | null {
  try {
    return (loadPackage('@node-rs/crc32') as { crc32c: NativeCrc32c }).crc32c
  } catch {
    return null // no binary for this platform: slower, otherwise the same
  }
}
