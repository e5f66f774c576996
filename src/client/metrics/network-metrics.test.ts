/** What links tell of their connections, in numbers: by broker and in all, refusals apart. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { FakeClock } from '../cluster/fake-cluster.test-support.ts'
import { KafkaError } from '../kafka-error.ts'
import type { ClientMetric } from './metric-family.ts'
import { LinkObserver, NetworkSensors } from './network-metrics.ts'

test('connections, sessions and requests are counted', async () => {
  const network = new NetworkSensors()
  const clock = new FakeClock()
  const link = { brokerId: -1, name: 'a:1', channel: 'main' }
  const observer = new LinkObserver(network, link, clock, 'shop')
  let opened = 0
  network.onOpened = () => void opened++
  const request = (bytes: number, tookMs: number, error: KafkaError | null = null) => {
    observer.sent(bytes, clock.monotonicMs())
    const about = { api: 'Fetch', version: 1, requestBytes: bytes, durationMs: tookMs }
    observer.settled(about, error === null ? 10 * bytes : 0, clock.monotonicMs(), error)
  }
  observer.opened(true)
  request(10, 4)
  link.brokerId = 7
  request(30, 8)
  request(5, 99, new KafkaError('NETWORK_ERROR', 'gone'))
  observer.closed(new KafkaError('NETWORK_ERROR', 'gone'))
  observer.failed(new KafkaError('NETWORK_ERROR', 'no way'))
  observer.failed(new KafkaError('AUTHENTICATION_FAILED', 'who?'))
  observer.opened(false)
  observer.reauthenticated(20)
  observer.reauthenticated(40)
  observer.reauthenticationFailed()
  assert.equal(opened, 2)
  const metrics: ClientMetric[] = []
  network.collect('consumer', { 'client-id': 'shop' }, clock.monotonicMs(), metrics)
  const value = (name: string, node?: string) =>
    metrics.find((each) => each.name === name && each.tags['node-id'] === node)?.value
  const totals = {
    'connection-count': 1,
    'connection-creation-total': 2,
    'connection-close-total': 1,
    'successful-authentication-total': 1,
    'failed-authentication-total': 1,
    'successful-reauthentication-total': 2,
    'failed-reauthentication-total': 1,
    'reauthentication-latency-avg': 30,
    'reauthentication-latency-max': 40,
    'request-total': 3,
    'request-size-avg': 15,
    'request-size-max': 30,
    'outgoing-byte-total': 45,
    'response-total': 2,
    'incoming-byte-total': 400,
    'network-io-total': 5,
  }
  for (const [name, expected] of Object.entries(totals)) assert.equal(value(name), expected, name)
  assert.equal(value('request-latency-avg', 'node--1'), 4)
  assert.equal(value('request-latency-max', 'node-7'), 8, 'an answer that never came has none')
  assert.equal(value('request-total', 'node-7'), 2)
  assert.deepEqual(
    new Set(metrics.map(({ group }) => group)),
    new Set(['consumer-metrics', 'consumer-node-metrics']),
  )
})
