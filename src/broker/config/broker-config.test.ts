/** A node's properties: what is refused, what is warned about, and how it is said. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { BrokerConfig } from './broker-config.ts'
import { configWith, LEAST_PROPERTIES, parseWith } from './config.test-support.ts'
import { issueLine } from './issue.ts'

const errorsWith = (properties: Readonly<Record<string, string>>, strict = false) =>
  parseWith(properties, strict).errors.map(issueLine)

test('the least that Kafka needs is enough', () => {
  const config = configWith()
  assert.equal(config.get('num.partitions'), 1)
  assert.equal(config.get('broker.id'), 1)
  assert.deepEqual(config.logDirs, ['/tmp/kafka-logs'])
  assert.equal(config.metadataLogDir, '/tmp/kafka-logs')
  assert.equal(config.interBrokerListenerName, 'PLAINTEXT')
  assert.equal(config.isSet('broker.id'), true)
  assert.equal(config.isSet('log.dirs'), false)
})

test('what is required and missing is named with what is allowed', () => {
  const { config, errors } = BrokerConfig.parse(new Map())
  assert.equal(config, null)
  assert.deepEqual(errors.map(issueLine), [
    'process.roles is not set: Missing required configuration "process.roles" ' +
      '(allowed: a comma-separated list of: broker, controller)',
    'node.id is not set: Missing required configuration "node.id" ' +
      '(allowed: a 32-bit integer, at least 0)',
    'controller.listener.names is not set: Missing required configuration ' +
      '"controller.listener.names" (allowed: a comma-separated list of names)',
  ])
})

test('all bad values are told at once', () => {
  assert.deepEqual(errorsWith({ 'num.partitions': '0', 'log.retention.ms': 'soon' }), [
    'num.partitions=0: Invalid value 0 for configuration num.partitions: ' +
      'Value must be at least 1 (allowed: a 32-bit integer, at least 1)',
    'log.retention.ms=soon: Invalid value soon for configuration log.retention.ms: ' +
      'Not a number of type LONG (allowed: a 64-bit integer)',
  ])
})

test('a mistyped name is a warning with the nearest known one, and an error if strict', () => {
  const { config, warnings } = parseWith({ 'num.partitons': '3', 'something.else': '1' })
  assert.ok(config !== null)
  assert.deepEqual(warnings, [
    'num.partitons: no such setting; did you mean num.partitions?',
    'something.else: no such setting',
  ])
  assert.deepEqual(errorsWith({ 'num.partitons': '3' }, true), [
    'num.partitons=3: no such setting; did you mean num.partitions?',
  ])
})

test('settings that Millrace does not act on are said, by feature', () => {
  const { warnings } = parseWith({
    'num.io.threads': '16',
    'num.network.threads': '3',
    'ssl.keystore.location': '/etc/key.p12',
    'ssl.keystore.password': 'secret',
    'listener.name.external.ssl.key.password': 'secret',
    'super.users': 'User:admin',
    'log.preallocate': 'true',
    'compression.lz4.level': '12',
  })
  assert.deepEqual(warnings, [
    'Millrace works on one thread: num.io.threads=16 has no effect',
    'TLS and SASL are not built yet: ssl.keystore.location=/etc/key.p12, ' +
      'ssl.keystore.password=[hidden], listener.name.external.ssl.key.password=[hidden] ' +
      'have no effect',
    'access control is not built yet: super.users=User:admin has no effect',
    'files grow as they are written: log.preallocate=true has no effect',
    'the LZ4 codec has one level: compression.lz4.level=12 has no effect',
  ])
})

test('a node does not start less safe than its file says', () => {
  const authorizer = 'org.apache.kafka.metadata.authorizer.StandardAuthorizer'
  assert.deepEqual(errorsWith({ 'authorizer.class.name': authorizer }), [
    `authorizer.class.name=${authorizer}: access control is not built yet, and going on without ` +
      'would be less safe; remove the setting',
  ])
  assert.match(
    errorsWith({ listeners: 'SSL://:9092,CONTROLLER://:9093' }).join('\n'),
    /No security protocol defined for listener CONTROLLER/,
  )
  assert.match(
    errorsWith({
      listeners: 'SAFE://:9092,CONTROLLER://:9093',
      'inter.broker.listener.name': 'SAFE',
      'listener.security.protocol.map': 'SAFE:SASL_SSL,CONTROLLER:PLAINTEXT',
    }).join('\n'),
    /listener SAFE speaks SASL_SSL, and TLS and SASL are not built yet/,
  )
  assert.match(errorsWith({ 'create.topic.policy.class.name': 'x.Y' })[0] ?? '', /policies/)
})

test('a node is not what Millrace cannot be yet', () => {
  assert.match(errorsWith({ 'process.roles': 'broker' })[0] ?? '', /broker and controller so far/)
  assert.match(
    errorsWith({ 'controller.quorum.voters': '1@localhost:9093,2@localhost:9094' })[0] ?? '',
    /a quorum of several controllers is not built yet/,
  )
})

test('roles, ids and quorum keep the rules of Kafka', () => {
  assert.deepEqual(errorsWith({ 'broker.id': '2' }), [
    'node.id=1: You must set `node.id` to the same value as `broker.id`.',
  ])
  assert.deepEqual(errorsWith({ 'controller.quorum.voters': '3@localhost:9093' }), [
    'controller.quorum.voters=3@localhost:9093: If process.roles contains the ' +
      "'controller' role, the node id 1 must be included in the set of voters " +
      'controller.quorum.voters=Set(3)',
  ])
  const noQuorum = new Map(LEAST_PROPERTIES)
  noQuorum.delete('controller.quorum.bootstrap.servers')
  assert.match(BrokerConfig.parse(noQuorum).errors[0]?.message ?? '', /^If using process\.roles, /)
  const config = configWith({ 'controller.quorum.voters': '1@localhost:9093' })
  assert.deepEqual(config.voters, [{ id: 1, host: 'localhost', port: 9093 }])
})

test('values fit together', () => {
  const cases: [Record<string, string>, RegExp][] = [
    [{ 'log.roll.ms': '0' }, /^log\.roll\.ms=0: log\.roll\.ms must be greater than or equal to 1$/],
    [{ 'log.retention.minutes': '0' }, /must be unlimited \(-1\) or, greater than or equal to 1$/],
    [{ 'replica.lag.time.max.ms': '100' }, /^replica\.fetch\.wait\.max\.ms=500: /],
    [{ 'max.connections.per.ip': '0' }, /can be set to zero only if/],
    [{ 'max.connections.per.ip.overrides': 'localhost' }, /comma-separated list of host:number$/],
    [
      { 'listener.name.plaintext.max.connections': 'x' },
      /max\.connections: Not a number of type INT/,
    ],
    [{ 'queued.max.request.bytes': '10' }, /must be larger or equal to socket\.request\.max/],
    [{ 'group.consumer.heartbeat.interval.ms': '4000' }, /min\.heartbeat\.interval\.ms$/],
    [{ 'group.coordinator.rebalance.protocols': 'consumer' }, /Disabling the 'CLASSIC' protocol/],
    [{ 'cordoned.log.dirs': '/elsewhere' }, /Missing entries : \/elsewhere$/],
    [{ 'log.cleaner.threads': '200' }, /at least 1MB per cleaner thread/],
  ]
  for (const [properties, expected] of cases) {
    const lines = errorsWith(properties)
    assert.match(lines[0] ?? '', expected)
  }
})

test('limits of connections by address are read', () => {
  const config = configWith({ 'max.connections.per.ip.overrides': 'localhost:5, ::1:7' })
  assert.deepEqual(
    [...(config.connectionOverrides ?? [])],
    [
      ['127.0.0.1', 5],
      ['::1', 7],
    ],
  )
})

test("Kafka's own quick start file needs no change", () => {
  const { config, errors } = parseWith({
    'num.network.threads': '3',
    'advertised.listeners': 'PLAINTEXT://localhost:9092,CONTROLLER://localhost:9093',
    'inter.broker.listener.name': 'PLAINTEXT',
    'listener.security.protocol.map':
      'CONTROLLER:PLAINTEXT,PLAINTEXT:PLAINTEXT,SSL:SSL,SASL_PLAINTEXT:SASL_PLAINTEXT',
    'log.dirs': '/tmp/kraft-combined-logs',
    'share.coordinator.state.topic.min.isr': '1',
  })
  assert.deepEqual(errors, [])
  assert.deepEqual(config?.listeners[0], {
    name: 'PLAINTEXT',
    kind: 'broker',
    protocol: 'PLAINTEXT',
    host: '127.0.0.1',
    port: 9092,
    advertisedHost: 'localhost',
    advertisedPort: 9092,
  })
})
