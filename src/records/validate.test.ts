/** What the leader refuses, with which error, and what it writes into what it accepts. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { ErrorCode, errorName } from '../protocol/errors.ts'
import type { AppendInfo, AppendOptions } from './append.ts'
import * as batch from './batch.ts'
import { BatchBuilder, type BatchOptions } from './builder.ts'
import { COMPRESSION_TYPES } from './compression/compression.ts'
import { RecordCursor } from './record-scan.ts'
import { validateForAppend } from './validate.ts'

const NOW = 1_700_000_000_000
const utf8 = (text: string) => new TextEncoder().encode(text)

const OPTIONS: AppendOptions = {
  origin: 'client',
  nowMs: NOW,
  nextOffset: 1000,
  leaderEpoch: 9,
  topicIsCompacted: false,
  maxMessageBytes: 1_048_588,
  timestampType: 'CreateTime',
  timestampBeforeMaxMs: 2 ** 63,
  timestampAfterMaxMs: 3_600_000,
  targetCompression: 'producer',
}

type Rec = readonly [timestampMs: number, key: string | null]

function build(records: readonly Rec[], options: BatchOptions = {}): Uint8Array {
  const builder = new BatchBuilder(options)
  for (const [timestampMs, key] of records) {
    builder.append(timestampMs, key === null ? null : utf8(key), utf8('value'))
  }
  return builder.build()
}

const three = (options: BatchOptions = {}) =>
  build(
    [
      [NOW - 5, 'a'],
      [NOW + 7, 'b'],
      [NOW, 'c'],
    ],
    options,
  )

function validate(bytes: Uint8Array, options: Partial<AppendOptions> = {}): AppendInfo {
  return validateForAppend(bytes, { ...OPTIONS, ...options })
}

function assertRefused(info: AppendInfo, error: ErrorCode, message: RegExp): void {
  assert.equal(errorName(info.error), errorName(error))
  assert.match(info.message, message)
  assert.equal(info.bytes.length, 0)
}

/** Changes a batch and makes its CRC right again. */
function tampered(bytes: Uint8Array, change: (b: Uint8Array) => void): Uint8Array {
  const copy = bytes.slice()
  change(copy)
  batch.recomputeCrc(copy, 0)
  return copy
}

function scan(bytes: Uint8Array): [offset: number, timestampMs: number, key: string | null][] {
  const cursor = new RecordCursor(bytes)
  const found: [number, number, string | null][] = []
  while (cursor.next()) {
    const key = cursor.key()
    found.push([
      cursor.offset,
      cursor.timestampMs,
      key === null ? null : Buffer.from(key).toString(),
    ])
  }
  assert.equal(cursor.problem, '')
  return found
}

for (const compression of COMPRESSION_TYPES) {
  test(`a ${compression} batch gets offset and epoch in place; its CRC need not change`, () => {
    const given = three({ compression, producerId: 5, producerEpoch: 1, baseSequence: 40 })
    const crc = batch.crc(given, 0)
    const info = validate(given)
    assert.equal(errorName(info.error), 'NONE')
    assert.equal(info.bytes, given)
    assert.equal(batch.crc(given, 0), crc)
    assert.ok(batch.isCrcValid(given, 0))
    assert.deepEqual(scan(given), [
      [1000, NOW - 5, 'a'],
      [1001, NOW + 7, 'b'],
      [1002, NOW, 'c'],
    ])
    assert.deepEqual(info, {
      error: ErrorCode.NONE,
      message: '',
      recordErrors: [],
      bytes: given,
      firstOffset: 1000,
      lastOffset: 1002,
      maxTimestampMs: NOW + 7,
      offsetOfMaxTimestamp: 1002,
      logAppendTimeMs: -1,
      recordCount: 3,
      batches: [
        {
          at: 0,
          sizeBytes: given.length,
          firstOffset: 1000,
          lastOffset: 1002,
          maxTimestampMs: NOW + 7,
          leaderEpoch: 9,
          producerId: 5,
          producerEpoch: 1,
          baseSequence: 40,
          lastSequence: 42,
          isTransactional: false,
          isControl: false,
        },
      ],
    })
  })

  test(`LogAppendTime rewrites the type and maximum of a ${compression} batch, and its CRC`, () => {
    const info = validate(three({ compression }), { timestampType: 'LogAppendTime' })
    assert.equal(info.logAppendTimeMs, NOW)
    assert.equal(info.maxTimestampMs, NOW)
    assert.ok(batch.isCrcValid(info.bytes, 0))
    assert.equal(batch.timestampTypeOf(info.bytes, 0), 'LogAppendTime')
    assert.equal(batch.compressionOf(info.bytes, 0), compression)
    assert.deepEqual(
      scan(info.bytes).map(([, timestampMs]) => timestampMs),
      [NOW, NOW, NOW],
    )
  })

  test(`a ${compression} batch is stored with the codec that the topic asks for`, () => {
    const options = { producerId: 5, producerEpoch: 1, baseSequence: 7, isTransactional: true }
    for (const targetCompression of ['uncompressed', ...COMPRESSION_TYPES] as const) {
      const given = three({ compression, ...options })
      const info = validate(given, { targetCompression })
      const target = targetCompression === 'uncompressed' ? 'none' : targetCompression
      assert.equal(info.bytes === given, target === compression)
      assert.equal(batch.compressionOf(info.bytes, 0), target)
      assert.ok(batch.isCrcValid(info.bytes, 0))
      assert.equal(info.batches[0]!.producerId, 5)
      assert.equal(info.batches[0]!.producerEpoch, 1)
      assert.equal(info.batches[0]!.lastSequence, 9)
      assert.equal(info.batches[0]!.isTransactional, true)
      assert.equal(info.batches[0]!.leaderEpoch, 9)
      assert.deepEqual(scan(info.bytes), scan(validate(three()).bytes))
    }
  })

  test(`a ${compression} batch whose records are numbered wrongly is numbered again`, () => {
    const builder = new BatchBuilder({ compression })
    builder.append(NOW, utf8('a'), null, [], 0)
    builder.append(NOW, utf8('b'), null, [], 5)
    const given = tampered(builder.build(), (b) => {
      b[26] = 1 // the last offset delta, as the count says
    })
    const info = validate(given)
    assert.equal(errorName(info.error), 'NONE')
    assert.deepEqual(scan(info.bytes), [
      [1000, NOW, 'a'],
      [1001, NOW, 'b'],
    ])
    assert.equal(info.lastOffset, 1001)
  })

  test(`a ${compression} batch on a compacted topic must have keys`, () => {
    const given = build(
      [
        [NOW, 'a'],
        [NOW, null],
        [NOW, null],
      ],
      { compression },
    )
    const info = validate(given, { topicIsCompacted: true, topicPartition: 't-0' })
    assertRefused(info, ErrorCode.INVALID_RECORD, /due to 2 record errors in total.*batchIndex=1/)
    const message = 'Compacted topic cannot accept message without key in topic partition t-0'
    assert.deepEqual(info.recordErrors, [
      { batchIndex: 1, message },
      { batchIndex: 2, message },
    ])
  })
}

test('timestamps out of range are refused record by record', () => {
  const limits = { timestampBeforeMaxMs: 1000, timestampAfterMaxMs: 500 }
  const at = (timestampMs: number) => validate(build([[timestampMs, 'k']]), limits)
  for (const timestampMs of [NOW - 1000, NOW, NOW + 500, -1]) {
    assert.equal(at(timestampMs).error, ErrorCode.NONE)
  }
  for (const timestampMs of [NOW - 1001, NOW + 501, 0]) {
    const info = at(timestampMs)
    assertRefused(info, ErrorCode.INVALID_TIMESTAMP, /rejected due to invalid timestamp/)
    assert.equal(info.recordErrors[0]!.batchIndex, 0)
    assert.match(info.recordErrors[0]!.message, new RegExp(`Timestamp ${timestampMs} of message`))
  }
  const late = validate(build([[0, 'k']]), { ...limits, timestampType: 'LogAppendTime' })
  assert.equal(late.error, ErrorCode.NONE)
})

test('timestamps in nanoseconds are out of range, not malformed', () => {
  const given = tampered(three(), (b) => {
    b[27] = 0x17 // the base timestamp, now 1.66e18
  })
  const info = validate(given, { timestampAfterMaxMs: 2 ** 63 })
  assertRefused(info, ErrorCode.INVALID_TIMESTAMP, /invalid timestamp/)
  assert.equal(info.recordErrors.length, 3)
})

test('a producer must not claim LogAppendTime on such a topic, elsewhere it is corrected', () => {
  const given = () => three({ timestampType: 'LogAppendTime', logAppendTimeMs: NOW + 1 })
  const refused = validate(given(), { timestampType: 'LogAppendTime' })
  assertRefused(refused, ErrorCode.INVALID_TIMESTAMP, /invalid timestamp/)
  assert.equal(refused.recordErrors.length, 3)
  const corrected = validate(given())
  assert.equal(corrected.error, ErrorCode.NONE)
  assert.equal(batch.timestampTypeOf(corrected.bytes, 0), 'CreateTime')
})

test('a wrong maximum timestamp is corrected', () => {
  const given = tampered(three(), (b) => batch.setMaxTimestamp(b, 0, 3))
  const info = validate(given)
  assert.equal(info.maxTimestampMs, NOW + 7)
  assert.equal(batch.maxTimestampMs(given, 0), NOW + 7)
  assert.ok(batch.isCrcValid(given, 0))
})

test('what is no single whole batch of magic 2 is refused', () => {
  const one = three()
  const cases: [Uint8Array, ErrorCode, RegExp][] = [
    [new Uint8Array(0), ErrorCode.INVALID_RECORD, /no record batch/],
    [one.slice(0, 50), ErrorCode.INVALID_RECORD, /no record batch/],
    [Buffer.concat([one, one]), ErrorCode.INVALID_RECORD, /more than one/],
    [tampered(one, (b) => b.fill(1, 16, 17)), ErrorCode.INVALID_RECORD, /magic version 2/],
    [tampered(one, (b) => b.fill(7, 16, 17)), ErrorCode.CORRUPT_MESSAGE, /header/],
    [Uint8Array.from(one, (v, i) => (i === 8 ? 0x80 : v)), ErrorCode.CORRUPT_MESSAGE, /header/],
    [Uint8Array.from(one, (v, i) => (i === 70 ? v ^ 1 : v)), ErrorCode.CORRUPT_MESSAGE, /corrupt/],
    [three({ baseOffset: 1 }), ErrorCode.INVALID_RECORD, /base offset .* must be 0/],
    [three({ isControl: true }), ErrorCode.INVALID_RECORD, /control records/],
    [three({ producerId: 1 }), ErrorCode.INVALID_RECORD, /Invalid sequence number -1/],
    [tampered(one, (b) => b.fill(2, 60, 61)), ErrorCode.INVALID_RECORD, /2 records/],
    [tampered(one, (b) => b.fill(0, 60, 61)), ErrorCode.INVALID_RECORD, /0 records/],
    [tampered(one, (b) => b.fill(255, 57, 61)), ErrorCode.INVALID_RECORD, /-1 records/],
    [tampered(one, (b) => b.fill(7, 22, 23)), ErrorCode.UNSUPPORTED_COMPRESSION_TYPE, /type 7/],
    [tampered(one, (b) => b.fill(2, 22, 23)), ErrorCode.INVALID_RECORD, /snappy/],
    [tampered(one, (b) => b.fill(3, 22, 23)), ErrorCode.INVALID_RECORD, /lz4/],
    [tampered(one, (b) => b.fill(0x7f, 43, 51)), ErrorCode.INVALID_RECORD, /2\^53/],
  ]
  for (const [bytes, error, message] of cases) assertRefused(validate(bytes), error, message)
  const trailing = Buffer.concat([one, one.slice(0, 30)])
  assert.equal(validate(trailing).bytes.length, one.length)
})

test('a coordinator may write control batches and needs no sequence numbers', () => {
  const given = three({ isControl: true, producerId: 4, isTransactional: true })
  const info = validate(given, { origin: 'coordinator', targetCompression: 'zstd' })
  assert.equal(info.error, ErrorCode.NONE)
  assert.equal(info.bytes, given, 'control batches are not compressed')
  assert.equal(info.batches[0]!.isControl, true)
})

test('sizes are held to the limits, also that of the rebuilt batch', () => {
  const { length } = three()
  assert.equal(validate(three(), { maxMessageBytes: length }).error, ErrorCode.NONE)
  const over = validate(three(), { maxMessageBytes: length - 1 })
  assertRefused(over, ErrorCode.MESSAGE_TOO_LARGE, new RegExp(`${length} bytes`))
  const segment = validate(three(), { segmentBytes: length - 1 })
  assertRefused(segment, ErrorCode.RECORD_LIST_TOO_LARGE, /segment holds/)
  const zeros = new BatchBuilder({ compression: 'gzip' })
  zeros.append(NOW, null, new Uint8Array(100_000))
  const bytes = zeros.build()
  const rebuilt = validate(bytes, { targetCompression: 'none', maxMessageBytes: 50_000 })
  assertRefused(rebuilt, ErrorCode.MESSAGE_TOO_LARGE, /bytes/)
  const bomb = validate(bytes, { maxDecompressedBytes: 99_999 })
  assertRefused(bomb, ErrorCode.MESSAGE_TOO_LARGE, /over the limit/)
})

test('assigned batches keep their bytes; raft and replication differ in what they check', () => {
  const one = three({ baseOffset: 50, partitionLeaderEpoch: 9 })
  const two = three({ baseOffset: 60, partitionLeaderEpoch: 10 })
  const both = new Uint8Array(Buffer.concat([one, two]))
  const copied = validate(both, { origin: 'replication', leaderEpoch: 10, maxMessageBytes: 10 })
  assert.equal(copied.bytes, both)
  assert.deepEqual([copied.firstOffset, copied.lastOffset, copied.recordCount], [50, 62, 6])
  const fenced = validate(both, { origin: 'replication', leaderEpoch: 9 })
  assert.equal(fenced.bytes.length, one.length, 'what a later epoch wrote is left out')
  assert.equal(validate(one, { origin: 'raft' }).lastOffset, 52)
  assertRefused(validate(both, { origin: 'raft' }), ErrorCode.INVALID_RECORD, /epoch 10/)
  const raft = { origin: 'raft', maxMessageBytes: 10 } as const
  assertRefused(validate(one, raft), ErrorCode.MESSAGE_TOO_LARGE, /bytes/)
  const unordered = new Uint8Array(Buffer.concat([one, one]))
  const replication = { origin: 'replication' } as const
  assertRefused(validate(unordered, replication), ErrorCode.UNKNOWN_SERVER_ERROR, /comes after/)
  const damaged = one.slice()
  damaged[80]! ^= 1
  assertRefused(validate(damaged, replication), ErrorCode.CORRUPT_MESSAGE, /corrupt/)
  const cut = validate(both.subarray(0, both.length - 1), {
    origin: 'replication',
    leaderEpoch: 10,
  })
  assert.equal(cut.bytes.length, one.length)
})

test('random bytes with a right CRC are refused or accepted, never a crash', () => {
  const damage = fc.array(fc.tuple(fc.nat(), fc.nat(255)), { minLength: 1, maxLength: 5 })
  fc.assert(
    fc.property(fc.constantFrom(...COMPRESSION_TYPES), damage, (compression, damages) => {
      const given = tampered(three({ compression }), (b) => {
        for (const [at, value] of damages) b[12 + (at % (b.length - 12))] = value
      })
      const info = validate(given)
      if (info.error !== ErrorCode.NONE) return
      assert.ok(batch.isCrcValid(info.bytes, 0))
      assert.equal(scan(info.bytes).length, info.recordCount)
    }),
    { numRuns: 3000 },
  )
})
