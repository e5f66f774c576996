/**
 * The one error of reading and writing bytes in base: what is asked for is not in the bytes, or
 * does not fit them. Whoever decodes input from outside catches exactly this.
 */

/** Bytes end too early, a varint does not end, or an integer is outside of what can be carried. */
export class BoundsError extends RangeError {
  override readonly name = 'BoundsError'
}

/** Throws for a read of `wanted` bytes at `at` where only those before `end` may be read. */
export function throwUnderflow(wanted: number, at: number, end: number): never {
  throw new BoundsError(`buffer underflow: ${wanted} bytes wanted at ${at}, end is ${end}`)
}
