/**
 * The instrumentation for OpenTelemetry on a whole client and node, in virtual time: spans of
 * records from the one who sends to the one who handles, links of batches, what is measured.
 */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { PORT, TestNode } from '../../../src/broker/node.test-support.ts'
import { Kafka } from '../../../src/client/index.ts'
import { FakeOtel, type FakeSpan } from '../../../src/client/otel/fake-otel.test-support.ts'
import { type InstrumentationOptions, instrument } from '../../../src/client/otel/index.ts'

const GROUP = { topics: ['t'], groupId: 'g', autoOffsetReset: 'earliest' } as const

async function start(seed: number, options: InstrumentationOptions = {}) {
  const node = await TestNode.start({ seed, simulation: { network: { latencyMs: [1, 5] } } })
  await (await node.connect()).createTopic('t', 1)
  const { world } = node
  const brokers = `10.0.0.1:${PORT}`
  const kafka = new Kafka({ brokers, clientId: 'shop', io: world.node('app') })
  const api = new FakeOtel()
  const otel = instrument(api, options)
  otel.observe(kafka)
  const close = async () => {
    otel.stop()
    await world.settle(kafka.close(), 60_000)
  }
  return { node, kafka, world, api, otel, close }
}

const ids = (spans: readonly FakeSpan[]) => spans.map(({ id }) => id)

test('a record takes its trace along, and its handler goes on with it', async () => {
  const { kafka, world, api, close } = await start(1)
  const producer = kafka.producer()
  const parent = api.trace.getTracer('', '').startSpan('shop', { kind: 0, attributes: {} }, {})
  const send = () =>
    producer.send('t', {
      key: 'k',
      value: null,
      headers: { mine: 'yes', traceparent: 'of another' },
    })
  const context = api.trace.setSpan(api.ROOT_CONTEXT, parent)
  const sent = await world.settle(api.context.with(context, send), 60_000)
  const [sending] = api.named('send t')
  assert.equal(sending!.parent, parent.spanContext().spanId)
  assert.deepEqual([sending!.kind, sending!.ends, sending!.status], [3, 1, 0])
  assert.deepEqual(sending!.attributes, {
    'messaging.system': 'kafka',
    'messaging.operation.name': 'send',
    'messaging.operation.type': 'send',
    'messaging.destination.name': 't',
    'messaging.destination.partition.id': '0',
    'messaging.client.id': 'shop',
    'messaging.kafka.offset': sent.offset,
    'messaging.kafka.message.key': 'k',
    'messaging.kafka.message.tombstone': true,
  })
  const consumer = kafka.consumer(GROUP)
  const over = new AbortController()
  const seen: string[] = []
  let inner: unknown
  const handler = async ({ headers }: { headers: Iterable<readonly [string, unknown]> }) => {
    inner = api.context.active()
    for (const [name] of headers) seen.push(name)
    await Promise.resolve()
    over.abort()
  }
  await world.settle(consumer.run({ handler, signal: over.signal }), 60_000)
  assert.deepEqual(seen, ['mine', 'traceparent', 'tracestate'])
  const [processing] = api.named('process t')
  assert.deepEqual([processing!.parent, processing!.links], [sending!.id, [sending!.id]])
  assert.deepEqual([processing!.kind, processing!.ends, processing!.status], [4, 1, 0])
  assert.equal(processing!.spanContext().traceId, parent.spanContext().traceId)
  assert.equal(processing!.attributes['messaging.consumer.group.name'], 'g')
  assert.equal(processing!.attributes['messaging.kafka.offset'], sent.offset)
  assert.deepEqual(inner, { span: processing!.spanContext() }, 'the handler runs within its span')
  const [poll] = api.named('poll t')
  assert.deepEqual([poll!.kind, poll!.links, poll!.ends], [2, [sending!.id], 1])
  assert.equal(poll!.attributes['messaging.batch.message_count'], 1)
  assert.equal(poll!.attributes['messaging.operation.type'], 'receive')
  await close()
})

test('a batch is linked to the traces of its records, as many as one likes', async () => {
  const { kafka, world, api, close } = await start(2, { maxLinks: 3 })
  const producer = kafka.producer()
  const records = Array.from({ length: 5 }, (_, i) => ({ value: `${i}` }))
  await world.settle(producer.sendMany('t', records), 60_000)
  const consumer = kafka.consumer(GROUP)
  const over = new AbortController()
  let left = 5
  const batchHandler = ({ length }: { length: number }) => {
    left -= length
    if (left === 0) over.abort()
  }
  await world.settle(consumer.run({ batchHandler, signal: over.signal }), 60_000)
  const batches = api.named('process t')
  const counts = batches.map(({ attributes }) => attributes['messaging.batch.message_count'])
  assert.equal(
    counts.reduce((sum: number, count) => sum + Number(count), 0),
    5,
  )
  assert.deepEqual(batches[0]!.links, ids(api.named('send t')).slice(0, batches[0]!.links.length))
  assert.ok(batches.every(({ links }) => links.length > 0 && links.length <= 3))
  assert.equal(batches[0]!.parent, undefined)
  await close()
})

test('what fails says so, in spans and measurements', async () => {
  const { kafka, world, node, api, close } = await start(3)
  const producer = kafka.producer({ deliveryTimeoutMs: 5000, maxRequestBytes: 1000 })
  await world.settle(producer.send('t', { value: 'a' }), 60_000)
  const consumer = kafka.consumer(GROUP)
  const handler = () => {
    throw new TypeError('no way')
  }
  await assert.rejects(world.settle(consumer.run({ handler }), 60_000), {
    code: 'USER_CODE_FAILED',
  })
  const [processing] = api.named('process t')
  assert.deepEqual([processing!.status, processing!.exceptions], [2, ['no way']])
  assert.equal(processing!.attributes['error.type'], 'TypeError')
  await assert.rejects(producer.send('t', { value: 'x'.repeat(2000) }), {
    code: 'MESSAGE_TOO_LARGE',
  })
  await node.kill()
  await assert.rejects(world.settle(producer.send('t', { value: 'b' }), 60_000))
  await assert.rejects(producer.send('never-heard-of', { value: 'c' }, { timeoutMs: 0 }))
  const sent = api.named('send t')
  assert.deepEqual(
    sent.map(({ attributes, ends }) => [attributes['error.type'], ends]),
    [
      [undefined, 1],
      ['MESSAGE_TOO_LARGE', 1],
      ['TIMED_OUT', 1],
    ],
  )
  assert.deepEqual(api.measured.get('messaging.client.sent.messages send t'), [1])
  assert.deepEqual(api.measured.get('messaging.client.sent.messages send t TIMED_OUT'), [1])
  assert.equal(api.measured.get('messaging.process.duration process t TypeError')!.length, 1)
  const [tookS] = api.measured.get('messaging.client.operation.duration send t')!
  assert.ok(tookS! > 0.002 && tookS! < 1, `${tookS} s`)
  await close()
})

test('records that wait for their topic are followed, to their end or their time', async () => {
  const { node, kafka, world, api, close } = await start(4)
  const producer = kafka.producer({ maxBlockMs: 2000 })
  producer.enqueue('t', { value: 'a' })
  await world.settle(producer.flush(), 60_000)
  await node.kill()
  const lost = assert.rejects(producer.send('new', { value: 'a' }), { code: 'TIMED_OUT' })
  const late = producer.send('new', { value: 'a' }, { timeoutMs: 500 })
  await assert.rejects(world.settle(late, 60_000), { code: 'TIMED_OUT' })
  assert.deepEqual(
    api.named('send new').map(({ ends }) => ends),
    [0, 1],
  )
  await world.settle(lost, 60_000)
  assert.equal(api.spans.length, 3)
  assert.ok(api.spans.every(({ ends }) => ends === 1))
  assert.deepEqual(api.measured.get('messaging.client.sent.messages send t'), [1])
  await close()
})

test('other loops have process, and measurements come without traces', async () => {
  const { kafka, world, api, otel, close } = await start(5, { traces: false })
  const producer = kafka.producer()
  await world.settle(producer.send('t', { value: 'a' }), 60_000)
  const consumer = kafka.consumer(GROUP)
  const [batch] = await world.settle(consumer.poll({ timeoutMs: 20_000 }), 60_000)
  const [record] = batch!.records()
  assert.equal(
    otel.process(record!, () => 7),
    7,
  )
  await assert.rejects(
    otel.process(record!, async () => {
      throw new RangeError('far')
    }),
    RangeError,
  )
  assert.deepEqual(api.spans, [])
  assert.equal(record!.headers.size, 0)
  assert.equal(api.measured.get('messaging.process.duration process t')!.length, 1)
  assert.equal(api.measured.get('messaging.process.duration process t RangeError')!.length, 1)
  assert.deepEqual(api.measured.get('messaging.client.consumed.messages poll t'), [1])
  await world.settle(consumer.commit(), 60_000)
  await close()
  const before = JSON.stringify([...api.measured])
  await world.advance(1000)
  assert.equal(JSON.stringify([...api.measured]), before, 'nothing after stop')
})

test('a client is observed by one at a time', async () => {
  const { kafka, otel, close } = await start(6)
  assert.throws(() => otel.observe(kafka), { code: 'INVALID_STATE' })
  otel.stop()
  otel.observe(kafka)
  await close()
})
