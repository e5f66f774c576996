/**
 * Every name that a program can import from the client says what it is. Those of `millrace/kafkajs`
 * mean what kafkajs' own documentation says, and are not described a second time.
 */
import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'node:test'
import { clientEntries, exportedNames } from './api-docs/exported-names.ts'

const ROOT = join(import.meta.dirname, '..')
const read = (path: string): string => readFileSync(join(ROOT, path), 'utf8')

test('names are followed to where they are declared', () => {
  const files: Record<string, string> = {
    'a/index.ts':
      "/** Head. */\nexport { type B, c as d } from '../b.ts'\nexport * from './e.ts'\nexport type F = 1\n",
    'b.ts': '/** B. */\nexport interface B {}\nexport const c = 1\nconst hidden = 2\n',
    'a/e.ts':
      '/**\n * E.\n */\nexport abstract class E {}\n/** No. */\n\nexport function* g() {}\n',
  }
  const names = exportedNames('a/index.ts', (path) => files[path]!)
  assert.deepEqual(
    names.map(({ name, path, isDocumented }) => `${name} ${path} ${isDocumented}`),
    ['F a/index.ts false', 'E a/e.ts true', 'g a/e.ts false', 'B b.ts true', 'd b.ts false'],
  )
  files['h.ts'] = "import { B } from './b.ts'\nexport { B as H }\n"
  assert.deepEqual(
    exportedNames('h.ts', (path) => files[path]!),
    [{ name: 'H', path: 'b.ts', isDocumented: true }],
  )
})

test('every exported name of the client has a doc comment', () => {
  const entries = clientEntries(read('package.json'))
  assert.ok(entries.has('millrace') && entries.has('millrace/admin'))
  entries.delete('millrace/kafkajs')
  const names = [...entries.values()].flatMap((path) => exportedNames(path, read))
  assert.ok(names.length > 100, `only ${names.length} names were found`)
  const bare = names.filter(({ isDocumented }) => !isDocumented)
  assert.deepEqual([...new Set(bare.map(({ name, path }) => `${path}: ${name}`))], [])
})
