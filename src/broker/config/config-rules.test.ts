/** What the controller asks: whether overrides are fine, and what holds for a topic. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { ConfigResourceType } from '../../metadata/config-validator.ts'
import { ErrorCode } from '../../protocol/errors.ts'
import { configWith } from './config.test-support.ts'
import { ConfigRules } from './config-rules.ts'
import { DynamicBrokerConfig } from './dynamic-broker-config.ts'

const { BROKER, CLIENT_METRICS, GROUP, TOPIC } = ConfigResourceType
const { INVALID_CONFIG, INVALID_REQUEST } = ErrorCode
const NONE = new Map<string, string>()
const of = (values: Readonly<Record<string, string>>) => new Map(Object.entries(values))
const rules = (properties: Readonly<Record<string, string>> = {}) =>
  new ConfigRules(new DynamicBrokerConfig(configWith(properties)))
const check = (type: number, name: string, values: Readonly<Record<string, string>>) => {
  const error = rules().validate({ type, name }, of(values), NONE)
  return error === null ? null : [error.errorCode, error.errorMessage]
}

test('each kind of resource has its own codes', () => {
  assert.equal(check(TOPIC, 't', { 'retention.ms': '1' }), null)
  assert.equal(check(TOPIC, 't', { x: '1' })?.[0], INVALID_CONFIG)
  assert.deepEqual(check(GROUP, 'g', { 'consumer.timeout': '1' }), [
    INVALID_CONFIG,
    'Unknown group config name: consumer.timeout',
  ])
  assert.deepEqual(check(CLIENT_METRICS, '', {}), [
    INVALID_REQUEST,
    "Subscription name can't be empty",
  ])
})

test('configs of groups keep the bounds of the broker', () => {
  const problem = (values: Readonly<Record<string, string>>) => check(GROUP, 'g', values)?.[1]
  assert.equal(problem({ 'consumer.session.timeout.ms': '50000' }), undefined)
  assert.equal(
    problem({ 'consumer.session.timeout.ms': '5' }),
    'consumer.session.timeout.ms must be greater than or equal to ' +
      'group.consumer.min.session.timeout.ms',
  )
  assert.equal(
    problem({ 'streams.num.standby.replicas': '9' }),
    'streams.num.standby.replicas must be less than or equal to ' +
      'group.streams.max.standby.replicas',
  )
  assert.equal(
    problem({ 'share.isolation.level': 'any' }),
    'Invalid value any for configuration share.isolation.level: ' +
      'String must be one of: read_committed, read_uncommitted',
  )
})

test('configs of subscriptions to metrics', () => {
  const problem = (values: Readonly<Record<string, string>>) => check(CLIENT_METRICS, 's', values)
  assert.equal(problem({ match: 'client_id=a.*,client_software_name=x', metrics: '*' }), null)
  assert.deepEqual(problem({ 'interval.ms': '5' }), [
    INVALID_REQUEST,
    'Invalid value 5 for interval.ms, interval must be between 100 and 3600000 (1 hour)',
  ])
  assert.deepEqual(problem({ match: 'who=me' }), [
    INVALID_CONFIG,
    'Illegal client matching pattern: who=me',
  ])
  assert.deepEqual(problem({ match: 'client_id=(' })?.[0], INVALID_CONFIG)
  assert.deepEqual(problem({ push: '1' })?.[0], INVALID_REQUEST)
})

test('lists and defaults', () => {
  assert.equal(rules().isList(TOPIC, 'cleanup.policy'), true)
  assert.equal(rules().isList(TOPIC, 'retention.ms'), false)
  assert.equal(rules().isList(TOPIC, 'constructor'), false)
  assert.equal(rules().defaultValue(TOPIC, 'cleanup.policy'), 'delete')
  assert.equal(rules().defaultValue(BROKER, 'log.dirs'), null)
})

test('a topic is resolved from the nearest layer, under any of its names there', () => {
  const layers = {
    topic: of({ 'internal.segment.bytes': '100' }),
    broker: of({ 'log.roll.hours': '2' }),
    cluster: of({ 'log.roll.ms': '5', 'message.max.bytes': '77' }),
  }
  const broker = rules({ 'log.retention.minutes': '3' })
  assert.equal(broker.topicConfig('segment.ms', layers), '7200000')
  const effective = broker.effectiveTopicConfigs(layers)
  const row = (name: string) => {
    const found = effective.find((config) => config.name === name)
    return [found?.value, found?.configSource]
  }
  assert.deepEqual(row('internal.segment.bytes'), ['100', 1])
  assert.deepEqual(row('segment.ms'), ['7200000', 2])
  assert.deepEqual(row('max.message.bytes'), ['77', 3])
  assert.deepEqual(row('retention.ms'), ['180000', 4])
  assert.deepEqual(row('cleanup.policy'), ['delete', 5])
  assert.equal(effective.length, 34)
  assert.equal(
    broker.effectiveTopicConfigs({ ...layers, topic: NONE }).length,
    33,
    'a config for tests is shown only where it is set',
  )
})
