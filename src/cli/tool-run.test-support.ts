/** Runs a command without a process of its own and keeps what it prints. */
import { runOn } from './run-tool.ts'
import type { Tool, ToolRun } from './tool.ts'

/** What a command printed, and how it ended. */
export interface Captured {
  readonly status: number
  /** Standard output, whole. */
  readonly out: string
  /** Standard error, whole. */
  readonly err: string
}

/** How it is called, where that is not the usual way. */
export interface CaptureOptions {
  readonly isAlias?: boolean
  /** Lines of standard input. */
  readonly input?: readonly string[]
  /** What Ctrl-C would abort. */
  readonly signal?: AbortSignal
  /** Environment variables; none. */
  readonly environment?: Readonly<Record<string, string>>
}

/** Runs `tool` with words as a shell would give them. */
export async function captured(
  tool: Tool,
  args: readonly string[],
  { isAlias = false, input = [], environment = {}, signal }: CaptureOptions = {},
): Promise<Captured> {
  const out: Buffer[] = []
  const err: string[] = []
  const run: ToolRun = {
    args,
    isAlias,
    version: '1.2.3',
    out: (line) => void out.push(Buffer.from(`${line}\n`)),
    err: (line) => void err.push(`${line}\n`),
    write: (bytes) => {
      out.push(Buffer.from(bytes)) // a copy: who writes may use the memory again
      return undefined
    },
    input: linesOf(input),
    terminal: { input: false, output: false },
    interrupted: () => signal ?? new AbortController().signal,
    environment,
  }
  const status = await runOn(async () => tool, run)
  return { status, out: Buffer.concat(out).toString(), err: err.join('') }
}

async function* linesOf(lines: readonly string[]): AsyncGenerator<Uint8Array> {
  for (const line of lines) yield Buffer.from(`${line}\n`)
}
