/**
 * Flags of those tools of Kafka that read them with argparse4j: long options may be shortened, a
 * command has its own flags, groups exclude each other, and what is wrong is said with the usage
 * before it and the nearest name behind it.
 *
 * Invariant: the usage and the errors are argparse4j's, but that a long error stays on its line;
 * the help has its shape and our words.
 */

import {
  type Argument,
  type ArgumentParser,
  groupsOf,
  nameOf,
  type ParserInUse,
  takesValue,
} from './argparse-flags-table.ts'
import { closest, helpOf, helpText, usageText } from './argparse-flags-text.ts'
import { CliError } from './cli-error.ts'
import { javaInt } from './flags.ts'
import type { ToolRun } from './tool.ts'

/** A command line that does not fit. */
export class ArgumentError extends CliError {
  readonly parser: ParserInUse
  /** Names that were possible where this one was written. */
  readonly candidates: readonly string[]

  constructor(message: string, parser: ParserInUse, candidates: readonly string[] = []) {
    super(message)
    this.parser = parser
    this.candidates = candidates
  }
}

/** Somebody asked for help. */
export class HelpAsked extends Error {
  readonly parser: ParserInUse

  constructor(parser: ParserInUse) {
    super('help')
    this.parser = parser
  }
}

type Value = string | number

/** What a command line says, by the long names of the flags without their dashes. */
export class Arguments {
  /** The command; null where the tool has none. */
  readonly command: string | null
  readonly parser: ParserInUse
  readonly #values: ReadonlyMap<string, readonly Value[]>
  readonly #defaults: ReadonlyMap<string, Value>

  constructor(
    parser: ParserInUse,
    values: ReadonlyMap<string, readonly Value[]>,
    defaults: ReadonlyMap<string, Value>,
  ) {
    this.command = parser.command
    this.parser = parser
    this.#values = values
    this.#defaults = defaults
  }

  /** Whether the flag stands on the line. */
  has(name: string): boolean {
    return this.#values.has(name)
  }

  /** The last value, or the default; null where there is neither. */
  text(name: string): string | null {
    const value = this.#values.get(name)?.at(-1) ?? this.#defaults.get(name)
    return value === undefined ? null : String(value)
  }

  /** The last value of an Integer, Long or Double. */
  number(name: string): number | null {
    const value = this.#values.get(name)?.at(-1) ?? this.#defaults.get(name)
    return typeof value === 'number' ? value : null
  }

  /** All values of append or of the last flag with nargs; null where the flag is not there. */
  all(name: string): readonly string[] | null {
    return this.#values.get(name)?.map(String) ?? null
  }

  /** An error that is shown as the parser's own. */
  error(message: string): ArgumentError {
    return new ArgumentError(message, this.parser)
  }
}

const HELP: Argument = {
  flags: ['-h', '--help'],
  action: 'help',
  about: 'show this help message and exit',
}
/** The parser of a tool under the name by which it was called. */
export function inUse(
  { name, prog, about, arguments: own, commands = [] }: ArgumentParser,
  isAlias: boolean,
): ParserInUse {
  return {
    prog: isAlias ? prog : `millrace ${name}`,
    about,
    arguments: [HELP, ...own],
    commands,
    parent: null,
    command: null,
  }
}

/** Reads a command line. Throws an ArgumentError, or HelpAsked. */
export function parseArguments(args: readonly string[], parser: ParserInUse): Arguments {
  return new Reading(args).read(parser)
}

/**
 * The same for a tool that prints what is wrong and ends: the arguments, or the exit status.
 * Kafka's tools exit with 1 after help that was asked for; ours do not.
 */
export function argumentsOrStatus(
  run: Pick<ToolRun, 'args' | 'isAlias' | 'out' | 'err' | 'onHelp'>,
  parser: ArgumentParser,
): Arguments | number {
  const used = inUse(parser, run.isAlias)
  if (run.args.length === 0 && parser.commands === undefined) {
    run.out(helpText(used))
    return 0
  }
  try {
    return parseArguments(run.args, used)
  } catch (error) {
    return argumentFailure(run, error)
  }
}

/** Prints what parseArguments threw; the exit status. Throws what it did not throw. */
export function argumentFailure(
  { isAlias, out, err, onHelp }: Pick<ToolRun, 'isAlias' | 'out' | 'err' | 'onHelp'>,
  error: unknown,
): number {
  if (error instanceof HelpAsked) {
    if (onHelp !== undefined) {
      onHelp(helpOf(error.parser))
      return 0
    }
    out(helpText(error.parser))
    return isAlias ? 1 : 0
  }
  if (!(error instanceof ArgumentError)) throw error
  err(usageText(error.parser))
  err(`${error.parser.prog}: error: ${error.message}`)
  if (error.candidates.length > 0) {
    err(['', 'Did you mean:', ...error.candidates.map((each) => `\t${each}`)].join('\n'))
  }
  return 1
}

/** One command line as it is read, word after word. */
class Reading {
  readonly #args: readonly string[]
  #at = 0
  /** After `--` nothing is a flag. */
  #isSeparated = false
  readonly #values = new Map<string, Value[]>()
  readonly #defaults = new Map<string, Value>()
  /** What is missing is said only when nothing worse was found behind it. */
  #missing: ArgumentError | null = null

  constructor(args: readonly string[]) {
    this.#args = args
  }

  read(parser: ParserInUse): Arguments {
    const read = this.#readLevel(parser)
    if (this.#missing !== null) throw this.#missing
    return new Arguments(read, this.#values, this.#defaults)
  }

  #readLevel(parser: ParserInUse): ParserInUse {
    for (const argument of parser.arguments) {
      if (argument.default !== undefined) this.#defaults.set(nameOf(argument), argument.default)
    }
    const used = new Set<Argument>()
    while (this.#at < this.#args.length) {
      const word = this.#args[this.#at]!
      if (word === '--' && !this.#isSeparated) {
        this.#isSeparated = true
        this.#at++
      } else if (this.#isFlag(word)) {
        this.#flag(word, parser, used)
      } else if (!this.#isSeparated && parser.commands.length > 0) {
        this.#checkRequired(parser, used)
        return this.#readLevel(this.#command(word, parser))
      } else {
        const rest = this.#args.slice(this.#at).join(' ')
        throw new ArgumentError(`unrecognized arguments: '${rest}'`, parser)
      }
    }
    if (parser.commands.length > 0) throw new ArgumentError('too few arguments', parser)
    this.#checkRequired(parser, used)
    return parser
  }

  /** A dash and something behind it, which is no negative number. */
  #isFlag(word: string): boolean {
    if (this.#isSeparated) return false
    return word === '--' || (/^-+[^-]/s.test(word) && !/^-\d+$/.test(word))
  }

  #flag(word: string, parser: ParserInUse, used: Set<Argument>): void {
    const [, name = '', given] = /^([^=]*)(?:=(.*))?$/s.exec(word)!
    const argument = resolved(name, parser)
    this.#at++
    if (argument !== null) {
      this.#take(argument, given ?? null, parser, used)
      return
    }
    this.#shortFlags(word, parser, used)
  }

  /** Several letters behind one dash, of which the last may have its value behind it. */
  #shortFlags(word: string, parser: ParserInUse, used: Set<Argument>): void {
    const letters = word.startsWith('--') ? [] : [...word.slice(1)]
    for (const [at, letter] of letters.entries()) {
      const argument = parser.arguments.find(({ flags }) => flags.includes(`-${letter}`))
      if (argument === undefined) break
      const rest = letters.slice(at + 1).join('')
      if (takesValue(argument)) {
        this.#take(argument, rest === '' ? null : rest, parser, used)
        return
      }
      this.#take(argument, null, parser, used)
      if (rest === '') return
    }
    const body = word.replace(/^-+/, '')
    const known = parser.arguments.filter(({ isOurs }) => !isOurs).flatMap(({ flags }) => flags)
    const candidates = body.length >= 2 ? closest(body, known) : []
    throw new ArgumentError(`unrecognized arguments: '${word}'`, parser, candidates)
  }

  #take(argument: Argument, given: string | null, parser: ParserInUse, used: Set<Argument>): void {
    const { group, action } = argument
    const other = group && [...used].find((each) => each.group === group && each !== argument)
    if (other) throw wrong(argument, `not allowed with argument ${other.flags.join('/')}`, parser)
    if (action === 'help' && given === null) throw new HelpAsked(parser)
    used.add(argument)
    const name = nameOf(argument)
    const before = this.#values.get(name) ?? []
    if (!takesValue(argument)) {
      if (given !== null) throw wrong(argument, `ignore implicit argument '${given}'`, parser)
      this.#values.set(name, [])
      return
    }
    const values = this.#valuesOf(argument, given, parser)
    this.#values.set(name, action === 'append' ? [...before, ...values] : values)
  }

  #valuesOf(argument: Argument, given: string | null, parser: ParserInUse): Value[] {
    const isMany = argument.nargs === '+'
    const words = given === null ? [] : [given]
    while (given === null && (isMany || words.length === 0)) {
      const next = this.#args[this.#at]
      if (next === undefined || this.#isFlag(next)) break
      words.push(next)
      this.#at++
    }
    if (words.length > 0) return words.map((word) => converted(argument, word, parser))
    throw wrong(argument, isMany ? 'expected 1 argument(s)' : 'expected one argument', parser)
  }

  #command(word: string, parser: ParserInUse): ParserInUse {
    const { commands } = parser
    const matching = commands.filter(({ name }) => word !== '' && name.startsWith(word))
    const exact = commands.find(({ name }) => name === word)
    const found = exact ?? (matching.length === 1 ? matching[0]! : null)
    if (found === null && matching.length > 1) {
      const names = matching.map(({ name }) => name).sort()
      const message = `ambiguous command: ${word} could match ${names.join(', ')}`
      throw new ArgumentError(message, parser)
    }
    if (found === null) {
      const names = commands.map(({ name }) => name)
      const choices = names.map((name) => `'${name}'`).join(', ')
      const message = `invalid choice: '${word}' (choose from ${choices})`
      throw new ArgumentError(message, parser, closest(word, names))
    }
    this.#at++
    return {
      prog: parser.prog,
      about: '',
      arguments: [HELP, ...found.arguments],
      commands: [],
      parent: parser,
      command: found.name,
    }
  }

  #checkRequired(parser: ParserInUse, used: ReadonlySet<Argument>): void {
    if (this.#missing !== null) return
    const absent = parser.arguments.findLast((each) => each.isRequired && !used.has(each))
    if (absent !== undefined) {
      this.#missing = new ArgumentError(`argument ${absent.flags.join('/')} is required`, parser)
      return
    }
    for (const group of groupsOf(parser.arguments)) {
      const members = parser.arguments.filter((each) => each.group === group)
      if (!group.isRequired || members.some((each) => used.has(each))) continue
      const names = members.map(({ flags }) => `${flags.join('/')} `).join('')
      this.#missing ??= new ArgumentError(`one of the arguments ${names}is required`, parser)
    }
  }
}

function wrong({ flags }: Argument, message: string, parser: ParserInUse): ArgumentError {
  return new ArgumentError(`argument ${flags.join('/')}: ${message}`, parser)
}

/** The flag of this name, or the only one that begins so; null where none does. */
function resolved(name: string, parser: ParserInUse): Argument | null {
  const exact = parser.arguments.find(({ flags }) => flags.includes(name))
  if (exact !== undefined) return exact
  const begun = parser.arguments.flatMap((argument) => {
    return argument.flags
      .filter((flag) => flag.startsWith(name))
      .map((flag) => ({ argument, flag }))
  })
  const shown = begun.filter(({ argument }) => !argument.isOurs)
  const candidates = (shown.length > 0 ? shown : begun).map(({ flag }) => flag)
  if (candidates.length === 0) return null
  if (candidates.length === 1) return (shown[0] ?? begun[0])!.argument
  const message = `ambiguous option: ${name} could match ${candidates.sort().join(', ')}`
  throw new ArgumentError(message, parser)
}

function converted(argument: Argument, word: string, parser: ParserInUse): Value {
  const { type, choices } = argument
  const value = type === undefined ? word : NUMBERS[type](word)
  if (value === null) {
    const reason = type === 'Double' && word.trim() === '' ? 'empty String' : inputString(word)
    throw wrong(argument, `could not convert '${word}' to ${type} (${reason})`, parser)
  }
  if (choices === undefined || choices.includes(value)) return value
  throw wrong(argument, `invalid choice: '${word}' (choose from {${choices.join(',')}})`, parser)
}

const inputString = (word: string) => `For input string: "${word}"`

/** valueOf of Java's classes; null where it throws. */
const NUMBERS = {
  Integer: javaInt,
  Long: (word: string) => {
    const value = Number(word)
    return /^[+-]?\d+$/.test(word) && Math.abs(value) < 2 ** 63 ? value : null
  },
  Double: (word: string) => {
    const text = word.trim().replace(/[fFdD]$/, '')
    const isNumber = /^[+-]?(?:NaN|Infinity|\d+\.?\d*(?:[eE][+-]?\d+)?|\.\d+(?:[eE][+-]?\d+)?)$/
    return isNumber.test(text) ? Number(text) : null
  },
}
