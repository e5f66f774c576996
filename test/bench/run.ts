/**
 * npm run bench: Apache Kafka 4.3.1 and Millrace side by side on this machine.
 *
 *     node test/bench/run.ts [--only NAME,...] [--rounds N] [--quick] [--list]
 *     node test/bench/run.ts client …
 *     node test/bench/run.ts cli …
 *
 * The second form compares clients instead of servers: it runs client-produce.ts and then
 * client-consume.ts with whatever else is given. The third is cli.ts, for the command line.
 *
 * --only takes the names of scenarios or their beginnings. --rounds says how often each server is
 * measured (3); the two take turns, and the medians count. --quick takes about three minutes: one
 * round, less load, and Apache Kafka without 10,000 partitions. Prints a line for each measurement
 * on stderr, and at the end a table with both values, their ratio and what is to be reached.
 *
 * Nothing fails on a slow machine: figures are for reading. Kafka comes through the toolbox of the
 * conformance run.
 */
import { spawnSync } from 'node:child_process'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { parseArgs } from 'node:util'
import { killAll } from '../conformance/process.ts'
import type { ServerKind } from '../conformance/server.ts'
import { Toolbox } from '../conformance/toolbox.ts'
import { Contenders } from './contenders.ts'
import { type Bench, SCENARIOS, type Scenario } from './scenarios.ts'
import { formatTable, Samples } from './table.ts'

const ROUNDS = 3
const QUICK_SCALE = 0.25

interface Options {
  readonly scenarios: readonly Scenario[]
  readonly rounds: number
  readonly isQuick: boolean
}

function readOptions(): Options {
  const { values } = parseArgs({
    options: {
      only: { type: 'string', default: '' },
      rounds: { type: 'string' },
      quick: { type: 'boolean', default: false },
      list: { type: 'boolean', default: false },
    },
  })
  const prefixes = values.only.split(',').filter((prefix) => prefix !== '')
  const isChosen = ({ name }: Scenario) => prefixes.some((prefix) => name.startsWith(prefix))
  const scenarios = prefixes.length === 0 ? SCENARIOS : SCENARIOS.filter(isChosen)
  if (scenarios.length === 0) throw new Error(`no scenario is called ${values.only}; see --list`)
  if (values.list) {
    for (const { name } of scenarios) console.log(name)
    process.exit(0)
  }
  const rounds = Number(values.rounds ?? (values.quick ? 1 : ROUNDS))
  if (!Number.isInteger(rounds) || rounds < 1) throw new Error('--rounds takes a whole number')
  return { scenarios, rounds, isQuick: values.quick }
}

/** Each server once a round; who begins alternates, for the machine is never quite the same. */
async function measure(bench: Bench, scenario: Scenario, options: Options): Promise<Samples> {
  const samples = new Samples(scenario)
  const kinds: ServerKind[] = ['kafka', 'millrace']
  const isLeftOut = options.isQuick && scenario.isSlowOnKafka === true
  for (let round = 0; round < options.rounds; round++) {
    for (const kind of kinds) {
      if (isLeftOut && kind === 'kafka') continue
      try {
        samples.add(kind, await scenario.measure(bench, kind))
        console.error(samples.describeLast(kind))
      } catch (error) {
        // A server that does not get through it takes nothing from the figures of the others.
        const [why] = String(error instanceof Error ? error.message : error).split('\n')
        console.error(`${scenario.name} ${kind}: not measured: ${why}`)
        process.exitCode = 1
      }
    }
    kinds.reverse()
  }
  return samples
}

/** Benches that are programs of their own. */
const PROGRAMS: Readonly<Record<string, readonly string[]>> = {
  client: ['client-produce.ts', 'client-consume.ts'],
  cli: ['cli.ts'],
}

function runPrograms(names: readonly string[], args: readonly string[]): void {
  for (const name of names) {
    const program = join(import.meta.dirname, name)
    const { status } = spawnSync(process.execPath, [program, ...args], { stdio: 'inherit' })
    if (status !== 0) process.exit(1)
  }
}

async function main(): Promise<void> {
  const options = readOptions()
  const directory = mkdtempSync(join(tmpdir(), 'millrace-bench-'))
  try {
    const classPath = await new Toolbox(process.env).prepare('java')
    const contenders = await Contenders.prepare(directory, classPath)
    const bench = { contenders, scale: options.isQuick ? QUICK_SCALE : 1 }
    const results: Samples[] = []
    for (const scenario of options.scenarios) {
      if (scenario.isAlone === true) await contenders.endShared()
      results.push(await measure(bench, scenario, options))
    }
    console.log(formatTable(results))
  } finally {
    killAll()
    rmSync(directory, { recursive: true, force: true })
  }
}

for (const signal of ['SIGINT', 'SIGTERM'] as const) {
  process.once(signal, () => {
    killAll()
    process.exit(1)
  })
}

const programs = PROGRAMS[process.argv[2] ?? '']
if (programs !== undefined) runPrograms(programs, process.argv.slice(3))
else await main()
