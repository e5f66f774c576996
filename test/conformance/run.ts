/**
 * npm run conformance: clients that are not ours, in their own words, against a server.
 *
 *     node test/conformance/run.ts [--against millrace|kafka] [--only NAME,...] [--list] [--keep]
 *                                  [--record] [--report FILE]
 *
 * --only takes the names of checks or their beginnings. --keep leaves the servers' folders.
 *  --record, with --against kafka, writes the transcripts anew. --report writes the results as JSON
 *  (report.ts). Prints `ok NAME (ms)` or `FAIL NAME: reason` for each check, and as its last line
 *  `N passed, N failed`; the exit status is 1 when one failed. A tool that is missing on this
 *  machine is a failure.
 */
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { parseArgs } from 'node:util'
import { type Check, runCheck, type Surroundings } from './check.ts'
import { CHECKS } from './checks.ts'
import { Jvm } from './jvm.ts'
import { killAll } from './process.ts'
import { type CheckResult, writeReport } from './report.ts'
import { SERVER_KINDS, Server, type ServerKind } from './server.ts'
import { Toolbox } from './toolbox.ts'

interface Options {
  readonly kind: ServerKind
  readonly checks: readonly Check[]
  readonly isRecording: boolean
  readonly keepsFolders: boolean
  /** Where to write the results; null: nowhere. */
  readonly reportFile: string | null
}

function readOptions(): Options {
  const { values } = parseArgs({
    options: {
      against: { type: 'string', default: 'millrace' },
      only: { type: 'string', default: '' },
      list: { type: 'boolean', default: false },
      keep: { type: 'boolean', default: false },
      record: { type: 'boolean', default: false },
      report: { type: 'string' },
    },
  })
  const kind = SERVER_KINDS.find((each) => each === values.against)
  if (kind === undefined) throw new Error(`--against takes ${SERVER_KINDS.join(' or ')}`)
  if (values.record && kind !== 'kafka') throw new Error('--record needs --against kafka')
  const prefixes = values.only.split(',').filter((prefix) => prefix !== '')
  const isChosen = ({ name }: Check) => prefixes.some((prefix) => name.startsWith(prefix))
  const checks = prefixes.length === 0 ? CHECKS : CHECKS.filter(isChosen)
  if (checks.length === 0) throw new Error(`no check is called ${values.only}; see --list`)
  if (values.list) {
    for (const { name } of checks) console.log(name)
    process.exit(0)
  }
  const { record: isRecording, keep: keepsFolders, report: reportFile = null } = values
  return { kind, checks, isRecording, keepsFolders, reportFile }
}

async function main(): Promise<number> {
  const options = readOptions()
  const directory = mkdtempSync(join(tmpdir(), 'millrace-conformance-'))
  const toolbox = new Toolbox(process.env)
  const started = performance.now()
  try {
    // Java first: the reference and half of the checks need it. The other languages come meanwhile.
    const tools = new Set(options.checks.flatMap((check) => check.needs))
    for (const tool of tools) toolbox.prepare(tool)
    const classPath = await toolbox.prepare('java')
    const { kind, isRecording } = options
    const server = await Server.create({ kind, classPath, directory: join(directory, 'server') })
    console.log(`${kind} on ${server.bootstrap} (${Math.round(performance.now() - started)} ms)`)
    const jvm = new Jvm(classPath)
    const surroundings = { server, jvm, toolbox, kind, classPath, directory, isRecording }
    const results = await runChecks(options.checks, surroundings)
    const failed = results.filter(({ reason }) => reason !== null).length
    if (options.reportFile !== null) writeReport(options.reportFile, kind, results, directory)
    const seconds = Math.round((performance.now() - started) / 1000)
    if (failed > 0) console.log(`the shared server said last:\n${server.describe()}`)
    console.log(`${seconds} s${options.keepsFolders ? `, folders in ${directory}` : ''}`)
    console.log(`${options.checks.length - failed} passed, ${failed} failed`)
    return failed === 0 ? 0 : 1
  } finally {
    killAll()
    if (!options.keepsFolders) rmSync(directory, { recursive: true, force: true })
  }
}

/**
 * Two lanes, since this is meant for two cores: the checks that share the one JVM of the tools, and
 * all others.
 */
async function runChecks(
  checks: readonly Check[],
  surroundings: Surroundings,
): Promise<CheckResult[]> {
  const isJava = (check: Check) => /^(java|cli)-/.test(check.name)
  const lanes = [checks.filter(isJava), checks.filter((check) => !isJava(check))]
  const results: CheckResult[] = []
  const runLane = async (lane: readonly Check[]) => {
    for (const check of lane) {
      const started = performance.now()
      const reason = await runCheck(check, surroundings)
      results.push({ name: check.name, reason })
      const elapsed = `(${Math.round(performance.now() - started)} ms)`
      console.log(reason === null ? `ok ${check.name} ${elapsed}` : `FAIL ${check.name}: ${reason}`)
    }
  }
  await Promise.all(lanes.map(runLane))
  return results
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
  console.log(`FAIL start: ${error instanceof Error ? error.message : error}`)
  console.log('0 passed, 1 failed')
  process.exitCode = 1
}
