/**
 * npm run bench -- cli: how soon a command of the command line has printed.
 *
 *     node test/bench/cli.ts [--rounds N]
 *
 * `topics --list` and `--help` of the package that is published, beside Apache Kafka 4.3.1's tool
 * with the JVM options of its script (without the shell of the script, which takes time too) and
 * kcat -L, against one Millrace. Each round runs every one of them once; the medians count, and
 * the best tells what a busy machine hides. The bare start of Node is there to be taken off in
 * thought. `rpk` is measured where it is on the path.
 *
 * Nothing fails on a slow machine: figures are for reading.
 */
import { spawn, spawnSync } from 'node:child_process'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { parseArgs } from 'node:util'
import { TOOL_CLASSES } from '../conformance/jvm.ts'
import { killAll } from '../conformance/process.ts'
import { Toolbox } from '../conformance/toolbox.ts'
import { Contenders } from './contenders.ts'
import { KAFKA_JVM_OPTIONS } from './load.ts'

const ROUNDS = 9
/** What bin/kafka-run-class.sh gives a tool. */
const KAFKA_HEAP = '-Xmx256M'

interface Contender {
  readonly name: string
  readonly command: string
  readonly args: readonly string[]
}

/** When the first of its output came, and when it had ended; milliseconds since its start. */
interface Times {
  readonly firstMs: number
  readonly endMs: number
}

function measure({ name, command, args }: Contender): Promise<Times> {
  return new Promise((resolve, reject) => {
    const beginMs = performance.now()
    const elapsedMs = () => performance.now() - beginMs
    const child = spawn(command, args, { stdio: ['ignore', 'pipe', 'pipe'] })
    let firstMs: number | null = null
    let errors = ''
    child.stdout.on('data', () => {
      firstMs ??= elapsedMs()
    })
    child.stderr.on('data', (chunk: Buffer) => {
      errors += chunk.toString()
    })
    child.on('error', reject)
    child.on('close', (status) => {
      const endMs = elapsedMs()
      if (status === 0) resolve({ firstMs: firstMs ?? endMs, endMs })
      else reject(new Error(`${name} ended with ${status}: ${errors.slice(-400)}`))
    })
  })
}

function contendersOf(millrace: string, bootstrap: string, classPath: string): Contender[] {
  const at = ['--bootstrap-server', bootstrap]
  const node = process.execPath
  const java = [KAFKA_HEAP, ...KAFKA_JVM_OPTIONS, '-cp', classPath, TOOL_CLASSES['kafka-topics']]
  const has = (command: string, ...args: string[]) => spawnSync(command, args).error === undefined
  return [
    { name: 'millrace topics --list', command: node, args: [millrace, 'topics', '--list', ...at] },
    { name: 'kafka-topics.sh --list', command: 'java', args: [...java, '--list', ...at] },
    ...(has('kcat', '-V')
      ? [{ name: 'kcat -L', command: 'kcat', args: ['-L', '-b', bootstrap] }]
      : []),
    ...(has('rpk', 'version')
      ? [
          {
            name: 'rpk topic list',
            command: 'rpk',
            args: ['topic', 'list', '-X', `brokers=${bootstrap}`],
          },
        ]
      : []),
    { name: 'millrace --help', command: node, args: [millrace, '--help'] },
    { name: 'millrace topics --help', command: node, args: [millrace, 'topics', '--help'] },
    { name: 'node -e 0', command: node, args: ['-e', '0'] },
  ]
}

function median(values: readonly number[]): number {
  const sorted = values.toSorted((a, b) => a - b)
  const middle = sorted.length >> 1
  return sorted.length % 2 === 1 ? sorted[middle]! : (sorted[middle - 1]! + sorted[middle]!) / 2
}

function table(times: ReadonlyMap<Contender, readonly Times[]>): string {
  const medians = [...times].map(([{ name }, all]) => ({
    name,
    firstMs: median(all.map(({ firstMs }) => firstMs)),
    bestMs: Math.min(...all.map(({ firstMs }) => firstMs)),
    endMs: median(all.map(({ endMs }) => endMs)),
  }))
  const of = (name: string) => medians.find((each) => each.name === name)!.firstMs
  const kafka = of('kafka-topics.sh --list')
  const targets = new Map([
    ['millrace topics --list', `<= 120 ms, <= 1/8 of Kafka's (${(kafka / 8).toFixed(0)} ms)`],
    ['millrace --help', '<= 80 ms'],
    ['millrace topics --help', '<= 80 ms'],
  ])
  const rows = medians.map(({ name, firstMs, bestMs, endMs }) => {
    const ratio = (firstMs / kafka).toFixed(3)
    const times = [firstMs, bestMs, endMs].map((each) => each.toFixed(0)).join(' | ')
    return `| ${name} | ${times} | ${ratio} | ${targets.get(name) ?? ''} |`
  })
  const head = [
    "| command | first output, ms | the best | ended, ms | to Kafka's | target |",
    '|---|---:|---:|---:|---:|---|',
  ]
  return [...head, ...rows].join('\n')
}

async function main(): Promise<void> {
  const { values } = parseArgs({ options: { rounds: { type: 'string', default: String(ROUNDS) } } })
  const rounds = Number(values.rounds)
  if (!Number.isInteger(rounds) || rounds < 1) throw new Error('--rounds takes a whole number')
  const directory = mkdtempSync(join(tmpdir(), 'millrace-bench-'))
  try {
    const classPath = await new Toolbox(process.env).prepare('java')
    const contenders = await Contenders.prepare(directory, classPath)
    const server = await contenders.fresh('millrace')
    const all = contendersOf(contenders.millrace, server.bootstrap, classPath)
    const topic = ['topics', '--create', '--topic', 'bench', '--bootstrap-server', server.bootstrap]
    await measure({
      name: 'create',
      command: process.execPath,
      args: [contenders.millrace, ...topic],
    })
    for (const each of all) await measure(each) // what is cached after a first run is cached
    const times = new Map(all.map((each) => [each, [] as Times[]]))
    for (let round = 0; round < rounds; round++) {
      for (const each of all) times.get(each)!.push(await measure(each))
      console.error(`round ${round + 1} of ${rounds}`)
    }
    console.log(table(times))
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

await main()
