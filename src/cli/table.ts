/** Tables for people, where no tool of Kafka says how they look: cli-table3 without its lines. */
import { styleText } from 'node:util'
import Table from 'cli-table3'

const PARTS = [
  ...['top', 'top-mid', 'top-left', 'top-right', 'bottom', 'bottom-mid', 'bottom-left'],
  ...['bottom-right', 'left', 'left-mid', 'mid', 'mid-mid', 'right', 'right-mid'],
]
const NO_LINES = { ...Object.fromEntries(PARTS.map((part) => [part, ''])), middle: '  ' }

/** The lines of a table; the head stands out where colours are wanted. */
export function textTable(
  head: readonly string[],
  rows: readonly (readonly string[])[],
  isColoured: boolean,
): string[] {
  const shown = head.map((text) => {
    return isColoured ? styleText('bold', text, { validateStream: false }) : text
  })
  const table = new Table({
    head: shown,
    chars: NO_LINES,
    style: { head: [], border: [], 'padding-left': 0, 'padding-right': 0 },
  })
  table.push(...rows.map((row) => [...row]))
  return table
    .toString()
    .split('\n')
    .map((line) => line.trimEnd())
}
