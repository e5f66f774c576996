/** Mistyped names find what was meant. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { editDistance, nearestName } from './nearest-name.ts'

test('letters inserted, deleted, replaced and swapped', () => {
  assert.equal(editDistance('', 'abc'), 3)
  assert.equal(editDistance('abc', 'abc'), 0)
  assert.equal(editDistance('abcd', 'abd'), 1)
  assert.equal(editDistance('abcd', 'abxd'), 1)
  assert.equal(editDistance('abcd', 'acbd'), 1)
})

test('the distance is the same both ways, and at most the longer length', () => {
  fc.assert(
    fc.property(fc.string({ maxLength: 12 }), fc.string({ maxLength: 12 }), (a, b) => {
      assert.equal(editDistance(a, b), editDistance(b, a))
      assert.ok(editDistance(a, b) <= Math.max(a.length, b.length))
    }),
  )
})

test('of two that are as near, the one that was abbreviated', () => {
  const known = ['log.retention.ms', 'log.retention.hours', 'log.retention.bytes']
  assert.equal(nearestName('log.retention.hrs', known), 'log.retention.hours')
  assert.equal(nearestName('log.retention.hrs', known.toReversed()), 'log.retention.hours')
})

test('a name far from all is near none', () => {
  assert.equal(nearestName('log.dir', ['log.dirs', 'log.roll.ms']), 'log.dirs')
  assert.equal(nearestName('zookeeper.connect', ['log.dirs', 'node.id']), null)
})
