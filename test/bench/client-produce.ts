/**
 * Clients of Node.js that produce records of 100 bytes with acks=all, side by side in one run:
 * records a second and CPU seconds of the client for a million of them in bulk, and how long one
 * awaited send takes.
 *
 *     node test/bench/client-produce.ts [--server kafka|millrace] [--records N] [--rounds N]
 *         [--clients NAME,…] [--only bulk|single]
 *
 * Each client runs in a process of its own, they take turns (rotation.ts), the medians count.
 * Single sends have rounds of their own: what the broker has still to do for the records of a bulk
 * before them (to collect garbage, to compile) would fall on the sends of the client that was
 * fastest with it. The Java client runs too, in bulk as kafka-producer-perf-test, without the start
 * of its JVM in its records a second, and node-rdkafka where it can be built. The broker is Apache
 * Kafka where nothing else is said: what is measured is the client.
 */
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { parseArgs } from 'node:util'
import { Kafka } from '../../src/client/index.ts'
import { killAll, runOrThrow } from '../conformance/process.ts'
import type { Server } from '../conformance/server.ts'
import { Toolbox } from '../conformance/toolbox.ts'
import { type ClientFolders, clientFolders } from './client-folders.ts'
import { Contenders } from './contenders.ts'
import { type Latency, produce, singleSends } from './load.ts'
import { type BulkFigures, CLIENT_NAMES, SINGLE_SENDS, WARM_UP_SENDS } from './produce-client.ts'
import { rotation } from './rotation.ts'

const JAVA = 'java'
const CLIENT_TIMEOUT_MS = 300_000
const PARTITIONS = 3
const NAME_COLUMN = 20
const COLUMN = 12
const CHILD = join(import.meta.dirname, 'produce-client.ts')

interface Bench {
  readonly server: Server
  readonly contenders: Contenders
  readonly folders: ClientFolders
  readonly kafka: Kafka
  readonly rounds: number
}

/** One of the two things that are measured. */
interface Contest<F> {
  readonly name: string
  /** The figures of a client, and of how many digits they are printed. */
  readonly columns: readonly { title: string; of: (figures: F) => number; digits: number }[]
  measure(bench: Bench, client: string, topic: string): Promise<F>
}

async function inChild<F>(
  { folders, server }: Bench,
  what: 'bulk' | 'single',
  client: string,
  topic: string,
  ...more: string[]
): Promise<F> {
  const child = [CHILD, what, client, server.bootstrap, topic, folders.folderOf(client), ...more]
  return JSON.parse(await runOrThrow(process.execPath, child, CLIENT_TIMEOUT_MS)) as F
}

function bulk(records: number): Contest<BulkFigures> {
  return {
    name: 'bulk',
    columns: [
      { title: '1000 rec/s', of: (figures) => figures.recordsPerSecond / 1000, digits: 0 },
      { title: 'CPU s/M', of: (figures) => figures.cpuSecondsPerMillion, digits: 2 },
    ],
    async measure(bench, client, topic) {
      if (client !== JAVA) return inChild(bench, 'bulk', client, topic, String(records))
      const load = { topic, records, recordBytes: 100 }
      const megabytes = await produce(bench.contenders.target(bench.server), load)
      const recordsPerSecond = (megabytes * 1e6) / load.recordBytes
      return { recordsPerSecond, cpuSecondsPerMillion: Number.NaN }
    },
  }
}

const SINGLE: Contest<Latency> = {
  name: 'single',
  columns: [
    { title: 'p50 ms', of: (figures) => figures.p50Ms, digits: 2 },
    { title: 'p99 ms', of: (figures) => figures.p99Ms, digits: 2 },
  ],
  async measure(bench, client, topic) {
    if (client !== JAVA) return inChild(bench, 'single', client, topic)
    const target = bench.contenders.target(bench.server)
    return singleSends(target, topic, WARM_UP_SENDS, SINGLE_SENDS)
  },
}

function median(values: readonly number[]): number {
  return [...values].sort((a, b) => a - b)[values.length >> 1]!
}

function line<F>({ columns }: Contest<F>, client: string, rounds: readonly F[]): string {
  const figures = columns.map(({ of, digits }) => {
    const figure = median(rounds.map(of))
    return (Number.isNaN(figure) ? '-' : figure.toFixed(digits)).padStart(COLUMN)
  })
  return client.padEnd(NAME_COLUMN) + figures.join('')
}

async function run<F>(bench: Bench, contest: Contest<F>, clients: readonly string[]) {
  const results = new Map<string, F[]>(clients.map((client) => [client, []]))
  for (const { number, isCounted, order } of rotation(clients, bench.rounds)) {
    for (const client of order) {
      const topic = `${contest.name}-${number}-${client}`
      await bench.kafka
        .admin()
        .createTopics([{ name: topic, numPartitions: PARTITIONS, replicationFactor: 1 }])
      const figures = await contest.measure(bench, client, topic)
      if (isCounted) results.get(client)!.push(figures)
      const round = isCounted ? `round ${number}` : 'warm-up'
      console.error(`${contest.name} ${round}  ${line(contest, client, [figures])}`)
    }
  }
  const titles = contest.columns.map(({ title }) => title.padStart(COLUMN)).join('')
  console.log('client'.padEnd(NAME_COLUMN) + titles)
  for (const [client, rounds] of results) console.log(line(contest, client, rounds))
}

async function main(): Promise<void> {
  const { values } = parseArgs({
    options: {
      server: { type: 'string', default: 'kafka' },
      records: { type: 'string', default: '300000' },
      rounds: { type: 'string', default: '3' },
      clients: { type: 'string', default: [...CLIENT_NAMES, JAVA].join(',') },
      only: { type: 'string' },
    },
  })
  const kind = values.server === 'millrace' ? 'millrace' : 'kafka'
  const directory = mkdtempSync(join(tmpdir(), 'millrace-bench-'))
  try {
    const toolbox = new Toolbox(process.env)
    // The other bench has clients of other names, and may be given the same list.
    const known = [...CLIENT_NAMES, JAVA]
    const wanted = values.clients.split(',').filter((client) => known.includes(client))
    if (wanted.length === 0) return console.log(`none of ${known.join(', ')} is wanted`)
    const folders = await clientFolders(toolbox, wanted, console.log)
    const { clients } = folders
    const contenders = await Contenders.prepare(directory, await toolbox.prepare('java'))
    const server = await contenders.fresh(kind)
    await using kafka = new Kafka({ brokers: server.bootstrap })
    const bench = { server, contenders, folders, kafka, rounds: Number(values.rounds) }
    if (values.only !== 'single') await run(bench, bulk(Number(values.records)), clients)
    // The three ways of ours differ in bulk only.
    const ours = clients.filter((client) => client.startsWith('millrace-'))
    const alone = clients.filter((client) => !ours.slice(1).includes(client))
    if (values.only !== 'bulk') await run(bench, SINGLE, alone)
    await contenders.discard(server)
  } finally {
    killAll()
    rmSync(directory, { recursive: true, force: true })
  }
}

await main()
