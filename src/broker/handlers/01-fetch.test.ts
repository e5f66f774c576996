/** Fetch: long polls in virtual time, limits and their order, sessions, and what is refused. */
import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { ErrorCode } from '../../protocol/errors.ts'
import { fetchRequest, fetchResponse } from '../../protocol/messages/01-fetch.ts'
import { metadataRequest, metadataResponse } from '../../protocol/messages/03-metadata.ts'
import {
  deleteTopicsRequest,
  deleteTopicsResponse,
} from '../../protocol/messages/20-delete-topics.ts'
import type { Infer, Input } from '../../protocol/schema.ts'
import {
  batchOf,
  type FetchOptions,
  fetchFrom,
  recordsIn,
  type TestClient,
  TestNode,
} from '../node.test-support.ts'

type Answer = Infer<typeof fetchResponse>

async function withTopic(partitions = 1, configs: Readonly<Record<string, string>> = {}) {
  const node = await TestNode.start()
  const client = await node.connect()
  const topicId = await client.createTopic('t', partitions, configs)
  return { node, client, topicId }
}

function valuesIn(bytes: Uint8Array | null): (string | null)[] {
  return recordsIn(bytes).map(({ value }) => value)
}

/** Sends a fetch and lets it come to wait. */
async function longFetch(node: TestNode, client: TestClient, options: FetchOptions, topic = 't') {
  const body = fetchFrom(topic, 0, 0, options)
  let answer: Answer | null = null
  const startMs = node.world.nowMs
  let tookMs = -1
  client.send(fetchRequest, fetchResponse, 12, body).then(
    (response) => {
      answer = response
      tookMs = node.world.nowMs - startMs
    },
    () => {},
  )
  await node.world.advance(20)
  return {
    get answer(): Answer | null {
      return answer
    },
    get partition() {
      return answer?.responses[0]?.partitions[0]
    },
    get tookMs() {
      return tookMs
    },
  }
}

describe('Fetch', () => {
  it('reads at every version, by name and by id', async () => {
    const { node, client, topicId } = await withTopic()
    await client.produce('t', 0, batchOf(['a', 'b'], node.nowMs))
    await client.produce('t', 0, batchOf(['c'], node.nowMs))
    for (let version = 4; version <= 12; version++) {
      const read = await client.fetch('t', 0, 1, { version })
      assert.deepEqual(valuesIn(read.records), ['a', 'b', 'c'])
      assert.deepEqual([read.highWatermark, read.lastStableOffset], [3, 3])
      assert.equal(read.logStartOffset, version >= 5 ? 0 : -1)
    }
    for (let version = 13; version <= 18; version++) {
      const body = fetchFrom('', 0, 2)
      const topics = body.topics.map((topic) => ({ ...topic, topicId }))
      const answer = await client.call(fetchRequest, fetchResponse, version, { ...body, topics })
      assert.equal(answer.responses[0]?.topicId, topicId)
      assert.deepEqual(valuesIn(answer.responses[0]!.partitions[0]!.records), ['c'])
    }
  })

  it('waits for the minimum of bytes or for the end of its time', async () => {
    const { node, client } = await withTopic()
    const other = await node.connect()
    const forBytes = await longFetch(node, client, { maxWaitMs: 5000, minBytes: 150 })
    await other.produce('t', 0, batchOf(['a'], node.nowMs))
    await node.world.advance(1000)
    assert.equal(forBytes.answer, null, 'too few bytes')
    await other.produce('t', 0, batchOf(['b'.repeat(50)], node.nowMs))
    await node.world.advance(5)
    assert.deepEqual(valuesIn(forBytes.partition!.records), ['a', 'b'.repeat(50)])

    const forTime = await longFetch(node, client, { maxWaitMs: 700, minBytes: 10_000 })
    await node.world.advance(1000)
    assert.ok(forTime.tookMs >= 699 && forTime.tookMs < 710, `${forTime.tookMs} ms`)
    assert.equal(valuesIn(forTime.partition!.records).length, 2)
    const none = await client.fetch('t', 0, 2, { maxWaitMs: 300 })
    assert.deepEqual([none.errorCode, none.records?.length], [0, 0])
  })

  it('does not wait where there is an error, nothing to read, or no time', async () => {
    const { node, client } = await withTopic()
    const startMs = node.world.nowMs
    const options = { maxWaitMs: 30_000, minBytes: 1 }
    const beyond = await client.fetch('t', 0, 1, options)
    assert.equal(beyond.errorCode, ErrorCode.OFFSET_OUT_OF_RANGE)
    assert.equal((await client.fetch('t', 0, -1, options)).errorCode, ErrorCode.OFFSET_OUT_OF_RANGE)
    const unknown = await client.fetch('nowhere', 0, 0, options)
    assert.equal(unknown.errorCode, ErrorCode.UNKNOWN_TOPIC_OR_PARTITION)
    assert.equal((await client.fetch('t', 0, 0, { maxWaitMs: 0 })).errorCode, 0)
    assert.ok(node.world.nowMs - startMs < 100)
  })

  it('knows no negative number of bytes', async () => {
    const { node, client } = await withTopic()
    await client.produce('t', 0, batchOf(['a'], node.nowMs))
    const error = async (offset: number, options: FetchOptions) =>
      (await client.fetch('t', 0, offset, options)).errorCode
    assert.equal(await error(0, { maxBytes: -1 }), ErrorCode.UNKNOWN_SERVER_ERROR)
    assert.equal(await error(0, { partitionMaxBytes: -1 }), ErrorCode.UNKNOWN_SERVER_ERROR)
    assert.equal(await error(1, { partitionMaxBytes: -1 }), ErrorCode.NONE, 'nothing to read')
    assert.equal(await error(2, { maxBytes: -1 }), ErrorCode.OFFSET_OUT_OF_RANGE)
  })

  it('checks the leader epoch that the client believes in, and tells of divergence', async () => {
    const { node, client } = await withTopic()
    await client.produce('t', 0, batchOf(['a'], node.nowMs))
    const error = async (options: FetchOptions) =>
      (await client.fetch('t', 0, 0, options)).errorCode
    assert.equal(await error({ currentLeaderEpoch: 0 }), ErrorCode.NONE)
    assert.equal(await error({ currentLeaderEpoch: 5 }), ErrorCode.UNKNOWN_LEADER_EPOCH)
    const diverging = await client.fetch('t', 0, 1, { lastFetchedEpoch: 0 })
    assert.equal(diverging.errorCode, ErrorCode.NONE)
    assert.equal(diverging.divergingEpoch.epoch, -1, 'same history')
    const { divergingEpoch } = await client.fetch('t', 0, 9, { lastFetchedEpoch: 0 })
    assert.deepEqual([divergingEpoch.epoch, divergingEpoch.endOffset], [0, 1])
  })

  it('gives the bytes of a response to the partitions in the order of the request', async () => {
    const { node, client } = await withTopic(3)
    for (let index = 0; index < 3; index++) {
      await client.produce('t', index, batchOf([`${index}`.repeat(500)], node.nowMs))
    }
    const ask = async (order: readonly number[], maxBytes: number, partitionMaxBytes: number) => {
      const one = { fetchOffset: 0, partitionMaxBytes }
      const partitions = order.map((partition) => ({ partition, ...one }))
      const body = { ...fetchFrom('t', 0, 0), maxBytes, topics: [{ topic: 't', partitions }] }
      const answer = await client.call(fetchRequest, fetchResponse, 12, body)
      return answer.responses[0]!.partitions.map(({ partitionIndex, records }) => [
        partitionIndex,
        records?.length ?? 0,
      ])
    }
    const [[, size] = []] = await ask([0], 1e6, 1e6)
    assert.deepEqual(
      await ask([2, 0, 1], 1e6, 1e6),
      [2, 0, 1].map((index) => [index, size]),
    )
    assert.deepEqual(
      await ask([1, 0, 2], 1, 1),
      [
        [1, size],
        [0, 0],
        [2, 0],
      ],
      'one whole batch whatever the limits',
    )
    const full = await ask([2, 1, 0], 1.5 * size!, 1e6)
    assert.equal(full[0]?.[1], size)
    assert.ok(full[1]![1]! <= 0.5 * size! && full[2]![1] === 0)
  })

  it('cuts the last batch where the bytes of a partition or of the response end', async () => {
    const { node, client } = await withTopic(4)
    for (let at = 0; at < 12; at++) {
      await client.produce('t', at % 4, batchOf([`${at}`.padEnd(100, '.')], node.nowMs))
    }
    const all = (await client.fetch('t', 0, 0)).records!
    const size = all.length / 3
    const lengths = async (connected: TestClient) => {
      const partitions = [3, 0, 2, 1].map((partition) => {
        return { partition, fetchOffset: 0, partitionMaxBytes: size + 30 }
      })
      const maxBytes = 4 * size
      const body = { ...fetchFrom('t', 0, 0), maxBytes, topics: [{ topic: 't', partitions }] }
      const answer = await connected.call(fetchRequest, fetchResponse, 12, body)
      return answer.responses[0]!.partitions.map(({ records }) => records?.length)
    }
    // What is left for the last partition is less than its first batch.
    const expected = [size + 30, size + 30, size + 30, 0]
    assert.deepEqual(await lengths(client), expected)
    const { records } = await client.fetch('t', 0, 0, { partitionMaxBytes: size + 30 })
    assert.deepEqual(Buffer.from(records!), Buffer.from(all.subarray(0, size + 30)))
    await node.stop()
    await node.restart()
    assert.deepEqual(await lengths(await node.connect()), expected, 'from the disk')
  })

  it('answers in the order of the request, and what is unknown at the end', async () => {
    const { client } = await withTopic(2)
    await client.createTopic('u', 1)
    const part = (partition: number) => fetchFrom('t', partition, 0).topics[0]!.partitions[0]!
    const of = (topic: string, partition: number) => ({ topic, partitions: [part(partition)] })
    const topics = [of('nowhere', 0), of('t', 1), of('u', 0), of('t', 7), of('t', 0)]
    const body = { ...fetchFrom('t', 0, 0), topics }
    const { responses } = await client.call(fetchRequest, fetchResponse, 12, body)
    const order = responses.map(
      ({ topic, partitions }) => `${topic}-${partitions.map((each) => each.partitionIndex)}`,
    )
    assert.deepEqual(order, ['t-1', 'u-0', 't-0', 'nowhere-0', 't-7'])
  })

  it('sends a reader that calls itself a replica away', async () => {
    const { client, topicId } = await withTopic()
    const body = fetchFrom('t', 0, 0)
    const old = await client.call(fetchRequest, fetchResponse, 4, { ...body, replicaId: 5 })
    const error = ErrorCode.NOT_LEADER_OR_FOLLOWER
    assert.equal(old.responses[0]?.partitions[0]?.errorCode, error)
    const topics = body.topics.map((topic) => ({ ...topic, topicId }))
    const replicaState = { replicaId: 5, replicaEpoch: 3 }
    const asked = { ...body, topics, replicaState }
    const answer = await client.call(fetchRequest, fetchResponse, 18, asked)
    const [partition] = answer.responses[0]!.partitions
    assert.deepEqual([partition?.errorCode, partition?.currentLeader.leaderId], [error, 1])
  })

  it('knows no topic without a name, and says so in the words of the version', async () => {
    const { client } = await withTopic()
    const error = async (version: number, topicId: string) => {
      const body = fetchFrom('', 0, 0)
      const topics = body.topics.map((topic) => ({ ...topic, topicId }))
      const answer = await client.call(fetchRequest, fetchResponse, version, { ...body, topics })
      return answer.responses[0]?.partitions[0]?.errorCode
    }
    const nobody = 'AAAAAAAAAAAAAAAAAAAAZA'
    assert.equal(await error(12, nobody), ErrorCode.UNKNOWN_TOPIC_OR_PARTITION)
    assert.equal(await error(13, nobody), ErrorCode.UNKNOWN_TOPIC_ID)
  })

  it('does not know a third isolation level', async () => {
    const { client, topicId } = await withTopic()
    const body = { ...fetchFrom('t', 0, 0), isolationLevel: 2 }
    const error = ErrorCode.UNKNOWN_SERVER_ERROR
    const old = await client.call(fetchRequest, fetchResponse, 12, body)
    assert.equal(old.errorCode, error)
    assert.equal(old.responses[0]?.partitions[0]?.errorCode, error)
    const topics = body.topics.map((topic) => ({ ...topic, topicId }))
    const answer = await client.call(fetchRequest, fetchResponse, 13, { ...body, topics })
    assert.deepEqual([answer.errorCode, answer.responses], [error, []])
    const negative = { ...fetchFrom('t', 0, 0), isolationLevel: -1 }
    assert.equal((await client.call(fetchRequest, fetchResponse, 12, negative)).errorCode, error)
    const nowhere = { ...fetchFrom('nowhere', 0, 0), isolationLevel: 2 }
    const unread = await client.call(fetchRequest, fetchResponse, 12, nowhere)
    const unknown = ErrorCode.UNKNOWN_TOPIC_OR_PARTITION
    assert.deepEqual(
      [unread.errorCode, unread.responses[0]?.partitions[0]?.errorCode],
      [0, unknown],
    )
  })

  it('shows nothing above the last stable offset to read_committed', async () => {
    const { node, client } = await withTopic()
    await client.produce('t', 0, batchOf(['a'], node.nowMs))
    const committed = await client.fetch('t', 0, 0, { isolationLevel: 1 })
    assert.deepEqual(valuesIn(committed.records), ['a'])
    assert.deepEqual(committed.abortedTransactions, [])
    assert.equal((await client.fetch('t', 0, 0)).abortedTransactions, null)
  })

  it('says nothing of aborted transactions where a batch is left out for its size', async () => {
    const { node, client } = await withTopic(2)
    for (const partition of [0, 1]) await client.produce('t', partition, batchOf(['a'], node.nowMs))
    const aborted = async (partitionMaxBytes: number) => {
      const partitions = [0, 1].map((partition) => {
        return { partition, fetchOffset: 0, partitionMaxBytes }
      })
      const topics = [{ topic: 't', partitions }]
      const body = { ...fetchFrom('t', 0, 0), isolationLevel: 1, topics }
      const answer = await client.call(fetchRequest, fetchResponse, 12, body)
      return answer.responses[0]?.partitions.map(({ abortedTransactions }) => abortedTransactions)
    }
    assert.deepEqual(await aborted(1), [[], null])
    assert.deepEqual(await aborted(0), [[], []])
    assert.deepEqual(await aborted(10_000), [[], []])
  })

  it('ends a wait when its topic goes', async () => {
    const { node, client } = await withTopic()
    const waiting = await longFetch(node, client, { maxWaitMs: 30_000 })
    assert.equal(waiting.answer, null)
    const other = await node.connect()
    const body = { topicNames: ['t'], timeoutMs: 1000 }
    await other.call(deleteTopicsRequest, deleteTopicsResponse, 5, body)
    await node.world.advance(20)
    assert.equal(waiting.partition?.errorCode, ErrorCode.UNKNOWN_TOPIC_OR_PARTITION)
  })

  it('forgets a wait whose client has gone', async () => {
    const { node, client } = await withTopic()
    const waiting = await longFetch(node, client, { maxWaitMs: 30_000 })
    client.connection.destroy()
    await node.world.advance(100)
    const other = await node.connect()
    await other.produce('t', 0, batchOf(['a'], node.nowMs))
    await node.world.advance(40_000)
    assert.equal(waiting.answer, null)
    assert.equal(node.fatal, null)
  })
})

describe('Fetch from a cold disk', () => {
  async function restarted(values: number) {
    const { node, client } = await withTopic(2, { 'segment.bytes': '1048576' })
    const value = 'x'.repeat(100_000)
    for (let i = 0; i < values; i++) {
      await client.produce('t', 0, batchOf([`${i}${value}`], node.nowMs))
    }
    await node.stop()
    await node.restart()
    return { node, client: await node.connect(), values }
  }

  it('reads segment after segment', async () => {
    const { client, values } = await restarted(25)
    const read = await client.readAll('t', 0)
    assert.deepEqual(
      read.map(({ offset }) => offset),
      Array.from({ length: values }, (_, at) => at),
    )
    assert.ok(read.every(({ value }, at) => value?.startsWith(`${at}x`)))
  })

  it('goes over offsets that nobody has, also when it has to wait for what follows', async () => {
    const { node, client } = await withTopic()
    await client.produce('t', 0, batchOf(['a'], node.nowMs))
    await node.stop()
    for (const ending of ['log', 'index', 'timeindex']) {
      node.machine.disk.open(`/data/t-0/00000000000000001000.${ending}`, 'create').close()
    }
    await node.restart()
    const reader = await node.connect()
    const body = fetchFrom('t', 0, 1, { maxWaitMs: 30_000 })
    const waiting = reader.send(fetchRequest, fetchResponse, 12, body)
    await node.world.advance(20)
    const writer = await node.connect()
    const { baseOffset } = await writer.produce('t', 0, batchOf(['b'], node.nowMs))
    assert.equal(baseOffset, 1000)
    const answer = await node.world.settle(waiting)
    const [record] = recordsIn(answer.responses[0]!.partitions[0]!.records)
    assert.deepEqual([record?.offset, record?.value], [1000, 'b'])
  })

  it('goes on while the topic is deleted or the client leaves', async () => {
    const { node, client } = await restarted(25)
    const other = await node.connect()
    const leaving = await node.connect()
    await other.call(metadataRequest, metadataResponse, 12, { topics: [] })
    leaving.post(fetchRequest, 12, fetchFrom('t', 0, 3))
    const read = client.send(fetchRequest, fetchResponse, 12, fetchFrom('t', 0, 14))
    const next = client.send(fetchRequest, fetchResponse, 12, fetchFrom('t', 0, 14))
    const body = { topicNames: ['t'], timeoutMs: 1000 }
    const deleted = other.send(deleteTopicsRequest, deleteTopicsResponse, 5, body)
    await node.world.advance(0.6)
    leaving.connection.destroy()
    const answer = (await node.world.settle(read)).responses[0]?.partitions[0]
    await node.world.settle(deleted)
    const after = (await node.world.settle(next)).responses[0]?.partitions[0]
    assert.ok(
      answer?.errorCode === ErrorCode.UNKNOWN_TOPIC_OR_PARTITION ||
        valuesIn(answer!.records)[0]?.startsWith('14x'),
    )
    assert.notEqual(after, undefined)
    await node.world.advance(120_000)
    assert.doesNotMatch(node.log.join('\n'), /offline|error/)
    assert.equal(node.fatal, null)
  })
})

describe('Fetch sessions', () => {
  type Asked = readonly (readonly [index: number, offset: number])[]

  function sessionFetch(sessionId: number, sessionEpoch: number, asked: Asked) {
    const partitions = asked.map(([partition, fetchOffset]) => ({
      partition,
      fetchOffset,
      partitionMaxBytes: 1000,
    }))
    const body: Input<typeof fetchRequest> = {
      ...fetchFrom('t', 0, 0),
      sessionId,
      sessionEpoch,
      topics: partitions.length === 0 ? [] : [{ topic: 't', partitions }],
    }
    return body
  }

  function told(answer: Answer) {
    return answer.responses.flatMap(({ partitions }) =>
      partitions.map(({ partitionIndex, records }) => [partitionIndex, ...valuesIn(records)]),
    )
  }

  it('begin also with a fetch of nothing', async () => {
    const { client } = await withTopic()
    const body = { ...fetchFrom('t', 0, 0), topics: [], sessionId: 0, sessionEpoch: 0 }
    const { sessionId } = await client.call(fetchRequest, fetchResponse, 12, body)
    assert.notEqual(sessionId, 0)
  })

  it('tell what changed', async () => {
    const { node, client } = await withTopic(3)
    const call = (body: Input<typeof fetchRequest>) =>
      client.call(fetchRequest, fetchResponse, 12, body)
    const full = await call(sessionFetch(0, 0, [[0, 0], [1, 0], [2, 0]])) // biome-ignore format: a table
    assert.deepEqual(told(full), [[0], [1], [2]])
    const { sessionId } = full
    assert.notEqual(sessionId, 0)
    assert.deepEqual(told(await call(sessionFetch(sessionId, 1, []))), [], 'nothing is new')
    await client.produce('t', 1, batchOf(['a'], node.nowMs))
    assert.deepEqual(told(await call(sessionFetch(sessionId, 2, []))), [[1, 'a']])
    assert.deepEqual(told(await call(sessionFetch(sessionId, 3, [[1, 1]]))), [])
    await client.produce('t', 0, batchOf(['b'], node.nowMs))
    await client.produce('t', 2, batchOf(['c'], node.nowMs))
    const forgetting = {
      ...sessionFetch(sessionId, 4, []),
      forgottenTopicsData: [{ topic: 't', partitions: [2] }],
    }
    assert.deepEqual(told(await call(forgetting)), [[0, 'b']])
    const wrongEpoch = await call(sessionFetch(sessionId, 9, []))
    assert.equal(wrongEpoch.errorCode, ErrorCode.INVALID_FETCH_SESSION_EPOCH)
    const unknown = await call(sessionFetch(sessionId ^ 1, 1, []))
    assert.equal(unknown.errorCode, ErrorCode.FETCH_SESSION_ID_NOT_FOUND)
  })

  it('let a long poll wait, and answer what came', async () => {
    const { node, client } = await withTopic(2)
    const call = (body: Input<typeof fetchRequest>) =>
      client.send(fetchRequest, fetchResponse, 12, body)
    const opened = await node.world.settle(call(sessionFetch(0, 0, [[0, 0], [1, 0]]))) // biome-ignore format: a table
    const waiting = call({ ...sessionFetch(opened.sessionId, 1, []), maxWaitMs: 10_000 })
    await node.world.advance(50)
    const other = await node.connect()
    await other.produce('t', 1, batchOf(['a'], node.nowMs))
    assert.deepEqual(told(await node.world.settle(waiting)), [[1, 'a']])
    assert.ok(node.world.nowMs < node.machine.clock.nowMs() + 1000)
    const empty = await node.world.settle(
      call({ ...sessionFetch(opened.sessionId, 2, [[1, 1]]), maxWaitMs: 400 }),
    )
    assert.deepEqual(told(empty), [])
  })

  it('notice a topic that was made anew under its name', async () => {
    const { client, topicId } = await withTopic()
    const body = (sessionId: number, sessionEpoch: number, id: string | null) => {
      const { topics, ...rest } = sessionFetch(sessionId, sessionEpoch, [[0, 0]])
      const byId = id === null ? [] : topics.map((topic) => ({ ...topic, topicId: id }))
      return { ...rest, topics: byId }
    }
    const call = (request: Input<typeof fetchRequest>) =>
      client.call(fetchRequest, fetchResponse, 16, request)
    const opened = await call(body(0, 0, topicId))
    const deleted = { topics: [{ name: null, topicId }], timeoutMs: 1000 }
    await client.call(deleteTopicsRequest, deleteTopicsResponse, 6, deleted)
    const gone = await call(body(opened.sessionId, 1, null))
    assert.equal(gone.responses[0]?.partitions[0]?.errorCode, ErrorCode.UNKNOWN_TOPIC_OR_PARTITION)
    await client.createTopic('t')
    const anew = await call(body(opened.sessionId, 2, null))
    assert.equal(anew.responses[0]?.partitions[0]?.errorCode, ErrorCode.INCONSISTENT_TOPIC_ID)
    const byOldId = await call(body(0, -1, topicId))
    assert.equal(byOldId.responses[0]?.partitions[0]?.errorCode, ErrorCode.UNKNOWN_TOPIC_ID)
  })
})
