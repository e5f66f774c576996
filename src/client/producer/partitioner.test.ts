/** Where records go: keys by hash, the rest to one partition at a time, by load. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { Prng } from '../../base/prng.ts'
import { KeyPartitioner, type PartitionLoads, StickyPartition } from './partitioner.ts'

/** Partitions with these queues; -1 for one without a leader. */
function loads(queues: readonly number[]): PartitionLoads {
  return { partitionCount: queues.length, queueLength: (partition) => queues[partition]! }
}

/** How often each partition is chosen in `moves` changes. */
function choices(queues: readonly number[], isAdaptive: boolean, moves = 20_000): number[] {
  const sticky = new StickyPartition(new Prng(1), 100, isAdaptive)
  const counts = queues.map(() => 0)
  for (let i = 0; i < moves; i++) {
    counts[sticky.partition(loads(queues))]!++
    sticky.wrote(100, true, loads(queues))
  }
  return counts.map((count) => count / moves)
}

function isNear(actual: readonly number[], expected: readonly number[]): void {
  for (const [i, value] of expected.entries()) {
    assert.ok(Math.abs(actual[i]! - value) < 0.02, `${actual} where ${expected} is expected`)
  }
}

test('a key goes to the same partition as text and as bytes, however long', () => {
  const keys = new KeyPartitioner()
  for (const key of ['', 'a', 'ключ', '😀', 'x'.repeat(2000), 'é'.repeat(400)]) {
    const bytes = new TextEncoder().encode(key)
    assert.equal(keys.partition(key, 1009), keys.partition(bytes, 1009), key.slice(0, 10))
  }
  // As Java's client has it: murmur2("21") is -973932308.
  assert.equal(keys.partition('21', 100), (-973932308 & 0x7fffffff) % 100)
})

test('it stays until a batch is written, then to the end of the batch, but not for ever', () => {
  const queues = [0, 0, 0, 0, 0, 0, 0, 0]
  const random = { ...new Prng(1), int: (bound: number) => drawn++ % bound }
  let drawn = 0
  const sticky = new StickyPartition(random as unknown as Prng, 100, true)
  const partition = () => sticky.partition(loads(queues))
  const first = partition()
  sticky.wrote(99, true, loads(queues))
  assert.equal(partition(), first, 'less than a batch')
  sticky.wrote(1, false, loads(queues))
  assert.equal(partition(), first, 'a batch, that is not full yet')
  sticky.wrote(20, true, loads(queues))
  const second = partition()
  assert.notEqual(second, first, 'the end of the batch')
  sticky.wrote(199, false, loads(queues))
  assert.equal(partition(), second)
  sticky.wrote(1, false, loads(queues))
  assert.notEqual(partition(), second, 'twice a batch')
})

test('partitions with short queues are chosen more often (KIP-794)', () => {
  isNear(choices([0, 3, 1], true), [4 / 8, 1 / 8, 3 / 8])
  isNear(choices([2, 2, 2, 2], true), [0.25, 0.25, 0.25, 0.25])
  isNear(choices([0, 3, 1], false), [1 / 3, 1 / 3, 1 / 3])
})

test('partitions that take nothing are left out, unless none takes anything', () => {
  isNear(choices([0, -1, 0], true), [0.5, 0, 0.5])
  isNear(choices([5, -1, -1], true), [1, 0, 0])
  isNear(choices([-1, -1], true), [0.5, 0.5])
})
