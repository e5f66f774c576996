/** Topics made, grown and deleted, down to the partitions on disk. */
import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { ErrorCode } from '../../protocol/errors.ts'
import { metadataRequest, metadataResponse } from '../../protocol/messages/03-metadata.ts'
import {
  createTopicsRequest,
  createTopicsResponse,
} from '../../protocol/messages/19-create-topics.ts'
import {
  deleteTopicsRequest,
  deleteTopicsResponse,
} from '../../protocol/messages/20-delete-topics.ts'
import {
  createPartitionsRequest,
  createPartitionsResponse,
} from '../../protocol/messages/37-create-partitions.ts'
import type { Input } from '../../protocol/schema.ts'
import { batchOf, type TestClient, TestNode } from '../node.test-support.ts'

type Topic = Input<typeof createTopicsRequest>['topics'][number]

function topic(name: string, more: Partial<Topic> = {}): Topic {
  return { name, numPartitions: 1, replicationFactor: 1, assignments: [], configs: [], ...more }
}

async function create(client: TestClient, topics: readonly Topic[], validateOnly = false) {
  const body = { topics, timeoutMs: 1000, validateOnly }
  return (await client.call(createTopicsRequest, createTopicsResponse, 7, body)).topics
}

async function grow(client: TestClient, name: string, count: number, assignments: number[][] = []) {
  const body = {
    topics: [
      {
        name,
        count,
        assignments:
          assignments.length === 0 ? null : assignments.map((brokerIds) => ({ brokerIds })),
      },
    ],
    timeoutMs: 1000,
    validateOnly: false,
  }
  const answer = await client.call(createPartitionsRequest, createPartitionsResponse, 3, body)
  return answer.results[0]!.errorCode
}

function directories(node: TestNode): string[] {
  return node.machine.disk.list('/data').filter((name) => /-(\d+|delete)$/.test(name))
}

describe('CreateTopics', () => {
  it('makes topics that can be used at once', async () => {
    const node = await TestNode.start()
    const client = await node.connect()
    const configs = [{ name: 'retention.ms', value: '1000' }]
    const [made] = await create(client, [topic('t', { numPartitions: 2, configs })])
    assert.deepEqual([made?.errorCode, made?.numPartitions, made?.replicationFactor], [0, 2, 1])
    const shown = made?.configs?.find(({ name }) => name === 'retention.ms')
    assert.equal(shown?.value, '1000')
    assert.equal((await client.produce('t', 1, batchOf(['a'], node.nowMs))).errorCode, 0)
    assert.deepEqual(directories(node), ['__cluster_metadata-0', 't-0', 't-1'])
  })

  it('refuses what is wrong, each topic by itself', async () => {
    const client = await (await TestNode.start()).connect()
    const answers = await create(client, [
      topic('good'),
      topic('bad name'),
      topic('none', { numPartitions: 0 }),
      topic('wide', { replicationFactor: 3 }),
      topic('misconfigured', { configs: [{ name: 'retention.ms', value: 'soon' }] }),
      topic('default', { numPartitions: -1, replicationFactor: -1 }),
      topic('placed', {
        numPartitions: -1,
        replicationFactor: -1,
        assignments: [{ partitionIndex: 0, brokerIds: [9] }],
      }),
    ])
    assert.deepEqual(answers.map(({ name, errorCode }) => [name, errorCode]).sort(), [
      ['bad name', ErrorCode.INVALID_TOPIC_EXCEPTION],
      ['default', ErrorCode.NONE],
      ['good', ErrorCode.NONE],
      ['misconfigured', ErrorCode.INVALID_CONFIG],
      ['none', ErrorCode.INVALID_PARTITIONS],
      ['placed', ErrorCode.INVALID_REPLICA_ASSIGNMENT],
      ['wide', ErrorCode.INVALID_REPLICATION_FACTOR],
    ])
    const [again] = await create(client, [topic('good')])
    assert.equal(again?.errorCode, ErrorCode.TOPIC_ALREADY_EXISTS)
    const twice = await create(client, [topic('twin'), topic('twin')])
    assert.deepEqual(
      twice.map(({ errorCode }) => errorCode),
      [ErrorCode.INVALID_REQUEST],
    )
  })

  it('only validates where that is asked', async () => {
    const node = await TestNode.start()
    const client = await node.connect()
    const [answer] = await create(client, [topic('t')], true)
    assert.equal(answer?.errorCode, ErrorCode.NONE)
    assert.deepEqual(directories(node), ['__cluster_metadata-0'])
  })

  it('survives a power cut once it is answered', async () => {
    for (const seed of [1, 2, 3, 4]) {
      const node = await TestNode.start({ seed })
      const client = await node.connect()
      const id = await client.createTopic('t', 3)
      node.crash(seed === 1 ? 'lose' : 'random')
      await node.restart()
      const again = await node.connect()
      const topics = [{ name: 't' }]
      const { topics: found } = await again.call(metadataRequest, metadataResponse, 12, { topics })
      assert.deepEqual([found[0]?.topicId, found[0]?.partitions.length], [id, 3], `seed ${seed}`)
      assert.equal((await again.produce('t', 2, batchOf(['a'], node.nowMs))).errorCode, 0)
    }
  })
})

describe('DeleteTopics', () => {
  it('deletes by name and by id, and the files a while later', async () => {
    const node = await TestNode.start()
    const client = await node.connect()
    const id = await client.createTopic('a')
    await client.createTopic('b')
    await client.createTopic('c')
    const byId = [
      { topicId: id, name: null },
      { name: 'b' },
      { name: 'nowhere' },
      { topicId: 'AAAAAAAAAAAAAAAAAAAAZA', name: null },
    ]
    const body = { topics: byId, timeoutMs: 1000 }
    const answer = await client.call(deleteTopicsRequest, deleteTopicsResponse, 6, body)
    const errors = answer.responses.map(({ name, errorCode }) => [name, errorCode])
    assert.deepEqual(errors.sort(), [
      [null, ErrorCode.UNKNOWN_TOPIC_ID],
      ['a', 0],
      ['b', 0],
      ['nowhere', ErrorCode.UNKNOWN_TOPIC_OR_PARTITION],
    ])
    const produced = await client.produce('a', 0, batchOf(['x'], node.nowMs))
    assert.equal(produced.errorCode, ErrorCode.UNKNOWN_TOPIC_OR_PARTITION)
    assert.equal(directories(node).filter((name) => name.endsWith('-delete')).length, 2)
    await node.world.advance(70_000)
    assert.deepEqual(directories(node), ['__cluster_metadata-0', 'c-0'])
  })

  it('starts a topic of the same name from nothing', async () => {
    const node = await TestNode.start()
    const client = await node.connect()
    const first = await client.createTopic('t')
    for (const value of ['a', 'b']) await client.produce('t', 0, batchOf([value], node.nowMs))
    const body = { topicNames: ['t'], timeoutMs: 1000 }
    await client.call(deleteTopicsRequest, deleteTopicsResponse, 1, body)
    const second = await client.createTopic('t')
    assert.notEqual(first, second)
    assert.equal((await client.produce('t', 0, batchOf(['c'], node.nowMs))).baseOffset, 0)
    node.kill()
    await node.restart()
    const again = await node.connect()
    assert.deepEqual(
      (await again.readAll('t', 0)).map(({ value }) => value),
      ['c'],
    )
    await node.world.advance(70_000)
    assert.deepEqual(directories(node), ['__cluster_metadata-0', 't-0'])
  })

  it('is refused where it is switched off', async () => {
    const properties = { 'delete.topic.enable': 'false' }
    const node = await TestNode.start({ properties })
    const client = await node.connect()
    await client.createTopic('t')
    const body = { topicNames: ['t'], timeoutMs: 1000 }
    const errors = []
    for (const version of [1, 3]) {
      const answer = await client.call(deleteTopicsRequest, deleteTopicsResponse, version, body)
      errors.push(answer.responses[0]?.errorCode)
    }
    assert.deepEqual(errors, [ErrorCode.INVALID_REQUEST, ErrorCode.TOPIC_DELETION_DISABLED])
  })
})

describe('CreatePartitions', () => {
  it('adds partitions that can be used at once', async () => {
    const node = await TestNode.start()
    const client = await node.connect()
    await client.createTopic('t')
    assert.equal(await grow(client, 't', 3), ErrorCode.NONE)
    assert.equal((await client.produce('t', 2, batchOf(['a'], node.nowMs))).errorCode, 0)
    assert.deepEqual(directories(node), ['__cluster_metadata-0', 't-0', 't-1', 't-2'])
  })

  it('refuses fewer, none, and strange placements', async () => {
    const client = await (await TestNode.start()).connect()
    await client.createTopic('t', 2)
    assert.equal(await grow(client, 't', 1), ErrorCode.INVALID_PARTITIONS)
    assert.equal(await grow(client, 't', 2), ErrorCode.INVALID_PARTITIONS)
    assert.equal(await grow(client, 'nowhere', 2), ErrorCode.UNKNOWN_TOPIC_OR_PARTITION)
    assert.equal(await grow(client, 't', 3, [[9]]), ErrorCode.INVALID_REPLICA_ASSIGNMENT)
    assert.equal(await grow(client, 't', 4, [[1]]), ErrorCode.INVALID_REPLICA_ASSIGNMENT)
    assert.equal(await grow(client, 't', 3, [[1]]), ErrorCode.NONE)
  })
})
