/** Outcomes by key: none hides another. */
import assert from 'node:assert/strict'
import test from 'node:test'
import { inspect } from 'node:util'
import { KafkaError } from '../kafka-error.ts'
import type { TopicPartition } from '../topic.ts'
import { partitionText } from './partitions.ts'
import { Results } from './results.ts'

const gone = KafkaError.ofCode(3, null, { topic: 'b' })
const busy = KafkaError.ofCode(15)

test('an equal key finds its outcome', () => {
  const key: TopicPartition = { topic: 'a', partition: 1 }
  const results = new Results(partitionText, [{ key, ok: true, value: 7 }])
  assert.equal(results.get({ topic: 'a', partition: 1 }), 7)
  assert.equal(results.outcome({ topic: 'a', partition: 2 }), undefined)
  assert.throws(() => results.get({ topic: 'a', partition: 2 }), { code: 'INVALID_ARGUMENT' })
})

test('a failure hides no success, and the other way round', () => {
  const results = new Results<string, number>(String, [
    { key: 'a', ok: true, value: 1 },
    { key: 'b', ok: false, error: gone },
    { key: 'c', ok: false, error: busy },
  ])
  assert.equal(results.ok, false)
  assert.equal(results.size, 3)
  assert.deepEqual(results.keys(), ['a', 'b', 'c'])
  assert.deepEqual(results.successes(), [['a', 1]])
  assert.deepEqual(results.failures(), [
    ['b', gone],
    ['c', busy],
  ])
  assert.equal(results.get('a'), 1)
  assert.throws(
    () => results.get('b'),
    (error) => error === gone,
  )
})

test('one error for all: names each, keeps all, and is retriable if all are', () => {
  const entries = ['a', 'b', 'c', 'd', 'e', 'f', 'g'].map((key) => {
    return { key, ok: false, error: key === 'a' ? gone : busy } as const
  })
  const thrown = (results: Results<string, number>): KafkaError => {
    let error: unknown
    assert.throws(
      () => results.values(),
      (caught) => {
        error = caught
        return true
      },
    )
    assert.ok(error instanceof KafkaError)
    return error
  }
  const error = thrown(new Results(String, entries))
  assert.equal(error.code, 'UNKNOWN_TOPIC_OR_PARTITION')
  assert.match(error.message, /^7 of 7 failed: a: UNKNOWN_TOPIC_OR_PARTITION: .*; and 2 more$/)
  assert.ok(error.cause instanceof AggregateError)
  assert.equal(error.cause.errors.length, 7)
  assert.equal(error.retriable, true)
  const denied = { key: 'h', ok: false, error: KafkaError.ofCode(31) } as const
  assert.equal(thrown(new Results(String, [...entries, denied])).retriable, false)
})

test('the only one throws its own error; none that failed throws nothing', () => {
  const only = new Results<string, number>(String, [{ key: 'b', ok: false, error: gone }])
  assert.throws(
    () => only.orThrow(),
    (error) => error === gone,
  )
  const fine = new Results<string, number>(String, [{ key: 'a', ok: true, value: 1 }])
  assert.equal(fine.orThrow(), fine)
  assert.deepEqual(fine.values(), [1])
  assert.deepEqual(new Results<string, number>(String, []).values(), [])
})

test('it can be read when it is printed', () => {
  const entries = [
    { key: 'a', ok: true, value: 1 },
    { key: 'b', ok: false, error: gone },
  ] as const
  const results = new Results<string, number>(String, entries)
  const { code, message } = gone
  const json = [
    { key: 'a', ok: true, value: 1 },
    { key: 'b', ok: false, error: { code, message } },
  ]
  assert.deepEqual(JSON.parse(JSON.stringify(results)), json)
  assert.match(inspect(results), /'a' => 1,\s+'b' => KafkaError/)
})
