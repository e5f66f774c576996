/**
 * Assertions for broken invariants: a bug of ours, never bad input. They stay on in production,
 * since a broker that goes on with broken state loses data, and one that stops does not (rule 11).
 */

/** An invariant of the program does not hold. Never caught to carry on. */
export class AssertionError extends Error {
  override readonly name = 'AssertionError'
}

/** Throws unless `condition` is truthy. Keep `message` constant on hot paths: it is built first. */
export function assert(condition: unknown, message: string): asserts condition {
  if (!condition) throw new AssertionError(message)
}

/** Marks a place that the types say can't be reached. */
export function unreachable(value: never): never {
  throw new AssertionError(`unreachable: ${String(value)}`)
}
