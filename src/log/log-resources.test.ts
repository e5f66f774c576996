/** Files and indexes that have to give way while something is at work with them. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { START_MS } from './log.test-support.ts'
import { LogFixture } from './log-fixture.test-support.ts'
import { DEFAULT_LOG_RESOURCE_LIMITS, LogResources } from './log-resources.ts'

/** One file and the indexes of one segment at a time. */
const SCARCE = { ...DEFAULT_LOG_RESOURCE_LIMITS, maxOpenFiles: 1, maxIndexBytes: 1 }

/** A closed log of 5 segments with 4 offsets each, every batch in the indexes. */
function closedLog(): LogFixture {
  const f = new LogFixture({ segmentBytes: 480, indexIntervalBytes: 0 })
  for (let i = 0; i < 20; i++) {
    const producer = { producerId: 7, producerEpoch: 0, baseSequence: i }
    f.append([`${i}`.padEnd(50, '.')], { ...producer, timestampMs: START_MS + i })
  }
  f.commit()
  f.log.close()
  return f
}

function openScarce(f: LogFixture): LogFixture {
  f.open({ wasCleanShutdown: true, resources: new LogResources(SCARCE) })
  return f
}

test('an index that is let go takes no file from the segment it makes room for', async () => {
  const f = closedLog()
  // Every segment is read again for its producers, and for its offsets only: what its time index
  // says was never held against its file.
  for (const name of f.names('.snapshot')) f.io.disk.remove(`/data/t-0/${name}`)
  openScarce(f)
  assert.equal(f.log.producerStates()[0]?.lastSequence, 19)
  assert.deepEqual(await f.offsets(14, 1), [14])
})

test('each look-up finds its way with one file and no room for indexes', async () => {
  const f = openScarce(closedLog())
  for (let offset = 19; offset >= 0; offset--) {
    assert.deepEqual(await f.offsets(offset, 1), [offset])
    assert.equal(f.log.offsetForTimestamp(START_MS + offset)?.offset, offset)
    assert.deepEqual(await f.offsets((offset * 7) % 20, 1), [(offset * 7) % 20])
  }
  assert.equal(f.log.offsetOfMaxTimestamp()?.offset, 19)
  assert.deepEqual(f.warnings, [])
})

test('an index is not taken as it was before others changed it and let it go', async () => {
  const f = new LogFixture({ indexIntervalBytes: 0 })
  for (let i = 0; i < 4; i++) f.append([`${i}`])
  f.commit()
  f.log.close()
  openScarce(f)
  const { active } = f.log.segments
  active.releaseIndexes()
  const loading = active.loadIndexes()
  f.append(['4'])
  f.append(['5'])
  active.releaseIndexes()
  await f.io.simulation.settle(loading)
  assert.equal(active.offsetIndex().lastOffset, 5)
})
