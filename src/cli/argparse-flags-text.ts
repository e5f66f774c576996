/**
 * What argparse4j's parser prints of itself: usage, help, and names close to one that is not there.
 *
 * Invariant: lines of the usage break where argparse4j breaks them without a terminal.
 */
import {
  type Argument,
  groupsOf,
  nameOf,
  type ParserInUse,
  takesValue,
} from './argparse-flags-table.ts'
import type { Flag } from './flags.ts'
import type { ToolHelp } from './tool.ts'

const WIDTH = 75
const HELP_COLUMN = 25
const MAX_TITLE = 21
/** Beyond this a name is no likely slip; git draws the line there too. */
const FAR = 7

/** The same as data, as other tools have it. */
export function helpOf({ prog, about, arguments: own, commands }: ParserInUse): ToolHelp {
  const flagOf = (argument: Argument): Flag => ({
    name: nameOf(argument),
    ...(takesValue(argument) && { value: (argument.metavar ?? nameOf(argument)).toLowerCase() }),
    about: argument.about,
  })
  return {
    name: prog,
    alias: null,
    about,
    flags: own.map(flagOf),
    commands: commands.map((command) => ({
      name: command.name,
      about: command.about,
      flags: command.arguments.map(flagOf),
    })),
    isComplete: true,
  }
}

/** How the tool is called, broken into lines. */
export function usageText(parser: ParserInUse): string {
  const head = `usage: ${parser.prog}`
  const isLong = head.length > 30
  const indent = ' '.repeat(isLong ? 6 : head.length)
  const lines = isLong ? [head, indent] : [head]
  let width = indent.length * (isLong ? 2 : 1)
  for (const [at, part] of usageParts(parser).entries()) {
    if (at > 0 && width + part.length + 1 > WIDTH) {
      lines.push(indent)
      width = indent.length
    }
    lines[lines.length - 1] += ` ${part}`
    width += 1 + part.length
  }
  return lines.join('\n')
}

function usageParts(parser: ParserInUse): string[] {
  const { parent, command, commands } = parser
  return [
    ...(parent === null ? [] : requiredParts(parent)),
    ...(command === null ? [] : [command]),
    ...ownParts(parser),
    ...(commands.length === 0 ? [] : [choicesOf(parser), '...']),
  ]
}

const choicesOf = ({ commands }: ParserInUse) => `{${commands.map(({ name }) => name).join(',')}}`

const shown = ({ arguments: all }: ParserInUse) => all.filter(({ isOurs }) => !isOurs)

function ownParts(parser: ParserInUse): string[] {
  const args = shown(parser)
  const alone = args.filter(({ group }) => group === undefined).map(bracketed)
  const together = groupsOf(args).flatMap((group) => {
    const members = args.filter((each) => each.group === group)
    if (members.length > 1) return grouped(members, group.isRequired === true)
    return members.map(group.isRequired ? syntax : bracketed)
  })
  return [...alone, ...together]
}

/** What must stand before the command. */
function requiredParts(parser: ParserInUse): string[] {
  const args = shown(parser)
  const alone = args.filter((each) => each.group === undefined && each.isRequired).map(bracketed)
  const together = groupsOf(args).flatMap((group) => {
    const members = args.filter((each) => each.group === group)
    if (!group.isRequired) return []
    return members.length > 1 ? grouped(members, true) : members.map(syntax)
  })
  return [...alone, ...together]
}

function grouped(members: readonly Argument[], isRequired: boolean): string[] {
  const [open, close] = isRequired ? ['(', ')'] : ['[', ']']
  return members.flatMap((member, at) => {
    const isLast = at === members.length - 1
    const text = (at === 0 ? open : '') + syntax(member) + (isLast ? close : '')
    return isLast ? [text] : [text, '|']
  })
}

function bracketed(argument: Argument): string {
  return argument.isRequired ? syntax(argument) : `[${syntax(argument)}]`
}

function syntax(argument: Argument): string {
  return argument.flags[0] + metavarOf(argument)
}

/** What stands for the value, behind a space; empty where there is none. */
function metavarOf(argument: Argument): string {
  if (!takesValue(argument)) return ''
  const { choices, metavar, nargs } = argument
  const inferred = choices ? `{${choices.join(',')}}` : nameOf(argument).replaceAll('-', '_')
  const name = metavar ?? (choices ? inferred : inferred.toUpperCase())
  return nargs === '+' ? ` ${name} [${name} ...]` : ` ${name}`
}

/** What `--help` prints. */
export function helpText(parser: ParserInUse): string {
  const { about, arguments: args, commands } = parser
  const isApart = ({ group }: Argument) => group?.title !== undefined || group?.about !== undefined
  const lines = [usageText(parser)]
  if (about !== '') lines.push('', ...wrapped(about, WIDTH))
  if (commands.length > 0) {
    lines.push('', 'positional arguments:', `  ${choicesOf(parser)}`)
    lines.push(...commands.flatMap((each) => entry(each.name, each.about)))
  }
  lines.push('', 'optional arguments:')
  lines.push(...args.filter((each) => !isApart(each)).flatMap(argumentHelp))
  for (const group of groupsOf(args.filter(isApart))) {
    lines.push('')
    if (group.title !== undefined) lines.push(`${group.title}:`)
    if (group.about !== undefined) {
      lines.push(...wrapped(group.about, WIDTH - 2).map((line) => `  ${line}`), '')
    }
    lines.push(...args.filter((each) => each.group === group).flatMap(argumentHelp))
  }
  return lines.join('\n')
}

function argumentHelp(argument: Argument): string[] {
  const { flags, about, action, default: value } = argument
  const title = flags.map((flag) => flag + metavarOf(argument)).join(', ')
  const standard = value ?? (action === 'true' ? false : undefined)
  const text = standard === undefined ? about : `${about} (default: ${standard})`
  return entry(title, text)
}

function entry(title: string, text: string): string[] {
  const indent = ' '.repeat(HELP_COLUMN)
  const [first = '', ...rest] = wrapped(text, WIDTH - HELP_COLUMN)
  const more = rest.map((line) => indent + line)
  if (title.length > MAX_TITLE) return [`  ${title}`, indent + first, ...more]
  return [`  ${title}`.padEnd(HELP_COLUMN) + first, ...more]
}

function wrapped(text: string, width: number): string[] {
  const lines: string[] = []
  for (const word of text.split(' ')) {
    const last = lines.at(-1)
    if (last === undefined || last.length + 1 + word.length > width) lines.push(word)
    else lines[lines.length - 1] = `${last} ${word}`
  }
  return lines
}

/** Names that one might have meant, the nearest; none where all are far. */
export function closest(written: string, names: readonly string[]): string[] {
  const rated = names
    .map((name) => ({ name, body: name.replace(/^-+/, '') }))
    .filter(({ body }) => body.length > 1)
    .map(({ name, body }) => ({
      name,
      distance: body.startsWith(written) ? 0 : distance(written, body),
    }))
  const least = Math.min(...rated.map((each) => each.distance))
  if (least >= FAR) return []
  return rated
    .filter((each) => each.distance === least)
    .map(({ name }) => name)
    .sort()
}

/** Of swapping two letters (0), replacing one (2), adding one (1) and taking one away (4). */
function distance(from: string, to: string): number {
  const [replaced, added, removed] = [2, 1, 4]
  const rows = [Array.from({ length: to.length + 1 }, (_, at) => at * added)]
  for (let i = 1; i <= from.length; i++) {
    const row = [i]
    for (let j = 1; j <= to.length; j++) {
      const isSame = from[i - 1] === to[j - 1]
      let least = rows[i - 1]![j - 1]! + (isSame ? 0 : replaced)
      if (!isSame && i > 1 && j > 1 && from[i - 2] === to[j - 1] && from[i - 1] === to[j - 2]) {
        least = Math.min(least, rows[i - 2]![j - 2]!)
      }
      row.push(Math.min(least, rows[i - 1]![j]! + removed, row[j - 1]! + added))
    }
    rows.push(row)
  }
  return rows[from.length]![to.length]!
}
