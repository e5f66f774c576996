/** That maps come in the order that Java was seen to print them in. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { hashMapOrder, scalaSetOrder } from './java-order.ts'

test('a sized map', () => {
  const sorted = ['orders', 'orders-default', 'orders-placed', 'orders.config']
  const printed = ['orders', 'orders.config', 'orders-default', 'orders-placed']
  assert.deepEqual(hashMapOrder(sorted, 4), printed)
})

test('a map that grew', () => {
  // What a JVM printed for a HashMap of the texts 0 to 39.
  const printed = '22-31 10 32 11 33 12 34 13 35 14 36 15 37 16 38 17 39 18 19 0-9 20 21'
  const keys = Array.from({ length: 40 }, (_, at) => String(at))
  const expected = printed.split(' ').flatMap((part) => {
    const [from, to = from] = part.split('-').map(Number) as [number, number?]
    return Array.from({ length: to - from + 1 }, (_, at) => String(from + at))
  })
  assert.deepEqual(hashMapOrder(keys, null), expected)
})

test('a set of Scala', () => {
  assert.deepEqual(scalaSetOrder(['d', 'c', 'd', 'a']), ['d', 'c', 'a'])
  // What Scala printed for a set of these.
  assert.deepEqual(scalaSetOrder([...'badcfe']), [...'efabcd'])
})
