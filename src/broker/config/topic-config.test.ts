/** Configs of topics: defaults from the broker, rules, and the settings of logs. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { DEFAULT_LOG_CONFIG } from '../../log/log-config.ts'
import { configWith } from './config.test-support.ts'
import { checkTopicConfig, logConfigFor, topicDefaultText } from './topic-config.ts'

const NONE = new Map<string, string>()
const of = (values: Readonly<Record<string, string>>) => new Map(Object.entries(values))

test("the defaults of a topic's log are those of the log module", () => {
  assert.deepEqual(logConfigFor(NONE, configWith()), DEFAULT_LOG_CONFIG)
})

test('hours and minutes of the broker are milliseconds of a topic; the finest unit wins', () => {
  const retentionMs = (properties: Readonly<Record<string, string>>) =>
    logConfigFor(NONE, configWith(properties)).retentionMs
  assert.equal(retentionMs({ 'log.retention.hours': '2' }), 7_200_000)
  assert.equal(retentionMs({ 'log.retention.hours': '2', 'log.retention.minutes': '5' }), 300_000)
  assert.equal(retentionMs({ 'log.retention.minutes': '5', 'log.retention.ms': '7' }), 7)
  assert.equal(retentionMs({ 'log.retention.hours': '-3' }), -1)
  assert.equal(topicDefaultText('segment.ms', configWith({ 'log.roll.hours': '1' })), '3600000')
  assert.equal(topicDefaultText('flush.ms', configWith()), '9223372036854775807')
})

test('a topic overrides the broker, and tests override the size of segments', () => {
  const broker = configWith({ 'log.segment.bytes': '2000000', 'compression.type': 'lz4' })
  const config = logConfigFor(of({ 'cleanup.policy': 'compact, delete' }), broker)
  assert.equal(config.segmentBytes, 2_000_000)
  assert.equal(config.compressionType, 'lz4')
  assert.ok(config.cleanupPolicyCompact && config.cleanupPolicyDelete)
  assert.equal(logConfigFor(of({ 'internal.segment.bytes': '14' }), broker).segmentBytes, 14)
  const keepsAll = logConfigFor(of({ 'cleanup.policy': '' }), broker)
  assert.ok(!keepsAll.cleanupPolicyCompact && !keepsAll.cleanupPolicyDelete)
})

test('bad overrides are refused in the words of Kafka', () => {
  const check = (values: Readonly<Record<string, string>>, existing = NONE) =>
    checkTopicConfig(of(values), existing, configWith())
  assert.equal(check({ 'retention.ms': '-1', 'flush.messages': '1' }), null)
  assert.equal(check({ 'retention.millis': '5' }), 'Unknown topic config name: retention.millis')
  assert.equal(
    check({ 'retention.ms': '-2' }),
    'Invalid value -2 for configuration retention.ms: Value must be at least -1',
  )
  assert.equal(
    check({ 'segment.bytes': '100' }),
    'Invalid value 100 for configuration segment.bytes: Value must be at least 1048576',
  )
  assert.equal(
    check({ 'min.compaction.lag.ms': '5', 'max.compaction.lag.ms': '4' }),
    'conflict topic config setting min.compaction.lag.ms (5) > max.compaction.lag.ms (4)',
  )
  assert.match(check({ 'remote.storage.enable': 'true' }) ?? '', /^Tiered Storage functionality/)
  const tiered = of({ 'remote.storage.enable': 'true' })
  assert.match(check({}, tiered) ?? '', /^It is invalid to disable remote storage without/)
  assert.equal(check({ 'remote.log.delete.on.disable': 'true' }, tiered), null)
})
