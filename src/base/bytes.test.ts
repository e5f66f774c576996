/** Bytes read and written: round trips, bounds, and what is attached without a copy. */
import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import fc from 'fast-check'
import {
  BoundsError,
  ByteReader,
  ByteWriter,
  concatBytes,
  utf8Bytes,
  utf8Length,
  utf8Text,
} from './bytes.ts'
import { INT64_MAX, INT64_MIN } from './int64.ts'

type Step = readonly [kind: Kind, value: number | string]
type Kind = keyof typeof kinds

const uuidText = fc
  .uint8Array({ minLength: 16, maxLength: 16 })
  .map((bytes) => Buffer.from(bytes).toString('base64url'))

const int64 = fc.oneof(fc.maxSafeInteger(), fc.constantFrom(INT64_MAX, INT64_MIN, 0, -1))

/** Every kind of value: how to make, write and read it. */
const kinds = {
  int8: fc.integer({ min: -128, max: 127 }),
  uint8: fc.integer({ min: 0, max: 255 }),
  int16: fc.integer({ min: -32768, max: 32767 }),
  uint16: fc.integer({ min: 0, max: 65535 }),
  int32: fc.integer(),
  uint32: fc.integer({ min: 0, max: 0xffffffff }),
  int64,
  float64: fc.double(),
  uvarint: fc.integer({ min: 0, max: 0xffffffff }),
  varint: fc.integer(),
  varlong: int64,
  uuid: uuidText,
}

const step: fc.Arbitrary<Step> = fc.oneof(
  ...Object.entries(kinds).map(([kind, values]) =>
    (values as fc.Arbitrary<number | string>).map((value): Step => [kind as Kind, value]),
  ),
)

function write(writer: ByteWriter, [kind, value]: Step): void {
  ;(writer[kind] as (value: number | string) => void).call(writer, value)
}

describe('ByteWriter and ByteReader', () => {
  it('read back what was written, at any growth', () => {
    fc.assert(
      fc.property(fc.array(step), fc.integer({ min: 0, max: 64 }), (steps, capacity) => {
        const writer = new ByteWriter(capacity)
        for (const one of steps) write(writer, one)
        const bytes = writer.toBytes()
        assert.equal(bytes.length, writer.length)
        const reader = new ByteReader(bytes)
        for (const [kind, value] of steps) assert.equal(reader[kind](), value)
        assert.equal(reader.remaining(), 0)
      }),
    )
  })

  it('write big-endian', () => {
    const writer = new ByteWriter()
    writer.int16(-2)
    writer.int32(0x01020304)
    writer.int64(2 ** 40 + 5)
    writer.int64(INT64_MAX)
    writer.int64(INT64_MIN)
    writer.float64(-2)
    assert.equal(
      Buffer.from(writer.toBytes()).toString('hex'),
      'fffe0102030400000100000000057fffffffffffffff8000000000000000c000000000000000',
    )
  })

  it('refuse numbers that do not fit', () => {
    const writer = new ByteWriter()
    const bad: [Kind, number[]][] = [
      ['int8', [128, -129, 0.5]],
      ['uint8', [256, -1]],
      ['int16', [32768, -32769, Number.NaN]],
      ['uint16', [65536, -1]],
      ['int32', [2 ** 31, -(2 ** 31) - 1, 1.5]],
      ['uint32', [2 ** 32, -1]],
      ['int64', [2 ** 53, -(2 ** 53), 2 ** 62, 0.5, Infinity, Number.NaN]],
      ['varlong', [2 ** 53, 0.5]],
    ]
    for (const [kind, values] of bad) {
      for (const value of values) assert.throws(() => write(writer, [kind, value]), BoundsError)
    }
    assert.throws(() => writer.uuid('short'), BoundsError)
  })

  it('refuse int64s that a number does not carry', () => {
    for (const hex of ['0020000000000000', '7ffffffffffffffe', '8000000000000001']) {
      const reader = new ByteReader(Buffer.from(hex, 'hex'))
      assert.throws(() => reader.int64(), /beyond 2\^53/)
    }
  })

  it('never read beyond the end, nor before the start', () => {
    const widths: [Kind, number][] = [
      ['int8', 1],
      ['uint8', 1],
      ['int16', 2],
      ['uint16', 2],
      ['int32', 4],
      ['uint32', 4],
      ['int64', 8],
      ['float64', 8],
      ['uuid', 16],
    ]
    const bytes = new Uint8Array(40)
    for (const [kind, width] of widths) {
      const reader = new ByteReader(bytes, 10, 10 + width - 1)
      assert.throws(() => reader[kind](), { name: 'BoundsError', message: /^buffer underflow/ })
      assert.equal(reader.position, 10, 'a failed read takes nothing')
    }
    const reader = new ByteReader(bytes, 10, 20)
    assert.throws(() => reader.view(11), BoundsError)
    assert.throws(() => reader.utf8(11), BoundsError)
    assert.throws(() => reader.skip(-1), BoundsError)
    assert.throws(() => reader.utf8(-1), BoundsError)
    assert.throws(() => new ByteReader(bytes, 0, 41))
    const endless = new ByteReader(new Uint8Array(20).fill(0x80))
    assert.throws(() => endless.uvarint(), BoundsError)
    assert.throws(() => endless.varlong(), BoundsError)
  })

  it('give views that share the memory and are plain Uint8Arrays', () => {
    const bytes = Buffer.from([1, 2, 3, 4, 5]).subarray(1)
    const reader = new ByteReader(bytes, 1)
    const view = reader.view(2)
    assert.deepEqual(view, Uint8Array.of(3, 4))
    bytes[1] = 9
    assert.equal(view[0], 9)
    assert.equal(view.slice().buffer === bytes.buffer, false)
  })
})

describe('text', () => {
  it('survives, whatever its length and characters', () => {
    const text = fc.oneof(
      fc.string({ unit: 'grapheme-ascii', maxLength: 60 }),
      fc.string({ unit: 'grapheme', maxLength: 60 }),
    )
    fc.assert(
      fc.property(text, fc.boolean(), (value, isLengthKnown) => {
        const bytes = utf8Bytes(value)
        assert.equal(utf8Length(value), bytes.length)
        assert.equal(utf8Text(bytes), value)
        const writer = new ByteWriter(0)
        writer.int8(1)
        writer.utf8Raw(value, isLengthKnown ? bytes.length : undefined)
        writer.int8(2)
        assert.deepEqual(writer.toBytes(), concatBytes([Uint8Array.of(1), bytes, Uint8Array.of(2)]))
        const reader = new ByteReader(writer.toBytes(), 1)
        assert.equal(reader.utf8(bytes.length), value)
        assert.equal(reader.int8(), 2)
      }),
    )
  })

  it('replaces what is not UTF-8, and keeps a byte order mark', () => {
    assert.equal(new ByteReader(Uint8Array.of(0x61, 0xff)).utf8(2), 'a\ufffd')
    assert.equal(new ByteReader(Uint8Array.of(0xef, 0xbb, 0xbf, 0x61)).utf8(4), '\ufeffa')
  })
})

describe('ByteWriter pieces', () => {
  it('carry attached bytes by reference, between what was written around them', () => {
    const writer = new ByteWriter(4)
    const first = Uint8Array.of(1, 2, 3)
    const second = Uint8Array.of(4)
    writer.attach(new Uint8Array(0))
    writer.attach(first)
    writer.int16(7)
    writer.attach(second)
    writer.int64(8)
    const pieces = writer.pieces()
    assert.equal(pieces[0], first)
    assert.equal(pieces[2], second)
    assert.deepEqual(
      pieces.map((piece) => piece.length),
      [3, 2, 1, 8],
    )
    assert.equal(writer.length, 14)
    assert.deepEqual(concatBytes(pieces), writer.toBytes())
  })

  it('leave room for a size that is known later', () => {
    const writer = new ByteWriter(8)
    writer.int8(9)
    const at = writer.reserveInt32()
    writer.raw(new Uint8Array(100))
    writer.patchInt32(at, writer.length)
    assert.equal(new ByteReader(writer.toBytes(), 1).int32(), 105)
    assert.throws(() => writer.patchInt32(102, 0), /patch outside/)
  })

  it('are never written again after a reset', () => {
    fc.assert(
      fc.property(fc.array(fc.uint8Array({ maxLength: 40 }), { maxLength: 20 }), (messages) => {
        const writer = new ByteWriter(64)
        const sent = messages.map((message, i) => {
          writer.reset()
          writer.int32(i)
          if (i % 3 === 0) writer.attach(message)
          else writer.raw(message)
          return i % 2 === 0 ? writer.pieces() : [writer.toBytes()]
        })
        sent.forEach((pieces, i) => {
          const reader = new ByteReader(concatBytes(pieces))
          assert.equal(reader.int32(), i)
          assert.deepEqual(reader.view(reader.remaining()), new Uint8Array(messages[i]!))
        })
      }),
    )
  })

  it('start over when reset', () => {
    const writer = new ByteWriter(4)
    writer.int32(1)
    writer.attach(Uint8Array.of(1))
    writer.reset()
    assert.equal(writer.length, 0)
    assert.deepEqual(writer.pieces(), [])
    writer.int8(5)
    assert.deepEqual(writer.toBytes(), Uint8Array.of(5))
  })
})
