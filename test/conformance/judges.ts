/**
 * npm run judges: Apache Kafka's own integration tests (../shared/judges/kafka-clustertest) judge
 * this server, each test on a cluster of its own.
 *
 *     node test/conformance/judges.ts [--fast] [--all] [--list] [--out FOLDER] [CLASS...]
 *
 * CLASS is the end of a class's name. Without: every class of judge-table.ts; --fast: those that CI
 * runs. Methods that wait for later work are left out, with their reasons; --all runs them too, and
 * names those that pass by now. --out keeps the reports. Prints a FAIL line for each failure that
 * is not of later work, and as its last line `N passed, N failed, N skipped`; the exit status is 1
 * when one failed or nothing passed, 2 when the judges are not there.
 */
import { existsSync, mkdirSync, mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import { parseArgs } from 'node:util'
import { JUDGE_CLASSES, type JudgeClass, LATER_MESSAGES, REASONS } from './judge-table.ts'
import { type JudgedTest, readJunitReports } from './junit-report.ts'
import { killAll, Running } from './process.ts'

const REPOSITORY = resolve(import.meta.dirname, '../..')
const JUDGES = resolve(REPOSITORY, '../shared/judges/kafka-clustertest')
const REASON_CHARS = 200

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

/** The methods that wait for later work, by `Class.method`, with the reason. */
function laterMethods(classes: readonly JudgeClass[]): Map<string, string> {
  const later = new Map<string, string>()
  for (const { name, later: byReason } of classes) {
    for (const [reason, methods] of Object.entries(byReason)) {
      for (const method of methods) {
        const shortName = name.slice(name.lastIndexOf('.') + 1)
        later.set(`${shortName}.${method}`, REASONS[reason as keyof typeof REASONS])
      }
    }
  }
  return later
}

async function runJudges(
  classes: readonly JudgeClass[],
  excluded: readonly string[],
  out: string,
): Promise<JudgedTest[]> {
  const selectors = classes.flatMap(({ name }) => ['-c', name])
  const exclusions = excluded.map((test) => {
    const [shortName, method] = test.split('.')
    return `--exclude-methodname=.*\\b${shortName}#${method}`
  })
  const node = join(REPOSITORY, 'test/conformance/judge-node.sh')
  const run = new Running(join(JUDGES, 'run.sh'), [...selectors, ...exclusions], {
    env: { EXT_NODE_CMD: `'${node}'`, OUT: out },
  })
  await run.exited
  const tests = readJunitReports(out)
  if (tests.length === 0) {
    throw new Error(`the judges left no report:\n${run.lines.join('\n')}\n${run.stderrTail}`)
  }
  return tests
}

/** Why a failure is none of this version's; null where it is a failure. */
function laterReason(test: JudgedTest, later: ReadonlyMap<string, string>): string | null {
  for (const [message, reason] of LATER_MESSAGES) {
    if (test.text.includes(message)) return REASONS[reason]
  }
  return later.get(`${test.className}.${test.method}`) ?? null
}

function report(
  tests: readonly JudgedTest[],
  later: ReadonlyMap<string, string>,
  excluded: readonly string[],
): boolean {
  const skipped = new Map<string, number>()
  const skip = (why: string) => skipped.set(why, (skipped.get(why) ?? 0) + 1)
  for (const name of excluded) skip(`waits for ${later.get(name)}`)
  let passed = 0
  let failed = 0
  for (const test of tests) {
    const shown = `${test.className}.${test.name}`
    const firstLine = (test.text.split('\n')[0] ?? '').slice(0, REASON_CHARS)
    if (test.outcome === 'passed') {
      passed++
      const reason = later.get(`${test.className}.${test.method}`)
      if (reason !== undefined) console.log(`passes by now: ${shown}, which waited for ${reason}`)
      continue
    }
    const reason = test.outcome === 'failed' ? laterReason(test, later) : null
    if (test.outcome === 'skipped') skip(firstLine.replace(/^[\w.]*TestAbortedException: /, ''))
    else if (reason !== null) skip(`waits for ${reason}`)
    else {
      failed++
      console.log(`FAIL ${shown} (${Math.round(test.seconds)} s): ${firstLine}`)
    }
  }
  for (const [why, count] of skipped) console.log(`skip ${count}: ${why}`)
  const skips = [...skipped.values()].reduce((sum, count) => sum + count, 0)
  console.log(`${passed} passed, ${failed} failed, ${skips} skipped`)
  return passed > 0 && failed === 0
}

async function main(): Promise<number> {
  const options = readOptions()
  if (options.list) {
    for (const { name } of options.classes) console.log(name)
    return 0
  }
  if (!existsSync(JUDGES)) {
    console.log(`FAIL judges: ${JUDGES} is not there; it belongs beside this checkout`)
    return 2
  }
  const later = laterMethods(options.classes)
  const excluded = options.all ? [] : [...later.keys()]
  const kept = options.out === undefined ? null : resolve(options.out)
  const out = kept ?? mkdtempSync(join(tmpdir(), 'millrace-judges-'))
  mkdirSync(out, { recursive: true })
  const started = performance.now()
  try {
    const tests = await runJudges(options.classes, excluded, out)
    console.log(`${Math.round((performance.now() - started) / 1000)} s`)
    return report(tests, later, excluded) ? 0 : 1
  } finally {
    killAll()
    if (kept === null) rmSync(out, { recursive: true, force: true })
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
