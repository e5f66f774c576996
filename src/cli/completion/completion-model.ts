/**
 * What shells are told: words that may stand at a place, and where a word comes from that no table
 * has. Made from the tables of flags, so that completion offers what a parser takes.
 */
import type { Flag } from '../flags.ts'
import type { CommandTable } from './command-tables.ts'

/** What may follow a flag. */
export type Following =
  | { readonly kind: 'nothing' }
  /** Something that can't be guessed. */
  | { readonly kind: 'text' }
  | { readonly kind: 'file' }
  | { readonly kind: 'words'; readonly words: readonly string[] }
  /** Names that a broker or the file of profiles has: `millrace completion names topics`. */
  | { readonly kind: 'names'; readonly of: NameKind }
export const NAME_KINDS = ['topics', 'groups', 'profiles'] as const
export type NameKind = (typeof NAME_KINDS)[number]

/** A flag, with its dashes. */
export interface OfferedFlag {
  readonly flag: string
  readonly about: string
  readonly following: Following
}

/** A command, or one with a word behind it (`storage format`). */
export interface OfferedCommand {
  /** As `topics`, or `storage format`. */
  readonly path: string
  readonly about: string
  /** Words that may stand behind it, with what they do. */
  readonly words: readonly (readonly [string, string])[]
  readonly flags: readonly OfferedFlag[]
}

/** Everything that a script needs. */
export interface CompletionModel {
  /** What may stand first. */
  readonly first: readonly (readonly [string, string])[]
  readonly commands: readonly OfferedCommand[]
  /** Names of Kafka's scripts with our command. */
  readonly aliases: readonly (readonly [string, string])[]
}

/** Reads the tables. */
export function completionModel(tables: readonly CommandTable[]): CompletionModel {
  const families = familiesOf(tables.map(({ name }) => name))
  const commands = tables.flatMap((table) => [
    offered(table.name, table),
    ...table.commands.map((each) => offered(`${table.name} ${each.name}`, each)),
    ...(families.some((family) => table.name.startsWith(`${family}-`))
      ? [offered(table.name.replace('-', ' '), table)]
      : []),
  ])
  const ofFamilies = families.map((family) => {
    const members = tables.filter(({ name }) => name.startsWith(`${family}-`))
    const words = members.map(({ name, about }) => [name.slice(family.length + 1), about] as const)
    return { path: family, about: words.map(([word]) => word).join(', '), words, flags: [] }
  })
  const single = tables.map(({ name, about }) => [name, about] as const)
  return {
    first: [
      ...single,
      ...ofFamilies.map(({ path, about }) => [path, about] as const),
      ['help', 'Explain a command.'],
    ],
    commands: [...commands, ...ofFamilies],
    aliases: tables.flatMap(({ alias, name }) => (alias === null ? [] : [[alias, name] as const])),
  }
}

/** First words of names of several commands, as `perf` of perf-produce and perf-consume. */
function familiesOf(names: readonly string[]): string[] {
  const firsts = names.filter((name) => name.includes('-')).map((name) => name.split('-')[0]!)
  return [...new Set(firsts)].filter((first) => firsts.filter((each) => each === first).length > 1)
}

function offered(
  path: string,
  {
    about,
    flags,
    actions = [],
    commands = [],
  }: Pick<CommandTable, 'about' | 'flags'> & Partial<Pick<CommandTable, 'actions' | 'commands'>>,
): OfferedCommand {
  return {
    path,
    about,
    words: [
      ...commands.map((each) => [each.name, each.about] as const),
      ...flags
        .filter(({ name }) => actions.includes(name))
        .map((flag) => [flag.name, flag.about] as const),
    ],
    flags: flags.map((flag) => ({
      flag: `--${flag.name}`,
      about: flag.about,
      following: followingOf(flag),
    })),
  }
}

function followingOf({ name, value, isOptional }: Flag): Following {
  if (value === undefined || isOptional) return { kind: 'nothing' }
  if (/^topics?$/.test(name)) return { kind: 'names', of: 'topics' }
  if (/^groups?$/.test(name)) return { kind: 'names', of: 'groups' }
  if (name === 'profile') return { kind: 'names', of: 'profiles' }
  if (/file|path|director/.test(value) || /config$/.test(name)) return { kind: 'file' }
  if (/^[\w-]+(\|[\w-]+)+$/.test(value)) return { kind: 'words', words: value.split('|') }
  return { kind: 'text' }
}
