/**
 * `--watch [seconds]`: runs a command again and again. On a terminal each run takes the place of
 * the one before; elsewhere the runs stand one below another with the time above each, and with
 * --json there is a line of JSON for each and nothing else.
 *
 * Ctrl-C ends it with status 0, as it ends `watch`: that is how one stops looking. A first run that
 * fails ends it with its status, since flags or address are wrong then; a later one is shown like
 * any other, so that a restart of the brokers can be watched.
 *
 * Invariant: nothing but commands that only show something is run more than once.
 */
import { setTimeout } from 'node:timers/promises'
import { CliError } from './cli-error.ts'
import type { Flag } from './flags.ts'
import type { Tool, ToolRun } from './tool.ts'
import type { ToolEntry } from './tools.ts'

/** For the help of a command that may be watched. */
export const WATCH_FLAG: Flag = {
  name: 'watch',
  value: 'seconds',
  isOptional: true,
  about: 'Show it again and again, every two seconds if not said otherwise.',
}

const DEFAULT_SECONDS = 2
const MIN_SECONDS = 0.1
const MAX_SECONDS = 86_400

/** A terminal that is drawn on. */
export interface Screen {
  readonly rows: number
  write(text: string): unknown
}

/** Takes --watch out of a command line; `pauseMs` is null where it is not there. */
export function takeWatch(args: readonly string[]): { args: string[]; pauseMs: number | null } {
  const at = args.findIndex((arg) => arg === '--watch' || arg.startsWith('--watch='))
  if (at === -1) return { args: [...args], pauseMs: null }
  const joined = args[at]!.split('=')[1]
  const following = /^[\d.]+$/.test(args[at + 1] ?? '') ? args[at + 1] : undefined
  const text = joined ?? following
  const seconds = text === undefined ? DEFAULT_SECONDS : Number(text)
  if (!(seconds >= MIN_SECONDS && seconds <= MAX_SECONDS)) {
    throw new CliError(`--watch ${text}: not seconds from ${MIN_SECONDS} to a day`)
  }
  const taken = joined === undefined && following !== undefined ? 2 : 1
  return { args: args.toSpliced(at, taken), pauseMs: seconds * 1000 }
}

/** How it goes on. */
interface Watching {
  readonly pauseMs: number
  /** Null where the output is no terminal. */
  readonly screen: Screen | null
  readonly runOn: (load: () => Promise<Tool>, run: ToolRun) => Promise<number>
}

/** Runs the command until it is interrupted; resolves with the exit status. */
export async function watched(
  { name, watch, load }: Pick<ToolEntry, 'name' | 'watch' | 'load'>,
  run: ToolRun,
  { pauseMs, screen, runOn }: Watching,
): Promise<number> {
  const has = (flag: string) =>
    run.args.some((arg) => arg === `--${flag}` || arg.startsWith(`--${flag}=`))
  if (has('help')) return runOn(load, run)
  const needed = neededFor(watch)
  if (needed === null) {
    run.err(`--watch is not for millrace ${name}, which shows nothing that changes`)
    return 1
  }
  // A word is only a command where it is the first one.
  const isShown = needed.some((each) =>
    (each.startsWith('-') ? run.args : run.args.slice(0, 1)).includes(each),
  )
  if (needed.length > 0 && !isShown) {
    run.err(`--watch needs ${needed.join(' or ')}`)
    return 1
  }
  const signal = run.interrupted()
  const title = `Every ${pauseMs / 1000} s: millrace ${[name, ...run.args].join(' ')}`
  for (let round = 0; ; round++) {
    const block = new Block(run, signal)
    const status = await Promise.race([runOn(load, block.run), whenAborted(signal)])
    if (signal.aborted) return 0
    if (round === 0 && status !== 0) {
      block.replay()
      return status
    }
    block.show(screen, title, round, has('json'))
    await setTimeout(pauseMs, undefined, { signal }).catch(() => {})
    if (signal.aborted) return 0
  }
}

/** What has to be on the line, as it is written there; null where nothing may be watched. */
function neededFor(watch: ToolEntry['watch']): readonly string[] | null {
  if (watch === undefined) return null
  if (watch === 'always') return []
  return 'commands' in watch ? watch.commands : watch.map((flag) => `--${flag}`)
}

function whenAborted(signal: AbortSignal): Promise<number> {
  return new Promise((resolve) => {
    if (signal.aborted) resolve(0)
    signal.addEventListener('abort', () => resolve(0), { once: true })
  })
}

/** What one run printed. */
class Block {
  readonly run: ToolRun
  readonly #pieces: Buffer[] = []
  readonly #errors: string[] = []
  readonly #outer: ToolRun

  constructor(outer: ToolRun, signal: AbortSignal) {
    this.#outer = outer
    this.run = {
      ...outer,
      out: (line) => void this.#pieces.push(Buffer.from(`${line}\n`)),
      err: (line) => void this.#errors.push(line),
      write: (bytes) => {
        this.#pieces.push(Buffer.from(bytes)) // a copy: who writes may use the memory again
        return undefined
      },
      interrupted: () => signal,
    }
  }

  /** Prints it as it would have been printed. */
  replay(): void {
    void this.#outer.write(Buffer.concat(this.#pieces))
    for (const line of this.#errors) this.#outer.err(line)
  }

  show(screen: Screen | null, title: string, round: number, isJson: boolean): void {
    const time = new Date().toISOString().slice(0, 19).replace('T', ' ')
    if (screen === null) {
      if (!isJson) this.#outer.out(`${round === 0 ? '' : '\n'}${time}Z`)
      this.replay()
      return
    }
    const text = Buffer.concat(this.#pieces).toString().replace(/\n$/, '')
    const lines = [`${title}   ${time}Z`, '', ...text.split('\n'), ...this.#errors]
    const shown = lines.slice(0, Math.max(1, screen.rows - 1))
    // Line for line over what stands there, and the rest cleared: nothing flickers.
    const begin = round === 0 ? '\x1b[2J\x1b[H' : '\x1b[H'
    screen.write(`${begin}${shown.map((line) => `${line}\x1b[K\n`).join('')}\x1b[J`)
  }
}
