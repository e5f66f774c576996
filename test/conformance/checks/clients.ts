/**
 * Client libraries of other languages. Each has one program (python/, go/, node/) whose first
 * argument names the check; what the check claims is written there, in the library's own words.
 */
import { cpSync, existsSync, readdirSync, symlinkSync } from 'node:fs'
import { join } from 'node:path'
import type { Check, CheckContext } from '../check.ts'
import { runToEnd } from '../process.ts'
import type { Tool } from '../toolbox.ts'

const HERE = join(import.meta.dirname, '..')
const CLIENT_TIMEOUT_MS = 100_000

export interface ClientCommand {
  readonly command: string
  readonly args: readonly string[]
  readonly env: Readonly<Record<string, string>>
}

interface Library {
  readonly name: string
  readonly tool: Tool
  readonly checks: readonly string[]
}

const LIBRARIES: readonly Library[] = [
  {
    name: 'confluent-kafka',
    tool: 'python',
    checks: ['admin', 'produce', 'group', 'static', 'times'],
  },
  { name: 'aiokafka', tool: 'python', checks: ['admin', 'produce', 'group', 'times'] },
  { name: 'kafka-python', tool: 'python', checks: ['admin', 'produce', 'group', 'times'] },
  { name: 'sarama', tool: 'go', checks: ['admin', 'produce', 'group', 'times'] },
  { name: 'franz', tool: 'go', checks: ['admin', 'produce', 'group', 'times'] },
  { name: 'kafkajs', tool: 'node', checks: ['quickstart', 'admin', 'produce', 'group', 'times'] },
  { name: 'platformatic', tool: 'node', checks: ['quickstart', 'admin', 'produce', 'group'] },
]

/** How one of the programs is started: its check, then the arguments that are the same for all. */
export async function clientCommand(
  library: string,
  check: string,
  context: CheckContext,
): Promise<ClientCommand> {
  const tool = LIBRARIES.find((each) => each.name === library)!.tool
  const prepared = await context.toolbox.prepare(tool)
  if (tool === 'go') return { command: prepared, args: [`${library}-${check}`], env: {} }
  if (tool === 'python') {
    const script = join(HERE, 'python', `check_${library.replaceAll('-', '_')}.py`)
    const env = { PYTHONPATH: prepared, PYTHONDONTWRITEBYTECODE: '1', PYTHONUNBUFFERED: '1' }
    return { command: 'python3', args: [script, check], env }
  }
  const command = process.execPath
  return { command, args: [nodeProgram(library, prepared, context), check], env: {} }
}

/** The program of that name in node/, where it finds the packages. */
export function nodeProgram(name: string, prepared: string, context: CheckContext): string {
  return join(nodeFolder(prepared, context.directory), `${name}.mjs`)
}

/**
 * A folder in which the programs for Node find the packages beside them, as in a project of their
 * own.
 */
function nodeFolder(prepared: string, directory: string): string {
  const sources = join(HERE, 'node')
  if (existsSync(join(directory, 'node_modules'))) return directory
  for (const name of readdirSync(sources)) {
    if (name.endsWith('.mjs')) cpSync(join(sources, name), join(directory, name))
  }
  symlinkSync(join(prepared, 'node_modules'), join(directory, 'node_modules'))
  return directory
}

async function runClient(library: string, check: string, context: CheckContext): Promise<void> {
  const { command, args, env } = await clientCommand(library, check, context)
  const all = [...args, context.server.bootstrap, context.topic]
  const finished = await runToEnd(command, all, CLIENT_TIMEOUT_MS, { env })
  if (finished.status === 0) return
  const words = (finished.stderr.trim() || finished.stdout).split('\n').slice(-12).join('\n    ')
  throw new Error(`status ${finished.status}: ${words}`)
}

export const clients: readonly Check[] = LIBRARIES.flatMap(({ name, tool, checks }) =>
  checks.map((check) => ({
    name: `${name}-${check}`,
    needs: [tool],
    run: (context: CheckContext) => runClient(name, check, context),
  })),
)
