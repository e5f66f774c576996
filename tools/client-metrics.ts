/** Writes docs/client-metrics.md: `npm run client-metrics`. Its test fails on an old page. */
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { clientMetricsPage, PAGE } from './client-metrics/page.ts'

writeFileSync(join(import.meta.dirname, '..', PAGE), clientMetricsPage())
console.log(PAGE)
