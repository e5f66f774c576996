/**
 * Runs Apache Kafka's own integration tests (../shared/judges/kafka-clustertest) on this server,
 * each test on a cluster of its own, and sorts what came of them: a failure is one of this version
 * only where judge-table.ts does not say what the test waits for.
 */
import { existsSync, mkdirSync } from 'node:fs'
import { join, resolve } from 'node:path'
import { type JudgeClass, LATER_MESSAGES, REASONS } from './judge-table.ts'
import { type JudgedTest, readJunitReports } from './junit-report.ts'
import { Running } from './process.ts'

const REPOSITORY = resolve(import.meta.dirname, '../..')
/** They belong beside the checkout. */
export const JUDGES = resolve(REPOSITORY, '../shared/judges/kafka-clustertest')
const REASON_CHARS = 200

export interface Verdict {
  readonly passed: number
  /** A line for each failure that is not of later work. */
  readonly failures: readonly string[]
  /** How many were not judged, by reason. */
  readonly skipped: ReadonlyMap<string, number>
  /** Tests that pass though the table says that they wait for something. */
  readonly passesByNow: readonly string[]
}

/** Whether the judges are on this machine. */
export function hasJudges(): boolean {
  return existsSync(JUDGES)
}

/** Has the classes judge; `all` runs also the methods that are known to wait for later work. */
export async function judge(
  classes: readonly JudgeClass[],
  { all, out }: { readonly all: boolean; readonly out: string },
): Promise<Verdict> {
  const later = laterMethods(classes)
  const excluded = all ? [] : [...later.keys()]
  mkdirSync(out, { recursive: true })
  const selectors = classes.flatMap(({ name }) => ['-c', name])
  const exclusions = excluded.map((test) => {
    const [className, method] = test.split('.')
    return `--exclude-methodname=.*\\b${className}#${method}`
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
  return sort(tests, later, excluded)
}

/** The methods that wait for later work, by `Class.method`, with the reason. */
function laterMethods(classes: readonly JudgeClass[]): Map<string, string> {
  const later = new Map<string, string>()
  for (const { name, later: byReason } of classes) {
    const className = name.slice(name.lastIndexOf('.') + 1)
    for (const [reason, methods] of Object.entries(byReason)) {
      for (const method of methods) {
        later.set(`${className}.${method}`, REASONS[reason as keyof typeof REASONS])
      }
    }
  }
  return later
}

function sort(
  tests: readonly JudgedTest[],
  later: ReadonlyMap<string, string>,
  excluded: readonly string[],
): Verdict {
  const failures: string[] = []
  const passesByNow: string[] = []
  const skipped = new Map<string, number>()
  const skip = (why: string) => skipped.set(why, (skipped.get(why) ?? 0) + 1)
  for (const name of excluded) skip(`waits for ${later.get(name)}`)
  let passed = 0
  for (const test of tests) {
    const shown = `${test.className}.${test.name}`
    const firstLine = (test.text.split('\n')[0] ?? '').slice(0, REASON_CHARS)
    const reason = laterReason(test, later)
    if (test.outcome === 'passed') {
      passed++
      if (reason !== null) passesByNow.push(`${shown}, which waited for ${reason}`)
    } else if (test.outcome === 'skipped') {
      skip(firstLine.replace(/^[\w.]*TestAbortedException: /, ''))
    } else if (reason !== null) skip(`waits for ${reason}`)
    else failures.push(`${shown} (${Math.round(test.seconds)} s): ${firstLine}`)
  }
  return { passed, failures, skipped, passesByNow }
}

/** What the test waits for; null where it has to pass. */
function laterReason(test: JudgedTest, later: ReadonlyMap<string, string>): string | null {
  for (const [message, reason] of LATER_MESSAGES) {
    if (test.text.includes(message)) return REASONS[reason]
  }
  return later.get(`${test.className}.${test.method}`) ?? null
}
