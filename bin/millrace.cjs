#!/usr/bin/env node
/**
 * Starts the `millrace` command under whatever Node is on the PATH.
 *
 * In the published package that is the bundle in `dist/cli/`. In a checkout it is the TypeScript
 * itself, which wants a Node that strips types: an older one hands over to the one that `npm ci`
 * installed.
 *
 * CommonJS, since that loads less of Node than a module does.
 */
'use strict'

const { existsSync } = require('node:fs')
const { enableCompileCache } = require('node:module')
const { join } = require('node:path')

const root = join(__dirname, '..')
const source = join(root, 'src', 'cli', 'main.ts')

enableCompileCache?.()
if (existsSync(source)) runSource()
else runBundle()

function runBundle() {
  const [major, minor] = process.versions.node.split('.').map(Number)
  if (major > 22 || (major === 22 && minor >= 15)) {
    require('../dist/cli/main.cjs')
    return
  }
  process.stderr.write(`millrace: it wants Node 22.15 or newer, and this is ${process.version}\n`)
  process.exitCode = 1
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
