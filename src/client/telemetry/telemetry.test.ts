/**
 * Pushing metrics (KIP-714): what is pushed, under which names and when; what the brokers' errors
 * change; and that brokers which receive no metrics get no request.
 */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { ErrorCode } from '../../protocol/errors.ts'
import { getTelemetrySubscriptionsRequest as GET } from '../../protocol/messages/71-get-telemetry-subscriptions.ts'
import { pushTelemetryRequest as PUSH } from '../../protocol/messages/72-push-telemetry.ts'
import { compressionTypeOf, decompress } from '../../records/compression/compression.ts'
import { Deadline } from '../call.ts'
import { FakeCluster } from '../cluster/fake-cluster.test-support.ts'
import type { ClientMetric, MetricKind } from '../metrics/metric-family.ts'
import { encodeMetricsData } from './otlp.ts'
import { all, attributesText, fieldsOf, metricText, only, textOf } from './protobuf.test-support.ts'
import { isRequested, type PartMetrics, telemetryName } from './telemetry-metrics.ts'
import { TelemetryPush } from './telemetry-push.ts'

const ID = 'a3kAAAAAQACAAAAAAAAAAQ'
const INTERVAL_MS = 60_000

function metric(name: string, kind: MetricKind, value: number, tags = {}): ClientMetric {
  const all = { 'client-id': 'shop', ...tags }
  return { name, group: 'producer-metrics', kind, value, tags: all, description: '' }
}

function scene(subscription: object = {}) {
  const cluster = new FakeCluster()
  let value = 10
  const errors: number[] = []
  cluster.on(GET, () => ({
    ...{ throttleTimeMs: 0, errorCode: 0, clientInstanceId: ID, subscriptionId: 7 },
    ...{ acceptedCompressionTypes: [4, 1], pushIntervalMs: INTERVAL_MS },
    ...{ telemetryMaxBytes: 1_048_576, deltaTemporality: true, requestedMetrics: ['*'] },
    ...subscription,
  }))
  cluster.on(PUSH, () => ({ throttleTimeMs: 0, errorCode: errors.shift() ?? 0 }))
  const collect = (): PartMetrics[] => [
    {
      labels: { group_id: 'g' },
      isNumbered: false,
      metrics: [
        metric('record-send-total', 'counter', value),
        metric('request-latency-avg', 'gauge', 1.5),
        metric('records-lag', 'gauge', 3, { topic: 't', partition: '0' }),
      ],
    },
  ]
  const push = new TelemetryPush(cluster, collect)
  const count = (name: string) => cluster.requests.filter((each) => each.name === name).length
  const add = (more: number) => {
    value += more
  }
  const counts = () => [count(GET.name), count(PUSH.name)]
  return { cluster, push, errors, counts, add }
}

/** The metrics of a push, the last one where nothing is said. */
function pushed({ cluster }: ReturnType<typeof scene>, which = -1): string[] {
  const { metrics, compressionType } = cluster.sent(PUSH).at(which)!
  const plain = decompress(compressionTypeOf(compressionType)!, metrics, 1_000_000)
  const resources = all(fieldsOf(plain as Uint8Array), 1)
  return resources.flatMap((resource) => all(only(resource, 2), 2).map(metricText))
}

test('names are those of KIP-714', () => {
  const name = telemetryName({ group: 'consumer-fetch-manager-metrics', name: 'records-lag-max' })
  assert.equal(name, 'org.apache.kafka.consumer.fetch.manager.records.lag.max')
  const admin = telemetryName({ group: 'admin-client-metrics', name: 'connection-count' })
  assert.equal(admin, 'org.apache.kafka.admin.client.connection.count')
  assert.deepEqual(
    [['*'], [''], ['org.apache.kafka.consumer.fetch'], ['org.apache.kafka.producer'], []].map(
      (requested) => isRequested(requested, name),
    ),
    [true, true, true, false, false],
  )
})

test('messages are written as protobuf wants them', () => {
  const timeMs = 1_700_000_000_123
  const attributes = { topic: 'täglich', long: 'x'.repeat(300) }
  const bytes = encodeMetricsData(
    [
      {
        attributes: { group_id: 'g' },
        points: [
          { name: 'a', attributes, value: 1.25, timeMs, sum: null },
          { name: 'b', attributes: {}, value: 7, timeMs, sum: { startMs: 1, isDelta: true } },
          { name: 'c', attributes: {}, value: 8, timeMs, sum: { startMs: 2, isDelta: false } },
        ],
      },
      { attributes: {}, points: [] },
    ],
    { name: 'millrace', version: '1' },
  )
  const [first, second] = all(fieldsOf(bytes), 1)
  assert.equal(attributesText(only(first!, 1), 1), 'group_id=g')
  const scope = only(first!, 2)
  assert.deepEqual([textOf(only(scope, 1), 1), textOf(only(scope, 1), 2)], ['millrace', '1'])
  assert.deepEqual(all(scope, 2).map(metricText), [
    `a{topic=täglich,long=${'x'.repeat(300)}} gauge 1.25 - ${timeMs}`,
    `b{} sum(1,1) 7 1 ${timeMs}`,
    `c{} sum(2,1) 8 2 ${timeMs}`,
  ])
  assert.equal(all(only(second!, 2), 2).length, 0)
})

test('metrics are pushed at the interval, from half of it to one and a half on', async () => {
  const made = scene()
  const { cluster, push, counts, add } = made
  push.start()
  push.start()
  await cluster.clock.advance(INTERVAL_MS / 2 - 1)
  assert.deepEqual(counts(), [1, 0])
  await cluster.clock.advance(INTERVAL_MS + 1)
  assert.equal(counts()[1], 1)
  const [sent, latency, lag] = pushed(made)
  assert.match(sent!, /^org.apache.kafka.producer.record.send.total\{\} sum\(1,1\) 10 /)
  assert.match(latency!, /^org.apache.kafka.producer.request.latency.avg\{\} gauge 1.5 - /)
  assert.match(lag!, /^org.apache.kafka.producer.records.lag\{topic=t,partition=0\} gauge 3 - /)
  const { compressionType, subscriptionId, clientInstanceId, terminating } = cluster
    .sent(PUSH)
    .at(-1)!
  assert.deepEqual([compressionType, subscriptionId, clientInstanceId], [4, 7, ID])
  assert.equal(terminating, false)
  add(5)
  await cluster.clock.advance(INTERVAL_MS)
  assert.match(pushed(made)[0]!, /sum\(1,1\) 5 /, 'what came since the last push')
  add(1)
  await push.close(new Deadline(cluster.clock, 'close', 1000))
  assert.equal(cluster.sent(PUSH).at(-1)!.terminating, true)
  assert.match(pushed(made)[0]!, /sum\(1,1\) 1 /)
  const before = counts()
  await cluster.clock.advance(10 * INTERVAL_MS)
  assert.deepEqual(counts(), before, 'nothing after the last push')
})

test('without delta temporality totals are told, of the metrics that are asked for', async () => {
  const requestedMetrics = ['org.apache.kafka.producer.record.send']
  const made = scene({ deltaTemporality: false, requestedMetrics, acceptedCompressionTypes: [] })
  made.push.start()
  await made.cluster.clock.advance(3 * INTERVAL_MS)
  const told = pushed(made)
  assert.equal(told.length, 1)
  assert.match(told[0]!, /^org.apache.kafka.producer.record.send.total\{\} sum\(2,1\) 10 /)
  assert.equal(made.cluster.sent(PUSH).at(-1)!.compressionType, 0)
})

test('details are left out where all would be too large', async () => {
  const made = scene({ telemetryMaxBytes: 200, acceptedCompressionTypes: [] })
  made.push.start()
  await made.cluster.clock.advance(2 * INTERVAL_MS)
  assert.equal(pushed(made).length, 2, 'all but the one of a partition')
})

test('what a broker did not take is told again, with its new subscription', async () => {
  const made = scene()
  const { cluster, push, errors, counts, add } = made
  errors.push(ErrorCode.UNKNOWN_SUBSCRIPTION_ID)
  push.start()
  await cluster.clock.advance(1.5 * INTERVAL_MS)
  assert.equal(counts()[0], 2, 'asked anew at once')
  assert.equal(cluster.sent(GET).at(-1)!.clientInstanceId, ID, 'as the same client')
  add(2)
  await cluster.clock.advance(3 * INTERVAL_MS)
  const deltas = Array.from({ length: counts()[1]! }, (_, which) =>
    Number(/sum\(1,1\) (\d+) /.exec(pushed(made, which)[0]!)![1]),
  )
  const [refused, ...taken] = deltas
  assert.equal(refused, 10)
  assert.ok(taken.length >= 2)
  assert.equal(
    taken.reduce((sum, delta) => sum + delta),
    12,
  )
})

test('errors put it off, or end it', async () => {
  const late = scene()
  late.errors.push(ErrorCode.THROTTLING_QUOTA_EXCEEDED)
  late.push.start()
  await late.cluster.clock.advance(1.5 * INTERVAL_MS)
  assert.deepEqual(late.counts(), [1, 1])
  await late.cluster.clock.advance(3 * INTERVAL_MS)
  assert.ok(late.counts()[1]! >= 2)
  const ended = scene({ errorCode: ErrorCode.INVALID_REQUEST })
  ended.push.start()
  await ended.cluster.clock.advance(100 * INTERVAL_MS)
  assert.deepEqual(ended.counts(), [1, 0])
})

test('a subscription to nothing is asked for again, and nothing is pushed', async () => {
  const { cluster, push, counts } = scene({ requestedMetrics: [] })
  push.start()
  await cluster.clock.advance(3.5 * INTERVAL_MS)
  assert.deepEqual(counts(), [4, 0])
  assert.equal(await push.clientInstanceId(new Deadline(cluster.clock, 'id', 1000)), ID)
  await push.close(new Deadline(cluster.clock, 'close', 1000))
  assert.deepEqual(counts(), [4, 0])
})

test('brokers without a receiver are sent nothing', async () => {
  const { cluster, push, counts } = scene()
  cluster.setVersions(GET.apiKey, null)
  push.start()
  await cluster.clock.advance(100 * INTERVAL_MS)
  const asked = push.clientInstanceId(new Deadline(cluster.clock, 'id', 1000))
  await assert.rejects(asked, { code: 'UNSUPPORTED_BY_BROKER' })
  await push.close(new Deadline(cluster.clock, 'close', 1000))
  assert.deepEqual(counts(), [0, 0])
})
