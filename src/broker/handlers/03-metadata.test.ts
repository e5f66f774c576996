/** Metadata: brokers and addresses, topics by name and id, and automatic creation. */
import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { ZERO_UUID } from '../../base/uuid.ts'
import { ErrorCode } from '../../protocol/errors.ts'
import { metadataRequest, metadataResponse } from '../../protocol/messages/03-metadata.ts'
import {
  describeClusterRequest,
  describeClusterResponse,
} from '../../protocol/messages/60-describe-cluster.ts'
import type { Input } from '../../protocol/schema.ts'
import { type TestClient, TestNode } from '../node.test-support.ts'

const UNKNOWN_ID = 'AAAAAAAAAAAAAAAAAAAAZA'
const ALL_TOPIC_OPERATIONS = 0b1101_1111_1000
const NOT_ASKED = -2147483648
/** Longer than it takes until an automatically created topic is there. */
const CREATION_MS = 100

function ask(client: TestClient, body: Input<typeof metadataRequest>, version = 13) {
  return client.call(metadataRequest, metadataResponse, version, body)
}

function byName(...names: string[]) {
  return { topics: names.map((name) => ({ name })) }
}

describe('Metadata', () => {
  it('describes the cluster and its topics at every version', async () => {
    const node = await TestNode.start({ clusterId: 'clusterclusterclusterA' })
    const client = await node.connect()
    const topicId = await client.createTopic('t', 2)
    for (let version = 0; version <= 13; version++) {
      const answer = await ask(client, byName('t'), version)
      assert.deepEqual(answer.brokers, [{ nodeId: 1, host: '10.0.0.1', port: 9092, rack: null }])
      assert.equal(answer.clusterId, version >= 2 ? 'clusterclusterclusterA' : null)
      assert.equal(answer.controllerId, version >= 1 ? 1 : -1)
      const [topic] = answer.topics
      assert.deepEqual([topic?.errorCode, topic?.name, topic?.isInternal], [0, 't', false])
      if (version >= 10) assert.equal(topic?.topicId, topicId)
      assert.deepEqual(
        topic?.partitions.map((partition) => [
          partition.partitionIndex,
          partition.leaderId,
          partition.replicaNodes,
          partition.isrNodes,
          partition.offlineReplicas,
        ]),
        [0, 1].map((index) => [index, 1, [1], [1], []]),
      )
    }
  })

  it('lists all topics, or none, and the operations that are allowed', async () => {
    const node = await TestNode.start()
    const client = await node.connect()
    await client.createTopic('a')
    await client.createTopic('b')
    const names = async (topics: [] | null, version: number) =>
      (await ask(client, { topics }, version)).topics.map(({ name }) => name).sort()
    assert.deepEqual(await names([], 0), ['a', 'b'])
    for (let version = 1; version <= 13; version++) {
      assert.deepEqual(await names(null, version), ['a', 'b'])
      assert.deepEqual(await names([], version), [])
    }
    const including = { includeTopicAuthorizedOperations: true }
    const asked = await ask(client, { ...byName('a'), ...including })
    assert.equal(asked.topics[0]?.topicAuthorizedOperations, ALL_TOPIC_OPERATIONS)
    const unknown = await ask(client, {
      ...byName('nowhere'),
      ...including,
      allowAutoTopicCreation: false,
    })
    assert.equal(unknown.topics[0]?.topicAuthorizedOperations, ALL_TOPIC_OPERATIONS)
    const notAsked = await ask(client, byName('a'))
    assert.equal(notAsked.topics[0]?.topicAuthorizedOperations, NOT_ASKED)
  })

  it('finds topics by id from version 12 on', async () => {
    const node = await TestNode.start()
    const client = await node.connect()
    const topicId = await client.createTopic('t')
    const topics = [
      { topicId, name: null },
      { topicId: UNKNOWN_ID, name: null },
    ]
    const answer = await ask(client, { topics }, 12)
    assert.deepEqual(
      answer.topics.map(({ errorCode, name, topicId }) => [errorCode, name, topicId]),
      [
        [0, 't', topicId],
        [ErrorCode.UNKNOWN_TOPIC_ID, null, UNKNOWN_ID],
      ],
    )
    const early = await ask(client, { topics }, 11)
    for (const { errorCode } of early.topics) assert.equal(errorCode, ErrorCode.INVALID_REQUEST)
    const refused = await ask(client, { topics: [{ topicId, name: '__consumer_offsets' }] }, 11)
    assert.equal(refused.topics[0]?.isInternal, false, 'nobody looked')
    assert.deepEqual([early.brokers, early.clusterId, early.controllerId], [[], null, -1])
    const twice = await ask(client, { topics: [topics[0]!, topics[0]!] }, 12)
    assert.equal(twice.topics.length, 1)
    const nothing = { topicId: ZERO_UUID, name: null }
    const nameless = await ask(client, { topics: [nothing] }, 13)
    const error = ErrorCode.UNKNOWN_SERVER_ERROR
    assert.deepEqual([nameless.errorCode, nameless.topics[0]?.errorCode], [error, error])
    assert.deepEqual(nameless.brokers, [])
  })

  it('creates what it may, with the defaults of the broker, a moment later', async () => {
    const properties = { 'num.partitions': '4', 'controller.quorum.append.linger.ms': '200' }
    const node = await TestNode.start({ properties })
    const client = await node.connect()
    const names = byName('auto', 'bad name', '__consumer_offsets', 'auto')
    const first = await ask(client, names)
    assert.deepEqual(
      first.topics.map(({ name, errorCode }) => [name, errorCode]),
      [
        ['auto', ErrorCode.UNKNOWN_TOPIC_OR_PARTITION],
        ['bad name', ErrorCode.INVALID_TOPIC_EXCEPTION],
        ['__consumer_offsets', ErrorCode.UNKNOWN_TOPIC_OR_PARTITION],
      ],
    )
    // A client that asks again at once finds it unknown again, and does not put it off.
    await node.world.advance(100)
    assert.deepEqual((await ask(client, names)).topics, first.topics)
    await node.world.advance(100)
    const asked = await ask(client, names)
    const found = asked.topics.map(({ name, errorCode, partitions, isInternal }) => [
      name,
      errorCode,
      partitions.length,
      isInternal,
    ])
    assert.deepEqual(found, [
      ['auto', 0, 4, false],
      ['bad name', ErrorCode.INVALID_TOPIC_EXCEPTION, 0, false],
      ['__consumer_offsets', 0, 3, true],
    ])
    const never = await ask(client, { ...byName('never'), allowAutoTopicCreation: false })
    assert.equal(never.topics[0]?.errorCode, ErrorCode.UNKNOWN_TOPIC_OR_PARTITION)
    await node.stop()
    await node.restart({ 'auto.create.topics.enable': 'false' })
    const off = await ask(await node.connect(), byName('auto', 'never'))
    assert.deepEqual(
      off.topics.map(({ errorCode }) => errorCode),
      [0, ErrorCode.UNKNOWN_TOPIC_OR_PARTITION],
    )
  })

  it('creates a topic once for many that ask in one turn', async () => {
    const node = await TestNode.start()
    const { world } = node
    const clients = await world.settle(Promise.all([1, 2, 3].map(() => node.dial())))
    const askAll = () => {
      const asked = clients.map((client) =>
        client.send(metadataRequest, metadataResponse, 12, byName('auto')),
      )
      return world.settle(Promise.all(asked))
    }
    await askAll()
    await world.advance(CREATION_MS)
    const answers = await askAll()
    const ids = answers.map(({ topics }) => topics[0]?.topicId)
    assert.equal(new Set(ids).size, 1)
    assert.deepEqual(
      answers.map(({ topics }) => topics[0]?.errorCode),
      [0, 0, 0],
    )
  })

  it('says in the log why a topic could not be created', async () => {
    const node = await TestNode.start({ properties: { 'default.replication.factor': '3' } })
    const client = await node.connect()
    for (let i = 0; i < 2; i++) {
      const { topics } = await ask(client, byName('auto'))
      assert.equal(topics[0]?.errorCode, ErrorCode.UNKNOWN_TOPIC_OR_PARTITION)
      await node.world.advance(CREATION_MS)
    }
    assert.match(node.log.join('\n'), /could not create topic auto: .*replication factor/i)
  })
})

describe('the address that clients are told', () => {
  const addressOf = async (node: TestNode, host = 'client') => {
    const [broker] = (await ask(await node.connect({ host }), { topics: null })).brokers
    return `${broker?.host}:${broker?.port}`
  }

  it('is what they dialled where none is advertised', async () => {
    const node = await TestNode.start()
    assert.equal(await addressOf(node), '10.0.0.1:9092')
    assert.equal(await addressOf(node, 'broker'), '127.0.0.1:9092')
  })

  it('is what is advertised', async () => {
    const properties = { 'advertised.listeners': 'PLAINTEXT://kafka.example:29092' }
    const node = await TestNode.start({ properties })
    assert.equal(await addressOf(node), 'kafka.example:29092')
    const client = await node.connect()
    const body = { includeClusterAuthorizedOperations: false }
    const cluster = await client.call(describeClusterRequest, describeClusterResponse, 2, body)
    assert.equal(cluster.brokers[0]?.host, 'kafka.example')
  })

  it('is where the listener is bound', async () => {
    const listeners = 'PLAINTEXT://broker:9092,CONTROLLER://broker:9093'
    const node = await TestNode.start({ properties: { listeners } })
    assert.equal(await addressOf(node), 'broker:9092')
  })
})
