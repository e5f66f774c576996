/** Leader epochs: what is noted, what is dropped, where one ended. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { LeaderEpochCache } from './leader-epoch-cache.ts'

function cacheOf(...entries: [epoch: number, startOffset: number][]): LeaderEpochCache {
  return new LeaderEpochCache(entries.map(([epoch, startOffset]) => ({ epoch, startOffset })))
}

function shown(cache: LeaderEpochCache): string {
  return cache.entries.map(({ epoch, startOffset }) => `${epoch}@${startOffset}`).join(' ')
}

test('an epoch is noted once; what contradicts a new one is dropped', () => {
  const cache = cacheOf([1, 10], [3, 20])
  cache.assign(3, 25)
  assert.equal(shown(cache), '1@10 3@20')
  assert.equal(cache.dirty, false)
  cache.assign(4, 20)
  assert.equal(shown(cache), '1@10 4@20')
  cache.assign(2, 30)
  assert.equal(shown(cache), '1@10 2@30')
  cache.assign(5, 5)
  assert.equal(shown(cache), '5@5')
  cache.assign(-1, 50)
  assert.equal(cache.latestEpoch, 5)
  assert.equal(cache.dirty, true)
})

test('where an epoch ended is where the next one began', () => {
  const cache = cacheOf([2, 10], [4, 20], [7, 40])
  const end = (epoch: number) => Object.values(cache.endOffsetFor(epoch, 55))
  assert.deepEqual(end(7), [7, 55])
  assert.deepEqual(end(4), [4, 40])
  assert.deepEqual(end(5), [4, 40])
  assert.deepEqual(end(2), [2, 20])
  assert.deepEqual(end(1), [1, 10])
  assert.deepEqual(end(8), [-1, -1])
  assert.deepEqual(end(-1), [-1, -1])
  assert.deepEqual(end(-5), [-5, 10], 'any epoch before the first')
  assert.deepEqual(Object.values(cacheOf().endOffsetFor(0, 5)), [-1, -1])
})

test('the epoch of an offset', () => {
  const cache = cacheOf([2, 10], [4, 20])
  assert.deepEqual(
    [9, 10, 19, 20, 99].map((offset) => cache.epochForOffset(offset)),
    [-1, 2, 2, 4, 4],
  )
})

test('truncations at either end', () => {
  const cache = cacheOf([2, 10], [4, 20], [7, 40])
  cache.truncateFromStart(25)
  assert.equal(shown(cache), '4@25 7@40')
  cache.truncateFromStart(25)
  cache.truncateFromEnd(40)
  assert.equal(shown(cache), '4@25')
  cache.truncateFromEnd(25)
  assert.equal(cache.latestEpoch, -1)
  const untouched = cacheOf([2, 10])
  untouched.truncateFromStart(5)
  untouched.truncateFromStart(10)
  untouched.truncateFromEnd(11)
  assert.equal(untouched.dirty, false)
})
