/** Whom is fetched from: a new leader at once (KIP-951), and the leader while a replica is dead. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { ErrorCode } from '../../protocol/errors.ts'
import type { Consumer } from './consumer.ts'
import { scene, settle, textOf } from './scene.test-support.ts'

const ELSEWHERE = { nodeId: 2, host: 'broker-2', port: 9093, rack: null }

function collect(consumer: Consumer): string[] {
  const seen: string[] = []
  void (async () => {
    for await (const record of consumer) seen.push(textOf(record))
  })()
  return seen
}

function fetchesFrom(brokers: readonly { name: string; brokerId: number }[]): number[] {
  return brokers.filter(({ name }) => name === 'FetchRequest').map(({ brokerId }) => brokerId)
}

test('the leader that an answer names is fetched from at once, where the answer says it is', async () => {
  for (const errorCode of [ErrorCode.NOT_LEADER_OR_FOLLOWER, ErrorCode.FENCED_LEADER_EPOCH]) {
    const { cluster, logs, consumer } = scene()
    const seen = collect(consumer)
    logs.append('t', 0, ['a'])
    await cluster.clock.advance(100)
    const log = logs.log('t', 0)
    logs.nodeEndpoints = [ELSEWHERE]
    log.faults.push({ errorCode, currentLeader: { leaderId: 2, leaderEpoch: 1 } })
    log.leaderEpoch = 1
    log.epochEnds.set(0, 1)
    const before = cluster.requests.length
    logs.append('t', 0, ['b'])
    await cluster.clock.advance(0)
    assert.deepEqual(fetchesFrom(cluster.requests.slice(before)), [2, 2], 'without a pause')
    assert.equal(cluster.metadata.brokers.get(2)?.port, ELSEWHERE.port)
    assert.deepEqual(seen, ['a', 'b'])
    await settle(cluster, consumer.close())
  }
})

test('brokers that each name the other are asked with pauses', async () => {
  const { cluster, logs, consumer } = scene()
  cluster.metadata.setBroker(2, null)
  const seen = collect(consumer)
  const log = logs.log('t', 0)
  const errorCode = ErrorCode.NOT_LEADER_OR_FOLLOWER
  for (let i = 0; i < 20; i++) {
    log.faults.push({ errorCode, currentLeader: { leaderId: 1 + ((i + 1) % 2), leaderEpoch: 1 } })
  }
  await cluster.clock.advance(200)
  const asked = fetchesFrom(cluster.requests).length
  assert.ok(asked >= 2 && asked < 6, `${asked} fetches in 200 ms`)
  log.faults.length = 0
  log.leaderEpoch = 1
  logs.append('t', 0, ['a'])
  await cluster.clock.advance(5000)
  assert.deepEqual(seen, ['a'])
  await settle(cluster, consumer.close())
})

test('while the replica near by is dead the leader is read, though it names the dead one', async () => {
  const { cluster, logs, consumer } = scene({ rack: 'here' })
  cluster.metadata.setBroker(2, 'here')
  logs.log('t', 0).preferredReplica = 2
  const seen = collect(consumer)
  logs.append('t', 0, ['a'])
  await cluster.clock.advance(1000)
  assert.equal(fetchesFrom(cluster.requests).at(-1), 2)
  logs.dead.add(2)
  logs.append('t', 0, ['b'])
  await cluster.clock.advance(1000)
  logs.append('t', 0, ['c'])
  await cluster.clock.advance(1000)
  assert.deepEqual(seen, ['a', 'b', 'c'])
  logs.dead.delete(2)
  await cluster.clock.advance(20_000)
  assert.equal(fetchesFrom(cluster.requests).at(-1), 2, 'it is read again when it is back')
  logs.append('t', 0, ['d'])
  await cluster.clock.advance(1000)
  assert.deepEqual(seen, ['a', 'b', 'c', 'd'])
  await settle(cluster, consumer.close())
})

test('what an old leader answers after all changes nothing', async () => {
  for (const isRead of [false, true]) {
    const { cluster, logs, consumer } = scene()
    cluster.metadata.setBroker(2, null)
    const problems: string[] = []
    const note = (message: string) => problems.push(message)
    Object.assign(cluster, { logger: { ...cluster.logger, debug: note } })
    const seen = collect(consumer)
    logs.append('t', 0, ['a'])
    await cluster.clock.advance(1000)
    const wakes = Promise.withResolvers<void>()
    logs.hung.set(1, wakes.promise)
    await cluster.clock.advance(1000) // it has a fetch that it does not answer
    const log = logs.log('t', 0)
    log.leaderEpoch = 1
    log.epochEnds.set(0, 1)
    cluster.metadata.learnLeader('t', 0, 2, 1)
    await cluster.clock.advance(1000)
    if (isRead) logs.append('t', 0, ['b', 'c'])
    await cluster.clock.advance(1000)
    log.faults.push({ errorCode: ErrorCode.OFFSET_OUT_OF_RANGE, highWatermark: 0 })
    wakes.resolve()
    await cluster.clock.advance(0)
    assert.equal(log.faults.length, 0, 'the old leader has answered')
    logs.append('t', 0, ['d'])
    await cluster.clock.advance(1000)
    assert.deepEqual(seen, isRead ? ['a', 'b', 'c', 'd'] : ['a', 'd'])
    assert.deepEqual(problems, [])
    await settle(cluster, consumer.close())
  }
})
