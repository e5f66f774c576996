/** Every operation of the disk is the last one, for some runs of a log. */
import { test } from 'node:test'
import { ENDS, LogCrashRun } from './log-crash.test-support.ts'

const SEEDS = [1, 2]
const STEPS = 12

test('a log that dies at any operation of its disk has kept what it must', async () => {
  for (const seed of SEEDS) {
    const run = (dieAt: number, end: (typeof ENDS)[number]) =>
      new LogCrashRun({ seed, steps: STEPS, dieAt, end }).run()
    const { operations } = await run(Infinity, 'kill')
    for (let dieAt = 1; dieAt <= operations; dieAt++) {
      for (const end of ENDS) await run(dieAt, end)
    }
  }
})
