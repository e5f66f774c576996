/** What a fetch brought, taken apart: positions, limits, hidden batches, damage. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { utf8Bytes, utf8Text } from '../../base/bytes.ts'
import { batchSizeBytes, setBaseOffset } from '../../records/batch.ts'
import { BatchBuilder, type BatchOptions } from '../../records/builder.ts'
import { buildEndTransactionMarker } from '../../records/control.ts'
import { KafkaError } from '../kafka-error.ts'
import { topicOf } from '../topic.ts'
import { type AbortedTransaction, FetchedData, type Piece, PieceIterator } from './fetched-data.ts'
import { TopicReader } from './fetched-record.ts'

const READER = new TopicReader(topicOf('t'))
const OPTIONS = { isReadCommitted: false, checkCrcs: true, maxDecompressedBytes: 1 << 20 }

function batch(baseOffset: number, count: number, options: BatchOptions = {}): Uint8Array {
  const builder = new BatchBuilder({ baseOffset, ...options })
  for (let i = 0; i < count; i++) {
    builder.append(baseOffset + i, utf8Bytes(`k${baseOffset + i}`), utf8Bytes(`v${baseOffset + i}`))
  }
  return builder.build()
}

function data(
  batches: readonly Uint8Array[],
  options: Partial<typeof OPTIONS> = {},
  aborted: readonly AbortedTransaction[] | null = null,
  fetchOffset = 0,
): FetchedData {
  const bytes = new Uint8Array(Buffer.concat(batches))
  return new FetchedData(READER, 0, bytes, fetchOffset, aborted, { ...OPTIONS, ...options })
}

function offsetsOf(piece: Piece | null): number[] {
  if (piece === null) return []
  return [...new PieceIterator(piece.data, piece.segments)].map(({ offset }) => offset)
}

function failure(run: () => unknown): KafkaError {
  try {
    run()
  } catch (error) {
    assert.ok(error instanceof KafkaError)
    return error
  }
  throw new Error('it did not fail')
}

test('records have what was written, read when they are asked for', () => {
  const builder = new BatchBuilder({ baseOffset: 5, partitionLeaderEpoch: 3 })
  builder.append(1000, utf8Bytes('k'), utf8Bytes('v'), [
    ['h', utf8Bytes('1')],
    ['h', null],
  ])
  builder.append(1001, null, null)
  const piece = data([builder.build()]).take(5, Infinity)!
  const [first, second] = [...new PieceIterator(piece.data, piece.segments)]
  assert.deepEqual(first!.toJSON(), {
    topic: 't',
    partition: 0,
    offset: 5,
    timestamp: 1000,
    timestampType: 'CreateTime',
    leaderEpoch: 3,
    key: utf8Bytes('k'),
    value: utf8Bytes('v'),
    headers: [
      ['h', '1'],
      ['h', null],
    ],
  })
  assert.equal(first!.headers.size, 2)
  assert.equal(first!.value, first!.value, 'read once')
  assert.deepEqual([second!.key, second!.value, second!.headers.size], [null, null, 0])
  assert.equal(second!.timestamp, 1001)
})

test('with LogAppendTime all records have the time of the broker', () => {
  const built = batch(0, 2, { timestampType: 'LogAppendTime', logAppendTimeMs: 77 })
  const piece = data([built]).take(0, Infinity)!
  const records = [...new PieceIterator(piece.data, piece.segments)]
  assert.deepEqual(
    records.map(({ timestamp, timestampType }) => [timestamp, timestampType]),
    [
      [77, 'LogAppendTime'],
      [77, 'LogAppendTime'],
    ],
  )
})

test('begins at the position, in the middle of a batch where need be', () => {
  const fetched = data([batch(0, 10), batch(10, 5)], {}, null, 7)
  const piece = fetched.take(7, Infinity)!
  assert.equal(piece.count, 8)
  assert.deepEqual(offsetsOf(piece), [7, 8, 9, 10, 11, 12, 13, 14])
  assert.equal(piece.nextOffset, 15)
  assert.equal(fetched.isExhausted, true)
})

for (const compression of ['none', 'gzip', 'snappy', 'lz4', 'zstd'] as const) {
  test(`pieces of any size make up the whole (${compression})`, () => {
    const sizes = fc.array(fc.integer({ min: 1, max: 9 }), { minLength: 1, maxLength: 6 })
    const check = (counts: number[], from: number, limit: number) => {
      let next = 0
      const batches = counts.map((count) => {
        const built = batch(next, count, { compression })
        next += count
        return built
      })
      const position = Math.min(from, next - 1)
      const fetched = data(batches, {}, null, position)
      const seen: number[] = []
      let at = position
      for (let piece = fetched.take(at, limit); piece !== null; piece = fetched.take(at, limit)) {
        const offsets = offsetsOf(piece)
        assert.equal(offsets.length, piece.count)
        assert.ok(piece.count <= limit)
        seen.push(...offsets)
        at = piece.nextOffset
      }
      assert.deepEqual(
        seen,
        Array.from({ length: next - position }, (_, i) => position + i),
      )
      assert.equal(fetched.nextOffset, next)
    }
    fc.assert(fc.property(sizes, fc.nat(20), fc.integer({ min: 1, max: 12 }), check))
  })
}

test('what was taken and not seen is taken again', () => {
  const fetched = data([batch(0, 3), batch(3, 3)])
  fetched.take(0, 4)
  fetched.rewind()
  assert.deepEqual(offsetsOf(fetched.take(2, Infinity)), [2, 3, 4, 5])
})

test('gaps of compaction and what is hidden behind the last record move the position on', () => {
  const builder = new BatchBuilder({ baseOffset: 0, lastOffset: 9 })
  builder.append(0, null, utf8Bytes('only'))
  const compacted = builder.build()
  const piece = data([compacted, batch(10, 1)]).take(0, 1)!
  assert.equal(piece.nextOffset, 10)
  const later = data([compacted], {}, null, 5)
  assert.equal(later.take(5, Infinity), null)
  assert.equal(later.nextOffset, 10)
})

test('control batches are not for programs', () => {
  const transaction = { producerId: 7, producerEpoch: 0, isTransactional: true }
  const marker = buildEndTransactionMarker({ ...transaction, baseOffset: 2 }, 0, {
    kind: 'commit',
    coordinatorEpoch: 0,
  })
  const fetched = data([batch(0, 2, transaction), marker, batch(3, 1)])
  assert.deepEqual(offsetsOf(fetched.take(0, Infinity)), [0, 1, 3])
})

test('aborted transactions are hidden, whatever their order and however many of one producer', () => {
  const open = (producerId: number, baseOffset: number, count: number) =>
    batch(baseOffset, count, { producerId, producerEpoch: 0, isTransactional: true })
  const end = (producerId: number, baseOffset: number, kind: 'abort' | 'commit') =>
    buildEndTransactionMarker(
      { producerId, producerEpoch: 0, isTransactional: true, baseOffset },
      0,
      { kind, coordinatorEpoch: 0 },
    )
  const log = [
    open(1, 0, 2), // aborted
    open(2, 2, 2), // committed
    end(1, 4, 'abort'),
    open(1, 5, 1), // committed
    end(1, 6, 'commit'),
    end(2, 7, 'commit'),
    open(1, 8, 1), // aborted again, and its marker is not in this fetch
    batch(9, 1, { producerId: 1, producerEpoch: 0, baseSequence: 0 }), // in no transaction
  ]
  const aborted = [
    { producerId: 1, firstOffset: 8 },
    { producerId: 1, firstOffset: 0 },
  ]
  const read = (isReadCommitted: boolean) =>
    offsetsOf(data(log, { isReadCommitted }, aborted).take(0, Infinity))
  assert.deepEqual(read(true), [2, 3, 5, 9])
  assert.deepEqual(read(false), [0, 1, 2, 3, 5, 8, 9])
  const again = data(log, { isReadCommitted: true }, aborted)
  again.take(0, 2)
  again.rewind()
  assert.deepEqual(offsetsOf(again.take(3, Infinity)), [3, 5, 9], 'rewinding forgets nothing')
})

test('a batch cut off at the end is left for the next fetch', () => {
  const whole = batch(0, 2)
  const fetched = data([whole, batch(2, 5).subarray(0, 40)])
  assert.deepEqual(offsetsOf(fetched.take(0, Infinity)), [0, 1])
  assert.equal(fetched.nextOffset, 2)
  assert.equal(fetched.isExhausted, true)
})

test('a wrong checksum is said when nothing is before it, and always again', () => {
  const damaged = batch(2, 2)
  damaged[damaged.length - 1]! ^= 1
  const fetched = data([batch(0, 2), damaged])
  assert.deepEqual(offsetsOf(fetched.take(0, Infinity)), [0, 1])
  assert.equal(fetched.isExhausted, false)
  for (let i = 0; i < 2; i++) {
    const { code, offset, topic, partition } = failure(() => fetched.take(2, Infinity))
    assert.deepEqual([code, offset, topic, partition], ['CORRUPT_DATA', 2, 't', 0])
  }
  const unchecked = data([damaged], { checkCrcs: false })
  assert.equal(unchecked.take(2, Infinity)?.count, 2)
})

test('what is no batch is said', () => {
  const damaged = batch(0, 2)
  damaged[16] = 9 // its magic
  assert.equal(failure(() => data([damaged]).take(0, 1)).code, 'CORRUPT_DATA')
  const old = batch(0, 2)
  old[16] = 1
  assert.equal(failure(() => data([old]).take(0, 1)).code, 'UNSUPPORTED_FOR_MESSAGE_FORMAT')
})

test('offsets that can not be are no way to skip records', () => {
  const far = batch(2, 1)
  setBaseOffset(far, 0, 1_000_000)
  const within = (highWatermark: number) => {
    const bytes = new Uint8Array(Buffer.concat([batch(0, 2), far]))
    return new FetchedData(READER, 0, bytes, 0, null, OPTIONS, highWatermark)
  }
  const fetched = within(3)
  assert.equal(fetched.nextOffset, 2)
  assert.deepEqual(offsetsOf(fetched.take(0, Infinity)), [0, 1])
  assert.equal(failure(() => fetched.take(2, Infinity)).code, 'CORRUPT_DATA')
  assert.equal(within(2_000_000).nextOffset, 1_000_001)
})

test('a batch that decompresses to more than the limit is refused', () => {
  const builder = new BatchBuilder({ compression: 'gzip' })
  builder.append(0, null, new Uint8Array(100_000))
  const bytes = builder.build()
  const piece = data([bytes], { maxDecompressedBytes: 50_000 }).take(0, Infinity)!
  const error = failure(() => [...new PieceIterator(piece.data, piece.segments)])
  assert.equal(error.code, 'LIMIT_EXCEEDED')
  assert.equal(error.offset, 0)
})

test('any byte that is turned gives the records, an error or nothing, and never ends badly', () => {
  const good = Buffer.concat([batch(0, 4), batch(4, 4, { compression: 'lz4' })])
  const first = batchSizeBytes(good, 0)
  for (let at = 0; at < good.length; at++) {
    for (const checkCrcs of [true, false]) {
      const bytes = new Uint8Array(good)
      bytes[at]! ^= 0x41
      try {
        const fetched = data([bytes], { checkCrcs })
        for (let position = 0, turns = 0; turns < 20; turns++) {
          const piece = fetched.take(position, 3)
          if (piece === null) break
          for (const { value } of new PieceIterator(piece.data, piece.segments)) {
            if (checkCrcs && at >= 21 && at < first) {
              assert.fail(`byte ${at}: ${utf8Text(value as Uint8Array)} was let through`)
            }
          }
          position = piece.nextOffset
        }
      } catch (error) {
        assert.ok(error instanceof KafkaError, `byte ${at}: ${error}`)
      }
    }
  }
})
