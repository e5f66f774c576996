/**
 * The rules of the house that a machine can check, on the whole project. Every check is tried first
 * on files in which what it looks for was planted.
 */
import assert from 'node:assert/strict'
import { spawnSync } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test } from 'node:test'
import { fileURLToPath } from 'node:url'
import { checkNames, checkOutsideWorld, checkPlaces } from './tidy/bans.ts'
import { codeOnly } from './tidy/code-only.ts'
import { checkDeadFiles } from './tidy/dead-files.ts'
import { checkHeads, checkTitles } from './tidy/heads.ts'
import { checkCycles, checkLayers } from './tidy/layering.ts'
import { checkSizes } from './tidy/sizes.ts'
import { type Check, readProject, type SourceFile } from './tidy/source-file.ts'

const ROOT = fileURLToPath(new URL('..', import.meta.url))
const project = readProject(ROOT)

/** Files in a project that has only them. */
function planted(files: Readonly<Record<string, string>>): SourceFile[] {
  return Object.entries(files).map(([path, text]) => ({ path, text }))
}

function finds(check: Check, files: Readonly<Record<string, string>>, expected: readonly string[]) {
  assert.deepEqual(check(planted(files)), expected)
}

function isKept(check: Check): void {
  const problems = check(project)
  assert.ok(problems.length === 0, `\n${problems.join('\n')}\n`)
}

test('comments and texts are no code', () => {
  assert.equal(codeOnly('a // b\nc = \'d\' + "e"'), 'a     \nc =     +    ')
  assert.equal(codeOnly('a /* b\nc */ d'), 'a     \n     d')
  assert.equal(codeOnly('a = /[/"]/.test(b) / c / d'), 'a =       .test(b) / c / d')
  const placeholder = (inner: string) => `$\{${inner}}`
  const nested = `\`a ${placeholder(`b + \`c ${placeholder('d')}\``)} e\` f`
  assert.equal(
    codeOnly(nested).replace(/\s+/g, ' '),
    ` ${placeholder(`b + ${placeholder('d')} `)} f`,
  )
  assert.equal(codeOnly(`\`${placeholder('{ a: 1 }')}\` b`).trim(), `${placeholder('{ a: 1 }')}  b`)
})

test('imports go down the table', () => {
  finds(
    checkLayers,
    {
      'src/base/a.ts': "import { b } from '../log/b.ts'",
      'src/log/b.ts': "import type { a } from '../base/a.ts'",
      'src/log/c.ts': "export * from '../broker/d.ts'",
      'src/metadata/e.test.ts': "import { simIo } from '../io/sim.ts'",
      'src/metadata/f.ts': "const io = await import('../io/io.ts')",
      'src/cli/g.ts': "import '../broker/d.ts'",
      'src/unknown/h.ts': "import '../base/a.ts'",
    },
    [
      'src/base/a.ts: base may not import log (src/log/b.ts)',
      'src/log/c.ts: log may not import broker (src/broker/d.ts)',
      'src/metadata/f.ts: metadata may not import io (src/io/io.ts)',
      'src/unknown/h.ts: src/unknown is not in the table of layers',
    ],
  )
  isKept(checkLayers)
})

test('imports make no circle', () => {
  finds(
    checkCycles,
    {
      'src/base/a.ts': "import { b } from './b.ts'",
      'src/base/b.ts': "import { c } from './c.ts'",
      'src/base/c.ts': "import { a } from './a.ts'",
      'src/base/d.ts': "import type { e } from './e.ts'",
      'src/base/e.ts': "import { d } from './d.ts'",
    },
    ['src/base/a.ts: src/base/a.ts -> src/base/b.ts -> src/base/c.ts -> src/base/a.ts'],
  )
  isKept(checkCycles)
})

test('the core does not touch the outside world', () => {
  finds(
    checkOutsideWorld,
    {
      'src/log/a.ts': "import fs from 'node:fs'\nconst now = Date.now()\n// Math.random()",
      'src/log/b.ts': "x.process.exit()\nprocess.exit()\nsetTimeout(f)\n'console.log'",
      'src/log/c.test.ts': "import { test } from 'node:test'\nimport 'node:net'",
      'src/io/node-disk.ts': "import fs from 'node:fs'\nDate.now()",
      'src/records/d.ts': "import { gunzipSync } from 'node:zlib'\nclass A { process() {} }",
      'src/client/e.ts': "import { createHmac } from 'node:crypto'\nconst a = randomBytes(4)",
    },
    [
      'src/log/a.ts: may not import node:fs; it is handed in',
      'src/log/a.ts:2: may not use Date; it is handed in',
      'src/log/b.ts:2: may not use process; it is handed in',
      'src/log/b.ts:3: may not use a timer; it is handed in',
      'src/log/c.test.ts: may not import node:net; it is handed in',
      'src/client/e.ts:2: may not use randomness; it is handed in',
    ],
  )
  isKept(checkOutsideWorld)
})

test('names say what a file holds', () => {
  finds(
    checkNames,
    { 'src/log/log-utils.ts': '', 'src/log/Log.ts': '', 'src/log/a-b.test.ts': '' },
    [
      'src/log/log-utils.ts: "utils" says nothing about what it holds',
      'src/log/Log.ts: write the name in kebab-case',
    ],
  )
  isKept(checkNames)
})

test('nothing is tied to one machine', () => {
  const host = ['registry', 'npmjs', 'org'].join('.')
  finds(checkPlaces, { 'package-lock.json': `{\n"https://${host}/x"`, 'a.md': '/srv/main' }, [
    `package-lock.json:2: names a place (${host})`,
  ])
  isKept(checkPlaces)
})

test('files and lines have a size that a reader can take in', () => {
  const lines = (count: number) => 'x\n'.repeat(count)
  finds(
    checkSizes,
    {
      'src/log/a.ts': lines(501),
      'src/log/b.ts': lines(500),
      'src/protocol/messages/00-produce.ts': lines(900),
      'src/broker/handlers/00-produce.ts': lines(151),
      'src/log/c.ts': `short\n${'x'.repeat(101)}\n// ${'x'.repeat(98)}\n'${'x'.repeat(118)}'`,
      'src/log/d.ts': `'${'x'.repeat(119)}'`,
    },
    [
      'src/log/a.ts: 501 lines, not 500',
      'src/broker/handlers/00-produce.ts: 151 lines, not 150',
      'src/log/c.ts:2: 101 columns, not 100',
      'src/log/c.ts:3: 101 columns, not 100',
      'src/log/d.ts:1: 121 columns, not 120',
    ],
  )
  isKept(checkSizes)
})

test('functions have at most 70 lines, as Biome counts them', () => {
  const folder = mkdtempSync(join(tmpdir(), 'millrace-tidy-'))
  try {
    const { linter } = JSON.parse(readFileSync(join(ROOT, 'biome.json'), 'utf8'))
    writeFileSync(join(folder, 'biome.json'), JSON.stringify({ linter }))
    const lint = (path: string, lines: number) => {
      const text = `export function f() {\n${'  f()\n'.repeat(lines)}}\n`
      writeFileSync(join(folder, path), text)
      const biome = join(ROOT, 'node_modules/.bin/biome')
      const { stderr } = spawnSync(biome, ['lint', path], { cwd: folder, encoding: 'utf8' })
      return stderr.includes('noExcessiveLinesPerFunction')
    }
    assert.equal(lint('long.ts', 71), true)
    assert.equal(lint('short.ts', 60), false)
  } finally {
    rmSync(folder, { recursive: true })
  }
})

test('every file says what it is, every page has one title', () => {
  finds(
    checkHeads,
    { 'a.ts': 'import x', 'b.ts': '/** B. */', 'c.js': '#!/usr/bin/env node\n/** C. */' },
    ['a.ts: begin with a comment that says what it is'],
  )
  finds(
    checkTitles,
    { 'a.md': '# A\n```\n# no title\n```\n## B', 'b.md': '# A\n# B', 'c.md': 'C' },
    ['b.md: 2 titles (#), not one', 'c.md: 0 titles (#), not one'],
  )
  isKept(checkHeads)
  isKept(checkTitles)
})

test('every file is used', () => {
  finds(
    checkDeadFiles,
    {
      'package.json':
        '{ "exports": "./dist/io/node.js", "scripts": "node test/conformance/run.ts" }',
      'src/cli/main.ts': "await import('../log/used.ts')",
      'src/log/used.ts': "new URL('./worker.ts', import.meta.url)",
      'src/log/worker.ts': '',
      'src/log/dead.ts': '',
      'src/log/tested.ts': '',
      'src/log/tested.test.ts': "import './tested.ts'\nimport './a.test-support.ts'",
      'src/log/a.test-support.ts': '',
      'src/io/node.ts': '',
      'test/conformance/run.ts': "import './check.ts'",
      'test/conformance/check.ts': '',
      'tools/tidy/dead.ts': '',
    },
    [
      'src/log/dead.ts: nothing imports it',
      'src/log/tested.ts: only tests import it',
      'tools/tidy/dead.ts: nothing imports it',
    ],
  )
  isKept(checkDeadFiles)
})
