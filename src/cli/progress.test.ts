/** That a bar is drawn on a terminal, and that nothing of it gets anywhere else. */
import assert from 'node:assert/strict'
import { PassThrough } from 'node:stream'
import { test } from 'node:test'
import { openProgress } from './progress.ts'

async function drawn(isTerminal: boolean, isAlias = false): Promise<string> {
  const stream = Object.assign(new PassThrough(), {
    isTTY: isTerminal,
    columns: 80,
    cursorTo: () => true,
    moveCursor: () => true,
    clearLine: () => true,
  })
  const written: string[] = []
  stream.on('data', (chunk: Buffer) => void written.push(chunk.toString()))
  const run = { terminal: { input: false, output: isTerminal }, isAlias }
  const progress = await openProgress(run, 'Reading', 10, stream as unknown as NodeJS.WriteStream)
  progress.update(5)
  progress.end()
  return written.join('')
}

test('on a terminal there is a bar', async () => {
  assert.match(await drawn(true), /Reading \[=* *\] \d+ %/)
})

test("elsewhere, and under Kafka's names, there is none", async () => {
  assert.equal(await drawn(false), '')
  assert.equal(await drawn(true, true), '')
})
