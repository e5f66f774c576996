/** InitProducerId: an id is given once, whatever happens to the node between two of them. */
import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { ErrorCode } from '../../protocol/errors.ts'
import {
  initProducerIdRequest,
  initProducerIdResponse,
} from '../../protocol/messages/22-init-producer-id.ts'
import type { Input } from '../../protocol/schema.ts'
import { TestNode } from '../node.test-support.ts'

const NEW: Input<typeof initProducerIdRequest> = {
  transactionalId: null,
  transactionTimeoutMs: 60_000,
}

describe('InitProducerId', () => {
  it('gives no id twice: to many in one turn, after a stop, a kill and a power cut', async () => {
    for (const seed of [1, 2, 3]) {
      const node = await TestNode.start({ seed })
      const seen = new Set<number>()
      for (const end of ['stop', 'kill', 'crash', 'kill'] as const) {
        const client = await node.connect()
        const asked = Array.from({ length: 700 }, () =>
          client.send(initProducerIdRequest, initProducerIdResponse, 4, NEW),
        )
        for (const { errorCode, producerId, producerEpoch } of await node.world.settle(
          Promise.all(asked),
        )) {
          assert.deepEqual([errorCode, producerEpoch], [0, 0])
          assert.ok(!seen.has(producerId), `seed ${seed}: ${producerId} twice`)
          seen.add(producerId)
        }
        await node[end]()
        await node.restart()
      }
      assert.equal(seen.size, 4 * 700)
    }
  })

  it('gives a new id to an idempotent producer that has one, as its epoch is up', async () => {
    const client = await (await TestNode.start()).connect()
    const call = (body: Input<typeof initProducerIdRequest>) =>
      client.call(initProducerIdRequest, initProducerIdResponse, 4, body)
    const first = await call(NEW)
    const again = await call({ ...NEW, producerId: first.producerId, producerEpoch: 3 })
    assert.deepEqual([again.errorCode, again.producerEpoch], [0, 0])
    assert.notEqual(again.producerId, first.producerId)
    const half = await call({ ...NEW, producerId: 5, producerEpoch: -1 })
    assert.equal(half.errorCode, ErrorCode.INVALID_REQUEST)
    const transactional = await call({ ...NEW, transactionalId: 'id' })
    assert.equal(transactional.errorCode, ErrorCode.INVALID_REQUEST)
  })
})
