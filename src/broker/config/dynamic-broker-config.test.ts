/** Dynamic configs: what wins, what may be stored, and what is left out. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { configWith } from './config.test-support.ts'
import { DynamicBrokerConfig } from './dynamic-broker-config.ts'

const NONE = new Map<string, string>()
const of = (values: Readonly<Record<string, string>>) => new Map(Object.entries(values))
const dynamic = (properties: Readonly<Record<string, string>> = {}) =>
  new DynamicBrokerConfig(configWith(properties))

test('this broker wins over all brokers, and both over the file', () => {
  const config = dynamic({ 'log.segment.bytes': '5000000' })
  const segmentBytes = () => config.current.get('log.segment.bytes')
  assert.equal(segmentBytes(), 5000000)
  config.update(NONE, of({ 'log.segment.bytes': '3000000' }))
  assert.equal(segmentBytes(), 3000000)
  config.update(of({ 'log.segment.bytes': '2000000' }), of({ 'log.segment.bytes': '3000000' }))
  assert.equal(segmentBytes(), 2000000)
  config.update(NONE, NONE)
  assert.equal(segmentBytes(), 5000000)
})

test('a dynamic setting replaces the same one in another unit', () => {
  const config = dynamic({ 'log.roll.hours': '1' })
  config.update(NONE, of({ 'log.roll.ms': '5000' }))
  assert.equal(config.current.get('log.roll.ms'), 5000)
  assert.equal(config.current.isSet('log.roll.hours'), false)
})

test('what this node cannot take is left out with a warning', () => {
  const config = dynamic()
  const warnings = config.update(
    of({ 'log.cleaner.threads': 'many', 'message.max.bytes': '7' }),
    of({ 'node.id': '5', 'cordoned.log.dirs': '/x' }),
  )
  assert.deepEqual(warnings, [
    'dynamic config node.id is ignored: Cannot update these configs dynamically: [node.id]',
    'dynamic config cordoned.log.dirs is ignored: Cannot update these configs at default cluster ' +
      'level, broker id must be specified: [cordoned.log.dirs]',
    'dynamic config log.cleaner.threads is ignored: Invalid value many for configuration ' +
      'log.cleaner.threads: Not a number of type INT',
  ])
  assert.equal(config.current.get('message.max.bytes'), 7)
  assert.deepEqual([...config.broker.keys()], ['message.max.bytes'])
})

test('what does not fit together is not applied at all', () => {
  const config = dynamic()
  assert.deepEqual(config.update(NONE, of({ 'log.cleaner.dedupe.buffer.size': '1' })), [
    'dynamic configs are not applied: ' +
      'log.cleaner.dedupe.buffer.size must be at least 1MB per cleaner thread.',
  ])
  assert.equal(config.current.get('log.cleaner.dedupe.buffer.size'), 134217728)
})

test('the pause between assignments stays within its bounds', () => {
  const config = dynamic({ 'group.consumer.max.assignment.interval.ms': '2000' })
  config.update(NONE, of({ 'group.consumer.assignment.interval.ms': '9000' }))
  assert.equal(config.current.get('group.consumer.assignment.interval.ms'), 2000)
})

test('what someone wants to store is refused in the words of Kafka', () => {
  const config = dynamic()
  const check = (values: Readonly<Record<string, string>>, perBroker = false) =>
    config.check(of(values), perBroker)
  assert.equal(check({ 'log.retention.ms': '5' }), null)
  assert.equal(
    check({ 'num.partitions': '3', 'log.dirs': '/x' }),
    'Cannot update these configs dynamically: [log.dirs, num.partitions]',
  )
  assert.equal(
    check({ 'ssl.keystore.location': '/x' }, true),
    'These security configs can be dynamically updated only per-listener using the listener ' +
      'prefix: [ssl.keystore.location]',
  )
  assert.equal(
    check({ 'listener.name.internal.ssl.keystore.location': '/x' }),
    'Cannot update these configs at default cluster level, broker id must be specified: ' +
      '[listener.name.internal.ssl.keystore.location]',
  )
  assert.equal(check({ 'listener.name.internal.max.connections': '10' }), null)
  assert.equal(
    check({ listeners: 'PLAINTEXT://:1' }, true),
    'Millrace cannot change these configs dynamically yet: [listeners]',
  )
  assert.equal(
    check({ 'metric.reporters': 'com.example.Reporter' }),
    'Millrace cannot change these configs dynamically yet: [metric.reporters]',
  )
  assert.equal(
    check({ 'log.message.timestamp.type': 'Now' }),
    'Invalid value Now for configuration log.message.timestamp.type: ' +
      'String must be one of: CreateTime, LogAppendTime',
  )
  assert.equal(check({ 'some.plug.in.setting': '1' }), null)
})

test('threads at most double or halve', () => {
  const check = (values: Readonly<Record<string, string>>) => dynamic().check(of(values), false)
  assert.equal(check({ 'num.io.threads': '16' }), null)
  assert.equal(
    check({ 'num.io.threads': '17' }),
    'Invalid value org.apache.kafka.common.config.ConfigException: Dynamic thread count update ' +
      'validation failed for num.io.threads=17, value should not be greater than double the ' +
      'current value 8 for configuration Invalid dynamic configuration',
  )
  assert.match(check({ 'num.io.threads': '3' }) ?? '', /be at least half the current value 8/)
  assert.match(check({ 'log.cleaner.threads': '3' }) ?? '', /more than double the current value 1/)
  assert.match(check({ 'log.cleaner.threads': '0' }) ?? '', /should be at least 1/)
})
