/** The forms of the protocol by hand-written bytes: what Kafka's rules are, one by one. */
import assert from 'node:assert/strict'
import { spawnSync } from 'node:child_process'
import { test } from 'node:test'
import { BoundsError, ByteReader, ByteWriter } from '../base/bytes.ts'
import { INT64_MAX } from '../base/int64.ts'
import { closureDecoder, closureEncoder, type Decoder, type Encoder } from './closure-codec.ts'
import { assertConsumed, decode, decoderFor, encode, encoderFor, ProtocolError } from './codec.ts'
import { layoutOf } from './layout.ts'
import { fetchResponse } from './messages/01-fetch.ts'
import {
  array,
  bytes,
  int8,
  int32,
  int64,
  type Message,
  message,
  opaque64,
  records,
  string,
  struct,
} from './schema.ts'

/** Everything the notation can say that decides about bytes. */
const sample = message(
  'Sample',
  { versions: '0-3', flexible: '2+' },
  {
    name: string({ nullable: '1+' }),
    added: int32({ versions: '1+', default: -1 }),
    hint: string({ versions: '1+', default: 'none', ignorable: true }),
    numbers: array(int32(), { nullable: '1+' }),
    optional: struct({ low: int8() }, { versions: '1+', nullable: '1+', default: null }),
    second: int8({ versions: '2+', default: 7, tag: 1, taggedVersions: '2+' }),
    first: struct(
      { id: int32({ default: -1 }), names: array(string()) },
      { versions: '2+', tag: 0, taggedVersions: '2+' },
    ),
    third: string({ versions: '3+', nullable: '3+', tag: 5, taggedVersions: '3+' }),
  },
)

type Value = Record<string, unknown>
/** A value of version 0: the fields that must be given. */
const least = { name: 'a', numbers: [] }

function codecs(version: number, schema: Message = sample): { decode: Decoder; encode: Encoder }[] {
  const layout = layoutOf(schema, version)
  return [
    {
      decode: decoderFor<Message>(schema, version) as Decoder,
      encode: encoderFor<Message>(schema, version) as Encoder,
    },
    { decode: closureDecoder(layout), encode: closureEncoder(layout) as Encoder },
  ]
}

function encodesAs(version: number, value: Value, hex: string, schema: Message = sample): void {
  for (const { encode } of codecs(version, schema)) {
    const writer = new ByteWriter()
    encode(writer, value)
    assert.equal(Buffer.from(writer.toBytes()).toString('hex'), hex.replaceAll(' ', ''))
  }
}

function refusesToEncode(version: number, value: Value, error: RegExp, schema = sample): void {
  for (const { encode } of codecs(version, schema)) {
    assert.throws(() => encode(new ByteWriter(), value), { name: 'ProtocolError', message: error })
  }
}

function fromHex(hex: string): ByteReader {
  return new ByteReader(new Uint8Array(Buffer.from(hex.replaceAll(' ', ''), 'hex')))
}

function decodesAs(version: number, hex: string, value: Value): void {
  for (const { decode } of codecs(version)) {
    const reader = fromHex(hex)
    assert.deepEqual(decode(reader), value)
    assert.equal(reader.remaining(), 0)
  }
}

function refusesToDecode(version: number, hex: string, error: RegExp): void {
  for (const { decode } of codecs(version)) {
    assert.throws(() => decode(fromHex(hex)), { name: 'ProtocolError', message: error })
  }
}

const decoded = {
  name: 'a',
  added: -1,
  hint: 'none',
  numbers: [],
  optional: null,
  second: 7,
  first: { id: -1, names: [] },
  third: '',
}

test('versions before flexible ones have lengths of fixed width', () => {
  encodesAs(0, { ...least, numbers: [1, 2] }, '0001 61 00000002 00000001 00000002')
  decodesAs(0, '0001 61 00000000', decoded)
  encodesAs(1, { ...least, name: null, numbers: null }, 'ffff ffffffff 0004 6e6f6e65 ffffffff ff')
  decodesAs(1, 'ffff 00000005 0000 ffffffff 01 09', {
    ...decoded,
    name: null,
    added: 5,
    hint: '',
    numbers: null,
    optional: { low: 9 },
  })
})

test('flexible versions have varints of n + 1 and end with the tagged fields', () => {
  encodesAs(2, { ...least, hint: '' }, '02 61 ffffffff 01 01 ff 00')
  encodesAs(2, { ...least, hint: '', optional: { low: 3 } }, '02 61 ffffffff 01 01 01 03 00 00')
  decodesAs(2, '02 61 ffffffff 01 01 ff 00', { ...decoded, hint: '' })
})

test('tagged fields are sent by tag, and only where they differ from their default', () => {
  const start = '02 61 ffffffff 01 01 ff'
  const value = { ...least, hint: '' }
  encodesAs(3, { ...value, second: 7, first: { id: -1, names: [] }, third: '' }, `${start} 00`)
  encodesAs(3, { ...value, first: {} }, `${start} 00`)
  const first = '00 08 00000004 02 02 78 00'
  encodesAs(
    3,
    { ...value, second: 8, first: { id: 4, names: ['x'] } },
    `${start} 02 ${first} 01 01 08`,
  )
  encodesAs(3, { ...value, third: null }, `${start} 01 05 01 00`)
  decodesAs(3, `${start} 01 05 01 00`, { ...decoded, hint: '', third: null })
})

test('unknown tags are skipped; those of other versions are refused', () => {
  const start = '02 61 ffffffff 01 01 ff'
  decodesAs(3, `${start} 02 01 01 09 09 03 aabbcc`, { ...decoded, hint: '', second: 9 })
  decodesAs(3, `${start} 01 ffffffff0f 02 aabb`, { ...decoded, hint: '' })
  refusesToDecode(2, `${start} 01 05 01 00`, /^Sample: tag 5 does not exist in version 2$/)
})

test('null, where the version does not have it, is refused both ways', () => {
  refusesToEncode(0, { ...least, name: null }, /^Sample.name is null/)
  refusesToEncode(0, { ...least, numbers: null }, /^Sample.numbers is null/)
  refusesToEncode(1, { name: 'a' }, /^Sample.numbers is null or missing/)
  refusesToDecode(0, 'ffff', /^Sample.name is null/)
  refusesToDecode(0, '0001 61 ffffffff', /^Sample.numbers is null/)
})

test('a value that a version lacks is dropped where that may be, and else refused', () => {
  encodesAs(0, { ...least, hint: 'lost', added: -1, optional: null }, '0001 61 00000000')
  refusesToEncode(0, { ...least, added: 0 }, /^Sample.added .* version 0/)
  refusesToEncode(0, { ...least, optional: { low: 0 } }, /^Sample.optional .* version 0/)
  refusesToEncode(1, { ...least, first: { id: -1, names: ['x'] } }, /^Sample.first .* version 1/)
  refusesToEncode(1, { ...least, third: null }, /^Sample.third .* version 1/)
})

test('a count that the bytes cannot hold is refused before anything is allocated', () => {
  refusesToDecode(0, '0001 61 7fffffff 00000001', /^Sample.numbers claims 2147483647 elements in 4/)
  refusesToDecode(0, '0001 61 00000002 00000001', /^Sample.numbers claims 2 elements in 4 bytes/)
  refusesToDecode(2, '02 61 ffffffff 01 ffffffff0f', /^Sample.numbers claims 4294967294 elements/)
})

test('a string has 32767 bytes at most', () => {
  const longest = 'x'.repeat(0x7fff)
  const writer = new ByteWriter()
  encode(sample, 2, { ...least, name: longest }, writer)
  assert.equal(decode(sample, 2, new ByteReader(writer.toBytes())).name, longest)
  refusesToEncode(0, { ...least, name: `${longest}x` }, /^Sample.name has 32768 bytes/)
  refusesToEncode(2, { ...least, name: `${longest}x` }, /^Sample.name has 32768 bytes/)
  refusesToDecode(2, `818002 ${'61'.repeat(0x8000)}`, /^Sample.name has 32768 bytes/)
})

test('a version that does not exist is refused', () => {
  const missing = { name: 'ProtocolError', message: 'Sample has no version 4: it has 0-3' }
  assert.throws(() => decode(sample, 4, fromHex('')), missing)
  assert.throws(() => encode(sample, 4, least, new ByteWriter()), missing)
  assert.throws(() => decode(sample, -1, fromHex('')), ProtocolError)
})

test('an int64 is a safe number or an end of the range; an opaque one has all its bits', () => {
  const numbers = message(
    'Numbers',
    { versions: '0', flexible: 'none' },
    { number: int64(), hash: opaque64() },
  )
  const hash = -0x123456789abcdef0n
  encodesAs(0, { number: INT64_MAX, hash }, '7fffffffffffffff edcba98765432110', numbers)
  const value = decode(numbers, 0, fromHex('ffe0000000000001 edcba98765432110'))
  assert.deepEqual(value, { number: Number.MIN_SAFE_INTEGER, hash })
  assert.throws(() => decode(numbers, 0, fromHex('0020000000000001 0000000000000000')), BoundsError)
  const unsafe = { number: 2 ** 53, hash }
  assert.throws(() => encode(numbers, 0, unsafe, new ByteWriter()), BoundsError)
  refusesToEncode(0, { number: 1, hash: 2n ** 63n }, /does not fit int64/, numbers as never)
})

test('records are neither copied into a message nor out of it', () => {
  const batch = Uint8Array.of(1, 2, 3)
  const partition = { partitionIndex: 0, errorCode: 0, highWatermark: 0, abortedTransactions: null }
  const body = (of: Uint8Array | readonly Uint8Array[]) => ({
    errorCode: 0,
    responses: [{ topic: 't', partitions: [{ ...partition, records: of }] }],
  })
  const writer = new ByteWriter()
  encode(fetchResponse, 12, body(batch), writer)
  assert.ok(writer.pieces().includes(batch))
  const pieces = new ByteWriter()
  encode(fetchResponse, 12, body([batch.subarray(0, 1), batch.subarray(1)]), pieces)
  assert.deepEqual(pieces.toBytes(), writer.toBytes())
  const frame = writer.toBytes()
  const read = decode(fetchResponse, 12, new ByteReader(frame))
  assert.equal(read.responses[0]!.partitions[0]!.records!.buffer, frame.buffer)
})

test('bytes are copied into a message', () => {
  const holder = message('Holder', { versions: '0', flexible: '0+' }, { content: bytes() })
  const content = Uint8Array.of(1, 2)
  const writer = new ByteWriter()
  encode(holder, 0, { content }, writer)
  content.fill(9)
  assert.deepEqual(writer.toBytes(), Uint8Array.of(3, 1, 2, 0))
})

test('null records are told from empty ones', () => {
  const holder = message(
    'Holder',
    { versions: '0-1', flexible: '1+' },
    { content: records({ nullable: '0+' }) },
  )
  encodesAs(0, { content: null }, 'ffffffff', holder)
  encodesAs(0, { content: [] }, '00000000', holder)
  encodesAs(1, { content: null }, '00 00', holder)
  encodesAs(1, { content: [] }, '01 00', holder)
})

test('bytes after a message are left to the caller, who may refuse them', () => {
  const reader = fromHex('0001 61 00000000 ff')
  assert.deepEqual(decode(sample, 0, reader), decoded)
  assert.throws(() => assertConsumed(reader, 'Sample'), ProtocolError)
})

test('where code may not be generated, closures do the same', () => {
  const script = `
    import { ByteReader, ByteWriter } from '${new URL('../base/bytes.ts', import.meta.url)}'
    import { decode, encode } from '${new URL('./codec.ts', import.meta.url)}'
    import { heartbeatRequest } from '${new URL('./messages/12-heartbeat.ts', import.meta.url)}'
    const writer = new ByteWriter()
    const value = { groupId: 'g', generationId: 4, memberId: 'm', groupInstanceId: null }
    encode(heartbeatRequest, 4, value, writer)
    console.log(JSON.stringify(decode(heartbeatRequest, 4, new ByteReader(writer.toBytes()))))`
  const flags = ['--disallow-code-generation-from-strings', '--input-type=module', '-e', script]
  const { stdout, stderr } = spawnSync(process.execPath, flags, { encoding: 'utf8' })
  const expected = '{"groupId":"g","generationId":4,"memberId":"m","groupInstanceId":null}\n'
  assert.equal(stdout, expected, stderr)
})
