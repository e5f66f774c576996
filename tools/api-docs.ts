/**
 * Writes the pages of the client's API from the doc comments: `npm run api-docs`, into api-docs/.
 * TypeDoc reads the sources with a TypeScript of its own, since the one that we compile with has no
 * JavaScript API; both are brought for the run, at these versions.
 */
import { spawnSync } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { clientEntries } from './api-docs/exported-names.ts'

const PACKAGES = ['typedoc@0.28.20', 'typescript@6.0.3']

const root = join(import.meta.dirname, '..')
const entries = clientEntries(readFileSync(join(root, 'package.json'), 'utf8'))
const brought = PACKAGES.flatMap((name) => ['-p', name])
const options = [
  ...['--name', 'millrace', '--readme', 'none', '--out', 'api-docs'],
  ...['--excludePrivate', '--excludeInternal', '--disableSources'],
]
const args = ['-y', ...brought, 'typedoc', ...options, ...entries.values()]
const { status } = spawnSync('npx', args, { cwd: root, stdio: 'inherit' })
process.exitCode = status ?? 1
