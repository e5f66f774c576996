/** Log directories that are to take no new logs (KIP-1066), from the config to the controller. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { ErrorCode } from '../protocol/errors.ts'
import { createTopicsRequest, createTopicsResponse } from '../protocol/messages/19-create-topics.ts'
import {
  describeLogDirsRequest,
  describeLogDirsResponse,
} from '../protocol/messages/35-describe-log-dirs.ts'
import {
  createPartitionsRequest,
  createPartitionsResponse,
} from '../protocol/messages/37-create-partitions.ts'
import {
  incrementalAlterConfigsRequest,
  incrementalAlterConfigsResponse,
} from '../protocol/messages/44-incremental-alter-configs.ts'
import { type TestClient, TestNode } from './node.test-support.ts'

const DIRECTORIES = { 'log.dirs': '/one,/two' }

async function cordon(client: TestClient, value: string): Promise<void> {
  const configs = [{ name: 'cordoned.log.dirs', value, configOperation: 0 }]
  const resources = [{ resourceType: 4, resourceName: '1', configs }]
  const api = [incrementalAlterConfigsRequest, incrementalAlterConfigsResponse] as const
  const { responses } = await client.call(...api, 1, { resources, validateOnly: false })
  assert.equal(responses[0]?.errorCode, ErrorCode.NONE)
}

/** Number of logs by directory, with a star where it is cordoned. */
async function logs(client: TestClient): Promise<string[]> {
  const body = { topics: null }
  const { results } = await client.call(describeLogDirsRequest, describeLogDirsResponse, 5, body)
  return results.map(({ logDir, topics, isCordoned }) => {
    const count = topics.reduce((sum, { partitions }) => sum + partitions.length, 0)
    return `${logDir} ${count}${isCordoned ? '*' : ''}`
  })
}

async function create(client: TestClient, name: string, brokerIds: number[] | null = null) {
  const topic = {
    name,
    numPartitions: brokerIds === null ? 1 : -1,
    replicationFactor: brokerIds === null ? 1 : -1,
    assignments: brokerIds === null ? [] : [{ partitionIndex: 0, brokerIds }],
    configs: [],
  }
  const body = { topics: [topic], timeoutMs: 1000, validateOnly: false }
  const { topics } = await client.call(createTopicsRequest, createTopicsResponse, 7, body)
  return topics[0]?.errorCode
}

async function extend(client: TestClient, name: string, count: number) {
  const body = { topics: [{ name, count, assignments: null }], timeoutMs: 1, validateOnly: false }
  const api = [createPartitionsRequest, createPartitionsResponse] as const
  return (await client.call(...api, 3, body)).results[0]?.errorCode
}

test('new logs go where they may, and nowhere once no directory is left', async () => {
  const node = await TestNode.start({ properties: DIRECTORIES })
  const client = await node.connect()
  await client.createTopic('t', 2)
  assert.deepEqual(await logs(client), ['/one 1', '/two 1'])
  await cordon(client, '/one')
  await client.createTopic('u', 4)
  assert.deepEqual(await logs(client), ['/one 1*', '/two 5'])
  await cordon(client, '*')
  assert.deepEqual(await logs(client), ['/one 1*', '/two 5*'])
  assert.equal(await create(client, 'v'), ErrorCode.INVALID_REPLICATION_FACTOR)
  assert.equal(await create(client, 'v', [1]), ErrorCode.INVALID_REPLICA_ASSIGNMENT)
  assert.equal(await extend(client, 't', 3), ErrorCode.INVALID_REPLICATION_FACTOR)
  await cordon(client, '/two')
  assert.equal(await create(client, 'v'), ErrorCode.NONE)
  assert.equal(await extend(client, 't', 3), ErrorCode.NONE)
  assert.deepEqual(await logs(client), ['/one 3', '/two 5*'])
})

test('what the properties say holds from the start, until someone says otherwise', async () => {
  const node = await TestNode.start({ properties: { ...DIRECTORIES, 'cordoned.log.dirs': '*' } })
  const client = await node.connect()
  assert.deepEqual(await logs(client), ['/one 0*', '/two 0*'])
  assert.equal(await create(client, 't'), ErrorCode.INVALID_REPLICATION_FACTOR)
  await cordon(client, '')
  assert.equal(await create(client, 't'), ErrorCode.NONE)
  await node.stop()
  await node.restart()
  const again = await node.connect()
  assert.deepEqual(await logs(again), ['/one 0', '/two 1'])
})
