/**
 * npm run judges: Apache Kafka's own integration tests on this server (judging.ts).
 *
 *     node test/conformance/judges.ts [--fast] [--all] [--list] [--out FOLDER] [CLASS...]
 *
 * CLASS is the end of a class's name. Without: every class of judge-table.ts; --fast: those that CI
 * runs. Methods that wait for later work are left out, with their reasons; --all runs them too, and
 * names those that pass by now. --out keeps the reports. Prints a FAIL line for each failure that
 * is not of later work, and as its last line `N passed, N failed, N skipped`; the exit status is 1
 * when one failed or nothing passed, 2 when the judges are not there.
 */
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import { parseArgs } from 'node:util'
import { JUDGE_CLASSES, type JudgeClass } from './judge-table.ts'
import { hasJudges, JUDGES, judge, type Verdict } from './judging.ts'
import { killAll } from './process.ts'

function readOptions() {
  const { values, positionals } = parseArgs({
    allowPositionals: true,
    options: {
      fast: { type: 'boolean', default: false },
      all: { type: 'boolean', default: false },
      list: { type: 'boolean', default: false },
      out: { type: 'string' },
    },
  })
  const isChosen = ({ name, isFast }: JudgeClass) =>
    (!values.fast || isFast) &&
    (positionals.length === 0 || positionals.some((end) => name.endsWith(end)))
  const classes = JUDGE_CLASSES.filter(isChosen)
  if (classes.length === 0) throw new Error(`no class is called ${positionals.join(' ')}`)
  return { ...values, classes }
}

function print({ passed, failures, skipped, passesByNow }: Verdict): void {
  for (const line of passesByNow) console.log(`passes by now: ${line}`)
  for (const line of failures) console.log(`FAIL ${line}`)
  for (const [why, count] of skipped) console.log(`skip ${count}: ${why}`)
  const skips = [...skipped.values()].reduce((sum, count) => sum + count, 0)
  console.log(`${passed} passed, ${failures.length} failed, ${skips} skipped`)
}

async function main(): Promise<number> {
  const { classes, list, all, out: kept } = readOptions()
  if (list) {
    for (const { name } of classes) console.log(name)
    return 0
  }
  if (!hasJudges()) {
    console.log(`FAIL judges: ${JUDGES} is not there; it belongs beside this checkout`)
    return 2
  }
  const out = kept === undefined ? mkdtempSync(join(tmpdir(), 'millrace-judges-')) : resolve(kept)
  const started = performance.now()
  try {
    const verdict = await judge(classes, { all, out })
    console.log(`${Math.round((performance.now() - started) / 1000)} s`)
    print(verdict)
    return verdict.passed > 0 && verdict.failures.length === 0 ? 0 : 1
  } finally {
    killAll()
    if (kept === undefined) rmSync(out, { recursive: true, force: true })
  }
}

for (const signal of ['SIGINT', 'SIGTERM'] as const) {
  process.on(signal, () => {
    killAll()
    process.exit(130)
  })
}

try {
  process.exitCode = await main()
} catch (error) {
  console.log(`FAIL judges: ${error instanceof Error ? error.message : error}`)
  process.exitCode = 1
}
