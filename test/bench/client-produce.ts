/**
 * Clients of Node.js that produce records of 100 bytes with acks=all, side by side in one run:
 * records a second, CPU seconds of the client for a million, and how long one awaited send takes.
 *
 *     node test/bench/client-produce.ts [--server kafka|millrace] [--records N] [--rounds N]
 *         [--clients NAME,…]
 *
 * Each client runs in a process of its own, they take turns (rotation.ts), the medians count. The
 * Java client runs too, as kafka-producer-perf-test, without the start of its JVM in its records a
 * second and with it in its CPU, and node-rdkafka where it can be built. The broker is Apache Kafka
 * where nothing else is said: what is measured is the client.
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
import { produce, singleSends } from './load.ts'
import { CLIENT_NAMES, type ProduceFigures, SINGLE_SENDS, WARM_UP_SENDS } from './produce-client.ts'
import { rotation } from './rotation.ts'

const JAVA = 'java'
const CLIENT_TIMEOUT_MS = 300_000
const PARTITIONS = 3
const CHILD = join(import.meta.dirname, 'produce-client.ts')

interface Bench {
  readonly server: Server
  readonly contenders: Contenders
  readonly folders: ClientFolders
  readonly records: number
}

async function measure(bench: Bench, client: string, topic: string): Promise<ProduceFigures> {
  const { server, contenders, folders, records } = bench
  if (client === JAVA) {
    const load = { topic, records, recordBytes: 100 }
    const target = contenders.target(server)
    const megabytes = await produce(target, load)
    const recordsPerSecond = (megabytes * 1e6) / load.recordBytes
    const latency = await singleSends(target, topic, WARM_UP_SENDS, SINGLE_SENDS)
    return { recordsPerSecond, cpuSecondsPerMillion: Number.NaN, ...latency }
  }
  const args = [CHILD, client, server.bootstrap, topic, String(records), folders.folderOf(client)]
  return JSON.parse(await runOrThrow(process.execPath, args, CLIENT_TIMEOUT_MS)) as ProduceFigures
}

function median(values: readonly number[]): number {
  return [...values].sort((a, b) => a - b)[values.length >> 1]!
}

function line(client: string, rounds: readonly ProduceFigures[]): string {
  const of = (pick: (figures: ProduceFigures) => number) => median(rounds.map(pick))
  const figure = (value: number, digits: number) =>
    Number.isNaN(value) ? '-' : value.toFixed(digits)
  return [
    client.padEnd(20),
    figure(of((f) => f.recordsPerSecond) / 1000, 0).padStart(8),
    figure(
      of((f) => f.cpuSecondsPerMillion),
      2,
    ).padStart(10),
    figure(
      of((f) => f.p50Ms),
      2,
    ).padStart(9),
    figure(
      of((f) => f.p99Ms),
      2,
    ).padStart(9),
  ].join('')
}

async function main(): Promise<void> {
  const { values } = parseArgs({
    options: {
      server: { type: 'string', default: 'kafka' },
      records: { type: 'string', default: '300000' },
      rounds: { type: 'string', default: '3' },
      clients: { type: 'string', default: [...CLIENT_NAMES, JAVA].join(',') },
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
    const bench = { server, contenders, folders, records: Number(values.records) }
    const results = new Map<string, ProduceFigures[]>(clients.map((client) => [client, []]))
    await using kafka = new Kafka({ brokers: server.bootstrap })
    for (const { number, isCounted, order } of rotation(clients, Number(values.rounds))) {
      for (const client of order) {
        const topic = `produce-${number}-${client}`
        await kafka
          .admin()
          .createTopics([{ name: topic, numPartitions: PARTITIONS, replicationFactor: 1 }])
        const figures = await measure(bench, client, topic)
        if (isCounted) results.get(client)!.push(figures)
        console.error(`${isCounted ? `round ${number}` : 'warm-up'}  ${line(client, [figures])}`)
      }
    }
    console.log('client              1000 rec/s  CPU s/M   p50 ms   p99 ms')
    for (const [client, rounds] of results) console.log(line(client, rounds))
    await contenders.discard(server)
  } finally {
    killAll()
    rmSync(directory, { recursive: true, force: true })
  }
}

await main()
