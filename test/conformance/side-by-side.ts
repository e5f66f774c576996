/**
 * Command lines run through Apache Kafka's tool and through ours, one list after the other against
 * the same server, of this kind or the other. A file of the folder `command-lines` has them, one a
 * line with modifiers as in transcripts; what begins with # is a comment, `> line` a line of input,
 * and `@ name content` a file of one line in the folder FILES. What is no tool of ours yet is run
 * by Kafka's in both lists. The last commands undo what the others did, so that both begin alike.
 *
 * Invariant: exit status and standard output are compared byte for byte, with ids, times and hosts
 * normalised. Of the error stream it is the first line, behind which Kafka's tools print a stack or
 * all of their help, and ours what to do next; names of Java's exceptions are taken out of it.
 */
import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { captured } from '../../src/cli/tool-run.test-support.ts'
import { TOOLS } from '../../src/cli/tools.ts'
import type { Check, CheckContext } from './check.ts'
import { TOOL_CLASSES, type ToolName } from './jvm.ts'
import { eventually } from './process.ts'
import type { Server } from './server.ts'
import { normalise } from './transcript.ts'

/** What a run of one command printed. */
interface Printed {
  readonly status: number
  readonly out: readonly string[]
  /** Null where it wrote no errors. */
  readonly firstError: string | null
}

interface CommandLine {
  readonly modifiers: readonly string[]
  readonly tool: ToolName
  readonly args: readonly string[]
  readonly input: string[]
  readonly text: string
}

type RunOne = (command: CommandLine, args: readonly string[]) => Promise<Printed>

const MAX_DIFFERENCES = 6
const SETTLING_MS = 10_000
const MODIFIERS = /^(eventually|sorted|unconnected)$/

/** The class of an exception, where its own text got into a message. */
const JAVA_CLASS = /\b(?:[a-z]+\.){2,}\w+Exception: /

/** Our tool for one of Kafka's; null where there is none yet. */
const ourTool = (tool: ToolName) => TOOLS.find(({ alias }) => alias === tool) ?? null

/** A check that runs a file of the folder `command-lines`. */
export function sideBySideCheck(name: string): Check {
  return { name: `cli-${name}`, needs: ['java'], run: (context) => compare(name, context) }
}

async function compare(name: string, context: CheckContext): Promise<void> {
  const file = join(import.meta.dirname, 'command-lines', `${name}.txt`)
  const commands = parse(readFileSync(file, 'utf8'), context.directory)
  const server = await context.startServer('server') // on which no other check makes topics
  const theirs = await runAll(commands, context, server, (command, args) =>
    runTheirs(context, server, command, args),
  )
  const ours = await runAll(commands, context, server, (command, args) =>
    ourTool(command.tool) !== null
      ? runOurs(server, command, args)
      : runTheirs(context, server, command, args),
  )
  const differences = commands.flatMap((command, at) => {
    const [wanted, found] = [theirs[at]!, ours[at]!].map(textOf)
    return wanted === found ? [] : [`$ ${command.text}\n  Kafka: ${wanted}\n  ours:  ${found}`]
  })
  context.note(`${commands.length} command lines, ${differences.length} differ`)
  if (differences.length === 0) return
  const more = differences.length - MAX_DIFFERENCES
  const rest = more > 0 ? `\nand ${more} more` : ''
  throw new Error(differences.slice(0, MAX_DIFFERENCES).join('\n') + rest)
}

function textOf({ status, out, firstError }: Printed): string {
  return JSON.stringify({ status, out, firstError })
}

function parse(text: string, folder: string): CommandLine[] {
  const commands: CommandLine[] = []
  for (const line of text.split('\n')) {
    if (line === '' || line.startsWith('#')) continue
    if (line.startsWith('@ ')) {
      const [name = '', ...content] = line.slice(2).split(' ')
      writeFileSync(join(folder, name), `${content.join(' ')}\n`)
      continue
    }
    if (line.startsWith('> ')) {
      commands.at(-1)?.input.push(line.slice(2))
      continue
    }
    const words = line.split(' ')
    const count = words.findIndex((word) => !MODIFIERS.test(word))
    const [tool, ...args] = words.slice(count)
    if (tool === undefined || !(tool in TOOL_CLASSES)) throw new Error(`no such tool: ${line}`)
    const modifiers = words.slice(0, count)
    commands.push({ modifiers, tool: tool as ToolName, args, input: [], text: line })
  }
  return commands
}

async function runAll(
  commands: readonly CommandLine[],
  context: CheckContext,
  server: Server,
  run: RunOne,
): Promise<Printed[]> {
  const results: Printed[] = []
  for (const command of commands) {
    const args = command.args.map((arg) => arg.replaceAll('FILES', context.directory))
    if (!command.modifiers.includes('unconnected')) {
      args.push('--bootstrap-server', server.bootstrap)
    }
    results.push(
      command.modifiers.includes('eventually')
        ? await settled(() => run(command, args))
        : await run(command, args),
    )
  }
  return results
}

/** What a command prints twice in a row: brokers learn of things after controllers do. */
async function settled(run: () => Promise<Printed>): Promise<Printed> {
  let last = await run()
  await eventually(SETTLING_MS, async () => {
    await new Promise((resolve) => setTimeout(resolve, 300))
    const before = textOf(last)
    last = await run()
    if (textOf(last) !== before) throw new Error(`still changes: ${before}`)
  })
  return last
}

async function runTheirs(
  { jvm }: CheckContext,
  server: Server,
  { tool, modifiers, input }: CommandLine,
  args: readonly string[],
): Promise<Printed> {
  const lines = input.map((line) => `${line}\n`).join('')
  const { status, output, errors } = await jvm.call(tool, args, lines)
  // Kafka's tools write errors behind their output and never between.
  const out = errors === '' ? output : output.replace(errors, '')
  return printed(server, modifiers, { status, out, errors })
}

async function runOurs(
  server: Server,
  { tool, modifiers, input }: CommandLine,
  args: readonly string[],
): Promise<Printed> {
  const run = await captured(await ourTool(tool)!.load(), args, { isAlias: true, input })
  const { status, out, err: errors } = run
  return printed(server, modifiers, { status, out, errors })
}

function printed(
  server: Server,
  modifiers: readonly string[],
  { status, out, errors }: { status: number; out: string; errors: string },
): Printed {
  const sorting = modifiers.filter((modifier) => modifier === 'sorted')
  return {
    status,
    out: normalise({ status: 0, output: out }, server, sorting),
    firstError:
      normalise({ status: 0, output: errors.replace(JAVA_CLASS, '') }, server, [])[0] ?? null,
  }
}
