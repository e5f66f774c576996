/**
 * `millrace produce` and `millrace consume` as processes: signals, pipes that are closed or not
 * read, input without an end; and the records of internal topics, kcat's formats and JSON, side by
 * side with the tools that print them.
 */
import assert from 'node:assert/strict'
import { type ChildProcess, spawn } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { consumeTool } from '../../../src/cli/consume/consume.ts'
import { captured } from '../../../src/cli/tool-run.test-support.ts'
import { Kafka } from '../../../src/client/kafka.ts'
import type { Check, CheckContext } from '../check.ts'
import { eventually, runOrThrow, runToEnd, sleep } from '../process.ts'
import type { Server } from '../server.ts'

const MILLRACE = join(import.meta.dirname, '..', '..', '..', 'bin', 'millrace.cjs')
const PATIENCE_MS = 30_000
const MIB = 1_048_576
/** A process may take so much, of which Node.js and the code are 100 MiB. */
const MAX_RSS_BYTES = 400 * MIB
/** More than a process may hold of what it can't pass on. */
const ENDLESS_BYTES = 600 * MIB
/** Who takes nothing for so long is waiting. */
const STUCK_MS = 3000

/** A command whose streams the check reads and writes itself. */
class Command {
  readonly child: ChildProcess
  readonly exited: Promise<number | null>
  out = ''
  err = ''

  constructor(context: CheckContext, server: Server, args: readonly string[], reads = true) {
    const all = [MILLRACE, ...args, '--bootstrap-server', server.bootstrap]
    this.child = spawn(process.execPath, all)
    this.child.stdin!.on('error', () => {}) // it may end before it has read its input
    this.child.stderr!.on('data', (chunk: Buffer) => (this.err += chunk.toString()))
    if (reads) this.child.stdout!.on('data', (chunk: Buffer) => (this.out += chunk.toString()))
    this.exited = new Promise((resolve) => this.child.on('exit', (status) => resolve(status)))
    context.defer(() => void this.child.kill('SIGKILL'))
  }

  get lines(): string[] {
    return this.out.split('\n').slice(0, -1)
  }

  get rssBytes(): number {
    const status = readFileSync(`/proc/${this.child.pid}/status`, 'utf8')
    return Number(/VmRSS:\s+(\d+) kB/.exec(status)![1]) * 1024
  }

  async ends(): Promise<number | null> {
    const late = sleep(PATIENCE_MS).then(() => {
      throw new Error(`still running: ${this.err}`)
    })
    return Promise.race([this.exited, late])
  }
}

async function withKafka<R>(server: Server, work: (kafka: Kafka) => Promise<R>): Promise<R> {
  await using kafka = new Kafka({ brokers: server.bootstrap })
  return await work(kafka) // it is closed at the end of the block
}

/** What a group has committed of partition 0, and how many members it has. */
async function groupOf(server: Server, groupId: string, topic: string) {
  return withKafka(server, async (kafka) => {
    const admin = kafka.admin()
    const offsets = (await admin.listConsumerGroupOffsets([{ groupId }])).get(groupId)
    const group = (await admin.describeConsumerGroups([groupId])).get(groupId)
    const found = [...offsets].find(({ key }) => key.topic === topic && key.partition === 0)
    const committed = found?.ok ? (found.value?.offset ?? null) : null
    return { committed, members: group.members.length }
  })
}

async function fill(server: Server, topic: string, values: Iterable<string>): Promise<void> {
  await withKafka(server, async (kafka) => {
    await using producer = kafka.producer({ compression: 'lz4' })
    for (const value of values) {
      if (!producer.enqueue(topic, { value })) await producer.ready()
    }
    await producer.flush()
  })
}

function* numbered(count: number, text: string): Generator<string> {
  for (let i = 0; i < count; i++) yield `${text} ${i}`
}

async function interrupts(context: CheckContext, topic: string): Promise<void> {
  const { server } = context
  await fill(server, topic, numbered(10, 'record'))
  const args = ['consume', '--topic', topic, '--group', `${topic}-group`, '--from-beginning']
  const consume = new Command(context, server, args)
  await eventually(PATIENCE_MS, () => assert.equal(consume.lines.length, 10))
  consume.child.kill('SIGINT')
  assert.equal(await consume.ends(), 130)
  assert.equal(consume.err, 'Processed a total of 10 messages\n')
  assert.deepEqual(await groupOf(server, `${topic}-group`, topic), { committed: 10, members: 0 })
  const produce = new Command(context, server, ['produce', '--topic', topic])
  produce.child.stdin!.write('the eleventh\nand half a line')
  const next = new Command(context, server, args)
  await eventually(PATIENCE_MS, () => assert.deepEqual(next.lines, ['the eleventh']))
  produce.child.kill('SIGINT')
  assert.equal(await produce.ends(), 130)
  next.child.kill('SIGTERM')
  assert.equal(await next.ends(), 143)
  assert.deepEqual(await groupOf(server, `${topic}-group`, topic), { committed: 11, members: 0 })
}

async function closedPipes(context: CheckContext, topic: string): Promise<void> {
  const { server } = context
  const group = `${topic}-head`
  await fill(server, topic, numbered(200_000, 'many'))
  const flags = `--topic ${topic} --group ${group} --from-beginning --bootstrap-server ${server.bootstrap}`
  const line = `${process.execPath} ${MILLRACE} consume ${flags} | head -2`
  const { stdout, stderr } = await runToEnd('sh', ['-c', line], PATIENCE_MS)
  assert.deepEqual({ stdout, stderr }, { stdout: 'many 0\nmany 1', stderr: '' })
  const { committed, members } = await groupOf(server, group, topic)
  assert.equal(members, 0)
  assert.ok(committed === null || committed < 200_000, `${committed} committed`)
}

/** The broker is stopped, and more is typed than fits. */
async function endlessInput(context: CheckContext, topic: string): Promise<void> {
  const server = await context.startServer('stopping')
  await fill(server, topic, ['the first'])
  const produce = new Command(context, server, ['produce', '--topic', topic])
  const chunk = Buffer.from(`${'x'.repeat(99)}\n`.repeat(10_000))
  const write = () =>
    new Promise<true>((done) => produce.child.stdin!.write(chunk, () => done(true)))
  await write()
  process.kill(server.pid, 'SIGSTOP')
  let taken = 0
  while (taken < ENDLESS_BYTES && (await Promise.race([write(), sleep(STUCK_MS)]))) {
    taken += chunk.length
  }
  const { rssBytes } = produce
  process.kill(server.pid, 'SIGCONT')
  context.note(`${Math.round(taken / MIB)} MiB read, ${Math.round(rssBytes / MIB)} MiB of memory`)
  assert.ok(taken < ENDLESS_BYTES, 'it read on though nothing could be written')
  assert.ok(rssBytes < MAX_RSS_BYTES, `${rssBytes} bytes of memory`)
  produce.child.stdin!.end()
  assert.equal(await produce.ends(), 0)
  const args = ['get-offsets', '--topic', topic]
  const offsets = new Command(context, server, args)
  assert.equal(await offsets.ends(), 0)
  const lines = taken / 100 + 20_000 // the first chunk, and the one that was waited for
  assert.equal(offsets.out, `${topic}:0:${lines + 1}\n`)
}

/** Nobody reads what is printed. */
async function slowReaders(context: CheckContext, topic: string): Promise<void> {
  const { server } = context
  await fill(server, topic, numbered(1200, 'x'.repeat(MIB / 2)))
  const args = ['consume', '--topic', topic, '--group', `${topic}-slow`, '--from-beginning']
  const consume = new Command(context, server, args, false)
  await eventually(PATIENCE_MS, () => assert.ok(consume.child.stdout!.readableLength > 0))
  await sleep(STUCK_MS) // to fetch whatever it will
  const { rssBytes } = consume
  context.note(`${Math.round(rssBytes / MIB)} MiB of memory for 600 MiB that nobody reads`)
  assert.ok(rssBytes < MAX_RSS_BYTES, `${rssBytes} bytes of memory`)
  consume.child.kill('SIGINT')
  assert.equal(await consume.ends(), 130)
  const { committed, members } = await groupOf(server, `${topic}-slow`, topic)
  assert.equal(members, 0)
  assert.ok(committed === null || committed < 10, `${committed} committed of what nobody read`)
}

async function signals(context: CheckContext): Promise<void> {
  const steps = { interrupts, closedPipes, endlessInput, slowReaders }
  for (const [name, step] of Object.entries(steps)) {
    try {
      await step(context, `${context.topic}-${name}`)
    } catch (error) {
      throw new Error(`${name}: ${(error as Error).message}`)
    }
  }
}

const TOOLS = 'org.apache.kafka.tools.consumer'

/**
 * Kafka's formatters and ours on the same records of internal topics, byte for byte. Always on
 * Apache Kafka, which has transactions and writes of itself all that there is to read.
 */
async function internalTopics(context: CheckContext): Promise<void> {
  const { topic, jvm } = context
  const server = await context.startServer('internal', 'kafka')
  await fill(server, topic, numbered(5, 'record'))
  await withKafka(server, async (kafka) => {
    await using producer = kafka.producer({ transactionalId: `${topic} "quoted"` })
    await producer.transaction((transaction) => transaction.send(topic, { value: 'in' }))
    for (const protocol of ['classic', 'consumer'] as const) {
      const groupId = `${topic}-${protocol}`
      const options = { groupId, protocol, topics: [topic], autoOffsetReset: 'earliest' } as const
      await using consumer = kafka.consumer(options)
      for await (const record of consumer) if (record.offset >= 3) break
    }
  })
  const group = ['--group', `${topic}-share`, '--bootstrap-server', server.bootstrap]
  const reset = ['--add-config', 'share.auto.offset.reset=earliest']
  await jvm.output('kafka-configs', ['--alter', ...reset, ...group])
  const reading = ['--topic', topic, '--max-messages', '2', '--timeout-ms', '20000']
  await jvm.output('kafka-console-share-consumer', [...reading, ...group])
  const cases = [
    ['__share_group_state', `${TOOLS}.group.share.ShareGroupStateMessageFormatter`],
    ['__consumer_offsets', `${TOOLS}.OffsetsMessageFormatter`],
    ['__consumer_offsets', `${TOOLS}.GroupMetadataMessageFormatter`],
    ['__consumer_offsets', `${TOOLS}.ShareGroupMessageFormatter`],
    ['__transaction_state', `${TOOLS}.TransactionLogMessageFormatter`],
  ] as const
  const printed: string[] = []
  for (const [internal, formatter] of cases) {
    let objects = 0
    for (const { partition, count } of await partitionsWithRecords(server, internal)) {
      const args = ['--topic', internal, '--partition', `${partition}`, '--offset', 'earliest']
      const more = ['--formatter', formatter, '--max-messages', `${count}`]
      const all = [...args, ...more, '--bootstrap-server', server.bootstrap]
      const theirs = await jvm.call('kafka-console-consumer', all)
      const ours = await captured(consumeTool, all, { isAlias: true })
      assert.equal(ours.out, theirs.printed, `${formatter} of ${internal}-${partition}`)
      assert.equal(ours.status, theirs.status)
      objects += ours.out === '' ? 0 : ours.out.split('}{').length
    }
    assert.ok(objects > 0, `${formatter} printed nothing of ${internal}`)
    printed.push(`${objects} of ${formatter.split('.').at(-1)}`)
  }
  context.note(`byte for byte: ${printed.join(', ')}`)
}

async function partitionsWithRecords(server: Server, topic: string) {
  return withKafka(server, async (kafka) => {
    const admin = kafka.admin()
    const { partitions } = (await admin.describeTopics([topic])).get(topic)
    const questions = partitions.map(({ partition }) => {
      return { topic, partition, at: 'latest' } as const
    })
    const ends = (await admin.listOffsets(questions)).values()
    const found = ends.map(({ offset }, at) => ({ partition: at, count: offset }))
    return found.filter(({ count }) => count > 0)
  })
}

/** What kcat prints in its formats, we print; what is consumed as JSON can be produced again. */
async function formats(context: CheckContext): Promise<void> {
  const { topic, server, toolbox } = context
  const program = await toolbox.prepare('kcat')
  const broker = ['-b', server.bootstrap]
  const records = 'k1:one\nk2:two words\n:no key\nno separator\nä:€\n'
  const produced = new Command(context, server, ['produce', '-t', topic, '-K', ':'])
  produced.child.stdin!.end(records)
  assert.equal(await produced.ends(), 0)
  const kcatInput = { input: 'k:v\n' }
  const headers = ['-H', 'a=1', '-H', 'b=two']
  const kcatFlags = [...broker, '-P', '-t', topic, '-K', ':', ...headers, '-Z']
  await runOrThrow(program, kcatFlags, PATIENCE_MS, kcatInput)
  const format = String.raw`%t|%p|%o|%k|%s|%h|%K|%S|%T|%%|\x41\t\n`
  const read = (name: string) => ['-C', '-t', name, '-e', '-q', '-f', format]
  const kcat = (name: string) => runOrThrow(program, [...broker, ...read(name)], PATIENCE_MS)
  const theirs = await kcat(topic)
  const ours = new Command(context, server, [
    'consume',
    '-t',
    topic,
    '--from-beginning',
    '-e',
    '-f',
    format,
  ])
  assert.equal(await ours.ends(), 0)
  assert.deepEqual(ours.lines, theirs.split('\n'))
  assert.equal(ours.lines.length, 6)
  const json = new Command(context, server, [
    'consume',
    '-t',
    topic,
    '--from-beginning',
    '-e',
    '--json',
  ])
  assert.equal(await json.ends(), 0)
  const copy = `${topic}-copy`
  const replay = new Command(context, server, ['produce', '-t', copy, '--json'])
  replay.child.stdin!.end(json.out)
  assert.equal(await replay.ends(), 0)
  assert.equal(replay.out, '{"produced":6,"failed":0}\n')
  assert.equal(await kcat(copy), theirs.replaceAll(`${topic}|`, `${copy}|`))
}

export const commandLineConsole: readonly Check[] = [
  { name: 'cli-console-signals', needs: [], timeoutMs: 180_000, run: signals },
  { name: 'cli-console-internal', needs: ['java'], timeoutMs: 120_000, run: internalTopics },
  { name: 'cli-console-formats', needs: ['kcat'], run: formats },
]
