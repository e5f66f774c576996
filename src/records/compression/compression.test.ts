/** Every codec gives back what it took, within its limit, and turns damage into a failure. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import zlib from 'node:zlib'
import fc from 'fast-check'
import { COMPRESSION_TYPES, CompressionFailure, compress, decompress } from './compression.ts'
import { xxhash32 } from './xxhash32.ts'

const CODECS = COMPRESSION_TYPES.filter((type) => type !== 'none')
const MAX = 10_000_000

/** Content of up to some blocks, compressible or not. */
const content = fc
  .tuple(fc.uint8Array({ minLength: 0, maxLength: 300 }), fc.nat(500), fc.boolean())
  .map(([seed, repeats, isNoisy]) => {
    const bytes = Buffer.concat(Array.from({ length: repeats + 1 }, () => seed))
    if (isNoisy) for (let i = 0; i < bytes.length; i++) bytes[i] = (bytes[i]! * 31 + i * i * 7) >> 3
    return new Uint8Array(bytes)
  })

function assertContent(result: Uint8Array | CompressionFailure, expected: Uint8Array): void {
  assert.ok(result instanceof Uint8Array)
  assert.equal(Buffer.compare(result, expected), 0)
}

function failureOf(result: Uint8Array | CompressionFailure): string {
  assert.ok(result instanceof CompressionFailure, 'must fail')
  return result.reason
}

for (const type of CODECS) {
  test(`${type} gives back what it took`, () => {
    fc.assert(
      fc.property(content, (bytes) => {
        const back = decompress(type, compress(type, bytes), bytes.length)
        assert.ok(back instanceof Uint8Array)
        assert.equal(Buffer.compare(back, bytes), 0)
      }),
      { numRuns: 50 },
    )
  })

  test(`${type} stops at its limit`, () => {
    const packed = compress(type, new Uint8Array(1_000_000))
    assert.equal((decompress(type, packed, 1_000_000) as Uint8Array).length, 1_000_000)
    assert.ok(decompress(type, packed, 999_999) instanceof CompressionFailure)
    assert.ok(decompress(type, packed, 0) instanceof CompressionFailure)
  })

  test(`${type} turns damage and truncation into a failure`, () => {
    const packed = compress(type, Buffer.from('a batch of records '.repeat(5000)))
    for (let end = 0; end < packed.length; end += 1 + (packed.length >> 6)) {
      const part = decompress(type, packed.subarray(0, end), MAX)
      // xerial blocks end anywhere, and a stream of none is a stream.
      if (type !== 'snappy') assert.equal(failureOf(part), 'corrupt')
    }
    fc.assert(
      fc.property(fc.array(fc.tuple(fc.nat(), fc.nat(255)), { minLength: 1 }), (damages) => {
        const damaged = packed.slice()
        for (const [at, value] of damages) damaged[at % damaged.length] = value
        const result = decompress(type, damaged, 200_000)
        assert.ok(result instanceof CompressionFailure || result.length <= 200_000)
      }),
      { numRuns: 300 },
    )
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 100 }), (noise) => {
        decompress(type, noise, 100_000)
      }),
    )
  })
}

test('levels are passed on', () => {
  const words = Array.from({ length: 9000 }, (_, i) => `${(i * i) % 997} word${(i * 7) % 89}`)
  const bytes = Buffer.from(words.join())
  assert.ok(compress('gzip', bytes, 9).length < compress('gzip', bytes, 1).length)
  assert.ok(compress('zstd', bytes, 19).length < compress('zstd', bytes, -50).length)
  assert.deepEqual(compress('gzip', bytes, -1), compress('gzip', bytes))
})

test('gzip and zstd streams may have several members', () => {
  const bytes = Buffer.from('member '.repeat(100))
  const doubled = Buffer.concat([bytes, bytes])
  for (const type of ['gzip', 'zstd'] as const) {
    const packed = compress(type, bytes)
    assertContent(decompress(type, Buffer.concat([packed, packed]), MAX), doubled)
    const limited = decompress(type, Buffer.concat([packed, packed]), doubled.length - 1)
    assert.equal(failureOf(limited), 'tooLarge')
  }
  const noise = Buffer.concat([compress('zstd', bytes), Buffer.from('trailing noise')])
  assert.equal(failureOf(decompress('zstd', noise, MAX)), 'corrupt')
})

test('zstd with a content checksum, and one that is wrong', () => {
  const params = { [zlib.constants.ZSTD_c_checksumFlag]: 1 }
  const packed = zlib.zstdCompressSync(Buffer.from('checked'), { params })
  assertContent(decompress('zstd', packed, MAX), Buffer.from('checked'))
  packed[packed.length - 1]! ^= 1
  assert.equal(failureOf(decompress('zstd', packed, MAX)), 'corrupt')
})

test('snappy: bare blocks, streams in a row, a lying size', () => {
  const bytes = Buffer.from('xerial '.repeat(100))
  const stream = compress('snappy', bytes)
  assert.equal(Buffer.from(stream.subarray(0, 8)).toString('latin1'), '\x82SNAPPY\0')
  assertContent(decompress('snappy', stream.subarray(20), MAX), bytes)
  const twice = decompress('snappy', Buffer.concat([stream, stream]), MAX)
  assertContent(twice, Buffer.concat([bytes, bytes]))
  // 2^32 - 1 bytes claimed by a block of 7
  const lie = Uint8Array.of(0xff, 0xff, 0xff, 0xff, 0x0f, 0, 0)
  assert.equal(failureOf(decompress('snappy', lie, MAX)), 'corrupt')
})

test('lz4: what Kafka refuses is refused, a second frame is not read', () => {
  const bytes = Buffer.from('frame '.repeat(100))
  const frame = compress('lz4', bytes)
  assertContent(decompress('lz4', Buffer.concat([frame, frame]), MAX), bytes)
  const cases: [number, number, RegExp][] = [
    [0, 5, /not an LZ4 frame/],
    [4, 0xa0, /version 2/],
    [4, 0x40, /dependent blocks/],
    [4, 0x61, /reserved/],
    [5, 0x30, /block size/],
    [5, 0x50, /checksum/],
    [6, 0x83, /checksum/],
  ]
  for (const [at, value, message] of cases) {
    const bad = frame.slice()
    bad[at] = value
    const result = decompress('lz4', bad, MAX)
    assert.ok(result instanceof CompressionFailure)
    assert.match(result.message, message)
  }
})

test('lz4: block checksums and content sizes of other writers', () => {
  const block = Buffer.from('stored')
  const descriptor = Uint8Array.of(0x78 | 0x04, 0x70, 6, 0, 0, 0, 0, 0, 0, 0)
  const head = Buffer.concat([
    Uint8Array.of(4, 0x22, 0x4d, 0x18),
    descriptor,
    Uint8Array.of(xxhash32(descriptor, 0, descriptor.length) >>> 8),
  ])
  const sum = Buffer.alloc(4)
  sum.writeUInt32LE(xxhash32(block, 0, block.length))
  const stored = Buffer.concat([Uint8Array.of(6, 0, 0, 0x80), block])
  const end = Uint8Array.of(0, 0, 0, 0, 1, 2, 3, 4)
  const frame = Buffer.concat([head, stored, sum, end])
  assertContent(decompress('lz4', frame, MAX), block)
  sum[0]! ^= 1
  const bad = Buffer.concat([head, stored, sum, end])
  assert.equal(failureOf(decompress('lz4', bad, MAX)), 'corrupt')
})

test('xxhash32 agrees with published values', () => {
  const hash = (text: string, seed = 0) => xxhash32(Buffer.from(text), 0, text.length, seed)
  assert.equal(hash(''), 0x02cc5d05)
  assert.equal(hash('a'), 0x550d7456)
  assert.equal(hash('abc'), 0x32d153ff)
  assert.equal(hash('Nobody inspects the spammish repetition'), 0xe2293b2f)
})
