/** A node's life: what a start finds and says, and what a stop leaves behind. */
import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { utf8Text } from '../base/bytes.ts'
import { produceRequest, produceResponse } from '../protocol/messages/00-produce.ts'
import { metadataRequest, metadataResponse } from '../protocol/messages/03-metadata.ts'
import {
  describeQuorumRequest,
  describeQuorumResponse,
} from '../protocol/messages/55-describe-quorum.ts'
import { batchOf, produceTo, type TestClient, TestNode } from './node.test-support.ts'
import { StartupError } from './startup-error.ts'

async function topicsOf(client: TestClient): Promise<(string | null)[]> {
  const answer = await client.call(metadataRequest, metadataResponse, 9, { topics: null })
  return answer.topics.map(({ name }) => name).sort()
}

async function quorumEpoch(client: TestClient): Promise<number> {
  const topics = [{ topicName: '__cluster_metadata', partitions: [{ partitionIndex: 0 }] }]
  const answer = await client.call(describeQuorumRequest, describeQuorumResponse, 1, { topics })
  return answer.topics[0]!.partitions[0]!.leaderEpoch
}

describe('a start', () => {
  it('formats an empty directory, and knows it again', async () => {
    const listeners = 'PLAINTEXT://broker:0,CONTROLLER://broker:0'
    const node = new TestNode({ properties: { listeners }, clusterId: 'clusterclusterclusterA' })
    const first = await node.restart()
    assert.deepEqual(
      [first.isNew, first.nodeId, first.clusterId],
      [true, 1, 'clusterclusterclusterA'],
    )
    assert.deepEqual(first.dataDirectories, ['/data'])
    const ports = first.listeners.map(({ kind, port }) => [kind, port > 0])
    assert.deepEqual(ports.sort(), [
      ['broker', true],
      ['controller', true],
    ])
    await node.stop()
    const second = await node.restart()
    assert.deepEqual([second.isNew, second.clusterId], [false, 'clusterclusterclusterA'])
  })

  it('begins a new epoch of the quorum, whatever the end before it was', async () => {
    const node = await TestNode.start()
    let epoch = await quorumEpoch(await node.connect())
    for (const end of ['stop', 'kill', 'crash'] as const) {
      await node[end]()
      await node.restart()
      const next = await quorumEpoch(await node.connect())
      assert.ok(next > epoch, `${next} after ${epoch}`)
      epoch = next
    }
  })

  it('names every property that is wrong, and has touched nothing', async () => {
    const properties = { 'num.partitions': 'many', 'message.max.bytes': '-5' }
    const node = new TestNode({ properties })
    const error = await node.restart().then(
      () => assert.fail('it started'),
      (reason: unknown) => reason,
    )
    assert.ok(error instanceof StartupError)
    assert.equal(error.lines.length, 2)
    assert.match(error.lines.join('\n'), /message\.max\.bytes=-5.*num\.partitions=many/s)
    assert.equal(node.machine.disk.stat('/data'), null)
  })

  it('warns of a property that it does not know', async () => {
    const node = await TestNode.start({ properties: { 'num.partition': '3' } })
    assert.match(node.log.join('\n'), /^warn: .*num\.partition\b.*num\.partitions/m)
  })

  it('goes on from a snapshot of the metadata', async () => {
    const properties = { 'metadata.log.max.record.bytes.between.snapshots': '1000' }
    const node = await TestNode.start({ properties })
    const client = await node.connect()
    const names = Array.from({ length: 30 }, (_, at) => `t${100 + at}`)
    for (const name of names) await client.createTopic(name)
    const snapshots = node.machine.disk
      .list('/data/__cluster_metadata-0')
      .filter((name) => /^\d{20}-\d{10}\.checkpoint$/.test(name))
    assert.ok(snapshots.length > 2, `${snapshots}`)
    node.crash('lose')
    await node.restart()
    assert.deepEqual(await topicsOf(await node.connect()), names)
  })
})

describe('a stop', () => {
  it('leaves everything durable, and a marker that spares the next start a scan', async () => {
    const node = await TestNode.start()
    const client = await node.connect()
    await client.createTopic('t')
    await client.produce('t', 0, batchOf(['a', 'b'], node.nowMs))
    await node.stop()
    assert.match(
      utf8Text(node.machine.disk.readFile('/data/.kafka_cleanshutdown')),
      /^\{"version":0,"brokerEpoch":\d+\}$/,
    )
    node.crash('lose')
    await node.restart()
    const again = await node.connect()
    assert.equal((await again.readAll('t', 0)).length, 2)
    assert.deepEqual(node.log, [])
  })

  it('answers what has come, ends the connections, and frees the port', async () => {
    const node = await TestNode.start({ simulation: { network: { latencyMs: [1, 1] } } })
    const client = await node.connect()
    await client.createTopic('t')
    const records = batchOf(['a'], node.nowMs)
    const answer = client.send(produceRequest, produceResponse, 9, produceTo('t', 0, records))
    const { server } = node
    await node.world.advance(1.002)
    const stopping = server!.stop()
    await node.world.settle(Promise.all([stopping, server!.stop()]))
    const produced = await node.world.settle(answer.catch(() => null))
    await client.untilClosed()
    await assert.rejects(node.connect(), /ECONNREFUSED/)
    await node.restart()
    const found = await (await node.connect()).readAll('t', 0)
    // It was answered only where it is there.
    assert.ok(produced === null || found.length === 1)
  })

  it('does not wait for clients that do', async () => {
    const node = await TestNode.start()
    const startMs = node.world.nowMs
    for (let i = 0; i < 5; i++) await node.connect()
    await node.stop()
    assert.ok(node.world.nowMs - startMs < 1000)
  })
})
