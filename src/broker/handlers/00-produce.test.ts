/** Produce: what is appended, what is refused and how, and what acks=0 means. */
import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { ErrorCode } from '../../protocol/errors.ts'
import { produceRequest, produceResponse } from '../../protocol/messages/00-produce.ts'
import { metadataRequest, metadataResponse } from '../../protocol/messages/03-metadata.ts'
import {
  findCoordinatorRequest,
  findCoordinatorResponse,
} from '../../protocol/messages/10-find-coordinator.ts'
import type { BatchOptions } from '../../records/builder.ts'
import { batchOf, produceTo, type TestClient, TestNode } from '../node.test-support.ts'

async function withTopic(configs: Readonly<Record<string, string>> = {}) {
  const node = await TestNode.start()
  const client = await node.connect()
  const topicId = await client.createTopic('t', 2, configs)
  return { node, client, topicId, nowMs: node.nowMs }
}

async function valuesOf(client: TestClient, index = 0): Promise<(string | null)[]> {
  return (await client.readAll('t', index)).map(({ value }) => value)
}

describe('Produce', () => {
  it('appends at every version and answers the offset', async () => {
    const { client, topicId, nowMs } = await withTopic()
    for (let version = 3; version <= 12; version++) {
      const answer = await client.produce('t', 0, batchOf(['a', 'b'], nowMs), { version })
      const { errorCode, baseOffset, logAppendTimeMs, logStartOffset } = answer
      assert.deepEqual([errorCode, baseOffset, logAppendTimeMs], [0, 2 * (version - 3), -1])
      assert.equal(logStartOffset, version >= 5 ? 0 : -1)
    }
    const byId = { topicId, partitionData: [{ index: 1, records: batchOf(['c'], nowMs) }] }
    const body = { transactionalId: null, acks: 1, timeoutMs: 1000, topicData: [byId] }
    const answer = await client.call(produceRequest, produceResponse, 13, body)
    assert.equal(answer.responses[0]?.topicId, topicId)
    assert.equal(answer.responses[0]?.partitionResponses[0]?.baseOffset, 0)
    assert.deepEqual(await valuesOf(client, 1), ['c'])
  })

  it('answers acks=0 with nothing, and ends the connection where that failed', async () => {
    const { node, client, nowMs } = await withTopic()
    client.post(produceRequest, 9, produceTo('t', 0, batchOf(['a'], nowMs), 0))
    assert.deepEqual(await valuesOf(client), ['a'], 'the next answer is that of the next request')
    client.post(produceRequest, 9, produceTo('nowhere', 0, batchOf(['a'], nowMs), 0))
    await client.untilClosed()
    assert.match(node.log.join('\n'), /acks=0 failed/)
  })

  it('stamps records under LogAppendTime', async () => {
    const { client } = await withTopic({ 'message.timestamp.type': 'LogAppendTime' })
    const answer = await client.produce('t', 0, batchOf(['a'], 1000))
    const [record] = await client.readAll('t', 0)
    assert.ok(answer.logAppendTimeMs > 1000)
    assert.equal(record?.timestampMs, answer.logAppendTimeMs)
  })

  it('refuses what it can not append, and appends nothing of it', async () => {
    const { client, nowMs } = await withTopic({ 'max.message.bytes': '200' })
    const good = batchOf(['a'], nowMs)
    const corrupt = good.with(-1, 1)
    const two = new Uint8Array([...good, ...good])
    const error = async (records: Uint8Array, options = {}) =>
      (await client.produce('t', 0, records, options)).errorCode
    assert.equal(await error(corrupt), ErrorCode.CORRUPT_MESSAGE)
    assert.equal(await error(good.subarray(0, good.length - 3)), ErrorCode.INVALID_RECORD)
    assert.equal(await error(good.subarray(0, 14)), ErrorCode.INVALID_RECORD)
    assert.equal(await error(good.with(16, 1)), ErrorCode.INVALID_RECORD)
    assert.equal(await error(good.with(16, 3)), ErrorCode.CORRUPT_MESSAGE)
    assert.equal(await error(good.with(8, 255)), ErrorCode.CORRUPT_MESSAGE)
    assert.equal(await error(two), ErrorCode.INVALID_RECORD)
    assert.equal(await error(new Uint8Array(0)), ErrorCode.INVALID_RECORD)
    assert.equal(await error(batchOf(['x'.repeat(200)], nowMs)), ErrorCode.MESSAGE_TOO_LARGE)
    assert.equal(await error(good, { acks: 2 }), ErrorCode.INVALID_REQUIRED_ACKS)
    const zstd = batchOf(['a'], nowMs, { compression: 'zstd' })
    assert.equal(await error(zstd, { version: 6 }), ErrorCode.UNSUPPORTED_COMPRESSION_TYPE)
    const late = batchOf(['a'], nowMs + 2 * 3_600_000)
    assert.equal(await error(late), ErrorCode.INVALID_TIMESTAMP)
    const inTransaction = batchOf(['a'], nowMs, {
      producerId: 1,
      producerEpoch: 0,
      baseSequence: 0,
      isTransactional: true,
    })
    const unauthorized = ErrorCode.TRANSACTIONAL_ID_AUTHORIZATION_FAILED
    assert.equal(await error(inTransaction), unauthorized)
    const all = { transactionalId: null, acks: -1, timeoutMs: 1000, topicData: [] as unknown[] }
    const parts = [inTransaction, good].map((records, index) => ({ index, records }))
    const mixed = { ...all, topicData: [{ name: 't', partitionData: parts }] }
    const { responses } = await client.call(produceRequest, produceResponse, 9, mixed)
    const codes = responses[0]?.partitionResponses.map(({ errorCode }) => errorCode)
    assert.deepEqual(codes, [unauthorized, unauthorized], 'nothing of the request is written')
    const named = { ...mixed, transactionalId: 'x' }
    const answer = await client.call(produceRequest, produceResponse, 9, named)
    const [first] = answer.responses[0]!.partitionResponses
    assert.equal(first?.errorCode, ErrorCode.INVALID_TXN_STATE)
    assert.deepEqual(await client.readAll('t', 0), [])
    assert.equal(await error(zstd, { version: 7 }), ErrorCode.NONE)
    assert.deepEqual(await valuesOf(client), ['a'])
  })

  it('leaves out the beginning of a second batch', async () => {
    const { client, nowMs } = await withTopic()
    const good = batchOf(['a'], nowMs)
    for (const more of [3, 14, good.length - 1]) {
      const answer = await client.produce(
        't',
        0,
        new Uint8Array([...good, ...good.subarray(0, more)]),
      )
      assert.equal(answer.errorCode, ErrorCode.NONE)
    }
    assert.deepEqual(await valuesOf(client), ['a', 'a', 'a'])
  })

  it('says why bytes can not be a batch', async () => {
    const { client, nowMs } = await withTopic()
    const good = batchOf(['a'], nowMs)
    const message = async (records: Uint8Array) =>
      (await client.produce('t', 0, records, { version: 8 })).errorMessage
    assert.equal(await message(good.with(16, 3)), 'Invalid magic found in record: 3')
    assert.equal(await message(good.with(16, 255)), 'Invalid magic found in record: -1')
    const empty = 'Record size 0 is less than the minimum record overhead (14)'
    assert.equal(await message(new Uint8Array(100)), empty)
  })

  it('takes nothing of a request of which one batch can not be told from what follows', async () => {
    const { client, nowMs } = await withTopic()
    const good = batchOf(['a'], nowMs)
    const partitionData = [
      { index: 0, records: good },
      { index: 7, records: good.with(16, 3) },
    ]
    const body = { transactionalId: null, acks: -1, timeoutMs: 1000 }
    const { responses } = await client.call(produceRequest, produceResponse, 9, {
      ...body,
      topicData: [{ name: 't', partitionData }],
    })
    const message = 'Invalid magic found in record: 3'
    assert.deepEqual(
      responses[0]?.partitionResponses.map(({ errorCode, errorMessage }) => [
        errorCode,
        errorMessage,
      ]),
      [
        [ErrorCode.CORRUPT_MESSAGE, message],
        [ErrorCode.CORRUPT_MESSAGE, message],
      ],
    )
    assert.equal((await client.produce('t', 0, good)).baseOffset, 0)
  })

  it('answers each partition by itself', async () => {
    const { client, nowMs } = await withTopic()
    const records = batchOf(['a'], nowMs)
    const partition = (index: number) => ({ index, records })
    const body = {
      transactionalId: null,
      acks: -1,
      timeoutMs: 1000,
      topicData: [
        { name: 't', partitionData: [partition(0), partition(7)] },
        { name: 'nowhere', partitionData: [partition(0)] },
      ],
    }
    const { responses } = await client.call(produceRequest, produceResponse, 9, body)
    const errors = responses.map(({ name, partitionResponses }) => [
      name,
      ...partitionResponses.map(({ errorCode }) => errorCode),
    ])
    const unknown = ErrorCode.UNKNOWN_TOPIC_OR_PARTITION
    assert.deepEqual(errors, [
      ['t', 0, unknown],
      ['nowhere', unknown],
    ])
    const topicId = 'AAAAAAAAAAAAAAAAAAAAZA'
    const byId = { ...body, topicData: [{ topicId, partitionData: [partition(0)] }] }
    const answer = await client.call(produceRequest, produceResponse, 13, byId)
    assert.equal(answer.responses[0]?.partitionResponses[0]?.errorCode, ErrorCode.UNKNOWN_TOPIC_ID)
  })

  it('writes and answers a partition once, however often it is named', async () => {
    const { client, nowMs } = await withTopic()
    const partition = (value: string) => ({ index: 0, records: batchOf([value], nowMs) })
    const topicData = [
      { name: 't', partitionData: [partition('a'), partition('b')] },
      { name: 'nothing', partitionData: [] },
      { name: 't', partitionData: [partition('c')] },
    ]
    const body = { transactionalId: null, acks: -1, timeoutMs: 1000, topicData }
    const { responses } = await client.call(produceRequest, produceResponse, 9, body)
    assert.deepEqual(
      responses.map(({ name, partitionResponses }) => [name, partitionResponses.length]),
      [['t', 1]],
    )
    assert.deepEqual(await valuesOf(client), ['c'])
  })

  it('tells where the log starts unless the batch did not come to the log', async () => {
    const { client, nowMs } = await withTopic({ 'max.message.bytes': '200' })
    const start = async (records: Uint8Array) => {
      const { logStartOffset } = await client.produce('t', 0, records, { version: 8 })
      return logStartOffset
    }
    assert.equal(await start(batchOf(['a'], nowMs)), 0)
    assert.equal(await start(batchOf(['late'], nowMs + 2 * 3_600_000)), 0)
    assert.equal(await start(batchOf(['x'.repeat(200)], nowMs)), -1)
    assert.equal(await start(batchOf(['a'], nowMs).with(-1, 1)), -1)
  })

  it('says what is wrong with each record that a compacted topic refuses', async () => {
    const { client, nowMs } = await withTopic({ 'cleanup.policy': 'compact' })
    const answer = await client.produce('t', 0, batchOf(['a', 'b'], nowMs), { version: 8 })
    assert.equal(answer.errorCode, ErrorCode.INVALID_RECORD)
    assert.deepEqual(
      answer.recordErrors.map(({ batchIndex }) => batchIndex),
      [0, 1],
    )
    assert.equal((await client.produce('t', 0, batchOf(['a'], nowMs, { key: 'k' }))).errorCode, 0)
  })

  it('keeps internal topics to those that may write them', async () => {
    const { node, client, nowMs } = await withTopic()
    const find = { key: 'g', keyType: 0 }
    await client.call(findCoordinatorRequest, findCoordinatorResponse, 3, find)
    const records = batchOf(['a'], nowMs, { key: 'k' })
    const refused = await client.produce('__consumer_offsets', 0, records)
    assert.equal(refused.errorCode, ErrorCode.INVALID_TOPIC_EXCEPTION)
    const admin = await node.connect({ clientId: '__admin_client' })
    assert.equal((await admin.produce('__consumer_offsets', 0, records)).errorCode, 0)
  })
})

describe('Produce of an idempotent producer', () => {
  const options = (baseSequence: number, producerEpoch = 0): BatchOptions => ({
    producerId: 4000,
    producerEpoch,
    baseSequence,
  })

  it('appends each batch once and in order', async () => {
    const { node, client, nowMs } = await withTopic()
    const send = async (value: string, sequence: number, epoch = 0) => {
      const records = batchOf([value], nowMs, options(sequence, epoch))
      const { errorCode, baseOffset } = await client.produce('t', 0, records)
      return errorCode === ErrorCode.NONE ? baseOffset : -errorCode
    }
    for (let i = 0; i < 6; i++) assert.equal(await send(`v${i}`, i), i)
    assert.equal(await send('v5', 5), 5, 'a duplicate has the offset of the original')
    assert.equal(await send('v1', 1), 1, 'one of the last five')
    assert.equal(await send('v0', 0), -ErrorCode.OUT_OF_ORDER_SEQUENCE_NUMBER, 'an older one')
    assert.equal(await send('v8', 8), -ErrorCode.OUT_OF_ORDER_SEQUENCE_NUMBER)
    assert.equal(await send('e1', 1, 1), -ErrorCode.OUT_OF_ORDER_SEQUENCE_NUMBER)
    assert.equal(await send('e0', 0, 1), 6, 'a new epoch begins at 0')
    assert.equal(await send('v6', 6), -ErrorCode.INVALID_PRODUCER_EPOCH)
    node.kill()
    await node.restart()
    const again = await node.connect()
    const repeated = await again.produce('t', 0, batchOf(['e0'], nowMs, options(0, 1)))
    assert.deepEqual([repeated.errorCode, repeated.baseOffset], [0, 6], 'also after kill -9')
    assert.equal((await valuesOf(again)).length, 7)
  })

  it('takes any sequence of a producer that it does not know', async () => {
    const { client, nowMs } = await withTopic()
    const answer = await client.produce('t', 0, batchOf(['a'], nowMs, options(17)))
    assert.equal(answer.errorCode, ErrorCode.NONE)
  })

  it('answers pipelined duplicates of one turn with one offset', async () => {
    const { node, client, nowMs } = await withTopic()
    const body = produceTo('t', 0, batchOf(['a'], nowMs, options(0)))
    const answers = [1, 2, 3].map(() => client.send(produceRequest, produceResponse, 9, body))
    const all = await node.world.settle(Promise.all(answers))
    const offsets = all.map(({ responses }) => responses[0]?.partitionResponses[0]?.baseOffset)
    assert.deepEqual(offsets, [0, 0, 0])
    const topics = await client.call(metadataRequest, metadataResponse, 9, { topics: null })
    assert.equal(topics.topics.length, 1)
  })
})
