/** ListOffsets: by time and by each special timestamp, before and after records were deleted. */
import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { ErrorCode } from '../../protocol/errors.ts'
import { listOffsetsRequest, listOffsetsResponse } from '../../protocol/messages/02-list-offsets.ts'
import {
  deleteRecordsRequest,
  deleteRecordsResponse,
} from '../../protocol/messages/21-delete-records.ts'
import {
  offsetForLeaderEpochRequest,
  offsetForLeaderEpochResponse,
} from '../../protocol/messages/23-offset-for-leader-epoch.ts'
import { batchOf, type TestClient, TestNode } from '../node.test-support.ts'

const LATEST = -1
const EARLIEST = -2
const MAX_TIMESTAMP = -3
const EARLIEST_LOCAL = -4
const LATEST_TIERED = -5
const EARLIEST_PENDING_UPLOAD = -6
const NEWEST = 11
const START_MS = 1_700_000_000_000

interface Asked {
  readonly timestamp: number
  readonly version?: number
  readonly isolationLevel?: number
  readonly currentLeaderEpoch?: number
  readonly topic?: string
  readonly partitionIndex?: number
}

async function listOffset(client: TestClient, asked: Asked) {
  const { timestamp, version = NEWEST, isolationLevel = 0, currentLeaderEpoch = -1 } = asked
  const { topic = 't', partitionIndex = 0 } = asked
  const partition = { partitionIndex, currentLeaderEpoch, timestamp }
  const body = {
    replicaId: -1,
    isolationLevel,
    topics: [{ name: topic, partitions: [partition] }],
    timeoutMs: 1000,
  }
  const answer = await client.call(listOffsetsRequest, listOffsetsResponse, version, body)
  return answer.topics[0]!.partitions[0]!
}

/** Five records: at 0, 10, 30, 20 and 5 seconds. */
async function withRecords() {
  const node = await TestNode.start()
  const client = await node.connect()
  await client.createTopic('t')
  for (const seconds of [0, 10, 30, 20, 5]) {
    await client.produce('t', 0, batchOf([`at ${seconds}`], START_MS + 1000 * seconds))
  }
  const at = async (timestamp: number, more: Partial<Asked> = {}) => {
    const { errorCode, offset, timestamp: found } = await listOffset(client, { timestamp, ...more })
    assert.equal(errorCode, ErrorCode.NONE)
    return [offset, found >= 0 ? (found - START_MS) / 1000 : found]
  }
  return { node, client, at }
}

describe('ListOffsets', () => {
  it('knows the special timestamps', async () => {
    const { at } = await withRecords()
    assert.deepEqual(await at(LATEST), [5, -1])
    assert.deepEqual(await at(LATEST, { isolationLevel: 1 }), [5, -1])
    assert.deepEqual(await at(EARLIEST), [0, -1])
    assert.deepEqual(await at(EARLIEST_LOCAL), [0, -1])
    assert.deepEqual(await at(MAX_TIMESTAMP), [2, 30])
    assert.deepEqual(await at(LATEST_TIERED), [-1, -1])
    assert.deepEqual(await at(EARLIEST_PENDING_UPLOAD), [-1, -1])
  })

  it('finds the first record at or after a time', async () => {
    const { at } = await withRecords()
    assert.deepEqual(await at(0), [0, 0])
    assert.deepEqual(await at(START_MS + 1), [1, 10])
    assert.deepEqual(await at(START_MS + 10_000), [1, 10])
    assert.deepEqual(await at(START_MS + 10_001), [2, 30])
    assert.deepEqual(await at(START_MS + 30_001), [-1, -1])
  })

  it('has each special timestamp from its version on', async () => {
    const { client } = await withRecords()
    const first = new Map([
      [LATEST, 1],
      [EARLIEST, 1],
      [MAX_TIMESTAMP, 7],
      [EARLIEST_LOCAL, 8],
      [LATEST_TIERED, 9],
      [EARLIEST_PENDING_UPLOAD, 11],
    ])
    for (const [timestamp, since] of first) {
      for (let version = 1; version <= NEWEST; version++) {
        const { errorCode } = await listOffset(client, { timestamp, version })
        assert.equal(errorCode, version < since ? ErrorCode.UNSUPPORTED_VERSION : ErrorCode.NONE)
      }
    }
    assert.equal(
      (await listOffset(client, { timestamp: -7 })).errorCode,
      ErrorCode.UNSUPPORTED_VERSION,
    )
  })

  it('sees an empty log, and one whose records were deleted', async () => {
    const { client, at } = await withRecords()
    await client.createTopic('empty')
    for (const timestamp of [LATEST, EARLIEST]) {
      assert.deepEqual(await at(timestamp, { topic: 'empty' }), [0, -1])
    }
    assert.deepEqual(await at(MAX_TIMESTAMP, { topic: 'empty' }), [-1, -1])
    assert.deepEqual(await at(START_MS, { topic: 'empty' }), [-1, -1])
    const body = {
      topics: [{ name: 't', partitions: [{ partitionIndex: 0, offset: 2 }] }],
      timeoutMs: 1000,
    }
    await client.call(deleteRecordsRequest, deleteRecordsResponse, 2, body)
    assert.deepEqual(await at(EARLIEST), [2, -1])
    assert.deepEqual(await at(START_MS), [2, 30])
  })

  it('refuses what it does not have, what is asked twice, and an epoch of the future', async () => {
    const { client } = await withRecords()
    const error = async (more: Partial<Asked>) =>
      (await listOffset(client, { timestamp: LATEST, ...more })).errorCode
    assert.equal(await error({ topic: 'nowhere' }), ErrorCode.UNKNOWN_TOPIC_OR_PARTITION)
    assert.equal(await error({ partitionIndex: 1 }), ErrorCode.UNKNOWN_TOPIC_OR_PARTITION)
    assert.equal(await error({ currentLeaderEpoch: 0 }), ErrorCode.NONE)
    assert.equal(await error({ currentLeaderEpoch: 9 }), ErrorCode.UNKNOWN_LEADER_EPOCH)
    const partition = { partitionIndex: 0, timestamp: LATEST }
    const answer = await client.call(listOffsetsRequest, listOffsetsResponse, 5, {
      replicaId: -1,
      topics: [{ name: 't', partitions: [partition, partition] }],
    })
    assert.deepEqual(
      answer.topics[0]!.partitions.map(({ errorCode }) => errorCode),
      [ErrorCode.INVALID_REQUEST],
    )
    for (const isolationLevel of [2, -1]) {
      const unknown = await client.call(listOffsetsRequest, listOffsetsResponse, 5, {
        replicaId: -1,
        isolationLevel,
        topics: [{ name: 't', partitions: [partition] }],
      })
      const [failed] = unknown.topics[0]!.partitions
      assert.equal(failed?.errorCode, ErrorCode.UNKNOWN_SERVER_ERROR)
    }
  })
})

describe('OffsetForLeaderEpoch', () => {
  it('tells where epochs end, and fences old ones', async () => {
    const { node, client } = await withRecords()
    const ask = async (on: TestClient, leaderEpoch: number, currentLeaderEpoch = -1) => {
      const body = {
        replicaId: -1,
        topics: [{ topic: 't', partitions: [{ partition: 0, currentLeaderEpoch, leaderEpoch }] }],
      }
      const answer = await on.call(
        offsetForLeaderEpochRequest,
        offsetForLeaderEpochResponse,
        4,
        body,
      )
      const partition = answer.topics[0]!.partitions[0]!
      return [partition.errorCode, partition.leaderEpoch, partition.endOffset]
    }
    assert.deepEqual(await ask(client, 0), [0, 0, 5])
    assert.deepEqual(await ask(client, 3), [0, -1, -1])
    assert.deepEqual(await ask(client, 0, 7), [ErrorCode.UNKNOWN_LEADER_EPOCH, -1, -1])
    node.kill()
    await node.restart()
    const again = await node.connect()
    await again.produce('t', 0, batchOf(['more'], node.nowMs))
    const { leaderEpoch } = await listOffset(again, { timestamp: LATEST })
    assert.ok(leaderEpoch > 0, 'a start begins an epoch')
    assert.deepEqual(await ask(again, 0), [0, 0, 5])
    assert.deepEqual(await ask(again, leaderEpoch), [0, leaderEpoch, 6])
    assert.deepEqual(await ask(again, 0, 0), [ErrorCode.FENCED_LEADER_EPOCH, -1, -1])
  })
})
