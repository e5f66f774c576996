/**
 * Flags of Kafka's tools, read as their parser (joptsimple) reads them: `--name value` or
 * `--name=value`, other words passed over, nothing abbreviated. What is wrong with a value is only
 * said when the command asks for it, which is when Kafka's tool does, on the same stream.
 *
 * Invariant: one table says which flags there are, for the parser and for the help.
 */
import { parseArgs } from 'node:util'
import { CliError } from './cli-error.ts'

/** One flag of a command. */
export interface Flag {
  readonly name: string
  /** What its value is, for the help; left out where it takes none. */
  readonly value?: string
  /** True where it may stand without its value. */
  readonly isOptional?: true
  readonly about: string
}

/** Wrong flags: the message is followed by how the command is used. */
export class UsageError extends CliError {}

/** Flags that all tools have. */
export const COMMON_FLAGS: readonly Flag[] = [
  { name: 'bootstrap-server', value: 'host:port,...', about: 'Brokers to begin at.' },
  {
    name: 'command-config',
    value: 'file',
    about: "Properties of Kafka's clients: security.protocol, sasl.jaas.config and the like.",
  },
  {
    name: 'profile',
    value: 'name',
    about: 'A section of your file of profiles: where to connect, with such properties.',
  },
  { name: 'json', about: 'Print JSON instead of text.' },
  { name: 'help', about: 'Print this.' },
  { name: 'version', about: 'Print the version.' },
]

/** Flags of the tools that connect to nothing. */
export const OFFLINE_FLAGS: readonly Flag[] = COMMON_FLAGS.filter(({ name }) => {
  return ['json', 'help', 'version'].includes(name)
})

/** The flags of one command line. */
export class Flags {
  readonly #values: ReadonlyMap<string, readonly string[]>
  /** The name of each flag in the order in which they were given, as often as it was. */
  readonly order: readonly string[]

  /** Values by name; a flag without one has an empty list. */
  constructor(values: ReadonlyMap<string, readonly string[]>, order: readonly string[]) {
    this.#values = values
    this.order = order
  }

  has(name: string): boolean {
    return this.#values.has(name)
  }

  /** Every value, in the order in which they were given. */
  all(name: string): readonly string[] {
    return this.#values.get(name) ?? []
  }

  /** The value; null where the flag is not there. */
  text(name: string): string | null {
    const values = this.all(name)
    if (values.length <= 1) return values[0] ?? null
    throw new CliError(`Found multiple arguments for option ${name}, but you asked for only one`)
  }

  /** The value as a Java int; null where the flag is not there. */
  integer(name: string): number | null {
    const text = this.text(name)
    if (text === null) return null
    const value = javaInt(text)
    if (value !== null) return value
    throw new CliError(`Cannot parse argument '${text}' of option ${name}`)
  }
}

/** What Integer.parseInt makes of a text; null where it throws. */
export function javaInt(text: string): number | null {
  const value = Number(text)
  return /^[+-]?\d+$/.test(text) && value >= -0x80000000 && value <= 0x7fffffff ? value : null
}

/** Reads a command line. Throws a CliError with joptsimple's words for what it can't be. */
export function parseFlags(args: readonly string[], table: readonly Flag[]): Flags {
  const byName = new Map(table.map((flag) => [flag.name, flag]))
  const { tokens } = parseArgs({
    args: [...args],
    strict: false,
    tokens: true,
    allowPositionals: true,
    options: Object.fromEntries(
      table.map(({ name, value, isOptional }) => {
        return [name, { type: value !== undefined && !isOptional ? 'string' : 'boolean' } as const]
      }),
    ),
  })
  const values = new Map<string, string[]>()
  const order: string[] = []
  for (const [at, token] of tokens.entries()) {
    if (token.kind !== 'option') continue
    const flag = token.rawName.startsWith('--') ? byName.get(token.name) : undefined
    if (flag === undefined) throw new CliError(`${token.name} is not a recognized option`)
    const found = values.get(flag.name) ?? []
    values.set(flag.name, found)
    order.push(flag.name)
    if (flag.value === undefined) continue
    const next = tokens[at + 1]
    const following =
      next?.kind === 'positional' && next.index === token.index + 1 ? next.value : undefined
    const value = token.value ?? (flag.isOptional ? following : undefined)
    if (value !== undefined) found.push(value)
    else if (!flag.isOptional) throw new CliError(`Option ${flag.name} requires an argument`)
  }
  return new Flags(values, order)
}

/** Refuses flags that must not stand beside `name`. */
export function refuseWith(flags: Flags, name: string, others: readonly string[]): void {
  const other = flags.has(name) ? others.find((each) => flags.has(each)) : undefined
  if (other === undefined) return
  throw new UsageError(`Option "[${name}]" can't be used with option "[${other}]"`)
}

/** Refuses a command line without these flags. */
export function requireFlags(flags: Flags, names: readonly string[]): void {
  const missing = names.find((name) => !flags.has(name))
  if (missing !== undefined) throw new UsageError(`Missing required argument "[${missing}]"`)
}
