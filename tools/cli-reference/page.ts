/**
 * The parts of docs/command-line.md that are written from the commands themselves: the table of
 * commands, and every flag of each. They stand between comments that name them; the rest of the
 * page is by hand.
 */
import { type CommandTable, commandTables } from '../../src/cli/completion/command-tables.ts'
import { COMMON_FLAGS, type Flag } from '../../src/cli/flags.ts'
import { TOOL_GROUPS, TOOLS } from '../../src/cli/tools.ts'

export const PAGE = 'docs/command-line.md'

/** The page with its generated parts as they have to be. */
export async function withReference(page: string): Promise<string> {
  const tables = await commandTables(TOOLS)
  const parts = { commands: commandsTable(tables), reference: reference(tables) }
  return Object.entries(parts).reduce((text, [name, part]) => placed(text, name, part), page)
}

function placed(page: string, name: string, part: string): string {
  const [begin, end] = [`<!-- ${name}: npm run cli-reference -->`, `<!-- end of ${name} -->`]
  const [from, to] = [page.indexOf(begin), page.indexOf(end)]
  if (from === -1 || to < from)
    throw new Error(`${PAGE} has no place for ${name}: ${begin}, ${end}`)
  return `${page.slice(0, from + begin.length)}\n${part}\n${page.slice(to)}`
}

const cell = (text: string) => text.replaceAll('|', '\\|')

function commandsTable(tables: readonly CommandTable[]): string {
  const rows = [...TOOL_GROUPS].flatMap((group) =>
    tables
      .filter((table) => table.group === group)
      .map(({ name, alias, about }) => {
        const kafkas = alias === null ? '' : `\`${alias}.sh\``
        return `| \`millrace ${name}\` | ${kafkas} | ${cell(about)} |`
      }),
  )
  return ['| Millrace | Kafka | |', '|---|---|---|', ...rows].join('\n')
}

function reference(tables: readonly CommandTable[]): string {
  const common = flagRows(COMMON_FLAGS)
  const all = 'Commands that connect take these besides their own:'
  const sections = tables.flatMap(({ name, about, flags, commands }) => {
    const own = flags.filter(({ name: flag }) => !isCommon(flag))
    return [
      `### millrace ${name}`,
      cell(about),
      ...(own.length === 0 ? [] : [flagRows(own)]),
      ...commands.flatMap((each) => {
        const of = each.flags.filter(({ name: flag }) => !isCommon(flag))
        const title = `\`millrace ${name} ${each.name}\`: ${each.about}`
        return of.length === 0 ? [title] : [title, flagRows(of)]
      }),
    ]
  })
  return [all, common, ...sections].join('\n\n')
}

const isCommon = (flag: string) => COMMON_FLAGS.some(({ name }) => name === flag)

function flagRows(flags: readonly Flag[]): string {
  const rows = flags.map(({ name, value, isOptional, about }) => {
    const shown = value === undefined ? '' : isOptional ? ` [${value}]` : ` <${value}>`
    return `| \`--${name}${cell(shown)}\` | ${cell(about)} |`
  })
  return ['| flag | |', '|---|---|', ...rows].join('\n')
}
