/** A connection on which nothing moves any more ends, also where no answer is waited for. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { Connection } from '../../io/io.ts'
import { heartbeatRequest, heartbeatResponse } from '../../protocol/messages/12-heartbeat.ts'
import type { KafkaError } from '../kafka-error.ts'
import { BrokerConnection } from './connection.ts'
import { FakeClock } from './fake-cluster.test-support.ts'

test('requests without an answer that are never handed over end the connection', async () => {
  const clock = new FakeClock()
  const stuck = { write: () => {}, end: () => {}, destroy: () => {} } as unknown as Connection
  const broker = () => 'b:1'
  const connection = new BrokerConnection(stuck, {
    clock,
    clientId: 'c',
    maxResponseBytes: 1024,
    broker,
  })
  const call = { request: heartbeatRequest, response: heartbeatResponse }
  const body = { groupId: 'g', generationId: 1, memberId: 'm' }
  const errors: KafkaError[] = []
  const failed = (error: KafkaError) => void errors.push(error)
  const options = { timeoutMs: 30_000, isOneWay: true }
  connection.send(call, 4, body, options, () => assert.fail(), failed)
  await clock.advance(29_000)
  assert.equal(connection.ending, null)
  await clock.advance(2000)
  assert.deepEqual(
    errors.map(({ code }) => code),
    ['NETWORK_ERROR'],
  )
  assert.equal(clock.pending, 0, 'no timer is left')
})
