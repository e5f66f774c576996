/**
 * The fast ones of Apache Kafka's own integration tests (judging.ts). Where the judges are not
 * beside the checkout the check says that it did nothing; in CI that is a failure.
 */
import assert from 'node:assert/strict'
import { join } from 'node:path'
import type { Check, CheckContext } from '../check.ts'
import { JUDGE_CLASSES } from '../judge-table.ts'
import { hasJudges, JUDGES, judge } from '../judging.ts'

/** Two minutes on two idle cores. */
const TIMEOUT_MS = 480_000

export const judgeChecks: readonly Check[] = [
  { name: 'java-judges', needs: ['java'], timeoutMs: TIMEOUT_MS, run: runFastJudges },
]

async function runFastJudges(context: CheckContext): Promise<void> {
  if (context.kind !== 'millrace') return // The reference is what they were written for.
  if (!hasJudges()) {
    assert.notEqual(process.env['CI'], 'true', `${JUDGES} is not there`)
    console.log(`skip java-judges: ${JUDGES} is not there`)
    return
  }
  const classes = JUDGE_CLASSES.filter(({ isFast }) => isFast)
  const out = join(context.directory, 'reports')
  const { passed, failures } = await judge(classes, { all: false, out })
  assert.deepEqual(failures, [], failures.join('\n'))
  assert.ok(passed > 0, 'no test was run')
}
