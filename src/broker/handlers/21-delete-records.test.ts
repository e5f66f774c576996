/** DeleteRecords: the log start moves, stays moved, and takes old segments with it. */
import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { ErrorCode } from '../../protocol/errors.ts'
import {
  findCoordinatorRequest,
  findCoordinatorResponse,
} from '../../protocol/messages/10-find-coordinator.ts'
import {
  deleteRecordsRequest,
  deleteRecordsResponse,
} from '../../protocol/messages/21-delete-records.ts'
import { batchOf, type TestClient, TestNode } from '../node.test-support.ts'

async function deleteBefore(client: TestClient, offset: number, name = 't', partitionIndex = 0) {
  const topics = [{ name, partitions: [{ partitionIndex, offset }] }]
  const body = { topics, timeoutMs: 1000 }
  const answer = await client.call(deleteRecordsRequest, deleteRecordsResponse, 2, body)
  const { errorCode, lowWatermark } = answer.topics[0]!.partitions[0]!
  return errorCode === ErrorCode.NONE ? lowWatermark : -errorCode
}

async function withRecords(configs: Readonly<Record<string, string>> = {}) {
  const node = await TestNode.start()
  const client = await node.connect()
  await client.createTopic('t', 1, configs)
  for (const value of ['a', 'b', 'c', 'd']) {
    await client.produce('t', 0, batchOf([value], node.nowMs, { key: 'k' }))
  }
  return { node, client }
}

describe('DeleteRecords', () => {
  it('moves the start of the log, never back', async () => {
    const { client } = await withRecords()
    assert.equal(await deleteBefore(client, 2), 2)
    assert.equal(await deleteBefore(client, 1), 2)
    assert.equal((await client.fetch('t', 0, 1)).errorCode, ErrorCode.OFFSET_OUT_OF_RANGE)
    const read = await client.fetch('t', 0, 2)
    assert.deepEqual([read.errorCode, read.logStartOffset], [0, 2])
    assert.equal(await deleteBefore(client, -1), 4, 'everything below the high watermark')
    assert.deepEqual(await client.readAll('t', 0, 4), [])
  })

  it('is remembered across kill -9 and a power cut', async () => {
    for (const end of ['kill', 'crash'] as const) {
      const { node, client } = await withRecords()
      assert.equal(await deleteBefore(client, 3), 3)
      node[end]()
      await node.restart()
      const again = await node.connect()
      const read = await again.fetch('t', 0, 0)
      assert.equal(read.errorCode, ErrorCode.OFFSET_OUT_OF_RANGE, end)
      assert.equal(await deleteBefore(again, 0), 3, end)
    }
  })

  it('deletes segments that are wholly below the start', async () => {
    const { node, client } = await withRecords({ 'segment.bytes': '1048576' })
    for (let i = 0; i < 12; i++) {
      await client.produce('t', 0, batchOf(['x'.repeat(200_000)], node.nowMs))
    }
    const logs = () => node.machine.disk.list('/data/t-0').filter((name) => name.endsWith('.log'))
    const before = logs().length
    assert.ok(before > 2)
    await deleteBefore(client, 15)
    await node.world.advance(310_000)
    assert.equal(logs().length, 1)
  })

  it('refuses what is out of range, compacted, internal or unknown', async () => {
    const { node, client } = await withRecords({ 'cleanup.policy': 'compact' })
    assert.equal(await deleteBefore(client, 1), -ErrorCode.POLICY_VIOLATION)
    await client.createTopic('plain')
    await client.produce('plain', 0, batchOf(['a'], node.nowMs))
    assert.equal(await deleteBefore(client, 2, 'plain'), -ErrorCode.OFFSET_OUT_OF_RANGE)
    assert.equal(await deleteBefore(client, -2, 'plain'), -ErrorCode.OFFSET_OUT_OF_RANGE)
    const unknown = -ErrorCode.UNKNOWN_TOPIC_OR_PARTITION
    assert.equal(await deleteBefore(client, 0, 'plain', 1), unknown)
    assert.equal(await deleteBefore(client, 0, 'nowhere'), unknown)
    const find = { key: 'g', keyType: 0 }
    await client.call(findCoordinatorRequest, findCoordinatorResponse, 3, find)
    const internal = await deleteBefore(client, 0, '__consumer_offsets')
    assert.equal(internal, -ErrorCode.INVALID_TOPIC_EXCEPTION)
  })
})
