/** Values as text and back: Java's way of reading and writing them. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { INT64_MAX } from '../../base/int64.ts'
import { BROKER_KEYS } from './broker-keys.ts'
import type { ConfigKey, ConfigKeys, ConfigType } from './config-key.ts'
import { GROUP_KEYS } from './keys/group.ts'
import { TOPIC_KEYS } from './keys/topic.ts'
import { defaultText, parseType, parseValue, valueText } from './value-text.ts'

const parsed = (type: ConfigType, raw: string) => {
  const { value, text, error } = parseType('a.key', type, raw)
  return error ?? [value, text]
}

test('numbers are read as Java reads them', () => {
  assert.deepEqual(parsed('INT', ' +12 '), [12, '12'])
  assert.deepEqual(parsed('INT', '-0012'), [-12, '-12'])
  assert.deepEqual(parsed('LONG', '9223372036854775807'), [INT64_MAX, '9223372036854775807'])
  assert.deepEqual(parsed('LONG', '9007199254740993')[1], '9007199254740993')
  for (const raw of ['', 'x', '1.0', '0x10', '1_000', '2147483648', '--1']) {
    assert.equal(
      parsed('INT', raw),
      `Invalid value ${raw} for configuration a.key: Not a number of type INT`,
    )
  }
  assert.equal(
    parsed('SHORT', '32768'),
    'Invalid value 32768 for configuration a.key: Not a number of type SHORT',
  )
})

test('doubles are written as Java writes them', () => {
  const cases = {
    '0.5': '0.5',
    '1': '1.0',
    '1e7': '1.0E7',
    '9999999': '9999999.0',
    '1.7976931348623157E308': '1.7976931348623157E308',
    '0.0001': '1.0E-4',
    '.25d': '0.25',
    '-0': '-0.0',
    NaN: 'NaN',
    '-Infinity': '-Infinity',
  }
  for (const [raw, text] of Object.entries(cases)) assert.equal(parsed('DOUBLE', raw)[1], text)
})

test('booleans take any case, lists lose the spaces around commas', () => {
  assert.deepEqual(parsed('BOOLEAN', ' TRUE '), [true, 'true'])
  assert.equal(
    parsed('BOOLEAN', 'yes'),
    'Invalid value yes for configuration a.key: Expected value to be either true or false',
  )
  assert.deepEqual(parsed('LIST', ' a , b,c '), [['a', 'b', 'c'], 'a,b,c'])
  assert.deepEqual(parsed('LIST', ' '), [[], ''])
  assert.deepEqual(parsed('LIST', 'a,'), [['a', ''], 'a,'])
})

test('reading a written number gives it back', () => {
  fc.assert(
    fc.property(fc.maxSafeInteger(), (value) => {
      const text = valueText(value, 'LONG') as string
      assert.deepEqual(parsed('LONG', text), [value, text])
    }),
  )
  fc.assert(
    fc.property(fc.double({ noNaN: true }), (value) => {
      const text = valueText(value, 'DOUBLE') as string
      assert.deepEqual(parsed('DOUBLE', text), [value, text])
    }),
  )
})

test('every default keeps its own rule, and has documentation', () => {
  const tables: readonly ConfigKeys[] = [BROKER_KEYS, TOPIC_KEYS, GROUP_KEYS]
  for (const [name, key] of tables.flatMap((table) => Object.entries(table))) {
    assert.match(key.documentation, /^[A-Z0-9].*[.]$/s, name)
    const text = defaultText(key)
    if (text === null) continue
    const { value, error } = parseValue(name, key, text)
    assert.equal(error, null, name)
    if (key.defaultValue !== INT64_MAX) assert.deepEqual(value, key.defaultValue, name)
  }
})

test('rules answer in the words of Kafka', () => {
  const problem = (name: keyof typeof BROKER_KEYS, raw: string) =>
    parseValue(name, BROKER_KEYS[name] as ConfigKey, raw).error
  assert.equal(
    problem('num.partitions', '0'),
    'Invalid value 0 for configuration num.partitions: Value must be at least 1',
  )
  assert.equal(
    problem('log.cleaner.min.cleanable.ratio', '2'),
    'Invalid value 2.0 for configuration log.cleaner.min.cleanable.ratio: ' +
      'Value must be no more than 1',
  )
  assert.equal(
    problem('compression.gzip.level', '0'),
    'Invalid value 0 for configuration compression.gzip.level: ' +
      'Value must be between 1 and 9 or equal to -1',
  )
  assert.equal(
    problem('log.cleanup.policy', 'delete,keep'),
    'Invalid value keep for configuration log.cleanup.policy: ' +
      'String must be one of: compact, delete',
  )
  assert.equal(problem('log.dirs', 'a,,b'), "Configuration 'log.dirs' values must not be empty.")
  assert.equal(
    problem('process.roles', ''),
    "Configuration 'process.roles' must not be empty. Valid values include: [broker, controller]",
  )
  assert.equal(
    problem('group.consumer.migration.policy', 'sideways'),
    'Invalid value sideways for configuration group.consumer.migration.policy: String must be ' +
      'one of (case insensitive): DISABLED, DOWNGRADE, UPGRADE, BIDIRECTIONAL',
  )
  assert.equal(problem('controller.quorum.voters', '1@localhost:9093,2@[::1]:9094'), null)
  assert.equal(
    problem('controller.quorum.voters', 'one@localhost:9093'),
    'Failed to parse voter ID as an integer from one',
  )
})

test('a list names each thing once', () => {
  const { value, text } = parseValue(
    'log.cleanup.policy',
    BROKER_KEYS['log.cleanup.policy'],
    'delete, compact, delete',
  )
  assert.deepEqual([value, text], [['delete', 'compact'], 'delete,compact'])
})

test('a share group begins at an end of the log or at a duration back', () => {
  const key = GROUP_KEYS['share.auto.offset.reset'] as ConfigKey
  const isFine = (raw: string) => parseValue('share.auto.offset.reset', key, raw).error === null
  for (const raw of ['latest', 'earliest', 'by_duration:P1DT2H', 'by_duration:PT0.5s']) {
    assert.ok(isFine(raw), raw)
  }
  for (const raw of ['none', 'by_duration', 'by_duration:P', 'by_duration:-PT1H', 'LATEST']) {
    assert.ok(!isFine(raw), raw)
  }
})

test('throttled replicas are pairs or a star', () => {
  const name = 'leader.replication.throttled.replicas'
  const problem = (raw: string) => parseValue(name, TOPIC_KEYS[name] as ConfigKey, raw).error
  assert.equal(problem('0:1,1:2'), null)
  assert.equal(problem('*'), null)
  assert.match(problem('0:1,x') ?? '', /^Invalid value \[0:1, x\] for configuration leader\./)
})
