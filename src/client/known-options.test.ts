/** Options that do not exist are refused by name, wherever a program gives options. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { Admin } from './admin/admin.ts'
import { FakeCluster } from './cluster/fake-cluster.test-support.ts'
import { Consumer } from './consumer/consumer.ts'
import { consumerSettings } from './consumer/options.ts'
import { runSettings } from './consumer/run-options.ts'
import { Kafka } from './kafka.ts'
import type { KafkaError } from './kafka-error.ts'
import { settingsOf } from './options.ts'
import { producerSettings } from './producer/options.ts'
import { Producer } from './producer/producer.ts'
import { serde } from './serde.ts'
import { topic } from './topic.ts'

test('an option that does not exist is refused by its name', () => {
  const handler = () => {}
  const plain = { mechanism: 'PLAIN', username: 'u', password: 'p' }
  const oauth = { mechanism: 'OAUTHBEARER' } as const
  const credentials = (more: object) => ({
    clientCredentials: { tokenEndpoint: 'e', clientId: 'c', clientSecret: 's', ...more },
  })
  const serdes = { key: serde.string(), value: serde.string() }
  const cases: readonly (readonly [() => unknown, RegExp])[] = [
    [() => settingsOf({ brokers: 'a:1', ssl: true } as never), /Kafka: .* ssl$/],
    [() => settingsOf({ brokers: 'a:1', clientID: 'x' } as never), /clientID; .* clientId$/],
    [() => settingsOf(undefined as never), /Kafka: undefined is no object/],
    [() => consumerSettings({ groupid: 'g' } as never), /consumer: .* groupid; .* groupId$/],
    [() => consumerSettings({ fromBeginning: true } as never), /consumer: .* fromBeginning$/],
    [() => consumerSettings(undefined as never), /consumer: undefined is no object/],
    [() => runSettings({ eachMessage: handler } as never), /run: .* eachMessage$/],
    [() => runSettings({ handler, retry: { retries: 5 } } as never), /run retry: .* retries$/],
    [
      () => producerSettings({ linger: 5 } as never),
      /producer: .* linger; did you mean lingerMs\?$/,
    ],
    [() => producerSettings(7 as never), /producer: 7 is no object/],
    [
      () => settingsOf({ brokers: 'a:1', tls: { certs: 'x' } } as never),
      /tls: .* certs; did you mean cert\?$/,
    ],
    [() => settingsOf({ brokers: 'a:1', tls: { requestCert: true } } as never), /requestCert$/],
    [
      () => settingsOf({ brokers: 'a:1', sasl: { mechanism: 'PLAIN', user: 'u' } } as never),
      /sasl of PLAIN: there is no option user$/,
    ],
    [
      () => settingsOf({ brokers: 'a:1', sasl: { ...plain, isDelegationToken: true } } as never),
      /sasl of PLAIN: there is no option isDelegationToken$/,
    ],
    [
      () => settingsOf({ brokers: 'a:1', sasl: { ...oauth, clientCredential: {} } } as never),
      /sasl of OAUTHBEARER: .* clientCredential; did you mean clientCredentials\?$/,
    ],
    [
      () => settingsOf({ brokers: 'a:1', sasl: { ...oauth, ...credentials({ scopes: 's' }) } }),
      /sasl clientCredentials: there is no option scopes; did you mean scope\?$/,
    ],
    [
      () => consumerSettings({ groupId: 'g', autoCommit: { interval: 5 } } as never),
      /consumer autoCommit: there is no option interval; did you mean intervalMs\?$/,
    ],
    [
      () => consumerSettings({ groupId: 'g', autoCommit: { intervalMS: 5 } } as never),
      /consumer autoCommit: .* intervalMS; it is called intervalMs$/,
    ],
    [
      () => consumerSettings({ autoOffsetReset: { durationMs: 5, unit: 's' } } as never),
      /consumer autoOffsetReset: there is no option unit$/,
    ],
    [() => topic('t', { ...serdes, values: 1 } as never), /topic t: .* values; did you mean value/],
  ]
  for (const [make, text] of cases) {
    assert.throws(make, ({ code, message }: KafkaError) => {
      assert.equal(code, 'INVALID_ARGUMENT')
      assert.match(message, text)
      return true
    })
  }
})

const wrong: never = { timeout: 5 } as never

test('so is one of a call, whatever the call', async () => {
  const cluster = new FakeCluster()
  cluster.metadata.setTopic('t', 1)
  const producer = new Producer(cluster, { transactionalId: 'x' })
  const plain = new Producer(cluster)
  const admin = new Admin(cluster)
  const parts = { cluster, channel: 'fetch', sink: () => plain, onClosed: () => {} } as const
  const consumer = new Consumer(parts, { topics: ['t'] })
  const record = { value: 'a' }
  const calls: readonly (readonly [() => unknown, RegExp])[] = [
    [() => plain.send('t', record, wrong), /^send to t: .* timeout; did you mean timeoutMs\?$/],
    [() => plain.sendMany('t', [record], wrong), /^sendMany to t: .* timeout/],
    [() => plain.flush(wrong), /^flush: .* timeout/],
    [() => plain.ready(wrong), /^ready: .* timeout/],
    [() => producer.begin(wrong), /^begin: .* timeout/],
    [() => producer.transaction(async () => {}, wrong), /^begin: .* timeout/],
    [
      () => consumer.poll({ maxRecord: 5 } as never),
      /^poll: .* maxRecord; did you mean maxRecords/,
    ],
    [() => consumer.batches({ max: 5 } as never), /^batches: there is no option max$/],
    [() => consumer.partitions({ timeoutMs: 5 } as never), /^partitions: .* timeoutMs$/],
    [() => consumer.records({ maxRecords: 5 } as never), /^records: .* maxRecords$/],
    [() => consumer.readable({ maxRecords: 5 } as never), /^readable: .* maxRecords$/],
    [() => consumer.commit([], wrong), /^commit: .* timeout/],
    [() => consumer.offsets([], 'end', wrong), /^look for offsets: .* timeout/],
    [() => new Admin(cluster, { timeoutMs: 5 } as never), /^admin: .* timeoutMs$/],
    [() => admin.listTopics(wrong), /^listTopics: .* timeout; did you mean timeoutMs\?$/],
    [() => admin.listTopics({ internal: true } as never), /^listTopics: .* internal$/],
    [
      () => admin.createTopics([], { validate: true } as never),
      /^createTopics: there is no option validate$/,
    ],
    [
      () => admin.createTopics([], { validateonly: true } as never),
      /^createTopics: .* validateonly; it is called validateOnly$/,
    ],
    [
      () => admin.describeAcls({}, { validateOnly: true } as never),
      /^describeAcls: .* validateOnly/,
    ],
    [() => admin.describeAcls({}, 5 as never), /^describeAcls: 5 is no object of options$/],
    [() => admin.close(wrong), /^close: .* timeout/],
    [() => plain.close(wrong), /^closing the producer: .* timeout/],
    [() => consumer.close(wrong), /^close the consumer: .* timeout/],
  ]
  for (const [call, text] of calls) {
    await assert.rejects(
      async () => await call(),
      ({ code, message }: KafkaError) => {
        assert.equal(code, 'INVALID_ARGUMENT', String(call))
        assert.match(message, text)
        return true
      },
      String(call),
    )
  }
})

test('the types refuse them before anything runs', () => {
  const typed = (kafka: Kafka, consumer: Consumer, admin: Admin) => [
    // @ts-expect-error: the name of a mechanism's option
    new Kafka({ brokers: 'a:1', sasl: { mechanism: 'PLAIN', user: 'u', password: 'p' } }),
    // @ts-expect-error: of TLS
    new Kafka({ brokers: 'a:1', tls: { certs: 'x' } }),
    // @ts-expect-error: of an option of a consumer
    kafka.consumer({ groupId: 'g', autoCommit: { interval: 5 } }),
    // @ts-expect-error: of a loop
    consumer.batches({ max: 5 }),
    // @ts-expect-error: of retries
    consumer.run({ handler: () => {}, retry: { retries: 5 } }),
    // @ts-expect-error: of any call
    kafka.producer().send('t', { value: null }, { timeout: 5 }),
    // @ts-expect-error: of one call
    admin.createTopics([], { validate: true }),
  ]
  assert.equal(typeof typed, 'function')
})
