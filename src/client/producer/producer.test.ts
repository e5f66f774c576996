/** The producer on fake brokers and in virtual time: order, single writes, bounds, what is told. */
import assert from 'node:assert/strict'
import { Readable } from 'node:stream'
import { pipeline } from 'node:stream/promises'
import { test } from 'node:test'
import { ErrorCode } from '../../protocol/errors.ts'
import { produceRequest } from '../../protocol/messages/00-produce.ts'
import type { Deadline } from '../call.ts'
import { KafkaError } from '../kafka-error.ts'
import type { DeliveryReport, ProducerOptions } from './options.ts'
import { Producer } from './producer.ts'
import { scene, settle } from './producer-scene.test-support.ts'

test('records are written in order, each with its place', async () => {
  const { cluster, brokers, producer } = scene()
  const sent = ['a', 'b', 'c'].map((value) => producer.send('t', { value, timestamp: 5 }))
  assert.deepEqual(
    await settle(cluster, Promise.all(sent)),
    [0, 1, 2].map((offset) => ({ topic: 't', partition: 0, offset, timestamp: 5 })),
  )
  assert.deepEqual(brokers.values('t', 0), ['a', 'b', 'c'])
  assert.equal(brokers.requests.length, 1, 'records of one turn go together')
  await settle(cluster, producer.close())
  assert.equal(producer.stats.bufferedBytes, 0)
})

test('keys, headers and null values arrive as they were given', async () => {
  const { cluster, brokers, producer } = scene({ compression: 'gzip' })
  const record = { key: 'k', value: null, headers: { a: 'x', b: [null, 'y'] }, timestamp: 7 }
  await settle(cluster, producer.send('t', record))
  assert.deepEqual(brokers.log('t', 0).records, [
    {
      key: 'k',
      value: null,
      headers: [
        ['a', 'x'],
        ['b', null],
        ['b', 'y'],
      ],
      timestampMs: 7,
      epoch: 0,
    },
  ])
})

test('one request holds a batch of each partition, and grows with what waits', async () => {
  const { cluster, brokers, producer } = scene({}, 3)
  const sent = [0, 1, 2].map((partition) => producer.send('t', { value: 'x', partition }))
  await settle(cluster, Promise.all(sent))
  assert.deepEqual(
    brokers.requests.map(({ partitions }) => partitions),
    [['t-0', 't-1', 't-2']],
  )
  brokers.latencyMs = 5
  const first = producer.send('t', { value: 'first', partition: 0 })
  await cluster.clock.advance(1)
  const later = Array.from({ length: 10 }, () => producer.send('t', { value: 'y', partition: 0 }))
  await settle(cluster, Promise.all([first, ...later]))
  assert.equal(brokers.requests.length, 3, 'what comes while a request is on its way goes together')
})

test('lingerMs waits for more records', async () => {
  const { cluster, brokers, producer } = scene({ lingerMs: 20 })
  const sent = [producer.send('t', { value: 'a' })]
  await cluster.clock.advance(19)
  assert.equal(brokers.requests.length, 0)
  sent.push(producer.send('t', { value: 'b' }))
  await settle(cluster, Promise.all(sent))
  assert.equal(brokers.requests.length, 1)
  const urgent = producer.send('t', { value: 'c' })
  await settle(cluster, producer.flush())
  await urgent
})

test('a batch that is too large for the broker is split until it fits, every record in its place', async () => {
  const { cluster, brokers, producer } = scene()
  brokers.maxBatchBytes = 300
  const values = Array.from({ length: 50 }, (_, i) => `value ${i}`.padEnd(20, '.'))
  const sent = await settle(
    cluster,
    producer.sendMany(
      't',
      values.map((value) => ({ value })),
    ),
  )
  assert.deepEqual(
    sent.map(({ offset }) => offset),
    values.map((_, i) => i),
  )
  assert.deepEqual(brokers.values('t', 0), values)
  const large = settle(cluster, producer.send('t', { value: 'x'.repeat(400) }))
  await assert.rejects(large, { code: 'MESSAGE_TOO_LARGE' })
  assert.equal((await settle(cluster, producer.send('t', { value: 'small' }))).offset, 50)
  assert.equal(producer.stats.bufferedBytes, 0)
})

test('acks 0 asks for no answer', async () => {
  const { cluster, brokers, producer } = scene({ acks: 0 })
  const { offset } = await settle(cluster, producer.send('t', { value: 'a' }))
  assert.equal(offset, -1)
  await cluster.clock.advance(10)
  assert.deepEqual(brokers.values('t', 0), ['a'])
  assert.equal(brokers.initProducerIds.length, 0)
  assert.equal(producer.stats.bufferedBytes, 0)
})

test('enqueue takes records until it is full, says so, and ready waits for room', async () => {
  const { cluster, brokers, producer } = scene({ bufferBytes: 8192, batchBytes: 1024 })
  const value = 'x'.repeat(500)
  let taken = 0
  while (producer.enqueue('t', { value })) taken++
  assert.ok(taken >= 4 && taken < 16, `${taken} taken`)
  const overfill = () => {
    for (let i = 0; i < 20; i++) producer.enqueue('t', { value })
  }
  assert.throws(overfill, { code: 'QUEUE_FULL', retriable: true })
  await settle(cluster, producer.ready())
  assert.equal(producer.enqueue('t', { value }), true)
  const waited = Array.from({ length: 10 }, () => producer.send('t', { value }))
  assert.ok(producer.stats.waitingRecords === 0 || producer.stats.bufferedBytes <= 8192)
  await settle(cluster, Promise.all(waited))
  await settle(cluster, producer.flush())
  assert.equal(brokers.values('t', 0).length, producer.stats.records)
})

test('a batch takes the memory that its records need, not that of a full one', async () => {
  const { cluster, producer } = scene({ compression: 'zstd' })
  const send = (value: string) => producer.send('t', { value, partition: 0 })
  await settle(cluster, send('x'.repeat(130_000)))
  await settle(cluster, send('small'))
  const last = send('small')
  assert.ok(producer.stats.bufferedBytes <= 1024, `${producer.stats.bufferedBytes} bytes`)
  await settle(cluster, last)
})

test('send waits for room in order, and not for ever', async () => {
  const { cluster, brokers, producer } = scene({
    bufferBytes: 4096,
    batchBytes: 1024,
    maxBlockMs: 1000,
  })
  const values = Array.from({ length: 60 }, (_, i) => `${i}`.padStart(200, '.'))
  const sent = values.map((value) => producer.send('t', { value }))
  const outcomes = await settle(cluster, Promise.allSettled(sent))
  const refused = outcomes.filter(({ status }) => status === 'rejected')
  assert.ok(refused.length > 0, 'more than twice the buffer was taken')
  for (const each of refused) {
    assert.equal((each as PromiseRejectedResult).reason.code, 'QUEUE_FULL')
  }
  assert.deepEqual(brokers.values('t', 0), values.slice(0, 60 - refused.length))

  brokers.fault = () => ErrorCode.NOT_ENOUGH_REPLICAS
  const stuck = values.slice(0, 20).map((value) => producer.send('t', { value }))
  for (const each of stuck) each.catch(() => {})
  await cluster.clock.advance(1001)
  await assert.rejects(stuck[19]!, { code: 'TIMED_OUT', message: /room in the buffer/ })
  await settle(cluster, producer.close({ timeoutMs: 5 }))
  await assert.rejects(stuck[0]!, { code: 'CLOSED' })
  assert.equal(producer.stats.bufferedBytes, 0)
})

test('what enqueued records fail with is told once: by ready, flush, close or onDelivery', async () => {
  const { cluster, brokers, producer } = scene()
  brokers.fault = () => ErrorCode.TOPIC_AUTHORIZATION_FAILED
  producer.enqueue('t', { value: 'a' })
  producer.enqueue('t', { value: 'b' })
  await assert.rejects(settle(cluster, producer.flush()), {
    code: 'TOPIC_AUTHORIZATION_FAILED',
    message: /^2 enqueued records failed/,
  })
  await settle(cluster, producer.flush())
  producer.enqueue('t', { value: 'c' })
  await assert.rejects(settle(cluster, producer.close()), { code: 'TOPIC_AUTHORIZATION_FAILED' })

  const reports: DeliveryReport[] = []
  const other = new Producer(cluster, { onDelivery: (report) => reports.push(report) })
  other.enqueue('t', { value: 'a' })
  await settle(cluster, other.flush())
  brokers.fault = () => 'none'
  other.enqueue('t', { value: 'b' })
  other.enqueue('t', { value: 'c' })
  await settle(cluster, other.close())
  assert.deepEqual(
    reports.map(({ count, error, baseOffset }) => [count, error?.code, baseOffset]),
    [
      [1, 'TOPIC_AUTHORIZATION_FAILED', -1],
      [2, undefined, 0],
    ],
  )
})

test('records wait for the metadata of a topic, in order; a topic that there is not is told', async () => {
  const { cluster, brokers, producer } = scene({ maxBlockMs: 500 })
  let isThere = false
  cluster.metadata.ensure = async (name: string, deadline?: Deadline) => {
    while (!isThere) await deadline!.sleep(100)
    return cluster.metadata.topic(name)!
  }
  const sent = ['a', 'b', 'c'].map((value) => producer.send('late', { value }))
  assert.equal(producer.enqueue('late', { value: 'd' }), false)
  await cluster.clock.advance(300)
  cluster.metadata.setTopic('late', 2)
  isThere = true
  await settle(cluster, Promise.all(sent))
  await settle(cluster, producer.flush())
  assert.deepEqual(
    [...brokers.values('late', 0), ...brokers.values('late', 1)],
    ['a', 'b', 'c', 'd'],
  )
  isThere = false
  producer.enqueue('never', { value: 'x' })
  await assert.rejects(settle(cluster, producer.send('never', { value: 'y' })), {
    code: 'TIMED_OUT',
  })
  await assert.rejects(settle(cluster, producer.flush()), { code: 'TIMED_OUT' })
})

test('a new leader is found from metadata, and order is kept', async () => {
  const { cluster, brokers, producer } = scene({ batchBytes: 100 })
  cluster.metadata.setBroker(2, null)
  await settle(cluster, producer.send('t', { value: 'first' }))
  const sent = Array.from({ length: 20 }, (_, i) => producer.send('t', { value: `${i}` }))
  await cluster.clock.advance(0)
  cluster.metadata.setTopic('t', 1, () => [2])
  const done = await settle(cluster, Promise.all(sent))
  assert.deepEqual(
    done.map(({ offset }) => offset),
    sent.map((_, i) => i + 1),
  )
  assert.deepEqual(brokers.values('t', 0), ['first', ...sent.map((_, i) => `${i}`)])
  assert.equal(brokers.requests.at(-1)!.brokerId, 2)
})

test('a broker that answers nothing gets no more records without a key (KIP-794)', async () => {
  const { cluster, brokers, producer } = scene(
    { partitionAvailabilityTimeoutMs: 500, batchBytes: 100 },
    2,
  )
  cluster.metadata.setBroker(2, null)
  cluster.metadata.setTopic('t', 2, (partition) => [partition + 1])
  const value = 'x'.repeat(100)
  await settle(
    cluster,
    Promise.all([0, 1].map((partition) => producer.send('t', { value, partition }))),
  )
  let isSilent = true
  brokers.fault = (_, partition) => (partition === 0 && isSilent ? 'lost before' : 'none')
  producer.enqueue('t', { value, partition: 0 })
  await cluster.clock.advance(600)
  producer.enqueue('t', { value }) // may go to where the choice stuck before
  const sent = Array.from({ length: 40 }, () => producer.send('t', { value }))
  isSilent = false
  const chosen = (await settle(cluster, Promise.all(sent))).map(({ partition }) => partition)
  assert.ok(
    chosen.slice(1).every((partition) => partition === 1),
    `${chosen}`,
  )
  await cluster.clock.advance(2000)
  const later = Array.from({ length: 40 }, () => producer.send('t', { value }))
  const both = (await settle(cluster, Promise.all(later))).map(({ partition }) => partition)
  assert.ok(both.includes(0), 'the broker is back')
})

test('a partition without a leader waits for one, and expires with a reason', async () => {
  const { cluster, producer } = scene({ deliveryTimeoutMs: 1000 })
  cluster.metadata.setTopic('t', 1, () => [])
  const lost = producer.send('t', { value: 'a' })
  await assert.rejects(settle(cluster, lost), { code: 'TIMED_OUT', message: /has no leader/ })
  const saved = producer.send('t', { value: 'b' })
  await cluster.clock.advance(500)
  cluster.metadata.setTopic('t', 1)
  assert.equal((await settle(cluster, saved)).offset, 0)
})

test('close settles within its time, and what it could not send fails with CLOSED', async () => {
  const { cluster, producer } = scene()
  cluster.on(produceRequest, () => new Promise(() => {}))
  const sent = producer.send('t', { value: 'a' })
  sent.catch(() => {})
  const startMs = cluster.clock.nowMs()
  await settle(cluster, producer.close({ timeoutMs: 2000 }))
  assert.ok(cluster.clock.nowMs() - startMs <= 2005)
  await assert.rejects(sent, { code: 'CLOSED' })
  await assert.rejects(producer.send('t', { value: 'b' }), { code: 'CLOSED' })
  assert.throws(() => producer.enqueue('t', { value: 'b' }), { code: 'CLOSED' })
})

test('a call ends with its signal or its time; the record may be written all the same', async () => {
  const { cluster, brokers, producer } = scene({ lingerMs: 50 })
  const late = producer.send('t', { value: 'a' }, { timeoutMs: 10 })
  await assert.rejects(settle(cluster, late), { code: 'TIMED_OUT' })
  const controller = new AbortController()
  const aborted = producer.send('t', { value: 'b' }, { signal: controller.signal })
  controller.abort(new Error('enough'))
  await assert.rejects(settle(cluster, aborted), { code: 'ABORTED' })
  await settle(cluster, producer.flush())
  assert.deepEqual(brokers.values('t', 0), ['a', 'b'])
})

test('wrong arguments are refused before anything is sent', async () => {
  const { cluster, brokers, producer } = scene({}, 2)
  const refused = async (record: object) =>
    assert.rejects(producer.send('t', record as { value: string }), (error: unknown) => {
      assert.ok(error instanceof KafkaError)
      return error.code === 'INVALID_ARGUMENT' || error.code === 'SERIALIZATION_FAILED'
    })
  await refused({ value: 1 })
  await refused({ value: 'x', partition: 2 })
  await refused({ value: 'x', partition: 0.5 })
  await refused({ value: 'x', timestamp: -1 })
  await refused({ value: 'x', headers: { a: 5 } })
  await assert.rejects(producer.send('no such name!', { value: 'x' }), { code: 'INVALID_ARGUMENT' })
  await assert.rejects(producer.send('t', { value: 'x'.repeat(1_100_000) }), {
    code: 'MESSAGE_TOO_LARGE',
  })
  await cluster.clock.advance(10)
  assert.equal(brokers.requests.length, 0)
  for (const options of [{ acks: 2 }, { lingerMs: -1 }, { maxInFlight: 6 }, { batchSize: 1 }]) {
    assert.throws(() => new Producer(cluster, options as ProducerOptions), {
      code: 'INVALID_ARGUMENT',
    })
  }
})

test('sendMany with a wrong record rejects once, also for those that wait already', async () => {
  const { cluster, producer } = scene()
  const records = [{ value: 'a' }, { value: 'b' }, { value: 5 as never }]
  await assert.rejects(producer.sendMany('missing', records), { code: 'SERIALIZATION_FAILED' })
  await cluster.clock.advance(120_000) // the others fail then, and nobody is to be bothered
  assert.equal(producer.stats.waitingRecords, 0)
})

test('a program chooses partitions itself, and keys go where Java puts them', async () => {
  const { cluster, brokers, producer } = scene(
    { partitioner: ({ key }) => (key === null ? null : key[0]! % 3) },
    3,
  )
  await settle(
    cluster,
    Promise.all(['a', 'b', 'c'].map((key) => producer.send('t', { key, value: key }))),
  )
  assert.deepEqual(
    [0, 1, 2].map((partition) => brokers.values('t', partition)),
    [['c'], ['a'], ['b']],
  )
  const broken = new Producer(cluster, { partitioner: () => 7 })
  await assert.rejects(broken.send('t', { value: 'x' }), { code: 'INVALID_ARGUMENT' })
})

test('a stream of records ends when all are written, and fails with the first that fails', async () => {
  const { cluster, brokers, producer } = scene({ bufferBytes: 16_384, batchBytes: 1024 })
  const values = Array.from({ length: 500 }, (_, i) => `${i}`.padStart(100, '0'))
  const source = () => Readable.from(values.map((value) => ({ value })))
  await settle(cluster, pipeline(source(), producer.writable('t')))
  assert.deepEqual(brokers.values('t', 0), values)
  brokers.fault = () => ErrorCode.INVALID_RECORD
  await assert.rejects(settle(cluster, pipeline(source(), producer.writable('t'))), {
    code: 'INVALID_RECORD',
  })
})
