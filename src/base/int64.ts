/**
 * 64-bit integers as JavaScript numbers. Invariant: a number that stands for an int64 is a safe
 * integer or one of the two ends of the int64 range, which Kafka uses as "no limit" and "never";
 * anything else can't be told from its neighbours and is refused, never rounded.
 */
import { BoundsError } from './bounds-error.ts'

/** Java's Long.MAX_VALUE. As a number it is 2^63, one more; it is written as Long.MAX_VALUE. */
export const INT64_MAX = 2 ** 63

/** Java's Long.MIN_VALUE, exact. */
export const INT64_MIN = -(2 ** 63)

const TWO_32 = 2 ** 32

/** The int64 made of two 32-bit halves (any sign: only their bits count). */
export function int64FromHalves(high: number, low: number): number {
  const value = (high | 0) * TWO_32 + (low >>> 0)
  if (Number.isSafeInteger(value)) return value
  if ((high | 0) === 0x7fffffff && (low | 0) === -1) return INT64_MAX
  if ((high | 0) === -0x80000000 && (low | 0) === 0) return INT64_MIN
  throw new BoundsError(`int64 beyond 2^53: ${(BigInt(high | 0) << 32n) | BigInt(low >>> 0)}`)
}

/** Throws unless `value` can stand for an int64. */
export function checkInt64(value: number): void {
  if (!Number.isSafeInteger(value) && value !== INT64_MAX && value !== INT64_MIN) {
    throw new BoundsError(`not an int64 that a number carries exactly: ${value}`)
  }
}

/** The upper 32 bits of a checked int64, signed. */
export function int64High(value: number): number {
  return value === INT64_MAX ? 0x7fffffff : Math.floor(value / TWO_32) | 0
}

/** The lower 32 bits of a checked int64, signed. */
export function int64Low(value: number): number {
  return value === INT64_MAX ? -1 : value | 0
}
