/**
 * Runs a command that stands for one of Kafka's tools on the streams of this process.
 *
 * Invariant: a reader that closes its end, as `head` does, ends the command quietly; at once, or in
 * the command's own way where that took over Ctrl-C.
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
/** How long a slow reader may take for what was written before Ctrl-C. */
const LAST_WRITES_MS = 1000

/** Resolves with the exit status; what went wrong was said. */
export async function runTool(
  entry: ToolEntry,
  how: Pick<ToolRun, 'args' | 'isAlias' | 'version'>,
): Promise<number> {
  const { stdout, stderr } = process
  const interruption = new Interruption()
  for (const stream of [stdout, stderr]) {
    stream.on('error', (error: NodeJS.ErrnoException) => {
      if (error.code !== 'EPIPE') throw error
      if (!interruption.isTaken) process.exit(0)
      interruption.abort(0)
    })
  }
  const run = ofProcess(entry, how, interruption)
  const { args, pauseMs } = how.isAlias ? { args: how.args, pauseMs: null } : takeWatch(how.args)
  if (pauseMs === null) {
    const status = await runOn(entry.load, run)
    if (interruption.isAborted) await interruption.exit(status)
    return status
  }
  const screen = stdout.isTTY === true ? stdout : null
  const status = await watched(entry, { ...run, args }, { pauseMs, screen, runOn })
  process.exit(status) // without waiting for what Ctrl-C left in the middle
}

/** The run on the streams of this process. */
function ofProcess(
  { watch }: ToolEntry,
  how: Pick<ToolRun, 'args' | 'isAlias' | 'version'>,
  interruption: Interruption,
): ToolRun {
  const { stdin, stdout, stderr } = process
  return {
    ...how,
    out: (line) => void stdout.write(`${line}\n`),
    err: (line) => void stderr.write(`${line}\n`),
    write: (bytes) => {
      if (stdout.write(bytes)) return
      return drained()
    },
    get input() {
      return stdin // opened by who reads it
    },
    get terminal() {
      return { input: stdin.isTTY === true, output: stdout.isTTY === true }
    },
    interrupted: () => interruption.take(),
    environment: how.isAlias ? {} : process.env,
    ...(watch !== undefined && !how.isAlias && { moreFlags: [WATCH_FLAG] }),
  }
}

/** Resolves when what was written is out, or can't get out any more. */
function drained(): Promise<void> {
  const { stdout } = process
  return new Promise((resolve) => {
    const end = () => {
      stdout.off('drain', end)
      stdout.off('close', end)
      resolve()
    }
    stdout.on('drain', end)
    stdout.on('close', end)
    if (stdout.destroyed) end()
  })
}

/** Ctrl-C, SIGTERM and a closed pipe, for the command that ends in its own way then. */
class Interruption {
  readonly #controller = new AbortController()
  isTaken = false

  /** The signal, whose reason is the exit status: 130, 143, or 0 for a closed pipe. */
  take(): AbortSignal {
    if (this.isTaken) return this.#controller.signal
    this.isTaken = true
    for (const [name, status] of Object.entries(SIGNAL_STATUS)) {
      process.on(name, () => {
        if (this.isAborted) process.exit(status) // the second one ends what does not end by itself
        this.abort(status)
      })
    }
    return this.#controller.signal
  }

  get isAborted(): boolean {
    return this.#controller.signal.aborted
  }

  abort(status: number): void {
    this.#controller.abort(status)
  }

  /** Ends the process, though it may wait for input or for a reader of its output. */
  async exit(status: number): Promise<never> {
    if (process.stdout.writableLength > 0) {
      const late = new Promise((resolve) => setTimeout(resolve, LAST_WRITES_MS))
      await Promise.race([drained(), late])
    }
    process.exit(status)
  }
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
