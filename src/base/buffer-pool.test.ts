/** What is given back is used again, within limits. */
import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { BufferPool } from '../base/buffer-pool.ts'

const MIB = 1024 * 1024

describe('a pool of buffers', () => {
  it('uses again what was given back, also for a somewhat smaller use', () => {
    const buffers = new BufferPool(4 * MIB)
    const first = buffers.take(MIB)
    assert.notEqual(buffers.take(MIB).buffer, first.buffer)
    buffers.give(first.subarray(10, 20))
    const second = buffers.take(MIB / 2)
    assert.equal(second.buffer, first.buffer)
    assert.equal(second.length, MIB / 2)
    assert.equal(buffers.freeBytes, 0)
  })

  it('does not spend a large buffer on a small use', () => {
    const buffers = new BufferPool(4 * MIB)
    const large = buffers.take(2 * MIB)
    buffers.give(large)
    assert.notEqual(buffers.take(1000).buffer, large.buffer)
  })

  it('makes buffers that fit the next use too', () => {
    const sizes = [1, 4096, 4097, 16_341, 32_769, 98_000].map((length) => {
      return new BufferPool(MIB).take(length).buffer.byteLength
    })
    assert.deepEqual(sizes, [1, 4096, 8192, 16_384, 65_536, 131_072])
  })

  it('keeps no more than its limit', () => {
    const buffers = new BufferPool(2 * MIB)
    const taken = [1, 2, 3].map(() => buffers.take(MIB))
    for (const bytes of taken) buffers.give(bytes)
    assert.equal(buffers.freeBytes, 2 * MIB)
  })
})
