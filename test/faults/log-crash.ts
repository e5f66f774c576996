/**
 * A log that dies at every operation of its disk, in every way, for many seeds: what
 * src/log/log-crash.test.ts does for a few. In this process, on the simulated disk.
 */
import { ENDS, LogCrashRun } from '../../src/log/log-crash.test-support.ts'
import type { Check, CheckContext } from '../conformance/check.ts'

const STEPS = 40
const SEED_TIMEOUT_MS = 60_000
const NUMBERS = /\d+/g

async function crashLogs(context: CheckContext, seeds: number): Promise<void> {
  let runs = 0
  const deaths = new Map<string, number>()
  const first = 1 + Math.floor(Math.random() * 1e6)
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
  const kinds = [...deaths].sort((a, b) => b[1] - a[1]).map(([kind, count]) => `${kind} ${count}`)
  context.note(`seeds ${first} to ${first + seeds - 1}: ${runs} deaths, by what they struck:`)
  context.note(kinds.join(', '))
}

function run(seed: number, dieAt: number, end: (typeof ENDS)[number]) {
  return new LogCrashRun({ seed, steps: STEPS, dieAt, end }).run()
}

export function logCrashCheck(seeds: number): Check {
  return {
    name: 'fault-log',
    needs: [],
    timeoutMs: seeds * SEED_TIMEOUT_MS,
    run: (context) => crashLogs(context, seeds),
  }
}
