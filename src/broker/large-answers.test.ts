/** Answers that are larger than what the system takes at once, most of them still in files. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { fetchRequest, fetchResponse } from '../protocol/messages/01-fetch.ts'
import { metadataRequest, metadataResponse } from '../protocol/messages/03-metadata.ts'
import { deleteTopicsRequest, deleteTopicsResponse } from '../protocol/messages/20-delete-topics.ts'
import { batchOf, fetchFrom, recordsIn, type StoredRecord, TestNode } from './node.test-support.ts'

const BATCHES = 40
const VALUE_BYTES = 90_000
const ALL = { maxBytes: 50 << 20, partitionMaxBytes: 50 << 20 }

function textOf(partition: number, at: number): string {
  return `${partition}/${at} `.padEnd(VALUE_BYTES, 'x')
}

/** A node that was started again, so that all is in files: two partitions of some megabytes. */
async function startedWithData(): Promise<TestNode> {
  const node = await TestNode.start()
  const client = await node.connect()
  await client.createTopic('t', 2)
  for (let at = 0; at < BATCHES; at++) {
    for (const partition of [0, 1]) {
      await client.produce('t', partition, batchOf([textOf(partition, at)], node.nowMs))
    }
  }
  await node.stop()
  await node.restart()
  return node
}

function assertAll(partition: number, records: readonly StoredRecord[]): void {
  assert.equal(records.length, BATCHES)
  records.forEach(({ value }, at) => {
    assert.ok(value === textOf(partition, at), `partition ${partition}, record ${at}`)
  })
}

test('they come whole and in order, with what is asked for meanwhile behind them', async () => {
  const node = await startedWithData()
  const client = await node.connect()
  const order: string[] = []
  const fetched = [0, 1].map(async (partition) => {
    const body = fetchFrom('t', partition, 0, ALL)
    const { responses } = await client.send(fetchRequest, fetchResponse, 12, body)
    order.push(`t-${partition}`)
    assertAll(partition, recordsIn(responses[0]!.partitions[0]!.records))
  })
  const metadata = client.send(metadataRequest, metadataResponse, 12, { topics: [] })
  const told = metadata.then(() => order.push('metadata'))
  await node.world.settle(Promise.all([...fetched, told]))
  assert.deepEqual(order, ['t-0', 't-1', 'metadata'])
  await node.stop()
})

test('one whose topic goes meanwhile ends its connection, and nobody else is disturbed', async () => {
  const node = await startedWithData()
  const [reader, other] = [await node.connect(), await node.connect({ host: 'other' })]
  reader.connection.pause()
  const answer = reader.send(fetchRequest, fetchResponse, 12, fetchFrom('t', 0, 0, ALL))
  const refused = assert.rejects(answer, /closed/)
  await other.createTopic('u')
  const topics = [{ name: 't', topicId: 'AAAAAAAAAAAAAAAAAAAAAA' }]
  const body = { topics, timeoutMs: 1000 }
  const deleted = await other.call(deleteTopicsRequest, deleteTopicsResponse, 6, body)
  assert.equal(deleted.responses[0]!.errorCode, 0)
  reader.connection.resume()
  await node.world.settle(refused)
  assert.ok(node.log.some((line) => /an answer could not be sent: t-0 is closed/.test(line)))
  assert.equal((await other.produce('u', 0, batchOf(['still here'], node.nowMs))).errorCode, 0)
  assert.equal(node.fatal, null)
  await node.stop()
})

test('a client that leaves in the middle leaves nothing behind', async () => {
  const node = await startedWithData()
  const reader = await node.connect()
  reader.connection.pause()
  const answer = reader.send(fetchRequest, fetchResponse, 12, fetchFrom('t', 0, 0, ALL))
  answer.catch(() => {})
  const other = await node.connect({ host: 'other' })
  await other.createTopic('u')
  reader.connection.destroy()
  const { records } = await other.fetch('t', 1, 0, ALL)
  assertAll(1, recordsIn(records))
  await node.stop()
})
