/**
 * Batches that Apache Kafka 4.3.1 wrote to `__consumer_offsets`, one a line: we read them, and
 * would have written the very same bytes.
 */
import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'node:test'
import { ByteWriter, utf8Text } from '../../base/bytes.ts'
import { ZERO_UUID } from '../../base/uuid.ts'
import { RecordCursor } from '../../records/record-scan.ts'
import { describeRecord } from './print.test.ts'
import { type GroupRecord, groupRecordCodec } from './records.ts'

const batches = readFileSync(join(import.meta.dirname, 'testdata/kafka-4.3.1.hex'), 'latin1')
  .trimEnd()
  .split('\n')
  .map((line) => Buffer.from(line, 'hex'))

test("Kafka's own records are read, and written the same", () => {
  const seen = new Set<string>()
  for (const bytes of batches) {
    const cursor = new RecordCursor(bytes)
    while (cursor.next()) {
      const key = cursor.key()!
      const value = cursor.value()
      const record = groupRecordCodec.decode(key, value)
      assert(record !== null)
      assert.deepEqual([...groupRecordCodec.encodeKey(record)], [...key])
      const encoded = groupRecordCodec.encodeValue(record)
      if (value === null) assert.equal(encoded, null)
      else assert.deepEqual([...encoded!], [...value], describeRecord(record))
      seen.add(`${record.type} ${value === null ? 'tombstone' : `version ${value[1]}`}`)
    }
  }
  assert.deepEqual([...seen].sort(), [
    'classic-group tombstone',
    'classic-group version 3',
    'offset tombstone',
    'offset version 1',
    'offset version 4',
  ])
})

test('an offset in the oldest form', () => {
  const key = new ByteWriter()
  key.int16(0)
  for (const text of ['group', 'topic']) {
    key.int16(5)
    key.utf8Raw(text)
  }
  key.int32(3)
  const value = new ByteWriter()
  value.int16(0)
  value.int64(42)
  value.int16(1)
  value.utf8Raw('m')
  value.int64(1_000)
  const record: GroupRecord = {
    type: 'offset',
    groupId: 'group',
    topic: 'topic',
    partition: 3,
    value: {
      offset: 42,
      leaderEpoch: -1,
      metadata: 'm',
      commitTimestamp: 1_000,
      expireTimestamp: -1,
      topicId: ZERO_UUID,
    },
  }
  assert.deepEqual(groupRecordCodec.decode(key.toBytes(), value.toBytes()), record)
  assert.deepEqual(groupRecordCodec.decode(key.toBytes(), null), { ...record, value: null })
})

test('records of other types are passed over, malformed ones are not', () => {
  const consumerGroup = new Uint8Array([0, 3, 0, 1, 97])
  assert.equal(groupRecordCodec.decode(consumerGroup, new Uint8Array([0, 0])), null)
  const cut = batches[0]!
  const cursor = new RecordCursor(cut)
  cursor.next()
  assert.throws(() => groupRecordCodec.decode(cursor.key()!.subarray(0, 4), null))
  assert.throws(() => groupRecordCodec.decode(cursor.key()!, new Uint8Array([0, 99, 0])))
  assert.match(utf8Text(cursor.key()!.subarray(4)), /^[a-z-]+-\d+-/)
})
