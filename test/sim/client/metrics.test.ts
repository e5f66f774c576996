/**
 * The metrics and events of a whole client against a whole node, in virtual time: they say what the
 * client has done, and each of Prometheus' series comes once.
 */
import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { PORT, TestNode } from '../../../src/broker/node.test-support.ts'
import {
  type ClientMetric,
  type ConsumerBatchEvent,
  type DiagnosticChannel,
  diagnosticChannels,
  Kafka,
  prometheusText,
} from '../../../src/client/index.ts'

async function start(seed: number) {
  const node = await TestNode.start({ seed, simulation: { network: { latencyMs: [1, 5] } } })
  await (await node.connect()).createTopic('t', 2)
  const io = node.world.node('app')
  const kafka = new Kafka({ brokers: `10.0.0.1:${PORT}`, clientId: 'shop', io })
  return { node, kafka, world: node.world }
}

/** The value of a metric with just these tags besides the client id. */
function metricOf(
  metrics: readonly ClientMetric[],
  group: string,
  name: string,
  tags: Readonly<Record<string, string>> = {},
  clientId = 'shop',
): number {
  const wanted = JSON.stringify(Object.entries({ 'client-id': clientId, ...tags }).sort())
  const found = metrics.filter(
    (each) =>
      each.group === group &&
      each.name === name &&
      JSON.stringify(Object.entries(each.tags).sort()) === wanted,
  )
  assert.equal(found.length, 1, `${group} ${name} ${wanted}: ${found.length}`)
  return found[0]!.value
}

async function sendAll(producer: ReturnType<Kafka['producer']>): Promise<void> {
  for (let i = 0; i < 10; i++) {
    await producer.send('t', { value: `value ${i}`, partition: i % 2 })
  }
}

describe('metrics of a client', () => {
  it('of a producer say what it has sent', async () => {
    const { kafka, world } = await start(1)
    const producer = kafka.producer()
    await world.settle(sendAll(producer), 60_000)
    const metrics = producer.metrics()
    const own = (name: string) => metricOf(metrics, 'producer-metrics', name)
    const ofTopic = (name: string) =>
      metricOf(metrics, 'producer-topic-metrics', name, { topic: 't' })
    assert.equal(own('record-send-total'), 10)
    assert.equal(ofTopic('record-send-total'), 10)
    assert.equal(own('record-error-total'), 0)
    assert.equal(own('records-per-request-avg'), 1)
    const rate = own('record-send-rate')
    assert.ok(rate > 0.3 && rate < 10 / 30, `${rate}: over half of the window at least`)
    assert.equal(own('requests-in-flight'), 0)
    assert.equal(own('buffer-available-bytes'), own('buffer-total-bytes'))
    assert.ok(own('request-latency-avg') > 2, 'there and back')
    assert.ok(own('request-latency-max') >= own('request-latency-avg'))
    assert.ok(own('request-latency-max') < 100)
    assert.equal(ofTopic('byte-total'), own('batch-size-avg') * 10)
    assert.ok(own('metadata-age') >= 0)
    assert.ok(own('connection-count') >= 1)
    assert.ok(own('request-total') >= 12, 'ApiVersions, Metadata, InitProducerId, Produce')
    assert.equal(own('request-total'), own('response-total'))
    const ofNode = (name: string) =>
      metricOf(metrics, 'producer-node-metrics', name, { 'node-id': 'node-1' })
    assert.ok(ofNode('request-latency-avg') > 2)
    assert.ok(ofNode('outgoing-byte-total') > 10 * own('batch-size-avg'))
    await world.settle(kafka.close(), 60_000)
  })

  it('of a producer whose broker goes and comes back tell of what was sent again', async () => {
    const { kafka, world, node } = await start(7)
    const producer = kafka.producer()
    await world.settle(producer.send('t', { value: 'a', partition: 0 }), 60_000)
    const again = producer.send('t', { value: 'b', partition: 0 })
    await world.advance(0.5) // on its way
    node.kill()
    await node.restart()
    await world.settle(again, 60_000)
    const metrics = producer.metrics()
    const own = (name: string) => metricOf(metrics, 'producer-metrics', name)
    assert.ok(own('record-retry-total') >= 1)
    assert.equal(own('record-send-total'), 2 + own('record-retry-total'))
    assert.equal(own('record-error-total'), 0)
    const ofTopic = metricOf(metrics, 'producer-topic-metrics', 'record-retry-total', {
      topic: 't',
    })
    assert.equal(ofTopic, own('record-retry-total'))
    await world.settle(kafka.close(), 60_000)
  })

  it('of a producer without a way to its topic tell of errors', async () => {
    const { kafka, world, node } = await start(2)
    const producer = kafka.producer({ deliveryTimeoutMs: 5000 })
    await world.settle(producer.send('t', { value: 'a', partition: 0 }), 60_000)
    await node.kill()
    const lost = producer.send('t', { value: 'b', partition: 0 }).catch(() => 'lost')
    assert.equal(await world.settle(lost, 60_000), 'lost')
    const metrics = producer.metrics()
    assert.equal(metricOf(metrics, 'producer-metrics', 'record-error-total'), 1)
    assert.equal(
      metricOf(metrics, 'producer-topic-metrics', 'record-error-total', { topic: 't' }),
      1,
    )
    assert.equal(metricOf(metrics, 'producer-metrics', 'connection-count'), 0)
    assert.ok(metricOf(metrics, 'producer-metrics', 'connection-close-total') >= 1)
    await world.settle(kafka.close(), 60_000)
  })

  it('of a consumer say what it has read, how far it is behind, and of its group', async () => {
    const { kafka, world } = await start(3)
    await world.settle(sendAll(kafka.producer()), 60_000)
    const consumer = kafka.consumer({ topics: ['t'], groupId: 'g', autoOffsetReset: 'earliest' })
    const read = async (count: number) => {
      let left = count
      while (left > 0) {
        for (const batch of await consumer.poll({ maxRecords: left })) left -= batch.length
      }
    }
    await world.settle(read(7), 60_000)
    await world.settle(consumer.commit(), 60_000)
    const metrics = consumer.metrics()
    const fetch = (name: string, tags = {}) =>
      metricOf(metrics, 'consumer-fetch-manager-metrics', name, tags)
    const lags = ['0', '1'].map((partition) => fetch('records-lag', { topic: 't', partition }))
    assert.equal(lags[0]! + lags[1]!, 3)
    assert.equal(fetch('records-lead', { topic: 't', partition: '0' }), 5 - lags[0]!)
    assert.ok(fetch('records-lag-max') >= Math.max(...lags))
    assert.equal(fetch('records-consumed-total'), 7)
    assert.equal(fetch('records-consumed-total', { topic: 't' }), 7)
    assert.ok(fetch('fetch-total') >= 1)
    assert.ok(fetch('bytes-consumed-total') > 10 * 61, 'ten batches of one record')
    const group = (name: string) => metricOf(metrics, 'consumer-coordinator-metrics', name)
    assert.equal(group('assigned-partitions'), 2)
    assert.equal(group('rebalance-total'), 1)
    assert.ok(group('rebalance-latency-avg') > 0)
    assert.equal(group('commit-total') >= 1, true)
    assert.ok(group('commit-latency-avg') > 2)
    assert.ok(group('last-rebalance-seconds-ago') >= 0)
    await world.advance(30_000)
    const later = consumer.metrics()
    const after = (name: string) => metricOf(later, 'consumer-coordinator-metrics', name)
    assert.ok(after('heartbeat-total') >= 5)
    assert.ok(after('heartbeat-rate') > 0)
    assert.ok(after('heartbeat-response-time-max') > 2)
    assert.ok(after('last-heartbeat-seconds-ago') <= 5)
    assert.equal(metricOf(later, 'consumer-metrics', 'last-poll-seconds-ago'), 30)
    await world.settle(read(3), 60_000)
    const busy = (name: string) => metricOf(consumer.metrics(), 'consumer-metrics', name)
    assert.ok(busy('time-between-poll-max') >= 30_000)
    assert.ok(busy('poll-idle-ratio-avg') > 0 && busy('poll-idle-ratio-avg') < 1)
    await world.settle(consumer.poll({ timeoutMs: 10_000 }), 60_000) // there is nothing more
    assert.equal(busy('last-poll-seconds-ago'), 10)
    await world.settle(consumer.poll({ timeoutMs: 0 }), 60_000)
    assert.equal(busy('last-poll-seconds-ago'), 0, 'a poll that found nothing is one')
    await world.settle(kafka.close(), 60_000)
  })

  it('have names of their own for each part, and free them', async () => {
    const { kafka, world } = await start(4)
    const [first, second] = [kafka.producer(), kafka.producer()]
    await world.settle(second.send('t', { value: 'a' }), 60_000)
    const sent = (clientId: string) =>
      metricOf(kafka.metrics(), 'producer-metrics', 'record-send-total', {}, clientId)
    assert.deepEqual([sent('shop'), sent('shop-2')], [0, 1])
    await world.settle(first.close(), 60_000)
    kafka.producer()
    assert.deepEqual([sent('shop'), sent('shop-2')], [0, 1])
    const lines = prometheusText(kafka.metrics()).split('\n')
    const series = lines.filter((line) => !line.startsWith('#')).map((line) => line.split(' ')[0])
    assert.equal(new Set(series).size, series.length, 'no series twice')
    const types = lines.filter((line) => line.startsWith('# TYPE'))
    assert.equal(new Set(types.map((line) => line.split(' ')[2])).size, types.length)
    const line = 'kafka_producer_producer_metrics_record_send_total{client_id="shop-2"} 1'
    assert.ok(lines.includes(line))
    await world.settle(kafka.close(), 60_000)
    assert.ok(kafka.metrics().every(({ group }) => group.startsWith('admin-client')))
  })
})

/** Collects what a channel tells while `work` is done. */
async function told<Event>(channel: DiagnosticChannel<Event>, work: () => Promise<unknown>) {
  const events: Event[] = []
  const listen = (event: Event) => void events.push(event)
  channel.subscribe(listen)
  try {
    await work()
  } finally {
    channel.unsubscribe(listen)
  }
  return events
}

describe('events of a client', () => {
  it('tell of connections, requests and batches sent', async () => {
    const { kafka, world } = await start(5)
    const producer = kafka.producer()
    const send = () => world.settle(producer.send('t', { value: 'abc', partition: 1 }), 60_000)
    let requests: { api: string; error: unknown; durationMs: number }[] = []
    let batches: object[] = []
    const connections = await told(diagnosticChannels.connection, async () => {
      requests = await told(diagnosticChannels.request, async () => {
        batches = await told(diagnosticChannels.producerBatch, send)
      })
    })
    assert.ok(connections.every(({ event, clientId }) => event === 'opened' && clientId === 'shop'))
    assert.ok(connections.length >= 1)
    const apis = requests.map(({ api }) => api)
    assert.ok(
      ['ApiVersions', 'Metadata', 'InitProducerId', 'Produce'].every((a) => apis.includes(a)),
    )
    assert.ok(requests.every(({ error, durationMs }) => error === null && durationMs > 0))
    const [batch] = batches as [{ durationMs: number; bytes: number; createdMs: number }]
    assert.equal(batches.length, 1)
    const { durationMs, bytes, createdMs, ...rest } = batch
    assert.deepEqual(rest, {
      ...{ clientId: 'shop', topic: 't', partition: 1, count: 1 },
      ...{ attempts: 1, brokerId: 1, baseOffset: 0, error: null },
    })
    assert.ok(durationMs > 0 && bytes > 61 && createdMs > 0)
    await world.settle(kafka.close(), 60_000)
  })

  it('tell of batches read, commits and rebalances', async () => {
    const { kafka, world } = await start(6)
    await world.settle(sendAll(kafka.producer()), 60_000)
    const consumer = kafka.consumer({ topics: ['t'], groupId: 'g', autoOffsetReset: 'earliest' })
    let batches: ConsumerBatchEvent[] = []
    let commits: object[] = []
    const rebalances = await told(diagnosticChannels.consumerRebalance, async () => {
      batches = await told(diagnosticChannels.consumerBatch, async () => {
        let left = 10
        const read = async () => {
          while (left > 0) for (const { length } of await consumer.poll()) left -= length
          await consumer.poll({ timeoutMs: 0 }) // only now it has seen them all
        }
        await world.settle(read(), 60_000)
      })
      commits = await told(diagnosticChannels.consumerCommit, () =>
        world.settle(consumer.commit(), 60_000),
      )
      await world.settle(kafka.close(), 60_000)
    })
    assert.equal(
      batches.reduce((sum, { count }) => sum + count, 0),
      10,
    )
    for (const { count, firstOffset, nextOffset, groupId, records } of batches) {
      assert.equal(groupId, 'g')
      const offsets = [...records()].map(({ offset }) => offset)
      assert.equal(offsets.length, count)
      assert.deepEqual([offsets[0], offsets.at(-1)! + 1], [firstOffset, nextOffset])
    }
    assert.equal(batches.at(-1)!.lag, 0)
    assert.equal(commits.length, 1)
    const { offsets, error } = commits[0] as { offsets: { offset: number }[]; error: unknown }
    assert.deepEqual([offsets.map(({ offset }) => offset), error], [[5, 5], null])
    const [first, last] = rebalances
    assert.deepEqual([first!.event, first!.partitions.length], ['assigned', 2])
    assert.deepEqual([last!.event, last!.partitions.length], ['revoked', 2])
  })
})
