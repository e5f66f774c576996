/** That the pages for people name what is there: files, folders, links, and the table of layers. */
import assert from 'node:assert/strict'
import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { test } from 'node:test'
import { LAYERS } from './tidy/layering.ts'

const ROOT = join(import.meta.dirname, '..')
const PAGES = [
  ...readdirSync(ROOT).filter((name) => name.endsWith('.md')),
  ...readdirSync(join(ROOT, 'docs'), { recursive: true, encoding: 'utf8' })
    .filter((name) => name.endsWith('.md'))
    .map((name) => join('docs', name)),
]

/** A path below one of our folders, as text or as code; a pattern or a name made up ends it. */
const PATH = /(?<![\w/.])((?:src|test|tools|docs|bin)\/[\w./-]*[\w/])(?![\w*<…]|\/\*)/g
const LINK = /\]\((?!https?:)([^)#]+)(?:#[^)]*)?\)/g
/** Names that stand for any name, as NN-name.ts does. */
const MADE_UP = /\bNN-|\/your-|\bname\.ts\b/

test('every file that a page names is there', () => {
  const missing = PAGES.flatMap((page) => {
    const text = readFileSync(join(ROOT, page), 'utf8')
    const paths = [...text.matchAll(PATH)].map(([, path]) => path as string)
    const links = [...text.matchAll(LINK)].map(([, to]) => join(dirname(page), to as string))
    return [...paths, ...links]
      .filter((path) => !MADE_UP.test(path) && !existsSync(join(ROOT, path)))
      .map((path) => `${page}: ${path} is not there`)
  })
  assert.deepEqual([...new Set(missing)], [])
})

test('the table in ARCHITECTURE.md is the one that imports are checked with', () => {
  const text = readFileSync(join(ROOT, 'ARCHITECTURE.md'), 'utf8')
  const rows = [...text.matchAll(/^\| (\w+) \| ([\w, ]+) \|$/gm)]
  const written = new Map(rows.map(([, module, imports]) => [module, imports]))
  for (const [module, imports] of Object.entries(LAYERS)) {
    if (!existsSync(join(ROOT, 'src', module))) continue
    const expected = imports.length === 0 ? 'nothing of ours' : imports.join(', ')
    assert.equal(written.get(module), expected, `what ${module} may import`)
  }
})
