/** The hot tail's memory: what a reader refers to stays as it is, the rest is used again. */
import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { HotTail } from './hot-tail.ts'

const CHUNK_BYTES = 256 * 1024
const LIMIT_BYTES = 2 * CHUNK_BYTES

function appendAndWrite(tail: HotTail, value: number): void {
  tail.append(new Uint8Array(CHUNK_BYTES).fill(value))
  tail.written = tail.end
  tail.shrinkTo(LIMIT_BYTES)
}

function memoryAt(tail: HotTail, position: number): ArrayBufferLike {
  return tail.pieces(position, position + 1)[0]!.buffer
}

describe('the memory of the hot tail', () => {
  it('is used again where nobody has read from it', () => {
    const tail = new HotTail()
    tail.append(new Uint8Array(CHUNK_BYTES))
    const [first] = tail.unwritten()
    tail.written = tail.end
    for (let value = 1; value <= 3; value++) appendAndWrite(tail, value)
    assert.equal(memoryAt(tail, tail.end - 1), first!.buffer)
    assert.equal(tail.memoryBytes, LIMIT_BYTES)
  })

  it('is left to those who have read from it', () => {
    const tail = new HotTail()
    appendAndWrite(tail, 1)
    const [read] = tail.pieces(0, CHUNK_BYTES)
    for (let value = 2; value <= 9; value++) appendAndWrite(tail, value)
    assert.ok(read!.every((byte) => byte === 1))
  })

  it('is not kept where the tail has to let go of all', () => {
    const tail = new HotTail()
    for (let value = 1; value <= 4; value++) appendAndWrite(tail, value)
    const dropped = new Set([memoryAt(tail, tail.start)])
    tail.shrinkTo(0)
    tail.append(new Uint8Array(CHUNK_BYTES))
    assert.ok(!dropped.has(memoryAt(tail, tail.end - 1)))
    assert.equal(tail.memoryBytes, CHUNK_BYTES)
  })
})
