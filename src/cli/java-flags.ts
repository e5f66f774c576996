/**
 * What the flags of several of Kafka's tools have in common beyond joptsimple: settings as
 * name=value, numbers of Java's long, and addresses.
 */
import { CliError } from './cli-error.ts'
import { type Flags, UsageError } from './flags.ts'

const MIN_LONG = -(2n ** 63n)
const MAX_LONG = 2n ** 63n - 1n
const ADDRESS = /^(?:[\w%.-]*:\/\/)?\[?[\w%.:-]*\]?:\d+$/

/** Settings as name=value; the last of one name counts, and what has no value is empty. */
export function keyValues(settings: readonly string[]): Map<string, string> {
  return new Map(
    settings.map((setting) => {
      const at = setting.indexOf('=')
      return at < 0 ? [setting, ''] : [setting.slice(0, at), setting.slice(at + 1)]
    }),
  )
}

/** A flag's value as a Java long, the largest of them rounded; null where the flag is not there. */
export function longFlag(flags: Flags, name: string): number | null {
  const text = flags.text(name)
  if (text === null) return null
  const value = javaLong(text)
  if (value !== null) return value
  throw new CliError(`Cannot parse argument '${text}' of option ${name}`)
}

/** What Long.parseLong makes of a text; null where it throws. */
export function javaLong(text: string): number | null {
  if (!/^[+-]?\d+$/.test(text)) return null
  const value = BigInt(text.replace('+', ''))
  return value >= MIN_LONG && value <= MAX_LONG ? Number(value) : null
}

/** Refuses what is no list of addresses, as Kafka's tools do. */
export function checkAddresses(text: string | null): void {
  if (text === null || text.trim() === '') {
    throw new UsageError('Error while validating the bootstrap address')
  }
  if (text.split(',').every((each) => ADDRESS.test(each))) return
  throw new UsageError('Please provide valid host:port like host1:9091,host2:9092')
}

/** Refuses a flag beside the deprecated name of the same. */
export function refuseBoth(flags: Flags, one: string, other: string): void {
  if (!flags.has(one) || !flags.has(other)) return
  throw new UsageError(`Options --${one} and --${other} cannot be specified together.`)
}

/**
 * Arguments in which the value of these flags, a number that may be left out, stands behind `=`:
 * joptsimple takes a negative one for the value too, and passes over a word that is no number.
 */
export function withOptionalNumbers(args: readonly string[], names: readonly string[]): string[] {
  const joined: string[] = []
  let isAwaiting = false
  for (const arg of args) {
    if (isAwaiting && /^[+-]?\d+$/.test(arg)) joined[joined.length - 1] += `=${arg}`
    else if (!isAwaiting || arg.startsWith('-')) joined.push(arg)
    isAwaiting = names.some((name) => arg === `--${name}`)
  }
  return joined
}
