/**
 * Child processes as the checks use them: one that runs to its end, or one that stays and whose
 * lines are awaited.
 *
 * Invariant: every process started here is in a group of its own, and `killAll` ends what is still
 * alive, so a run leaves nothing behind however it ends.
 */
import { type ChildProcess, spawn } from 'node:child_process'
import { createInterface } from 'node:readline'

export interface StartOptions {
  readonly cwd?: string
  readonly env?: Readonly<Record<string, string>>
  readonly input?: string
}

export interface Finished {
  readonly status: number | null
  readonly stdout: string
  readonly stderr: string
}

const STDERR_TAIL_CHARS = 4_000

/** A child process whose standard output is read line by line. */
export class Running {
  readonly lines: string[] = []
  readonly exited: Promise<number | null>
  /** The end of what it wrote to its error stream. */
  stderrTail = ''
  /** Gets all that it writes, to either stream. */
  onOutput: ((text: string) => void) | null = null
  readonly #child: ChildProcess
  #isAlive = true

  constructor(command: string, args: readonly string[], options: StartOptions = {}) {
    this.#child = spawn(command, args, {
      detached: true,
      env: { ...process.env, ...options.env },
      ...(options.cwd === undefined ? {} : { cwd: options.cwd }),
    })
    const { promise, resolve } = Promise.withResolvers<number | null>()
    this.exited = promise
    this.#child.on('error', (error) => {
      this.stderrTail += `${command}: ${error.message}`
      this.#end(resolve, null)
    })
    this.#child.on('close', (status) => this.#end(resolve, status))
    this.#child.stderr?.on('data', (chunk: Buffer) => {
      this.stderrTail = (this.stderrTail + chunk.toString()).slice(-STDERR_TAIL_CHARS)
      this.onOutput?.(chunk.toString())
    })
    this.#child.stdin?.on('error', () => {}) // it may end before it has read its input
    if (options.input !== undefined) this.#child.stdin?.end(options.input)
    createInterface({ input: this.#child.stdout! }).on('line', (line) => {
      this.lines.push(line)
      this.onOutput?.(`${line}\n`)
    })
    alive.add(this)
  }

  get pid(): number {
    return this.#child.pid ?? -1
  }

  get isAlive(): boolean {
    return this.#isAlive
  }

  writeLine(line: string): void {
    this.#child.stdin?.write(`${line}\n`)
  }

  /** Signals the process and all that it started. */
  kill(signal: NodeJS.Signals): void {
    if (!this.#isAlive || this.#child.pid === undefined) return
    try {
      process.kill(-this.#child.pid, signal)
    } catch {
      this.#child.kill(signal)
    }
  }

  /**
   * Waits until `found` gives something other than undefined, which it is asked after every line.
   */
  async waitFor<T>(what: string, timeoutMs: number, found: () => T | undefined): Promise<T> {
    const deadline = Date.now() + timeoutMs
    for (;;) {
      const value = found()
      if (value !== undefined) return value
      if (!this.#isAlive) throw new Error(`ended before ${what}: ${this.describe()}`)
      if (Date.now() > deadline) {
        throw new Error(`no ${what} within ${timeoutMs} ms: ${this.describe()}`)
      }
      await sleep(25)
    }
  }

  /** The end of its output, for a failure's message. */
  describe(): string {
    return [...this.lines.slice(-5), ...this.stderrTail.trim().split('\n').slice(-8)].join(' | ')
  }

  #end(resolve: (status: number | null) => void, status: number | null): void {
    this.#isAlive = false
    alive.delete(this)
    resolve(status)
  }
}

const alive = new Set<Running>()

/** Kills every process that this module started and that still runs. */
export function killAll(): void {
  for (const running of alive) running.kill('SIGKILL')
}

/** Runs a command to its end; past the limit it is killed and that is an error. */
export async function runToEnd(
  command: string,
  args: readonly string[],
  timeoutMs: number,
  options: StartOptions = {},
): Promise<Finished> {
  const running = new Running(command, args, { input: '', ...options })
  const timer = setTimeout(() => {
    running.stderrTail += `\nkilled after ${timeoutMs} ms`
    running.kill('SIGKILL')
  }, timeoutMs)
  const status = await running.exited
  clearTimeout(timer)
  return { status, stdout: running.lines.join('\n'), stderr: running.stderrTail }
}

/** The same, where anything but exit status 0 is an error with the command's last words. */
export async function runOrThrow(
  command: string,
  args: readonly string[],
  timeoutMs: number,
  options: StartOptions = {},
): Promise<string> {
  const finished = await runToEnd(command, args, timeoutMs, options)
  if (finished.status === 0) return finished.stdout
  const words = (finished.stderr.trim() || finished.stdout).split('\n').slice(-12).join(' | ')
  throw new Error(`${command} ${args.slice(0, 3).join(' ')}: status ${finished.status}: ${words}`)
}

export function sleep(durationMs: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, durationMs))
}

/** Tries until the action does not throw; after the limit its last error is the error. */
export async function eventually<T>(timeoutMs: number, action: () => T | Promise<T>): Promise<T> {
  const deadline = Date.now() + timeoutMs
  for (;;) {
    try {
      return await action()
    } catch (error) {
      if (Date.now() > deadline) throw error
      await sleep(200)
    }
  }
}
