/**
 * `millrace server`: starts a node, says where it is, and stops it cleanly on the first SIGINT or
 * SIGTERM; the second one ends it at once.
 */
import { enableCompileCache, flushCompileCache } from 'node:module'
import { resolve } from 'node:path'
import { nodeIo } from '../../io/node.ts'
import { CliError } from '../cli-error.ts'
import { errorLines } from '../error-lines.ts'
import { nodeProperties } from './node-properties.ts'
import { DEFAULT_LOG_LEVEL, parseLogLevel, textLogger } from './text-logger.ts'

/**
 * When the compiled code is written for the next start: with what a start needs and little else,
 * and also for a server that will be killed.
 */
const COMPILE_CACHE_DELAY_MS = 2000

export interface ServerCommand {
  readonly file: string | null
  readonly overrides: readonly string[]
  readonly strict: boolean
  readonly version: string
}

/** Resolves once the node runs; the process then lives until it is stopped. */
export async function runServer({ file, overrides, strict, version }: ServerCommand) {
  enableCompileCache()
  const io = nodeIo()
  const environment = process.env
  const properties = nodeProperties({ disk: io.disk, file, environment, overrides })
  const logger = textLogger(
    logLevel(environment['MILLRACE_LOG_LEVEL']),
    () => new Date().toISOString(),
    (line) => process.stderr.write(line),
  )
  const { startServer } = await import('../../broker/server.ts')
  const server = await startServer({
    properties,
    io,
    logger,
    clusterId: environment['CLUSTER_ID'] ?? null,
    strict,
    absolutePath: (path) => resolve(path),
    onFatal: fail,
  })
  stopOnSignal(() => server.stop())
  const listener = server.listeners.find(({ kind }) => kind === 'broker')
  const parts = [
    `millrace ${version} on ${listener?.host}:${listener?.port}`,
    `data in ${server.dataDirectories.join(', ')}`,
    `cluster ${server.clusterId}`,
    ...(file === null ? ['development profile (one node, one replica, no rebalance delay)'] : []),
    `started in ${Math.round(process.uptime() * 1000)} ms`,
  ]
  process.stdout.write(`${parts.join(', ')}\n`)
  setTimeout(flushCompileCache, COMPILE_CACHE_DELAY_MS).unref()
}

function logLevel(text: string | undefined) {
  const level = parseLogLevel(text ?? DEFAULT_LOG_LEVEL)
  if (level !== null) return level
  throw new CliError(`MILLRACE_LOG_LEVEL=${text}: not a level (allowed: debug, info, warn, error)`)
}

/** Status of a process that a signal ended, by the shell's rule. */
const INTERRUPTED = 130

function stopOnSignal(stop: () => Promise<void>): void {
  let stopping = false
  const onSignal = (): void => {
    if (stopping) process.exit(INTERRUPTED)
    stopping = true
    stop().then(() => process.exit(0), fail)
  }
  process.on('SIGINT', onSignal)
  process.on('SIGTERM', onSignal)
}

function fail(error: unknown): void {
  for (const line of errorLines(error)) process.stderr.write(`${line}\n`)
  process.exit(1)
}
