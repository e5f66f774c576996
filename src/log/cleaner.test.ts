/** What compaction keeps and drops, when it begins, and what faults do to it. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import * as batch from '../records/batch.ts'
import { COMPRESSION_TYPES } from '../records/compression/compression.ts'
import { CleanerFixture, START_MS } from './cleaner.test-support.ts'

const DAY_MS = 86_400_000

test('the latest record of each key stays, at its offset and with its time', async () => {
  for (const compression of COMPRESSION_TYPES) {
    const f = new CleanerFixture()
    f.append([['a', '1'], ['b', '1'], ['c', '1']], { compression }) // biome-ignore format: short
    f.nowMs += 5
    f.append([['a', '2'], ['d', '1']], { compression }) // biome-ignore format: short
    f.roll()
    f.append([['b', '2']])
    f.roll()
    f.append([['c', 'in the active segment']])
    await f.clean()
    assert.equal(f.summary(), 'c=1@2 a=2@3 d=1@4 b=2@5 c=in the active segment@6')
    const [c, a] = f.records()
    assert.deepEqual([c!.timestampMs, a!.timestampMs], [START_MS, START_MS + 5])
    assert.deepEqual(f.batches()[0], [0, 2, 1, COMPRESSION_TYPES.indexOf(compression)])
    // Three segments have become one and the active one.
    assert.deepEqual(
      f.log.segments.all.map((segment) => segment.baseOffset),
      [0, 6],
    )
    assert.deepEqual(f.warnings, [])
  }
})

test('what was cleaned is readable, also after a restart, and is not cleaned again', async () => {
  const f = new CleanerFixture()
  for (let i = 0; i < 50; i++) f.append([[`k${i % 7}`, `v${i}`]])
  f.roll()
  await f.clean()
  const before = f.summary()
  assert.equal(f.records().length, 7)
  const checkpoint = f.io.disk.readFile('/data/cleaner-offset-checkpoint')
  assert.equal(Buffer.from(checkpoint).toString(), '0\n1\nt 0 50\n')
  f.log.close()
  f.reopen()
  assert.equal(f.summary(), before)
  await f.clean()
  assert.equal(f.cleaner.lastRound, null)
  const read = f.log.read(0, 1 << 20, { minOneMessage: true, upperBound: 50 })
  const result = await f.io.simulation.settle(Promise.resolve(read))
  assert.equal(batch.lastOffset(result.pieces[0]!, 0), 43)
})

test('a tombstone stays for delete.retention.ms after the round that first sees it', async () => {
  const f = new CleanerFixture({ deleteRetentionMs: DAY_MS })
  f.append([['a', '1'], ['b', '1']]) // biome-ignore format: short
  f.append([['a', null], ['c', '1']]) // biome-ignore format: short
  f.roll()
  await f.clean()
  assert.equal(f.summary(), 'b=1@1 a=null@2 c=1@3')
  const flags = f.batches().map(([, , , attributes]) => attributes & batch.DELETE_HORIZON_FLAG)
  assert.deepEqual(flags, [0, batch.DELETE_HORIZON_FLAG])
  f.nowMs += DAY_MS / 2
  f.append([['x', '1']])
  f.roll()
  await f.clean()
  assert.match(f.summary(), /a=null@2/)
  f.nowMs += DAY_MS / 2
  f.append([['y', '1']])
  f.roll()
  await f.clean()
  assert.equal(f.summary(), 'b=1@1 c=1@3 x=1@4 y=1@5')
})

test('aborted records go at once, their marker later; committed ones stay', async () => {
  const f = new CleanerFixture({ deleteRetentionMs: 1_000_000 })
  const transactional = (producerId: number, baseSequence = 0) => ({
    producerId,
    producerEpoch: 0,
    baseSequence,
    isTransactional: true,
  })
  f.append([['a', 'aborted'], ['b', 'aborted']], transactional(7)) // biome-ignore format: short
  f.append([['a', 'committed']], transactional(8))
  f.endTransaction(7, 'abort') // offset 3
  f.endTransaction(8, 'commit') // offset 4
  f.append([['b', 'later']], { producerId: 7, producerEpoch: 0, baseSequence: 2 })
  f.append([['c', 'later']], transactional(8, 1))
  f.endTransaction(8, 'commit') // offset 7
  f.roll()
  f.append([['z', '1']])
  await f.clean()
  assert.equal(f.summary(), 'a=committed@2 b=later@5 c=later@6 z=1@8')
  const control = () =>
    f
      .batches()
      .filter(([, , , attributes]) => (attributes & batch.CONTROL_FLAG) !== 0)
      .map(([baseOffset]) => baseOffset)
  // The round saw batches of both transactions.
  assert.deepEqual(control(), [3, 4, 7])
  assert.deepEqual(f.log.abortedTransactions(0, 10).length, 1)
  // The next one sees none of the aborted transaction: its marker gets a horizon, and goes after
  // it.
  f.roll()
  f.append([['z', '2']])
  await f.clean()
  assert.deepEqual(control(), [3, 4, 7])
  f.nowMs += 1_000_000
  f.roll()
  f.append([['z', '3']])
  await f.clean()
  assert.deepEqual(control(), [4, 7])
  assert.equal(f.log.abortedTransactions(0, 10).length, 0)
})

test('an open transaction is not cleaned', async () => {
  const f = new CleanerFixture()
  f.append([['a', '1']])
  f.append([['a', '2']])
  f.roll()
  f.append([['a', 'open']], {
    producerId: 1,
    producerEpoch: 0,
    baseSequence: 0,
    isTransactional: true,
  })
  f.roll()
  f.append([['a', '4']])
  f.roll()
  await f.clean()
  assert.equal(f.summary(), 'a=2@1 a=open@2 a=4@3')
})

test("the batch with a live producer's last sequence stays as a header", async () => {
  const f = new CleanerFixture()
  const by = (producerId: number, baseSequence: number) => ({
    producerId,
    producerEpoch: 3,
    baseSequence,
  })
  f.append([['a', '1']], by(5, 0))
  f.append([['a', '2'], ['a', '3']], by(5, 1)) // biome-ignore format: short
  f.append([['a', '4']], by(6, 0))
  f.append([['b', '1']])
  f.roll()
  await f.clean()
  assert.equal(f.summary(), 'a=4@3 b=1@4')
  assert.deepEqual(f.batches()[0], [1, 2, 0, 0])
  f.log.close()
  f.reopen()
  const producer = f.log.producerStates().find(({ producerId }) => producerId === 5)!
  assert.deepEqual([producer.lastSequence, producer.producerEpoch], [2, 3])
  // A retry of it is still known.
  assert.equal(f.append([['a', '2'], ['a', '3']], by(5, 1)).duplicate, true) // biome-ignore format: short
})

test('the last offset of the log is not lost when its record is outdated', async () => {
  const f = new CleanerFixture()
  f.append([['a', '1']])
  f.append([['a', null]])
  f.roll()
  await f.clean()
  f.nowMs += 5_000
  f.append([['b', '1']])
  f.roll()
  await f.clean()
  assert.equal(f.summary(), 'b=1@2')
  f.append([['b', '2']])
  f.append([['b', '3']])
  f.roll()
  const truncated = f.log.logEndOffset
  await f.clean()
  f.log.close()
  f.reopen()
  assert.equal(f.log.logEndOffset, truncated)
})

test('lags: nothing younger than the minimum, everything older than the maximum', async () => {
  const f = new CleanerFixture({ minCompactionLagMs: 100_000, minCleanableDirtyRatio: 1 })
  f.append([['a', '1'], ['a', '2']]) // biome-ignore format: short
  f.roll()
  f.append([['b', '1']])
  f.roll()
  await f.clean()
  assert.equal(f.cleaner.lastRound, null)
  f.nowMs += 100_000
  await f.clean()
  assert.equal(f.cleaner.lastRound, null, 'old enough, but the ratio is not above 1')
  f.log.updateConfig({ ...f.config, maxCompactionLagMs: 110_000 })
  await f.clean()
  assert.equal(f.summary(), 'a=2@1 b=1@2')
  assert.equal(f.cleaner.maxCompactionDelayMs, 0)
})

test('a small map cleans in several rounds', async () => {
  const f = new CleanerFixture({ segmentBytes: 2000 })
  for (let i = 0; i < 300; i++) f.append([[`k${i % 60}`, `v${i}`]])
  f.roll()
  f.cleaner.updateConfig(
    {
      isEnabled: true,
      dedupeBufferBytes: 24 * 25,
      dedupeBufferLoadFactor: 0.8,
      ioBufferBytes: 300,
      ioMaxBytesPerSecond: Infinity,
      backoffMs: 10,
    },
    f.nowMs,
  )
  let rounds = 0
  for (let last = f.cleaner.lastRound, i = 0; i < 40; i++) {
    await f.clean()
    if (f.cleaner.lastRound !== last) rounds++
    last = f.cleaner.lastRound
  }
  assert.ok(rounds >= 1)
  const latest = new Map<string, string>()
  for (let i = 0; i < 300; i++) latest.set(`k${i % 60}`, `v${i}`)
  const kept = new Map(f.records().map(({ key, value }) => [key!, value!]))
  assert.deepEqual([...kept].sort(), [...latest].sort())
  assert.ok(f.records().length < 150)
})

test('compact and delete: retention removes whole segments, cleaning goes on behind it', async () => {
  const f = new CleanerFixture({ cleanupPolicyDelete: true, retentionMs: 50_000 })
  f.append([['a', '1'], ['a', '2']]) // biome-ignore format: short
  f.roll()
  await f.clean()
  f.nowMs += 60_000
  f.append([['b', '1'], ['b', '2']]) // biome-ignore format: short
  f.roll()
  assert.equal(f.log.deleteOldSegments(f.nowMs), 1)
  assert.equal(f.log.logStartOffset, 2)
  await f.clean()
  assert.equal(f.summary(), 'b=2@3')
})

test('a topic that is not compacted any more is left alone, also in the middle', async () => {
  const f = new CleanerFixture()
  for (let i = 0; i < 40; i++) f.append([['a', `${i}`]])
  f.roll()
  await f.clean(100, 6)
  assert.notEqual(f.cleaner.cleaning, null)
  f.log.updateConfig({ ...f.config, cleanupPolicyCompact: false })
  await f.clean()
  assert.equal(f.cleaner.cleaning, null)
  assert.equal(f.records().length, 40)
  assert.ok(f.files().every((name) => !name.includes('.cleaned')))
})

test('a truncation or deletion under way ends the round', async () => {
  const f = new CleanerFixture()
  for (let i = 0; i < 40; i++) f.append([['a', `${i}`]])
  f.roll()
  await f.clean(100, 6)
  f.log.truncateFullyAndStartAt(100, f.nowMs)
  await f.clean()
  assert.equal(f.cleaner.cleaning, null)
  assert.deepEqual(f.records(), [])
  assert.deepEqual(f.warnings, [])
})

test('a damaged batch makes the partition uncleanable, and loses nothing', async () => {
  const f = new CleanerFixture()
  f.append([['a', '1']])
  f.append([['a', '2']])
  f.roll()
  const path = '/data/t-0/00000000000000000000.log'
  const before = f.io.disk.readFile(path)
  const damaged = before.slice()
  damaged[damaged.length - 3]! ^= 1
  const file = f.io.disk.open(path, 'write')
  file.write([damaged], 0)
  file.close()
  await f.clean()
  assert.match(f.warnings[0]!, /t-0 can't be compacted .* no whole batch at byte/)
  assert.equal(f.cleaner.uncleanableCount, 1)
  assert.deepEqual(f.io.disk.readFile(path), damaged)
  assert.ok(f.files().every((name) => !name.includes('.cleaned')))
})

test('a disk error takes the directory offline', async () => {
  const f = new CleanerFixture()
  f.append([['a', '1']])
  f.append([['a', '2']])
  f.roll()
  f.io.volume.inject({ kind: 'read', path: '/data/t-0', times: 1 })
  await f.clean()
  assert.equal(f.failures.length, 1)
})

test('the checkpoint of a deleted partition is not taken for that of a new one', async () => {
  const f = new CleanerFixture()
  f.append([['a', '1']])
  f.append([['a', '2']])
  f.roll()
  await f.clean()
  f.io.disk.removeTree('/data/t-0')
  f.io.disk.makeDirectory('/data/t-0')
  const { cleaner } = f
  f.reopen()
  f.cleaner = cleaner
  f.append([['b', '1']])
  f.append([['b', '2']])
  f.roll()
  await f.clean()
  assert.equal(f.summary(), 'b=2@1')
})

test('a checkpoint outside of the log is reset', async () => {
  const f = new CleanerFixture()
  const content = new TextEncoder().encode('0\n1\nt 0 999\n')
  f.io.disk.writeFileAtomic('/data/cleaner-offset-checkpoint', content)
  f.append([['a', '1']])
  f.append([['a', '2']])
  f.roll()
  await f.clean()
  assert.equal(f.summary(), 'a=2@1')
})

test('the rate of I/O is held to its limit', () => {
  const f = new CleanerFixture()
  const config = {
    isEnabled: true,
    dedupeBufferBytes: 1 << 20,
    dedupeBufferLoadFactor: 0.9,
    ioBufferBytes: 1024,
    ioMaxBytesPerSecond: 1000,
    backoffMs: 10,
  }
  f.cleaner.updateConfig(config, f.nowMs)
  for (let i = 0; i < 40; i++) f.append([['a', `${i}`]])
  f.roll()
  f.cleaner.step(f.nowMs, 500)
  f.io.simulation.advanceSync(10)
  assert.equal(f.cleaner.nextDeadlineMs(), Infinity, 'a read is awaited')
})
