/**
 * Sizes that a reader can take in (rules 8 and 14). Functions are measured by Biome: biome.json.
 */
import type { Check } from './source-file.ts'

const LINES_MAX = 500
const HANDLER_LINES_MAX = 150
const COLUMNS_MAX = 100
/** A text that is searched for is found where it stands in one piece. */
const TEXT_COLUMNS_MAX = 120

/** Tables of facts may be as long as the facts are. */
export const TABLES = /^src\/(protocol\/(messages|persisted)|broker\/config\/keys)\//

/** Longer than a handler should be, with the reason. */
const LONG_HANDLERS: readonly string[] = []

const HANDLER = /^src\/broker\/handlers\/\d\d-/

export const checkSizes: Check = (files) =>
  files
    .filter(({ path }) => /\.(ts|js)$/.test(path))
    .flatMap(({ path, text }) => {
      const lines = text.split('\n')
      if (lines.at(-1) === '') lines.pop()
      const isHandler = HANDLER.test(path) && !path.includes('.test')
      const max = isHandler && !LONG_HANDLERS.includes(path) ? HANDLER_LINES_MAX : LINES_MAX
      const tooLong =
        lines.length > max && !TABLES.test(path)
          ? [`${path}: ${lines.length} lines, not ${max}`]
          : []
      return [...tooLong, ...wideLines(path, lines)]
    })

function wideLines(path: string, lines: readonly string[]): string[] {
  return lines.flatMap((line, index) => {
    const max = isComment(line) || !/['`/]/.test(line) ? COLUMNS_MAX : TEXT_COLUMNS_MAX
    return line.length > max ? [`${path}:${index + 1}: ${line.length} columns, not ${max}`] : []
  })
}

function isComment(line: string): boolean {
  return /^\s*(\/\*|\*|\/\/)/.test(line)
}
