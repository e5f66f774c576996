/**
 * Runs a command that stands for one of Kafka's tools on the streams of this process.
 *
 * Invariant: a reader that closes its end, as `head` does, ends the command quietly.
 */
import { errorLines } from './error-lines.ts'
import { UsageError } from './flags.ts'
import type { Tool, ToolRun } from './tool.ts'

/** Follows the message about flags that do not fit. */
export const USAGE_HINT = 'Add --help for the options.'

/** Resolves with the exit status; what went wrong was said. */
export async function runTool(
  load: () => Promise<Tool>,
  how: Pick<ToolRun, 'args' | 'isAlias' | 'version'>,
): Promise<number> {
  for (const stream of [process.stdout, process.stderr]) {
    stream.on('error', (error: NodeJS.ErrnoException) => {
      if (error.code === 'EPIPE') process.exit(0)
      throw error
    })
  }
  return runOn(load, {
    ...how,
    out: (line) => void process.stdout.write(`${line}\n`),
    err: (line) => void process.stderr.write(`${line}\n`),
  })
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
