/** Offset and time index against plain lists. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { OffsetIndex } from './offset-index.ts'
import { TimeIndex } from './time-index.ts'

const steps = fc.array(
  fc.tuple(fc.integer({ min: 1, max: 50 }), fc.integer({ min: 1, max: 9000 })),
  {
    maxLength: 200,
  },
)

/** Running sums: what grows strictly. */
function entriesOf(increments: readonly (readonly [number, number])[]): [number, number][] {
  let first = 0
  let second = 0
  return increments.map(([a, b]) => [(first += a), (second += b)])
}

test('the offset index finds where to begin to look, also after it was cut and read back', () => {
  fc.assert(
    fc.property(steps, fc.nat(12_000), fc.nat(12_000), (increments, target, cut) => {
      let entries = entriesOf(increments)
      const index = OffsetIndex.empty()
      for (const [offset, position] of entries) index.append(offset, position)
      const check = (tested: OffsetIndex) => {
        const below = entries.filter(([offset]) => offset <= target)
        assert.equal(tested.lookup(target), below.at(-1)?.[1] ?? 0)
        const before = entries.filter(([, position]) => position <= target)
        assert.equal(tested.floorPosition(target), before.at(-1)?.[1] ?? 0)
        assert.equal(tested.lastOffset, entries.at(-1)?.[0] ?? -1)
      }
      check(index)
      index.truncateTo(cut)
      entries = entries.filter(([offset]) => offset < cut)
      check(index)
      const read = OffsetIndex.parse(index.unsaved().slice(), 2 ** 31)
      assert.ok(read !== null)
      check(read)
      assert.equal(read.unsaved().length, 0)
    }),
  )
})

test('the time index says from which offset on a time is to be looked for', () => {
  fc.assert(
    fc.property(steps, fc.nat(12_000), fc.nat(500_000), (increments, cut, target) => {
      let entries = entriesOf(increments)
      const index = TimeIndex.empty()
      for (const [offset, timestampMs] of entries) index.append(timestampMs, offset)
      if (entries.length > 0) index.append(1, 99_999) // not later than the last: no entry
      const check = (tested: TimeIndex) => {
        const before = entries.filter(([, timestampMs]) => timestampMs <= target)
        assert.equal(tested.lookup(target), before.at(-1)?.[0] ?? 0)
        assert.equal(tested.lastTimestampMs, entries.at(-1)?.[1] ?? -1)
      }
      check(index)
      index.truncateTo(cut)
      entries = entries.filter(([offset]) => offset < cut)
      check(index)
      const read = TimeIndex.parse(index.unsaved().slice())
      assert.ok(read !== null)
      check(read)
    }),
  )
})

test('room that Kafka reserved is ignored; what can be no index is told', () => {
  const index = OffsetIndex.empty()
  index.append(7, 100)
  index.append(9, 300)
  const reserved = new Uint8Array(80)
  reserved.set(index.unsaved())
  assert.equal(OffsetIndex.parse(reserved, 1000)?.count, 2)
  assert.equal(OffsetIndex.parse(new Uint8Array(80), 1000)?.count, 0)
  assert.equal(OffsetIndex.parse(reserved, 300), null, 'beyond the end of the segment')
  assert.equal(OffsetIndex.parse(reserved.subarray(0, 15), 1000), null, 'half an entry')
  const swapped = new Uint8Array(16)
  swapped.set(index.unsaved().subarray(8), 0)
  swapped.set(index.unsaved().subarray(0, 8), 8)
  assert.equal(OffsetIndex.parse(swapped, 1000), null, 'offsets that fall')
  const times = TimeIndex.empty()
  times.append(2 ** 40, 7)
  times.append(2 ** 63, 9)
  const reservedTimes = new Uint8Array(120)
  reservedTimes.set(times.unsaved())
  assert.equal(TimeIndex.parse(reservedTimes)?.lastTimestampMs, 2 ** 63)
  assert.equal(TimeIndex.parse(new Uint8Array(24).fill(0x7a)), null)
  assert.equal(TimeIndex.parse(reservedTimes.subarray(0, 13)), null)
})
