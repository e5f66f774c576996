/**
 * What `millrace --help` prints, and what is said where no command has the name: the nearest one,
 * or those that begin with it.
 */
import { styleText } from 'node:util'
import { nearest } from './suggestion.ts'
import { TOOL_GROUPS, TOOLS } from './tools.ts'

interface Line {
  readonly name: string
  readonly about: string
}

/** The commands of a node, which come before the tools. */
const NODE_LINES: readonly Line[] = [
  { name: 'server', about: 'Run a node; without a file, one for development.' },
  { name: 'storage', about: 'Prepare and show data directories: format, info, random-uuid.' },
]

const WAYS = `Where to connect: --bootstrap-server, --command-config, --profile, or the environment
(MILLRACE_BOOTSTRAP_SERVERS, MILLRACE_COMMAND_CONFIG, MILLRACE_PROFILE); else 127.0.0.1:9092.
Kafka's own names work too: millrace kafka-topics is kafka-topics, with its exit codes.`

/** What to print for words that name no command, and whether it is what was asked for. */
export function overview(words: readonly string[]): { text: string; isMeant: boolean } {
  const [first, second] = words
  const isHelp = first === 'help' || first === '--help' || first === '-h'
  if (first === undefined || isHelp) return { text: all(), isMeant: isHelp }
  const family = TOOLS.filter(({ name }) => name.startsWith(`${first}-`))
  const isHelpOfFamily = second === '--help' || second === '-h'
  if (family.length > 0 && (second === undefined || isHelpOfFamily)) {
    const usage = `Usage: millrace ${first} <command> [options]`
    return { text: `${usage}\n\n${listed(family).join('\n')}`, isMeant: isHelpOfFamily }
  }
  return { text: unknown(words), isMeant: false }
}

function all(): string {
  const groups = [
    ['Node', NODE_LINES] as const,
    ...TOOL_GROUPS.map((group) => [group, TOOLS.filter((tool) => tool.group === group)] as const),
  ].filter(([, lines]) => lines.length > 0)
  const width = Math.max(...groups.flatMap(([, lines]) => lines.map(({ name }) => name.length)))
  const blocks = groups.map(([group, lines]) => {
    return [styleText('bold', group), ...listed(lines, width)].join('\n')
  })
  return [
    'Apache Kafka in TypeScript.',
    'Usage: millrace <command> [options]\n       millrace help <command>',
    ...blocks,
    WAYS,
  ].join('\n\n')
}

function listed(lines: readonly Line[], width = 0): string[] {
  const wide = Math.max(width, ...lines.map(({ name }) => name.length))
  return lines.map(({ name, about }) => `  ${name.padEnd(wide)}  ${about}`)
}

function unknown([first = '', second = '']: readonly string[]): string {
  const names = [...NODE_LINES.map(({ name }) => name), ...TOOLS.map(({ name }) => name)]
  const aliases = TOOLS.flatMap(({ alias }) => alias ?? [])
  const isFamily = names.some((name) => name.startsWith(`${first}-`))
  const typed = isFamily ? `${first}-${second}` : first.replace(/\.sh$/, '')
  const near = nearest(typed, typed.startsWith('kafka-') ? aliases : names)
  const meant = near === null ? '' : `; did you mean millrace ${near}?`
  const written = isFamily ? `${first} ${second}` : first
  return `millrace: no command "${written}"${meant}\nmillrace --help lists all commands.`
}
