/**
 * `millrace doctor`: looks at everything that has to be right before clients can work with a
 * cluster, and says what to do about what is not.
 *
 * Invariant: nothing is changed. Exit status 1 where anything fails, 0 where there are warnings at
 * most.
 */
import { styleText } from 'node:util'
import { CliError } from '../cli-error.ts'
import { COMMON_FLAGS, parseFlags } from '../flags.ts'
import { common, type ToolHelp, type ToolRun } from '../tool.ts'
import type { Finding, FindingStatus } from './findings.ts'

const HELP: ToolHelp = {
  name: 'doctor',
  alias: null,
  about:
    'Look at the way to a cluster and at the cluster: names, connections, TLS, SASL, advertised ' +
    'addresses, features, permissions, internal topics, replicas, clock.',
  flags: [],
  runsBare: true,
}

const COLOURS = { ok: 'green', warning: 'yellow', failure: 'red' } as const

/** Runs the command. */
export async function doctorTool(run: ToolRun): Promise<number> {
  const flags = parseFlags(run.args, COMMON_FLAGS)
  const ended = common(run, HELP, (flag) => flags.has(flag))
  if (ended !== null) return ended
  const [{ connectionSettings, errorText, isExpected, optionsOf }, { examine }] = await Promise.all(
    [import('../connection.ts'), import('./examination.ts')],
  )
  const settings = connectionSettings(flags, run)
  const { tls, sasl } = optionsOf(settings)
  const findings = await examine({
    settings,
    tls: typeof tls === 'object' ? tls : null,
    mechanism: sasl?.mechanism ?? null,
    nowMs: Date.now,
  }).catch((error: unknown) => {
    throw isExpected(error) ? new CliError(errorText(error)) : error
  })
  const isWell = findings.every(({ status }) => status !== 'failure')
  if (flags.has('json')) run.out(JSON.stringify({ ok: isWell, findings }))
  else await print(run, findings)
  return isWell ? 0 : 1
}

async function print(run: ToolRun, findings: readonly Finding[]): Promise<void> {
  const { textTable } = await import('../table.ts')
  const isColoured = run.terminal.output
  const shown = (status: FindingStatus) =>
    isColoured ? styleText(COLOURS[status], status, { validateStream: false }) : status
  const rows = findings.flatMap(({ status, check, found, next }) => [
    [shown(status), check, found],
    ...(next === null ? [] : [['', '', `next: ${next}`]]),
  ])
  for (const line of textTable(['STATUS', 'CHECK', 'FOUND'], rows, isColoured)) run.out(line)
  const count = (of: FindingStatus) => findings.filter(({ status }) => status === of).length
  run.out('')
  run.out(`${count('ok')} ok, ${count('warning')} warnings, ${count('failure')} failures`)
}
