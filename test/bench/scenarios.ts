/**
 * What is measured, and what is to be reached, as the ratio Millrace / Apache Kafka or as a figure
 * of Millrace alone. A scenario measures one server once and gives a value for each of its metrics;
 * run.ts does that alternately and takes medians.
 */
import { randomUUID } from 'node:crypto'
import { sleep } from '../conformance/process.ts'
import type { Server, ServerKind } from '../conformance/server.ts'
import { createTopics, deleteTopic } from './client.ts'
import { commitsPerSecond } from './commits.ts'
import type { Contenders } from './contenders.ts'
import { firstAcknowledged } from './first-produce.ts'
import { consume, endToEnd, type ProduceLoad, produce } from './load.ts'

export interface Metric {
  readonly name: string
  readonly unit: string
  /** Of the ratio, or with `isAbsolute` of Millrace's own value. */
  readonly atLeast?: number
  readonly atMost?: number
  readonly isAbsolute?: true
}

export interface Scenario {
  readonly name: string
  readonly metrics: readonly Metric[]
  /** Takes so long on Apache Kafka that a quick run leaves it out there. */
  readonly isSlowOnKafka?: true
  /** Wants a machine on which nothing else runs, the servers of the scenarios before included. */
  readonly isAlone?: true
  measure(bench: Bench, kind: ServerKind): Promise<readonly number[]>
}

export interface Bench {
  readonly contenders: Contenders
  /** 1 for a full run, less for a quick one. */
  readonly scale: number
}

const THROUGHPUT = 'throughput'
const CPU = 'CPU'
const GB = 1e9
const MB = 1e6
const WARM_UP_BYTES = 300 * MB
const IDLE_MS = 3000
const IDLE_PARTITIONS = 10_000
const PARTITIONS_PER_TOPIC = 100

async function makeTopic(server: Server, partitions: number): Promise<string> {
  const name = `bench-${randomUUID()}`
  await createTopics(server.port, [{ name, partitions }])
  return name
}

/** A running server that has seen some load, as one that has been up for a while. */
function warmServer({ contenders, scale }: Bench, kind: ServerKind): Promise<Server> {
  return contenders.shared(kind, async (server) => {
    const target = contenders.target(server)
    const topic = await makeTopic(server, 6)
    const records = Math.round((WARM_UP_BYTES * scale) / 100)
    const load = { topic, records, recordBytes: 100 }
    await produce(target, load)
    await consume(target, load)
    await deleteTopic(server.port, topic)
  })
}

async function withCpu(
  { contenders }: Bench,
  server: Server,
  load: ProduceLoad,
  run: () => Promise<number>,
): Promise<readonly number[]> {
  const before = contenders.usage.cpuSeconds(server.pid)
  const throughput = await run()
  const spent = contenders.usage.cpuSeconds(server.pid) - before
  return [throughput, spent / ((load.records * load.recordBytes) / GB)]
}

function produceScenario(recordBytes: number, partitions: number, bytes: number): Scenario {
  return {
    name: `produce-${recordBytes}B-${partitions}p`,
    metrics: [
      { name: THROUGHPUT, unit: 'MB/s', atLeast: 1.2 },
      { name: CPU, unit: 's/GB', atMost: 0.6 },
    ],
    async measure(bench, kind) {
      const server = await warmServer(bench, kind)
      const topic = await makeTopic(server, partitions)
      const load = { topic, records: Math.round((bytes * bench.scale) / recordBytes), recordBytes }
      const target = bench.contenders.target(server)
      const values = await withCpu(bench, server, load, () => produce(target, load))
      await deleteTopic(server.port, topic)
      return values
    },
  }
}

function consumeScenario(recordBytes: number, bytes: number): Scenario {
  const filled = new Map<Server, ProduceLoad>()
  return {
    name: `consume-${recordBytes}B`,
    metrics: [
      { name: THROUGHPUT, unit: 'MB/s', atLeast: 1 },
      { name: CPU, unit: 's/GB', atMost: 1.2 },
    ],
    async measure(bench, kind) {
      const server = await warmServer(bench, kind)
      const target = bench.contenders.target(server)
      let load = filled.get(server)
      if (load === undefined) {
        const topic = await makeTopic(server, 6)
        load = { topic, records: Math.round((bytes * bench.scale) / recordBytes), recordBytes }
        await produce(target, load)
        filled.set(server, load)
      }
      const filledLoad = load
      return withCpu(bench, server, load, () => consume(target, filledLoad))
    },
  }
}

const latency: Scenario = {
  name: 'latency',
  metrics: [
    { name: 'p50', unit: 'ms', atMost: 1 },
    { name: 'p99', unit: 'ms', atMost: 1 },
  ],
  async measure(bench, kind) {
    const server = await warmServer(bench, kind)
    const topic = await makeTopic(server, 1)
    const records = Math.round(10_000 * bench.scale)
    const { p50Ms, p99Ms } = await endToEnd(bench.contenders.target(server), topic, records)
    return [p50Ms, p99Ms]
  },
}

const commits: Scenario = {
  name: 'commits',
  metrics: [{ name: 'offset commits', unit: '/s', atLeast: 50_000, isAbsolute: true }],
  async measure(bench, kind) {
    const server = await warmServer(bench, kind)
    const topic = await makeTopic(server, 1)
    const count = kind === 'millrace' ? 400_000 : 100_000
    return [await commitsPerSecond(server.port, topic, Math.round(count * bench.scale))]
  },
}

/** On a formatted directory with one topic in it, from the start of the process on. */
const start: Scenario = {
  name: 'start',
  isAlone: true,
  metrics: [{ name: 'to first ack', unit: 'ms', atMost: 1 / 20 }],
  async measure({ contenders }, kind) {
    const server = await contenders.fresh(kind)
    try {
      const topic = await makeTopic(server, 1)
      await firstAcknowledged(server.port, topic)
      await server.stop()
      const started = performance.now()
      const up = server.start()
      await firstAcknowledged(server.port, topic)
      const spentMs = performance.now() - started
      await up
      return [spentMs]
    } finally {
      await contenders.discard(server)
    }
  },
}

const memory: Scenario = {
  name: 'memory',
  isAlone: true,
  metrics: [
    { name: 'idle', unit: 'MB', atMost: 1 / 5 },
    { name: 'after 1 GB', unit: 'MB', atMost: 1 / 4 },
    { name: 'peak', unit: 'MB' },
  ],
  async measure({ contenders }, kind) {
    const server = await contenders.fresh(kind)
    const { usage } = contenders
    try {
      await sleep(IDLE_MS)
      const idle = usage.residentBytes(server.pid)
      const topic = await makeTopic(server, 6)
      const load = { topic, records: Math.round(GB / 1024), recordBytes: 1024 }
      await produce(contenders.target(server), load)
      await consume(contenders.target(server), load)
      await sleep(IDLE_MS)
      const after = usage.residentBytes(server.pid)
      return [idle / MB, after / MB, usage.peakResidentBytes(server.pid) / MB]
    } finally {
      await contenders.discard(server)
    }
  },
}

/** After a clean stop; the records produced into one of the partitions are what it waits for. */
const partitions: Scenario = {
  name: 'partitions',
  isAlone: true,
  metrics: [
    { name: 'start with 10,000', unit: 'ms', atMost: 2000, isAbsolute: true },
    { name: 'clean stop', unit: 'ms' },
    { name: 'memory then', unit: 'MB' },
  ],
  isSlowOnKafka: true,
  async measure({ contenders }, kind) {
    const server = await contenders.fresh(kind)
    try {
      const names = Array.from({ length: IDLE_PARTITIONS / PARTITIONS_PER_TOPIC }, (_, i) => {
        return { name: `idle-${i}`, partitions: PARTITIONS_PER_TOPIC }
      })
      await createTopics(server.port, names)
      await firstAcknowledged(server.port, 'idle-0')
      await server.stop()
      const started = performance.now()
      const up = server.start()
      await firstAcknowledged(server.port, 'idle-0')
      const startMs = performance.now() - started
      await up
      await sleep(IDLE_MS)
      const resident = contenders.usage.residentBytes(server.pid)
      const stopping = performance.now()
      await server.stop()
      return [startMs, performance.now() - stopping, resident / MB]
    } finally {
      await contenders.discard(server)
    }
  },
}

export const SCENARIOS: readonly Scenario[] = [
  produceScenario(100, 1, 200 * MB),
  produceScenario(100, 6, 200 * MB),
  produceScenario(1024, 1, 800 * MB),
  produceScenario(1024, 6, 800 * MB),
  consumeScenario(100, 500 * MB),
  consumeScenario(1024, 2000 * MB),
  latency,
  commits,
  start,
  memory,
  partitions,
]
