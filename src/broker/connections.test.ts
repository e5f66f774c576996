/** Connections: bad bytes, order, limits, and clients that do not read, or send too much. */
import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { ErrorCode } from '../protocol/errors.ts'
import { produceRequest, produceResponse } from '../protocol/messages/00-produce.ts'
import { fetchRequest, fetchResponse } from '../protocol/messages/01-fetch.ts'
import { metadataRequest, metadataResponse } from '../protocol/messages/03-metadata.ts'
import { apiVersionsRequest, apiVersionsResponse } from '../protocol/messages/18-api-versions.ts'
import { createTopicsRequest, createTopicsResponse } from '../protocol/messages/19-create-topics.ts'
import { deleteTopicsRequest, deleteTopicsResponse } from '../protocol/messages/20-delete-topics.ts'
import {
  incrementalAlterConfigsRequest,
  incrementalAlterConfigsResponse,
} from '../protocol/messages/44-incremental-alter-configs.ts'
import { encodeRequest } from '../rpc/header.ts'
import {
  batchOf,
  CONTROLLER_PORT,
  fetchFrom,
  PORT,
  produceTo,
  type TestClient,
  TestNode,
} from './node.test-support.ts'

const MEBIBYTE = 1024 * 1024

async function isServed(client: TestClient): Promise<boolean> {
  const answer = await client.call(metadataRequest, metadataResponse, 9, { topics: null })
  return answer.brokers.length === 1
}

/** A frame with the length in front. */
function framed(...bytes: number[]): Uint8Array {
  return Uint8Array.of(0, 0, bytes.length >> 8, bytes.length & 255, ...bytes)
}

describe('a connection', () => {
  it('ends for what can not be read, and the others go on', async () => {
    const node = await TestNode.start()
    const other = await node.connect()
    const metadata = encodeRequest(metadataRequest, 1, 1, 'c', { topics: [{ name: 't' }] })
    const whole = new Uint8Array(Buffer.concat(metadata))
    const cut = whole.slice(0, whole.length - 3)
    cut[3]! -= 3
    const bad: [string, Uint8Array][] = [
      ['a negative length', Uint8Array.of(255, 255, 255, 255)],
      ['too large a frame', Uint8Array.of(0x7f, 0, 0, 0)],
      ['an unknown API', framed(0, 200, 0, 0, 0, 0, 0, 1, 255, 255)],
      ['an API that is not served here', framed(0, 4, 0, 0, 0, 0, 0, 1, 255, 255)],
      ['an unknown version', framed(0, 3, 0, 99, 0, 0, 0, 1, 255, 255, 0)],
      ['an old version', framed(0, 0, 0, 2, 0, 0, 0, 1, 255, 255, 0, 0, 0, 0)],
      ['an empty frame', framed()],
      ['half a header', framed(0, 3, 0, 1, 0)],
      ['a body that is cut short', cut],
      ['an array of two milliards', framed(0, 3, 0, 1, 0, 0, 0, 1, 255, 255, 127, 255, 255, 255)],
    ]
    for (const [name, bytes] of bad) {
      const logged = node.log.length
      const client = await node.connect()
      client.connection.write([bytes])
      await client.untilClosed().catch(() => assert.fail(`${name}: still open`))
      assert.equal(node.log.length, logged + 1, name)
      assert.match(node.log.at(-1)!, /^warn: connection 10\.0\.0\.1:9092-.* closed: /)
    }
    assert.ok(await isServed(other))
    const newer = await node.connect()
    // A header of an old form: the version is what is wrong, and is said to be.
    newer.connection.write([framed(0, 3, 0, 99, 0, 0, 0, 1, 0, 1, 99)])
    await newer.untilClosed()
    assert.match(node.log.at(-1)!, /Metadata version 99 is not served: 0 to 13 are$/)
    const controller = await node.connect({ port: CONTROLLER_PORT })
    controller.post(produceRequest, 9, produceTo('t', 0, null))
    await controller.untilClosed()
    assert.match(node.log.at(-1)!, /API key 0 is not served on the CONTROLLER listener/)
  })

  it('gives the answers to all that came before what can not be read', async () => {
    for (const bad of [
      Uint8Array.of(255, 255, 255, 255),
      framed(0, 3, 0, 99, 0, 0, 0, 1, 255, 255),
    ]) {
      const node = await TestNode.start()
      const client = await node.connect()
      await client.createTopic('t')
      const records = batchOf(['a'], node.nowMs)
      const answers = Array.from({ length: 5 }, () =>
        client.send(produceRequest, produceResponse, 9, produceTo('t', 0, records)),
      )
      client.connection.write([bad])
      const late = client.send(produceRequest, produceResponse, 9, produceTo('t', 0, records))
      late.catch(() => {})
      await client.untilClosed()
      const offsets = (await Promise.all(answers)).map(
        ({ responses }) => responses[0]?.partitionResponses[0]?.baseOffset,
      )
      assert.deepEqual(offsets, [0, 1, 2, 3, 4])
      await assert.rejects(late, /closed/)
      assert.equal((await (await node.connect()).readAll('t', 0)).length, 5, 'nothing behind it')
    }
  })

  it('takes the memory of an answered Produce for the next, and what was produced stays', async () => {
    const node = await TestNode.start()
    const client = await node.connect()
    await client.createTopic('t', 2)
    const values = Array.from({ length: 12 }, (_, i) => String.fromCharCode(97 + i).repeat(40_000))
    const answers = values.map((value, i) => {
      const records = batchOf([value], node.nowMs)
      return client.send(produceRequest, produceResponse, 9, produceTo('t', i % 2, records))
    })
    await node.world.settle(Promise.all(answers))
    for (const partition of [0, 1]) {
      const read = (await client.readAll('t', partition)).map(({ value }) => value)
      assert.deepEqual(
        read,
        values.filter((_, i) => i % 2 === partition),
      )
    }
  })

  it('may end in the middle of a frame', async () => {
    const node = await TestNode.start()
    const client = await node.connect()
    client.connection.write([Uint8Array.of(0, 0, 1, 0, 0, 3)])
    await node.world.advance(50)
    client.connection.end()
    await client.untilClosed()
    assert.ok(await isServed(await node.connect()))
  })

  it('is answered in the order of its requests, also behind a long poll', async () => {
    const node = await TestNode.start()
    const client = await node.connect()
    await client.createTopic('t')
    const order: string[] = []
    const note = (name: string, answer: Promise<unknown>) => answer.then(() => order.push(name))
    const startMs = node.world.nowMs
    const records = batchOf(['a'], node.nowMs)
    const produce = () =>
      client.send(produceRequest, produceResponse, 9, produceTo('t', 0, records))
    const wait = fetchFrom('t', 0, 1, { maxWaitMs: 400 })
    const all = [
      note('produce', produce()),
      note('fetch', client.send(fetchRequest, fetchResponse, 12, wait)),
      note('versions', client.send(apiVersionsRequest, apiVersionsResponse, 0, {})),
      note('produce again', produce()),
    ]
    await node.world.settle(Promise.all(all))
    assert.deepEqual(order, ['produce', 'fetch', 'versions', 'produce again'])
    assert.ok(node.world.nowMs - startMs >= 399)
  })

  it('sees its topics made and deleted in the order of its requests', async () => {
    const node = await TestNode.start()
    const client = await node.connect()
    const topic = {
      name: 't',
      numPartitions: 1,
      replicationFactor: 1,
      assignments: [],
      configs: [],
    }
    const create = { topics: [topic], timeoutMs: 1000 }
    const remove = { topicNames: ['t'], timeoutMs: 1000 }
    const records = batchOf(['a'], node.nowMs)
    const produce = async () => {
      const body = produceTo('t', 0, records)
      const answer = await client.send(produceRequest, produceResponse, 9, body)
      return answer.responses[0]?.partitionResponses[0]?.errorCode
    }
    const created = client.send(createTopicsRequest, createTopicsResponse, 5, create)
    const before = produce()
    const deleted = client.send(deleteTopicsRequest, deleteTopicsResponse, 5, remove)
    const after = produce()
    await node.world.settle(Promise.all([created, before, deleted, after]))
    assert.equal(await before, ErrorCode.NONE)
    assert.equal(await after, ErrorCode.UNKNOWN_TOPIC_OR_PARTITION)
  })

  it('has many requests handled in one turn, and one write for their answers', async () => {
    const node = await TestNode.start({ simulation: { network: { breaksUpChunks: false } } })
    const client = await node.connect()
    await client.createTopic('t')
    const chunks: number[] = []
    const { onData } = client.connection
    client.connection.onData = (chunk) => {
      chunks.push(chunk.length)
      onData(chunk)
    }
    const records = batchOf(['a'], node.nowMs)
    const all = Array.from({ length: 100 }, () =>
      client.send(produceRequest, produceResponse, 9, produceTo('t', 0, records)),
    )
    const answers = await node.world.settle(Promise.all(all))
    const offsets = answers.map((answer) => answer.responses[0]?.partitionResponses[0]?.baseOffset)
    assert.deepEqual(
      offsets,
      offsets.map((_, at) => at),
    )
    assert.ok(chunks.length < 100, `${chunks.length} chunks`)
  })
})

describe('a client that', () => {
  it('does not read gets no more than fits, and all of it once it reads', async () => {
    const node = await TestNode.start()
    const client = await node.connect()
    const other = await node.connect()
    await client.createTopic('t')
    await client.createTopic('marker')
    const value = 'x'.repeat(900_000)
    await client.produce('t', 0, batchOf([value], node.nowMs))
    client.connection.pause()
    const fetches = Array.from({ length: 40 }, () =>
      client.send(fetchRequest, fetchResponse, 12, fetchFrom('t', 0, 0)),
    )
    const marker = produceTo('marker', 0, batchOf(['m'], node.nowMs))
    const produced = client.send(produceRequest, produceResponse, 9, marker)
    await node.world.advance(10_000)
    assert.deepEqual(await other.readAll('marker', 0), [], 'requests behind it wait')
    client.connection.resume()
    const answers = await node.world.settle(Promise.all(fetches))
    await node.world.settle(produced)
    assert.ok(answers.every(({ responses }) => responses[0]!.partitions[0]!.records!.length > 9e5))
    assert.equal((await other.readAll('marker', 0)).length, 1)
  })

  it('sends more than is handled is paused', async () => {
    const node = await TestNode.start()
    const client = await node.connect()
    await client.createTopic('t')
    const wait = client.send(
      fetchRequest,
      fetchResponse,
      12,
      fetchFrom('t', 0, 0, { maxWaitMs: 20_000, minBytes: 1e9 }),
    )
    const records = batchOf(['x'.repeat(100_000)], node.nowMs)
    const produced = Array.from({ length: 100 }, () =>
      client.send(produceRequest, produceResponse, 9, produceTo('t', 0, records)),
    )
    await node.world.advance(10_000)
    const { queuedBytes } = client.connection
    assert.ok(queuedBytes > 8 * MEBIBYTE, `${queuedBytes} bytes are left with the client`)
    await node.world.settle(wait)
    const answers = await node.world.settle(Promise.all(produced))
    assert.equal(answers.at(-1)?.responses[0]?.partitionResponses[0]?.baseOffset, 99)
  })

  it('leaves in the middle of everything harms nobody', async () => {
    const node = await TestNode.start()
    const keeper = await node.connect()
    await keeper.createTopic('t')
    const records = batchOf(['a'], node.nowMs)
    for (let i = 0; i < 30; i++) {
      const client = await node.connect()
      const wait = fetchFrom('t', 0, i, { maxWaitMs: 5000 })
      client.send(fetchRequest, fetchResponse, 12, wait).catch(() => {})
      client.send(produceRequest, produceResponse, 9, produceTo('t', 0, records)).catch(() => {})
      await node.world.advance(node.world.random.float() * 2)
      client.connection.destroy()
    }
    await keeper.produce('t', 0, records)
    await node.world.advance(10_000)
    assert.ok(await isServed(keeper))
    assert.equal(node.fatal, null)
  })
})

describe('limits of connections', () => {
  const stays = async (
    node: TestNode,
    host = 'client',
    port = PORT,
  ): Promise<TestClient | null> => {
    const client = await node.connect({ host, port }).catch(() => null)
    await node.world.advance(20)
    return client === null || client.closed !== null ? null : client
  }

  it('hold for all and for each address, with exceptions', async () => {
    const properties = {
      'max.connections': '5',
      'max.connections.per.ip': '2',
      'max.connections.per.ip.overrides': '10.0.0.3:4',
    }
    const node = new TestNode({ properties })
    node.world.node('one') // 10.0.0.2
    node.world.node('two') // 10.0.0.3, the exception
    await node.restart()
    const first = await stays(node, 'one')
    assert.notEqual(first, null)
    assert.notEqual(await stays(node, 'one'), null)
    assert.equal(await stays(node, 'one'), null)
    assert.match(node.log.at(-1)!, /10\.0\.0\.2 closed: max\.connections\.per\.ip=2 reached/)
    for (let i = 0; i < 3; i++) assert.notEqual(await stays(node, 'two'), null)
    const waiting = await node.connect({ host: 'two' })
    const answer = waiting.send(metadataRequest, metadataResponse, 9, { topics: null })
    await node.world.advance(5000)
    assert.deepEqual([waiting.receivedBytes, waiting.closed], [0, null], 'nobody hears it yet')
    first!.connection.end()
    assert.equal((await node.world.settle(answer)).brokers.length, 1, 'there is room')
  })

  it('hold for each listener, and let brokers in at theirs', async () => {
    const properties = {
      listeners: `CLIENTS://:${PORT},BROKERS://:9094,CONTROLLER://:${CONTROLLER_PORT}`,
      'listener.security.protocol.map': 'CLIENTS:PLAINTEXT,BROKERS:PLAINTEXT,CONTROLLER:PLAINTEXT',
      'inter.broker.listener.name': 'BROKERS',
      'max.connections': '3',
      'listener.name.clients.max.connections': '2',
    }
    const node = await TestNode.start({ properties })
    const oldest = await node.connect()
    assert.ok(await isServed(oldest))
    await node.world.advance(20)
    const newer = await node.connect()
    assert.ok(await isServed(newer))
    const surplus = await node.connect()
    const answer = surplus.send(metadataRequest, metadataResponse, 9, { topics: null })
    await node.world.advance(50)
    assert.deepEqual([surplus.receivedBytes, surplus.closed], [0, null])
    // Brokers come in though all places are taken: the client that was quiet for longest goes.
    assert.ok(await isServed(await node.connect({ port: 9094 })))
    assert.ok(await isServed(await node.connect({ port: 9094 })))
    await node.world.advance(50)
    assert.deepEqual([oldest.closed !== null, newer.closed], [true, null])
    assert.match(node.log.join('\n'), /it was the least recently used/)
    // The controller counts its own.
    assert.notEqual(await stays(node, undefined, CONTROLLER_PORT), null)
    assert.equal(surplus.receivedBytes, 0)
    newer.connection.end()
    assert.equal((await node.world.settle(answer)).brokers.length, 1)
  })

  it('hold for how many come in a second', async () => {
    const properties = {
      'max.connection.creation.rate': '2',
      'quota.window.num': '2',
      'quota.window.size.seconds': '1',
    }
    const node = await TestNode.start({ properties })
    for (let i = 0; i < 2; i++) assert.ok(await isServed(await node.connect()))
    const third = await node.connect()
    const answer = third.send(metadataRequest, metadataResponse, 9, { topics: null })
    await node.world.advance(400)
    assert.deepEqual([third.receivedBytes, third.closed], [0, null], 'half a second too early')
    await node.world.advance(150)
    assert.equal((await answer).brokers.length, 1)
    await node.world.advance(5000)
    assert.ok(await isServed(await node.connect()), 'and then there is time')
  })

  it('change while the node runs', async () => {
    const node = await TestNode.start()
    const client = await node.connect()
    const alter = async (value: string) => {
      const configs = [{ name: 'max.connections', value, configOperation: 0 }]
      const resources = [{ resourceType: 4, resourceName: '', configs }]
      const body = { resources, validateOnly: false }
      const request = [incrementalAlterConfigsRequest, incrementalAlterConfigsResponse] as const
      const answer = await client.call(...request, 1, body)
      assert.equal(answer.responses[0]?.errorCode, ErrorCode.NONE)
    }
    await alter('2')
    const second = await node.connect()
    assert.ok(await isServed(second))
    const third = await node.connect()
    const answer = third.send(metadataRequest, metadataResponse, 9, { topics: null })
    await node.world.advance(50)
    assert.equal(third.receivedBytes, 0)
    await alter('3')
    assert.equal((await node.world.settle(answer)).brokers.length, 1)
    await node.world.advance(50)
    await alter('1')
    await node.world.advance(1000)
    assert.deepEqual([second.closed !== null, third.closed !== null], [true, true])
    assert.ok(await isServed(client))
  })

  it('end those that are idle, and not those that wait for an answer', async () => {
    const properties = { 'connections.max.idle.ms': '5000' }
    const node = await TestNode.start({ properties })
    const idle = await node.connect()
    const halfOpen = await node.connect()
    halfOpen.connection.write([Uint8Array.of(0, 0)])
    const waiting = await node.connect()
    const active = await node.connect()
    await active.createTopic('t')
    const body = fetchFrom('t', 0, 0, { maxWaitMs: 20_000 })
    const answer = waiting.send(fetchRequest, fetchResponse, 12, body)
    for (let i = 0; i < 5; i++) {
      await node.world.advance(3000)
      assert.ok(await isServed(active))
    }
    assert.notEqual(idle.closed, null)
    assert.notEqual(halfOpen.closed, null)
    assert.equal((await node.world.settle(answer)).errorCode, 0)
  })

  it('hold against thousands that only connect', async () => {
    const properties = {
      'max.connections': '100',
      'socket.listen.backlog.size': '30',
      'connections.max.idle.ms': '2000',
    }
    const node = await TestNode.start({ properties })
    const dialled = Array.from({ length: 3000 }, () => node.dial().catch(() => null))
    const clients = (await node.world.settle(Promise.all(dialled))).filter((one) => one !== null)
    await node.world.advance(100)
    const count = () => clients.filter(({ closed }) => closed === null).length
    assert.equal(count(), 130)
    await node.world.advance(3500)
    assert.equal(count(), 30, 'those that waited for room')
    await node.world.advance(5000)
    assert.equal(clients.filter(({ closed }) => closed === null).length, 0)
    assert.ok(await isServed(await node.connect()))
  })
})
