/**
 * Bytes as Java reads them as UTF-8. It agrees with everyone else on what is UTF-8, but for halves
 * of surrogate pairs that someone encoded by themselves: one U+FFFD stands for all three bytes of
 * one in Java, where the rest of the world writes three.
 */
const REPLACEMENT = '\ufffd'
/** A byte that is nowhere part of UTF-8: one U+FFFD for everyone. */
const NEVER = 0xff

/** The text of `bytes[start, end)`. */
export function javaText(bytes: Uint8Array, start = 0, end: number = bytes.length): string {
  const buffer = Buffer.from(bytes.buffer, bytes.byteOffset + start, end - start)
  const text = buffer.toString()
  return text.includes(REPLACEMENT) ? withoutSurrogates(buffer).toString() : text
}

/** Puts a single byte that is wrong to all in the place of each encoded surrogate. */
function withoutSurrogates(bytes: Buffer): Buffer {
  const result = Buffer.allocUnsafe(bytes.length)
  let length = 0
  for (let at = 0; at < bytes.length; ) {
    if (bytes[at] === 0xed && bytes[at + 1]! >= 0xa0 && isContinuation(bytes[at + 1])) {
      result[length++] = NEVER
      at += isContinuation(bytes[at + 2]) ? 3 : 2
    } else {
      result[length++] = bytes[at++]!
    }
  }
  return result.subarray(0, length)
}

function isContinuation(byte: number | undefined): boolean {
  return byte !== undefined && (byte & 0xc0) === 0x80
}
