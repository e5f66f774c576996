/**
 * npm run faults: all that is done to a node in `npm run conformance`, for as long as it takes.
 *
 *     node test/faults/run.ts [--only NAME,...] [--list] [--keep] [--kills 50] [--frames 1000000]
 *                             [--seeds 100] [--damages 10000] [--connections 5000]
 *                             [--partitions 10000] [--seed a random one]
 *
 * --only takes the names of checks or their beginnings. --keep leaves the servers' folders. Prints
 * a line of figures for each check, `ok NAME (ms)` or `FAIL NAME: reason`, and as its last line
 * `N passed, N failed`; the exit status is 1 when one failed.
 */
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { parseArgs } from 'node:util'
import { runCheck } from '../conformance/check.ts'
import { Jvm } from '../conformance/jvm.ts'
import { killAll } from '../conformance/process.ts'
import { Server } from '../conformance/server.ts'
import { Toolbox } from '../conformance/toolbox.ts'
import { type FaultSizes, faultChecks } from './checks.ts'

/** The sizes of the issue. */
const SIZES: FaultSizes = {
  seed: 1 + Math.floor(Math.random() * 1e6),
  kills: 50,
  frames: 1_000_000,
  seeds: 100,
  damages: 10_000,
  connections: 5_000,
  partitions: 10_000,
}

function readOptions() {
  const sizeOptions = Object.fromEntries(
    Object.entries(SIZES).map(([name, size]) => [name, { type: 'string', default: `${size}` }]),
  ) as Record<keyof FaultSizes, { type: 'string'; default: string }>
  const { values } = parseArgs({
    options: {
      only: { type: 'string', default: '' },
      list: { type: 'boolean', default: false },
      keep: { type: 'boolean', default: false },
      ...sizeOptions,
    },
  })
  const sizes = Object.fromEntries(
    Object.keys(SIZES).map((name) => {
      const size = Number(values[name as keyof FaultSizes])
      if (!Number.isSafeInteger(size) || size < 1) throw new Error(`--${name} takes a number`)
      return [name, size]
    }),
  ) as unknown as FaultSizes
  const prefixes = values.only.split(',').filter((prefix) => prefix !== '')
  const checks = faultChecks(sizes).filter(
    ({ name }) =>
      prefixes.length === 0 ||
      prefixes.some((each) => name.replace(/^fault-/, '').startsWith(each)),
  )
  if (checks.length === 0) throw new Error(`no check is called ${values.only}; see --list`)
  return { ...values, checks }
}

async function main(): Promise<number> {
  const { checks, list, keep } = readOptions()
  if (list) {
    for (const { name } of checks) console.log(name)
    return 0
  }
  const directory = mkdtempSync(join(tmpdir(), 'millrace-faults-'))
  const toolbox = new Toolbox(process.env)
  try {
    const classPath = await toolbox.prepare('java')
    const server = await Server.create({
      kind: 'millrace',
      classPath,
      directory: join(directory, 'server'),
    })
    const jvm = new Jvm(classPath)
    const kind = 'millrace' as const
    const surroundings = { server, jvm, toolbox, kind, classPath, directory, isRecording: false }
    let failed = 0
    for (const check of checks) {
      const started = performance.now()
      const reason = await runCheck(check, surroundings)
      const elapsed = `(${Math.round(performance.now() - started)} ms)`
      console.log(reason === null ? `ok ${check.name} ${elapsed}` : `FAIL ${check.name}: ${reason}`)
      if (reason !== null) failed++
    }
    if (keep) console.log(`folders in ${directory}`)
    console.log(`${checks.length - failed} passed, ${failed} failed`)
    return failed === 0 ? 0 : 1
  } finally {
    killAll()
    if (!keep) rmSync(directory, { recursive: true, force: true })
  }
}

for (const signal of ['SIGINT', 'SIGTERM'] as const) {
  process.on(signal, () => {
    killAll()
    process.exit(130)
  })
}

process.exitCode = await main()
