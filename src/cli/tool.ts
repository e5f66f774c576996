/**
 * What the commands that stand for Kafka's tools have in common: how they are called, what they
 * print on, and their help.
 *
 * Invariant: a command prints through its Tool alone and ends by returning its exit status, so that
 * it can be run without a process of its own.
 */
import { COMMON_FLAGS, type Flag, OFFLINE_FLAGS } from './flags.ts'

/** One run of a command. */
export interface ToolRun {
  readonly args: readonly string[]
  /** True under the name of Kafka's script, where exit codes are Kafka's, though it failed. */
  readonly isAlias: boolean
  readonly version: string
  /** Writes a line to standard output. */
  readonly out: (line: string) => void
  /** Writes a line to standard error. */
  readonly err: (line: string) => void
  /** Writes bytes to standard output as they are; wait for what it returns where there are many. */
  readonly write: (bytes: Uint8Array) => Promise<void> | undefined
  /** Standard input. */
  readonly input: AsyncIterable<Uint8Array>
  /** What is at the ends of the streams: true for a terminal. */
  readonly terminal: { readonly input: boolean; readonly output: boolean }
  /**
   * Takes over Ctrl-C, SIGTERM and a closed pipe: the signal is aborted then, with the exit status
   * as its reason (130, 143, 0), and the command ends in its own way. Who does not call it is ended
   * at once, as any program is.
   */
  readonly interrupted: () => AbortSignal
  /** Environment variables; none under the name of Kafka's script. */
  readonly environment: Readonly<Record<string, string | undefined>>
  /** Flags that are taken from the line before the command reads it; for its help. */
  readonly moreFlags?: readonly Flag[]
  /** Takes the help as data, for what is generated from it, instead of its being printed. */
  readonly onHelp?: (help: ToolHelp) => void
}

/** Runs a command; resolves with its exit status. */
export type Tool = (run: ToolRun) => Promise<number>

/** A word that has flags of its own, as `unregister` of `millrace cluster`. */
export interface CommandHelp {
  readonly name: string
  readonly about: string
  readonly flags: readonly Flag[]
}

/** What a command is, for its help. */
export interface ToolHelp {
  /** As `topics`. */
  readonly name: string
  /** As `kafka-topics`; null where Kafka has no such tool. */
  readonly alias: string | null
  readonly about: string
  readonly flags: readonly Flag[]
  /** Words behind the name that have flags of their own, besides `flags`. */
  readonly commands?: readonly CommandHelp[]
  /** True where it connects to nothing. */
  readonly isOffline?: true
  /** True where `flags` has those too that tools have in common. */
  readonly isComplete?: true
  /** True where it does its work without any flag too, instead of showing its help. */
  readonly runsBare?: true
}

const WIDTH = 100
const MAX_LEFT = 36

/** Every flag of a command; `more` are those that are taken before it reads its line. */
export function allFlags(
  { flags, isOffline, isComplete }: ToolHelp,
  more: readonly Flag[] = [],
): Flag[] {
  if (isComplete) return [...flags, ...more]
  return [...flags, ...more, ...(isOffline ? OFFLINE_FLAGS : COMMON_FLAGS)]
}

/** The help of a command: what it is for and its flags, one after the other. */
export function helpText(help: ToolHelp, more: readonly Flag[] = []): string {
  const { name, alias, about } = help
  const all = allFlags(help, more)
  const lefts = all.map(({ name: flag, value, isOptional }) => {
    const shown = isOptional ? `[${value}]` : `<${value}>`
    return `  --${flag}${value === undefined ? '' : ` ${shown}`}`
  })
  const width = Math.min(MAX_LEFT, Math.max(...lefts.map(({ length }) => length))) + 2
  const lines = all.flatMap((flag, at) => {
    const left = lefts[at]!
    const right = wrapped(flag.about, WIDTH - width)
    const first = left.length > width - 2 ? [left] : []
    const begin = first.length > 0 ? ''.padEnd(width) : left.padEnd(width)
    return [...first, ...right.map((text, row) => (row === 0 ? begin : ''.padEnd(width)) + text)]
  })
  const kafkas = alias === null ? '' : `   (${alias} of Apache Kafka)`
  const usage = `Usage: millrace ${name} [options]${kafkas}`
  return [about, '', usage, '', ...lines].join('\n')
}

function wrapped(text: string, width: number): string[] {
  const lines = ['']
  for (const word of text.split(' ')) {
    const last = lines.at(-1)!
    if (last === '') lines[lines.length - 1] = word
    else if (last.length + 1 + word.length <= width) lines[lines.length - 1] = `${last} ${word}`
    else lines.push(word)
  }
  return lines
}

/** Handles flags that all tools have; null where the command is to run. */
export function common(run: ToolRun, help: ToolHelp, has: (flag: string) => boolean) {
  if (run.onHelp !== undefined) {
    run.onHelp(help)
    return 0
  }
  if (run.args.length === 0 && (run.isAlias || !help.runsBare)) {
    run.err(helpText(help, run.moreFlags))
    return 1
  }
  if (has('help')) {
    // Kafka's tools take a call for help as a wrong call.
    if (run.isAlias) run.err(helpText(help))
    else run.out(helpText(help, run.moreFlags))
    return run.isAlias ? 1 : 0
  }
  if (!has('version')) return null
  run.out(run.version)
  return 0
}
