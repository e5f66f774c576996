/** What a log answers to appends and reads, how it rolls, and what it keeps. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { ErrorCode } from '../protocol/errors.ts'
import { batchOf, START_MS, wholeOf } from './log.test-support.ts'
import { LogFixture } from './log-fixture.test-support.ts'

test('appends get offsets, and can be read before and after they are written', async () => {
  const f = new LogFixture()
  assert.equal(f.append(['a', 'b']).firstOffset, 0)
  const second = f.append(['c'])
  assert.deepEqual([second.firstOffset, second.lastOffset, second.logStartOffset], [2, 2, 0])
  assert.deepEqual(await f.offsets(0), [0, 2])
  f.commit()
  assert.deepEqual(await f.offsets(1), [0, 2])
  assert.deepEqual(await f.offsets(2), [2])
  assert.deepEqual(await f.offsets(3), [])
  assert.equal((await f.read(4)).error, ErrorCode.OFFSET_OUT_OF_RANGE)
  assert.equal(f.log.incrementLogStartOffset(1), ErrorCode.NONE)
  assert.equal((await f.read(0)).error, ErrorCode.OFFSET_OUT_OF_RANGE)
})

test('a read ends below its bound, and returns whole batches within its bytes', async () => {
  for (const source of ['memory', 'page cache', 'disk'] as const) {
    const f = new LogFixture({ indexIntervalBytes: 300 })
    for (let i = 0; i < 20; i++) f.append([`${i}`.padEnd(100, '.'), '']) // 40 offsets, 181 bytes each
    f.commit()
    if (source === 'page cache') f.log.tail.reset(f.log.tail.end)
    if (source === 'disk') {
      f.log.close()
      f.open({ wasCleanShutdown: true })
    }
    assert.deepEqual(await f.offsets(10, 1 << 20, { upperBound: 14 }), [10, 12])
    assert.deepEqual(await f.offsets(10, 1 << 20, { upperBound: 13 }), [10], 'within a batch')
    assert.deepEqual(await f.offsets(10, 1 << 20, { upperBound: 11 }), [])
    assert.deepEqual(await f.offsets(14, 1 << 20, { upperBound: 14 }), [])
    const { sizeBytes } = await f.read(10, 1)
    assert.deepEqual(await f.offsets(11, 1), [10], 'at least one')
    assert.deepEqual(await f.offsets(11, sizeBytes - 1, { minOneMessage: false }), [])
    assert.deepEqual(await f.offsets(11, sizeBytes, { minOneMessage: false }), [10])
    assert.deepEqual(await f.offsets(11, 3 * sizeBytes + 50), [10, 12, 14])
    assert.equal((await f.read(11, 3 * sizeBytes + 50)).nextOffset, 16)
    assert.equal((await f.read(30)).nextOffset, 40)
    assert.deepEqual(await f.offsets(30, 0, { minOneMessage: false }), [])
  }
})

test('a Fetch gets all bytes it asks for, and in them the beginning of a batch', async () => {
  for (const source of ['memory', 'page cache', 'disk'] as const) {
    for (const batchBytes of [100, 3000, 100_000]) {
      const f = new LogFixture({ indexIntervalBytes: 300 })
      for (let i = 0; i < 12; i++) f.append([`${i}`.padEnd(batchBytes, '.'), ''])
      f.commit()
      if (source === 'page cache') f.log.tail.reset(f.log.tail.end)
      if (source === 'disk') {
        f.log.close()
        f.open({ wasCleanShutdown: true })
      }
      const whole = await f.read(0, 8 << 20)
      const size = whole.sizeBytes / 12
      const bytes = Buffer.concat(whole.pieces)
      const cut = async (offset: number, maxBytes: number, upperBound = 24) => {
        const options = { minOneMessage: false, upperBound, asFetch: true }
        const read = wholeOf(await f.readBytes(offset, maxBytes, options))
        const start = (offset >> 1) * size
        assert.deepEqual(Buffer.concat(read.pieces), bytes.subarray(start, start + read.sizeBytes))
        // Of what was left in the file the index says no more than that.
        const next = offset - (offset % 2) + 2 * Math.floor(read.sizeBytes / size)
        if (read.rest === undefined) return [read.sizeBytes, read.nextOffset]
        assert.ok(read.nextOffset >= next)
        return [read.sizeBytes, next]
      }
      for (const offset of [0, 5, 8]) {
        const next = offset - (offset % 2) + 2
        assert.deepEqual(await cut(offset, size - 1), [0, offset], 'nothing but a beginning')
        assert.deepEqual(await cut(offset, size), [size, next])
        assert.deepEqual(await cut(offset, size + 1), [size + 1, next])
        assert.deepEqual(await cut(offset, size + 70), [size + 70, next])
        assert.deepEqual(await cut(offset, 3 * size - 1), [3 * size - 1, next + 2])
        assert.deepEqual(await cut(offset, size + 70, next), [size, next], 'below the bound')
        assert.deepEqual(await cut(offset, size + 70, next + 1), [size, next])
        assert.deepEqual(await cut(offset, size + 70, next + 2), [size + 70, next])
      }
      assert.deepEqual(await cut(22, 10 * size), [size, 24], 'the end of the log')
      assert.equal((await f.readBytes(4, size - 1, { asFetch: true })).sizeBytes, size)
    }
  }
})

test('a segment is rolled by size, by time, by its index and by the reach of its offsets', () => {
  const bySize = new LogFixture({ segmentBytes: 250 })
  for (let i = 0; i < 4; i++) bySize.append(['x'.repeat(40)])
  assert.equal(bySize.log.segments.count, 2)
  const byTime = new LogFixture({ segmentMs: 1000 })
  for (const ms of [0, 1000, 1001, 500, 2001, 2002]) {
    byTime.append(['x'], { timestampMs: START_MS + ms })
  }
  assert.deepEqual(
    byTime.log.segments.all.map((segment) => segment.baseOffset),
    [0, 2, 5],
  )
  const byIndex = new LogFixture({ segmentIndexBytes: 16, indexIntervalBytes: 0 })
  for (let i = 0; i < 7; i++) byIndex.append(['x'])
  assert.ok(byIndex.log.segments.count > 2)
  const byReach = new LogFixture()
  byReach.append(['x'])
  const far = batchOf(['y'], { baseOffset: 2 ** 31 + 5 })
  const result = byReach.log.appendAsFollower(far, { leaderEpoch: 0, nowMs: START_MS })
  assert.equal(result.error, ErrorCode.NONE)
  assert.equal(byReach.log.segments.active.baseOffset, 2 ** 31 + 5)
})

test('a batch larger than a segment, and offsets that fall, are refused', () => {
  const f = new LogFixture({ segmentBytes: 200 })
  assert.equal(f.append(['x'.repeat(300)]).error, ErrorCode.RECORD_LIST_TOO_LARGE)
  f.append(['a', 'b'])
  const context = { leaderEpoch: 0, nowMs: START_MS }
  const again = f.log.appendAsFollower(batchOf(['z'], { baseOffset: 1 }), context)
  assert.equal(again.error, ErrorCode.OFFSET_OUT_OF_RANGE)
  assert.equal(f.log.logEndOffset, 2)
})

test('the hot tail stays within its bounds', async () => {
  const f = new LogFixture()
  const limit = f.log.home.resources.limits.maxTailBytesPerLog
  for (let i = 0; i < 200; i++) {
    f.append(['x'.repeat(50_000)])
    f.log.write()
    assert.ok(f.log.tail.memoryBytes <= limit)
  }
  assert.ok(f.log.tail.start > 0)
  assert.deepEqual(await f.offsets(0, 1), [0])
  assert.deepEqual(await f.offsets(199, 1), [199])
})

test('offsets by timestamp, in compressed batches too', () => {
  const f = new LogFixture({ segmentBytes: 800, indexIntervalBytes: 100 })
  assert.equal(f.log.offsetForTimestamp(START_MS), null)
  assert.equal(f.log.offsetOfMaxTimestamp(), null)
  const late = START_MS + 50_000
  for (let i = 0; i < 30; i++) {
    const compression = i % 2 === 0 ? 'none' : 'lz4'
    f.append(['a', 'b', 'c'], { timestampMs: START_MS + i * 10, compression })
  }
  f.append(['latest'], { timestampMs: late })
  f.append(['d'], { timestampMs: START_MS })
  assert.ok(f.log.segments.count > 3)
  const offset = (ms: number) => f.log.offsetForTimestamp(START_MS + ms)?.offset ?? -1
  assert.deepEqual(
    [0, 1, 10, 95, 290, 291, 50_000, 50_001].map(offset),
    [0, 3, 3, 30, 87, 90, 90, -1],
  )
  assert.deepEqual(f.log.offsetOfMaxTimestamp(), { offset: 90, timestampMs: late, leaderEpoch: 0 })
  f.commit()
  f.log.incrementLogStartOffset(31)
  assert.equal(offset(95), 31)
})

test('retention by size and age takes whole segments below the high watermark', () => {
  const f = new LogFixture({ segmentBytes: 300, retentionBytes: 700, retentionMs: -1 })
  for (let i = 0; i < 12; i++) f.append(['x'.repeat(60)], { timestampMs: START_MS + i * 1000 })
  assert.equal(f.log.deleteOldSegments(START_MS), 0, 'nothing is committed')
  f.commit()
  const { sizeBytes } = f.log
  assert.ok(f.log.deleteOldSegments(START_MS) > 0)
  assert.ok(f.log.sizeBytes >= 700 && f.log.sizeBytes < sizeBytes)
  assert.equal(f.log.logStartOffset, f.log.segments.first.baseOffset)
  f.log.updateConfig({ ...f.config, retentionBytes: -1, retentionMs: 5000 })
  f.log.deleteOldSegments(START_MS + 14_000)
  assert.ok(f.log.segments.first.maxTimestamp().timestampMs >= START_MS + 9000)
  f.log.deleteOldSegments(START_MS + 100_000)
  assert.deepEqual([f.log.logStartOffset, f.log.logEndOffset, f.log.sizeBytes], [12, 12, 0])
  assert.deepEqual(f.names('.log'), ['00000000000000000012.log'])
  assert.equal(f.append(['y']).firstOffset, 12)
  f.log.updateConfig({ ...f.config, cleanupPolicyDelete: false, cleanupPolicyCompact: true })
  f.commit()
  assert.equal(f.log.deleteOldSegments(START_MS + 10 ** 9), 0, 'compaction keeps its own count')
})

test('idempotence: retries of the last five batches are answered with their first offsets', () => {
  const f = new LogFixture()
  const send = (baseSequence: number, producerEpoch = 0, values = ['a', 'b']) =>
    f.append(values, { producerId: 9, producerEpoch, baseSequence })
  assert.equal(send(7).error, ErrorCode.NONE, 'an unknown producer begins anywhere')
  for (let sequence = 9; sequence < 21; sequence += 2) send(sequence)
  assert.equal(f.log.logEndOffset, 14)
  const again = send(11)
  assert.deepEqual([again.duplicate, again.firstOffset, again.lastOffset], [true, 4, 5])
  const forgotten = send(9)
  assert.equal(forgotten.error, ErrorCode.OUT_OF_ORDER_SEQUENCE_NUMBER)
  assert.match(forgotten.errorMessage!, /9 \(incoming seq. number\), 20 \(current end sequence/)
  assert.equal(send(22).error, ErrorCode.OUT_OF_ORDER_SEQUENCE_NUMBER)
  assert.equal(send(21, 1).error, ErrorCode.OUT_OF_ORDER_SEQUENCE_NUMBER, 'a new epoch begins at 0')
  assert.equal(send(0, 1).error, ErrorCode.NONE)
  assert.equal(send(2, 0).error, ErrorCode.INVALID_PRODUCER_EPOCH)
  assert.equal(f.log.logEndOffset, 16)
  const [producer] = f.log.producerStates()
  assert.deepEqual([producer!.producerEpoch, producer!.lastSequence], [1, 1])
})

test('sequence numbers go on at 0 after the last one', () => {
  const f = new LogFixture()
  const last = 2 ** 31 - 1
  const send = (baseSequence: number, values: string[]) =>
    f.append(values, { producerId: 9, producerEpoch: 0, baseSequence })
  send(last - 1, ['a'])
  assert.equal(send(last, ['b', 'c']).error, ErrorCode.NONE)
  assert.equal(send(last, ['b', 'c']).duplicate, true)
  assert.equal(send(1, ['d']).error, ErrorCode.NONE)
  assert.equal(send(0, ['e']).error, ErrorCode.OUT_OF_ORDER_SEQUENCE_NUMBER)
})

test('producers are forgotten when they have been silent for long', () => {
  const f = new LogFixture()
  f.append(['a'], { producerId: 1, producerEpoch: 0, baseSequence: 0 })
  f.append(['a'], { producerId: 2, producerEpoch: 0, baseSequence: 0, isTransactional: true })
  const day = 24 * 3600 * 1000
  f.log.removeExpiredProducers(START_MS + day - 1)
  assert.equal(f.log.producerStates().length, 2)
  f.log.removeExpiredProducers(START_MS + day)
  assert.deepEqual(
    f.log.producerStates().map((producer) => producer.producerId),
    [2],
    'but not with a transaction open',
  )
})

test('an append that is refused changes nothing', () => {
  const f = new LogFixture()
  f.append(['a'], { producerId: 1, producerEpoch: 5, baseSequence: 0, isTransactional: true })
  const before = JSON.stringify(f.log.producerStates())
  const outside = f.append(['b'], { producerId: 1, producerEpoch: 5, baseSequence: 1 })
  assert.equal(outside.error, ErrorCode.INVALID_TXN_STATE)
  const corrupt = batchOf(['c'])
  corrupt[corrupt.length - 1]! ^= 1
  const context = { leaderEpoch: 0, nowMs: START_MS, origin: 'client' as const }
  assert.equal(f.log.appendAsLeader(corrupt, context).error, ErrorCode.CORRUPT_MESSAGE)
  assert.equal(JSON.stringify(f.log.producerStates()), before)
  assert.equal(f.log.logEndOffset, 1)
})

test('the raft log: batches with their offsets, cut back to a snapshot', async () => {
  const f = new LogFixture()
  const context = { leaderEpoch: 4, nowMs: START_MS }
  const at = (baseOffset: number, values: string[]) =>
    f.log.appendAsFollower(batchOf(values, { baseOffset, partitionLeaderEpoch: 4 }), context)
  assert.equal(at(0, ['a', 'b']).lastOffset, 1)
  assert.equal(at(2, ['c']).error, ErrorCode.NONE)
  await f.io.simulation.settle(f.log.flush())
  assert.deepEqual([f.log.recoveryPoint, f.log.latestEpoch], [3, 4])
  f.log.truncateFullyAndStartAt(100, START_MS)
  assert.deepEqual([f.log.logStartOffset, f.log.logEndOffset, f.log.latestEpoch], [100, 100, -1])
  assert.equal(at(100, ['d']).error, ErrorCode.NONE)
  f.log.flushNow()
  f.io.crash()
  f.open({ recoveryPoint: 101 })
  assert.deepEqual([f.log.logStartOffset, f.log.logEndOffset, f.log.latestEpoch], [100, 101, 4])
})

test('a flush on this thread may come while another is under way, and epochs begin', async () => {
  for (let passMs = 0; passMs < 80; passMs++) {
    const f = new LogFixture()
    f.append(['a'], {}, { leaderEpoch: 1 })
    const flushed = f.log.flush()
    await f.io.simulation.advance(passMs)
    f.append(['b'], {}, { leaderEpoch: 2 })
    f.log.flushNow()
    await f.io.simulation.settle(flushed)
    assert.equal(f.log.failure, null, `after ${passMs} ms`)
    f.io.crash('lose')
    f.open({ recoveryPoint: 2 })
    assert.deepEqual([f.log.logEndOffset, f.log.latestEpoch], [2, 2], `after ${passMs} ms`)
    assert.deepEqual(f.warnings, [])
  }
})

test('a flush on this thread does not count on names that another is making durable', async () => {
  for (let passMs = 0; passMs < 80; passMs += 0.5) {
    const f = new LogFixture()
    f.append(['a'])
    f.log.roll(START_MS)
    await f.io.simulation.advance(passMs)
    f.append(['b'])
    f.log.flushNow()
    f.io.crash('lose')
    f.open({ recoveryPoint: 2 })
    assert.equal(f.log.logEndOffset, 2, `after ${passMs} ms`)
    assert.deepEqual(f.warnings, [])
  }
})
