/** What is built is what is scanned, whatever the codec; damage is found and never crashes. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import * as batch from './batch.ts'
import { BATCH_CORRUPT, BATCH_INCOMPLETE, forEachBatch, nextBatch } from './batches.ts'
import { BatchBuilder, type BatchOptions } from './builder.ts'
import { COMPRESSION_TYPES } from './compression/compression.ts'
import { RecordCursor, type RecordHeader } from './record-scan.ts'

const bytes = fc.uint8Array({ maxLength: 40 })
const record = fc.record({
  timestampMs: fc.oneof(fc.constant(-1), fc.integer({ min: 0, max: 4e12 })),
  key: fc.option(bytes),
  value: fc.option(bytes),
  headers: fc.array(fc.tuple(fc.string({ unit: 'grapheme', maxLength: 20 }), fc.option(bytes)), {
    maxLength: 3,
  }),
  gap: fc.nat(300),
})
const options: fc.Arbitrary<BatchOptions> = fc.record({
  baseOffset: fc.nat(Number.MAX_SAFE_INTEGER - 2 ** 40),
  compression: fc.constantFrom(...COMPRESSION_TYPES),
  producerId: fc.integer({ min: -1, max: 2 ** 40 }),
  producerEpoch: fc.integer({ min: -1, max: 32767 }),
  baseSequence: fc.integer({ min: -1, max: batch.MAX_SEQUENCE }),
  isTransactional: fc.boolean(),
  partitionLeaderEpoch: fc.integer({ min: -1, max: 2 ** 31 - 1 }),
})

interface Plain {
  readonly offset: number
  readonly timestampMs: number
  readonly key: Uint8Array | null
  readonly value: Uint8Array | null
  readonly headers: readonly RecordHeader[]
}

function scan(b: Uint8Array): Plain[] {
  const cursor = new RecordCursor(b)
  const found: Plain[] = []
  while (cursor.next()) {
    const { offset, timestampMs } = cursor
    const [key, value, headers] = [cursor.key(), cursor.value(), cursor.headers()]
    found.push({ offset, timestampMs, key, value, headers })
  }
  assert.equal(cursor.problem, '')
  return found
}

test('a batch scans as it was built', () => {
  fc.assert(
    fc.property(options, fc.array(record, { minLength: 1, maxLength: 30 }), (given, records) => {
      const builder = new BatchBuilder(given)
      let delta = -1
      const expected: Plain[] = []
      for (const { timestampMs, key, value, headers, gap } of records) {
        delta += 1 + gap
        builder.append(timestampMs, key, value, headers, delta)
        expected.push({ offset: given.baseOffset! + delta, timestampMs, key, value, headers })
      }
      const plainSize = builder.sizeBytes
      const built = builder.build()
      assert.equal(nextBatch(built, 0), built.length)
      assert.ok(batch.isCrcValid(built, 0))
      if (given.compression === 'none') assert.equal(built.length, plainSize)
      assert.equal(batch.lastOffset(built, 0), given.baseOffset! + delta)
      assert.equal(batch.recordCount(built, 0), records.length)
      assert.equal(batch.compressionOf(built, 0), given.compression)
      assert.equal(batch.producerId(built, 0), given.producerId)
      assert.equal(batch.producerEpoch(built, 0), given.producerEpoch)
      assert.equal(batch.baseSequence(built, 0), given.baseSequence)
      assert.equal(batch.isTransactional(built, 0), given.isTransactional)
      assert.equal(batch.partitionLeaderEpoch(built, 0), given.partitionLeaderEpoch)
      const maxTimestampMs = Math.max(...records.map((one) => one.timestampMs))
      assert.equal(batch.maxTimestampMs(built, 0), maxTimestampMs)
      assert.deepEqual(scan(built), expected)
    }),
  )
})

test('records carried over as bytes are the same records', () => {
  fc.assert(
    fc.property(options, fc.array(record, { minLength: 1, maxLength: 10 }), (given, records) => {
      const builder = new BatchBuilder(given)
      for (const one of records) builder.append(one.timestampMs, one.key, one.value, one.headers)
      const original = builder.build()
      const cursor = new RecordCursor(original)
      const copier = new BatchBuilder({ baseOffset: 7, deleteHorizonMs: 12345 })
      while (cursor.next()) copier.appendBody(cursor, copier.count)
      const expected = scan(original).map((one, i) => ({ ...one, offset: 7 + i }))
      assert.deepEqual(scan(copier.build()), expected)
    }),
  )
})

test('a damaged batch ends with a problem or other records, and reads nothing outside of itself', () => {
  const damage = fc.array(fc.tuple(fc.nat(), fc.nat(255)), { minLength: 1, maxLength: 6 })
  fc.assert(
    fc.property(
      options,
      fc.array(record, { minLength: 1, maxLength: 8 }),
      damage,
      (given, records, damages) => {
        const builder = new BatchBuilder(given)
        for (const one of records) builder.append(one.timestampMs, one.key, one.value, one.headers)
        const damaged = builder.build().slice()
        for (const [at, value] of damages) {
          // Everything but the length: framing is checked before.
          const place = 12 + (at % (damaged.length - 12))
          damaged[place] = value
        }
        if (nextBatch(damaged, 0) < 0) return
        const cursor = new RecordCursor(damaged, 0, 100_000)
        let count = 0
        while (cursor.next()) {
          count++
          cursor.key()
          cursor.value()
          cursor.headers()
          assert.ok(cursor.recordEnd <= cursor.bytes.length)
        }
        assert.ok(cursor.problem !== '' || count === batch.recordCount(damaged, 0))
      },
    ),
    { numRuns: 2000 },
  )
})

test('framing tells what is cut short from what is no batch', () => {
  const builder = new BatchBuilder()
  builder.append(1, null, new Uint8Array(10))
  const one = builder.build()
  const two = Buffer.concat([one, one])
  const seen: number[] = []
  assert.equal(
    forEachBatch(two, 0, two.length, (at) => seen.push(at)),
    two.length,
  )
  assert.deepEqual(seen, [0, one.length])
  for (let end = 0; end < one.length; end++) {
    assert.equal(nextBatch(one, 0, end), BATCH_INCOMPLETE)
  }
  assert.equal(
    forEachBatch(two, 0, two.length - 1, () => {}),
    one.length,
  )
  for (const [at, value] of [
    [8, 0x80],
    [16, 3],
    [11, 40],
    [16, 0xff],
  ] as const) {
    const bad = one.slice()
    bad[at] = value
    assert.equal(nextBatch(bad, 0), BATCH_CORRUPT)
  }
})

test('patched headers keep the rest; the CRC leaves out offset and epoch', () => {
  const builder = new BatchBuilder({ producerId: 9, producerEpoch: 1, baseSequence: 0 })
  builder.append(5, null, null)
  const b = builder.build()
  batch.setBaseOffset(b, 0, Number.MAX_SAFE_INTEGER - 5)
  batch.setPartitionLeaderEpoch(b, 0, 77)
  assert.ok(batch.isCrcValid(b, 0))
  assert.equal(batch.baseOffset(b, 0), Number.MAX_SAFE_INTEGER - 5)
  assert.equal(batch.partitionLeaderEpoch(b, 0), 77)
  batch.setMaxTimestamp(b, 0, 99)
  assert.equal(batch.isCrcValid(b, 0), false)
  batch.recomputeCrc(b, 0)
  assert.ok(batch.isCrcValid(b, 0))
})

test('sequence numbers wrap at 2^31 both ways', () => {
  assert.equal(batch.incrementSequence(batch.MAX_SEQUENCE, 1), 0)
  assert.equal(batch.incrementSequence(batch.MAX_SEQUENCE - 1, 5), 3)
  assert.equal(batch.decrementSequence(3, 5), batch.MAX_SEQUENCE - 1)
  assert.equal(batch.decrementSequence(0, 1), batch.MAX_SEQUENCE)
})
