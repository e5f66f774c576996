/** Subscriptions and assignments as bytes: every version, and bytes that are nobody's. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import {
  decodeAssignment,
  decodeSubscription,
  encodeAssignment,
  encodeSubscription,
} from './consumer-protocol.ts'

const subscription = {
  topics: ['b', 'a'],
  userData: new Uint8Array([1, 2]),
  ownedPartitions: [
    { topic: 'b', partition: 1 },
    { topic: 'a', partition: 2 },
    { topic: 'b', partition: 0 },
  ],
  generationId: 7,
  rackId: 'r',
}

test('each version carries what it has', () => {
  const sorted = [
    { topic: 'a', partition: 2 },
    { topic: 'b', partition: 0 },
    { topic: 'b', partition: 1 },
  ]
  for (const version of [0, 1, 2, 3]) {
    const read = decodeSubscription(encodeSubscription(subscription, version), 'instance')
    assert.deepEqual(read, {
      topics: ['a', 'b'],
      userData: new Uint8Array([1, 2]),
      ownedPartitions: version >= 1 ? sorted : [],
      generationId: version >= 2 ? 7 : -1,
      rackId: version >= 3 ? 'r' : null,
      groupInstanceId: 'instance',
    })
  }
})

test('a version that is newer than ours is read as ours', () => {
  const bytes = encodeSubscription(subscription)
  const newer = new Uint8Array([0, 9, ...bytes.subarray(2), 42])
  assert.deepEqual(decodeSubscription(newer, null), decodeSubscription(bytes, null))
})

test('assignments keep their order of topics', () => {
  const partitions = [
    { topic: 'b', partition: 1 },
    { topic: 'a', partition: 2 },
    { topic: 'b', partition: 0 },
  ]
  const read = decodeAssignment(encodeAssignment(partitions))
  assert.deepEqual(read, [partitions[0], partitions[2], partitions[1]])
  assert.deepEqual(decodeAssignment(new Uint8Array()), [])
})

test('any bytes are read or refused, never thrown at', () => {
  const isListOrNull = (value: unknown) => value === null || Array.isArray(value)
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 40 }), fc.boolean(), (bytes, isVersioned) => {
      const given = isVersioned ? new Uint8Array([0, 3, ...bytes]) : bytes
      assert.ok(isListOrNull(decodeAssignment(given)))
      assert.ok(isListOrNull(decodeSubscription(given, null)?.topics ?? null))
    }),
  )
})
