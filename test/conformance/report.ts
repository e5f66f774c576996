/**
 * What a run found, as a file: `--report FILE`. docs/conformance.json is one, from which the
 * compatibility page takes its last section.
 *
 * Invariant: nothing of the machine that made it is in it: folders and ports are taken out of
 * reasons.
 */
import { execFileSync } from 'node:child_process'
import { writeFileSync } from 'node:fs'

export interface CheckResult {
  readonly name: string
  /** Null when the claim held, else the reason why not. */
  readonly reason: string | null
}

export interface Report {
  readonly against: string
  /** Day of the run, as YYYY-MM-DD. */
  readonly date: string
  /** The commit that was checked out, short. */
  readonly commit: string
  readonly checks: readonly CheckResult[]
}

/** Writes the report; checks come in the order of their names, since they run in two lanes. */
export function writeReport(
  file: string,
  against: string,
  results: readonly CheckResult[],
  directory: string,
): void {
  const checks = results
    .map(({ name, reason }) => ({ name, reason: reason && withoutMachine(reason, directory) }))
    .sort((a, b) => (a.name < b.name ? -1 : 1))
  const date = new Date().toISOString().slice(0, 10)
  const report: Report = { against, date, commit: currentCommit(), checks }
  writeFileSync(file, `${JSON.stringify(report, null, 2)}\n`)
}

function currentCommit(): string {
  const options = { cwd: import.meta.dirname, encoding: 'utf8' } as const
  return execFileSync('git', ['rev-parse', '--short', 'HEAD'], options).trim()
}

function withoutMachine(reason: string, directory: string): string {
  return reason
    .replaceAll(directory, 'DIRECTORY')
    .replaceAll(/127\.0\.0\.1:\d+/g, 'SERVER')
    .replaceAll(/(\/[\w.@+-]+){3,}/g, 'PATH')
}
