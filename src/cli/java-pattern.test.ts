/** That patterns of topics mean what they mean to Kafka's tools. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { javaPattern } from './java-pattern.ts'

test('a pattern is for whole names', () => {
  assert.equal(javaPattern('orders').test('orders-2'), false)
  assert.equal(javaPattern('a|b').test('ab'), false)
  assert.equal(javaPattern('orders.*').test('orders-2'), true)
})

test('commas are bars; spaces and quotes around are nothing', () => {
  const pattern = javaPattern(` "orders, bills" `)
  assert.deepEqual(
    ['orders', 'bills', 'orders,'].map((name) => pattern.test(name)),
    [true, true, false],
  )
})

test('what only Java writes', () => {
  assert.equal(javaPattern('(?i)ORDERS').test('orders'), true)
  assert.equal(javaPattern('\\Qa.b\\E.').test('a.bc'), true)
  assert.equal(javaPattern('\\Qa.b\\E.').test('axbc'), false)
  assert.equal(javaPattern('\\Qa.b').test('a.b'), true)
})

test('what is no pattern', () => {
  assert.throws(() => javaPattern('a['), { name: 'CliError', message: 'a[ is an invalid regex.' })
})
