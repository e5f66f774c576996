/**
 * Every command with its flags, as data: what completion and the reference are generated from. The
 * tables are the ones that the parsers read lines with.
 *
 * Invariant: a tool that does not hand over its help is an error, so that none is left out.
 */
import type { Command } from 'commander'
import type { Flag } from '../flags.ts'
import { nodeCommands } from '../node-commands.ts'
import { allFlags, type CommandHelp, type ToolHelp } from '../tool.ts'
import type { ToolEntry, ToolGroup } from '../tools.ts'
import { WATCH_FLAG } from '../watch.ts'

/** One command. */
export interface CommandTable {
  readonly name: string
  readonly alias: string | null
  readonly about: string
  readonly group: ToolGroup | 'Node'
  readonly flags: readonly Flag[]
  /** Flags that may stand as a word behind the name. */
  readonly actions: readonly string[]
  /** Words behind the name that have flags of their own. */
  readonly commands: readonly CommandHelp[]
}

/** All of them, in the order of the help: the commands of a node, and the tools that are given. */
export async function commandTables(tools: readonly ToolEntry[]): Promise<CommandTable[]> {
  return [...nodeTables(), ...(await Promise.all(tools.map(tableOf)))]
}

async function tableOf(entry: ToolEntry): Promise<CommandTable> {
  const { name, alias, about, group, watch, actions = [] } = entry
  const help = await helpFrom(entry)
  const flags = allFlags(help, watch === undefined ? [] : [WATCH_FLAG])
  return { name, alias, about, group, flags, actions, commands: help.commands ?? [] }
}

async function helpFrom({ name, load }: ToolEntry): Promise<ToolHelp> {
  const tool = await load()
  let help: ToolHelp | null = null
  const told: string[] = []
  await tool({
    args: ['--help'],
    isAlias: false,
    version: '',
    out: (line) => void told.push(line),
    err: (line) => void told.push(line),
    write: () => undefined,
    input: (async function* () {})(),
    terminal: { input: false, output: false },
    interrupted: () => new AbortController().signal,
    environment: {},
    onHelp: (given) => {
      help = given
    },
  })
  if (help === null) throw new Error(`millrace ${name} printed its help: ${told[0]}`)
  return help
}

function nodeTables(): CommandTable[] {
  return nodeCommands(undefined, '').commands.map((command) => ({
    name: command.name(),
    alias: null,
    about: command.description(),
    group: 'Node',
    flags: flagsOf(command),
    actions: [],
    commands: command.commands.map((each) => ({
      name: each.name(),
      about: each.description(),
      flags: flagsOf(each),
    })),
  }))
}

function flagsOf(command: Command): Flag[] {
  const all = [...command.options, ...command.createHelp().visibleOptions(command)]
  return [...new Set(all)].map(({ long, flags, description }) => {
    const value = /[<[](.+?)[>\]]/.exec(flags)?.[1]
    return {
      name: (long ?? flags).replace(/^--/, ''),
      ...(value !== undefined && { value }),
      about: `${description[0]?.toUpperCase()}${description.slice(1)}.`,
    }
  })
}
