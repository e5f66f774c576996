/**
 * Every file is imported by another or is where something starts: a command, an export of the
 * package, a script, a test. What only tests reach is dead too, unless it is there for tests.
 */
import { allImports } from './imports.ts'
import { type Check, isForTests, isTypeScript, type SourceFile } from './source-file.ts'

/** Where `bin/` leads, and what is run by hand. */
const STARTS = /^(src\/cli\/main\.ts|test\/(bench|scenarios)\/[^/]+\.ts|tools\/[^/]+\.ts)$/

/** The simulated world: users' tests run on it, and ours. */
const FOR_TESTS = /^src\/io\/sim\.ts$/

/** Whole by intent, though not all of it is in use yet: the protocol, and Kafka's partitioner. */
const WHOLE = /^src\/(protocol\/(messages|persisted)\/|base\/murmur2\.ts$)/

export const checkDeadFiles: Check = (files) => {
  const sources = files.filter(isTypeScript).map(({ path }) => path)
  const edges = new Map<string, string[]>()
  for (const { from, to } of allImports(files)) edges.set(from, [...(edges.get(from) ?? []), to])
  const tests = sources.filter((path) => path.endsWith('.test.ts'))
  const isStart = (path: string) => [STARTS, FOR_TESTS, WHOLE].some((starts) => starts.test(path))
  const starts = [...sources.filter(isStart), ...starting(files)]
  const live = reach(edges, starts)
  const tested = reach(edges, tests)
  return sources
    .filter((path) => !live.has(path))
    .filter((path) => !(tested.has(path) && mayBeForTests(path)))
    .map((path) => `${path}: ${tested.has(path) ? 'only tests import it' : 'nothing imports it'}`)
}

function mayBeForTests(path: string): boolean {
  return isForTests(path) || !path.startsWith('src/')
}

/** Exports and scripts in package.json. */
function starting(files: readonly SourceFile[]): string[] {
  const text = files.find(({ path }) => path === 'package.json')?.text ?? ''
  const exported = [...text.matchAll(/"\.\/dist\/([^"]+)\.js"/g)].map(
    ([, path]) => `src/${path}.ts`,
  )
  const scripts = [...text.matchAll(/\b(?:test|tools)\/[\w/.-]+\.ts\b/g)].map(([path]) => path)
  return [...exported, ...scripts]
}

function reach(edges: ReadonlyMap<string, readonly string[]>, starts: readonly string[]) {
  const reached = new Set<string>()
  const open = [...starts]
  for (let path = open.pop(); path !== undefined; path = open.pop()) {
    if (reached.has(path)) continue
    reached.add(path)
    open.push(...(edges.get(path) ?? []))
  }
  return reached
}
