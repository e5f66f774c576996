/** Random writes, cleanings and power cuts at every step, held against a plain map. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { Prng } from '../base/prng.ts'
import type { Disk } from '../io/io.ts'
import type { CrashMode } from '../io/sim-file.ts'
import { COMPRESSION_TYPES } from '../records/compression/compression.ts'
import { CleanerFixture, type Entry } from './cleaner.test-support.ts'

/** What was written, and what must be left of it. */
class Model {
  readonly byOffset = new Map<number, Entry>()
  readonly latest = new Map<string, string | null>()

  wrote(firstOffset: number, entries: readonly Entry[], isAborted = false): void {
    entries.forEach((entry, i) => {
      this.byOffset.set(firstOffset + i, entry)
      if (!isAborted) this.latest.set(entry[0], entry[1])
    })
  }

  /** `isAborted` says of an offset whether readers of committed data skip it. */
  check(f: CleanerFixture, isAborted: (offset: number) => boolean = () => false): void {
    const found = new Map<string, string | null>()
    let previous = -1
    for (const { offset, key, value } of f.records()) {
      assert.ok(offset > previous, `offset ${offset} after ${previous}`)
      previous = offset
      assert.deepEqual([key, value], this.byOffset.get(offset), `record at ${offset}`)
      if (!isAborted(offset)) found.set(key!, value)
    }
    for (const [key, value] of this.latest) {
      // A tombstone may be gone; what it deleted may not come back.
      if (value === null) assert.ok(found.get(key) == null, `${key} is back`)
      else assert.equal(found.get(key), value, `value of ${key}`)
    }
  }
}

function writeSome(f: CleanerFixture, model: Model, random: Prng, batches: number): void {
  for (let i = 0; i < batches; i++) {
    const entries: Entry[] = []
    for (let n = 1 + random.int(4); n > 0; n--) {
      const value = random.int(5) === 0 ? null : `v${random.int(1_000_000)}`.repeat(random.int(8))
      entries.push([`k${random.int(25)}`, value])
    }
    const compression = COMPRESSION_TYPES[random.int(COMPRESSION_TYPES.length)]!
    f.nowMs += random.int(400)
    model.wrote(f.append(entries, { compression }).firstOffset, entries)
    if (random.int(12) === 0) f.roll()
  }
}

test('after any writes and cleanings the log says what a map says', async () => {
  for (let seed = 1; seed <= 5; seed++) {
    const random = new Prng(seed)
    const f = new CleanerFixture({ segmentBytes: 3000, deleteRetentionMs: 20_000 }, seed)
    const model = new Model()
    for (let round = 0; round < 6; round++) {
      writeSome(f, model, random, 40)
      f.roll()
      await f.clean(200 + random.int(3000))
      model.check(f)
      if (random.int(3) > 0) continue
      const end = f.log.logEndOffset
      f.log.close()
      f.reopen()
      assert.equal(f.log.logEndOffset, end)
      model.check(f)
    }
    // What was dirty is clean: but for the active segment, every key is there once.
    const keys = f.records().map(({ key }) => key)
    assert.equal(new Set(keys).size, keys.length, `seed ${seed}`)
    assert.deepEqual(f.warnings, [])
  }
})

test('transactions: what is committed stays, what is aborted never shows', async () => {
  for (let seed = 1; seed <= 4; seed++) {
    const random = new Prng(seed)
    const f = new CleanerFixture({ segmentBytes: 2000, deleteRetentionMs: 20_000 }, seed)
    const model = new Model()
    const aborted: [from: number, to: number, producerId: number][] = []
    const written = new Map<number, number>()
    const sequences = [0, 0, 0]
    for (let round = 0; round < 6; round++) {
      for (let i = 0; i < 15; i++) {
        const producerId = random.int(3)
        const isAborted = random.chance(0.4)
        const from = f.log.logEndOffset
        for (let n = 1 + random.int(3); n > 0; n--) {
          const entries: Entry[] = [[`k${random.int(10)}`, `v${random.int(1_000_000)}`]]
          const baseSequence = sequences[producerId]!
          const options = { producerId, producerEpoch: 0, baseSequence, isTransactional: true }
          const { firstOffset } = f.append(entries, options)
          model.wrote(firstOffset, entries, isAborted)
          written.set(firstOffset, producerId)
          sequences[producerId]! += 1
          if (random.int(6) === 0) f.roll()
        }
        const { lastOffset } = f.endTransaction(producerId, isAborted ? 'abort' : 'commit')
        if (isAborted) aborted.push([from, lastOffset, producerId])
      }
      f.roll()
      await f.clean(1000)
      const shows = f.log.abortedTransactions(0, f.log.logEndOffset)
      // A reader skips by the log's own transaction index, which was cleaned along.
      model.check(f, (offset) =>
        shows.some(
          ({ producerId, firstOffset, lastOffset }) =>
            written.get(offset) === producerId && offset >= firstOffset && offset < lastOffset,
        ),
      )
      assert.ok(shows.length <= aborted.length)
    }
  }
})

/** A disk whose power is cut right before the nth change of it. */
function cutBefore(disk: Disk, changes: number): { disk: Disk; isCut: () => boolean } {
  let left = changes
  const count = (): void => {
    if (left-- <= 0) throw Object.assign(new Error('power cut'), { code: 'EIO' })
  }
  const counted = new Set(['rename', 'remove', 'syncDirectory', 'writeFileAtomic'])
  const proxy = new Proxy(disk, {
    get(target, name) {
      const member = target[name as keyof Disk] as (...args: unknown[]) => unknown
      if (!counted.has(String(name))) return member.bind(target)
      return (...args: unknown[]) => {
        count()
        return member.apply(target, args)
      }
    },
  })
  return { disk: proxy, isCut: () => left < 0 }
}

async function cutDuringCleaning(cut: number, mode: CrashMode): Promise<boolean> {
  const random = new Prng(cut)
  const f = new CleanerFixture({ segmentBytes: 1200, deleteRetentionMs: 20_000 }, cut + 1)
  const model = new Model()
  writeSome(f, model, random, 14)
  f.roll()
  f.log.flushNow()
  const end = f.log.logEndOffset
  const power = cutBefore(f.io.disk, cut)
  const home = f.log.home as { disk: Disk }
  home.disk = power.disk
  await f.clean(5000)
  f.io.crash(mode)
  f.reopen()
  model.check(f)
  assert.equal(f.log.logEndOffset, end, `cut before change ${cut}, ${mode}`)
  assert.ok(f.files().every((name) => !/\.(cleaned|swap)$/.test(name)))
  writeSome(f, model, random, 5)
  f.roll()
  await f.clean()
  model.check(f)
  assert.equal(new Set(f.records().map(({ key }) => key)).size, f.records().length)
  return power.isCut()
}

test('a power cut at any step of a cleaning leaves the old or the new, never less', async () => {
  for (const mode of ['lose', 'random'] as const) {
    let cut = 0
    while (await cutDuringCleaning(cut, mode)) cut++
    assert.ok(cut > 20, `${cut} steps`)
  }
})
