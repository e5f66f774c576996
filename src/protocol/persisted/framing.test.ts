/** Frames of coordinator and metadata records. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { BoundsError } from '../../base/bytes.ts'
import { ProtocolError } from '../codec.ts'
import {
  decodeMetadataRecord,
  decodeRecordKey,
  decodeRecordValue,
  encodeMetadataRecord,
  encodeRecordKey,
  encodeRecordValue,
  recordTypeOf,
} from './framing.ts'
import { groupMetadataKey, offsetCommitKey, offsetCommitValue } from './group-records.ts'
import { featureLevelRecord } from './metadata-records.ts'

function hex(bytes: Uint8Array): string {
  return Buffer.from(bytes).toString('hex')
}

function fromHex(text: string): Uint8Array {
  return new Uint8Array(Buffer.from(text, 'hex'))
}

test('the key of a coordinator record starts with its type', () => {
  const key = { group: 'g', topic: 't', partition: 3 }
  const bytes = encodeRecordKey(offsetCommitKey, key)
  assert.equal(hex(bytes), '0001' + '000167' + '000174' + '00000003')
  assert.equal(recordTypeOf(bytes), 1)
  assert.deepEqual(decodeRecordKey(offsetCommitKey, bytes), key)
  assert.throws(() => decodeRecordKey(groupMetadataKey, bytes), ProtocolError)
})

test('the value of a coordinator record starts with its version', () => {
  const value = { offset: 5, leaderEpoch: 2, metadata: '', commitTimestamp: 1000 }
  const bytes = encodeRecordValue(offsetCommitValue, 3, value)
  assert.equal(hex(bytes), '0003' + '0000000000000005' + '00000002' + '0000' + '00000000000003e8')
  const topicId = 'AAAAAAAAAAAAAAAAAAAAAA'
  const decoded = decodeRecordValue(offsetCommitValue, bytes)
  assert.deepEqual(decoded, { ...value, expireTimestamp: -1, topicId })
})

test('a value of a version to come, or cut off, is refused', () => {
  assert.throws(() => decodeRecordValue(offsetCommitValue, fromHex('0005')), ProtocolError)
  assert.throws(() => decodeRecordValue(offsetCommitValue, fromHex('ffff')), ProtocolError)
  assert.throws(() => decodeRecordValue(offsetCommitValue, fromHex('00030000')), BoundsError)
  assert.throws(() => decodeRecordValue(offsetCommitValue, fromHex('00')), BoundsError)
})

test('a metadata record starts with frame version, type and version', () => {
  const value = { name: 'metadata.version', featureLevel: 29 }
  const bytes = encodeMetadataRecord({ message: featureLevelRecord, version: 0, value })
  assert.equal(hex(bytes), `010c0011${hex(Buffer.from('metadata.version'))}001d00`)
  assert.deepEqual(decodeMetadataRecord(bytes), { message: featureLevelRecord, version: 0, value })
})

test('a metadata record of another frame, type, version or length is refused', () => {
  const good = '010c000241001d00'
  const { value } = decodeMetadataRecord(fromHex(good))
  assert.deepEqual(value, { name: 'A', featureLevel: 29 })
  for (const [bad, error] of [
    [`00${good.slice(2)}`, /frame version 0/],
    [`02${good.slice(2)}`, /frame version 2/],
    [`0163${good.slice(4)}`, /type 99/],
    [`01ffff03${good.slice(4)}`, /type 65535/],
    [`010c01${good.slice(6)}`, /no version 1/],
    [`${good}00`, /followed by 1 bytes/],
  ] as const) {
    assert.throws(() => decodeMetadataRecord(fromHex(bad)), {
      name: 'ProtocolError',
      message: error,
    })
  }
  assert.throws(() => decodeMetadataRecord(fromHex(good.slice(0, -4))), BoundsError)
  assert.throws(() => decodeMetadataRecord(new Uint8Array(0)), BoundsError)
})
