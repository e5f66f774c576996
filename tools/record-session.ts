/**
 * Records the session that the README shows: a server, a producer and a group of three on one
 * terminal, driven with tmux, as an animated picture.
 *
 *     npm run record-session          # writes docs/session.svg; needs tmux and a build
 *
 * What is typed and what is answered is real: each frame is the terminal as tmux shows it. An inner
 * tmux has the panes, an outer one the terminal that is looked at.
 */
import { execFileSync } from 'node:child_process'
import { mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { svgOf } from './session/svg.ts'

const COLUMNS = 132
const ROWS = 38
const OUTER = ['-L', `millrace-outer-${process.pid}`, '-f', '/dev/null']
const INNER = ['-L', `millrace-inner-${process.pid}`, '-f', '/dev/null']
/** Panes of the inner terminal, in the order in which tmux numbers them. */
const [SERVER, SHELL, FIRST, SECOND, THIRD] = [0, 1, 2, 3, 4]
const ANSWER_MS = 30_000

const root = join(import.meta.dirname, '..')
const folder = mkdtempSync(join(tmpdir(), 'millrace-session-'))

function tmux(which: readonly string[], ...args: string[]): string {
  return execFileSync('tmux', [...which, ...args], { encoding: 'utf8' })
}

const paneText = (pane: number) => tmux(INNER, 'capture-pane', '-p', '-t', `:0.${pane}`)

/** Types a line as a person would. */
async function type(pane: number, line: string): Promise<void> {
  tmux(INNER, 'select-pane', '-t', `:0.${pane}`)
  tmux(INNER, 'send-keys', '-t', `:0.${pane}`, '-l', line)
  await sleep(100)
  tmux(INNER, 'send-keys', '-t', `:0.${pane}`, 'Enter')
}

/** Waits until a pane shows what it is to show. */
async function shows(pane: number, pattern: RegExp): Promise<void> {
  const deadline = Date.now() + ANSWER_MS
  while (!pattern.test(paneText(pane))) {
    if (Date.now() > deadline) throw new Error(`${pattern} is not shown:\n${paneText(pane)}`)
    await sleep(100)
  }
}

function openPanes(): void {
  const env = ['env', '-i', `PATH=${join(folder, 'bin')}:${process.env['PATH']}`, 'TERM=screen']
  const shell = [...env, 'PS1=$ ', `HOME=${folder}`, 'bash', '--norc', '--noprofile']
  const size = ['-x', String(COLUMNS), '-y', String(ROWS)]
  tmux(INNER, 'new-session', '-d', ...size, '-c', folder, ...shell)
  tmux(INNER, 'set', '-g', 'status', 'off')
  tmux(INNER, 'split-window', '-h', '-l', '45', '-c', folder, ...shell)
  tmux(INNER, 'split-window', '-v', '-l', '67%', '-t', ':0.1', '-c', folder, ...shell)
  tmux(INNER, 'split-window', '-v', '-l', '50%', '-t', ':0.2', '-c', folder, ...shell)
  tmux(INNER, 'split-window', '-v', '-l', '29', '-t', ':0.0', '-c', folder, ...shell)
  tmux(OUTER, 'new-session', '-d', ...size, `TMUX= tmux ${INNER.join(' ')} attach`)
  tmux(OUTER, 'set', '-g', 'status', 'off')
}

/** A line without the name of the folder that this run happens to have. */
function withoutFolder(line: string): string {
  const [before = '', ...after] = line.split(folder)
  return after.length === 0
    ? line
    : `${before}~${after.join('')}`.replace('│', '│'.padStart(folder.length))
}

interface Step {
  readonly title: string
  run(): Promise<void>
}

const consume = async (pane: number): Promise<void> => {
  const session = '--command-property session.timeout.ms=6000'
  await type(pane, `clear; millrace consume --topic orders --group billing ${session}`)
}
const MEMBERS = `millrace groups --describe --group billing --members | awk '{print $1, $2, $NF}'`
const rows = (shown: string) => (shown.match(/billing +orders +\d/g) ?? []).length

const STEPS: readonly Step[] = [
  {
    title: 'Start a server',
    run: async () => {
      await type(SERVER, 'millrace server')
      await shows(SERVER, /started|ready|listening/i)
    },
  },
  {
    title: 'Create a topic, and three consumers of one group',
    run: async () => {
      await type(SHELL, 'millrace topics --create --topic orders --partitions 6')
      await shows(SHELL, /Created topic orders/)
      for (const pane of [FIRST, SECOND, THIRD]) await consume(pane)
      await sleep(8000)
    },
  },
  {
    title: 'Produce',
    run: async () => {
      await type(SHELL, 'seq 60 | sed "s/.*/k&:order &/" | millrace produce --topic orders -K :')
      await shows(FIRST, /order/)
      await shows(SECOND, /order/)
      await shows(THIRD, /order/)
      await sleep(6000) // what was read is committed
    },
  },
  {
    title: 'Who has what',
    run: async () => {
      await type(SHELL, 'clear; millrace groups --describe --group billing | cut -c1-78')
      await shows(SHELL, /LAG[\s\S]*orders +5/)
    },
  },
  {
    title: 'Kill one',
    run: async () => {
      await type(SHELL, "clear; kill -9 $(pgrep -f 'consume --topic orders' | tail -1)")
      await shows(THIRD, /Killed/)
      await type(SHELL, MEMBERS)
      await sleep(4000)
    },
  },
  {
    title: 'The others have its partitions',
    run: async () => {
      await sleep(10_000) // session.timeout.ms, and a rebalance
      await type(SHELL, `clear; ${MEMBERS}`)
      await shows(SHELL, /#PARTITIONS\n.* 3\n.* 3\n/)
    },
  },
  {
    title: 'End the others, and go back to the beginning',
    run: async () => {
      for (const pane of [FIRST, SECOND]) tmux(INNER, 'send-keys', '-t', `:0.${pane}`, 'C-c')
      await shows(FIRST, /Processed a total of/)
      await shows(SECOND, /Processed a total of/)
      const reset = 'millrace groups --reset-offsets --to-earliest --execute'
      await type(SHELL, `clear; ${reset} --group billing --topic orders`)
      await shows(SHELL, /NEW-OFFSET[\s\S]*orders +5/)
    },
  },
  {
    title: 'Replay',
    run: async () => {
      await type(FIRST, 'clear')
      await consume(FIRST)
      await shows(FIRST, /order/)
      await sleep(6000)
      await type(SHELL, 'clear; millrace groups --describe --group billing | cut -c1-78')
      await shows(SHELL, /LAG[\s\S]*orders/)
      if (rows(paneText(SHELL)) !== 6) throw new Error(paneText(SHELL))
    },
  },
]

async function main(): Promise<void> {
  const frames: { title: string; lines: string[] }[] = []
  mkdirSync(join(folder, 'bin'))
  symlinkSync(join(root, 'bin', 'millrace.cjs'), join(folder, 'bin', 'millrace'))
  symlinkSync(process.execPath, join(folder, 'bin', 'node'))
  try {
    openPanes()
    await sleep(1000)
    for (const { title, run } of STEPS) {
      await run()
      await sleep(700)
      const lines = tmux(OUTER, 'capture-pane', '-p').split('\n').map(withoutFolder)
      frames.push({ title, lines })
      console.error(`${title}\n${lines.join('\n')}`)
    }
  } finally {
    for (const which of [INNER, OUTER]) tmux(which, 'kill-server')
    rmSync(folder, { recursive: true, force: true, maxRetries: 5 })
  }
  writeFileSync(join(root, 'docs', 'session.svg'), svgOf(frames, COLUMNS, ROWS))
}

await main()
