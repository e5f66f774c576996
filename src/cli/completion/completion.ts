/**
 * `millrace completion bash|zsh|fish` prints the script for a shell, and `completion names …` what
 * the script asks for while someone types: names of topics, groups and profiles.
 *
 * Invariant: names come soon or not at all, and without a word about why; who types must not wait.
 */
import { readFileSync } from 'node:fs'
import { COMMON_FLAGS, type Flags, parseFlags, UsageError } from '../flags.ts'
import { common, type Tool, type ToolHelp, type ToolRun } from '../tool.ts'
import type { ToolEntry } from '../tools.ts'
import { completionModel, NAME_KINDS, type NameKind } from './completion-model.ts'
import { completionScript, SHELLS } from './shell-scripts.ts'

const HELP: ToolHelp = {
  name: 'completion bash|zsh|fish',
  alias: null,
  about:
    'Print the script that completes commands, flags and names in a shell. bash and zsh: ' +
    'source <(millrace completion bash); fish: millrace completion fish | source.',
  flags: [],
}

/** How long a broker may take that is asked for names. */
const NAMES_MS = 700

/** The command, for the tools that there are. */
export function completionTool(tools: readonly ToolEntry[]): Tool {
  return (run) => complete(run, tools)
}

async function complete(run: ToolRun, tools: readonly ToolEntry[]): Promise<number> {
  const flags = parseFlags(run.args, COMMON_FLAGS)
  const ended = common(run, HELP, (flag) => flags.has(flag))
  if (ended !== null) return ended
  const [what, of] = run.args
  const shell = SHELLS.find((each) => each === what)
  if (shell !== undefined) {
    const { commandTables } = await import('./command-tables.ts') // which loads every command
    run.out(completionScript(shell, completionModel(await commandTables(tools))).trimEnd())
    return 0
  }
  const kind = NAME_KINDS.find((each) => each === of)
  if (what !== 'names' || kind === undefined) {
    throw new UsageError(`a shell is one of ${SHELLS.join(', ')}, as in: millrace completion bash`)
  }
  // Whatever goes wrong: there is nothing to offer then.
  const names = await namesOf(kind, flags, run).catch(() => [])
  for (const name of names.sort()) run.out(name)
  return 0
}

async function namesOf(kind: NameKind, flags: Flags, run: ToolRun): Promise<string[]> {
  if (kind === 'profiles') {
    const { parseProfiles, profilesPath } = await import('../profile-file.ts')
    const path = profilesPath(run.environment, process.platform)
    return path === null ? [] : [...parseProfiles(path, readFileSync(path)).keys()]
  }
  const { connectionSettings, openClient } = await import('../connection.ts')
  const kafka = openClient(connectionSettings(flags, run))
  const admin = kafka.admin({ defaultTimeoutMs: NAMES_MS })
  try {
    if (kind === 'topics') {
      return (await admin.listTopics({ listInternal: false })).map(({ name }) => name)
    }
    return (await admin.listGroups())
      .successes()
      .flatMap(([, groups]) => groups.map(({ groupId }) => groupId))
  } finally {
    void kafka.close({ timeoutMs: 0 })
  }
}
