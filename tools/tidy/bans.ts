/**
 * What must not appear: the outside world in the core (rule 2), names that say nothing (rule 14),
 * and what ties the project to one machine.
 */
import { codeOnly } from './code-only.ts'
import { importsOf } from './imports.ts'
import { type Check, isForTests, isTypeScript } from './source-file.ts'

/** Files that may touch files, sockets, timers, the date, randomness and the process. */
const OUTSIDE = /^(src\/io\/(node|sim)[^/]*\.ts$|src\/cli\/|test\/|tools\/)/

/** Its tests run on the real world too. */
const REAL_WORLD_TESTS = /^src\/io\/[^/]*\.test\.ts$/

type Use = readonly [name: string, use: RegExp]

/** Banned in tests too: what depends on them fails now and then. */
const UNSTEADY: readonly Use[] = [
  ['Date', /(?<![.\w$#])Date\b(?=\s*[.(])/],
  ['Math.random', /\bMath\s*\.\s*random\b/],
  ['a timer', /(?<![.\w$#])(set|clear)(Timeout|Interval)\s*\(/],
  ['console', /(?<![.\w$#])console\s*\./],
]

const WORLDLY: readonly Use[] = [
  ['process', /(?<![.\w$#])process\s*[.[]/],
  ['performance', /(?<![.\w$#])performance\s*\./],
  ['the event loop', /(?<![.\w$#])setImmediate\s*\(/],
  ['randomness', /(?<![.\w$#])(random(Bytes|Fill|FillSync|Int|UUID)|generateKey\w*)\s*\(/],
]

/**
 * Modules of Node.js that compute and touch nothing, and the one that loads native codecs. What
 * node:crypto has of randomness is banned by name.
 */
const PURE_MODULES = [
  'node:zlib',
  'node:diagnostics_channel',
  'node:util',
  'node:module',
  'node:crypto',
  'node:stream',
  'node:stream/promises',
]

/** Tests besides read fixtures, run programs and use the test runner. */
const TEST_MODULES = /^node:(test|assert\/strict|fs|path|url|os|child_process|worker_threads)$/

/** The core does not touch the outside world. */
export const checkOutsideWorld: Check = (files) =>
  files
    .filter(isTypeScript)
    .filter(({ path }) => !OUTSIDE.test(path) && !REAL_WORLD_TESTS.test(path))
    .flatMap((file) => {
      const { path } = file
      const modules = importsOf(file)
        .filter(({ to }) => to.startsWith('node:') && !PURE_MODULES.includes(to))
        .filter(({ to }) => !(isForTests(path) && TEST_MODULES.test(to)))
        .map(({ to }) => `${path}: may not import ${to}; it is handed in`)
      return [...modules, ...globalUses(path, file.text)]
    })

function globalUses(path: string, text: string): string[] {
  const banned = isForTests(path) ? UNSTEADY : [...UNSTEADY, ...WORLDLY]
  return codeOnly(text)
    .split('\n')
    .flatMap((line, index) =>
      banned
        .filter(([, use]) => use.test(line))
        .map(([name]) => `${path}:${index + 1}: may not use ${name}; it is handed in`),
    )
}

const EMPTY_NAMES = /^(utils?|helpers?|common|managers?|misc|shared)$/
const KEBAB = /^[a-z0-9]+(-[a-z0-9]+)*(\.(test|test-support))?\.(ts|js)$/

/** Names say what a file holds. */
export const checkNames: Check = (files) =>
  files
    .filter(({ path }) => /\.(ts|js)$/.test(path))
    .flatMap(({ path }) => {
      const name = path.slice(path.lastIndexOf('/') + 1)
      const words = name.replace(/\..*$/, '').split('-')
      if (!KEBAB.test(name)) return [`${path}: write the name in kebab-case`]
      const empty = words.find((word) => EMPTY_NAMES.test(word))
      return empty === undefined ? [] : [`${path}: "${empty}" says nothing about what it holds`]
    })

/** In parts, so that this file does not hold what it bans. */
const ONE_MACHINE = [
  ['registry', 'npmjs', 'org'].join('.'),
  ['repo1?', 'maven', ''].join('\\.'),
  ['proxy', 'golang', 'org'].join('.'),
  ['pypi', 'org'].join('.'),
  `/${'root'}/`,
  `/${'work'}/(main|shared)`,
  `/${'tmp'}/kafka43`,
].map((pattern) => new RegExp(pattern))

/** Nothing names a registry's host or a place on someone's machine. */
export const checkPlaces: Check = (files) =>
  files.flatMap(({ path, text }) =>
    text
      .split('\n')
      .flatMap((line, index) =>
        ONE_MACHINE.filter((place) => place.test(line)).map(
          (place) => `${path}:${index + 1}: names a place (${place.source})`,
        ),
      ),
  )
