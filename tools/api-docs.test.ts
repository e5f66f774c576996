/**
 * Every name that a program can import from the client says what it is. Those of `millrace/kafkajs`
 * mean what kafkajs' own documentation says, and are not described a second time.
 */
import assert from 'node:assert/strict'
import { spawnSync } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test } from 'node:test'
import { clientEntries, exportedNames } from './api-docs/exported-names.ts'
import { unexportedTypes } from './api-docs/unexported-types.ts'

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

test('types that are used and not exported are found', () => {
  const files: Record<string, string> = {
    'index.d.ts':
      "export { A, type B as Bee } from './a.ts';\nexport type { E } from './a.ts';\nexport type * from './all.ts';\n",
    'a.d.ts': `import { type Far } from './far.ts';
import type { Inner } from './far.ts';
/** Says Hidden. */
interface Near { }
/** Nobody has it. */
interface Unused { }
export declare class A {
    #private;
    constructor(parts: Inner);
    /** A Word. */
    near(): Near;
    /** @internal Not for programs. */
    get inner(): Inner;
    readonly text: 'Unused';
}
export interface B { readonly far: import("./far.ts").Farther; }
export declare class E {
    constructor(parts: Far);
    readonly b: B;
}
`,
    'far.d.ts':
      'export interface Far { }\nexport interface Farther { }\nexport interface Inner { }\n',
    'all.d.ts': 'export interface F { readonly g: G; }\ntype G = 1;\n',
  }
  const read = (path: string) => files[path]!
  assert.deepEqual(unexportedTypes(['index.d.ts'], read), [
    'a.d.ts: Near (in A)',
    'all.d.ts: G (in F)',
    'far.d.ts: Farther (in B)',
    'far.d.ts: Inner (in A)',
  ])
  files['more.d.ts'] = "export type { Farther, Inner } from './far.ts';\n"
  const both = unexportedTypes(['index.d.ts', 'more.d.ts'], read)
  assert.deepEqual(both, ['a.d.ts: Near (in A)', 'all.d.ts: G (in F)'])
})

test('every type in a public signature of the client can be imported', () => {
  const folder = mkdtempSync(join(tmpdir(), 'millrace-declarations-'))
  try {
    const compiler = join(ROOT, 'node_modules/typescript/bin/tsc')
    const options = ['-p', 'tsconfig.build.json', '--emitDeclarationOnly', '--outDir', folder]
    spawnSync(process.execPath, [compiler, ...options], { cwd: ROOT })
    const texts = new Map<string, string>()
    const declarations = (path: string): string => {
      const text = texts.get(path) ?? readFileSync(join(folder, path), 'utf8')
      texts.set(path, text)
      return text
    }
    const entries = [...clientEntries(read('package.json')).values(), 'src/io/node.ts']
    const paths = entries.map((path) => path.replace(/^src\//, '').replace(/\.ts$/, '.d.ts'))
    assert.deepEqual(unexportedTypes(paths, declarations), [])
  } finally {
    rmSync(folder, { recursive: true })
  }
})
