/**
 * Bytes that no client should send, over raw sockets. What Apache Kafka does with each is the
 * expected answer; after each, the server still serves a client that behaves.
 */
import assert from 'node:assert/strict'
import { randomBytes } from 'node:crypto'
import type { Check, CheckContext } from './check.ts'
import { eventually } from './process.ts'
import { countBrokers, Fields, frame, header, produceRequest, RawConnection } from './wire.ts'
import { recordBatch } from './wire-batch.ts'

const PRODUCE = 0
const LIST_OFFSETS = 2
const METADATA = 3
const API_VERSIONS = 18
const LATEST = -1

type Try = (connection: RawConnection, context: CheckContext) => Promise<void>

/** A check on one connection, after which the server serves others as before. */
function badInput(name: string, run: Try): Check {
  return {
    name: `bad-${name}`,
    needs: ['java'],
    timeoutMs: 60_000,
    run: async (context) => {
      const { port } = context.server
      const connection = await RawConnection.open(port)
      context.defer(() => connection.close())
      await run(connection, context)
      assert.equal(await countBrokers(port), 1, 'another client afterwards')
    },
  }
}

/** The server closes the connection and answers nothing. */
function closes(name: string, bytes: () => Uint8Array): Check {
  return badInput(name, async (connection) => {
    connection.send(bytes())
    assert.ok(await connection.isClosedSilently(), 'expected the connection to be closed silently')
  })
}

function metadataRequest(correlationId: number): Buffer {
  return header(METADATA, 1, correlationId).int32(0).build()
}

/** Makes a topic by asking for its metadata, and waits until it has a leader. */
async function makeTopic(connection: RawConnection, topic: string): Promise<void> {
  const body = header(METADATA, 1, 1).int32(1).string(topic).build()
  await eventually(10_000, async () => {
    const answer = await connection.request(body)
    const partitionError = answer.indexOf(topic) + topic.length + 1 + 4
    assert.ok(answer.length >= partitionError + 10, 'no partition yet')
    assert.equal(answer.readInt16BE(partitionError), 0, 'error of the partition')
  })
}

/** The error code of the only partition of a produce response, version 3. */
async function produceError(
  connection: RawConnection,
  topic: string,
  records: Uint8Array,
): Promise<number> {
  const answer = await connection.request(produceRequest(7, topic, -1, records))
  return answer.readInt16BE(4 + 4 + 2 + topic.length + 4 + 4)
}

async function endOffset(connection: RawConnection, topic: string): Promise<number> {
  const body = header(LIST_OFFSETS, 1, 9).int32(-1).int32(1).string(topic)
  const answer = await connection.request(body.int32(1).int32(0).int64(LATEST).build())
  return Number(answer.readBigInt64BE(answer.length - 8))
}

/**
 * Where Apache Kafka lets an exception through (UNKNOWN_SERVER_ERROR), a more exact refusal is as
 * good.
 */
const SOME_ERROR: readonly number[] = [-1, 2, 76, 87]

/** A batch that must be refused with this error, and of which nothing is appended. */
function refuses(
  name: string,
  errorCode: number | readonly number[],
  records: () => Uint8Array,
): Check {
  const allowed = [errorCode].flat()
  return badInput(name, async (connection, { topic }) => {
    await makeTopic(connection, topic)
    assert.equal(await produceError(connection, topic, recordBatch(['good'])), 0, 'good batch')
    const error = await produceError(connection, topic, records())
    assert.ok(allowed.includes(error), `expected error ${allowed.join(' or ')}, found ${error}`)
    assert.equal(await endOffset(connection, topic), 1, 'end of the log')
  })
}

function damaged(position: number, value: number, fixCrc: boolean): Uint8Array {
  return recordBatch(['one', 'two'], { damage: [position, value], fixCrc })
}

async function pipelined(connection: RawConnection): Promise<void> {
  const count = 500
  const frames = Array.from({ length: count }, (_, number) => frame(metadataRequest(number)))
  connection.send(Buffer.concat(frames))
  for (let number = 0; number < count; number++) {
    const answer = await connection.receive()
    assert.equal(answer?.readInt32BE(0), number, 'correlation id')
  }
}

async function byteByByte(connection: RawConnection): Promise<void> {
  for (const byte of frame(metadataRequest(77))) {
    connection.send(Buffer.from([byte]))
    await new Promise((resolve) => setTimeout(resolve, 2))
  }
  assert.equal((await connection.receive())?.readInt32BE(0), 77, 'correlation id')
}

async function unknownApiVersionsVersion(connection: RawConnection): Promise<void> {
  const answer = await connection.request(
    header(API_VERSIONS, 99, 5).int8(0).raw(randomBytes(20)).build(),
  )
  assert.equal(answer.readInt32BE(0), 5, 'correlation id')
  assert.equal(answer.readInt16BE(4), 35, 'UNSUPPORTED_VERSION')
  assert.equal(answer.readInt32BE(6), 1, 'one range, that of ApiVersions')
  const range = [answer.readInt16BE(10), answer.readInt16BE(12), answer.readInt16BE(14)]
  assert.deepEqual(range, [API_VERSIONS, 0, 4])
  assert.equal(answer.length, 16, 'an answer of version 0')
  await connection.request(metadataRequest(6)) // the same connection goes on
}

async function invalidSoftwareName(connection: RawConnection): Promise<void> {
  const name = Buffer.from('no spaces!')
  const body = header(API_VERSIONS, 3, 5).int8(0)
  const strings = body
    .int8(name.length + 1)
    .raw(name)
    .int8(2)
    .raw(Buffer.from('1'))
    .int8(0)
  const answer = await connection.request(strings.build())
  assert.equal(answer.readInt16BE(4), 42, 'INVALID_REQUEST')
}

async function unacknowledged(connection: RawConnection, { topic }: CheckContext): Promise<void> {
  await makeTopic(connection, topic)
  connection.send(frame(produceRequest(1, topic, 0, recordBatch(['quiet']))))
  assert.ok(await connection.isSilent(500), 'expected no answer')
  await eventually(5_000, async () => assert.equal(await endOffset(connection, topic), 1))
}

/** Where it cannot answer, Kafka closes the connection so that the producer notices. */
async function unacknowledgedCorrupt(connection: RawConnection, context: CheckContext) {
  const { topic } = context
  await makeTopic(connection, topic)
  const records = recordBatch(['x'], { damage: [67, 0x7a], fixCrc: false })
  connection.send(frame(produceRequest(1, topic, 0, records)))
  assert.ok(await connection.isClosedSilently(), 'expected the connection to be closed')
}

async function invalidAcks(connection: RawConnection, { topic }: CheckContext): Promise<void> {
  await makeTopic(connection, topic)
  const answer = await connection.request(produceRequest(7, topic, 2, recordBatch(['x'])))
  const error = answer.readInt16BE(4 + 4 + 2 + topic.length + 4 + 4)
  assert.equal(error, 21, 'INVALID_REQUIRED_ACKS')
}

async function halfOpen(_: RawConnection, context: CheckContext): Promise<void> {
  const { server } = context
  const open = Array.from({ length: 300 }, () => RawConnection.open(server.port))
  const connections = await Promise.all(open)
  for (const connection of connections) context.defer(() => connection.close())
  for (const connection of connections) connection.send(Buffer.from([0, 0, 1]))
  for (let round = 0; round < 20; round++) assert.equal(await countBrokers(server.port), 1)
}

async function garbage(_: RawConnection, { server }: CheckContext): Promise<void> {
  for (let round = 0; round < 100; round++) {
    const connection = await RawConnection.open(server.port)
    const junk = randomBytes(1 + Math.floor(Math.random() * 2_000))
    connection.send(round % 2 === 0 ? junk : frame(junk))
    connection.socket.end()
    await connection.isClosedSilently(2_000)
    connection.close()
  }
}

/** A frame of which the rest never comes, and then the client goes. */
async function truncated(connection: RawConnection): Promise<void> {
  connection.send(frame(metadataRequest(1)).subarray(0, 12))
  connection.socket.end()
  assert.ok(await connection.isClosedSilently(), 'expected the connection to be closed')
}

/** Arrays that claim more elements than the frame has bytes for. */
function lyingCount(count: number): Uint8Array {
  return frame(header(METADATA, 4, 1).int32(count).int8(0).build())
}

const text = (value: string) => Buffer.from(value)

export const badInputs: readonly Check[] = [
  closes('size-negative', () => new Fields().int32(-1).build()),
  closes('size-oversized', () => new Fields().int32(104_857_601).build()),
  closes('size-zero', () => new Fields().int32(0).build()),
  closes('http', () => text('GET / HTTP/1.1\r\nHost: localhost\r\n\r\n')),
  closes('tls', () => Buffer.from('16030100f0010000ec0303', 'hex')),
  closes('header-short', () => frame(Buffer.from([0, 3, 0]))),
  closes('api-unknown', () => frame(header(999, 0, 1).build())),
  closes('api-negative', () => frame(header(-1, 0, 1).build())),
  closes('api-of-controllers', () => frame(header(52, 0, 1).int8(0).build())),
  closes('version-unknown', () => frame(header(METADATA, 99, 1).int32(0).build())),
  closes('version-negative', () => frame(header(METADATA, -1, 1).int32(0).build())),
  closes('version-removed', () => frame(header(LIST_OFFSETS, 0, 1).int32(-1).int32(0).build())),
  closes('produce-version-removed', () => frame(header(PRODUCE, 2, 1).int16(1).int32(0).build())),
  closes('body-truncated', () => frame(header(METADATA, 1, 1).int32(1).build())),
  closes('body-string-too-long', () => frame(header(METADATA, 1, 1).int32(1).int16(99).build())),
  closes('count-huge', () => lyingCount(0x7fffffff)),
  badInput('truncated', truncated),
  badInput('garbage', garbage),
  badInput('half-open', halfOpen),
  badInput('pipelined', pipelined),
  badInput('byte-by-byte', byteByByte),
  badInput('api-versions-unknown-version', unknownApiVersionsVersion),
  badInput('api-versions-software-name', invalidSoftwareName),
  badInput('acks-zero', unacknowledged),
  badInput('acks-zero-corrupt', unacknowledgedCorrupt),
  badInput('acks-invalid', invalidAcks),
  refuses('batch-crc', 2, () => damaged(67, 0x7a, false)),
  refuses('batch-magic-1', 87, () => damaged(16, 1, false)),
  refuses('batch-magic-9', 2, () => damaged(16, 9, false)),
  refuses('batch-length-short', 2, () => damaged(11, 20, false)),
  refuses('batch-count', 87, () => damaged(60, 9, true)),
  refuses('batch-last-offset', 87, () => damaged(26, 9, true)),
  refuses('batch-control', 87, () => damaged(22, 0x20, true)),
  refuses('batch-codec', SOME_ERROR, () => damaged(22, 7, true)),
  refuses('batch-compressed-not', SOME_ERROR, () => damaged(22, 1, true)),
  refuses('batch-record-length', 87, () => damaged(61, 40, true)),
  refuses('batch-empty', 87, () => new Uint8Array(0)),
  refuses('batch-two', 87, () => Buffer.concat([recordBatch(['a']), recordBatch(['b'])])),
  refuses('batch-too-large', 10, () => recordBatch(['x'.repeat(1_100_000)])),
  refuses('batch-garbage', 2, () => randomBytes(200)),
]
