/** Numbers and texts of the command line as Java's parsers take them. */
import { CliError } from '../cli-error.ts'
import type { Flags } from '../flags.ts'

const MAX_LONG = 2n ** 63n - 1n

/** What Long.parseLong makes of a text; null where it throws. */
export function javaLong(text: string): bigint | null {
  if (!/^[+-]?\d+$/.test(text)) return null
  const value = BigInt(text.replace(/^\+/, ''))
  return value <= MAX_LONG && value >= -MAX_LONG - 1n ? value : null
}

/** All values of a flag as Java longs. */
export function longsOf(flags: Flags, name: string): bigint[] {
  return flags.all(name).map((text) => {
    const value = javaLong(text)
    if (value !== null) return value
    throw new CliError(`Cannot parse argument '${text}' of option ${name}`)
  })
}

/** The one value of a flag as a Java long; null where the flag is not there. */
export function longOf(flags: Flags, name: string): bigint | null {
  flags.text(name) // which refuses several
  return longsOf(flags, name)[0] ?? null
}

/** String.split, which leaves out what is empty at the end. */
export function javaSplit(text: string, separator: string): string[] {
  const parts = text.split(separator)
  while (parts.length > 1 && parts.at(-1) === '') parts.pop()
  return parts
}
