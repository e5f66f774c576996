/**
 * Transcripts of Apache Kafka's command-line tools: commands, and what they print against Apache
 * Kafka 4.3.1.
 *
 *     # comment
 *     $ [modifier ...] tool arguments   run with --bootstrap-server added, unless it has one or
 *                                       reads files
 *     > a line of its standard input
 *     @ name content                    before a command: a file of one line in the folder FILES
 *     what it prints
 *     [exit 1]                          only where the exit status is not 0
 *
 * Modifiers: `eventually` runs it again, for some seconds, until it prints what is expected;
 * `sorted` sorts the lines, where their order means nothing; `measured` lets rates and durations
 * differ, and `figures:A,B` the numbers called A and B, beside their names or in their columns;
 * `only:TEXT` keeps the lines with TEXT; `columns` lets the widths of columns differ, which follow
 * the names of other checks' groups. An empty line of output is written BLANK. In arguments
 * SERVER is the server's address, DATA its data directory, DIRECTORY the folder of its
 * server.properties, FILES a folder for this transcript's files.
 *
 * Invariant: the output is compared byte for byte with ids, times and hosts normalised, and, where
 * a modifier says so, what no two runs have in common. `--against kafka --record` writes the
 * expected text anew; read the diff, and commit it only if you can explain it.
 */
import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import type { Check, CheckContext } from './check.ts'
import { TOOL_CLASSES, type ToolName, type ToolResult } from './jvm.ts'
import { eventually } from './process.ts'
import type { Server } from './server.ts'

interface Command {
  readonly line: string
  readonly modifiers: readonly string[]
  readonly tool: ToolName
  readonly args: readonly string[]
  readonly input: readonly string[]
  readonly expected: readonly string[]
}

type Block = { readonly comment: string; readonly file?: readonly [string, string] } | Command

const EVENTUALLY_MS = 20_000
const MODIFIERS = /^(eventually|sorted|measured|columns|figures:\S+|only:\S+)$/
/** Stands for an empty line. */
export const BLANK = 'BLANK'
const WITHOUT_SERVER: readonly ToolName[] = ['kafka-dump-log', 'kafka-storage']
const MAX_DIFFERENCES = 6
/**
 * Stack frames of the tool's JVM, which tell of Java and ToolRunner; and the console consumer's
 * advertisement of another group protocol, where the server has it.
 */
const NOISE =
  /^(\s+at [\w.$/]+\(.*|\s+\.\.\. \d+ more|The consumer rebalance protocol \(KIP-848\).*)$/

/** A check that runs a transcript of the folder `transcripts`. */
export function transcriptCheck(name: string): Check {
  return { name: `java-${name}`, needs: ['java'], run: (context) => runTranscript(name, context) }
}

async function runTranscript(name: string, context: CheckContext): Promise<void> {
  const file = join(import.meta.dirname, 'transcripts', `${name}.txt`)
  const blocks = parse(readFileSync(file, 'utf8'))
  const recorded: string[] = []
  const differences: string[] = []
  for (const block of blocks) {
    if ('comment' in block) {
      recorded.push(block.comment)
      if (block.file !== undefined) {
        const [name, content] = block.file
        writeFileSync(join(context.directory, name), `${content}\n`)
      }
      continue
    }
    const actual = await runCommand(block, context)
    recorded.push(`$ ${block.line}`, ...block.input.map((line) => `> ${line}`), ...actual)
    if (context.isRecording) continue
    const difference = firstDifference(block, actual)
    if (difference !== null) differences.push(difference)
  }
  if (context.isRecording) {
    writeFileSync(file, `${recorded.join('\n')}\n`)
  } else if (differences.length > 0) {
    const more = differences.length - MAX_DIFFERENCES
    const shown = differences.slice(0, MAX_DIFFERENCES).join('\n    ')
    throw new Error(`${shown}${more > 0 ? `\n    and ${more} more commands` : ''}`)
  }
}

function parse(text: string): Block[] {
  const blocks: Block[] = []
  let input: string[] = []
  let expected: string[] = []
  for (const line of text.replace(/\n$/, '').split('\n')) {
    if (line.startsWith('$ ')) {
      input = []
      expected = []
      const words = line.slice(2).trim().split(/\s+/)
      const count = words.findIndex((word) => !MODIFIERS.test(word))
      const [tool, ...args] = words.slice(count)
      if (tool === undefined || !(tool in TOOL_CLASSES)) throw new Error(`no such tool: ${line}`)
      const modifiers = words.slice(0, count)
      const command = { line: line.slice(2), modifiers, tool: tool as ToolName, args }
      blocks.push({ ...command, input, expected })
    } else if (line.startsWith('> ')) {
      input.push(line.slice(2))
    } else if (line.startsWith('@ ')) {
      const [name = '', ...words] = line.slice(2).split(' ')
      blocks.push({ comment: line, file: [name, words.join(' ')] })
    } else if (line.startsWith('# ') || line === '') {
      blocks.push({ comment: line })
    } else {
      expected.push(line)
    }
  }
  return blocks
}

async function runCommand(command: Command, context: CheckContext): Promise<string[]> {
  const run = async () => {
    const result = await callTool(command, context)
    return normalise(result, context.server, command.modifiers)
  }
  if (!command.modifiers.includes('eventually')) return run()
  if (context.isRecording) {
    await new Promise((resolve) => setTimeout(resolve, 2_000))
    return run()
  }
  let last: string[] = []
  await eventually(EVENTUALLY_MS, async () => {
    last = await run()
    if (firstDifference(command, last) !== null) throw new Error('not yet')
  }).catch(() => {})
  return last
}

function callTool(command: Command, context: CheckContext): Promise<ToolResult> {
  const { jvm, server } = context
  const args = command.args.map((arg) =>
    arg
      .replaceAll('SERVER', server.bootstrap)
      .replaceAll('DATA', server.dataDirectory)
      .replaceAll('DIRECTORY', server.directory)
      .replaceAll('FILES', context.directory),
  )
  const needsServer = !WITHOUT_SERVER.includes(command.tool)
  if (needsServer && !args.some((arg) => arg.startsWith('--bootstrap'))) {
    args.push('--bootstrap-server', server.bootstrap)
  }
  const input = command.input.map((line) => `${line}\n`).join('')
  return jvm.call(command.tool, args, input)
}

/** The lines of a result with everything taken out that differs from run to run. */
export function normalise(
  result: Pick<ToolResult, 'status' | 'output'>,
  server: Server,
  modifiers: readonly string[],
): string[] {
  const text = result.output
    .replaceAll(server.dataDirectory, 'DATA')
    .replaceAll(server.directory, 'DIRECTORY')
    .replaceAll(server.clusterId, 'CLUSTER-ID')
    .replaceAll(`127.0.0.1:${server.port}`, 'SERVER')
    .replaceAll(String(server.port), 'PORT')
    .replace(/127\.0\.0\.1:\d+/g, 'CONTROLLER')
    .replace(/[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}/g, 'UUID')
    .replace(/(topicId"?: ?"?|directory\.?Id[":= ]+|"directories":\[")[\w-]{22}/gi, '$1ID')
    .replace(/^(\d+\s+)[\w-]{22}(\s)/gm, '$1ID$2') // a replica of the quorum
    .replace(/\d{4}-\d\d-\d\d[T ]\d\d:\d\d:\d\d[.,:]?\d*(Z|[+-]\d\d:?\d\d)?/g, 'TIME')
    .replace(/\b1[789]\d{11}\b/g, 'TIME')
    .replace(/(crc: )\d+/g, '$1N')
    .replace(/(producerId: )\d+/g, '$1N')
  let lines = text.replace(/\n$/, '').split('\n')
  if (text === '') lines = []
  lines = lines.filter((line) => !NOISE.test(line)).map((line) => (line === '' ? BLANK : line))
  for (const modifier of modifiers) {
    if (modifier === 'sorted') lines.sort()
    if (modifier === 'columns') lines = lines.map((line) => line.replace(/ +/g, ' ').trim())
    if (modifier === 'measured') lines = lines.map(withoutMeasures)
    if (modifier.startsWith('figures:')) {
      lines = withoutFigures(lines, modifier.slice('figures:'.length).split(','))
    }
    if (modifier.startsWith('only:')) {
      lines = lines.filter((line) => line.includes(modifier.slice('only:'.length)))
    }
  }
  return result.status === 0 ? lines : [...lines, `[exit ${result.status}]`]
}

/** Rates, durations and percentiles. */
function withoutMeasures(line: string): string {
  return line
    .replace(/\d+(\.\d+)?(?= ?(records\/sec|MB\/sec|ms\b))/g, 'N')
    .replace(/(th = |"avg_throughput":|^\d+\t)\d+(\.\d+)?/g, '$1N')
}

/** Takes out the numbers of these names: `name: 5`, or those below them in a table. */
function withoutFigures(lines: readonly string[], names: readonly string[]): string[] {
  const labelled = new RegExp(`\\b((?:${names.join('|')})"?: *)-?\\d+`, 'g')
  let columns: readonly number[] = []
  return lines.map((line) => {
    const words = line.trim().split(/,?\s+/)
    const header = words.flatMap((word, at) => (names.includes(word) ? [at] : []))
    if (header.length > 0) columns = header
    else if (columns.length > 0) {
      return words.map((word, at) => (columns.includes(at) ? 'N' : word)).join(' ')
    }
    return line.replace(labelled, '$1N')
  })
}

function firstDifference(command: Command, actual: readonly string[]): string | null {
  const { expected } = command
  const at = expected.findIndex((line, index) => line !== actual[index])
  if (at === -1 && expected.length === actual.length) return null
  const index = at === -1 ? expected.length : at
  const wanted = expected[index] ?? 'the end'
  const found = actual[index] ?? 'the end'
  return `$ ${command.line}\n      line ${index + 1}: expected: ${wanted}\n      found:    ${found}`
}
