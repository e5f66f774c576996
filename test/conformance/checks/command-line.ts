/** Our command line against Apache Kafka's tools, word for word: one list of commands a check. */
import { readdirSync } from 'node:fs'
import { join } from 'node:path'
import type { Check } from '../check.ts'
import { sideBySideCheck } from '../side-by-side.ts'

const LISTS = readdirSync(join(import.meta.dirname, '..', 'command-lines')).sort()

export const commandLines: readonly Check[] = LISTS.map((file) => {
  return sideBySideCheck(file.replace(/\.txt$/, ''))
})
