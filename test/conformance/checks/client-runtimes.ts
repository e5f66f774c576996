/**
 * The package as `npm pack` makes it, used as a library in an empty project: by `import` and by
 * `require`, under every runtime that it is said to work in, bundled into one file, where code
 * generation is forbidden, and with no right but to read its own files and to dial.
 *
 * docs/compatibility.md tells of these checks from RUNTIMES and from the report of a run.
 */
import assert from 'node:assert/strict'
import { copyFileSync, existsSync, mkdirSync, readFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { Kafka } from '../../../src/client/index.ts'
import type { Check, CheckContext } from '../check.ts'
import { runOrThrow } from '../process.ts'
import type { Toolbox } from '../toolbox.ts'
import { projectWithPackage } from './package.ts'

const PROGRAMS = join(import.meta.dirname, '..', 'runtimes')
const RUN_TIMEOUT_MS = 60_000
const CHECK_TIMEOUT_MS = 300_000

const CODECS = ['none', 'gzip', 'snappy', 'lz4', 'zstd']
/** Those that need no native code. */
const PLAIN_CODECS = ['none', 'gzip', 'zstd']
const RECORDS_PER_CODEC = 300

export const OLDEST_NODE = '22.15.1'
const NEWEST_NODE = '24.21.0'

interface Project {
  readonly directory: string
  /** Programs by name: node22, node24, bun, deno, esbuild. */
  readonly programs: Readonly<Record<string, string>>
}

/** The one project of a run, which its checks share: packing and installing take their time. */
const projects = new WeakMap<Toolbox, Promise<Project>>()

function projectOf(context: CheckContext): Promise<Project> {
  let project = projects.get(context.toolbox)
  if (project === undefined) {
    project = makeProject(context)
    projects.set(context.toolbox, project)
  }
  return project
}

async function makeProject({ directory, toolbox }: CheckContext): Promise<Project> {
  const platform = `${process.platform}-${process.arch}`
  const nodes = { node22: OLDEST_NODE, node24: NEWEST_NODE }
  const aliases = Object.entries(nodes).map(
    ([alias, version]) => `${alias}@npm:node-${platform}@${version}`,
  )
  const project = await projectWithPackage(join(dirname(directory), 'client-runtimes'), aliases)
  for (const name of ['journey.mjs', 'import.mjs', 'require.cjs', 'lone.mjs', 'quiet.mjs']) {
    copyFileSync(join(PROGRAMS, name), join(project, name))
  }
  const own = (name: string) => join(project, 'node_modules', name, 'bin', 'node')
  const others = join(await toolbox.prepare('runtimes'), 'node_modules')
  const programs = {
    node22: own('node22'),
    node24: own('node24'),
    bun: binaryOf(others, [`@oven/bun-${platform.replace('arm64', 'aarch64')}/bin/bun`]),
    deno: binaryOf(others, [`@deno/${platform}-glibc/deno`, `@deno/${platform}/deno`]),
    esbuild: binaryOf(others, [`@esbuild/${platform}/bin/esbuild`]),
  }
  return { directory: project, programs }
}

/** The binary of this platform: the packages' own scripts, which would link it, do not run. */
function binaryOf(folder: string, candidates: readonly string[]): string {
  const found = candidates.map((each) => join(folder, each)).find((path) => existsSync(path))
  assert.ok(found !== undefined, `there is no ${candidates.join(' or ')} for this machine`)
  return found
}

function run(project: Project, program: string, args: readonly string[], cwd = project.directory) {
  return runOrThrow(project.programs[program]!, args, RUN_TIMEOUT_MS, { cwd })
}

/** Runs a program to its own end, which comes only when nothing of the client is left open. */
async function journey(
  context: CheckContext,
  name: string,
  program: string,
  args: readonly string[],
  codecs = CODECS,
): Promise<void> {
  const project = await projectOf(context)
  const topic = `${context.topic}-${name}`
  const all = [...args, context.server.bootstrap, topic, codecs.join()]
  const output = await run(project, program, all)
  assert.equal(output, `read ${codecs.length * RECORDS_PER_CODEC}`, name)
}

async function versionIs(context: CheckContext, program: string, version: string): Promise<void> {
  const output = await run(await projectOf(context), program, ['--version'])
  assert.ok(output.includes(version), `${program} is ${output}, not ${version}`)
}

async function node(context: CheckContext, program: string, version: string): Promise<void> {
  await versionIs(context, program, version)
  await journey(context, 'import', program, ['import.mjs'])
  await journey(context, 'require', program, ['require.cjs'])
  const forbidding = '--disallow-code-generation-from-strings'
  await journey(context, 'no-code', program, [forbidding, 'import.mjs'])
  // Native code needs a right of its own; all else goes on without.
  const rights = ['--permission', '--allow-fs-read=*']
  await journey(context, 'no-rights', program, [...rights, 'import.mjs'], PLAIN_CODECS)
  await isQuiet(context, program, [...rights, 'quiet.mjs'])
}

async function bun(context: CheckContext): Promise<void> {
  await versionIs(context, 'bun', manifestVersion('bun'))
  await journey(context, 'import', 'bun', ['import.mjs'])
  await journey(context, 'require', 'bun', ['require.cjs'])
}

async function deno(context: CheckContext): Promise<void> {
  await versionIs(context, 'deno', manifestVersion('deno'))
  await journey(context, 'import', 'deno', ['run', '-A', 'import.mjs'])
  await journey(context, 'require', 'deno', ['run', '-A', 'require.cjs'])
  // Deno refuses each look at the environment too.
  const rights = ['run', '--no-prompt', '--allow-net', '--allow-read']
  await journey(context, 'no-rights', 'deno', [...rights, 'import.mjs'], PLAIN_CODECS)
  await isQuiet(context, 'deno', ['run', '--no-prompt', 'quiet.mjs'])
}

/** Importing any part of the client leaves the program as it was. */
async function isQuiet(context: CheckContext, program: string, args: readonly string[]) {
  const project = await projectOf(context)
  const manifest = join(project.directory, 'node_modules', 'millrace', 'package.json')
  const { exports } = JSON.parse(readFileSync(manifest, 'utf8')) as { exports: object }
  const names = Object.keys(exports)
    .filter((name) => name !== './package.json')
    .map((name) => `millrace${name.slice(1)}`)
  assert.ok(names.includes('millrace/admin'))
  const output = await run(project, program, [...args, names.join()])
  const { touched, firstMs } = JSON.parse(output) as { touched: string[]; firstMs: number }
  assert.deepEqual(touched, [], `what an import touches under ${program}`)
  context.note(`import of millrace under ${program}: ${Math.round(firstMs)} ms`)
}

/** One file by esbuild, of either kind: beside the packages with native code, and alone. */
async function bundled(context: CheckContext): Promise<void> {
  const project = await projectOf(context)
  await versionIs(context, 'esbuild', manifestVersion('esbuild'))
  const alone = join(context.directory, 'alone')
  mkdirSync(alone)
  const bundle = async (from: string, format: string, to: string) => {
    const flags = ['--bundle', '--platform=node', `--format=${format}`, '--log-level=error']
    await run(project, 'esbuild', [from, ...flags, `--outfile=${to}`])
    return to
  }
  await journey(context, 'esm', 'node22', [await bundle('import.mjs', 'esm', 'bundle.mjs')])
  await journey(context, 'cjs', 'node22', [await bundle('require.cjs', 'cjs', 'bundle.cjs')])
  const lone = await bundle('lone.mjs', 'esm', join(alone, 'lone.mjs'))
  const required = await bundle('require.cjs', 'cjs', join(alone, 'require.cjs'))
  await writeSnappy(context, `${context.topic}-snappy`)
  const output = await run(project, 'node22', [
    lone,
    context.server.bootstrap,
    `${context.topic}-snappy`,
  ])
  assert.match(output, /^INVALID_ARGUMENT .*lz4-napi.*\nUNSUPPORTED_COMPRESSION_TYPE .*snappy.*$/)
  await journey(context, 'alone', 'node22', [required], PLAIN_CODECS)
}

async function writeSnappy({ server }: CheckContext, name: string): Promise<void> {
  const kafka = new Kafka({ brokers: server.bootstrap })
  const created = await kafka
    .admin()
    .createTopics([{ name, numPartitions: 1, replicationFactor: 1 }])
  created.orThrow()
  await kafka.producer({ compression: 'snappy' }).send(name, { value: 'words '.repeat(100) })
  await kafka.close()
}

function manifestVersion(name: string): string {
  const manifest = JSON.parse(readFileSync(join(PROGRAMS, 'package.json'), 'utf8'))
  return (manifest as { dependencies: Record<string, string> }).dependencies[name]!
}

/** A runtime that the client is run in, for docs/compatibility.md. */
export interface Runtime {
  /** The check that runs it. */
  readonly check: string
  readonly name: string
  readonly version: string
  /** What is run there. */
  readonly what: string
  readonly run: (context: CheckContext) => Promise<void>
}

const NODE =
  '`import`, `require`, `--disallow-code-generation-from-strings`, `--permission` with nothing but reading files'

export const RUNTIMES: readonly Runtime[] = [
  {
    check: 'client-runtimes-node-22',
    name: 'Node.js',
    version: OLDEST_NODE,
    what: NODE,
    run: (context) => node(context, 'node22', OLDEST_NODE),
  },
  {
    check: 'client-runtimes-node-24',
    name: 'Node.js',
    version: NEWEST_NODE,
    what: NODE,
    run: (context) => node(context, 'node24', NEWEST_NODE),
  },
  {
    check: 'client-runtimes-bun',
    name: 'Bun',
    version: manifestVersion('bun'),
    what: '`import`, `require`',
    run: bun,
  },
  {
    check: 'client-runtimes-deno',
    name: 'Deno',
    version: manifestVersion('deno'),
    what: '`import`, `require`, no permission but `--allow-net --allow-read`',
    run: deno,
  },
  {
    check: 'client-runtimes-bundled',
    name: 'esbuild',
    version: manifestVersion('esbuild'),
    what: `one file, ESM and CommonJS, under Node.js ${OLDEST_NODE}; beside the native codecs, and without them`,
    run: bundled,
  },
]

export const clientRuntimes: readonly Check[] = RUNTIMES.map(({ check, run }) => ({
  name: check,
  needs: ['runtimes'],
  timeoutMs: CHECK_TIMEOUT_MS,
  run,
}))
