/** Varints: sizes, round trips, and bytes that are none. */
import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import fc from 'fast-check'
import { BoundsError } from './bounds-error.ts'
import { INT64_MAX, INT64_MIN } from './int64.ts'
import {
  putUvarint,
  putVarint,
  putVarlong,
  sizeOfUvarint,
  sizeOfVarint,
  sizeOfVarlong,
  uvarintAt,
  varintAt,
  varintEnd,
  varlongAt,
  varlongEnd,
} from './varint.ts'

/** int32 values with their unsigned and their zigzag encoding, as Kafka 4.3 writes them. */
const INT32: [value: number, unsigned: string, zigzag: string][] = [
  [0, '00', '00'],
  [1, '01', '02'],
  [63, '3f', '7e'],
  [64, '40', '8001'],
  [127, '7f', 'fe01'],
  [128, '8001', '8002'],
  [8191, 'ff3f', 'fe7f'],
  [8192, '8040', '808001'],
  [16383, 'ff7f', 'feff01'],
  [16384, '808001', '808002'],
  [1048575, 'ffff3f', 'feff7f'],
  [1048576, '808040', '80808001'],
  [2097151, 'ffff7f', 'feffff01'],
  [2097152, '80808001', '80808002'],
  [134217727, 'ffffff3f', 'feffff7f'],
  [134217728, '80808040', '8080808001'],
  [268435455, 'ffffff7f', 'feffffff01'],
  [268435456, '8080808001', '8080808002'],
  [2147483647, 'ffffffff07', 'feffffff0f'],
  [-1, 'ffffffff0f', '01'],
  [-64, 'c0ffffff0f', '7f'],
  [-65, 'bfffffff0f', '8101'],
  [-8192, '80c0ffff0f', 'ff7f'],
  [-8193, 'ffbfffff0f', '818001'],
  [-1048577, 'ffffbfff0f', '81808001'],
  [-2147483648, '8080808008', 'ffffffff0f'],
]

/** int64 values with their zigzag encoding, as Kafka 4.3 writes them. */
const INT64: [value: number, zigzag: string][] = [
  [0, '00'],
  [-1, '01'],
  [1, '02'],
  [2147483648, '8080808010'],
  [-2147483649, '8180808010'],
  [17179869183, 'feffffff7f'],
  [17179869184, '808080808001'],
  [-17179869184, 'ffffffff7f'],
  [-17179869185, '818080808001'],
  [2199023255551, 'feffffffff7f'],
  [2199023255552, '80808080808001'],
  [281474976710655, 'feffffffffff7f'],
  [281474976710656, '8080808080808001'],
  [1753000000000, '80e889ef8466'],
  [9007199254740991, 'feffffffffffff1f'],
  [-9007199254740991, 'fdffffffffffff1f'],
  [INT64_MAX, 'feffffffffffffffff01'],
  [INT64_MIN, 'ffffffffffffffffff01'],
]

type Put = (bytes: Uint8Array, at: number, value: number) => number

function hexOf(put: Put, value: number): string {
  const bytes = new Uint8Array(12).fill(0xee)
  const end = put(bytes, 1, value)
  assert.equal(bytes[end], 0xee)
  return Buffer.from(bytes.subarray(1, end)).toString('hex')
}

const bytesOf = (hex: string): Uint8Array => new Uint8Array(Buffer.from(`ff${hex}ff`, 'hex'))

describe('varint', () => {
  it('encodes 32-bit integers as Kafka does', () => {
    for (const [value, unsigned, zigzag] of INT32) {
      assert.equal(hexOf(putUvarint, value), unsigned)
      assert.equal(hexOf(putVarint, value), zigzag)
      assert.equal(uvarintAt(bytesOf(unsigned), 1), value >>> 0)
      assert.equal(varintAt(bytesOf(zigzag), 1), value)
      assert.equal(sizeOfUvarint(value), unsigned.length / 2)
      assert.equal(sizeOfVarint(value), zigzag.length / 2)
      assert.equal(varintEnd(bytesOf(zigzag), 1), 1 + zigzag.length / 2)
      assert.equal(varlongAt(bytesOf(zigzag), 1), value)
    }
  })

  it('encodes 64-bit integers as Kafka does', () => {
    for (const [value, zigzag] of INT64) {
      assert.equal(hexOf(putVarlong, value), zigzag)
      assert.equal(varlongAt(bytesOf(zigzag), 1), value)
      assert.equal(sizeOfVarlong(value), zigzag.length / 2)
      assert.equal(varlongEnd(bytesOf(zigzag), 1), 1 + zigzag.length / 2)
    }
  })

  it('reads back any int64 in the size that it foresees', () => {
    fc.assert(
      fc.property(fc.maxSafeInteger(), fc.integer({ min: 0, max: 53 }), (value, shift) => {
        const scaled = Math.trunc(value / 2 ** shift) + 0 // no -0
        const bytes = new Uint8Array(10)
        assert.equal(putVarlong(bytes, 0, scaled), sizeOfVarlong(scaled))
        assert.equal(varlongAt(bytes, 0), scaled)
        assert.equal(varlongEnd(bytes, 0), sizeOfVarlong(scaled))
      }),
    )
  })

  it('takes encodings that are longer than they have to be', () => {
    const zero = Uint8Array.of(0x80, 0x80, 0x80, 0x80, 0x00)
    assert.equal(uvarintAt(zero, 0), 0)
    assert.equal(varintEnd(zero, 0), 5)
    assert.equal(varlongAt(zero, 0), 0)
  })

  it('refuses those that end too late, or not before the end', () => {
    const endless = new Uint8Array(11).fill(0x80)
    for (const read of [uvarintAt, varintAt, varlongAt, varintEnd, varlongEnd]) {
      assert.throws(() => read(endless, 0), BoundsError)
      assert.throws(() => read(endless, 0, 3), /underflow/)
      assert.throws(() => read(endless, 11), /underflow/)
      assert.throws(() => read(Uint8Array.of(0), 0, 0), /underflow/)
    }
    // 2^53: a long, but not one that a number carries.
    assert.throws(() => varlongAt(new Uint8Array(Buffer.from('8080808080808020', 'hex')), 0), {
      name: 'BoundsError',
    })
  })
})
