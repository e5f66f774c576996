/**
 * `millrace server` and `millrace storage`, with their flags.
 *
 * Invariant: a start of the server reads nothing that only storage needs.
 */
import { Command, CommanderError } from 'commander'

/** The commands with their flags, as Commander has them. */
export function nodeCommands(command: string | undefined, version: string): Command {
  const millrace = new Command('millrace')
    .helpOption('-h, --help', 'explain a command')
    .helpCommand(false)
    .exitOverride()
  addServer(millrace, version)
  if (command === 'server') return millrace // a start is to be short
  addStorage(millrace)
  return millrace
}

/** Runs one of them; null where the process ends by itself, with a status of its own. */
export async function runNodeCommand(
  words: readonly string[],
  version: string,
): Promise<number | null> {
  try {
    await nodeCommands(words[0], version).parseAsync([...words], { from: 'user' })
    return null
  } catch (error) {
    // Commander has said itself what it has to say.
    if (error instanceof CommanderError) return error.exitCode
    throw error
  }
}

function addServer(millrace: Command, version: string): void {
  millrace
    .command('server')
    .description('Run a node; without a file, one for development with its data in ./data.')
    .argument('[server.properties]', 'a file as Apache Kafka reads it')
    .option('--override <name=value>', 'set a property; may be given again', collect, [])
    .option('--strict', 'refuse to start on a property that does not exist')
    .action(async (file: string | undefined, options: { override: string[]; strict?: true }) => {
      const { runServer } = await import('./server/server.ts')
      const { override: overrides, strict = false } = options
      await runServer({ file: file ?? null, overrides, strict, version })
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
