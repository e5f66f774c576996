/**
 * Imports go down the table only (rule 1), and never in a circle. The table is that of
 * ARCHITECTURE.md; a module may import those that stand behind its name.
 */
import { allImports, type Import } from './imports.ts'
import { type Check, isForTests } from './source-file.ts'

/** Modules of `src/` with the modules they may import, from the bottom to the top. */
export const LAYERS: Readonly<Record<string, readonly string[]>> = {
  base: [],
  io: ['base'],
  protocol: ['base'],
  records: ['base', 'protocol'],
  log: ['base', 'io', 'protocol', 'records'],
  rpc: ['base', 'io', 'protocol'],
  raft: ['base', 'io', 'protocol', 'records'],
  metadata: ['base', 'protocol', 'records', 'raft'],
  replica: ['base', 'io', 'protocol', 'records', 'log', 'rpc', 'raft', 'metadata'],
  coordinator: ['base', 'io', 'protocol', 'records', 'metadata'],
  broker: [
    ...['base', 'io', 'protocol', 'records', 'log', 'rpc', 'raft', 'metadata', 'replica'],
    'coordinator',
  ],
  client: ['base', 'io', 'protocol', 'records', 'rpc'],
  streams: ['base', 'io', 'protocol', 'records', 'rpc', 'client'],
  connect: ['base', 'io', 'protocol', 'records', 'rpc', 'client'],
  registry: ['base', 'io', 'protocol', 'records', 'rpc', 'client'],
  sql: ['base', 'io', 'protocol', 'records', 'rpc', 'client', 'streams', 'registry'],
  monitor: ['base', 'io', 'protocol', 'records', 'rpc', 'client'],
  console: ['base', 'io', 'protocol', 'records', 'rpc', 'client', 'monitor'],
  testing: ['base', 'io', 'protocol', 'records', 'rpc', 'broker', 'client'],
}

/** These import anything: the command line, and everything outside `src/`. */
const TOP = ['cli', 'test', 'tools']

/** A test may also use the simulated world. */
const FOR_TESTS = 'io'

/** Imports that go up or across. */
export const checkLayers: Check = (files) =>
  allImports(files).flatMap(({ from, to }) => {
    const [module, target] = [moduleOf(from), moduleOf(to)]
    if (module === null || target === null || module === target) return []
    if (TOP.includes(module)) return []
    const allowed = LAYERS[module]
    if (allowed === undefined) return [`${from}: src/${module} is not in the table of layers`]
    if (allowed.includes(target)) return []
    if (isForTests(from) && target === FOR_TESTS) return []
    return [`${from}: ${module} may not import ${target} (${to})`]
  })

/** `src/log/segment.ts` -> `log`; null for what is not ours. */
function moduleOf(path: string): string | null {
  const [folder, module, ...rest] = path.split('/')
  if (folder === 'src' && rest.length > 0) return module as string
  return folder === 'test' || folder === 'tools' ? folder : null
}

/** Circles of imports, type-only ones aside: those are gone when the program runs. */
export const checkCycles: Check = (files) => {
  const edges = new Map<string, string[]>()
  const texts = files.map(({ path, text }) => ({ path, text: withoutTypeImports(text) }))
  for (const { from, to } of allImports(texts)) edges.set(from, [...(edges.get(from) ?? []), to])
  const done = new Set<string>()
  const cycles: string[] = []
  const visit = (path: string, trail: readonly string[]): void => {
    const start = trail.indexOf(path)
    if (start >= 0) cycles.push(`${path}: ${[...trail.slice(start), path].join(' -> ')}`)
    if (start >= 0 || done.has(path)) return
    for (const next of edges.get(path) ?? []) visit(next, [...trail, path])
    done.add(path)
  }
  for (const path of edges.keys()) visit(path, [])
  return cycles
}

function withoutTypeImports(text: string): string {
  return text.replace(/\b(import|export) type [^']*'[^']*'/g, '')
}

export type { Import }
