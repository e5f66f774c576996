/** Our command line against Apache Kafka's tools, word for word: a check for each list of lines. */
import { readdirSync } from 'node:fs'
import { join } from 'node:path'
import type { Check } from '../check.ts'
import { sideBySideCheck } from '../side-by-side.ts'
import { commandLinesOlder } from './command-line-older.ts'

const LISTS = readdirSync(join(import.meta.dirname, '..', 'command-lines')).sort()

export const commandLines: readonly Check[] = [
  ...LISTS.map((file) => sideBySideCheck(file.replace(/\.txt$/, ''))),
  ...commandLinesOlder,
]
