/**
 * Metrics that our client pushes (KIP-714), as a receiver in Apache Kafka gets and decodes them
 * (java/TelemetryLog.java): subscriptions by prefix, names, sums that add up, the last push. And a
 * broker that has no receiver: the client sends it nothing.
 */
import assert from 'node:assert/strict'
import { existsSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { diagnosticChannels, Kafka, type RequestEvent } from '../../../src/client/index.ts'
import type { Check, CheckContext } from '../check.ts'
import { sleep } from '../process.ts'

const INTERVAL_MS = 1000
const WAIT_MS = 60_000
const RECORDS = 50

interface Pushed {
  readonly clientInstanceId: string
  readonly isTerminating: boolean
  readonly metrics: readonly {
    readonly name: string
    readonly attributes: string
    readonly labels: string
    readonly kind: string
    readonly value: number
    readonly scope: string
  }[]
}

function read(file: string): Pushed[] {
  if (!existsSync(file)) return []
  const pushes = readFileSync(file, 'utf8')
    .split(/^PUSH\t/m)
    .slice(1)
  return pushes.map((text) => {
    const [head, ...lines] = text.trim().split('\n')
    const [clientInstanceId, terminating] = head!.split('\t')
    const metrics = lines.map((line) => {
      const [name, attributes, labels, kind, value, , , scope] = line.split('\t')
      return {
        ...{ name: name!, attributes: attributes!, labels: labels!, kind: kind! },
        ...{ value: Number(value), scope: scope! },
      }
    })
    return { clientInstanceId: clientInstanceId!, isTerminating: terminating === 'true', metrics }
  })
}

async function until(file: string, isEnough: (pushes: Pushed[]) => boolean): Promise<Pushed[]> {
  const deadline = Date.now() + WAIT_MS
  for (;;) {
    const pushes = read(file)
    if (isEnough(pushes)) return pushes
    assert.ok(Date.now() < deadline, `after ${WAIT_MS} ms: ${JSON.stringify(pushes.at(-1))}`)
    await sleep(100)
  }
}

const metricOf = (push: Pushed, name: string, labels = '') =>
  push.metrics.filter((one) => one.name === name && one.labels.includes(labels))

async function pushed(context: CheckContext): Promise<void> {
  const { topic: name } = context
  const file = join(context.directory, 'telemetry.txt')
  const properties = { 'metric.reporters': 'TelemetryLog', 'telemetry.log.file': file }
  const server = await context.startServer('receiver', 'kafka', { properties })
  const setup = new Kafka({ brokers: server.bootstrap, metricsPush: false })
  context.defer(() => setup.close())
  const admin = setup.admin()
  await (await admin.createTopics([{ name, numPartitions: 1, replicationFactor: 1 }])).orThrow()
  await assert.rejects(setup.clientInstanceId(), { code: 'INVALID_STATE' })
  const prefixes = ['org.apache.kafka.producer.', 'org.apache.kafka.consumer.fetch.manager.']
  const changed = await admin.incrementalAlterConfigs([
    {
      type: 'CLIENT_METRICS',
      name: 'all',
      changes: [
        { name: 'interval.ms', op: 'set', value: String(INTERVAL_MS) },
        { name: 'metrics', op: 'set', value: prefixes.join(',') },
        { name: 'match', op: 'set', value: 'client_software_name=millrace,client_id=observed' },
      ],
    },
  ])
  await changed.orThrow()
  const kafka = new Kafka({ brokers: server.bootstrap, clientId: 'observed' })
  context.defer(() => kafka.close())
  const id = await kafka.clientInstanceId()
  assert.match(id, /^[\w-]{22}$/)
  const producer = kafka.producer()
  for (let i = 0; i < RECORDS; i++) await producer.send(name, { value: `${i}` })
  const group = { topics: [name], groupId: `${name}-group`, autoOffsetReset: 'earliest' } as const
  const consumer = kafka.consumer(group)
  for (let left = RECORDS; left > 0; ) {
    for (const { length } of await consumer.poll()) left -= length
  }
  const consumed = 'org.apache.kafka.consumer.fetch.manager.records.consumed.total'
  await until(file, (all) => all.some((push) => metricOf(push, consumed).length > 0))
  await kafka.close()
  const pushes = await until(file, (all) => all.at(-1)?.isTerminating === true)
  assert.ok(pushes.every(({ clientInstanceId }) => clientInstanceId === id))
  assert.equal(pushes.filter(({ isTerminating }) => isTerminating).length, 1)
  const all = pushes.flatMap(({ metrics }) => metrics)
  for (const { name, scope } of all) {
    assert.ok(
      prefixes.some((prefix) => name.startsWith(prefix)),
      name,
    )
    assert.equal(scope, 'millrace')
  }
  const sent = 'org.apache.kafka.producer.topic.record.send.total'
  const deltas = pushes.flatMap((push) => metricOf(push, sent))
  assert.equal(
    deltas.reduce((sum, { value }) => sum + value, 0),
    RECORDS,
    'deltas add up',
  )
  assert.ok(
    deltas.every(
      ({ kind, attributes }) =>
        kind === 'AGGREGATION_TEMPORALITY_DELTA true' && attributes === `topic=${name}`,
    ),
  )
  const read = pushes.flatMap((push) => metricOf(push, consumed, `group_id=${name}-group`))
  const totals = read.filter(({ attributes }) => attributes === '')
  assert.equal(
    totals.reduce((sum, { value }) => sum + value, 0),
    RECORDS,
  )
  const latency = 'org.apache.kafka.producer.node.request.latency.avg'
  const nodes = pushes.flatMap((push) => metricOf(push, latency))
  const gauge = nodes.find(({ attributes }) => attributes === 'node_id=node-1')
  assert.equal(gauge?.kind, 'GAUGE')
  assert.ok(gauge.value > 0)
}

/** Every API that a client asks for while it sends and is asked for its id. */
async function silent({ server, topic: name }: CheckContext): Promise<void> {
  const kafka = new Kafka({ brokers: server.bootstrap })
  const apis = new Set<string>()
  const listen = ({ api }: RequestEvent) => void apis.add(api)
  diagnosticChannels.request.subscribe(listen)
  try {
    const admin = kafka.admin()
    await (await admin.createTopics([{ name, numPartitions: 1, replicationFactor: 1 }])).orThrow()
    await kafka.producer().send(name, { value: 'a' })
    await assert.rejects(kafka.clientInstanceId(), { code: 'UNSUPPORTED_BY_BROKER' })
  } finally {
    await kafka.close()
    diagnosticChannels.request.unsubscribe(listen)
  }
  assert.ok(apis.has('Produce'))
  assert.ok(![...apis].some((api) => api.includes('Telemetry')), [...apis].join())
}

export const clientTelemetry: readonly Check[] = [
  { name: 'client-telemetry-push', needs: ['java'], run: pushed },
  { name: 'client-telemetry-silent', needs: [], run: silent },
]
