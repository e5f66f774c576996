/** The table of APIs: every message once, in the versions that Kafka 4.3 has. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { apiOf, apis } from './apis.ts'

test('every API has a request and a response that belong together', () => {
  for (const { key, name, request, response } of apis) {
    assert.equal(request.name, `${name}Request`)
    assert.equal(response.name, `${name}Response`)
    assert.equal(response.apiKey, key)
    assert.equal(response.versions, request.versions, name)
    assert.equal(response.flexible, request.flexible, name)
  }
})

test('APIs are listed by key, 0 to 92 without those that Kafka 4.0 removed', () => {
  const removed = [4, 5, 6, 7]
  const keys = Array.from({ length: 93 }, (_, key) => key).filter((key) => !removed.includes(key))
  assert.deepEqual(
    apis.map(({ key }) => key),
    keys,
  )
  for (const key of keys) assert.equal(apiOf(key)?.key, key)
  assert.equal(apiOf(4), undefined)
  assert.equal(apiOf(-1), undefined)
})
