/**
 * The `millrace` command. A command's own code is loaded when it is run, so that none pays for
 * another.
 *
 * Invariant: what goes wrong is said on stderr, a line for each thing, without a stack unless it is
 * a fault of Millrace's own; the exit code is then 1.
 */
import { readFileSync } from 'node:fs'
import { meantWords, toolOf } from './command-words.ts'
import type { ToolEntry } from './tools.ts'

/** The commands that run and prepare a node; their flags are read by Commander. */
const NODE_COMMANDS = ['server', 'storage']

function version(): string {
  const file = new URL('../../package.json', import.meta.url)
  return (JSON.parse(readFileSync(file, 'utf8')) as { version: string }).version
}

async function runTool(tool: ToolEntry, name: string, args: readonly string[]): Promise<number> {
  const running = await import('./run-tool.ts')
  return running.runTool(tool, { args, isAlias: name !== tool.name, version: version() })
}

/** Runs a command line without the first two words of the process; resolves with the status. */
async function run(given: readonly string[]): Promise<number | null> {
  const words = meantWords(given)
  const found = toolOf(words)
  if (found !== null) return runTool(found.tool, found.name, found.args)
  const [first] = words
  if (first !== undefined && NODE_COMMANDS.includes(first)) {
    const { runNodeCommand } = await import('./node-commands.ts')
    return runNodeCommand(words, version())
  }
  if (first === '--version' || first === '-V') {
    process.stdout.write(`${version()}\n`)
    return 0
  }
  const { overview } = await import('./overview.ts')
  const { text, isMeant } = overview(words)
  const stream = isMeant ? process.stdout : process.stderr
  stream.write(`${text}\n`)
  return isMeant ? 0 : 1
}

/** Runs the command line. */
export async function main(argv: readonly string[]): Promise<void> {
  try {
    const status = await run(argv.slice(2))
    if (status !== null) process.exitCode = status
  } catch (error) {
    const { errorLines } = await import('./error-lines.ts')
    for (const line of errorLines(error)) process.stderr.write(`${line}\n`)
    process.exitCode = 1
  }
}

void main(process.argv) // which throws nothing
