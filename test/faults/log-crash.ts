/**
 * A log that dies at every operation of its disk, in every way, for many seeds: what
 * src/log/log-crash.test.ts does for a few. In this process, on the simulated disk.
 */
import { ENDS, LogCrashRun } from '../../src/log/log-crash.test-support.ts'
import type { Check, CheckContext } from '../conformance/check.ts'

const STEPS = 40
const SEED_TIMEOUT_MS = 60_000
const KINDS_SHOWN = 6
const NUMBERS = /\d+/g

async function crashLogs(context: CheckContext, seeds: number, first: number): Promise<void> {
  let runs = 0
  const deaths = new Map<string, number>()
  for (let seed = first; seed < first + seeds; seed++) {
    const { operations } = await run(seed, Infinity, 'kill')
    for (let dieAt = 1; dieAt <= operations; dieAt++) {
      for (const end of ENDS) {
        const { lastOperation } = await run(seed, dieAt, end)
        const [what, path] = lastOperation.split(' ') as [string, string?]
        const kind = `${what} ${(path ?? '').slice(path?.lastIndexOf('/')).replace(NUMBERS, 'N')}`
        deaths.set(kind, (deaths.get(kind) ?? 0) + 1)
        runs++
      }
    }
  }
  const most = [...deaths].sort((a, b) => b[1] - a[1]).slice(0, KINDS_SHOWN)
  const kinds = most.map(([kind, count]) => `${kind} ${count}`).join(', ')
  const range = `seeds ${first} to ${first + seeds - 1}`
  context.note(`${range}: ${runs} deaths at ${deaths.size} kinds of operations, most at ${kinds}`)
}

function run(seed: number, dieAt: number, end: (typeof ENDS)[number]) {
  return new LogCrashRun({ seed, steps: STEPS, dieAt, end }).run()
}

export function logCrashCheck(seeds: number, firstSeed: number): Check {
  return {
    name: 'fault-log',
    needs: [],
    timeoutMs: seeds * SEED_TIMEOUT_MS,
    run: (context) => crashLogs(context, seeds, firstSeed),
  }
}
