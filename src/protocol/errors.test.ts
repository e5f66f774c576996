/** Error codes by name and number. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { ErrorCode, errorMessage, errorName, isRetriable, isStaleMetadata } from './errors.ts'

test('codes are -1 to 133 without a gap, each with a name and a text', () => {
  const codes: number[] = Object.values(ErrorCode)
  assert.deepEqual(
    codes,
    Array.from({ length: 135 }, (_, i) => i - 1),
  )
  for (const [name, code] of Object.entries(ErrorCode)) {
    assert.equal(errorName(code), name)
    assert.ok(errorMessage(code).length > 0)
  }
})

test('a code of a newer Kafka counts as UNKNOWN_SERVER_ERROR', () => {
  assert.equal(errorName(9999), 'UNKNOWN_SERVER_ERROR')
  assert.equal(errorMessage(9999), errorMessage(ErrorCode.UNKNOWN_SERVER_ERROR))
  assert.equal(isRetriable(9999), false)
})

test('an error that says that metadata are stale can be retried', () => {
  assert.equal(isRetriable(ErrorCode.NOT_LEADER_OR_FOLLOWER), true)
  assert.equal(isRetriable(ErrorCode.INVALID_TOPIC_EXCEPTION), false)
  for (const code of Object.values(ErrorCode)) {
    if (isStaleMetadata(code)) assert.ok(isRetriable(code), errorName(code))
  }
})
