/** Codecs on every message and version: round trips, both kinds alike, hostile bytes. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { BoundsError, ByteReader, ByteWriter } from '../base/bytes.ts'
import { arbitraryStruct, everyLayout, type Members } from './arbitrary.test-support.ts'
import { closureDecoder, closureEncoder, type Decoder, type Encoder } from './closure-codec.ts'
import { decode, decoderFor, encode, encoderFor, ProtocolError } from './codec.ts'
import type { Message } from './schema.ts'

const SEED = 20260801
const RUNS_PER_VERSION = 12

/** A message at a version with both of its codecs. */
interface Case {
  readonly name: string
  readonly values: fc.Arbitrary<Members>
  readonly compiled: { readonly decode: Decoder; readonly encode: Encoder }
  readonly closure: { readonly decode: Decoder; readonly encode: Encoder<Members> }
}

const cases: Case[] = []
for (const { message, layout } of everyLayout()) {
  cases.push({
    name: `${message.name} v${layout.version}`,
    values: arbitraryStruct(layout),
    compiled: {
      decode: decoderFor<Message>(message, layout.version) as Decoder,
      encode: encoderFor<Message>(message, layout.version) as Encoder,
    },
    closure: { decode: closureDecoder(layout), encode: closureEncoder(layout) },
  })
}

function encoded(encode: (writer: ByteWriter, value: Members) => void, value: Members): Uint8Array {
  const writer = new ByteWriter()
  encode(writer, value)
  return writer.toBytes()
}

/** What decoding gives: the value and how much was read, or the error that is allowed. */
function outcome(decode: Decoder, reader: ByteReader): unknown {
  try {
    const value = decode(reader)
    return { value, position: reader.position }
  } catch (error) {
    if (error instanceof ProtocolError || error instanceof BoundsError) return error.message
    throw error
  }
}

test('every message at every version comes back as it was, by both codecs alike', () => {
  for (const { name, values, compiled, closure } of cases) {
    const property = fc.property(values, (value) => {
      const bytes = encoded(compiled.encode, value)
      assert.deepEqual(encoded(closure.encode, value), bytes, name)
      const reader = new ByteReader(bytes)
      assert.deepEqual(compiled.decode(reader), value, name)
      assert.equal(reader.remaining(), 0, name)
      assert.deepEqual(closure.decode(new ByteReader(bytes)), value, name)
    })
    fc.assert(property, { numRuns: RUNS_PER_VERSION, seed: SEED })
  }
})

test('a codec that is used again and again gives the same before and after it is compiled', () => {
  const some = [...everyLayout()].filter((_, i) => i % 16 === 0)
  for (const { message, layout } of some) {
    const { version } = layout
    const [value] = fc.sample(arbitraryStruct(layout), { numRuns: 1, seed: SEED })
    const seen = Array.from({ length: 10 }, () => {
      const writer = new ByteWriter()
      encode(message as Message, version, value as never, writer)
      const decoded = decode(message as Message, version, new ByteReader(writer.toBytes()))
      return { bytes: writer.toBytes(), decoded, keys: Object.keys(decoded as Members).join() }
    })
    for (const each of seen) assert.deepEqual(each, seen[0], `${message.name} v${version}`)
  }
})

test('all versions of a message decode to objects with the same fields in the same order', () => {
  const shapes = new Map<string, string>()
  for (const { name, values, compiled } of cases) {
    const [value] = fc.sample(values, { numRuns: 1, seed: SEED })
    const decoded = compiled.decode(new ByteReader(encoded(compiled.encode, value!)))
    const message = name.slice(0, name.indexOf(' '))
    const shape = Object.keys(decoded as Members).join()
    assert.equal(shape, shapes.get(message) ?? shape, name)
    shapes.set(message, shape)
  }
})

test('a message that is cut off is refused wherever it is cut, by both codecs alike', () => {
  for (const { name, values, compiled, closure } of cases) {
    const [value] = fc.sample(values, { numRuns: 1, seed: SEED })
    const bytes = encoded(compiled.encode, value!)
    const step = Math.max(1, Math.floor(bytes.length / 40))
    for (let end = 0; end < bytes.length; end += step) {
      const result = outcome(compiled.decode, new ByteReader(bytes, 0, end))
      assert.equal(typeof result, 'string', `${name} cut at ${end}`)
      assert.equal(typeof outcome(closure.decode, new ByteReader(bytes, 0, end)), 'string', name)
    }
  }
})

/** Bytes that start out as a message and have some of them replaced. */
function arbitraryDamage({ values, compiled }: Case): fc.Arbitrary<Uint8Array> {
  const hit = fc.tuple(fc.nat(), fc.constantFrom(0, 1, 2, 0x7f, 0x80, 0xff, 3, 0x40))
  return fc.tuple(values, fc.array(hit, { minLength: 1, maxLength: 4 })).map(([value, hits]) => {
    const bytes = encoded(compiled.encode, value)
    for (const [at, byte] of hits) if (bytes.length > 0) bytes[at % bytes.length] = byte
    return bytes
  })
}

test('damaged and random bytes decode or are refused, and nothing beyond them is read', () => {
  for (const each of cases) {
    const random = fc.uint8Array({ maxLength: 60 }).map((bytes) => new Uint8Array(bytes))
    const property = fc.property(fc.oneof(arbitraryDamage(each), random), (bytes) => {
      const result = outcome(each.compiled.decode, new ByteReader(bytes))
      // The same bytes in other surroundings: what is read beyond them would make a difference.
      const within = new Uint8Array(bytes.length + 64).fill(0x55)
      within.set(bytes, 0)
      assert.deepEqual(
        outcome(each.compiled.decode, new ByteReader(within, 0, bytes.length)),
        result,
      )
      const other = outcome(each.closure.decode, new ByteReader(bytes))
      if (typeof result === 'string') assert.equal(typeof other, 'string', each.name)
      else assert.deepEqual(other, result, each.name)
    })
    fc.assert(property, { numRuns: RUNS_PER_VERSION, seed: SEED })
  }
})

test('a value that a version lacks is dropped where it may be, and else refused, alike', () => {
  let refused = 0
  for (const { name, compiled, closure } of cases) {
    const newest = cases.findLast((other) => other.name.startsWith(`${name.split(' ')[0]} `))!
    const [value] = fc.sample(newest.values, { numRuns: 1, seed: SEED })
    const attempt = (encode: (writer: ByteWriter, value: Members) => void): unknown => {
      try {
        return encoded(encode, value!)
      } catch (error) {
        assert.ok(error instanceof ProtocolError, `${name}: ${error}`)
        return error.message
      }
    }
    const result = attempt(compiled.encode)
    assert.deepEqual(attempt(closure.encode), result, name)
    if (typeof result === 'string') refused++
    else compiled.decode(new ByteReader(result as Uint8Array))
  }
  assert.ok(refused > 50, `only ${refused} versions refused something`)
})
