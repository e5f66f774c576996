/**
 * Runs a command that stands for one of Kafka's tools on the streams of this process.
 *
 * Invariant: a reader that closes its end, as `head` does, ends the command quietly.
 */
import { errorLines } from './error-lines.ts'
import { UsageError } from './flags.ts'
import type { Tool, ToolRun } from './tool.ts'
import type { ToolEntry } from './tools.ts'
import { takeWatch, WATCH_FLAG, watched } from './watch.ts'

/** Follows the message about flags that do not fit. */
export const USAGE_HINT = 'Add --help for the options.'

/** Exit status after Ctrl-C and after SIGTERM, as shells have it. */
const SIGNAL_STATUS = { SIGINT: 130, SIGTERM: 143 } as const

/** Resolves with the exit status; what went wrong was said. */
export async function runTool(
  entry: ToolEntry,
  how: Pick<ToolRun, 'args' | 'isAlias' | 'version'>,
): Promise<number> {
  const { stdout, stderr } = process
  for (const stream of [stdout, stderr]) {
    stream.on('error', (error: NodeJS.ErrnoException) => {
      if (error.code === 'EPIPE') process.exit(0)
      throw error
    })
  }
  const run = ofProcess(entry, how)
  if (how.isAlias) return runOn(entry.load, run)
  const { args, pauseMs } = takeWatch(how.args)
  if (pauseMs === null) return runOn(entry.load, run)
  const screen = stdout.isTTY === true ? stdout : null
  const status = await watched(entry, { ...run, args }, { pauseMs, screen, runOn })
  process.exit(status) // without waiting for what Ctrl-C left in the middle
}

/** The run on the streams of this process. */
function ofProcess(
  { watch }: ToolEntry,
  how: Pick<ToolRun, 'args' | 'isAlias' | 'version'>,
): ToolRun {
  const { stdin, stdout, stderr } = process
  return {
    ...how,
    out: (line) => void stdout.write(`${line}\n`),
    err: (line) => void stderr.write(`${line}\n`),
    write: (bytes) => {
      if (stdout.write(bytes)) return
      return new Promise((resolve) => stdout.once('drain', resolve))
    },
    get input() {
      return stdin // opened by who reads it
    },
    get terminal() {
      return { input: stdin.isTTY === true, output: stdout.isTTY === true }
    },
    interrupted: onceInterrupted,
    environment: how.isAlias ? {} : process.env,
    ...(watch !== undefined && !how.isAlias && { moreFlags: [WATCH_FLAG] }),
  }
}

/** The second Ctrl-C ends what does not end by itself. */
function onceInterrupted(): AbortSignal {
  const interrupt = new AbortController()
  for (const [name, status] of Object.entries(SIGNAL_STATUS)) {
    process.on(name, () => {
      if (interrupt.signal.aborted) process.exit(status)
      interrupt.abort(status)
    })
  }
  return interrupt.signal
}

/** The same on other streams. */
export async function runOn(load: () => Promise<Tool>, run: ToolRun): Promise<number> {
  try {
    const tool = await load()
    return await tool(run)
  } catch (error) {
    for (const line of errorLines(error)) run.err(line.replace(/^millrace: /, ''))
    if (error instanceof UsageError) run.err(USAGE_HINT)
    return 1
  }
}
