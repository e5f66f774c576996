/**
 * Clients of Node.js that consume records of 100 bytes in a group, side by side in one run: records
 * a second, and CPU seconds of the client for a million.
 *
 *     node test/bench/client-consume.ts [--server kafka|millrace] [--records N] [--rounds N]
 *         [--partitions N] [--clients NAME,…]
 *
 * Each client runs in a process of its own, they take turns (rotation.ts), the medians count. All
 * read the same topic, which is warm in the broker's memory, and look at each value. The Java
 * client runs too, as kafka-consumer-perf-test, by its own figure for the time of fetching, and
 * node-rdkafka where it can be built. The broker is Apache Kafka where nothing else is said: what
 * is measured is the client.
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
import { CLIENT_NAMES, type ConsumeFigures } from './consume-client.ts'
import { Contenders } from './contenders.ts'
import { consume, produce } from './load.ts'
import { rotation } from './rotation.ts'

const JAVA = 'java'
const CLIENT_TIMEOUT_MS = 300_000
const RECORD_BYTES = 100
const TOPIC = 'consume'
const CHILD = join(import.meta.dirname, 'consume-client.ts')

interface Bench {
  readonly server: Server
  readonly contenders: Contenders
  readonly folders: ClientFolders
  readonly records: number
}

async function measure(bench: Bench, client: string): Promise<ConsumeFigures> {
  const { server, contenders, folders, records } = bench
  if (client === JAVA) {
    const load = { topic: TOPIC, records, recordBytes: RECORD_BYTES }
    const megabytes = await consume(contenders.target(server), load)
    return {
      recordsPerSecond: (megabytes * 1e6) / RECORD_BYTES,
      cpuSecondsPerMillion: Number.NaN,
    }
  }
  const args = [CHILD, client, server.bootstrap, TOPIC, String(records), folders.folderOf(client)]
  return JSON.parse(await runOrThrow(process.execPath, args, CLIENT_TIMEOUT_MS)) as ConsumeFigures
}

function median(values: readonly number[]): number {
  return [...values].sort((a, b) => a - b)[values.length >> 1]!
}

function line(client: string, rounds: readonly ConsumeFigures[]): string {
  const rate = median(rounds.map((figures) => figures.recordsPerSecond)) / 1000
  const cpu = median(rounds.map((figures) => figures.cpuSecondsPerMillion))
  const cpuText = Number.isNaN(cpu) ? '-' : cpu.toFixed(2)
  return `${client.padEnd(24)}${rate.toFixed(0).padStart(8)}${cpuText.padStart(10)}`
}

async function main(): Promise<void> {
  const { values } = parseArgs({
    options: {
      server: { type: 'string', default: 'kafka' },
      records: { type: 'string', default: '1000000' },
      rounds: { type: 'string', default: '3' },
      partitions: { type: 'string', default: '3' },
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
    await using kafka = new Kafka({ brokers: server.bootstrap })
    const numPartitions = Number(values.partitions)
    const topic = { name: TOPIC, numPartitions, replicationFactor: 1 }
    ;(await kafka.admin().createTopics([topic])).orThrow()
    const load = { topic: TOPIC, records: bench.records, recordBytes: RECORD_BYTES }
    await produce(contenders.target(server), load)
    const results = new Map<string, ConsumeFigures[]>(clients.map((client) => [client, []]))
    for (const { number, isCounted, order } of rotation(clients, Number(values.rounds))) {
      for (const client of order) {
        const figures = await measure(bench, client)
        if (isCounted) results.get(client)!.push(figures)
        console.error(`${isCounted ? `round ${number}` : 'warm-up'}  ${line(client, [figures])}`)
      }
    }
    console.log('client                  1000 rec/s  CPU s/M')
    for (const [client, rounds] of results) console.log(line(client, rounds))
    await contenders.discard(server)
  } finally {
    killAll()
    rmSync(directory, { recursive: true, force: true })
  }
}

await main()
