/**
 * What is loaded before a command has read its flags: little, so that help and wrong flags are
 * answered at once. The client and the libraries for tables and bars come after that.
 */
import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { dirname, join, relative } from 'node:path'
import { test } from 'node:test'

const CLI = import.meta.dirname
const SRC = join(CLI, '..')
/** The client's own start, and libraries that only output needs. */
const LATE = ['client/kafka.ts', 'cli/connection.ts', 'cli/table.ts', 'commander', 'cli-progress']

/** What a file has loaded with it: static imports that are more than types. */
function imported(file: string): string[] {
  const text = readFileSync(file, 'utf8')
  const statements = text.matchAll(/^(?:import|export)\s(?!type\b)([^'"]*?\bfrom\s+)?'([^']+)'/gm)
  return [...statements]
    .filter(([, names = '']) => !onlyTypes(names))
    .map(([, , from]) => (from!.startsWith('.') ? join(dirname(file), from!) : from!))
}

/** `{ type A, type B } from`: erased where nothing else is in the braces. */
function onlyTypes(names: string): boolean {
  const inBraces = /^\{([^}]*)\}/.exec(names.trim())?.[1]
  if (inBraces === undefined) return false
  const each = inBraces.split(',').map((name) => name.trim())
  return each.filter(Boolean).every((name) => name.startsWith('type '))
}

/** How something late is reached from a file; null where it is not. */
function wayToLate(start: string): string | null {
  const seen = new Map<string, string | null>([[start, null]])
  for (const file of seen.keys()) {
    const name = file.startsWith(SRC) ? relative(SRC, file).replaceAll('\\', '/') : file
    if (LATE.includes(name)) {
      const way = [name]
      for (let at = seen.get(file); at != null; at = seen.get(at)) way.unshift(relative(SRC, at))
      return way.join(' -> ')
    }
    if (!file.startsWith(SRC)) continue
    for (const next of imported(file)) if (!seen.has(next)) seen.set(next, file)
  }
  return null
}

test('a command loads the client after it has read its flags', () => {
  const tools = readFileSync(join(CLI, 'tools.ts'), 'utf8')
  const entries = [...tools.matchAll(/import\('(\.[^']+)'\)/g)].map(([, path]) => join(CLI, path!))
  assert.ok(entries.length > 10)
  const ways = [join(CLI, 'main.ts'), join(CLI, 'run-tool.ts'), ...entries].map(wayToLate)
  assert.deepEqual(
    ways.filter((way) => way !== null),
    [],
  )
})

test('what is late is found where it is', () => {
  assert.match(wayToLate(join(CLI, 'doctor', 'examination.ts'))!, /-> cli\/connection\.ts$/)
})
