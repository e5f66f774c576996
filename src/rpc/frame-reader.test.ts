/** Frames cut out of a stream, however it is chopped. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { concatBytes } from '../base/bytes.ts'
import { FrameMemory } from './frame-memory.ts'
import { FrameReader } from './frame-reader.ts'

function framed(frames: readonly Uint8Array[]): Uint8Array {
  return concatBytes(
    frames.flatMap((frame) => {
      const header = new Uint8Array(4)
      new DataView(header.buffer).setInt32(0, frame.length)
      return [header, frame]
    }),
  )
}

/** Cuts bytes at the given places. */
function cut(bytes: Uint8Array, places: readonly number[]): Uint8Array[] {
  const sorted = places.map((place) => place % (bytes.length + 1)).sort((a, b) => a - b)
  const edges = [0, ...sorted, bytes.length]
  return edges.slice(1).map((edge, i) => bytes.slice(edges[i], edge))
}

test('frames come out as they went in, wherever the chunks are cut', () => {
  const frames = fc.array(fc.uint8Array({ maxLength: 30 }), { maxLength: 6 })
  const places = fc.array(fc.nat(), { maxLength: 12 })
  const property = fc.property(frames, places, (sent, at) => {
    const reader = new FrameReader(1000)
    const got: Uint8Array[] = []
    for (const chunk of cut(framed(sent), at)) {
      assert.equal(
        reader.push(chunk, (frame) => got.push(frame)),
        null,
      )
    }
    assert.deepEqual(
      got,
      sent.map((frame) => new Uint8Array(frame)),
    )
    assert.equal(reader.pendingBytes, 0)
  })
  fc.assert(property, { seed: 7 })
})

test('a frame within one chunk is not copied', () => {
  const chunk = framed([Uint8Array.of(1, 2), Uint8Array.of(3)])
  const got: Uint8Array[] = []
  new FrameReader(10).push(chunk, (frame) => got.push(frame))
  assert.deepEqual(got, [Uint8Array.of(1, 2), Uint8Array.of(3)])
  assert.ok(got.every(({ buffer }) => buffer === chunk.buffer))
})

test('with memory of its own it keeps nothing of a chunk', () => {
  const memory = new FrameMemory(1_000_000)
  const sizes = fc.oneof(fc.nat(30), fc.integer({ min: 4000, max: 150_000 }))
  const places = fc.array(fc.nat(), { maxLength: 6 })
  const property = fc.property(fc.array(sizes, { maxLength: 4 }), places, (lengths, at) => {
    const sent = lengths.map((length, i) => new Uint8Array(length).fill(i + 1))
    const reader = new FrameReader(1_000_000, memory)
    const got: Uint8Array[] = []
    for (const chunk of cut(framed(sent), at)) {
      reader.push(chunk, (frame) => got.push(frame))
      chunk.fill(0xff)
    }
    assert.deepEqual(
      got.map((frame) => [frame.length, frame[0], frame.at(-1)]),
      sent.map((frame) => [frame.length, frame[0], frame.at(-1)]),
    )
    for (const frame of got) memory.give(frame)
  })
  fc.assert(property, { seed: 7, numRuns: 50 })
})

/** Hands a stream over as a connection does, to where the reader wants it; returns what is not. */
function feed(
  reader: FrameReader,
  chunk: Uint8Array,
  onFrame: (frame: Uint8Array) => void,
): number {
  let elsewhere = 0
  for (let at = 0; at < chunk.length; ) {
    const given = reader.nextInput()
    const part = chunk.slice(at, given === null ? chunk.length : at + given.length)
    at += part.length
    given?.set(part)
    if (given === null) elsewhere += part.length
    assert.equal(reader.push(given?.subarray(0, part.length) ?? part, onFrame), null)
    if (given === null) part.fill(0xff)
  }
  return elsewhere
}

test('frames come out as they went in, also where large ones are read to their places', () => {
  const memory = new FrameMemory(1_000_000)
  const sizes = fc.oneof(fc.nat(30), fc.nat(150_000), fc.integer({ min: 60_000, max: 600_000 }))
  const places = fc.array(fc.nat(), { maxLength: 6 })
  const property = fc.property(fc.array(sizes, { maxLength: 5 }), places, (lengths, at) => {
    const sent = lengths.map((length, i) => new Uint8Array(length).map((_, j) => (i + j) % 251))
    const reader = new FrameReader(1_000_000, memory)
    let count = 0
    for (const chunk of cut(framed(sent), at)) {
      feed(reader, chunk, (frame) => {
        assert.ok(Buffer.from(sent[count++]!).equals(frame))
        memory.give(frame)
      })
    }
    assert.equal(count, sent.length)
    assert.equal(reader.pendingBytes, 0)
  })
  fc.assert(property, { seed: 7, numRuns: 100 })
})

test('behind a large frame nothing of the next large one has to be copied but its head', () => {
  const reader = new FrameReader(1_000_000, new FrameMemory(1_000_000))
  const frame = (value: number) => framed([new Uint8Array(100_000).fill(value)])
  assert.equal(reader.nextInput(), null, 'whatever comes first goes elsewhere')
  assert.ok(feed(reader, frame(1), () => {}) > 100_000)
  assert.equal(
    feed(reader, frame(2), () => {}),
    0,
  )
  const small = framed([new Uint8Array(20)])
  assert.equal(
    feed(reader, small, () => {}),
    0,
  )
  assert.equal(reader.nextInput(), null, 'a small frame ends it')
})

test('of large frames in a row each is one read, which brings the head of the next', () => {
  const reader = new FrameReader(1_000_000, new FrameMemory(1_000_000))
  const sent = [1, 2, 3, 4, 5].map((value) => new Uint8Array(100_000 + value).fill(value))
  const bytes = framed(sent)
  const got: Uint8Array[] = []
  let reads = 0
  for (let at = 0; at < bytes.length; reads++) {
    const target = reader.nextInput() ?? new Uint8Array(256)
    const count = Math.min(target.length, bytes.length - at)
    target.set(bytes.subarray(at, at + count))
    at += count
    assert.equal(
      reader.push(target.subarray(0, count), (frame) => got.push(frame)),
      null,
    )
  }
  assert.deepEqual(got, sent)
  assert.equal(reads, 1 + sent.length)
})

test('memory of a large frame that was given back holds the next one', () => {
  const memory = new FrameMemory(1_000_000)
  const large = memory.take(100_000)
  memory.give(large)
  assert.equal(memory.take(90_000).buffer, large.buffer)
  const small = memory.take(100)
  memory.give(small)
  const next = memory.take(100)
  assert.notEqual(next.byteOffset, small.byteOffset, 'its slab has other frames in it')
})

test('a large frame in small chunks is whole, and takes memory only as it comes', () => {
  const frame = new Uint8Array(1_000_000).map((_, i) => i % 251)
  const bytes = framed([frame])
  const reader = new FrameReader(2_000_000)
  let got: Uint8Array | null = null
  for (let at = 0; at < bytes.length; at += 1460) {
    assert.equal(got, null)
    reader.push(bytes.subarray(at, at + 1460), (whole) => {
      got = whole
    })
  }
  assert.deepEqual(got, frame)
})

test('a negative or oversized length ends the connection, after the frames before it', () => {
  const good = framed([Uint8Array.of(1)])
  const got: Uint8Array[] = []
  const negative = new FrameReader(10)
  const error = negative.push(concatBytes([good, new Uint8Array(4).fill(0xff), good]), (frame) =>
    got.push(frame),
  )
  assert.equal(error, 'a frame of -1 bytes')
  assert.equal(got.length, 1)
  assert.equal(
    negative.push(good, () => assert.fail('nothing follows')),
    error,
  )
  const large = new FrameReader(10).push(framed([new Uint8Array(11)]), () =>
    assert.fail('too large'),
  )
  assert.equal(large, 'a frame of 11 bytes, more than the 10 allowed')
})
