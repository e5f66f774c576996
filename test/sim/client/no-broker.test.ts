/**
 * Calls for which no broker answers, wherever they are made: each says why, not only that its time
 * is up.
 */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { type CallOptions, Kafka, type KafkaError } from '../../../src/client/index.ts'
import { Simulation } from '../../../src/io/sim.ts'

const TIMEOUT_MS = 5000

test('a call that no broker answers says what the last attempt failed with', async () => {
  const world = new Simulation(1)
  const kafka = new Kafka({ brokers: 'nobody:9092', io: world.node('client') })
  const producer = kafka.producer({ maxBlockMs: TIMEOUT_MS })
  const admin = kafka.admin()
  const consumer = kafka.consumer({ groupId: 'g', topics: ['t'] })
  const within: CallOptions = { timeoutMs: TIMEOUT_MS }
  const partition = { topic: 't', partition: 0 }
  const calls: Record<string, () => Promise<unknown>> = {
    send: () => producer.send('t', { value: 'x' }),
    'send with a time of its own': () => producer.send('u', { value: 'x' }, within),
    sendMany: () => producer.sendMany('v', [{ value: 'x' }]),
    listTopics: () => admin.listTopics(within),
    describeCluster: () => admin.describeCluster(within),
    createTopics: async () => (await admin.createTopics([{ name: 't' }], within)).orThrow(),
    describeGroups: async () => (await admin.describeConsumerGroups(['g'], within)).orThrow(),
    committed: () => consumer.committed([partition], within),
    commit: () => consumer.commit([{ ...partition, offset: 1 }], within),
    offsets: () => consumer.offsets([partition], 'end', within),
  }
  for (const [name, call] of Object.entries(calls)) {
    const failed = (error: KafkaError): boolean => {
      assert.equal(error.code, 'TIMED_OUT', name)
      assert.match(error.message, /; the last attempt failed with: .*nobody:9092/, name)
      assert.equal((error.cause as KafkaError).code, 'NETWORK_ERROR', name)
      return true
    }
    await assert.rejects(world.settle(call(), 10 * TIMEOUT_MS), failed)
  }
  await world.settle(kafka.close(), TIMEOUT_MS)
})
