/** The hot tail's memory: what a reader refers to stays as it is, the rest is used again. */
import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { HotTail } from './hot-tail.ts'

const CHUNK_BYTES = 256 * 1024
const LIMIT_BYTES = 2 * CHUNK_BYTES

/** Of a log that someone follows. */
function followed(): HotTail {
  const tail = new HotTail()
  tail.follow()
  return tail
}

function appendAndWrite(tail: HotTail, value: number): void {
  tail.append(new Uint8Array(CHUNK_BYTES).fill(value))
  tail.wrote(LIMIT_BYTES)
}

function memoryAt(tail: HotTail, position: number): ArrayBufferLike {
  return tail.pieces(position, position + 1)[0]!.buffer
}

describe('the memory of the hot tail', () => {
  it('is used again where nobody has read from it', () => {
    const tail = followed()
    tail.append(new Uint8Array(CHUNK_BYTES))
    const [first] = tail.unwritten()
    tail.wrote(Infinity)
    for (let value = 1; value <= 3; value++) appendAndWrite(tail, value)
    assert.equal(memoryAt(tail, tail.end - 1), first!.buffer)
    assert.equal(tail.memoryBytes, LIMIT_BYTES)
  })

  it('is left to those who have read from it', () => {
    const tail = followed()
    appendAndWrite(tail, 1)
    const [read] = tail.pieces(0, CHUNK_BYTES)
    for (let value = 2; value <= 9; value++) appendAndWrite(tail, value)
    assert.ok(read!.every((byte) => byte === 1))
  })

  it('is not kept where the tail has to let go of all', () => {
    const tail = followed()
    for (let value = 1; value <= 4; value++) appendAndWrite(tail, value)
    const dropped = new Set([memoryAt(tail, tail.start)])
    tail.shrinkTo(0)
    tail.append(new Uint8Array(CHUNK_BYTES))
    assert.ok(!dropped.has(memoryAt(tail, tail.end - 1)))
    assert.equal(tail.memoryBytes, CHUNK_BYTES)
  })
})

describe('the tail of a log', () => {
  const batch = new Uint8Array(CHUNK_BYTES).fill(7)

  it('only refers to what nobody follows, and lets go of it once it is written', () => {
    const tail = new HotTail()
    tail.append(batch)
    tail.append(batch)
    assert.deepEqual(
      tail.unwritten().map(({ buffer }) => buffer),
      [batch.buffer, batch.buffer],
    )
    tail.wrote(LIMIT_BYTES)
    assert.deepEqual([tail.start, tail.end, tail.memoryBytes], [2 * CHUNK_BYTES, tail.start, 0])
    assert.deepEqual(tail.unwritten(), [])
  })

  it('hands out nothing of others', () => {
    const tail = new HotTail()
    const lent = batch.slice()
    tail.append(lent)
    const [read] = tail.pieces(0, CHUNK_BYTES)
    assert.notEqual(read!.buffer, lent.buffer)
    lent.fill(0xff)
    assert.deepEqual(read, batch)
    tail.wrote(LIMIT_BYTES)
    assert.deepEqual(tail.pieces(0, CHUNK_BYTES), [batch])
  })

  it('keeps what comes once someone follows it, until nobody has read for a while', () => {
    const tail = new HotTail()
    tail.append(batch)
    tail.follow()
    appendAndWrite(tail, 1)
    assert.equal(tail.start, CHUNK_BYTES, 'what came before is not kept')
    appendAndWrite(tail, 2)
    assert.equal(tail.pieces(CHUNK_BYTES, tail.end).length, 2)
    let kept = 0
    for (let value = 3; tail.memoryBytes > 0; value++, kept++) appendAndWrite(tail, value)
    assert.equal(kept, 9, 'eight of 256 KiB are two megabytes')
    assert.equal(tail.start, tail.end)
  })
})
