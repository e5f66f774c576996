/** Our command line against Apache Kafka's tools, word for word: one list of commands a check. */
import type { Check } from '../check.ts'
import { sideBySideCheck } from '../side-by-side.ts'

const LISTS = ['topics', 'get-offsets']

export const commandLines: readonly Check[] = LISTS.map(sideBySideCheck)
