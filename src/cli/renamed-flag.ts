/** Flags that Kafka 4.2 gave other names (KIP-1147), and takes under the old ones for a while. */
import type { Arguments } from './argparse-flags.ts'
import type { ToolRun } from './tool.ts'

/** Kafka's words where the old name is used. */
export function deprecation(from: string, to: string): string {
  return (
    `Option --${from} has been deprecated and will be removed in a future version. ` +
    `Use --${to} instead.`
  )
}

/** The file of --command-config, which `old` was before; both at once are refused. */
export function configFile(args: Arguments, old: string, { out }: ToolRun): string | null {
  const file = args.text(old)
  if (file === null) return args.text('command-config')
  if (args.has('command-config')) {
    throw args.error(`Options --${old} and --command-config are mutually exclusive.`)
  }
  out(deprecation(old, 'command-config'))
  return file
}
