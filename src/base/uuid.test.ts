/** Uuids as Kafka writes them: 22 characters of URL-safe base64. */
import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import fc from 'fast-check'
import { BoundsError } from './bounds-error.ts'
import {
  isValidUuid,
  METADATA_TOPIC_ID,
  parseUuid,
  uuidFromBytes,
  uuidFromRandomBytes,
  uuidToBytes,
  ZERO_UUID,
} from './uuid.ts'

describe('uuid', () => {
  it('is the URL-safe base64 of its bytes', () => {
    const sixteen = fc.uint8Array({ minLength: 16, maxLength: 16 })
    fc.assert(
      fc.property(sixteen, (bytes) => {
        const text = uuidFromBytes(bytes)
        assert.equal(text, Buffer.from(bytes).toString('base64url'))
        assert.deepEqual(uuidToBytes(text), new Uint8Array(bytes))
        assert.ok(isValidUuid(text))
        assert.equal(parseUuid(text), text)
        assert.equal(parseUuid(`${text}==`), text)
      }),
    )
  })

  it('prints as in Kafka', () => {
    const counting = Uint8Array.from({ length: 18 }, (_, i) => i)
    assert.equal(uuidFromBytes(counting, 1), 'AQIDBAUGBwgJCgsMDQ4PEA')
    assert.equal(uuidFromBytes(new Uint8Array(16).fill(255)), '_____________________w')
    assert.deepEqual(uuidToBytes(ZERO_UUID), new Uint8Array(16))
    assert.equal(uuidToBytes(METADATA_TOPIC_ID)[15], 1)
    assert.throws(() => uuidFromBytes(counting, 3), BoundsError)
  })

  it('has one text only', () => {
    for (const text of [
      'AAAAAAAAAAAAAAAAAAAAAB', // unused bits set
      'AAAAAAAAAAAAAAAAAAAAA',
      'AAAAAAAAAAAAAAAAAAAAAAA',
      'AAAAAAAAAAAAAAAAAAAA+A',
      'AAAAAAAAAAAAAAAAAAAAéA',
      'AAAAAAAAAAAAAAAAAAAAA\u0141',
      '',
    ]) {
      assert.equal(isValidUuid(text), false, text)
      assert.throws(() => uuidToBytes(text), BoundsError)
    }
  })

  it('is read as leniently as by Kafka', () => {
    assert.equal(parseUuid('AAAAAAAAAAAAAAAAAAAAAB'), ZERO_UUID)
    assert.equal(parseUuid('AAAAAAAAAAAAAAAAAAAAAQ=='), METADATA_TOPIC_ID)
    for (const text of [
      'AAAAAAAAAAAAAAAAAAAAAQ=',
      'AAAAAAAAAAAAAAAAAAAA',
      'A+AAAAAAAAAAAAAAAAAAAA',
    ]) {
      assert.equal(parseUuid(text), null, text)
    }
  })

  it('made at random is a version 4 uuid that does not look like an option', () => {
    const uuid = uuidFromRandomBytes(new Uint8Array(16).fill(255))
    const bytes = uuidToBytes(uuid!)
    assert.equal(bytes[6]! >> 4, 4)
    assert.equal(bytes[8]! >> 6, 2)
    const dash = new Uint8Array(16).fill(0xfb)
    assert.equal(uuidFromRandomBytes(dash), null)
  })
})
