/**
 * What the flags of a tool are that reads them with argparse4j: a table for the parser, the usage
 * and the help.
 *
 * Invariant: the order of the table is the order in the usage. Flags marked as ours stand in the
 * help alone, so that the usage stays Kafka's.
 */

/** Flags of which one at most may be given. */
export interface ExclusiveGroup {
  readonly title?: string
  readonly about?: string
  readonly isRequired?: true
}

/** One option. */
export interface Argument {
  /** As `--topic`, or `-b` and `--bootstrap-server`, in the order of the usage. */
  readonly flags: readonly string[]
  /** Left out: store, one value. */
  readonly action?: 'append' | 'true' | 'help'
  /** What Java turns a value into; String where left out. */
  readonly type?: 'Integer' | 'Long' | 'Double'
  /** One value or more behind one flag. */
  readonly nargs?: '+'
  readonly isRequired?: true
  readonly group?: ExclusiveGroup
  readonly choices?: readonly (string | number)[]
  readonly default?: string | number
  /** Stands for the value in the usage. */
  readonly metavar?: string
  /** True for what Kafka's tool does not have. */
  readonly isOurs?: true
  readonly about: string
}

/** A tool, or one of its commands. */
export interface ArgumentParser {
  /** As `cluster`. */
  readonly name: string
  /** As `kafka-cluster`: what Kafka's tool calls itself. */
  readonly prog: string
  readonly about: string
  readonly arguments: readonly Argument[]
  readonly commands?: readonly ArgumentCommand[]
}

/** A word that has flags of its own. */
export interface ArgumentCommand {
  readonly name: string
  readonly about: string
  readonly arguments: readonly Argument[]
}

/** A parser with what stands before it: what a usage is written of. */
export interface ParserInUse {
  readonly prog: string
  readonly about: string
  readonly arguments: readonly Argument[]
  readonly commands: readonly ArgumentCommand[]
  /** The tool, where this is one of its commands. */
  readonly parent: ParserInUse | null
  readonly command: string | null
}

/** The name by which a value is asked for. */
export function nameOf({ flags }: Argument): string {
  const long = flags.find((flag) => flag.startsWith('--')) ?? flags[0]!
  return long.replace(/^-+/, '')
}

/** The groups in the order in which they first appear. */
export function groupsOf(args: readonly Argument[]): ExclusiveGroup[] {
  return [...new Set(args.flatMap(({ group }) => (group === undefined ? [] : [group])))]
}

/** Whether a value follows. */
export function takesValue({ action }: Argument): boolean {
  return action === undefined || action === 'append'
}

/** Flags that all our tools have. */
export const OUR_JSON: Argument = {
  flags: ['--json'],
  action: 'true',
  isOurs: true,
  about: 'Print JSON instead of text.',
}

/** Where to connect, of ours too. */
export const OUR_PROFILE: Argument = {
  flags: ['--profile'],
  isOurs: true,
  about: 'A section of your file of profiles: where to connect, with such properties.',
}
