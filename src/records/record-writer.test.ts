/**
 * Records written in place: the same bytes whether content comes as text or as bytes, at any room.
 */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import * as fc from 'fast-check'
import { utf8Bytes } from '../base/bytes.ts'
import type { RecordHeader } from './record-scan.ts'
import { type Content, maxRecordBytes, RecordWriter } from './record-writer.ts'

const text = fc.oneof(
  fc.string({ maxLength: 200 }),
  fc.string({ unit: 'grapheme', maxLength: 60 }),
  fc.string({ unit: fc.constantFrom('é', 'a', '€', '\ud800', '😀'), maxLength: 30 }),
)
const content = fc.option(fc.oneof(text, fc.uint8Array({ maxLength: 300 })))
const headers = fc.array(
  fc.tuple(text, fc.option(fc.uint8Array({ maxLength: 40 }))) as fc.Arbitrary<RecordHeader>,
  { maxLength: 3 },
)
const delta = fc.oneof(fc.integer(), fc.integer({ min: -100, max: 100 }), fc.maxSafeInteger())

function bytesOf(given: Content): Uint8Array | null {
  return typeof given === 'string' ? utf8Bytes(given) : given
}

function written(writer: RecordWriter, from: number): string {
  return writer.memory.subarray(from, writer.position).toString('hex')
}

test('text gives the bytes that its UTF-8 gives, and fits exactly where they fit', () => {
  fc.assert(
    fc.property(delta, fc.nat(), content, content, headers, (time, offset, key, value, list) => {
      const roomy = new RecordWriter(Buffer.alloc(maxRecordBytes(key, value, list)), 0)
      assert.ok(roomy.append(time, offset, bytesOf(key), bytesOf(value), list))
      const size = roomy.position
      const expected = written(roomy, 0)

      const wide = new RecordWriter(Buffer.alloc(maxRecordBytes(key, value, list)), 0)
      assert.ok(wide.append(time, offset, key, value, list))
      assert.equal(written(wide, 0), expected)

      for (let room = size; room < size + 40; room += 7) {
        const tight = new RecordWriter(Buffer.alloc(9 + room), 9)
        assert.ok(tight.append(time, offset, key, value, list), `no room in ${room} for ${size}`)
        assert.equal(written(tight, 9), expected)
      }
      for (const room of [0, size >> 1, size - 1]) {
        const small = new RecordWriter(Buffer.alloc(9 + room), 9)
        assert.equal(small.append(time, offset, key, value, list), false)
        assert.equal(small.position, 9)
      }
    }),
  )
})

test('memory can be exchanged for larger, and a body carried over', () => {
  const small = Buffer.alloc(24)
  const writer = new RecordWriter(small, 4)
  assert.ok(writer.append(0, 0, 'key', 'value', []))
  const end = writer.position
  assert.equal(writer.append(1, 1, null, 'x'.repeat(30), []), false)
  assert.equal(writer.moveTo(Buffer.alloc(100)), small)
  assert.ok(writer.append(1, 1, null, 'x'.repeat(30), []))
  assert.equal(written(writer, 4).slice(0, 2 * (end - 4)), small.subarray(4, end).toString('hex'))

  const copy = new RecordWriter(Buffer.alloc(end), 4)
  const bodyAt = 4 + 4 // length, attributes, two deltas of one byte
  assert.ok(copy.appendBody(0, 0, small, bodyAt, end))
  assert.equal(written(copy, 4), small.subarray(4, end).toString('hex'))
  assert.equal(copy.appendBody(0, 1, small, bodyAt, end), false)
})
