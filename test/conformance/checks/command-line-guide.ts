/**
 * Every example of docs/command-line.md: the lines of its ```sh blocks, one after another in bash,
 * as they stand there, against a server that has nothing yet. A line has to exit with 0, or with
 * what its comment says (`# exit 1`); one that goes on until Ctrl-C is interrupted after a while,
 * and has to end as the page says, with 0 or 130. `# Apache Kafka` in a comment is for lines that
 * only Apache Kafka has a server for.
 *
 * Invariant: the addresses and the folder of data in the page are those of the server under test;
 * nothing else of a line is changed.
 */
import assert from 'node:assert/strict'
import { chmodSync, mkdirSync, readFileSync, symlinkSync, writeFileSync } from 'node:fs'
import { delimiter, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import type { Check, CheckContext } from '../check.ts'
import { Running } from '../process.ts'
import type { Server } from '../server.ts'

const ROOT = fileURLToPath(new URL('../../../', import.meta.url))
const BLOCK = /^```sh\n(.*?)^```$/gms
/** When a line that goes on is interrupted, and when it has to have ended then. */
const INTERRUPT_MS = 6000
const END_MS = 15_000
const INTERRUPTED = [0, 130]

interface Line {
  readonly text: string
  /** From its comment; 0 where it says nothing. */
  readonly status: number
  readonly isKafkaOnly: boolean
}

function linesOf(page: string): Line[] {
  const text = readFileSync(join(ROOT, page), 'utf8')
  return [...text.matchAll(BLOCK)].flatMap(([, block]) => {
    const lines = block!.replaceAll('\\\n', ' ').split('\n')
    return lines
      .filter((line) => line !== '' && !line.startsWith('#'))
      .map((command) => {
        const comment = /\s#\s(.*)$/.exec(command)?.[1] ?? ''
        const status = Number(/\bexit (\d+)/.exec(comment)?.[1] ?? 0)
        return { text: command, status, isKafkaOnly: comment.includes('Apache Kafka') }
      })
  })
}

/** A folder with `millrace`, a profile that is called local, and the server's data as ./data. */
function surroundings({ directory }: CheckContext, server: Server): Record<string, string> {
  const programs = join(directory, 'bin')
  mkdirSync(programs)
  const program = join(programs, 'millrace')
  const main = join(ROOT, 'bin', 'millrace.cjs')
  writeFileSync(program, `#!/bin/sh\nexec '${process.execPath}' '${main}' "$@"\n`)
  chmodSync(program, 0o755)
  const profiles = join(directory, 'profiles.properties')
  writeFileSync(profiles, `[local]\nbootstrap.servers=${server.bootstrap}\n`)
  symlinkSync(server.dataDirectory, join(directory, 'data'))
  return {
    PATH: `${programs}${delimiter}${process.env['PATH']}`,
    MILLRACE_PROFILES: profiles,
    MILLRACE_BOOTSTRAP_SERVERS: server.bootstrap,
  }
}

/** Where the server's controller listens. */
function controllerOf({ directory }: Server): string {
  const properties = readFileSync(join(directory, 'server.properties'), 'utf8')
  return /^controller\.quorum\.bootstrap\.servers=(.*)$/m.exec(properties)![1]!
}

/** Runs a line; what was wrong with its end, or null. */
async function troubleOf(
  { text, status: wanted }: Line,
  env: Record<string, string>,
  cwd: string,
  addresses: Readonly<Record<string, string>>,
): Promise<string | null> {
  const command = Object.entries(addresses).reduce(
    (line, [from, to]) => line.replaceAll(from, to),
    text,
  )
  const running = new Running('bash', ['-c', `{ ${command}\n} < /dev/null`], { env, cwd })
  let isInterrupted = false
  const interrupt = setTimeout(() => {
    isInterrupted = true
    running.kill('SIGINT')
  }, INTERRUPT_MS)
  const kill = setTimeout(() => running.kill('SIGKILL'), INTERRUPT_MS + END_MS)
  // A shell that its own SIGINT ended has no status.
  const status = (await running.exited) ?? (isInterrupted ? 130 : -1)
  clearTimeout(interrupt)
  clearTimeout(kill)
  if (isInterrupted ? INTERRUPTED.includes(status) : status === wanted) return null
  const how = isInterrupted ? ' after Ctrl-C' : ''
  return `${text}\n    exits with ${status}${how}: ${running.describe()}`
}

async function runGuide(context: CheckContext): Promise<void> {
  const lines = linesOf('docs/command-line.md')
  assert.ok(lines.length > 20, `${lines.length} lines`)
  const server = await context.startServer('guide') // on which no other check makes topics
  const env = surroundings(context, server)
  const addresses = { '127.0.0.1:9092': server.bootstrap, '127.0.0.1:9093': controllerOf(server) }
  const troubles: string[] = []
  for (const line of lines) {
    const trouble = await troubleOf(line, env, context.directory, addresses)
    if (trouble !== null && !(line.isKafkaOnly && context.kind === 'millrace')) {
      troubles.push(trouble)
    }
  }
  context.note(`${lines.length} lines`)
  if (troubles.length > 0) throw new Error(`\n${troubles.join('\n')}`)
}

export const commandLineGuide: readonly Check[] = [
  { name: 'cli-guide', needs: [], timeoutMs: 300_000, run: runGuide },
]
