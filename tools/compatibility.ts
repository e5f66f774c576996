/**
 * Writes docs/compatibility.md: `npm run compatibility`. compatibility.test.ts fails on an old
 * page.
 */
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { compatibilityPage, PAGE } from './compatibility/page.ts'

const root = join(import.meta.dirname, '..')
const page = compatibilityPage(root)
writeFileSync(join(root, PAGE), page)
console.log(`${PAGE}: ${page.split('\n').length - 1} lines`)
