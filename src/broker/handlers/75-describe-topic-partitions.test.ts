/** DescribeTopicPartitions: pages of topics, and cursors from one to the next. */
import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { ErrorCode } from '../../protocol/errors.ts'
import {
  describeTopicPartitionsRequest,
  describeTopicPartitionsResponse,
} from '../../protocol/messages/75-describe-topic-partitions.ts'
import type { Input } from '../../protocol/schema.ts'
import { type TestClient, TestNode } from '../node.test-support.ts'

type Request = Input<typeof describeTopicPartitionsRequest>

function ask(client: TestClient, body: Request) {
  return client.call(describeTopicPartitionsRequest, describeTopicPartitionsResponse, 0, body)
}

/** `topic-partition` of each page, until there is no next one. */
async function pages(client: TestClient, limit: number, names: readonly string[] = []) {
  const found: string[][] = []
  let cursor: Request['cursor'] = null
  do {
    const topics = names.map((name) => ({ name }))
    const answer = await ask(client, { topics, responsePartitionLimit: limit, cursor })
    found.push(
      answer.topics.flatMap(({ name, partitions }) =>
        partitions.map(({ partitionIndex }) => `${name}-${partitionIndex}`),
      ),
    )
    cursor = answer.nextCursor
  } while (cursor !== null)
  return found
}

async function withTopics() {
  const client = await (await TestNode.start()).connect()
  for (const [name, count] of [
    ['c', 1],
    ['a', 3],
    ['b', 2],
  ] as const) {
    await client.createTopic(name, count)
  }
  return client
}

describe('DescribeTopicPartitions', () => {
  it('goes through topics in order, page by page', async () => {
    const client = await withTopics()
    assert.deepEqual(await pages(client, 2000), [['a-0', 'a-1', 'a-2', 'b-0', 'b-1', 'c-0']])
    assert.deepEqual(await pages(client, 4), [
      ['a-0', 'a-1', 'a-2', 'b-0'],
      ['b-1', 'c-0'],
    ])
    assert.deepEqual(await pages(client, 3), [
      ['a-0', 'a-1', 'a-2'],
      ['b-0', 'b-1', 'c-0'],
    ])
    assert.deepEqual(await pages(client, 0, ['c', 'a']), [['a-0'], ['a-1'], ['a-2'], ['c-0']])
  })

  it('tells what it knows of a partition, and what it does not know', async () => {
    const client = await withTopics()
    const topics = ['c', 'nowhere', 'bad name'].map((name) => ({ name }))
    const answer = await ask(client, { topics, responsePartitionLimit: 10, cursor: null })
    assert.deepEqual(
      answer.topics.map(({ name, errorCode }) => [name, errorCode]),
      [
        ['bad name', ErrorCode.INVALID_TOPIC_EXCEPTION],
        ['c', ErrorCode.NONE],
        ['nowhere', ErrorCode.UNKNOWN_TOPIC_OR_PARTITION],
      ],
    )
    const [partition] = answer.topics[1]!.partitions
    const { leaderId, replicaNodes, isrNodes, offlineReplicas } = partition!
    assert.deepEqual([leaderId, replicaNodes, isrNodes, offlineReplicas], [1, [1], [1], []])
  })

  it('refuses a cursor that is not among the topics', async () => {
    const client = await withTopics()
    for (const cursor of [
      { topicName: 'a', partitionIndex: 0 },
      { topicName: 'c', partitionIndex: -1 },
    ]) {
      const answer = await ask(client, { topics: [{ name: 'c' }], cursor })
      assert.deepEqual(
        answer.topics.map(({ name, errorCode }) => [name, errorCode]),
        [['c', ErrorCode.INVALID_REQUEST]],
      )
    }
  })

  it('answers a topic without a name, and all beside it, as Kafka does', async () => {
    const client = await withTopics()
    const answer = await ask(client, { topics: [{ name: '' }, { name: 'c' }] })
    const error = ErrorCode.UNKNOWN_SERVER_ERROR
    assert.deepEqual(
      answer.topics.map(({ name, errorCode }) => [name, errorCode]),
      [
        ['', error],
        ['c', error],
      ],
    )
    const cursor = { topicName: 'c', partitionIndex: 0 }
    const later = await ask(client, { topics: [{ name: '' }, { name: 'c' }], cursor })
    assert.deepEqual(
      later.topics.map(({ name, errorCode }) => [name, errorCode]),
      [['c', ErrorCode.NONE]],
    )
  })
})
