#!/usr/bin/env node
/**
 * Starts the `millrace` command under whatever Node is on the PATH.
 *
 * In the published package that is `dist/`. In a checkout it is the TypeScript itself, which wants
 * a Node that strips types: an older one hands over to the one that `npm ci` installed.
 */
import { spawn } from 'node:child_process'
import { existsSync } from 'node:fs'
import module from 'node:module'
import { fileURLToPath } from 'node:url'

const root = new URL('../', import.meta.url)
const built = new URL('dist/cli/main.js', root)
const source = new URL('src/cli/main.ts', root)

module.enableCompileCache?.()

if (existsSync(source)) await runSource()
else await import(built.href)

async function runSource() {
  if (process.features.typescript) {
    await import(source.href)
    return
  }
  const node = fileURLToPath(new URL('node_modules/.bin/node', root))
  if (!existsSync(node)) {
    process.stderr.write(
      `millrace: Node ${process.versions.node} cannot run it; run npm ci first\n`,
    )
    process.exit(1)
  }
  const child = spawn(node, [fileURLToPath(source), ...process.argv.slice(2)], { stdio: 'inherit' })
  // A terminal sends its interrupt to both processes; what is sent to this one alone is passed on.
  process.on('SIGINT', () => process.stdin.isTTY || child.kill('SIGINT'))
  for (const signal of ['SIGTERM', 'SIGHUP']) process.on(signal, () => child.kill(signal))
  child.on('exit', (code, signal) => process.exit(code ?? (signal === 'SIGKILL' ? 137 : 1)))
}
