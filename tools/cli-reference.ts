/** Writes the reference in docs/command-line.md: `npm run cli-reference`, checked by its test. */
import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { PAGE, withReference } from './cli-reference/page.ts'

const path = join(import.meta.dirname, '..', PAGE)
writeFileSync(path, await withReference(readFileSync(path, 'utf8')))
console.log(PAGE)
