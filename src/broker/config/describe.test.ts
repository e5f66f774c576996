/**
 * Rows of DescribeConfigs. The expectations are what Kafka 4.3.1 answers for the same settings.
 */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { configWith } from './config.test-support.ts'
import {
  describeBroker,
  describeClientMetrics,
  describeCluster,
  describeGroup,
  describeTopic,
} from './describe.ts'
import type { DescribedConfig } from './describe-entry.ts'
import { DynamicBrokerConfig } from './dynamic-broker-config.ts'

const ALL = { includeSynonyms: true, includeDocumentation: true, names: null }
const NONE = new Map<string, string>()
const of = (values: Readonly<Record<string, string>>) => new Map(Object.entries(values))
const node = (properties: Readonly<Record<string, string>> = {}) =>
  new DynamicBrokerConfig(configWith(properties))
/** Value, source, and the chain of synonyms as [name, value, source]. */
const facts = (rows: readonly DescribedConfig[], name: string) => {
  const row = rows.find((candidate) => candidate.name === name)
  const chain = row?.synonyms?.map((synonym) => [synonym.name, synonym.value, synonym.source])
  return [row?.value, row?.configSource, ...(chain ?? [])]
}

test('a node shows everything but what is for tests', () => {
  const rows = describeBroker(node(), ALL)
  assert.equal(rows.length, 340)
  assert.deepEqual(facts(rows, 'log.initial.task.delay.ms'), [undefined, undefined])
  assert.ok(rows.every((row) => row.documentation))
  const shown = describeBroker(node({ 'log.initial.task.delay.ms': '5' }), ALL)
  assert.deepEqual(facts(shown, 'log.initial.task.delay.ms'), [
    '5',
    4,
    ['log.initial.task.delay.ms', '5', 4],
    ['log.initial.task.delay.ms', '30000', 5],
  ])
})

test('all layers are in the chain, the one that wins first', () => {
  const broker = node({ 'log.segment.bytes': '4000000' })
  broker.update(of({ 'log.segment.bytes': '2000000' }), of({ 'log.segment.bytes': '3000000' }))
  assert.deepEqual(facts(describeBroker(broker, ALL), 'log.segment.bytes'), [
    '2000000',
    2,
    ['log.segment.bytes', '2000000', 2],
    ['log.segment.bytes', '3000000', 3],
    ['log.segment.bytes', '4000000', 4],
    ['log.segment.bytes', '1073741824', 5],
  ])
  assert.deepEqual(
    describeCluster(broker, ALL).map(({ name }) => name),
    ['log.segment.bytes'],
  )
  assert.deepEqual(facts(describeCluster(broker, ALL), 'log.segment.bytes'), [
    '3000000',
    3,
    ['log.segment.bytes', '3000000', 3],
  ])
})

test('other units are in the chain of the finest that is set', () => {
  const rows = describeBroker(node({ 'log.retention.ms': '7', 'log.retention.hours': '24' }), ALL)
  assert.deepEqual(facts(rows, 'log.retention.ms'), [
    '7',
    4,
    ['log.retention.ms', '7', 4],
    ['log.retention.hours', '24', 4],
    ['log.retention.hours', '168', 5],
  ])
  assert.deepEqual(facts(rows, 'log.retention.minutes'), [null, 5])
  assert.deepEqual(facts(rows, 'log.roll.ms'), [null, 5])
})

test('secrets and unknown settings have no value', () => {
  const rows = describeBroker(
    node({ 'ssl.keystore.password': 'secret', 'custom.setting': 'perhaps a secret' }),
    ALL,
  )
  for (const name of ['ssl.keystore.password', 'custom.setting']) {
    const row = rows.find((candidate) => candidate.name === name)
    assert.deepEqual([row?.value, row?.isSensitive], [null, true])
    assert.deepEqual(row?.synonyms, [{ name, value: null, source: 4 }])
  }
  assert.equal(rows.find(({ name }) => name === 'custom.setting')?.configType, 0)
})

test('only what is asked for, as much as is asked for', () => {
  const rows = describeBroker(node(), {
    includeSynonyms: false,
    includeDocumentation: false,
    names: ['node.id', 'no.such'],
  })
  assert.deepEqual(rows, [
    {
      name: 'node.id',
      value: '1',
      readOnly: true,
      configSource: 4,
      isSensitive: false,
      synonyms: [],
      configType: 3,
      documentation: null,
    },
  ])
})

test('a topic falls back to the broker', () => {
  const broker = node({ 'log.cleanup.policy': 'compact, delete' })
  const rows = describeTopic(broker, of({ 'retention.ms': '1000' }), ALL)
  assert.equal(rows.length, 33)
  assert.deepEqual(facts(rows, 'retention.ms'), ['1000', 1, ['retention.ms', '1000', 1]])
  assert.deepEqual(facts(rows, 'cleanup.policy'), [
    'compact,delete',
    4,
    ['log.cleanup.policy', 'compact, delete', 4],
    ['log.cleanup.policy', 'delete', 5],
  ])
  assert.deepEqual(facts(rows, 'segment.ms'), ['604800000', 5])
  assert.ok(rows.every(({ readOnly }) => !readOnly))
})

test('a group falls back to the broker, a subscription to its defaults', () => {
  const rows = describeGroup(node(), of({ 'consumer.session.timeout.ms': '46000' }), ALL)
  assert.deepEqual(facts(rows, 'consumer.session.timeout.ms'), [
    '46000',
    8,
    ['consumer.session.timeout.ms', '46000', 8],
    ['group.consumer.session.timeout.ms', '45000', 5],
  ])
  assert.deepEqual(facts(rows, 'share.auto.offset.reset'), [
    'latest',
    5,
    ['share.auto.offset.reset', 'latest', 5],
  ])
  assert.deepEqual(facts(describeClientMetrics(NONE, ALL), 'interval.ms'), ['300000', 5])
})
