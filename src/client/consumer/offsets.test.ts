/** Looking for offsets: asks again what could not be answered, and says why where time runs out. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { ErrorCode } from '../../protocol/errors.ts'
import { listOffsetsRequest } from '../../protocol/messages/02-list-offsets.ts'
import type { KafkaError } from '../kafka-error.ts'
import { scene, settle } from './scene.test-support.ts'

const PARTITION = { topic: 't', partition: 0 }

function answerWith(errorCode: ErrorCode, offset: number) {
  const partition = { partitionIndex: 0, errorCode, timestamp: -1, offset, leaderEpoch: -1 }
  return { topics: [{ name: 't', partitions: [partition] }] }
}

test('a partition whose leader does not know yet is asked for again', async () => {
  const { cluster, consumer } = scene()
  const codes = [ErrorCode.LEADER_NOT_AVAILABLE, ErrorCode.LEADER_NOT_AVAILABLE, ErrorCode.NONE]
  cluster.on(listOffsetsRequest, () => answerWith(codes.shift()!, 7))
  const [found] = await settle(cluster, consumer.offsets([PARTITION], 'end'))
  assert.deepEqual(found, { ...PARTITION, offset: 7, timestamp: -1 })
  assert.deepEqual(await settle(cluster, consumer.offsets([], 'end')), [])
  await settle(cluster, consumer.close())
})

test('where it never knows the call says so when its time is up', async () => {
  const { cluster, consumer } = scene()
  cluster.on(listOffsetsRequest, () => answerWith(ErrorCode.LEADER_NOT_AVAILABLE, -1))
  const asked = consumer.offsets([PARTITION], 'end', { timeoutMs: 1050 })
  await assert.rejects(settle(cluster, asked), ({ code, message, cause }) => {
    assert.equal(code, 'TIMED_OUT')
    assert.match(message, /^look for offsets did not end in time; the last attempt failed with: /)
    assert.equal((cause as KafkaError).code, 'LEADER_NOT_AVAILABLE')
    return true
  })
  await settle(cluster, consumer.close())
})

test('so does a seek to where nobody knows', async () => {
  const { cluster, consumer } = scene()
  cluster.on(listOffsetsRequest, () => answerWith(ErrorCode.LEADER_NOT_AVAILABLE, -1))
  void (async () => {
    for await (const _ of consumer);
  })()
  await cluster.clock.advance(1000)
  const sought = consumer.seek(PARTITION, 'beginning', { timeoutMs: 1050 })
  await assert.rejects(settle(cluster, sought), ({ code, cause }) => {
    assert.equal(code, 'TIMED_OUT')
    assert.equal((cause as KafkaError).code, 'LEADER_NOT_AVAILABLE')
    return true
  })
  await settle(cluster, consumer.close())
})
