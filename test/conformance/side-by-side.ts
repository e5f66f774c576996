/**
 * Command lines run through Apache Kafka's tool and through ours, one list after the other against
 * the same server, of this kind or the other. A file of the folder `command-lines` has them, one a
 * line with modifiers as in transcripts; what begins with # is a comment, `> line` a line of input,
 * and `@ name content` a file of one line in the folder FILES, in which \n breaks it; `@@ name` has
 * the files of test/golden/name.txt there. DATA is the data directory of the server,
 * SERVER and CONTROLLERS are where it and its controller are reached.
 * `= kafka` begins a part that is for Apache Kafka's server alone, and `=` ends it.
 * `+ start NAME …` has something run beside the commands (beside.ts) until `+ stop NAME`. What is
 * no tool of ours yet is run by Kafka's in both lists. The last commands undo what the others did,
 * so that both begin alike.
 *
 * Modifiers: `eventually` runs it until it prints the same twice; `until:TEXT` until TEXT is in
 * what it prints, with _ for a space; `sorted` sorts the lines; `words` the words of each, where a
 * set of Java has them in an order of chance; `ids` lets the ids differ that members of KIP-848
 * give themselves; `logs` leaves the error stream out, where Kafka's tool logs instead of printing;
 * `unconnected` runs it without --bootstrap-server; `measured`, `figures:NAMES` and `only:TEXT` are
 * those of transcripts.
 *
 * Invariant: exit status and standard output are compared byte for byte, with ids, times and hosts
 * normalised. Of the error stream it is the first line with anything in it, behind which Kafka's
 * tools print a stack or all of their help, and ours what to do next; names of Java's exceptions
 * are taken out of it.
 */
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { captured } from '../../src/cli/tool-run.test-support.ts'
import { TOOLS } from '../../src/cli/tools.ts'
import { type Stop, startBeside } from './beside.ts'
import type { Check, CheckContext } from './check.ts'
import { TOOL_CLASSES, type ToolName } from './jvm.ts'
import { eventually } from './process.ts'
import type { Server } from './server.ts'
import { BLANK, normalise } from './transcript.ts'

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

/** What is started and ended beside the commands. */
interface Beside {
  readonly isStart: boolean
  readonly name: string
  readonly words: readonly string[]
}

type Step = CommandLine | Beside
type RunOne = (command: CommandLine, args: readonly string[]) => Promise<Printed>

const MAX_DIFFERENCES = 6
/** A list is long, and some of it waits. */
const TIMEOUT_MS = 280_000
const SETTLING_MS = 10_000
/** What is awaited may be a JVM that starts. */
const AWAITED_MS = 40_000
const MODIFIERS =
  /^(eventually|until:\S+|sorted|words|ids|logs|unconnected|measured|figures:\S+|only:\S+)$/
/** Those that transcripts know too. */
const NORMALISING = /^(sorted|measured|figures:|only:)/

/** The class of an exception, where its own text got into a message. */
const JAVA_CLASS = /\b(?:[a-z]\w*\.)+\w+Exception: /g
/** An id that a member gave itself, as Java's Uuid prints it. */
const MEMBER_ID = /(?<![\w-])[\w-]{22}(?![\w-])/g

/** Our tool for one of Kafka's; null where there is none yet. */
const ourTool = (tool: ToolName) => TOOLS.find(({ alias }) => alias === tool) ?? null

/** A check that runs a file of the folder `command-lines`. */
export function sideBySideCheck(name: string): Check {
  const run = (context: CheckContext) => compare(name, context)
  return { name: `cli-${name}`, needs: ['java'], timeoutMs: TIMEOUT_MS, run }
}

async function compare(name: string, context: CheckContext): Promise<void> {
  const file = join(import.meta.dirname, 'command-lines', `${name}.txt`)
  const steps = parse(readFileSync(file, 'utf8'), context)
  const commands = steps.filter((step) => 'tool' in step)
  const server = await context.startServer('server') // on which no other check makes topics
  const theirs = await runAll(steps, context, server, (command, args) =>
    runTheirs(context, server, command, args),
  )
  const ours = await runAll(steps, context, server, (command, args) =>
    ourTool(command.tool) !== null
      ? runOurs(server, command, args)
      : runTheirs(context, server, command, args),
  )
  // To be read with --keep.
  for (const [side, all] of Object.entries({ theirs, ours })) {
    const texts = all.map((one, at) => `$ ${commands[at]!.text}\n${textOf(one)}\n`)
    writeFileSync(join(context.directory, side), texts.join(''))
  }
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

function parse(text: string, { directory: folder, kind }: CheckContext): Step[] {
  const steps: Step[] = []
  let isForThis = true
  for (const line of text.split('\n')) {
    if (line.startsWith('=')) isForThis = line === '=' || line === `= ${kind}`
    if (line === '' || /^[#=]/.test(line) || !isForThis) continue
    if (line.startsWith('@ ')) {
      const [name = '', ...content] = line.slice(2).split(' ')
      writeFileSync(join(folder, name), `${content.join(' ').replaceAll('\\n', '\n')}\n`)
      continue
    }
    if (line.startsWith('@@ ')) {
      writeGolden(line.slice(3), folder)
      continue
    }
    const last = steps.at(-1)
    if (line.startsWith('> ')) {
      if (last !== undefined && 'input' in last) last.input.push(line.slice(2))
      continue
    }
    if (line.startsWith('+ ')) {
      const [verb, name = '', ...words] = line.slice(2).split(' ')
      steps.push({ isStart: verb === 'start', name, words })
      continue
    }
    const words = line.split(' ')
    const count = words.findIndex((word) => !MODIFIERS.test(word))
    const [tool, ...args] = words.slice(count)
    if (tool === undefined || !(tool in TOOL_CLASSES)) throw new Error(`no such tool: ${line}`)
    const modifiers = words.slice(0, count)
    steps.push({ modifiers, tool: tool as ToolName, args, input: [], text: line })
  }
  return steps
}

/** Writes the files of a list of the folder `golden`: path, content in hex. */
function writeGolden(name: string, folder: string): void {
  const list = join(import.meta.dirname, '..', 'golden', `${name}.txt`)
  for (const line of readFileSync(list, 'utf8').split('\n')) {
    const [path = '', hex = ''] = line.split(' ')
    if (path === '' || path === '#') continue
    mkdirSync(join(folder, path, '..'), { recursive: true })
    writeFileSync(join(folder, path), Buffer.from(hex, 'hex'))
  }
}

async function runAll(
  steps: readonly Step[],
  context: CheckContext,
  server: Server,
  run: RunOne,
): Promise<Printed[]> {
  const results: Printed[] = []
  const running = new Map<string, Stop>()
  for (const step of steps) {
    if ('isStart' in step) {
      if (step.isStart) running.set(step.name, await startBeside(context, server, step.words))
      else await running.get(step.name)!()
      continue
    }
    const args = step.args.map((arg) => {
      return arg
        .replaceAll('FILES', context.directory)
        .replaceAll('SERVER', server.bootstrap)
        .replaceAll('CONTROLLERS', server.controllers)
        .replaceAll('DATA', server.dataDirectory)
    })
    if (!step.modifiers.includes('unconnected')) args.push('--bootstrap-server', server.bootstrap)
    results.push(await runUntil(step, () => run(step, args)))
  }
  return results
}

/** What a command prints at last. */
async function runUntil({ modifiers, text }: CommandLine, run: () => Promise<Printed>) {
  const until = modifiers.find((modifier) => modifier.startsWith('until:'))
  const awaited = until?.slice('until:'.length).replaceAll('_', ' ')
  if (awaited === undefined) return modifiers.includes('eventually') ? settled(run) : run()
  let last = await run()
  await eventually(AWAITED_MS, async () => {
    if (textOf(last).includes(awaited)) return
    await new Promise((resolve) => setTimeout(resolve, 300))
    last = await run()
    throw new Error(`${text}: not yet: ${textOf(last)}`)
  })
  return last
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
  const { status, printed: out, errors } = await jvm.call(tool, args, lines)
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
  const normalising = modifiers.filter((modifier) => NORMALISING.test(modifier))
  const linesOf = (output: string) => {
    const text = modifiers.includes('ids') ? output.replace(MEMBER_ID, 'ID') : output
    const lines = normalise({ status: 0, output: text }, server, normalising)
    return modifiers.includes('words') ? lines.map(inOrder) : lines
  }
  const said = modifiers.includes('logs') ? [] : linesOf(errors.replace(JAVA_CLASS, ''))
  return { status, out: linesOf(out), firstError: said.find((line) => line !== BLANK) ?? null }
}

/** The words of a line, without what stands between them. */
function inOrder(line: string): string {
  return line
    .split(/[\s,()[\]]+/)
    .sort()
    .join(' ')
}
