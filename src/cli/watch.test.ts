/** That what is watched is run again, is printed so that one can read it, and ends as it should. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { runOn } from './run-tool.ts'
import type { Tool } from './tool.ts'
import { captured } from './tool-run.test-support.ts'
import type { ToolEntry } from './tools.ts'
import { takeWatch, watched } from './watch.ts'

/** Runs a watched tool that prints its round, until `rounds` are over. */
async function watching(
  args: string[],
  rounds: number,
  {
    statuses = [],
    watch = ['list'],
    isScreen = false,
  }: {
    statuses?: number[]
    watch?: ToolEntry['watch']
    isScreen?: boolean
  } = {},
) {
  const interrupt = new AbortController()
  const drawn: string[] = []
  let round = 0
  const tool: Tool = async (run) => {
    run.out(`round ${round}`)
    if (++round === rounds) queueMicrotask(() => setTimeout(() => interrupt.abort(), 20))
    const status = statuses[round - 1] ?? 0
    if (status !== 0) run.err('it failed')
    return status
  }
  const screen = isScreen ? { rows: 4, write: (text: string) => drawn.push(text) } : null
  const entry = { name: 'x', load: async () => tool, ...(watch && { watch }) }
  const outer: Tool = (run) => watched(entry, run, { pauseMs: 1, screen, runOn })
  const got = await captured(outer, args, { signal: interrupt.signal })
  return { ...got, drawn, ran: round }
}

test('--watch is taken out of the line with its seconds', () => {
  assert.deepEqual(takeWatch(['--list']), { args: ['--list'], pauseMs: null })
  assert.deepEqual(takeWatch(['--watch', '--list']), { args: ['--list'], pauseMs: 2000 })
  assert.deepEqual(takeWatch(['--list', '--watch', '0.5', 'a']), {
    args: ['--list', 'a'],
    pauseMs: 500,
  })
  assert.deepEqual(takeWatch(['--watch=3']), { args: [], pauseMs: 3000 })
  for (const seconds of ['0', 'x', '1e9', '']) {
    assert.throws(() => takeWatch([`--watch=${seconds}`]), /not seconds/, seconds)
  }
})

test('in a pipe blocks follow one another with the time above, and Ctrl-C ends with 0', async () => {
  const { status, out, ran } = await watching(['--list'], 3)
  assert.equal(status, 0)
  assert.ok(ran >= 3)
  const blocks = out.split('\n\n')
  for (const [at, block] of blocks.slice(0, 3).entries()) {
    assert.match(
      block,
      new RegExp(`^\\d{4}-\\d\\d-\\d\\d \\d\\d:\\d\\d:\\d\\dZ\\nround ${at}\\n?$`),
    )
  }
})

test('with --json there is nothing but the JSON', async () => {
  const { out } = await watching(['--list', '--json'], 2)
  assert.ok(out.startsWith('round 0\nround 1\n'), out)
})

test('on a terminal each run takes the place of the one before, and stays within it', async () => {
  const { drawn, out } = await watching(['--list'], 2, { isScreen: true })
  assert.equal(out, '')
  const clear = '\x1b[2J'
  assert.ok(drawn[0]!.startsWith(clear) && !drawn[1]!.startsWith(clear))
  const lines = drawn[1]!.replaceAll('\x1b', '^').split('\n')
  assert.match(lines[0]!, /^\^\[HEvery 0\.001 s: millrace x --list .*Z\^\[K$/)
  assert.deepEqual(lines.slice(1), ['^[K', 'round 1^[K', '^[J'])
  for (const text of drawn) assert.equal(text.split('\n').length - 1, 3)
})

test('a first failure ends it, a later one is shown', async () => {
  const first = await watching(['--list'], 9, { statuses: [3] })
  assert.deepEqual([first.status, first.out, first.err], [3, 'round 0\n', 'it failed\n'])
  const later = await watching(['--list'], 3, { statuses: [0, 1] })
  assert.equal(later.status, 0)
  assert.ok(later.ran >= 3)
  assert.equal(later.err, 'it failed\n')
})

test('what changes something, or shows nothing, is not run', async () => {
  const create = await watching(['--create'], 1)
  assert.deepEqual([create.status, create.err, create.ran], [1, '--watch needs --list\n', 0])
  const commands = { watch: { commands: ['show'] } }
  const shown = await watching(['show'], 2, commands)
  assert.equal(shown.status, 0)
  assert.ok(shown.ran >= 2)
  for (const args of [['unregister'], ['unregister', 'show'], ['--show']]) {
    const other = await watching(args, 1, commands)
    assert.deepEqual([other.status, other.err, other.ran], [1, '--watch needs show\n', 0])
  }
})
