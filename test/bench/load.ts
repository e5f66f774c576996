/**
 * Load by Apache Kafka's own tools, each run in a JVM of its own with the options that Kafka's
 * scripts give it, so that neither server's side has anything of ours in the client.
 */
import { join } from 'node:path'
import { runOrThrow } from '../conformance/process.ts'

const TOOL_TIMEOUT_MS = 900_000
const CONFIGURATION = join(import.meta.dirname, '..', 'conformance', 'java', 'log4j2.properties')

/** What bin/kafka-run-class.sh gives a JVM, tool and server alike. */
export const KAFKA_JVM_OPTIONS: readonly string[] = [
  '-server',
  '-XX:+UseG1GC',
  '-XX:MaxGCPauseMillis=20',
  '-XX:InitiatingHeapOccupancyPercent=35',
  '-XX:+ExplicitGCInvokesConcurrent',
  '-XX:MaxInlineLevel=15',
  '-Djava.awt.headless=true',
  `-Dlog4j2.configurationFile=${CONFIGURATION}`,
]

export interface Target {
  readonly bootstrap: string
  readonly classPath: string
}

function runTool({ classPath }: Target, main: string, args: readonly string[]): Promise<string> {
  const java = ['-Xmx512m', ...KAFKA_JVM_OPTIONS, '-cp', classPath, main, ...args]
  return runOrThrow('java', java, TOOL_TIMEOUT_MS)
}

function figures(output: string, pattern: RegExp): number[] {
  const found = pattern.exec(output)
  if (found === null) throw new Error(`no figures in: ${output.slice(-400)}`)
  return found.slice(1).map(Number)
}

export interface ProduceLoad {
  readonly topic: string
  readonly records: number
  readonly recordBytes: number
}

/** kafka-producer-perf-test with acks=all; gives the megabytes (10^6) of values a second. */
export async function produce(target: Target, load: ProduceLoad): Promise<number> {
  const output = await runTool(target, 'org.apache.kafka.tools.ProducerPerformance', [
    ...['--topic', load.topic, '--num-records', String(load.records)],
    ...['--record-size', String(load.recordBytes), '--throughput', '-1'],
    ...['--bootstrap-server', target.bootstrap, '--command-property', 'acks=all'],
    ...['--reporting-interval', '3600000'],
  ])
  const [perSecond] = figures(output, /records sent, ([\d.]+) records\/sec/)
  return (perSecond! * load.recordBytes) / 1e6
}

/** kafka-consumer-perf-test; gives the megabytes (10^6) of values a second while it fetched. */
export async function consume(target: Target, load: ProduceLoad): Promise<number> {
  const output = await runTool(target, 'org.apache.kafka.tools.ConsumerPerformance', [
    ...['--topic', load.topic, '--num-records', String(load.records)],
    ...['--bootstrap-server', target.bootstrap, '--hide-header', '--timeout', '60000'],
  ])
  // start, end, MB, MB/s, records, records/s, rebalance ms, fetch ms, fetch MB/s, fetch records/s
  const fields = output.trim().split('\n').at(-1)!.split(',').map(Number)
  const [records, fetchMs] = [fields[4] ?? 0, fields[7] ?? 0]
  if (records < load.records) throw new Error(`consumed ${records} records only: ${output}`)
  return (records * load.recordBytes) / 1e3 / fetchMs
}

export interface Latency {
  readonly p50Ms: number
  readonly p99Ms: number
}

/** kafka-e2e-latency: one record at a time, produced with acks=all and awaited by a consumer. */
export async function endToEnd(target: Target, topic: string, records: number): Promise<Latency> {
  const output = await runTool(target, 'org.apache.kafka.tools.EndToEndLatency', [
    ...['--bootstrap-server', target.bootstrap, '--topic', topic],
    ...['--num-records', String(records), '--producer-acks', 'all', '--record-size', '100'],
  ])
  const [p50Ms, p99Ms] = figures(output, /50th = ([\d.]+), 99th = ([\d.]+)/)
  return { p50Ms: p50Ms!, p99Ms: p99Ms! }
}

/** Java's producer, one awaited record of 100 bytes after another; some sends first to warm up. */
export async function singleSends(
  { bootstrap, classPath }: Target,
  topic: string,
  warmUp: number,
  count: number,
): Promise<Latency> {
  const program = [join(import.meta.dirname, 'SingleSends.java'), bootstrap, topic]
  const java = [...KAFKA_JVM_OPTIONS, '-cp', classPath, ...program, String(warmUp), String(count)]
  const output = await runOrThrow('java', java, TOOL_TIMEOUT_MS)
  const [p50Ms, p99Ms] = figures(output, /([\d.]+) ([\d.]+)\s*$/)
  return { p50Ms: p50Ms!, p99Ms: p99Ms! }
}
