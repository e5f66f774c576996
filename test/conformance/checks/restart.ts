/**
 * kill -9 under load, three times: what was acknowledged with acks=all is there, once and in its
 * place, and no committed offset has moved back. Then a clean stop and start.
 */
import assert from 'node:assert/strict'
import type { Check, CheckContext } from '../check.ts'
import { eventually, type Running, runOrThrow, sleep } from '../process.ts'
import type { Server } from '../server.ts'

const PARTITIONS = 3
const KILLS = 3
const RECORDS_BETWEEN_KILLS = 1_500
const RECORDS_PER_SECOND = 1_000
const STEP_TIMEOUT_MS = 60_000

/** An event of Kafka's verifiable clients. */
interface Event {
  readonly name: string
  readonly value: string
  readonly partition: number
  readonly offset: number
  readonly success: boolean
  readonly offsets: readonly { readonly partition: number; readonly offset: number }[]
}

function eventsOf(running: Running, name: string): Event[] {
  const lines = running.lines.filter((line) => line.includes(`"${name}"`))
  return lines.map((line) => JSON.parse(line) as Event)
}

/** The last offset that the broker said is committed, of each partition. */
function committedBy(consumer: Running): Map<number, number> {
  const commits = eventsOf(consumer, 'offsets_committed').filter(({ success }) => success)
  const each = commits.flatMap(({ offsets }) => offsets)
  return new Map(each.map(({ partition, offset }) => [partition, offset]))
}

/** Every record of the topic as `partition offset` to its value. */
async function readAll(context: CheckContext, server: Server): Promise<Map<string, string>> {
  const kcat = await context.toolbox.prepare('kcat')
  const format = ['-f', '%p %o %s\n', '-e', '-q', '-X', 'check.crcs=true']
  const args = ['-b', server.bootstrap, '-C', '-t', context.topic, ...format]
  const output = await runOrThrow(kcat, args, STEP_TIMEOUT_MS)
  const rows = output.split('\n').filter((line) => line !== '')
  const lines = rows.map((line) => line.split(' ') as [string, string, string])
  return new Map(lines.map(([partition, offset, value]) => [`${partition} ${offset}`, value]))
}

async function committedOffsets(context: CheckContext, server: Server) {
  const args = ['--describe', '--group', context.topic, '--bootstrap-server', server.bootstrap]
  const output = await context.jvm.output('kafka-consumer-groups', args)
  const rows = output.matchAll(/^\S+\s+\S+\s+(\d+)\s+(\d+)\s/gm)
  return new Map([...rows].map(([, partition, offset]) => [Number(partition), Number(offset)]))
}

async function check(
  context: CheckContext,
  server: Server,
  acknowledged: readonly Event[],
  committed: ReadonlyMap<number, number>,
): Promise<void> {
  const records = await readAll(context, server)
  const lost = acknowledged.filter(({ partition, offset, value }) => {
    return records.get(`${partition} ${offset}`) !== value
  })
  const [first] = lost
  if (first !== undefined) {
    const place = `the first at ${first.partition} ${first.offset}`
    const counts = `${lost.length} of ${acknowledged.length} acknowledged records, ${place}`
    assert.fail(`lost ${counts}; the topic gives ${records.size} records`)
  }
  assert.equal(new Set(records.values()).size, records.size, 'records doubled')
  const found = await eventually(STEP_TIMEOUT_MS, () => committedOffsets(context, server))
  for (const [partition, offset] of committed) {
    const now = found.get(partition) ?? -1
    assert.ok(now >= offset, `partition ${partition}: committed ${offset}, after restart ${now}`)
  }
}

async function restart(context: CheckContext): Promise<void> {
  const { jvm, topic } = context
  const server = await context.startServer('server')
  const address = ['--bootstrap-server', server.bootstrap]
  const create = ['--create', '--topic', topic, '--partitions', String(PARTITIONS)]
  await jvm.output('kafka-topics', [...create, ...address])
  const pace = ['--acks', '-1', '--throughput', String(RECORDS_PER_SECOND)]
  const common = [...address, '--topic', topic]
  const producer = context.keep(jvm.start('kafka-verifiable-producer', [...common, ...pace]))
  const group = ['--group-id', topic, '--reset-policy', 'earliest']
  const consumer = context.keep(jvm.start('kafka-verifiable-consumer', [...common, ...group]))
  const acknowledged = () => eventsOf(producer, 'producer_send_success')

  for (let kill = 0; kill < KILLS; kill++) {
    const wanted = acknowledged().length + RECORDS_BETWEEN_KILLS
    const commits = eventsOf(consumer, 'offsets_committed').length
    await producer.waitFor(`${wanted} acknowledged records`, STEP_TIMEOUT_MS, () => {
      const hasCommitted = eventsOf(consumer, 'offsets_committed').length > commits
      return (acknowledged().length >= wanted && hasCommitted) || undefined
    })
    await server.kill()
    await sleep(300)
    await server.start()
  }
  producer.kill('SIGTERM')
  consumer.kill('SIGTERM')
  await Promise.all([producer.exited, consumer.exited])
  await server.kill()
  await server.start()
  await check(context, server, acknowledged(), committedBy(consumer))
  await server.stop()
  await server.start()
  await check(context, server, acknowledged(), committedBy(consumer))
}

export const restarts: readonly Check[] = [
  { name: 'restart', needs: ['java', 'kcat'], timeoutMs: 240_000, run: restart },
]
