/** What a Fetch leaves in a file: there for as long as the log has it, and no longer. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { LaterBytes } from '../base/bytes.ts'
import { START_MS } from './log.test-support.ts'
import { LogFixture } from './log-fixture.test-support.ts'

const BATCHES = 20
const VALUE_BYTES = 20_000

/** A log that was opened again, so that what is read comes from its file; and a rest of it. */
async function withRest(): Promise<{ f: LogFixture; rest: LaterBytes; expected: Uint8Array }> {
  const f = new LogFixture({ segmentBytes: 10 * VALUE_BYTES, fileDeleteDelayMs: 1000 })
  for (let i = 0; i < BATCHES; i++) f.append([`${i}`.padEnd(VALUE_BYTES, '.')])
  f.commit()
  await f.io.simulation.settle(f.log.flush())
  f.log.close()
  f.open({ wasCleanShutdown: true })
  f.commit()
  const whole = await f.read(0, 1 << 20)
  const { pieces, rest, sizeBytes } = await f.readBytes(0, 1 << 20, { asFetch: true })
  assert.ok(rest !== undefined)
  assert.equal(sizeBytes, whole.sizeBytes)
  const bytes = Buffer.concat(whole.pieces)
  const headBytes = bytes.length - rest.length
  assert.deepEqual(Buffer.concat(pieces), bytes.subarray(0, headBytes))
  return { f, rest, expected: new Uint8Array(bytes.subarray(headBytes)) }
}

/** Reads a part of the rest in both ways. */
async function readBoth(f: LogFixture, rest: LaterBytes, from: number): Promise<Uint8Array> {
  const [now, soon] = [new Uint8Array(1000), new Uint8Array(1000)]
  rest.readNow(now, from)
  await f.io.simulation.settle(rest.read(soon, from))
  assert.deepEqual(now, soon)
  return now
}

async function assertGone(f: LogFixture, rest: LaterBytes, why: RegExp): Promise<void> {
  assert.throws(() => rest.readNow(new Uint8Array(1000), 0), why)
  await assert.rejects(f.io.simulation.settle(rest.read(new Uint8Array(1000), 0)), why)
}

test('it is read where it is, in any part', async () => {
  const { f, rest, expected } = await withRest()
  for (const from of [0, 17, rest.length - 1000]) {
    assert.deepEqual(await readBoth(f, rest, from), expected.subarray(from, from + 1000))
  }
})

test('a segment that retention has taken is read until its files go, which fails no log', async () => {
  const { f, rest, expected } = await withRest()
  f.log.incrementLogStartOffset(BATCHES - 1)
  assert.ok(f.log.deleteOldSegments(START_MS) > 0)
  assert.deepEqual(await readBoth(f, rest, 0), expected.subarray(0, 1000))
  await f.io.simulation.settle(f.log.home.deferred.run(START_MS + 1000))
  await assertGone(f, rest, /ENOENT/)
  assert.equal(f.log.failure, null)
})

test('one that is read while its files go holds nothing open after that', async () => {
  const { f, rest, expected } = await withRest()
  f.log.incrementLogStartOffset(BATCHES - 1)
  assert.ok(f.log.deleteOldSegments(START_MS) > 0)
  let isDeleted = false
  void f.log.home.deferred.run(START_MS + 1000).then(() => (isDeleted = true))
  for (let reads = 0; !isDeleted; reads++) {
    const read = new Uint8Array(1000)
    try {
      rest.readNow(read, 0)
      assert.deepEqual(read, expected.subarray(0, 1000))
    } catch (error) {
      assert.match(String(error), /ENOENT/)
      assert.ok(reads > 0)
    }
    await f.io.simulation.advance(0.5)
  }
  await assertGone(f, rest, /ENOENT/)
})

test('nothing is read of a log that was cut meanwhile, for other bytes may stand there', async () => {
  const { f, rest } = await withRest()
  const under = rest.read(new Uint8Array(1000), 0)
  f.log.truncateTo(2, START_MS)
  await assert.rejects(f.io.simulation.settle(under), /was truncated/)
  await assertGone(f, rest, /was truncated/)
  assert.equal(f.log.failure, null)
})

test('nothing is read of a log that is no longer here', async () => {
  const { f, rest } = await withRest()
  f.log.abandon()
  await assertGone(f, rest, /is closed/)
})

test('a file that has lost its end says so', async () => {
  const { f, rest } = await withRest()
  const file = f.io.disk.open(f.log.fileOf(0), 'write')
  file.truncate(VALUE_BYTES)
  await assertGone(f, rest, /is shorter than it was/)
  assert.equal(f.log.failure, null)
})

test('an error of the disk is one of the log', async () => {
  const { f, rest } = await withRest()
  f.io.volume.inject({ kind: 'read', path: '/data' })
  assert.throws(() => rest.readNow(new Uint8Array(1000), 0), /EIO/)
  assert.match(String(f.log.failure), /EIO/)
})
