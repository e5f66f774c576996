/**
 * The connection to a real node breaks at every single byte of what is sent and of what is received
 * from the first one on: each call settles, once, with its answer or with an error that says that
 * it may be tried again, and what may be tried again has been.
 */
import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { PORT, TestNode } from '../../../src/broker/node.test-support.ts'
import { Deadline } from '../../../src/client/call.ts'
import { LiveCluster } from '../../../src/client/cluster/live-cluster.ts'
import { KafkaError } from '../../../src/client/kafka-error.ts'
import { settingsOf } from '../../../src/client/options.ts'
import { retrying } from '../../../src/client/retry.ts'
import { metadataRequest, metadataResponse } from '../../../src/protocol/messages/03-metadata.ts'
import {
  listGroupsRequest,
  listGroupsResponse,
} from '../../../src/protocol/messages/16-list-groups.ts'
import { type Cut, cuttingIo } from './cutting-io.ts'

/** Where the node says that it is: all goes over the connection that was made first. */
const ADDRESS = '10.0.0.1'

const LIST_GROUPS = { request: listGroupsRequest, response: listGroupsResponse }
const METADATA = { request: metadataRequest, response: metadataResponse }

/** Calls of all kinds over connections of which the first is cut; returns what went over it. */
async function calls(node: TestNode, host: string, cut: Cut | null) {
  const cutting = cuttingIo(node.world.node(host), cut)
  const settings = settingsOf({ brokers: `${ADDRESS}:${PORT}`, requestTimeoutMs: 5000 })
  const fetch = () => Promise.reject(new Error('no fetch here'))
  const cluster = new LiveCluster({ io: cutting.io, settings, fetch })
  const deadline = () => new Deadline(cluster.clock, 'the call', 60_000)
  const settle = <T>(promise: Promise<T>) => node.world.settle(promise)
  const startMs = node.world.nowMs

  // What retries by itself succeeds, whatever happens.
  const known = await settle(cluster.metadata.ensure('topic', deadline()))
  assert.equal(known.partitions.length, 3)
  // What does not is rejected with an error that may be tried again, all of it, in order.
  const settled: string[] = []
  const all = [0, 1, 2].map((i) => {
    const body = i === 1 ? { topics: null } : {}
    const call = i === 1 ? METADATA : LIST_GROUPS
    return cluster.request(1, call as never, body, { deadline: deadline() }).then(
      () => settled.push(`${i} answered`),
      (error) => {
        assert.ok(error instanceof KafkaError, `${error}`)
        assert.equal(error.code, 'NETWORK_ERROR')
        assert.equal(error.retriable, true)
        assert.match(error.message, /broker 1 \(10\.0\.0\.\d:9092\)/)
        settled.push(`${i} failed`)
      },
    )
  })
  await settle(Promise.all(all))
  const order = settled.map((text) => text[0]).join('')
  assert.equal(order, '012')
  const firstFailure = settled.findIndex((text) => text.endsWith('failed'))
  if (firstFailure >= 0) {
    assert.ok(settled.slice(firstFailure).every((text) => text.endsWith('failed')))
  }
  // And the next call works, at the second attempt at the latest.
  const last = deadline()
  const attempt = () => cluster.request(1, LIST_GROUPS, {}, { deadline: last })
  await settle(retrying(cluster, last, attempt))
  assert.ok(node.world.nowMs - startMs < 5000, 'nothing had to wait for a timeout')
  const closeMs = node.world.nowMs
  await settle(cluster.close(deadline()))
  assert.ok(node.world.nowMs - closeMs < 5000)
  assert.equal(cutting.wasCut, cut !== null)
  assert.equal(cutting.connections, cut === null ? 1 : 2)
  return cutting.bytes
}

describe('a connection that breaks', () => {
  for (const way of ['sent', 'received'] as const) {
    it(`at every byte that is ${way} leaves no call unsettled`, async () => {
      const node = await TestNode.start({ seed: 1 })
      const client = await node.connect()
      await client.createTopic('topic', 3)
      const whole = await calls(node, 'whole', null)
      assert.ok(whole[way] > 50)
      for (let afterBytes = 0; afterBytes < whole[way]; afterBytes++) {
        await calls(node, `client-${afterBytes}`, { way, afterBytes })
      }
    })
  }
})
