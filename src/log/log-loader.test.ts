/** What opening a log makes of what it finds: leftovers of renames, damage, files that are gone. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { CorruptLogError } from './corrupt-log-error.ts'
import { START_MS } from './log.test-support.ts'
import { LogFixture } from './log-fixture.test-support.ts'

const DIRECTORY = '/data/t-0'

/** A closed log of 5 segments with 4 offsets each. */
function closedLog(): LogFixture {
  const f = new LogFixture({ segmentBytes: 480, indexIntervalBytes: 150 })
  for (let i = 0; i < 20; i++) f.append([`${i}`.padEnd(50, '.')])
  f.commit()
  f.log.close()
  assert.deepEqual(
    f.names('.log').map((name) => Number(name.slice(0, 20))),
    [0, 4, 8, 12, 16],
  )
  return f
}

function rename(f: LogFixture, base: number, suffix: string, newBase = base): void {
  const prefix = `${base}`.padStart(20, '0')
  const newPrefix = `${newBase}`.padStart(20, '0')
  for (const ending of ['.log', '.index', '.timeindex']) {
    const to = `${DIRECTORY}/${newPrefix}${ending}${suffix}`
    f.io.disk.rename(`${DIRECTORY}/${prefix}${ending}`, to)
  }
}

function bases(f: LogFixture): number[] {
  return f.log.segments.all.map((segment) => segment.baseOffset)
}

test('deleted files go', () => {
  const f = closedLog()
  rename(f, 0, '.deleted')
  rename(f, 4, '.deleted')
  f.open({ wasCleanShutdown: true })
  assert.deepEqual(bases(f), [8, 12, 16])
  assert.equal(f.log.logStartOffset, 8)
  assert.deepEqual(f.names('.deleted'), [])
})

test('an unfinished compaction is forgotten, a finished one completed', async () => {
  // Crashed while cleaning segments 4 and 8: the copy is not whole.
  const unfinished = closedLog()
  unfinished.io.disk.open(`${DIRECTORY}/${'4'.padStart(20, '0')}.log.cleaned`, 'create').close()
  unfinished.open({ wasCleanShutdown: true })
  assert.deepEqual(bases(unfinished), [0, 4, 8, 12, 16])
  assert.deepEqual(unfinished.names('.cleaned'), [])
  // Crashed between renaming the copy to .swap and the old segments to .deleted.
  const finished = closedLog()
  const swapped = finished.io.disk.readFile(`${DIRECTORY}/${'8'.padStart(20, '0')}.log`)
  rename(finished, 8, '.swap', 4)
  finished.open()
  assert.deepEqual(bases(finished), [0, 4, 12, 16])
  const path = `${DIRECTORY}/${'4'.padStart(20, '0')}.log`
  assert.deepEqual(finished.io.disk.readFile(path), swapped)
  assert.deepEqual(await finished.offsets(4, 1), [8])
  // A .swap after an unfinished .cleaned belongs to the same unfinished replacement.
  const mixed = closedLog()
  mixed.io.disk.open(`${DIRECTORY}/${'4'.padStart(20, '0')}.log.cleaned`, 'create').close()
  mixed.io.disk.open(`${DIRECTORY}/${'8'.padStart(20, '0')}.log.swap`, 'create').close()
  mixed.open({ wasCleanShutdown: true })
  assert.deepEqual(bases(mixed), [0, 4, 8, 12, 16])
  assert.deepEqual(mixed.names('.swap'), [])
})

test('index files without a log go, and missing ones are made', () => {
  const f = closedLog()
  f.io.disk.remove(`${DIRECTORY}/00000000000000000000.log`)
  f.io.disk.remove(`${DIRECTORY}/00000000000000000008.timeindex`)
  const before = f.io.disk.readFile(`${DIRECTORY}/00000000000000000008.index`)
  f.open({ wasCleanShutdown: true })
  assert.deepEqual(bases(f), [4, 8, 12, 16])
  assert.ok(!f.names('.index').includes('00000000000000000000.index'))
  assert.ok(f.names('.timeindex').includes('00000000000000000008.timeindex'))
  assert.deepEqual(f.io.disk.readFile(`${DIRECTORY}/00000000000000000008.index`), before)
  assert.match(f.warnings[0]!, /0+8\.log: index missing, made anew/)
})

test('a log that ends before its start begins anew there', () => {
  const f = closedLog()
  f.open({ wasCleanShutdown: true, logStartOffset: 30 })
  assert.deepEqual([f.log.logStartOffset, f.log.logEndOffset], [30, 30])
  assert.match(
    f.warnings[0]!,
    /ends at 20, before its log start offset 30; segment files must have/,
  )
  assert.equal(f.append(['x']).firstOffset, 30)
})

test('a clean log with a damaged end is refused; reserved room at its end is cut', () => {
  const f = closedLog()
  const path = `${DIRECTORY}/00000000000000000016.log`
  const file = f.io.disk.open(path, 'write')
  const size = file.size()
  file.truncate(size + 5000)
  f.open({ wasCleanShutdown: true, recoveryPoint: 20 })
  assert.equal(f.log.logEndOffset, 20)
  assert.equal(f.io.disk.stat(path)?.size, size)
  f.log.close()
  file.truncate(size - 1)
  const reopen = () => f.open({ wasCleanShutdown: true, recoveryPoint: 20 })
  assert.throws(reopen, (error: unknown) => {
    assert.ok(error instanceof CorruptLogError)
    assert.match(error.message, /offset 19\): a batch of \d+ bytes, \d+ remain/)
    assert.match(error.message, /had been closed cleanly, so nothing is dropped/)
    return true
  })
})

test('after a crash only what lies above the recovery point is read', () => {
  const f = closedLog()
  f.open({ recoveryPoint: 18 })
  assert.equal(f.log.recoveryPoint, 18)
  assert.equal(f.log.logEndOffset, 20)
  f.log.close()
  // A byte of what was flushed long ago: it isn't looked at, and it isn't lost.
  const file = f.io.disk.open(`${DIRECTORY}/00000000000000000000.log`, 'write')
  file.write([new Uint8Array([0xff])], 100)
  f.open({ recoveryPoint: 18 })
  assert.deepEqual(bases(f), [0, 4, 8, 12, 16])
  assert.deepEqual(f.warnings, [])
})

test('what lies behind a cut is removed, after a warning', async () => {
  const f = closedLog()
  f.io.disk.open(`${DIRECTORY}/00000000000000000008.log`, 'write').truncate(150)
  f.open({ recoveryPoint: 3 })
  assert.deepEqual([f.log.logEndOffset, bases(f)], [9, [0, 4, 8]])
  assert.deepEqual(
    f.warnings.map((warning) => warning.replace(/^.*\/0*/, '').slice(0, 40)),
    [
      '8.log: byte 118 (offset 9): 32 bytes are no batch',
      '16.log: lies behind a cut, removed',
      '12.log: lies behind a cut, removed',
    ].map((text) => text.slice(0, 40)),
  )
  assert.equal(f.names('.deleted').length > 0, true)
  await f.io.simulation.settle(f.log.home.deferred.run(START_MS + 60_000))
  assert.deepEqual(f.names('.deleted'), [])
  assert.equal(f.append(['x']).firstOffset, 9)
})

test('old message formats are refused, with their name', () => {
  const f = closedLog()
  const file = f.io.disk.open(`${DIRECTORY}/00000000000000000016.log`, 'write')
  file.write([new Uint8Array([1])], 16)
  assert.throws(() => f.open({ wasCleanShutdown: true }), /offset 16\): magic 1\. The log had been/)
})

test('what a closed log knew of its producers and epochs is made anew from its batches', () => {
  const f = new LogFixture({ segmentBytes: 480, indexIntervalBytes: 150 })
  for (let i = 0; i < 20; i++) {
    f.append([`${i}`.padEnd(50, '.')], { producerId: 7, producerEpoch: 0, baseSequence: i })
  }
  f.commit()
  f.log.close()
  const { latestEpoch } = f.log
  const known = f.log.producerStates().map(({ lastSequence }) => lastSequence)
  assert.deepEqual(known, [19])
  for (const name of f.names('.snapshot')) f.io.disk.remove(`${DIRECTORY}/${name}`)
  f.io.disk.open(`${DIRECTORY}/leader-epoch-checkpoint`, 'create').truncate(0)
  f.open({ wasCleanShutdown: true })
  assert.deepEqual(
    f.log.producerStates().map(({ lastSequence }) => lastSequence),
    known,
  )
  assert.equal(f.log.latestEpoch, latestEpoch)
  assert.match(f.warnings.join(), /leader-epoch-checkpoint: empty, made anew/)
  assert.match(f.warnings.join(), /no producer snapshot, made anew/)
})

test('an index of another segment is not believed', async () => {
  const f = closedLog()
  for (const ending of ['.index', '.timeindex']) {
    const [one, other] = [4, 12].map(
      (base) => `${DIRECTORY}/${`${base}`.padStart(20, '0')}${ending}`,
    )
    const content = f.io.disk.readFile(one!)
    f.io.disk.writeFileAtomic(one!, f.io.disk.readFile(other!))
    f.io.disk.writeFileAtomic(other!, content)
  }
  f.io.disk.open(`${DIRECTORY}/00000000000000000008.timeindex`, 'write').truncate(0)
  f.open({ wasCleanShutdown: true })
  for (let offset = 0; offset < 20; offset++) {
    assert.deepEqual(await f.offsets(offset, 1), [offset])
  }
  // Retention goes by it: an empty one would have the segment deleted too early.
  const [, , third] = f.log.segments.all
  assert.equal(third!.maxTimestamp().timestampMs, START_MS)
})

test('what lies above deleted records is there after a crash, wherever recovery begins', async () => {
  // The log start is saved at once, the recovery point within a minute.
  for (let recoveryPoint = 0; recoveryPoint <= 18; recoveryPoint++) {
    const f = closedLog()
    f.open({ recoveryPoint, logStartOffset: 18 })
    assert.deepEqual([f.log.logStartOffset, f.log.logEndOffset], [18, 20], `${recoveryPoint}`)
    assert.deepEqual(f.warnings, [])
  }
  // Compaction may have left the first segment that is looked at without a batch.
  const f = closedLog()
  f.io.disk.open(`${DIRECTORY}/00000000000000000004.log`, 'write').truncate(0)
  for (const ending of ['.index', '.timeindex']) {
    f.io.disk.open(`${DIRECTORY}/00000000000000000004${ending}`, 'write').truncate(0)
  }
  const config = { ...f.config, cleanupPolicyCompact: true }
  f.open({ recoveryPoint: 4, logStartOffset: 18, config })
  assert.deepEqual([f.log.logStartOffset, f.log.logEndOffset], [18, 20])
  assert.deepEqual(await f.offsets(18, 1), [18])
  assert.deepEqual(f.warnings, [])
})
