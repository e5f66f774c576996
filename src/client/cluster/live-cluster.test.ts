/** A cluster whose brokers come, go, and move; and its end. */
import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { metadataRequest } from '../../protocol/messages/03-metadata.ts'
import {
  findCoordinatorRequest,
  findCoordinatorResponse,
} from '../../protocol/messages/10-find-coordinator.ts'
import { heartbeatRequest, heartbeatResponse } from '../../protocol/messages/12-heartbeat.ts'
import { saslHandshakeRequest } from '../../protocol/messages/17-sasl-handshake.ts'
import { apiVersionsRequest } from '../../protocol/messages/18-api-versions.ts'
import { KafkaError } from '../kafka-error.ts'
import {
  brokersAt,
  PORT,
  type Scripted,
  ScriptedBroker,
  SILENCE,
  scripted,
  speaks,
} from './scripted-broker.test-support.ts'

const HEARTBEAT = { request: heartbeatRequest, response: heartbeatResponse }
const BODY = { groupId: 'g', generationId: 1, memberId: 'm' }

function beat({ cluster, deadline }: Scripted, target: number | 'any' | 'controller' = 'any') {
  return cluster.request(target, HEARTBEAT, BODY, { deadline: deadline() })
}

function failing(promise: Promise<unknown>): Promise<KafkaError> {
  return promise.then(
    () => assert.fail('it resolved'),
    (error) => {
      assert.ok(error instanceof KafkaError, `${error}`)
      return error
    },
  )
}

async function threeBrokers(options: Parameters<typeof scripted>[0] = {}): Promise<Scripted> {
  const brokers = [`b1:${PORT}`, `b2:${PORT},b3:${PORT}`]
  const test = await scripted({ hosts: 3, brokers, ...options })
  for (const broker of test.brokers) broker.on(heartbeatRequest, () => ({ errorCode: 0 }))
  return test
}

describe('requests', () => {
  it('go to the broker that they are for, over one connection a channel', async () => {
    const test = await threeBrokers()
    for (const id of [3, 1, 2, 3]) {
      const answer = await test.settle(beat(test, id))
      assert.equal(answer.brokerId, id)
    }
    assert.equal((await test.settle(beat(test, 'controller'))).brokerId, 1)
    const options = { deadline: test.deadline(), channel: 'fetch' }
    await test.settle(test.cluster.request(2, HEARTBEAT, BODY, options))
    const counts = test.brokers.map(({ connections }) => connections.length)
    assert.deepEqual(counts, [1, 2, 1])
    test.cluster.closeChannel('fetch')
    await test.world.advance(2000)
    assert.equal(test.cluster.openConnections, 3)
    assert.deepEqual(test.brokers[1]!.ended, [''])
  })

  it('for nobody in particular go where the least waits', async () => {
    const test = await threeBrokers()
    for (const id of [1, 2, 3]) await test.settle(beat(test, id))
    for (const broker of test.brokers) broker.on(heartbeatRequest, () => SILENCE)
    for (let i = 0; i < 6; i++) beat(test).catch(() => {})
    await test.world.advance(100)
    const counts = test.brokers.map((broker) => broker.of(heartbeatRequest).length)
    assert.deepEqual(counts, [3, 3, 3])
  })

  it('for a broker that the cluster does not have are refused, and may be tried again', async () => {
    const test = await threeBrokers()
    const error = await test.settle(failing(beat(test, 7)))
    assert.equal(error.code, 'NETWORK_ERROR')
    assert.equal(error.retriable, true)
    assert.match(error.message, /does not know of broker 7/)
  })
})

describe('the beginning', () => {
  it('finds the one address of several that works', async () => {
    for (let seed = 0; seed < 5; seed++) {
      const brokers = ['nowhere:9092', `b1:1`, `b1:${PORT}`]
      const test = await scripted({ seed, brokers })
      await test.settle(test.cluster.metadata.refresh(test.deadline()))
      assert.equal(test.cluster.metadata.clusterId, 'test')
    }
  })

  it('waits a second for an address that swallows packets, not longer', async () => {
    for (let seed = 0; seed < 5; seed++) {
      const test = await threeBrokers({ seed })
      test.world.network.partition('client', 'b1')
      test.world.network.partition('client', 'b3')
      const startMs = test.world.nowMs
      await test.settle(beat(test))
      assert.ok(test.world.nowMs - startMs < 2100, `seed ${seed}`)
      assert.deepEqual(test.brokers[1]!.of(heartbeatRequest).length, 1)
    }
  })

  it('asks a function for the brokers, and again when none can be reached (KIP-899)', async () => {
    const asked: string[] = []
    let now = 'b1'
    const brokers = async () => {
      asked.push(now)
      if (now === 'broken') throw new Error('no discovery')
      return [`${now}:${PORT}`]
    }
    const test = await scripted({ brokers })
    test.broker.on(heartbeatRequest, () => ({ errorCode: 0 }))
    await test.settle(beat(test))
    await test.settle(test.cluster.metadata.refresh(test.deadline()))
    const moved = await new ScriptedBroker(test.world, 'elsewhere').listen()
    moved.on(apiVersionsRequest, () => speaks())
    moved.on(metadataRequest, () => brokersAt({ 5: 'elsewhere' }))
    moved.on(heartbeatRequest, () => ({ errorCode: 0 }))
    test.broker.stopListening()
    test.world.network.breakConnections('b1')
    await test.world.advance(100)
    now = 'broken'
    const error = await test.settle(failing(beat(test)))
    assert.equal(error.code, 'USER_CODE_FAILED')
    assert.equal(error.retriable, true)
    assert.match(error.message, /no discovery/)
    now = 'elsewhere'
    await test.settle(test.cluster.metadata.refresh(test.deadline()))
    assert.deepEqual([...test.cluster.metadata.brokers.keys()], [5])
    assert.equal((await test.settle(beat(test))).brokerId, 5)
    assert.deepEqual([...new Set(asked)], ['b1', 'broken', 'elsewhere'])
  })

  it('does not wait for ever for a function that does not come back with brokers', async () => {
    let asked = 0
    const brokers = () => (++asked === 1 ? new Promise<never>(() => {}) : `b1:${PORT}`)
    const test = await threeBrokers({ brokers })
    await test.settle(test.cluster.metadata.refresh(test.deadline(120_000)))
    assert.equal(asked, 2)
  })

  it('is made again when a broker asks for it, or metadata do not come (KIP-1102)', async () => {
    for (const way of ['asked', 'silent'] as const) {
      let where = 'b1'
      const test = await scripted({
        brokers: () => `${where}:${PORT}`,
        metadataRebootstrapMs: 60_000,
        requestTimeoutMs: 10_000,
      })
      await test.settle(test.cluster.metadata.refresh(test.deadline()))
      const moved = await new ScriptedBroker(test.world, 'b9').listen()
      moved.on(apiVersionsRequest, () => speaks())
      moved.on(metadataRequest, () => brokersAt({ 9: 'b9' }))
      where = 'b9'
      test.broker.on(metadataRequest, () =>
        way === 'silent' ? SILENCE : { ...brokersAt({ 1: 'b1' }), errorCode: 129 },
      )
      const startMs = test.world.nowMs
      await test.settle(test.cluster.metadata.refresh(test.deadline(600_000)))
      const passedMs = test.world.nowMs - startMs
      assert.deepEqual([...test.cluster.metadata.brokers.keys()], [9], way)
      if (way === 'silent') assert.ok(passedMs >= 60_000 && passedMs < 90_000, `${passedMs}`)
      else assert.ok(passedMs < 1000, `${passedMs}`)
    }
  })

  it('says what is wrong for good rather than what may pass', async () => {
    for (let seed = 0; seed < 5; seed++) {
      const sasl = { mechanism: 'PLAIN', username: 'alice', password: 'wrong' } as const
      const test = await scripted({ seed, sasl, brokers: [`b1:${PORT}`, 'b1:1', 'nowhere:1'] })
      test.broker.on(saslHandshakeRequest, () => ({ errorCode: 33, mechanisms: [] }))
      const error = await test.settle(failing(beat(test)))
      assert.equal(error.code, 'AUTHENTICATION_FAILED', `seed ${seed}`)
    }
  })

  it('leaves bootstrap addresses that are not where the brokers say they are', async () => {
    const test = await scripted({ brokers: `10.0.0.1:${PORT}` })
    test.broker.on(heartbeatRequest, () => ({ errorCode: 0 }))
    await test.settle(test.cluster.metadata.refresh(test.deadline()))
    assert.equal((await test.settle(beat(test))).brokerId, 1)
    await test.world.advance(5000)
    assert.equal(test.cluster.openConnections, 1)
  })
})

describe('coordinators', () => {
  const found = (keys: readonly string[]) => ({
    coordinators: keys.map((key) => ({ key, nodeId: 1, host: 'b1', port: PORT, errorCode: 0 })),
  })

  it('are asked for many keys at a time, and remembered until they are forgotten', async () => {
    const test = await scripted()
    test.broker.on(findCoordinatorRequest, ({ coordinatorKeys }) => found(coordinatorKeys))
    const find = (key: string) => test.cluster.coordinator('group', key, test.deadline())
    const all = ['a', 'b', 'c', 'a'].map(find)
    assert.deepEqual(await test.settle(Promise.all(all)), [1, 1, 1, 1])
    await test.settle(find('b'))
    const seen = test.broker.of(findCoordinatorRequest)
    assert.deepEqual(
      seen.map(({ body }) => body.coordinatorKeys),
      [['a', 'b', 'c']],
    )
    test.cluster.forgetCoordinator('group', 'b')
    await test.settle(find('b'))
    await test.settle(test.cluster.coordinator('transaction', 'b', test.deadline()))
    assert.deepEqual(
      test.broker
        .of(findCoordinatorRequest)
        .map(({ body }) => [body.keyType, body.coordinatorKeys]),
      [
        [0, ['a', 'b', 'c']],
        [0, ['b']],
        [1, ['b']],
      ],
    )
  })

  it('are asked for one by one where the broker takes no more (before KIP-699)', async () => {
    const test = await scripted()
    test.broker.on(apiVersionsRequest, () => speaks({ 10: 3 }))
    test.broker.on(findCoordinatorRequest, () => ({
      errorCode: 0,
      nodeId: 1,
      host: 'b1',
      port: PORT,
    }))
    const find = (key: string) => test.cluster.coordinator('group', key, test.deadline())
    assert.deepEqual(await test.settle(Promise.all([find('a'), find('b')])), [1, 1])
    const seen = test.broker.of(findCoordinatorRequest)
    assert.deepEqual(
      seen.map(({ body, version }) => [body.key, version]),
      [
        ['a', 3],
        ['b', 3],
      ],
    )
  })

  it('are asked for again until there is one; each key fails for itself', async () => {
    const test = await scripted()
    let round = 0
    test.broker.on(findCoordinatorRequest, ({ coordinatorKeys }) => ({
      coordinators: coordinatorKeys.map((key) => {
        const errorCode = key === 'denied' ? 30 : key === 'late' && round++ < 3 ? 15 : 0
        return { key, nodeId: 1, host: 'b1', port: PORT, errorCode }
      }),
    }))
    const find = (key: string) => test.cluster.coordinator('group', key, test.deadline())
    const denied = failing(find('denied'))
    const late = find('late')
    assert.equal(await test.settle(late), 1)
    const error = await test.settle(denied)
    assert.equal(error.code, 'GROUP_AUTHORIZATION_FAILED')
    assert.equal(error.groupId, 'denied')
    assert.equal(round, 4)
  })

  it('that metadata do not have yet can be reached', async () => {
    const test = await scripted({ hosts: 2 })
    test.broker.on(metadataRequest, () => brokersAt({ 1: 'b1' }))
    test.brokers[1]!.on(heartbeatRequest, () => ({ errorCode: 0 }))
    const answer = { key: 'g', nodeId: 2, host: 'b2', port: PORT, errorCode: 0 }
    test.broker.on(findCoordinatorRequest, () => ({ coordinators: [answer] }))
    const id = await test.settle(test.cluster.coordinator('group', 'g', test.deadline()))
    assert.equal((await test.settle(beat(test, id))).brokerId, 2)
    assert.equal(findCoordinatorResponse.apiKey, 10)
  })
})

describe('the end', () => {
  it('rejects what waits, sends what was written, and leaves nothing', async () => {
    const test = await threeBrokers()
    for (const broker of test.brokers) broker.on(heartbeatRequest, () => SILENCE)
    const waiting = [1, 2, 3, 3, 3, 3, 3, 3, 3].map((id) => failing(beat(test, id)))
    await test.world.advance(100)
    const oneWay = { deadline: test.deadline(), isOneWay: true }
    void test.cluster.request(1, HEARTBEAT, { ...BODY, groupId: 'last' }, oneWay).catch(() => {})
    await test.settle(test.cluster.close(test.deadline()))
    for (const error of await test.settle(Promise.all(waiting))) assert.equal(error.code, 'CLOSED')
    assert.equal(test.broker.of(heartbeatRequest).at(-1)!.body.groupId, 'last')
    await test.world.advance(10_000)
    assert.equal(test.world.time.nextEventMs(), Infinity)
    assert.equal((await test.settle(failing(beat(test)))).code, 'CLOSED')
    assert.equal((await test.settle(failing(beat(test, 1)))).code, 'CLOSED')
  })

  it('waits for connections too that were left a moment before', async () => {
    const test = await scripted()
    test.broker.on(heartbeatRequest, () => ({ errorCode: 0 }))
    await test.settle(beat(test, 1))
    const channels = ['fetch', 'fetch-2', 'fetch-3', 'fetch-4']
    const calls = channels.map((channel) =>
      test.cluster.request(1, HEARTBEAT, BODY, { deadline: test.deadline(), channel }),
    )
    await test.settle(Promise.all(calls))
    assert.equal(test.broker.connections.length, 1 + channels.length)
    for (const channel of channels) test.cluster.closeChannel(channel)
    await test.settle(test.cluster.close(test.deadline()))
    assert.equal(test.world.network.openEnds, 0)
  })

  it('does not wait for a broker that waits', async () => {
    const test = await scripted()
    test.broker.on(heartbeatRequest, (_, { connection }) => {
      connection.pause() // it looks at nothing more before it has answered
      return SILENCE
    })
    const options = { deadline: test.deadline(), channel: 'fetch', brokerWaitMs: 3000 }
    const waiting = failing(test.cluster.request(1, HEARTBEAT, BODY, options))
    await test.world.advance(100)
    const startMs = test.world.nowMs
    await test.settle(test.cluster.close(test.deadline()))
    assert.equal((await waiting).code, 'CLOSED')
    assert.ok(test.world.nowMs - startMs < 100, `${test.world.nowMs - startMs} ms`)
  })

  it('comes in time when the brokers are gone, and in the middle of everything', async () => {
    for (let atMs = 0; atMs < 12; atMs += 0.5) {
      for (const trouble of ['none', 'partition', 'dead'] as const) {
        const test = await threeBrokers({ seed: atMs * 2 })
        const { metadata } = test.cluster
        metadata.watch(test, ['topic'])
        const calls: Promise<unknown>[] = [
          beat(test),
          beat(test, 2),
          metadata.ensure('topic', test.deadline(), true),
          test.cluster.coordinator('group', 'g', test.deadline()),
        ]
        const settled = Promise.allSettled(calls)
        for (const broker of test.brokers) broker.on(findCoordinatorRequest, () => SILENCE)
        await test.world.advance(atMs)
        if (trouble === 'partition') test.world.network.isolate('client')
        if (trouble === 'dead') for (const { machine } of test.brokers) machine.kill()
        const startMs = test.world.nowMs
        await test.settle(test.cluster.close(test.deadline(3000)))
        assert.ok(test.world.nowMs - startMs <= 3001, `${trouble} at ${atMs} ms`)
        await test.settle(settled)
        assert.ok(test.world.nowMs - startMs <= 3001, `${trouble} at ${atMs} ms: calls`)
        test.world.network.heal()
        await test.world.advance(20_000)
        assert.equal(test.world.time.nextEventMs(), Infinity, `${trouble} at ${atMs} ms: timers`)
      }
    }
  })
})
