/** Topics, serdes, headers, and the types that a program sees: what must not compile as well. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import * as fc from 'fast-check'
import { utf8Bytes } from '../base/bytes.ts'
import { headerEntries, RecordHeaders } from './headers.ts'
import { KafkaError } from './kafka-error.ts'
import type { ConsumerRecord, ProducerRecord } from './record.ts'
import { deserializeWith, type Serde, serde, serializeWith } from './serde.ts'
import type { StandardSchema } from './standard-schema.ts'
import { topic, topicOf } from './topic.ts'

interface Order {
  readonly id: string
  readonly total: number
}

/** Accepts totals as text too and makes numbers of them, as coercing schemas do. */
const orderSchema: StandardSchema<{ id: string; total: number | string }, Order> = {
  '~standard': {
    version: 1,
    vendor: 'test',
    validate(value) {
      const { id, total } = value as { id?: unknown; total?: unknown }
      if (typeof id !== 'string') return { issues: [{ message: 'no text', path: ['id'] }] }
      if (Number.isNaN(Number(total))) {
        return { issues: [{ message: 'no number', path: [{ key: 'total' }] }] }
      }
      return { value: { id, total: Number(total) } }
    },
  },
}

const orders = topic('orders', { key: serde.string(), value: serde.json(orderSchema) })
const clicks = topic('clicks', { key: serde.int32(), value: serde.nullable(serde.uuid()) })

const VALUE = { topic: 't', part: 'value' } as const
const SOURCE = { headers: RecordHeaders.none, partition: 3, offset: 12 }

function roundTrip<In, Out>(given: Serde<In, Out>, value: In): Out {
  const written = serializeWith(given, value, VALUE)
  const bytes = typeof written === 'string' ? utf8Bytes(written) : written
  return deserializeWith(given, bytes, VALUE, SOURCE)
}

test('what does not fit a topic does not compile', () => {
  const accept = <T>(_value: T) => {}
  accept<ProducerRecord<typeof orders>>({ key: 'o1', value: { id: 'o1', total: '12' } })
  accept<ProducerRecord<typeof orders>>({ value: { id: 'o1', total: 12 } })
  // @ts-expect-error a key of the wrong type
  accept<ProducerRecord<typeof orders>>({ key: 1, value: { id: 'o1', total: 1 } })
  // @ts-expect-error a value that lacks a field
  accept<ProducerRecord<typeof orders>>({ key: '1', value: { id: 'o1' } })
  // @ts-expect-error no tombstones in this topic
  accept<ProducerRecord<typeof orders>>({ key: '1', value: null })
  accept<ProducerRecord<typeof clicks>>({ key: 1, value: null })
  accept<ProducerRecord<'plain'>>({ key: 'text', value: new Uint8Array(1), headers: { a: 'b' } })
  // @ts-expect-error a plain topic takes bytes and text
  accept<ProducerRecord<'plain'>>({ value: 1 })
})

test('records of several topics are told apart by their topic', () => {
  const read = (record: ConsumerRecord<typeof orders | typeof clicks | 'plain'>): unknown => {
    if (record.topic === 'orders') {
      const key: string | null = record.key
      const total: number = record.value.total
      return [key, total]
    }
    // @ts-expect-error not yet known to be one of two
    record.value?.startsWith('x')
    if (record.topic === 'plain') {
      const bytes: Uint8Array | null = record.value
      return bytes
    }
    const id: string | null = record.value
    return id
  }
  const record = { topic: 'orders', key: null, value: { id: 'a', total: 2 } }
  assert.deepEqual(read(record as ConsumerRecord<typeof orders>), [null, 2])
})

test('a serde reads what it wrote', () => {
  fc.assert(
    fc.property(fc.string({ unit: 'grapheme' }), (text) => {
      assert.equal(roundTrip(serde.string(), text), text)
    }),
  )
  fc.assert(fc.property(fc.maxSafeInteger(), (n) => assert.equal(roundTrip(serde.int64(), n), n)))
  fc.assert(fc.property(fc.double(), (n) => assert.equal(roundTrip(serde.float64(), n), n)))
  fc.assert(
    fc.property(fc.integer(), (n) => assert.equal(roundTrip(serde.int32(), n), n)),
    { examples: [[2 ** 31 - 1], [-(2 ** 31)]] },
  )
  fc.assert(fc.property(fc.uuid(), (id) => assert.equal(roundTrip(serde.uuid(), id), id)))
  assert.equal(roundTrip(serde.nullable(serde.uuid()), null), null)
  assert.deepEqual(roundTrip(serde.json<Order>(), { id: 'a', total: 1 }), { id: 'a', total: 1 })
})

test('numbers are written as Java writes them', () => {
  assert.deepEqual(serde.int32().serialize(-2, VALUE), Uint8Array.of(255, 255, 255, 254))
  assert.deepEqual(serde.int64().serialize(258, VALUE), Uint8Array.of(0, 0, 0, 0, 0, 0, 1, 2))
  assert.deepEqual(serde.float64().serialize(1, VALUE), Uint8Array.of(63, 240, 0, 0, 0, 0, 0, 0))
})

test('json with a schema writes what was given and reads what the schema makes of it', () => {
  assert.equal(
    serde.json(orderSchema).serialize({ id: 'a', total: '7' }, VALUE),
    '{"id":"a","total":"7"}',
  )
  assert.deepEqual(roundTrip(serde.json(orderSchema), { id: 'a', total: '7' }), {
    id: 'a',
    total: 7,
  })
})

test('what a serde refuses is said with its place', () => {
  const written = (given: Serde<never, unknown>, value: unknown) => () =>
    serializeWith(given, value as never, VALUE)
  const refusal = (code: string, message: RegExp) => (error: unknown) => {
    assert.ok(error instanceof KafkaError)
    assert.equal(error.code, code)
    assert.match(error.message, message)
    assert.ok(error.cause instanceof Error)
    return true
  }
  const unwritable = (message: RegExp) => refusal('SERIALIZATION_FAILED', message)
  assert.throws(written(serde.string(), 1), unwritable(/value of a record for t .*number where/))
  assert.throws(written(serde.json(orderSchema), { id: 1 }), unwritable(/: id: no text$/))
  assert.throws(written(serde.json(), undefined), unwritable(/undefined has no form in JSON/))
  assert.throws(written(serde.int32(), 2 ** 31), unwritable(/does not fit int32/))
  assert.throws(written(serde.int64(), 2 ** 53), unwritable(/not a safe integer/))
  assert.throws(written(serde.uuid(), 'x'), unwritable(/"x" is no uuid/))
  assert.throws(
    () => deserializeWith(serde.json(orderSchema), utf8Bytes('{"id":"a"}'), VALUE, SOURCE),
    refusal('DESERIALIZATION_FAILED', /value of t-3 at offset 12 can't be read: total: no number$/),
  )
  assert.throws(
    () => deserializeWith(serde.string(), null, VALUE, SOURCE),
    refusal('DESERIALIZATION_FAILED', /tombstone/),
  )
  assert.throws(
    () => deserializeWith(serde.int64(), new Uint8Array(7), VALUE, SOURCE),
    refusal('DESERIALIZATION_FAILED', /7 bytes where 8 are needed/),
  )
})

test('a schema that validates asynchronously is refused in words', () => {
  const slow: StandardSchema<string> = {
    '~standard': {
      version: 1,
      vendor: 'test',
      validate: () => Promise.reject(new Error('never seen')),
    },
  }
  assert.throws(
    () => serializeWith(serde.json(slow), 'x', VALUE),
    /schema of test validates asynchronously/,
  )
})

test('a name that no broker would take is refused', () => {
  for (const name of ['', '.', '..', 'a b', 'ä', 'x'.repeat(250)]) {
    assert.throws(() => topicOf(name), { code: 'INVALID_ARGUMENT' })
    assert.throws(() => topic(name, orders), { code: 'INVALID_ARGUMENT' })
  }
  assert.equal(topicOf('x'.repeat(249)).name.length, 249)
  assert.equal(topicOf(orders), orders)
})

test('headers keep their order and their repetitions', () => {
  const bytes = Uint8Array.of(1)
  const given = headerEntries({ a: 'x', none: undefined, b: [null, bytes], c: [] })
  assert.deepEqual(given, [
    ['a', utf8Bytes('x')],
    ['b', null],
    ['b', bytes],
  ])
  assert.deepEqual(headerEntries(new Map([['k', 'v']])), [['k', utf8Bytes('v')]])
  assert.deepEqual(headerEntries(given), given)
  const headers = new RecordHeaders(given)
  assert.equal(headers.size, 3)
  assert.equal(headers.get('b'), bytes)
  assert.deepEqual(headers.getAll('b'), [null, bytes])
  assert.equal(headers.text('a'), 'x')
  assert.equal(headers.text('nothing'), undefined)
  assert.equal(new RecordHeaders([['n', null]]).text('n'), null)
  assert.equal(headers.has('c'), false)
  assert.deepEqual([...headers], given)
  assert.throws(() => headerEntries({ a: 1 as never }), { code: 'SERIALIZATION_FAILED' })
})
