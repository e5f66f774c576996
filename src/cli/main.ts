/**
 * The `millrace` command. A command's own code is loaded when it is run, so that none pays for
 * another.
 *
 * Invariant: what goes wrong is said on stderr, a line for each thing, without a stack unless it is
 * a fault of Millrace's own; the exit code is then 1.
 */
import { readFileSync } from 'node:fs'
import { Command, CommanderError } from 'commander'
import { errorLines } from './error-lines.ts'
import { findTool, TOOLS } from './tools.ts'

function program(command: string | undefined): Command {
  const millrace = new Command('millrace')
    .description('Apache Kafka in TypeScript.')
    .version(version(), '--version', 'print the version')
    .helpOption('-h, --help', 'explain a command')
    .exitOverride()
  addServer(millrace)
  if (command === 'server') return millrace // a start is to be short
  addStorage(millrace)
  for (const { name, about } of TOOLS) millrace.command(name).description(about)
  return millrace
}

function addServer(millrace: Command): void {
  millrace
    .command('server')
    .description('Run a node; without a file, one for development with its data in ./data.')
    .argument('[server.properties]', 'a file as Apache Kafka reads it')
    .option('--override <name=value>', 'set a property; may be given again', collect, [])
    .option('--strict', 'refuse to start on a property that does not exist')
    .action(async (file: string | undefined, options: { override: string[]; strict?: true }) => {
      const { runServer } = await import('./server/server.ts')
      const { override: overrides, strict = false } = options
      await runServer({ file: file ?? null, overrides, strict, version: version() })
    })
}

interface FormatFlags {
  clusterId: string
  config?: string
  ignoreFormatted?: true
  standalone?: true
  /** Commander's reading of --no-initial-controllers (false) and --initial-controllers (text). */
  initialControllers?: string | false
  feature: string[]
  releaseVersion?: string
}

function addStorage(millrace: Command): void {
  const storage = millrace.command('storage').description('Prepare and show data directories.')
  const config = [
    '-c, --config <file>',
    'server.properties; without, the development profile',
  ] as const
  storage
    .command('format')
    .description('Make data directories ready for their first start.')
    .requiredOption(
      '-t, --cluster-id <id>',
      'id of the cluster, from `millrace storage random-uuid`',
    )
    .option(...config)
    .option('-g, --ignore-formatted', 'leave formatted directories as they are')
    .option('-s, --standalone', 'make this node the only voter of a dynamic quorum')
    .option('-I, --initial-controllers <list>', 'voters as id@host:port:directory, comma-separated')
    .option('-N, --no-initial-controllers', 'leave the voters of a dynamic quorum open')
    .option('-f, --feature <name=level>', 'level of a feature; may be given again', collect, [])
    .option('-r, --release-version <version>', 'release whose feature levels to start with')
    .action(async (flags: FormatFlags) => {
      const { formatCommand } = await import('./server/storage.ts')
      formatCommand({
        clusterId: flags.clusterId,
        file: flags.config ?? null,
        ignoreFormatted: flags.ignoreFormatted ?? false,
        standalone: flags.standalone ?? false,
        noInitialControllers: flags.initialControllers === false,
        initialControllers: flags.initialControllers || null,
        features: flags.feature,
        releaseVersion: flags.releaseVersion ?? null,
      })
    })
  storage
    .command('info')
    .description('Show what the data directories are.')
    .option(...config)
    .action(async (flags: { config?: string }) => {
      const { infoCommand } = await import('./server/storage.ts')
      process.exitCode = infoCommand(flags.config ?? null)
    })
  storage
    .command('random-uuid')
    .description('Print a new id.')
    .action(async () => {
      const { randomUuidCommand } = await import('./server/storage.ts')
      randomUuidCommand()
    })
}

function collect(value: string, before: string[]): string[] {
  return [...before, value]
}

function version(): string {
  const file = new URL('../../package.json', import.meta.url)
  return (JSON.parse(readFileSync(file, 'utf8')) as { version: string }).version
}

/** Runs the command line. */
export async function main(argv: readonly string[]): Promise<void> {
  const isHelp = argv[2] === 'help' && argv.length === 4
  const name = argv[isHelp ? 3 : 2] ?? ''
  const tool = findTool(name)
  if (tool !== null) {
    const { runTool } = await import('./run-tool.ts')
    const args = isHelp ? ['--help'] : argv.slice(3)
    process.exitCode = await runTool(tool.load, {
      args,
      isAlias: name !== tool.name,
      version: version(),
    })
    return
  }
  try {
    await program(argv[2]).parseAsync([...argv])
  } catch (error) {
    // Commander has said itself what it has to say.
    if (error instanceof CommanderError) process.exitCode = error.exitCode
    else {
      for (const line of errorLines(error)) process.stderr.write(`${line}\n`)
      process.exitCode = 1
    }
  }
}

void main(process.argv) // which throws nothing
