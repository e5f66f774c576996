/**
 * One data directory, two implementations: what one wrote and stopped cleanly, the other opens,
 * with topics, configs, records, committed offsets and producers' state intact, and goes on with
 * it.
 */
import assert from 'node:assert/strict'
import type { Check, CheckContext } from '../check.ts'
import type { ToolName } from '../jvm.ts'
import { eventually, runOrThrow } from '../process.ts'
import type { Server, ServerKind } from '../server.ts'
import { unknownFeatures } from './java-cluster.ts'

const KCAT_TIMEOUT_MS = 30_000
const DELETE_TIMEOUT_MS = 20_000
const CODECS = ['none', 'gzip', 'snappy', 'lz4', 'zstd']

class Disk {
  readonly #context: CheckContext
  readonly topic: string

  constructor(context: CheckContext) {
    this.#context = context
    this.topic = context.topic
  }

  tool(server: Server, tool: ToolName, args: readonly string[]): Promise<string> {
    return this.#context.jvm.output(tool, [...args, '--bootstrap-server', server.bootstrap])
  }

  async kcat(server: Server, args: readonly string[], input = ''): Promise<string> {
    const program = await this.#context.toolbox.prepare('kcat')
    const all = ['-b', server.bootstrap, ...args]
    return runOrThrow(program, all, KCAT_TIMEOUT_MS, { input })
  }

  /** Something of everything that a directory can hold. */
  async write(server: Server): Promise<void> {
    const { topic } = this
    const configs = ['--config', 'segment.bytes=1048576', '--config', 'retention.ms=86400000']
    const create = ['--create', '--topic', topic, '--partitions', '2', ...configs]
    await this.tool(server, 'kafka-topics', create)
    await this.tool(server, 'kafka-topics', ['--create', '--topic', `${topic}-deleted`])
    // Apache Kafka's broker hears of a topic a moment after the controller has made it.
    await eventually(DELETE_TIMEOUT_MS, () =>
      this.tool(server, 'kafka-topics', ['--delete', '--topic', `${topic}-deleted`]),
    )
    const compact = [
      '--create',
      '--topic',
      `${topic}-compact`,
      '--config',
      'cleanup.policy=compact',
    ]
    await this.tool(server, 'kafka-topics', compact)
    for (const codec of CODECS) {
      const flags = ['-P', '-t', topic, '-p', '0', '-K', ':', '-z', codec, '-H', `codec=${codec}`]
      const idempotent = ['-X', `enable.idempotence=${codec === 'lz4'}`]
      const lines = Array.from({ length: 50 }, (_, number) => `key-${number}:${codec} ${number}\n`)
      await this.kcat(server, [...flags, ...idempotent], lines.join(''))
    }
    const load = ['--num-records', '3000', '--record-size', '1000', '--throughput', '-1']
    await this.tool(server, 'kafka-producer-perf-test', ['--topic', topic, ...load])
    await this.kcat(server, ['-P', '-t', `${topic}-compact`, '-K', ':'], 'a:1\nb:2\na:3\n')
    const read = ['-G', topic, '-q', '-c', '100', '-X', 'auto.offset.reset=earliest', topic]
    await this.kcat(server, read)
    const alter = ['--alter', '--topic', topic, '--add-config', 'max.message.bytes=500000']
    await this.tool(server, 'kafka-configs', alter)
    const offset = ['--group', `${topic}-reset`, '--topic', `${topic}:0`, '--to-offset', '7']
    const reset = ['--reset-offsets', ...offset, '--execute']
    await this.tool(server, 'kafka-consumer-groups', reset)
  }

  /** All that a client can see of it, as text. */
  async describe(server: Server): Promise<string> {
    const { topic } = this
    const outputs = [
      await this.tool(server, 'kafka-topics', ['--list', '--topic', `${topic}.*`]),
      await this.tool(server, 'kafka-topics', ['--describe', '--topic', topic]),
      await this.tool(server, 'kafka-configs', ['--describe', '--topic', topic]),
      await this.tool(server, 'kafka-get-offsets', ['--topic', topic]),
      await this.tool(server, 'kafka-get-offsets', ['--topic', topic, '--time', 'earliest']),
      await this.tool(server, 'kafka-get-offsets', ['--topic', topic, '--time', 'max-timestamp']),
      await this.tool(server, 'kafka-consumer-groups', ['--describe', '--group', topic]),
      await this.tool(server, 'kafka-consumer-groups', ['--describe', '--group', `${topic}-reset`]),
      await this.tool(server, 'kafka-cluster', ['cluster-id']),
      await this.#records(server, topic),
      await this.#records(server, `${topic}-compact`),
    ]
    return outputs.join('\n').replace(/(?<=Configs: ).*$/gm, inOrder)
  }

  async #records(server: Server, topic: string): Promise<string> {
    const format = ['-f', '%p %o %T %k %h %s\n', '-e', '-q', '-X', 'check.crcs=true']
    const output = await this.kcat(server, ['-C', '-t', topic, ...format])
    return output.split('\n').sort().join('\n')
  }
}

/** The order in which a topic's configs are listed means nothing. */
function inOrder(configs: string): string {
  return configs.split(',').sort().join(',')
}

async function handOver(writer: ServerKind, reader: ServerKind, context: CheckContext) {
  const disk = new Disk(context)
  // A cluster that finalised a feature is rightly refused by a server that does not know it.
  const features = writer === reader ? {} : await unknownFeatures(context)
  const first = await context.startServer('server', writer, { features })
  await disk.write(first)
  const written = await disk.describe(first)
  await first.stop()

  const second = await first.takeOver(reader)
  context.defer(() => second.kill())
  const found = await disk.describe(second)
  const lines = found.split('\n')
  const different = written.split('\n').findIndex((line, index) => line !== lines[index])
  if (different !== -1) {
    const wanted = written.split('\n')[different]
    assert.fail(`${writer} wrote: ${wanted}\n    ${reader} finds: ${lines[different]}`)
  }
  const { topic } = disk
  await disk.kcat(second, ['-P', '-t', topic, '-p', '0', '-X', 'enable.idempotence=true'], 'more\n')
  const last = await disk.kcat(second, ['-C', '-t', topic, '-p', '0', '-o', '-1', '-e', '-q'])
  assert.equal(last, 'more', 'a record produced afterwards')
  const next = ['-G', topic, '-q', '-c', '1', topic]
  await disk.kcat(second, next)
  await second.stop()

  const third = await second.takeOver(writer)
  context.defer(() => third.kill())
  const back = await disk.kcat(third, ['-C', '-t', topic, '-p', '0', '-o', '-1', '-e', '-q'])
  assert.equal(back, 'more', 'the record after the way back')
  await third.stop()
}

export const disks: readonly Check[] = [
  {
    name: 'disk-from-kafka',
    needs: ['java', 'kcat'],
    timeoutMs: 180_000,
    run: (context) => handOver('kafka', context.kind, context),
  },
  {
    name: 'disk-to-kafka',
    needs: ['java', 'kcat'],
    timeoutMs: 180_000,
    run: (context) => handOver(context.kind, 'kafka', context),
  },
]
