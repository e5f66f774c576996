#!/usr/bin/env node
/**
 * Starts the `millrace` command under whatever Node is on the PATH.
 *
 * In the published package that is the bundle in `dist/cli/`. In a checkout it is the TypeScript
 * itself, which wants a Node that strips types: an older one hands over to the one that `npm ci`
 * installed.
 *
 * A server collects garbage on its own thread and in small steps (figures are in
 * docs/decisions/0005-performance.md), which V8 only takes at its start: so this process becomes a
 * second Node with those flags, under the same process id. Where that can't be done it runs as it
 * is. That comes before anything is loaded, and CommonJS loads less than a module would.
 */
'use strict'

const SERVER_FLAGS = ['--single-threaded-gc', '--max-semi-space-size=1']

if (process.argv[2] === 'server') becomeServer()

const { existsSync } = require('node:fs')
const { enableCompileCache } = require('node:module')
const { join } = require('node:path')

const root = join(__dirname, '..')
const source = join(root, 'src', 'cli', 'main.ts')

enableCompileCache?.()
if (existsSync(source)) runSource()
else require('../dist/cli/main.cjs')

/** Does not return where it works. Flags that the user gave stay as they are. */
function becomeServer() {
  const { execArgv, execPath, argv, env, platform } = process
  const given = [...execArgv, ...(env.NODE_OPTIONS ?? '').split(' ')]
  const isGiven = (flag) => given.some((other) => other.split('=')[0] === flag.split('=')[0])
  const flags = SERVER_FLAGS.filter((flag) => !isGiven(flag))
  const isComplete = flags.length < SERVER_FLAGS.length
  if (isComplete || process.execve === undefined || platform === 'win32') return
  process.execve(execPath, [execPath, ...flags, ...execArgv, ...argv.slice(1)], env)
}

function runSource() {
  if (process.features.typescript) {
    import(source)
    return
  }
  const node = join(root, 'node_modules', '.bin', 'node')
  if (!existsSync(node)) {
    process.stderr.write(
      `millrace: Node ${process.versions.node} cannot run it; run npm ci first\n`,
    )
    process.exit(1)
  }
  const { spawn } = require('node:child_process')
  const child = spawn(node, [source, ...process.argv.slice(2)], { stdio: 'inherit' })
  // A terminal sends its interrupt to both processes; what is sent to this one alone is passed on.
  process.on('SIGINT', () => process.stdin.isTTY || child.kill('SIGINT'))
  for (const signal of ['SIGTERM', 'SIGHUP']) process.on(signal, () => child.kill(signal))
  child.on('exit', (code, signal) => process.exit(code ?? (signal === 'SIGKILL' ? 137 : 1)))
}
